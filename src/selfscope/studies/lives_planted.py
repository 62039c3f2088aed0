"""Agents whose lives have a known truth: scripted to write, with answers for every State that they leave.

What a phantom writes and what it answers are planted apart:

- ``documents``: writes much, answers as at first.
- ``behaviour``: writes one word, and holds more of the first dimension from conversation to conversation; its
  note carries all of it.
- ``returns``: a disturbing conversation moves it, the next one does no longer.
- ``stays``: a disturbing conversation moves it for good.
- ``still``: nothing moves.

Three others are moved by nothing but what their State says (:data:`TOLD`), so that what they do without a
kind of State follows from what they write. After a disturbing conversation each notes it for the next one.

- ``keeper``: keeps it in memory as well. With a memory it stays moved, without one it comes back.
- ``noter``: hands it on from note to note. With a note it stays moved, without one it was never moved.
- ``leaver``: does neither, and comes back whatever it keeps.

How often the tests over lives are false is simulated in :mod:`selfscope.studies.lives_rates`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from selfscope.agent.conversing import NOTE
from selfscope.agent.phantoms import CLOSING
from selfscope.agent.scripts import read_scripts
from selfscope.errors import BadInput
from selfscope.instruments.instrument import asks_in
from selfscope.models.phantoms import AskColumns, Baseline, Key, PhantomGround, Truth, draw_log_odds, table_of
from selfscope.models.scripted import OTHERWISE, Step, scripted_model
from selfscope.studies.lives import NEUTRAL, LivesRequest
from selfscope.studies.lives_ask import Place
from selfscope.studies.phantoms import CHECKED
from selfscope.values import Study

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage, Model

#: Log-odds by which a planted life moves in all, and after a disturbance.
MOVED: Final = 1.0
#: What a phantom writes of a disturbance, and by what its answers are moved where its State says so.
TOLD: Final = "moved-by-it"
_PAGE_OF_WORDS = 60


class Asked(NamedTuple):
    """What a planted answer may rest on: the kind of life, points, the role as at first, and the State."""

    kind: str
    point: int
    last: int
    at: int
    without: str
    system: str


class Left(NamedTuple):
    """What a phantom leaves at the end of a conversation: its note, and an entry of its memory."""

    note: str
    entry: str = ""


@dataclass(frozen=True)
class PlantedLife:
    """What is planted in one phantom.

    Attributes
    ----------
    theta
        Log-odds of the first dimension in one State.
    leaves
        What it writes, from whether the conversation disturbed it, what it began with, and words that no
        other conversation has.
    """

    theta: Callable[[Asked], float]
    leaves: Callable[[bool, str, str], Left] = lambda upset, system, words: Left(words)
    words: int = 1


def _grows(asked: Asked) -> float:
    return 0.0 if asked.without == "note" else MOVED * asked.point / asked.last


def _returns(asked: Asked) -> float:
    return MOVED if asked.kind == "disturbed" and asked.point == asked.at else 0.0


def _stays(asked: Asked) -> float:
    return MOVED if asked.kind == "disturbed" and asked.point >= asked.at else 0.0


def _nothing(asked: Asked) -> float:
    return 0.0


def _by_its_state(asked: Asked) -> float:
    return MOVED if TOLD in asked.system else 0.0


def _keeps(upset: bool, system: str, words: str) -> Left:
    return Left(f"{TOLD} {words}", f"{TOLD} {words}") if upset else Left(words)


def _notes(upset: bool, system: str, words: str) -> Left:
    return Left(f"{TOLD} {words}" if upset or TOLD in system else words, words)


def _leaves(upset: bool, system: str, words: str) -> Left:
    return Left(f"{TOLD} {words}" if upset else words, words)


PLANTED: Mapping[str, PlantedLife] = {
    "documents": PlantedLife(_nothing, words=_PAGE_OF_WORDS),
    "behaviour": PlantedLife(_grows),
    "returns": PlantedLife(_returns),
    "stays": PlantedLife(_stays),
    "still": PlantedLife(_nothing),
    "keeper": PlantedLife(_by_its_state, _keeps),
    "noter": PlantedLife(_by_its_state, _notes),
    "leaver": PlantedLife(_by_its_state, _leaves),
}


def planted(name: str) -> PlantedLife:
    """Return a phantom by its name; BadInput names those that there are."""
    if name not in PLANTED:
        raise BadInput("no such phantom lives", got=name, fix=f"Choose from: {', '.join(PLANTED)}")
    return PLANTED[name]


def planted_voice(name: str) -> Model:
    """Return the scripted agent of a phantom: it leaves what its table says, no two of its words alike."""
    own, written = planted(name), 0
    calm = {script.turns[0] for script in read_scripts() if script.kind in (NEUTRAL, "task")}

    def leave(messages: Sequence[ChatMessage]) -> Step:
        nonlocal written
        if messages[-1].role == "tool":
            return Step("Written.")
        words = " ".join(f"word-{written + n}" for n in range(own.words))
        written += own.words
        first = next(message.text for message in messages if message.role == "user")
        left = own.leaves(first not in calm, messages[0].text, words)
        note = ("write_file", {"path": NOTE, "text": f"{left.note}\n"})
        return Step(calls=(note, *((("remember", {"text": left.entry}),) if left.entry else ())))

    return scripted_model({CLOSING: leave, OTHERWISE: (Step("I see."),)}, name)


def planted_ground(name: str) -> PhantomGround:
    """Return the ground of a phantom, which answers once it was taught."""
    planted(name)
    return PhantomGround(f"lives {name}", Truth())


def teach_lives(
    name: str, ground: PhantomGround, study: Study, request: LivesRequest, places: Sequence[Place]
) -> None:
    """Give a phantom its answers: to every State, and to the characters of the sensitivity check."""
    own, by_arm = planted(name), {place.arm: place for place in places}
    rng = np.random.default_rng([request.seed, *name.encode()])
    table: dict[Key, float] = {}
    for question in study.questions:
        asks = asks_in(question, request.items, study.preset)
        first, last = question.constructs[0], request.size.conversations
        truths = []
        for arm in study.arms:
            place = by_arm.get(arm.name)
            if place is None:
                sign = CHECKED if arm.role == "high" else -CHECKED
                truths.append(Truth(theta=dict.fromkeys(arm.constructs, sign), item_sd=0.3))
                continue
            kind = place.life.partition("-")[0]
            asked = Asked(kind, place.point, last, request.at, place.without, place.system)
            theta = own.theta(asked) if place.life else 0.0
            truths.append(Truth(theta={first: theta}, item_sd=0.2 * bool(theta)))
        drawn = draw_log_odds(AskColumns.of(asks), truths, Baseline(form_sd=0.1), rng)
        table |= table_of(study.arms, asks, drawn)
    ground.learn(table)
