"""What an edge may join, and the events by which one instance takes another's place."""

from __future__ import annotations

import math

from selfscope.archive.journal import events as ev
from selfscope.archive.journal.events import UNKNOWN, UNMEASURED
from selfscope.archive.lineage.graph import kind_of
from selfscope.errors import BadInput

TURN_KINDS = ("turn", "fork", "merge")

_CHANGES = ("modified_copy", "fine_tune", "adapter_merge", "quantisation")
_JOINING = {"turn": TURN_KINDS, "instance": ("copy", *_CHANGES), "content": _CHANGES, "thread": ()}


def one_kind(event: ev.EdgeDrawn) -> str:
    """Return what kind of thing an edge joins.

    Raises
    ------
    BadInput
        If it joins two kinds of id or nothing, is of a kind that does not join these, or names a distance
        that no run measured.
    """
    kind = kind_of(event.target)
    others = {kind_of(each) for each in event.sources if each != UNKNOWN}
    if not event.sources or others - {kind} or kind == "thread":
        raise BadInput(
            "an edge joins two kinds of id, or nothing",
            got=f"{', '.join(event.sources) or 'no source'} to {event.target}",
            fix="Draw one edge between instances and one between contents; they say different things",
        )
    if (event.edge in TURN_KINDS) != (kind == "turn") or (event.edge == "copy" and kind == "content"):
        raise BadInput(
            f"an edge of kind {event.edge} does not join {kind}s",
            got=event.target,
            fix=f"What joins {kind}s: {', '.join(_JOINING[kind])}",
        )
    if event.shift is not None and (event.drift == UNMEASURED or not 0 <= event.shift < math.inf):
        raise BadInput(
            "a shift is no distance that a run measured",
            got=f"{event.shift} by {event.drift}",
            fix="Name the compare run, and give its distance, which is not negative",
        )
    return kind


def moved(
    old: str, new: ev.InstanceBegan, why: ev.Way, grade: ev.Grade = "witnessed"
) -> tuple[ev.InstanceBegan, ev.InstanceEnded]:
    """Return the events by which one instance takes another's place: a new copy begins and the old one ends.

    Moving to other storage copies from the old instance itself. A repair copies from a replica, which `new`
    names as its source: the damaged instance has no part in it, so its line ends there.

    Raises
    ------
    BadInput
        If a move copies from anything but the old instance, or a repair from the damaged one.
    """
    if why == "copy":
        raise BadInput("a copy takes nobody's place", got=why, fix="Say tiering or repair")
    if (why == "tiering") != (new.source == old):
        raise BadInput(
            "a move copies from the old instance, and a repair from a replica",
            got=f"{why} from {new.source} in place of {old}",
        )
    began = ev.InstanceBegan(
        new.instance, new.content, new.device, new.medium, new.place, new.began, new.source, new.origin,
        grade, why, old,
    )  # fmt: skip
    words = "moved to" if why == "tiering" else "damaged, and replaced by"
    return began, ev.InstanceEnded(old, new.began, f"{words} {new.instance}")
