"""Write the tables of docs/where.md: coverage of intervals, false positives, and the shipped panel.

Tables with known components are drawn and located; the words of the page are written by hand. A test renders
the panel's table again::

    python -m selfscope.studies.where_planted --sets 2000
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from selfscope.instruments.cluster.markdown import between_marks, table
from selfscope.stats.masked import Array
from selfscope.stats.variance import from_squares, shares
from selfscope.stats.variance_design import Design, design_of
from selfscope.stats.variance_interval import pivots
from selfscope.stats.variance_objects import coefficients, error_weights
from selfscope.stats.variance_permutation import ALPHA, permutation_p
from selfscope.stats.variance_squares import mean_squares
from selfscope.studies.panel_page import shipped_panel
from selfscope.studies.where import WhereRequest, of_observations
from selfscope.values.variance import Located

PAGE = Path("docs/where.md")
#: Draws behind a generalised interval, and exchanges behind a permutation, in the simulation.
DRAWS, EXCHANGES = 1000, 199
_AT_ONCE = 100
#: Components of the panel that are shown, by their own facets.
_PARTS = (("character",), ("character", "keyed"), ("character", "item"))


@dataclass(frozen=True)
class Planted:
    """One cell of the simulation: a design, the components that are planted, and their distribution."""

    name: str
    levels: tuple[tuple[str, int], ...]
    variance: Mapping[str, float]
    nested: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tails: str = "normal"

    @property
    def design(self) -> Design:
        """The design, every facet of more than two levels random."""
        random = [name for name, n in self.levels if n > 2]
        return design_of(self.levels, dict(self.nested), random=random)

    @property
    def sigma(self) -> Array:
        """Planted components, in the order of terms."""
        return np.array([self.variance.get(t.name, 0.0) for t in self.design.terms])


_CROSSED = {"character": 0.3, "item": 0.5, "character×item": 1.0}
_UNITS = {"thread": ("character",), "regeneration": ("thread",)}
_NESTED = {
    "character": 0.2,
    "item": 0.5,
    "thread:character": 0.1,
    "character×item": 0.2,
    "regeneration:thread:character": 0.05,
    "thread:character×item": 0.1,
    "regeneration:thread:character×item": 1.0,
}
_DEMO = (("character", 8), ("thread", 4), ("regeneration", 4), ("item", 8))
_FEW = (("character", 5), ("thread", 3), ("regeneration", 3), ("item", 5))


def _two(characters: int, items: int) -> tuple[tuple[str, int], ...]:
    return (("character", characters), ("item", items))


CELLS = (
    Planted("5 characters × 5 statements", _two(5, 5), _CROSSED),
    Planted("12 characters × 16 statements", _two(12, 16), _CROSSED),
    Planted("the same, no character", _two(12, 16), _CROSSED | {"character": 0.0}),
    Planted("the same, t with 4 df", _two(12, 16), _CROSSED, tails="t4"),
    Planted("the same, exponential", _two(12, 16), _CROSSED, tails="exponential"),
    Planted("8 characters, 4 threads, 4 regenerations, 8 statements", _DEMO, _NESTED, _UNITS),
    Planted("the same, no character", _DEMO, _NESTED | {"character": 0.0}, _UNITS),
    Planted("the same, neither character nor thread", _DEMO,
            _NESTED | {"character": 0.0, "thread:character": 0.0}, _UNITS),
    Planted("5 characters, 3 threads, 3 regenerations, 5 statements", _FEW, _NESTED, _UNITS),
)  # fmt: skip


def drawn(cell: Planted, sets: int, rng: np.random.Generator) -> Array:
    """Return tables of a cell, ``(set, *shape)``."""
    design = cell.design
    y = np.zeros((sets, *design.shape))
    for term, variance in zip(design.terms, cell.sigma, strict=True):
        if variance:
            shape = [n if f in term.facets else 1 for f, n in design.levels.items()]
            y = y + np.sqrt(variance) * _standard(cell.tails, (sets, *shape), rng)
    return y


def _standard(tails: str, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    if tails == "t4":
        return np.asarray(rng.standard_t(4, shape) / np.sqrt(2))
    return np.asarray(
        rng.exponential(size=shape) - 1 if tails == "exponential" else rng.standard_normal(shape)
    )


@dataclass(frozen=True)
class Covered:
    """What came of one cell: shares of sets.

    Attributes
    ----------
    components
        Whose interval held the planted component, by term; random terms.
    shares
        The same of shares, generalised pivots.
    g, phi
        Of coefficients with the character as the object; NaN where it is planted as nothing.
    false_f, false_exchange
        Tests at .05 of a character that is nothing, by F and by exchange; NaN where it is something.
    """

    components: Array
    shares: Array
    g: float
    phi: float
    false_f: float
    false_exchange: float


def covered(cell: Planted, sets: int, seed: int = 0) -> Covered:
    """Return how often intervals of a cell hold the truth and tests are false."""
    rng = np.random.default_rng([seed, *cell.name.encode()])
    parts = [_some(cell, min(_AT_ONCE, sets - n), rng) for n in range(0, sets, _AT_ONCE)]
    means = [np.concatenate([p[i] for p in parts]).mean(axis=0) for i in range(len(parts[0]))]
    known, nothing = bool(cell.variance["character"]), np.nan
    return Covered(
        means[0],
        means[1],
        float(means[2]) if known else nothing,
        float(means[3]) if known else nothing,
        nothing if known else float(means[4]),
        nothing if known else float(means[5]),
    )


def _some(cell: Planted, sets: int, rng: np.random.Generator) -> tuple[Array, ...]:
    design, sigma = cell.design, cell.sigma
    y = drawn(cell, sets, rng)
    squares = mean_squares(y, design)
    seed = int(rng.integers(2**31))
    found = from_squares(squares, design, draws=DRAWS, seed=seed)
    draws = pivots(squares, design, draws=DRAWS, seed=seed)
    c = coefficients(squares, found.f, found.df_below, design, "character", draws)
    truth, at = shares(sigma, design)[0], design.term_of(["character"])
    own = sigma[at]
    g, phi = (own / (own + w @ sigma) for w in error_weights(design, "character"))
    false = np.zeros(sets)
    if not own:
        false = np.array(
            [permutation_p(t, design, draws=EXCHANGES, seed=seed + n).p[at] <= ALPHA for n, t in enumerate(y)]
        )
    return (
        _holds(found.ci95, sigma),
        _holds(found.share_ci95, truth),
        _holds(c.g_ci95, g),
        _holds(c.phi_ci95, phi),
        np.asarray(found.p[..., at] <= ALPHA, float),
        false,
    )


def _holds(ci: Array, truth: Array | float) -> Array:
    return np.asarray((ci[..., 0] <= truth) & (truth <= ci[..., 1]), float)


def simulated(sets: int) -> dict[str, str]:
    """Return the table that the simulation fills."""
    rows = []
    for cell in CELLS:
        found = covered(cell, sets)
        at = cell.design.term_of(["character"])
        there = cell.sigma > 0
        rows.append(
            (
                cell.name,
                _told(found.components[at]),
                f"{found.components.min():.3f} to {found.components.max():.3f}",
                f"{found.shares[there].min():.3f} to {found.shares[there].max():.3f}",
                _told(found.g),
                _told(found.phi),
                _told(found.false_f),
                _told(found.false_exchange),
            )
        )
    head = (
        "planted",
        "character’s component",
        "all components",
        "shares",
        "Eρ²",
        "Φ",
        "false, by F",
        "false, by exchange",
    )
    return {"coverage": table(head, rows)}


def _told(share: float) -> str:
    return f"{share:.3f}" if np.isfinite(share) else "–"


@cache
def panel_table() -> dict[str, str]:
    """Return the table of the shipped panel: where the trait of each construct lies."""
    request = WhereRequest("", "trait", permutations=0, differences=True)
    found = tuple(of_observations(shipped_panel().observations, request))
    asked = {f.of["construct"]: f for f in found if f.of["channel"] == "self_report"}
    rows = []
    for each in found:
        if each.of["channel"] == "utterance":
            own, keyed, item = (_part(each, facets) for facets in _PARTS)
            told = (_score(each), _score(asked[each.of["construct"]]))
            rows.append((f"`{each.of['construct']}`", own, keyed, item, *told))
    head = ("construct", "character", "by keying", "by statement", "Eρ²", "Eρ², when asked")
    return {"panel": table(head, rows)}


def _part(found: Located, facets: tuple[str, ...]) -> str:
    component = next(c for c in found.components if c.facets == facets)
    low, high = (100 * x for x in component.share_ci)
    return f"{100 * component.share:.0f} % ({low:.0f} to {high:.0f})"


def _score(found: Located) -> str:
    low, high = found.score.g_ci
    return f"{found.score.g:.2f} ({low:.2f} to {high:.2f})".replace("-", "−")


def render(page: str, tables: Callable[[], dict[str, str]] = panel_table) -> str:
    """Return `page` with some of its tables made anew.

    Raises
    ------
    BadInput
        If the page has not the marks between which a table stands.
    """
    return between_marks(page, tables())


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the tables into the page; the simulated one if a number of sets is given."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--sets", type=int, default=0, help="tables a cell; 0 leaves the simulation as it is")
    chosen = parser.parse_args(arguments)
    page = render(chosen.page.read_text(encoding="utf-8"))
    if chosen.sets:
        page = render(page, lambda: simulated(chosen.sets))
    chosen.page.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
