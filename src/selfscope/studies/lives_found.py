"""From lives and answers to what living did: readings, documents, edits, and what must be known of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from selfscope.agent.history import StateHistory
from selfscope.stats.lives import LEAST_LIVES
from selfscope.stats.lives_apart import document_change
from selfscope.stats.masked import Array
from selfscope.stats.strata import score
from selfscope.studies.lives import ABLATED, LivesRequest
from selfscope.studies.lives_documents import WHOLE, meanings_apart, share_changed, words_by_role
from selfscope.studies.lives_moved import Wrote, added_in, back_in, carried_in, moved_in
from selfscope.studies.lives_run import Told
from selfscope.studies.lives_scores import Scores, asked_in, scores_of
from selfscope.values import Estimate, Study
from selfscope.values.lives import DocumentsMoved, Edits, LivesFound, Reading

if TYPE_CHECKING:
    import pandas as pd

Embed = Callable[[Sequence[str]], Array]
#: What lives of a kind are called.
KINDS = {"life": "lives", "disturbed": "disturbed lives", "twin": "twins"}


def lives_of(
    request: LivesRequest,
    study: Study,
    told: Sequence[Told],
    rows: pd.DataFrame,
    embed: Embed | None = None,
) -> LivesFound:
    """Return what lives show.

    Parameters
    ----------
    rows
        The run's observations.
    embed
        Returns vectors of texts, ``(text, width)``; without it what files mean is not told.
    """
    scores = [scores_of(request, study, question, told, rows) for question in asked_in(study, rows)]
    wrote = {each.lived.name: Wrote(documents_of(each), _meanings(each, embed)) for each in told}
    moved = [tuple(moved_in(request, study, each, wrote)) for each in scores]
    return LivesFound(
        request.name,
        str(study.ground["name"]),
        request.preset,
        request.disturb,
        request.at,
        request.size.runs,
        request.size.conversations,
        tuple(keep.name for keep in request.keeps),
        tuple(each.channel for each in scores),
        tuple(reading for each in scores for reading in _readings(each, wrote)),
        tuple(_documents(request, told, wrote)),
        tuple(each for own in moved for each in own),
        tuple(c for s, own in zip(scores, moved, strict=True) for c in carried_in(s, own)),
        tuple(back for each in scores for back in back_in(each, request)),
        tuple(added for each in scores for added in added_in(each, request)),
        tuple(edit for each in told for edit in _edits(each)),
        tuple(_warnings(scores, request, study, told)),
    )


def documents_of(told: Told) -> dict[str, list[float]]:
    """Return the share of words that changed since the first State, by role and in all, a value a State."""
    history = StateHistory.of(told.folder)
    words = [words_by_role(history, version) for version in told.versions]
    return {role: [share_changed(words[0][role], now[role]) for now in words] for role in words[0]}


def _meanings(told: Told, embed: Embed | None) -> list[float | None]:
    if embed is None:
        return [None] * len(told.versions)
    history = StateHistory.of(told.folder)
    texts = [" ".join(words_by_role(history, version)[WHOLE]) for version in told.versions]
    return [float(v) for v in meanings_apart(texts, embed)]


def _readings(scores: Scores, wrote: dict[str, Wrote]) -> Iterator[Reading]:
    values = score(scores.d, scores.layout.keyed)
    for n, each in enumerate(scores.told):
        name = each.lived.name
        for point, version in enumerate(each.versions):
            for d, dimension in enumerate(scores.layout.dimensions):
                yield Reading(
                    name,
                    version.id,
                    point,
                    dimension,
                    scores.channel,
                    float(values[n, point, d]),
                    wrote[name].shares[WHOLE][point],
                    wrote[name].meant[point],
                    each.lived.keep.name,
                )


def _documents(
    request: LivesRequest, told: Sequence[Told], wrote: dict[str, Wrote]
) -> Iterator[DocumentsMoved]:
    for keep in request.keeps:
        own = [t.lived.name for t in told if t.lived.kind != "twin" and t.lived.keep == keep]
        for role in (WHOLE, *ABLATED):
            shares = [wrote[name].shares[role][-1] for name in own]
            if role == WHOLE or any(shares):
                found = document_change(shares)
                yield DocumentsMoved(keep.name, role, Estimate(found.estimate, found.ci95), found.verdict)


def _edits(told: Told) -> Iterator[Edits]:
    held = {each.id: each for each in told.life.conversations}
    for version in told.versions[1:]:
        talk = held[version.conversation]
        by = {
            outcome: tuple(c.path for c in version.changes if c.outcome == outcome)
            for outcome in ("allowed", "proposed", "forbidden")
        }
        yield Edits(
            told.lived.name,
            talk.number,
            talk.script,
            talk.kind,
            by["allowed"],
            by["proposed"],
            by["forbidden"],
            len(talk.attempts),
            sum(outcome == "right" for outcome in talk.tasks.values()),
            len(talk.tasks),
        )


def _warnings(
    scores: Sequence[Scores], request: LivesRequest, study: Study, told: Sequence[Told]
) -> Iterator[str]:
    if (runs := request.size.runs) < LEAST_LIVES:
        told_of = "1 life describes, and tests" if runs == 1 else f"{runs} lives describe, and test"
        yield f"{told_of} nothing; {LEAST_LIVES} do"
    yield from _alike(request, told)
    asked = {each.channel for each in scores}
    if left := [q.channel for q in study.questions if q.channel not in asked]:
        yield f"States were not asked in {', '.join(left)}: the sensitivity check failed there throughout"
    for each in scores:
        yield from _unread(each, request, f" of {each.channel}" if len(study.questions) > 1 else "")


def _alike(request: LivesRequest, told: Sequence[Told]) -> Iterator[str]:
    """Yield where lives of an arm that can write came out the same: they are fewer than they are counted."""
    for keep in request.keeps:
        for kind in dict.fromkeys(t.lived.kind for t in told):
            ends = [t.versions[-1].files for t in told if t.lived.keep == keep and t.lived.kind == kind]
            if keep.open and len(set(ends)) < len(ends):
                named = f" ({keep.name})" if len(request.keeps) > 1 else ""
                states = (
                    f"{len(set(ends))} different States" if len(set(ends)) > 1 else "one and the same State"
                )
                yield (
                    f"{len(ends)} {KINDS[kind]}{named} ended in {states}: they are fewer than they are "
                    "counted for, and intervals too narrow"
                )


def _unread(scores: Scores, request: LivesRequest, where: str) -> Iterator[str]:
    """Yield what of a channel cannot be told, and why."""
    names = scores.layout.dimensions
    blind = [d for d, ok in zip(names, scores.readable, strict=True) if not ok]
    if blind:
        told = ", ".join(blind)
        yield f"the sensitivity check{where} failed in {told}: what does not move there is not told"
    seen = scores.seen(*(keep.name for keep in request.keeps))
    mute = [d for d, ok, well in zip(names, seen, scores.readable, strict=True) if well and not ok]
    if mute:
        yield (
            f"too many questions{where} about {', '.join(mute)} were not answered, or unlike many at "
            "different times: what does not move there is not told"
        )
    if scores.points is not None:
        yield (
            f"answers{where} were drawn: log-odds from counts lie nearer 0 than they are, so that a change "
            "near the smallest effect may be called equivalent"
        )
    few = scores.layout.keyed.astype(bool).sum(axis=1).min()
    if few < 12:
        screens = f"{few} statements a dimension{where} screen, and confirm nothing"
        yield f"{screens}; 12 are the least, 16 standard"
