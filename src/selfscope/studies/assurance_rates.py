"""How often promises are found that do nothing, and missed that do: sets of answers with planted truth.

``python -m selfscope.studies.assurance_rates`` prints the table of docs/instruments/interview.md: 2,000 sets.

A statement under a note has θ_i + effect + ε, θ_i the same under all notes (SD 1), ε of each note (SD τ/√2:
two notes differ by τ on one statement). Yes-saying is added to a statement and its negation alike.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from selfscope.instruments.interview.assurance import TOLD
from selfscope.stats.assurance import MOVED, Promises, joined, promises, rises, sides
from selfscope.stats.atoms import ArmScores
from selfscope.stats.family import judge
from selfscope.stats.masked import Array
from selfscope.stats.results import Gates, Settings
from selfscope.stats.verdicts import PASS, SHIFTED

SETS, AT_ONCE = 2_000, 100
#: Statements of an outcome: of the cluster, and tasks.
OUTCOMES = {"utterance": (3, 16), "behaviour": (1, 12)}
#: The four promises among the arms that are held against both notes.
PROMISES = 4


@dataclass(frozen=True)
class Planted:
    """What is planted.

    Attributes
    ----------
    promise, warmth
        Half contrasts that each of four promises adds, and that warmth adds to all arms and the sham, in
        units of the channel's smallest effect of interest.
    yes
        Added to statement and negation after all warm notes, in those units.
    spread
        τ, in those units.
    """

    promise: float = 0.0
    warmth: float = 0.0
    yes: float = 0.0
    spread: float = 1.0


CELLS: Mapping[str, Planted] = {
    "nothing": Planted(),
    "nothing, statements far apart": Planted(spread=2.0),
    "warmth, three times what matters": Planted(warmth=3.0),
    "yes-saying, six times": Planted(yes=6.0),
    "four promises, twice": Planted(promise=2.0),
    "four promises, three times": Planted(promise=3.0),
    "four promises, three times, statements far apart": Planted(promise=3.0, spread=2.0),
    "four promises, twice, statements far apart": Planted(promise=2.0, spread=2.0),
    "promises and warmth, three times each": Planted(promise=3.0, warmth=3.0),
}
#: Sizes and spreads of changes that stand alone.
ALONE = ((0.0, 1.0), (0.0, 2.0), (2.0, 1.0), (2.0, 2.0))


@dataclass(frozen=True)
class Rates:
    """Shares of sets or of arms and outcomes.

    Attributes
    ----------
    false
        Sets in which any arm without a promise, on any outcome, is `shifted`; of promises where none is
        planted, too.
    found, warm, bias, equal
        Arms with a planted promise (all, where there is none) and outcomes that are ``shifted``, ``warmth
        only``, ``bias only``, ``equivalent``.
    """

    false: float
    found: float
    warm: float
    bias: float
    equal: float


def rates(planted: Planted, sets: int = SETS, seed: int = 0, flips: int = 4_000) -> Rates:
    """Return how often verdicts come out where this is planted."""
    rng = np.random.default_rng([seed, len(TOLD)])
    codes = np.concatenate(
        [
            _judged(planted, min(AT_ONCE, sets - done), rng, flips).codes
            for done in range(0, sets, AT_ONCE)
        ]
    )  # fmt: skip
    shifted = codes == MOVED.index("shifted")
    false = shifted[:, PROMISES:] if planted.promise else shifted
    own = codes[:, :PROMISES]
    share = {name: float((own == n).mean()) for n, name in enumerate(MOVED)}
    return Rates(
        float(false.any(axis=(1, 2)).mean()),
        share["shifted"],
        share["warmth only"],
        share["bias only"],
        share["equivalent"],
    )


def _judged(planted: Planted, sets: int, rng: np.random.Generator, flips: int) -> Promises:
    parts = []
    for channel, (outcomes, m) in OUTCOMES.items():
        settings = Settings.of(channel, bootstrap_all=False, bootstraps=199, flips=flips)
        theta, keyed = rng.normal(size=(sets, outcomes, m)), np.where(np.arange(m) < m // 2, 1.0, -1.0)

        def arm(effect: float, yes: float, theta: Array = theta, delta: float = settings.sesoi) -> ArmScores:
            noise = rng.normal(size=(2, *theta.shape)) * planted.spread * delta / np.sqrt(2)
            return ArmScores(theta + effect * delta + noise[0], yes * delta + noise[1])

        told = [
            arm(planted.warmth + (planted.promise if n < PROMISES else 0.0), planted.yes)
            for n in range(len(TOLD))
        ]
        parts.append(
            sides(
                told, arm(0.0, 0.0), arm(planted.warmth, planted.yes),
                np.tile(keyed, (outcomes, 1)), settings=settings, g1=PASS,
            )
        )  # fmt: skip
    first, second, third = (joined([p[n] for p in parts]) for n in range(3))
    return promises(first, second, third, np.ones(len(TOLD), bool))


def alone_rates(
    size: float, statements: int, spread: float, sets: int = SETS, seed: int = 0
) -> tuple[float, float]:
    """Return how often a change of yes and no between two notes is believed, and is ``shifted``.

    Parameters
    ----------
    size, spread
        What is planted and τ, in units of the smallest effect of interest.
    statements
        Six of what an arm tells, twenty of which of five things stays, thirty of what it takes itself to be.
    """
    settings = Settings.of("self_report", bootstrap_all=False, bootstraps=199, flips=4_000)
    rng = np.random.default_rng([seed, statements])
    keyed = np.where(np.arange(statements) % 2, 1.0, -1.0)
    theta = rng.normal(size=(sets, 1, statements))
    noise = rng.normal(size=(4, *theta.shape)) * spread * settings.sesoi / np.sqrt(2)
    here = ArmScores(theta + size * settings.sesoi + noise[0], noise[1])
    other = ArmScores(theta + noise[2], noise[3]).as_text()
    row = judge(here, {"other": other}, keyed[None], settings=settings, gates=Gates(g1=PASS)).rows["other"]
    return float(rises(row.evidence).mean()), float((row.codes == SHIFTED).mean())


def table(sets: int = SETS) -> str:
    """Return the tables of all cells, in Markdown."""
    head = "| planted | false `shifted`, of sets | found | `warmth only` | `bias only` | `equivalent` |"
    lines = [head, "| --- | --- | --- | --- | --- | --- |"]
    for name, planted in CELLS.items():
        r = rates(planted, sets)
        shown = (f"{x:.3f}" for x in (r.false, r.found, r.warm, r.bias, r.equal))
        lines.append(f"| {name} | {' | '.join(shown)} |")
    lines += ["", "| planted | believed, of six statements | self moves, of thirty |", "| --- | --- | --- |"]
    for size, spread in ALONE:
        believed, moved = (alone_rates(size, m, spread, sets)[n] for n, m in enumerate((6, 30)))
        lines.append(
            f"| {size:g} times what matters, statements {spread:g} apart | {believed:.3f} | {moved:.3f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
