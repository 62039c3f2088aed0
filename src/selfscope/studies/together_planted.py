"""Characters of known truth, and how often what is said of a matrix is false.

Whatever names are given, the first character of a phantom holds least of the first dimension and the last the
most, and all else is alike. What it does beside others is planted:

- ``keeps``: nothing moves it, in a batch or in a thread.
- ``takes-over``: after another has spoken it goes six tenths of the way to that other.
- ``fluent``: after another has spoken it says statement and negation alike more readily.
- ``rows-mixed``: in a batch every row gets the value of the row beside it.
- ``leaks``: in a batch a twentieth of what its neighbour does comes through.

The table of docs/instruments/together.md is made by::

    python -m selfscope.studies.together_planted --sets 200
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.cluster.markdown import table
from selfscope.models.ground import GroundIdentity
from selfscope.stats.lives import ALPHA
from selfscope.stats.masked import Array
from selfscope.stats.together import Moved, matrix
from selfscope.studies.cast import Member
from selfscope.studies.simulated_page import fill_page
from selfscope.studies.together import DIMENSIONS, NAME
from selfscope.studies.together_stage import Speaker, Talk
from selfscope.values import Answer, Answers, Prompt, Usage, content_id, short

PAGE: Final = Path("docs/instruments/together.md")
#: Half contrast between one character and the next, and what characters of the sensitivity check hold.
STEP, CHECKED = 1.0, 1.5
#: Of a dimension in simulated matrices: as many as the demo asks.
STATEMENTS: Final = 12


@dataclass(frozen=True)
class Planted:
    """What is planted in a phantom.

    Attributes
    ----------
    follows
        The share of the way to whom has spoken that it goes.
    fluency
        Nats by which statement and negation become likelier after another has spoken.
    mixed
        Whether rows of a batch get their neighbour's values.
    leak
        The share of a neighbour's value that comes through in a batch.
    """

    follows: float = 0.0
    fluency: float = 0.0
    mixed: bool = False
    leak: float = 0.0


PLANTED: Mapping[str, Planted] = {
    "keeps": Planted(),
    "takes-over": Planted(follows=0.6),
    "fluent": Planted(fluency=2.0),
    "rows-mixed": Planted(mixed=True),
    "leaks": Planted(leak=0.05),
}


def planted(name: str) -> tuple[GroundIdentity, Planted]:
    """Return a phantom's identity and what is planted; BadInput names those that there are."""
    if name not in PLANTED:
        raise BadInput("no such phantom stands here", got=name, fix=f"Choose from: {', '.join(PLANTED)}")
    told = content_id([NAME, name])
    return GroundIdentity(f"phantom:{name}", "phantom", "phantom", told), PLANTED[name]


class PhantomStage:
    """A stage on which everybody answers by a rule; see :class:`selfscope.studies.together_stage.Stage`.

    Who has spoken in a thread is read from what was said there.
    """

    def __init__(self, truth: Planted, cast: Sequence[Member]) -> None:
        self._truth = truth
        self._place = {each.name: STEP * n for n, each in enumerate(cast)}
        self._statements = {
            text: (s.id, s.construct, s.keyed * polarity)
            for d in load_cluster().dimensions
            for s in d.statements
            for text, polarity in ((s.text, 1), (s.twin, -1))
            if text
        }

    async def alone(self, who: Speaker, prompts: Sequence[Prompt]) -> Answers:
        """Return what one character answers."""
        return _answers([self._value(who, prompt) for prompt in prompts])

    async def beside(self, rows: Sequence[tuple[Speaker, Prompt]]) -> Answers:
        """Return what the rows of a batch give; who is its own neighbour is alone."""
        own = np.array([self._value(who, prompt) for who, prompt in rows])
        if len({who.name for who, _ in rows}) == 1:
            return _answers(own)
        other = np.roll(own, 1)
        if self._truth.mixed:
            return _answers(other)
        return _answers(own + self._truth.leak * (other - own))

    async def speak(
        self, who: Speaker, talks: Sequence[Talk], seeds: Sequence[int], tokens: int, temperature: float = 1.0
    ) -> tuple[list[str], Usage]:
        """Return replies that name who speaks."""
        return [self._said(who)] * len(talks), Usage(len(talks))

    async def speak_beside(
        self, rows: Sequence[tuple[Speaker, Talk]], tokens: int
    ) -> tuple[list[str], Usage]:
        """Return replies that name who speaks, or who stands beside."""
        said = [self._said(who) for who, _ in rows]
        return (said[-1:] + said[:-1] if self._truth.mixed else said), Usage(len(rows))

    @staticmethod
    def _said(who: Speaker) -> str:
        return f"This is {who.name} and nobody else."

    def length(self, text: str) -> int:
        """Return the words of a text."""
        return len(text.split())

    def cut(self, text: str, tokens: int) -> str:
        """Return the first words of a text."""
        return " ".join(text.split()[:tokens])

    def _value(self, who: Speaker, prompt: Prompt) -> float:
        item, construct, way = self._statements[prompt.text or ""]
        other = _spoke(prompt)
        held = self._held(who, construct)
        fluent = 0.0
        if other in self._place and other != who.name:
            held += self._truth.follows * (self._held(Speaker(other), construct) - held)
            fluent = self._truth.fluency
        thread = [m.content for m in prompt.messages if m.role == "user"][:-1]
        wobble = 0.2 * _draw([who.name, other, thread, item, way])
        return -30.0 + fluent + 3.0 * _draw([item, way]) + way * held + wobble

    def _held(self, who: Speaker, construct: str) -> float:
        """Return the half contrast that is planted in a character."""
        if ":high:" in who.name or ":low:" in who.name:
            return CHECKED if ":high:" in who.name else -CHECKED
        return self._place.get(who.name, 0.0) if construct == DIMENSIONS[0] else 0.0


def _spoke(prompt: Prompt) -> str:
    """Return who spoke in a thread; "" in one that has only begun."""
    told = [m.content for m in prompt.messages if m.role == "assistant"]
    found = re.match(r"This is (\S+)", told[-1]) if told else None
    return found[1] if found else ""


def _draw(told: object) -> float:
    """Return a number of mean 0 and variance 1 that is always the same for the same thing."""
    seed = int(short(content_id(told), 12), 16)
    return float(np.random.default_rng(seed).normal())


def _answers(values: Sequence[float] | Array) -> Answers:
    told = tuple((Answer(float(v), "log_prob", "logprob"),) for v in values)
    return Answers(told, Usage(len(told), calls=len(told)))


def drawn(
    rng: np.random.Generator, *, moved: float, over_threads: float, over_items: float, cast: int = 3
) -> dict[tuple[str, str], tuple[Array, Array, Array, Array]]:
    """Return a matrix of planted changes, ``moved`` in the first dimension of its first cell alone.

    A control is shared by all neighbours of a character, as in a run, so cells of one row go together.
    """
    shape, found = (8, 2, STATEMENTS), {}
    for i in range(cast):
        d0, f0 = (rng.normal(0, 0.8, shape[1:]) + rng.normal(0, 0.3, shape) for _ in range(2))
        for j in range(cast):
            if i == j:
                continue
            change = rng.normal(0, over_threads, (8, 2, 1)) + rng.normal(0, over_items, (1, *shape[1:]))
            change[:, 0] += moved * ((i, j) == (0, 1))
            noise, fluent = rng.normal(0, 0.3, shape), rng.normal(0, 0.5, (8, 2, 1))
            found[str(i), str(j)] = (d0 + change + noise, d0, f0 + fluent, f0)
    return found


def rates(sets: int, *, moved: float, over_threads: float, over_items: float) -> tuple[float, ...]:
    """Return how matrices of three characters are judged, as large as the demo's.

    Returns
    -------
    Shares of sets with any false `shifted`, of 95 % intervals that cover, of sets in which what is planted is
    `shifted`, and of cells that hold nothing and are called `equivalent`.
    """
    rng = np.random.default_rng([11, int(100 * over_threads), int(100 * over_items)])
    keyed = np.tile([1.0, -1.0], (2, STATEMENTS // 2))
    wrong, covered, seen, same = [], [], [], []
    for _ in range(sets):
        pairs = drawn(rng, moved=moved, over_threads=over_threads, over_items=over_items)
        found = matrix(pairs, keyed, sesoi=0.25)
        told = [(c, d, m) for c, m in found.items() for d in range(2)]
        empty = [(d, m) for c, d, m in told if (c, d) != (("0", "1"), 0)]
        wrong.append(any(m.verdicts[d] == "shifted" for d, m in empty))
        covered += [_covers(m, d, 0.0) for d, m in empty]
        same += [m.verdicts[d] == "equivalent" for d, m in empty]
        seen.append(found["0", "1"].verdicts[0] == "shifted")
    return tuple(float(np.mean(each)) for each in (wrong, covered, seen, same))


def _covers(moved: Moved, d: int, truth: float) -> bool:
    low, high = moved.trait.change.ci95[d]
    return bool(low <= truth <= high)


def simulated(sets: int) -> tuple[dict[str, str], list[str]]:
    """Return the table of the page, and where anything is false too often."""
    most = ALPHA + 1.645 * (ALPHA * (1 - ALPHA) / sets) ** 0.5
    rows, wrong = [], []
    for over_threads, over_items in ((0.0, 0.3), (0.2, 0.3), (0.2, 0.6), (0.5, 0.5)):
        found = rates(sets, moved=1.0, over_threads=over_threads, over_items=over_items)
        rows.append((f"{over_threads:.1f}", f"{over_items:.1f}", *(f"{x:.3f}" for x in found)))
        wrong += [f"threads {over_threads:g}, statements {over_items:g}"] if found[0] > most else []
    head = (
        "SD over threads",
        "SD over statements",
        "any false `shifted`",
        "interval covers",
        "1.0 found",
        "nothing called `equivalent`",
    )
    return {"planted": table(head, rows)}, wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the simulated table into the page; 1 where anything is false too often."""
    return fill_page(simulated, PAGE, 200, __doc__, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
