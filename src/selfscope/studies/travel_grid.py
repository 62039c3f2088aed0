"""How often a cluster is found that is there, and one that is not: a grid over loadings and identities.

What is called a cluster is a rule of ours (:func:`selfscope.studies.travel.is_cluster`). Here it is held
against panels of phantoms in which the loading of every dimension was planted::

    python -m selfscope.studies.travel_grid --panels 200
    python -m selfscope.studies.travel_grid --panels 200 --page docs/instruments/cluster-finding.md

The shift of dimension d of identity s is ``.8 (λ f_s + sqrt(1 - λ²) u_sd)``: its spread is .8 log-odds
whatever the loading λ, so a factor moves the mean dimension by 1.6 λ between an identity one standard
deviation above and one below. The smallest effect of interest is .5.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from selfscope.instruments.cluster.markdown import table
from selfscope.models.phantoms import Baseline, Truth
from selfscope.studies.travel import ALPHA, is_cluster
from selfscope.studies.travel_planted import PlantedPanel, put, travel_of
from selfscope.values.cluster import Travel

SIZES = (12, 16, 24)
#: Spread of a dimension's shift over identities, log-odds; and permutations of one panel.
SD, PERMUTATIONS = 0.8, 199
BEGIN, END = "<!-- grid -->", "<!-- /grid -->"
HEAD = (
    "planted", "identities", "p ≤ .05", "by signs alone", "called a cluster", "share", "by chance", "size",
)  # fmt: skip


@dataclass(frozen=True)
class Rates:
    """What became of panels of one kind and size.

    Attributes
    ----------
    significant
        Share of panels with a first factor beyond chance.
    by_signs
        Share that would be called a cluster if most dimensions were told by a sign test alone.
    called
        Share that is called a cluster.
    size
        Mean of what the factor moves the mean dimension by, log-odds.
    """

    name: str
    identities: int
    significant: float
    by_signs: float
    called: float
    share: float
    expected: float
    size: float


def grid(identities: int) -> tuple[PlantedPanel, ...]:
    """Return what is planted in panels of one size: what is a cluster, what nearly is, and what is none."""
    firm = Baseline(theta=SD)
    whole = [
        PlantedPanel(f"one factor, loadings {x:g}", "", partial(_loaded, identities, x), x >= 0.5)
        for x in (0.3, 0.5, 0.7, 1.0)
    ]
    return (
        *whole,
        PlantedPanel("one factor (.6), groups under it (.5)", "", partial(_grouped, identities), True),
        PlantedPanel("half of the dimensions, loadings 1", "", partial(_loaded, identities, 1.0, of=0.5)),
        PlantedPanel(
            "a third of the dimensions, loadings 1", "", partial(_loaded, identities, 1.0, of=1 / 3)
        ),
        PlantedPanel("two clusters, loadings .7", "", partial(_loaded, identities, 0.7, of=0.5, two=True)),
        PlantedPanel("21 independent", "", partial(_loaded, identities, 0.0)),
        PlantedPanel("acquiescence alone", "", partial(_saying_yes, identities), baseline=firm),
        PlantedPanel("firmness alone", "", partial(_firm, identities), baseline=firm),
        PlantedPanel("nothing", "", partial(_alike, identities)),
    )


def _loaded(
    n: int, loading: float, rng: np.random.Generator, names: Sequence[str], of: float = 1.0, two: bool = False
) -> list[Truth]:
    """Draw a share `of` the dimensions on one factor; the others on none, or on one of their own."""
    on = rng.permutation(len(names)) < round(of * len(names))
    first, second = rng.standard_normal((2, n, 1))
    factor = np.where(on, first, second if two else 0.0)
    weight = np.where(on | two, loading, 0.0)
    own = rng.standard_normal((n, len(names)))
    return _truths(names, weight * factor + np.sqrt(1 - weight**2) * own)


def _grouped(n: int, rng: np.random.Generator, names: Sequence[str]) -> list[Truth]:
    """Draw all dimensions on one factor (.6), and each half on one of its own beside it (.5)."""
    on = rng.permutation(len(names)) < len(names) // 2
    whole, first, second = rng.standard_normal((3, n, 1))
    own = rng.standard_normal((n, len(names)))
    return _truths(names, 0.6 * whole + 0.5 * np.where(on, first, second) + np.sqrt(1 - 0.61) * own)


def _truths(names: Sequence[str], shifts: np.ndarray) -> list[Truth]:
    return [Truth(theta=dict(zip(names, map(float, SD * own), strict=True))) for own in shifts]


def _saying_yes(n: int, rng: np.random.Generator, names: Sequence[str]) -> list[Truth]:
    del names
    return [Truth(yes=float(1.5 * y)) for y in rng.standard_normal(n)]


def _firm(n: int, rng: np.random.Generator, names: Sequence[str]) -> list[Truth]:
    del names
    return [Truth(scale=float(np.exp(0.4 * x))) for x in rng.standard_normal(n)]


def _alike(n: int, rng: np.random.Generator, names: Sequence[str]) -> list[Truth]:
    del rng, names
    return [Truth()] * n


def rates_of(plant: PlantedPanel, identities: int, panels: int, seed: int = 0) -> Rates:
    """Return what becomes of so many panels of one kind and size."""
    rng = np.random.default_rng([seed, identities, *plant.name.encode()])
    found = [travel_of(plant, rng, PERMUTATIONS) for _ in range(panels)]
    means = [float(np.mean([getattr(t, name) for t in found])) for name in ("share", "expected", "size")]
    kinds = ([t.p <= ALPHA for t in found], [_by_signs(t) for t in found], [is_cluster(t) for t in found])
    return Rates(plant.name, identities, *(float(np.mean(kind)) for kind in kinds), *means)


def _by_signs(travel: Travel) -> bool:
    """Whether a factor beyond chance is large enough, and a sign test says that most go its way."""
    return travel.p <= ALPHA and travel.p_same_way <= ALPHA and travel.size >= travel.least


def rendered(rates: Sequence[Rates]) -> str:
    """Return the rates as a table."""
    return table(HEAD, [_row(r) for r in rates])


def _row(r: Rates) -> tuple[str, ...]:
    shares = (f"{x:.2f}" for x in (r.significant, r.by_signs, r.called, r.share, r.expected, r.size))
    return (r.name, str(r.identities), *shares)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the grid, print its table, and put it into a page if one is named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--panels", type=int, default=200)
    parser.add_argument("--page", type=Path, help="put the table into this page")
    chosen = parser.parse_args(arguments)
    rates = []
    for plants in zip(*(grid(n) for n in SIZES), strict=True):
        for n, plant in zip(SIZES, plants, strict=True):
            rates.append(rates_of(plant, n, chosen.panels))
            print(rendered(rates[-1:]).splitlines()[-1], flush=True)
    if chosen.page:
        text = put(chosen.page.read_text(encoding="utf-8"), rendered(rates), BEGIN, END)
        chosen.page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
