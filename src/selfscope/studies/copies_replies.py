"""Replies that are put side by side: one's own and another's, as alike in style as can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from selfscope.instruments.copies.choices import FORMS, Choice, Format
from selfscope.instruments.copies.load import games_asked, load_material
from selfscope.stats.copies import nearest_pairs
from selfscope.stats.masked import Array
from selfscope.studies.copies import CopiesRequest

#: Replies drawn a request by each, of which the two most alike are put side by side.
REPLIES = 6


def reply_requests(request: CopiesRequest) -> tuple[Choice, ...]:
    """Return the requests whose replies are put side by side, drawn several times of each."""
    return tuple(
        Choice(
            "recognise", game, "reply", game.told["text"], "", script="drawn", template=f"t{n + 1}",
            system=system, who=who, by="replies",
        )
        for game in games_asked(request.preset, "recognise")
        for who, system in (("", request.system), *((p.name, p.system) for p in request.partners[:1]))
        for n in range(REPLIES)
    )  # fmt: skip


#: Questions about a pair of replies: which is asked, in which script, whether one's own was told before.
_ASKED_OF_PAIRS: tuple[tuple[Format, str, bool], ...] = (
    ("own", "game", False),
    ("better", "game", False),
    ("own", "high", True),
)


def recognising(request: CopiesRequest, replies: Mapping[Choice, str]) -> Iterator[Choice]:
    """Yield the questions about pairs of replies: the two to one request that are most alike in style.

    Style is length, words, length of words, and marks of punctuation, each in standard deviations over all
    replies. Pairs of which one is empty, begins with the other or equals it are left out.
    """
    around = load_material().around["recognise"]
    features = _features(list(replies.values()))
    style = dict(zip(replies, features, strict=True))
    for game in games_asked(request.preset, "recognise"):
        mine = [c for c in replies if c.game == game and not c.who and replies[c]]
        theirs = [c for c in replies if c.game == game and c.who and replies[c]]
        if not mine or not theirs:
            continue
        (i, j), near, far = nearest_pairs([style[c] for c in mine], [style[c] for c in theirs])
        own, other = replies[mine[i]], replies[theirs[j]]
        if own.startswith(other) or other.startswith(own):
            continue
        held = around["held"].replace("{x}", own)
        for format, script, before in _ASKED_OF_PAIRS:
            told = held if before else ""
            system = "\n\n".join(filter(None, (request.system, told)))
            for position, label in FORMS:
                yield Choice(
                    "recognise", game, format, f"{game.told['text']}\n{around[format]}", own, other, position,
                    label, script=script, system=system, thread=f"apart {near:.3f} of {far:.3f}",
                )  # fmt: skip


def _features(texts: Sequence[str]) -> Array:
    """Return style by feature in standard deviations, ``(reply, feature)``."""
    told = np.array(
        [
            (
                len(t),
                len(t.split()),
                len(t) / max(1, len(t.split())),
                sum(c in ",;:-–" for c in t),
                float(t[-1:] in ".!?"),
            )
            for t in texts
        ],
        float,
    )
    spread = told.std(axis=0)
    return np.asarray((told - told.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def one_line(text: str) -> str:
    """Return the first sentence of a reply, or all of its first line where none ends in it."""
    line = " ".join(text.strip().split("\n")[0].split())
    ends = [line.index(mark) + 1 for mark in (". ", "! ", "? ") if mark in line]
    return line[: min(ends)] if ends else line
