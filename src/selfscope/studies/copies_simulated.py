"""Write the simulated table of docs/instruments/copies.md: how often coordination is told of what is planted.

The words of the page are written by hand::

    python -m selfscope.studies.copies_simulated --sets 500
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import special

from selfscope.instruments.cluster.markdown import table
from selfscope.instruments.copies.load import SESOI_AGREEMENT, SESOI_LOG_ODDS
from selfscope.stats.copies import (
    ALPHA,
    Mean,
    adjusted,
    agreement,
    decision_of,
    mean_over,
)
from selfscope.stats.copies_surer import beyond, surer
from selfscope.stats.guard import sharpening_slope, slope_error
from selfscope.studies.simulated_page import fill_page
from selfscope.values import Estimate
from selfscope.values.copies import Check
from selfscope.values.finding import Verdict

PAGE = Path("docs/instruments/copies.md")
PAIRS, STORIES, FORMS = 12, 8, 4
#: Spread of tastes and of forms, in log-odds; level of what serves both in a story.
TASTE, FORM, LEVEL = 1.0, 0.4, 1.0
#: Effects that are corrected together; the others are not there.
FAMILY = 4
#: How often one who is surer may be called coordinated (measurement.md §15).
SURER = 0.10
_PASSES = Check(Estimate(1.0, (0.9, 1.1)), True)


@dataclass(frozen=True)
class Case:
    """What a game does to choices.

    Attributes
    ----------
    wobbles
        Spreads of what a game changes in single pairs or stories, in log-odds.
    convention
        Log-odds toward one option of a pair, whichever is liked; of a story toward what serves both.
    factor
        By how much surer of everything a player is.
    there
        Whether ``shifted`` is right.
    """

    kind: str
    name: str
    wobbles: tuple[float, ...]
    convention: float = 0.0
    factor: float = 1.0
    there: bool = False


CASES = (
    Case("match", "no coordination", (0.1, 0.3, 0.6, 1.0)),
    Case("match", "surer of everything, × 1.5", (0.1, 0.3, 0.6, 1.0), factor=1.5),
    Case("match", "surer of everything, × 2.5", (0.1, 0.3, 0.6, 1.0), factor=2.5),
    Case("match", "a convention of 2 log-odds", (0.1, 0.3, 0.6, 1.0), 2.0, there=True),
    Case("twin", "nothing", (0.1, 0.5, 1.0)),
    Case("twin", "surer of everything, × 2", (0.1, 0.5, 1.0), factor=2.0),
    Case("twin", "1 log-odds more with a copy", (0.1, 0.5, 1.0), 1.0, there=True),
)


def study(case: Case, wobble: float, rng: np.random.Generator) -> tuple[Verdict, bool]:
    """Return the verdict of one study, and whether it would be ``shifted`` without the guard."""
    return (_matched if case.kind == "match" else _twin)(case, wobble, rng)


def _matched(case: Case, wobble: float, rng: np.random.Generator) -> tuple[Verdict, bool]:
    liked = TASTE * rng.normal(size=(PAIRS, 1))
    toward = case.convention * rng.choice([-1.0, 1.0], size=(PAIRS, 1))
    plain = liked + FORM * rng.normal(size=(PAIRS, FORMS))
    moved = liked + wobble * rng.normal(size=(PAIRS, 1)) + FORM * rng.normal(size=(PAIRS, FORMS))
    game = case.factor * moved + toward
    slope = float(sharpening_slope(game.mean(axis=-1)[None], plain.mean(axis=-1)[None]))
    p, q = special.expit(game), special.expit(plain)
    effect = mean_over(agreement(p) - agreement(q))
    return _verdicts(effect, beyond(agreement(p) - agreement(surer(q, slope)), None, 0.0), SESOI_AGREEMENT)


def _twin(case: Case, wobble: float, rng: np.random.Generator) -> tuple[Verdict, bool]:
    liked = LEVEL + TASTE * rng.normal(size=STORIES)
    other = liked + FORM * rng.normal(size=STORIES) / FORMS**0.5
    moved = liked + np.hypot(wobble, FORM / FORMS**0.5) * rng.normal(size=STORIES)
    copy = case.factor * moved + case.convention
    slope = float(sharpening_slope(copy[None], other[None]))
    spread = abs(float(other.mean())) * float(slope_error(copy[None], other[None], slope))
    left = beyond(copy - slope * other, None, spread)
    return _verdicts(mean_over(copy - other), left, SESOI_LOG_ODDS)


def _verdicts(effect: Mean, left: tuple[float, float], sesoi: float) -> tuple[Verdict, bool]:
    p, guarded = (_corrected(x) for x in (effect.p, left[1]))
    guard = left[0] * effect.estimate > 0 and guarded <= ALPHA
    with_guard, without = (
        decision_of(effect, p, sesoi, _PASSES, None, readable=True, guard=g).verdict for g in (guard, True)
    )
    return with_guard, without == "shifted"


def _corrected(p: float) -> float:
    return float(adjusted([p, *[1.0] * (FAMILY - 1)], [True] * FAMILY)[0])


def told(case: Case, wobble: float, studies: int, seed: int = 0) -> tuple[float, float, float]:
    """Return the shares of studies that say ``shifted``, that would without a guard, and ``equivalent``."""
    rng = np.random.default_rng([seed, int(1000 * wobble), *f"{case.kind}{case.name}".encode()])
    found = [study(case, wobble, rng) for _ in range(studies)]
    shares: list[Callable[[tuple[Verdict, bool]], bool]] = [
        lambda x: x[0] == "shifted", lambda x: x[1], lambda x: x[0] == "equivalent"
    ]  # fmt: skip
    first, second, third = (float(np.mean([share(x) for x in found])) for share in shares)
    return first, second, third


def simulated(studies: int) -> tuple[dict[str, str], list[str]]:
    """Return the table that the simulation fills, and where something is called that is not there."""
    rows, wrong = [], []
    for case in CASES:
        found = [told(case, wobble, studies) for wobble in case.wobbles]
        columns = (", ".join(f"{each[n]:.2f}" for each in found) for n in range(3))
        rows.append((case.kind, case.name, ", ".join(f"{w:g}" for w in case.wobbles), *columns))
        most = ALPHA if case.factor == 1 else SURER
        if (
            not case.there
            and max(each[0] for each in found) > most + 1.645 * (most * (1 - most) / studies) ** 0.5
        ):
            wrong.append(f"{case.kind}, {case.name}")
    head = (
        "kind",
        "what a game does",
        "wobble of single pairs",
        "`shifted`",
        "without the guard",
        "`equivalent`",
    )
    return {"simulated": table(head, rows)}, wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the simulated table into the page; 1 where too much is called that is not there."""
    return fill_page(simulated, PAGE, 500, __doc__, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
