"""What is called a cluster, and how often: panels of phantoms in which the truth was planted.

Sixteen phantoms stand in for the characters of a panel. Their tables from prompt to log-odds are drawn by the
generator of `measurement.md` §15, and the code that judges real panels judges them::

    python -m selfscope.studies.travel_planted --panels 300
    python -m selfscope.studies.travel_planted --panels 300 --page docs/instruments/cluster-finding.md
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from scipy import stats as distributions

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.cluster.markdown import table
from selfscope.instruments.self_report import SelfReport
from selfscope.models.phantoms import AskColumns, Baseline, Truth, draw_log_odds, probit_log_odds
from selfscope.stats.atoms import score_arm
from selfscope.studies.scores import Layout
from selfscope.studies.travel import factor_of, is_cluster, shifts_of
from selfscope.values.cluster import Travel
from selfscope.values.study import SESOI

CHARACTERS = 16
#: Permutations of one simulated panel: fewer than a real one's, for speed.
PERMUTATIONS = 499
BEGIN, END = "<!-- planted -->", "<!-- /planted -->"
Drawn = Callable[[np.random.Generator, Sequence[str]], list[Truth]]


@dataclass(frozen=True)
class PlantedPanel:
    """What is planted in the characters of a panel, and how often it may, or must, be called a cluster."""

    name: str
    planted: str
    draw: Drawn
    cluster: bool = False
    baseline: Baseline = field(default_factory=Baseline)
    probit: bool = False


@dataclass(frozen=True)
class Called:
    """How often a planted panel was called a cluster."""

    plant: PlantedPanel
    panels: int
    clusters: int
    significant: int
    share: float
    expected: float

    @property
    def rate(self) -> float:
        """Of all panels."""
        return self.clusters / self.panels

    @property
    def ok(self) -> bool:
        """A cluster nine times in ten; else one in twenty at most, within Monte Carlo error."""
        if self.plant.cluster:
            return self.rate >= 0.9
        allowed = 0.05 + float(distributions.norm.ppf(0.95)) * np.sqrt(0.05 * 0.95 / self.panels)
        return bool(self.rate <= allowed)


def planted() -> tuple[PlantedPanel, ...]:
    """Return what is planted: the four of the claim, and what comes close to a cluster and is none."""
    firm = Baseline(theta=0.8)
    return (
        PlantedPanel("one factor", "every dimension follows one trait of the character", _one_factor, True),
        PlantedPanel("one factor and yes-saying", "the same, with as much yes-saying", _both, True),
        PlantedPanel("21 independent shifts", "every dimension has a shift of its own", _independent),
        PlantedPanel("acquiescence alone", "characters differ in yes-saying (SD 1.5)", _yes, baseline=firm),
        PlantedPanel("nothing", "no character differs from another", _nothing),
        PlantedPanel("two poles", "10 dimensions follow a trait, 11 its opposite", _two_poles),
        PlantedPanel("firmness", "characters differ in how decided they are", _firmness, baseline=firm),
        PlantedPanel("a small factor", "one factor of SD .1, under δ between ± 1 SD", _small),
        PlantedPanel(
            "acquiescence, probit answerer",
            "yes-saying (SD 1.5), answers by a noisy threshold",
            _yes,
            baseline=firm,
            probit=True,
        ),
    )


def _one_factor(rng: np.random.Generator, names: Sequence[str]) -> list[Truth]:
    return [Truth(theta=_along(rng, names, 0.8, own=0.3)) for _ in range(CHARACTERS)]


def _both(rng: np.random.Generator, names: Sequence[str]) -> list[Truth]:
    yes = rng.standard_normal(CHARACTERS)
    return [Truth(theta=_along(rng, names, 0.8, own=0.3), yes=float(y)) for y in yes]


def _small(rng: np.random.Generator, names: Sequence[str]) -> list[Truth]:
    return [Truth(theta=_along(rng, names, 0.1, own=0.0), item_sd=0.1) for _ in range(CHARACTERS)]


def _along(rng: np.random.Generator, names: Sequence[str], sd: float, own: float) -> dict[str, float]:
    held = sd * rng.standard_normal()
    return {n: float(held + own * rng.standard_normal()) for n in names}


def _independent(rng: np.random.Generator, names: Sequence[str]) -> list[Truth]:
    return [Truth(theta={n: float(0.8 * rng.standard_normal()) for n in names}) for _ in range(CHARACTERS)]


def _two_poles(rng: np.random.Generator, names: Sequence[str]) -> list[Truth]:
    held = 0.8 * rng.standard_normal(CHARACTERS)
    signs = np.where(rng.permutation(len(names)) % 2, 1.0, -1.0)
    return [Truth(theta={n: float(s * h) for n, s in zip(names, signs, strict=True)}) for h in held]


def _yes(rng: np.random.Generator, names: Sequence[str]) -> list[Truth]:
    del names
    return [Truth(yes=float(1.5 * rng.standard_normal())) for _ in range(CHARACTERS)]


def _firmness(rng: np.random.Generator, names: Sequence[str]) -> list[Truth]:
    del names
    return [Truth(scale=float(np.exp(0.4 * rng.standard_normal()))) for _ in range(CHARACTERS)]


def _nothing(rng: np.random.Generator, names: Sequence[str]) -> list[Truth]:
    del rng, names
    return [Truth() for _ in range(CHARACTERS)]


@cache
def _design() -> tuple[AskColumns, Layout, np.ndarray]:
    """Return what every panel is asked: all 22 dimensions, in the demo's forms."""
    items = load_cluster()
    asks = SelfReport().asks(items, "demo", tuple(d.name for d in items.dimensions))
    layout = Layout.of(asks)
    return AskColumns.of(asks), layout, layout.positions(asks)


def travel_of(plant: PlantedPanel, rng: np.random.Generator, permutations: int = PERMUTATIONS) -> Travel:
    """Return what is found in one panel, drawn anew."""
    columns, layout, positions = _design()
    truths = plant.draw(rng, layout.dimensions)
    answer = probit_log_odds if plant.probit else draw_log_odds
    laid_out = layout.spread(answer(columns, truths, plant.baseline, rng), positions)
    arms = [score_arm(own, layout.keyed) for own in laid_out]
    return factor_of(shifts_of(arms, layout), SESOI["self_report"], permutations=permutations)


def call(plant: PlantedPanel, panels: int, seed: int = 0) -> Called:
    """Return how often so many panels are called a cluster."""
    rng = np.random.default_rng([seed, *plant.name.encode()])
    found = [travel_of(plant, rng) for _ in range(panels)]
    return Called(
        plant,
        panels,
        sum(is_cluster(t) for t in found),
        sum(t.p <= 0.05 for t in found),
        float(np.mean([t.share for t in found])),
        float(np.mean([t.expected for t in found])),
    )


def rendered(called: Sequence[Called]) -> str:
    """Return the rates as a table."""
    head = ("planted", "what it is", "panels", "called a cluster", "p ≤ .05", "share", "by chance", "holds")
    return table(head, [_row(c) for c in called])


def _row(c: Called) -> tuple[str, ...]:
    rates = (f"{c.rate:.3f}", f"{c.significant / c.panels:.3f}", f"{c.share:.2f}", f"{c.expected:.2f}")
    return (c.plant.name, c.plant.planted, str(c.panels), *rates, "yes" if c.ok else "**no**")


def put(page: str, text: str, begin: str = BEGIN, end: str = END) -> str:
    """Return `page` with what stands between two marks replaced; BadInput if it lacks them."""
    if begin not in page or end not in page:
        raise BadInput("the page has no place for the table", got=begin, fix=f"Put {begin} and {end} into it")
    head, _, rest = page.partition(begin)
    return f"{head}{begin}\n{text}\n{end}{rest.partition(end)[2]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all planted panels, print the table, and return 0 if all hold, else 1."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--panels", type=int, default=300)
    parser.add_argument("--page", type=Path, help="put the table into this page")
    chosen = parser.parse_args(arguments)
    called = []
    for plant in planted():
        called.append(call(plant, chosen.panels))
        print(rendered(called[-1:]).splitlines()[-1], flush=True)
    if chosen.page:
        text = put(chosen.page.read_text(encoding="utf-8"), rendered(called))
        chosen.page.write_text(text, encoding="utf-8")
    return int(not all(c.ok for c in called))


if __name__ == "__main__":
    sys.exit(main())
