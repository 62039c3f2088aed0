"""Agents whose lives have a known truth, and how often the tests over lives are false.

Each phantom is a scripted agent, which writes what its table says, and a table of answers for every State
that it leaves: what it writes and what it answers are planted apart.

- ``documents``: writes much, answers as at first.
- ``behaviour``: writes one word, and holds more of the first dimension from conversation to conversation; its
  note carries all of it.
- ``returns``: a disturbing conversation moves it, the next one does no longer.
- ``stays``: a disturbing conversation moves it for good.
- ``still``: nothing moves.

The table of docs/lives.md is made by::

    python -m selfscope.studies.lives_planted --sets 1000
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from selfscope.agent.conversing import NOTE
from selfscope.agent.phantoms import CLOSING
from selfscope.errors import BadInput
from selfscope.instruments.cluster.markdown import table
from selfscope.instruments.instrument import asks_in
from selfscope.models.phantoms import AskColumns, Baseline, PhantomGround, Truth, draw_log_odds, table_of
from selfscope.models.scripted import OTHERWISE, Step, scripted_model
from selfscope.stats.lives import ALPHA, Paired, paired_lives
from selfscope.stats.lives_back import returning
from selfscope.stats.masked import Array
from selfscope.studies.lives import LivesRequest, Place
from selfscope.studies.phantoms import CHECKED
from selfscope.studies.simulated_page import fill_page
from selfscope.values import Study

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspect_ai.model import ChatMessage, Model

PAGE: Final = Path("docs/lives.md")
#: Log-odds by which a planted life moves in all, and after a disturbance.
MOVED: Final = 1.0
_PAGE_OF_WORDS = 60


@dataclass(frozen=True)
class PlantedLife:
    """What is planted in one phantom.

    Attributes
    ----------
    words
        Words that it writes in each conversation.
    theta
        From kind of life, point, last point, point of the disturbance, and the role that is as at first, to
        log-odds of the first dimension.
    """

    words: int
    theta: Callable[[str, int, int, int, str], float]


def _grows(kind: str, point: int, last: int, at: int, without: str) -> float:
    return 0.0 if without == "note" else MOVED * point / last


def _returns(kind: str, point: int, last: int, at: int, without: str) -> float:
    return MOVED if kind == "disturbed" and point == at else 0.0


def _stays(kind: str, point: int, last: int, at: int, without: str) -> float:
    return MOVED if kind == "disturbed" and point >= at else 0.0


def _nothing(kind: str, point: int, last: int, at: int, without: str) -> float:
    return 0.0


PLANTED: Mapping[str, PlantedLife] = {
    "documents": PlantedLife(_PAGE_OF_WORDS, _nothing),
    "behaviour": PlantedLife(1, _grows),
    "returns": PlantedLife(1, _returns),
    "stays": PlantedLife(1, _stays),
    "still": PlantedLife(1, _nothing),
}


def planted(name: str) -> PlantedLife:
    """Return a phantom by its name; BadInput names those that there are."""
    if name not in PLANTED:
        raise BadInput("no such phantom lives", got=name, fix=f"Choose from: {', '.join(PLANTED)}")
    return PLANTED[name]


def planted_voice(name: str) -> Model:
    """Return the scripted agent of a phantom: it leaves a note of so many words, no two of them alike."""
    own, written = planted(name), 0

    def note(messages: Sequence[ChatMessage]) -> Step:
        nonlocal written
        if messages[-1].role == "tool":
            return Step("Written.")
        words = [f"word-{written + n}" for n in range(own.words)]
        written += own.words
        return Step(calls=(("write_file", {"path": NOTE, "text": " ".join(words) + "\n"}),))

    return scripted_model({CLOSING: note, OTHERWISE: (Step("I see."),)}, name)


def planted_ground(name: str) -> PhantomGround:
    """Return the ground of a phantom, which answers once it was taught."""
    planted(name)
    return PhantomGround(f"lives {name}", Truth())


def teach_lives(
    name: str, ground: PhantomGround, study: Study, request: LivesRequest, places: Sequence[Place]
) -> None:
    """Give a phantom its answers: to every State, and to the characters of the sensitivity check."""
    own, question = planted(name), study.questions[0]
    asks = asks_in(question, request.items, study.preset)
    by_arm = {place.arm: place for place in places}
    first, last = question.constructs[0], request.size.conversations
    truths = []
    for arm in study.arms:
        place = by_arm.get(arm.name)
        if place is None:
            sign = CHECKED if arm.role == "high" else -CHECKED
            truths.append(Truth(theta=dict.fromkeys(arm.constructs, sign), item_sd=0.3))
            continue
        kind = place.life.partition("-")[0]
        theta = own.theta(kind, place.point, last, request.at, place.without) if place.life else 0.0
        truths.append(Truth(theta={first: theta}, item_sd=0.2 * bool(theta)))
    rng = np.random.default_rng([request.seed, *name.encode()])
    drawn = draw_log_odds(AskColumns.of(asks), truths, Baseline(form_sd=0.1), rng)
    ground.learn(table_of(study.arms, asks, drawn))


class Rates(NamedTuple):
    """Shares of sets of lives: false claims, coverage of the 95 % interval, and what is found."""

    false: float
    covered: float
    power: float


def drawn_lives(
    rng: np.random.Generator,
    *,
    lives: int,
    statements: int,
    moved: float,
    over_lives: float,
    over_items: float,
) -> tuple[Array, Array]:
    """Return D of one dimension at the end and at first, ``(life, 1, m)`` each."""
    first = rng.normal(0.0, 0.8, (1, 1, statements))
    change = (
        moved
        + rng.normal(0.0, over_lives, (lives, 1, 1))
        + rng.normal(0.0, over_items, (1, 1, statements))
        + rng.normal(0.0, 0.3, (lives, 1, statements))
    )
    return first + change, np.broadcast_to(first, change.shape)


def rates(
    sets: int, *, over_lives: float, over_items: float, lives: int = 8, statements: int = 16, seed: int = 0
) -> Rates:
    """Return how a test of change does on planted lives."""
    rng = np.random.default_rng([seed, 101])
    keyed = np.tile([1.0, -1.0], statements // 2)[None]

    def found(moved: float) -> Paired:
        here, there = drawn_lives(
            rng,
            lives=lives,
            statements=statements,
            moved=moved,
            over_lives=over_lives,
            over_items=over_items,
        )
        return paired_lives(here, there, keyed)

    still, stirred = ([found(moved) for _ in range(sets)] for moved in (0.0, MOVED / 2))
    return Rates(
        float(np.mean([f.p[0] <= ALPHA for f in still])),
        float(np.mean([f.change.ci95[0, 0] <= 0 <= f.change.ci95[0, 1] for f in still])),
        float(np.mean([f.p[0] <= ALPHA for f in stirred])),
    )


class BackRates(NamedTuple):
    """Shares of sets of pairs by verdict."""

    returned: float
    stays: float
    neither: float


def back_rates(
    sets: int, *, residue: float, lives: int = 8, statements: int = 16, seed: int = 0
) -> BackRates:
    """Return what is said of a disturbance of one log-odd of which `residue` is left at the end."""
    rng = np.random.default_rng([seed, 103])
    keyed = np.tile([1.0, -1.0], statements // 2)[None]
    said = []
    for _ in range(sets):
        twin = rng.normal(0.0, 0.8, (1, 1, 1, statements)) + rng.normal(0.0, 0.2, (lives, 4, 1, statements))
        by_point = np.array([0.0, MOVED, MOVED * residue, MOVED * residue])[None, :, None, None]
        own = by_point * (
            1 + rng.normal(0.0, 0.2, (lives, 1, 1, 1)) + rng.normal(0.0, 0.3, (1, 1, 1, statements))
        )
        upset = twin + own + rng.normal(0.0, 0.2, twin.shape)
        said.append(returning(upset, np.broadcast_to(twin, upset.shape), keyed, 1, sesoi=0.25)[0].verdict)
    returned, stays = (float(np.mean([each == word for each in said])) for word in ("returned", "stays"))
    return BackRates(returned, stays, 1 - returned - stays)


def simulated(sets: int) -> tuple[dict[str, str], list[str]]:
    """Return the tables of the page, and where a test is false too often."""
    most = ALPHA + 1.645 * (ALPHA * (1 - ALPHA) / sets) ** 0.5
    tests, wrong = [], []
    for over_lives, over_items in ((0.0, 0.5), (0.2, 0.5), (0.5, 0.5), (0.5, 0.0)):
        found = rates(sets, over_lives=over_lives, over_items=over_items)
        tests.append((f"{over_lives:.1f}", f"{over_items:.1f}", *(f"{x:.3f}" for x in found)))
        wrong += [f"a change, lives {over_lives:g}, statements {over_items:g}"] if found.false > most else []
    backs = [
        (f"{left:.1f}", *(f"{x:.3f}" for x in back_rates(max(sets // 4, 1), residue=left)))
        for left in (0.0, 0.1, 0.5, 1.0)
    ]
    tables = (
        table(("SD over lives", "SD over statements", "false", "interval covers", "0.5 found"), tests),
        table(("left of 1.0", "returned", "stays", "neither"), backs),
    )
    return {"planted": "\n\n".join(tables)}, wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the simulated tables into the page; 1 where a test is false too often."""
    return fill_page(simulated, PAGE, 1000, __doc__, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
