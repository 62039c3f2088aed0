"""Ask all speakers, stage by stage, into the one table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from selfscope.errors import BadInput
from selfscope.instruments.selves.asked import Branch
from selfscope.instruments.selves.load import items_of
from selfscope.models.ground import Ground, Progress
from selfscope.studies.evaluation import columns_of, table_of
from selfscope.studies.selves import SelvesRequest, arm_of
from selfscope.studies.store import RunStore
from selfscope.values import Answer, Answers, Study, content_id, plain, short

if TYPE_CHECKING:
    import pandas as pd

#: Answers branches, in their order; of drawn answers all draws.
Asker = Callable[[Sequence[Branch], Progress], Awaitable[Answers]]
Bar = Callable[[int, int, str, str], None]
#: Questions that are asked and stored together.
PART = 600


def asker_of(ground: Ground, request: SelvesRequest) -> Asker:
    """Return what asks a ground; BadInput for one that answers no questions with options."""
    if why := ground.unavailable("options"):
        raise BadInput(
            "what a model takes itself to be is asked in questions with options",
            got=f"{ground.identity.name}: {why}",
            fix="Give local weights, such as embedded, or a model behind an API",
        )

    async def ask(branches: Sequence[Branch], progress: Progress) -> Answers:
        prompts = [b.prompt for b in branches]
        return await ground.answer(
            prompts, seed=request.seed, replicates=request.replicates, progress=progress
        )

    return ask


async def run_selves(
    request: SelvesRequest,
    study: Study,
    ask: Asker,
    store: RunStore,
    progress: Bar = lambda done, total, what, spent: None,
) -> None:
    """Ask all stages and join the observation table; what was asked, and a finished run, are kept.

    Raises
    ------
    CouldNot
        If the device, the provider or the disk failed, or another process asks this run.
    """
    if store.finished:
        return
    with store.held():
        store.begin(study, items_of(request.material))
        parts = [(stage, part) for stage in request.asked for part in _parts(request.branches(stage))]
        total, done = sum(len(part) for _, part in parts), 0
        for n, (stage, branches) in enumerate(parts):
            if not store.has_part(name := f"behaviour-{n:04d}"):
                tell = _counted(progress, done, total, stage)
                answers = await ask(branches, tell)
                store.write_part(name, rows_of(branches, answers, study, store.run), plain(answers.usage))
            done += len(branches)
            progress(done, total, stage, "")
        store.finish(study)


def _counted(progress: Bar, before: int, total: int, stage: str) -> Progress:
    """Return what counts the questions of one part on."""
    done = before

    def tell(count: int) -> None:
        nonlocal done
        done += count
        progress(min(done, total), total, stage, "")

    return tell


def _parts(branches: Sequence[Branch]) -> Iterator[Sequence[Branch]]:
    """Yield questions part by part; those of one text stay together, so that its tokens are read once."""
    start = 0
    for n in range(1, len(branches) + 1):
        if n == len(branches) or (
            n - start >= PART and branches[n].speaker.whole != branches[n - 1].speaker.whole
        ):
            yield branches[start:n]
            start = n


def rows_of(branches: Sequence[Branch], answers: Answers, study: Study, run: str) -> pd.DataFrame:
    """Return the rows of answered questions, one a draw."""
    fixed: dict[str, dict[str, Any]] = {}
    rows: list[dict[str, Any]] = []
    for branch, drawn in zip(branches, answers.answers, strict=True):
        whole = branch.speaker.whole
        if (key := f"{branch.speaker.name}|{whole}") not in fixed:
            fixed[key] = columns_of(study, arm_of(branch.speaker), run)
        place = fixed[key] | _place(branch)
        rows += [place | _said(answer) for answer in drawn]
    return table_of(rows)


def _place(branch: Branch) -> dict[str, Any]:
    options = branch.ask.options
    assert options is not None
    return vars(branch.ask.cell) | {
        "counterparty": branch.speaker.counterparty,
        "script": branch.overview,
        "evidence": short(content_id(branch.prompt)),
        "user": branch.ask.user,
        "text": "",
        "agree": "|".join(options.agree),
        "disagree": "|".join(options.disagree),
    }


def _said(answer: Answer) -> dict[str, Any]:
    return {
        "value": answer.value,
        "scale": answer.scale,
        "option_mass": answer.option_mass,
        "refusal": answer.refusal,
        "scorer": answer.scorer,
        "replicate": answer.replicate,
        "reply": answer.reply,
    }
