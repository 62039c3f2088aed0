"""Conversations that were held, with their readings: as arrays, as rows of the one table, as told later."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from selfscope.space.responses import Response
from selfscope.space.turn_readings import Along
from selfscope.stats.masked import Array
from selfscope.studies.drift_design import Planned, axis_name
from selfscope.subjects import Subject
from selfscope.values import content_id

#: Where a reading is from: the reply in its conversation, in a fresh thread, after neutral history; and what
#: is foretold of it. Replies are kept under the first three, rows name all of them as their item.
SAID, FRESH, AFTER, FORETOLD = "said", "fresh", "after", "foretold"
#: What a later comparison reads.
CONVERSATIONS = "conversations.json"


@dataclass(frozen=True, eq=False)
class Held:
    """Conversations that were held, with what was read.

    Attributes
    ----------
    talks
        In the order of the arrays.
    y, fresh, after
        Readings of replies, ``(conversation, turn)``; NaN where there is none, or nothing inside is read.
        Where no message was said again, `after` has what each is foretold to give from its embedding.
    user, user_after
        Readings of the user's messages, in their conversation and after neutral history.
    r2
        Of what is foretold, held out; None where messages were said again.
    embedding
        By what, in words; "" where messages were said again.
    """

    talks: tuple[Planned, ...]
    y: Array
    fresh: Array
    after: Array
    user: Array
    user_after: Array
    r2: float | None = None
    embedding: str = ""


def reading_rows(
    fixed: Mapping[str, Any],
    held: Held,
    replies: Callable[[Planned], Sequence[str]],
    kept: Mapping[str, Response],
    subject: Callable[[Planned, int], Subject],
) -> Iterator[dict[str, Any]]:
    """Yield one row a reading: of every reply and message, and of what was said again or is foretold.

    Parameters
    ----------
    fixed
        Columns that all rows share.
    replies, kept
        What was said in a conversation, and everything that was drawn, by name.
    subject
        Who answers at a turn of a conversation.
    """
    kinds = {SAID: held.y, FRESH: held.fresh, AFTER: held.after, "user": held.user}
    if held.r2 is not None:
        kinds = {SAID: held.y, FORETOLD: held.after, "user": held.user}
    for n, talk in enumerate(held.talks):
        said = replies(talk)
        for turn, user in enumerate(talk.user):
            who = subject(talk, turn).id
            for kind, values in kinds.items():
                name = f"{talk.id}/{SAID if kind == 'user' else kind}/{turn}"
                reply = kept[name].text if name in kept else said[turn]
                yield dict(fixed) | place_of(talk) | {
                    "subject": who, "item": kind, "turn": turn + 1, "value": values[n, turn],
                    "user": user, "reply": reply, "evidence": content_id([who, name]),
                    "refusal": "none" if np.isfinite(values[n, turn]) else "unparsed",
                }  # fmt: skip


def place_of(talk: Planned) -> dict[str, str]:
    """Return the columns that say which conversation a row is of."""
    return {"script": talk.script, "thread": talk.id, "regeneration": str(talk.number)}


def conversations_told(talks: Sequence[Planned], along: Along | None, expected: str) -> dict[str, Any]:
    """Return what a later comparison must know of conversations that its rows do not say, as JSON."""
    axis = along and {
        "id": axis_name(along), "name": along.name, "layer": along.layer, "split_half": along.reliability,
    }  # fmt: skip
    each = [
        {
            "id": talk.id, "script": talk.script, "turns": len(talk.user), "perturbed": talk.perturbed,
            "baseline": talk.baseline, "user": content_id(list(talk.user)),
        }
        for talk in talks
    ]  # fmt: skip
    return {"axis": axis, "expected": expected, "conversations": each}
