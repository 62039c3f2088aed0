"""Findings of runs that conclude otherwise than by a difference of two sides, as claims; and who has none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from selfscope.errors import BadInput
from selfscope.instruments.commitment.load import NAME as COMMITMENT
from selfscope.instruments.commitment.load import items_of
from selfscope.instruments.interview.load import NAME as INTERVIEW
from selfscope.instruments.interview.load import load_interview
from selfscope.instruments.layers.load import NAME as LAYERS
from selfscope.stats.stress_claims import Claim
from selfscope.studies.replacement import NAME as REPLACEMENT
from selfscope.studies.restore import stored_items, stored_study
from selfscope.studies.store import RunStore
from selfscope.studies.stress_commitment import commitment_claims, commitment_request
from selfscope.studies.stress_interview import interview_claims, interview_request
from selfscope.studies.stress_layers import layers_claims, layers_request
from selfscope.studies.stress_lives import NAME as LIVES
from selfscope.studies.stress_lives import lives_claims
from selfscope.studies.stress_replacement import replacement_claims
from selfscope.studies.stress_together import together_claims
from selfscope.studies.together import NAME as TOGETHER
from selfscope.values import ItemSet, Study, content_id

if TYPE_CHECKING:
    import pandas as pd

#: From what a run declared, its items and its rows to its findings.
Claims = Callable[[Study, ItemSet, "pd.DataFrame"], Iterator[Claim]]


def claims_in(store: RunStore) -> Iterator[Claim]:
    """Yield the findings of a run; none where its kind has no claims.

    Raises
    ------
    BadInput
        If it was asked with other items than those of this version, or has no answers.
    """
    study = stored_study(store)
    maker = KINDS.get(kind_of_run(study))
    if maker is not None:
        yield from maker(study, stored_items(store), store.observations())


def kind_of_run(study: Study) -> str:
    """Return the instrument that concludes otherwise; "" where none does."""
    if study.title.startswith("lives of "):
        return LIVES
    if study.title.startswith(f"{TOGETHER} ") and study.questions[0].material:
        return TOGETHER
    return study.items_name if study.items_name in KINDS else ""


def _layers(study: Study, items: ItemSet, rows: pd.DataFrame) -> Iterator[Claim]:
    request = layers_request(study)
    _refuse_others(study, request.items)
    return layers_claims(request, rows)


def _commitment(study: Study, items: ItemSet, rows: pd.DataFrame) -> Iterator[Claim]:
    request = commitment_request(study)
    _refuse_others(study, items_of(request.games))
    return commitment_claims(request, rows)


def _interview(study: Study, items: ItemSet, rows: pd.DataFrame) -> Iterator[Claim]:
    _refuse_others(study, load_interview().items())
    return interview_claims(interview_request(study, rows), rows)


def _refuse_others(study: Study, items: ItemSet) -> None:
    if study.items != content_id(items):
        raise BadInput(
            "the run was asked other items than this version has",
            got=study.items,
            fix="Run it again, or name a difference in its table with --value and --contrast",
        )


KINDS: Mapping[str, Claims] = {
    LAYERS: _layers,
    COMMITMENT: _commitment,
    INTERVIEW: _interview,
    LIVES: lives_claims,
    REPLACEMENT: replacement_claims,
    TOGETHER: together_claims,
}
