"""Directions of traits inside a network, on a page and in a terminal: their checks, and every pair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from selfscope.report.view import RunView
from selfscope.report.words import counted
from selfscope.values.trait_direction import LEAST_AUROC, LEAST_SPLIT_HALF, DirectionCheck


@dataclass(frozen=True)
class PairRow:
    """One pair of replies with its readings on a direction that it had no part in."""

    pair: str
    user: str
    keyed: str
    against: str
    keyed_reading: float
    against_reading: float


@dataclass(frozen=True)
class DirectionPart:
    """One direction on the page: title, checks, how many pairs read the right way round, all pairs."""

    title: str
    check: DirectionCheck
    right: int
    strongest: float
    pairs: tuple[PairRow, ...]


def direction_words(checks: Sequence[DirectionCheck]) -> tuple[str, ...]:
    """Return in a few sentences which directions hold, and where the others fail; empty without any."""
    if not checks:
        return ()
    passed = sum(c.passed for c in checks)
    verb = "passes" if 1 in (passed, len(checks)) else "pass"
    said = [f"{passed} of {counted(len(checks), 'direction')} {verb} every check."]
    failing = {
        f"held-out replies are not told apart (AUROC under {LEAST_AUROC:.2f})": lambda r: "AUROC" in r,
        f"halves of the pairs give other directions (cosine under {LEAST_SPLIT_HALF:.2f})": lambda r: (
            r.startswith("directions from halves")
        ),
        "shuffled labels do as well": lambda r: r.startswith("shuffled"),
        "steering moves agreement as much": lambda r: "and agreement by" in r,
        "random directions steer as well": lambda r: "random directions" in r,
    }
    counts = {words: sum(any(map(is_it, c.reasons)) for c in checks) for words, is_it in failing.items()}
    named = [f"on {n}, {words}" for words, n in counts.items() if n]
    return (*said, *([f"Where it fails: {'; '.join(named)}."] if named else []))


def direction_parts(view: RunView) -> tuple[DirectionPart, ...]:
    """Return every direction of a run in the order of its dimensions."""
    texts = _texts(view)
    order = {d.name: n for n, d in enumerate(view.dimensions)}
    found = sorted(view.directions, key=lambda c: order.get(c.dimension, len(order)))
    return tuple(
        DirectionPart(
            view.title(c.dimension),
            c,
            sum(p.keyed > p.against for p in c.held_out),
            max(map(abs, c.random), default=0.0),
            tuple(_pairs(c, texts)),
        )
        for c in found
    )


def _pairs(check: DirectionCheck, texts: dict[tuple[str, int], tuple[str, str]]) -> Iterator[PairRow]:
    for own in check.held_out:
        user, keyed = texts.get((own.pair, 1), ("", ""))
        against = texts.get((own.pair, -1), ("", ""))[1]
        yield PairRow(own.pair, user, keyed, against, own.keyed, own.against)


def _texts(view: RunView) -> dict[tuple[str, int], tuple[str, str]]:
    """Return the user's turn and the reply of each pair and side, from what is stored beside the page."""
    if view.observations is None or view.evidence is None or not view.directions:
        return {}
    rows = view.observations
    rows = rows[(rows["channel"] == "internal") & (rows["format"] == "reply")]
    once = view.evidence.drop_duplicates("evidence").set_index("evidence")
    told = rows.join(once[["user", "text"]], on="evidence")
    return {
        (str(item), int(side)): (str(user), str(text))
        for item, side, user, text in zip(
            told["item"], told["polarity"], told["user"], told["text"], strict=True
        )
    }
