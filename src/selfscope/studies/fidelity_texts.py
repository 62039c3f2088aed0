"""Texts of ports beside texts of their original: how far apart, and whether they are told apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from selfscope.errors import BadInput
from selfscope.models.static import NAME, static_vectors
from selfscope.stats.clone import accuracy, blind_p, open_fidelity, told_apart
from selfscope.stats.fidelity import NOTHING, reading_of
from selfscope.stats.masked import Array
from selfscope.studies.fidelity import FidelityRequest
from selfscope.studies.fidelity_ask import COPY, LIKELIHOOD, OWN
from selfscope.studies.fidelity_judged import AS_COPY, texts_in
from selfscope.values import Estimate
from selfscope.values.fidelity import BY_LIKELIHOOD, NONE, POOLED, Carried, Clone

if TYPE_CHECKING:
    import pandas as pd


def open_rows(
    request: FidelityRequest, rows: pd.DataFrame, evidence: pd.DataFrame
) -> tuple[tuple[Carried, ...], tuple[str, ...]]:
    """Return what of the original's manner each port's texts have, and by what texts were embedded."""
    texts = texts_in(rows, evidence)
    if texts.empty or not request.embedded_by:
        return (), ()
    vectors, known_as = _embedded(request, texts["reply"].tolist())
    if vectors is None:
        return (), (
            "texts were not embedded: the embedded model, whose words they would be told by, is not here",
        )
    placed = _placed(texts, vectors)
    own = placed[request.original.name][:, list(OWN)]
    copy = placed[request.original.name][:, list(COPY)]
    unported = placed[request.unported.name]
    found = []
    for name, other in (
        *((p.name, placed.get(p.name)) for p in request.ports),
        (request.original.name, copy),
    ):
        if other is None:
            continue
        share = open_fidelity(own, other, unported)
        notes = ("the original's second draws: the ceiling",) if name == request.original.name else ()
        found.append(
            Carried(
                name,
                "open",
                POOLED,
                "plain",
                Estimate(share.estimate, (share.low, share.high)),
                NONE,
                float("nan"),
                float("nan"),
                float("nan"),
                reading_of(share, NOTHING),
                notes,
            )
        )
    return tuple(found), (f"texts are embedded as the {known_as}",)


def _embedded(request: FidelityRequest, texts: Sequence[str]) -> tuple[Array | None, str]:
    if request.embedded_by == "words":
        found = static_vectors(texts)
        return None if found is None else np.asarray(found, float), NAME
    from selfscope.models.catalogue import EMBEDDERS
    from selfscope.models.local.embedding import require_embedder, sentence_vectors

    if request.embedded_by not in EMBEDDERS:
        raise BadInput(
            "texts are embedded by words or by a sentence model",
            got=request.embedded_by,
            fix=f"Choose from: words, {', '.join(EMBEDDERS)}",
        )
    require_embedder(request.embedded_by)  # type: ignore[arg-type]
    known = EMBEDDERS[request.embedded_by].known_as
    return np.asarray(sentence_vectors(request.embedded_by)(texts), float), f"vectors of {known}"


def _placed(texts: pd.DataFrame, vectors: Array) -> dict[str, Array]:
    """Return vectors by whose the text is, ``(prompt, draw, width)``; who lacks a prompt is left out."""
    items = sorted(set(texts["item"]))
    found = {}
    for who, own in texts.assign(at=np.arange(len(texts))).groupby("character", sort=False):
        at = own.pivot_table(index="item", columns="replicate", values="at").reindex(items)
        if not at.isna().any(axis=None):
            found[str(who)] = vectors[at.to_numpy(int)]
    return found


def clones_in(
    request: FidelityRequest, rows: pd.DataFrame, judged: Mapping[str, Mapping[str, Array]]
) -> tuple[Clone, ...]:
    """Return every two-way choice, of judges and by the original's own likelihoods."""
    by_judge = {
        judge: [_clone(other, judge, right) for other, right in choices.items()]
        for judge, choices in judged.items()
    }
    scored = rows[rows["instrument"] == LIKELIHOOD]
    if not scored.empty:
        by_judge[BY_LIKELIHOOD] = _by_likelihood(request, scored)
    return tuple(clone for found in by_judge.values() for clone in _believed(found, request.unported.name))


def _believed(found: Sequence[Clone], target: str) -> Iterator[Clone]:
    """Yield one judge's choices; who does not tell the target apart shows nothing by telling no one."""
    able = any(c.against == target and c.told == "told apart" for c in found)
    for clone in found:
        blind = clone.told == "not told apart" and not able
        yield replace(clone, told="cannot tell") if blind else clone


def _clone(other: str, judge: str, right: Array) -> Clone:
    right = right[np.isfinite(right).any(axis=1)]
    if not len(right):
        return Clone(other, judge, NONE, float("nan"), 0, "cannot tell")
    share = accuracy(right)
    told = told_apart(share, len(right))
    return Clone(
        other, judge, Estimate(share.estimate, (share.low, share.high)), blind_p(right), len(right), told
    )


def _by_likelihood(request: FidelityRequest, scored: pd.DataFrame) -> list[Clone]:
    """Return choices of the text that gains more, a token, from being the original's words.

    The gain is log P(text | original) less log P(text | its ground without a character): what any speaker
    would say counts for nothing.
    """
    key = ["counterparty", "item", "replicate"]
    by = {who: own.set_index(key)["value"] for who, own in scored.groupby("character")}
    gain = by[request.original.name] - by[request.bare.name]
    table = gain.unstack("replicate")
    own = table.loc[request.original.name]
    found = []
    for other in (AS_COPY, *(w for w in dict.fromkeys(scored["counterparty"]) if w != request.original.name)):
        theirs = own[list(COPY)] if other == AS_COPY else table.loc[other][list(OWN)]
        mine = own[list(OWN)].reindex(theirs.index)
        found.append(_clone(other, BY_LIKELIHOOD, _chosen(mine.to_numpy(float), theirs.to_numpy(float))))
    return found


def _chosen(mine: Array, theirs: Array) -> Array:
    """Return whether the original's own is chosen, ``(prompt, pair of draws)``; 1/2 where they tie."""
    apart = mine[:, :, None] - theirs[:, None, :]
    right = np.where(np.isfinite(apart), 0.5 * (1 + np.sign(apart)), np.nan)
    return np.asarray(right.reshape(len(right), -1))
