"""Balanced designs: facets, what is nested in what, the terms that follow, and what each mean square expects.

`measurement.md` §11. A design is crossed and nested; every cell holds one value. Terms and coefficients
follow from the facets alone, so nothing here sees data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Literal

import numpy as np

from selfscope.errors import BadInput
from selfscope.stats.masked import Array

LEAST_NESTED = 3
"""Levels from which replicates nested in something count as a sample (§11)."""
LEAST_CROSSED = 5
"""Levels from which any other facet does."""
REPETITIONS = ("regeneration", "replicate", "seed", "draw")
"""Facets whose levels repeat one thing, whatever they are nested in."""
REPEATED = ("thread", *REPETITIONS)
"""Facets that are replicates by name: random from 3 levels."""
ROUNDING = 1e-9
"""Coefficients below this are zero."""

Kind = Literal["not estimable", "fixed", "random"]


def kind_of(levels: int, nested: bool) -> Kind:
    """Return what a facet with so many levels can be: the levels rule of `measurement.md` §11.

    Under 2 not estimable, exactly 2 fixed; nested replicates random from 3, every other facet from 5.
    """
    if levels < 2:
        return "not estimable"
    least = LEAST_NESTED if nested else LEAST_CROSSED
    return "random" if levels >= least else "fixed"


@dataclass(frozen=True)
class Facet:
    """One facet of a design.

    Attributes
    ----------
    name
        Its name; unique in the design.
    levels
        How many; of a nested facet within each level of its parents.
    nested
        All facets it is nested in, those of its parents included.
    fixed
        Whether the levels are all that is spoken of, and not a sample.
    """

    name: str
    levels: int
    nested: tuple[str, ...] = ()
    fixed: bool = False


@dataclass(frozen=True)
class Term:
    """One source of variance: `own` facets vary, within levels of the facets `within`."""

    name: str
    own: tuple[str, ...]
    within: tuple[str, ...] = ()

    @property
    def facets(self) -> frozenset[str]:
        """Every facet that a level of this term is told by."""
        return frozenset(self.own + self.within)


@dataclass(frozen=True)
class Design:
    """Facets in the order of the array's axes, and whether values carry error of their own.

    Attributes
    ----------
    facets
        One an axis.
    error
        Whether asking the same once more could give another value. Then the term of highest order holds
        error beside interaction and stands in every expected mean square, even where its facets are fixed.
        False for exact scores.
    """

    facets: tuple[Facet, ...]
    error: bool = True

    def __post_init__(self) -> None:
        """Refuse a design that cannot be one."""
        names = [f.name for f in self.facets]
        for f in self.facets:
            if f.levels < 2:
                raise BadInput("a facet needs two levels", got=f"{f.name}: {f.levels}", fix="Leave it out")
            unknown = [p for p in f.nested if p not in names or p == f.name]
            if unknown or names.count(f.name) > 1:
                raise BadInput("facets do not fit together", got=f"{f.name} in {', '.join(f.nested)}")

    @cached_property
    def levels(self) -> dict[str, int]:
        """Levels of every facet, by name."""
        return {f.name: f.levels for f in self.facets}

    @cached_property
    def nesting(self) -> dict[str, frozenset[str]]:
        """What every facet is nested in, by name."""
        return {f.name: frozenset(f.nested) for f in self.facets}

    @property
    def nesting_in_order(self) -> dict[str, tuple[str, ...]]:
        """The same as it was given."""
        return {f.name: f.nested for f in self.facets}

    @cached_property
    def fixed(self) -> frozenset[str]:
        """Names of the fixed facets."""
        return frozenset(f.name for f in self.facets if f.fixed)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array of values, without leading axes."""
        return tuple(f.levels for f in self.facets)

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """Every term, lower orders first; the last holds all facets."""
        names = [f.name for f in self.facets]
        found = []
        for size in range(1, len(names) + 1):
            for own in combinations(names, size):
                inside = frozenset().union(*(self.nesting[f] for f in own))
                if not inside & set(own):
                    within = tuple(f for f in names if f in inside)
                    found.append(Term("×".join(self._spelled(f) for f in own), own, within))
        return tuple(sorted(found, key=lambda t: len(t.facets)))

    def _spelled(self, name: str) -> str:
        """Return a facet with what it is nested in: ``regeneration:thread:character``."""
        inside = self.nesting[name]
        nearest = [f for f in inside if not any(f in self.nesting[g] for g in inside)]
        if not nearest:
            return name
        parents = [self._spelled(f) for f in self.levels if f in nearest]
        return f"{name}:{parents[0]}" if len(parents) == 1 else f"{name}:({'×'.join(parents)})"

    def term_of(self, facets: Iterable[str]) -> int:
        """Return the place of the term with these facets and all they are nested in."""
        given = frozenset(facets)
        closed = given.union(*(self.nesting[f] for f in given))
        return self._places[closed]

    @cached_property
    def _places(self) -> dict[frozenset[str], int]:
        return {t.facets: n for n, t in enumerate(self.terms)}

    def count(self, facets: Iterable[str]) -> int:
        """Return how many cells these facets make."""
        return int(np.prod([self.levels[f] for f in facets], dtype=np.int64))

    @cached_property
    def df(self) -> Array:
        """Degrees of freedom of every term: levels - 1 of its own facets, times levels of those it is in."""
        freedom = [np.prod([self.levels[f] - 1 for f in t.own]) * self.count(t.within) for t in self.terms]
        return np.asarray(freedom, float)

    @cached_property
    def behind(self) -> Array:
        """How many values stand behind one level of every term."""
        every = self.count(self.levels)
        return np.array([every / self.count(t.facets) for t in self.terms])

    @cached_property
    def expected(self) -> Array:
        """Coefficients of components in expected mean squares, ``(mean square, component)``.

        Cornfield and Tukey (1956): component U stands in the mean square of T if U holds all facets of T and
        every facet of U's own that T lacks is random; its coefficient is the number of values behind one of
        U's levels. Interactions sum to zero over fixed facets.
        """
        out = np.zeros((len(self.terms), len(self.terms)))
        for n, t in enumerate(self.terms):
            for m, u in enumerate(self.terms):
                noise = self.error and m == len(self.terms) - 1
                drawn = not (set(u.own) - t.facets) & self.fixed
                if t.facets <= u.facets and (drawn or noise):
                    out[n, m] = self.behind[m]
        return out

    @cached_property
    def solution(self) -> Array:
        """Weights of mean squares in every component, ``(component, mean square)``: signed, few not zero."""
        found = np.linalg.inv(self.expected)
        return np.where(np.abs(found) < ROUNDING, 0.0, found)

    @cached_property
    def denominators(self) -> Array:
        """Weights of mean squares that expect what a term's own does without its component, ``(term, …)``.

        One entry: an exact F. Several: a quasi-F. None: the term cannot be tested.
        """
        without = self.expected - np.diag(np.diag(self.expected))
        found = without @ self.solution
        return np.where(np.abs(found) < ROUNDING, 0.0, found)

    @cached_property
    def in_one_value(self) -> Array:
        """How much of each component is in the variance of one value: (n - 1)/n for every fixed own facet."""
        return np.array(
            [np.prod([1 - 1 / self.levels[f] for f in t.own if f in self.fixed]) for t in self.terms]
        )

    @cached_property
    def only_fixed(self) -> tuple[bool, ...]:
        """Which terms are of fixed facets alone: differences between named levels, not a variance."""
        return tuple(t.facets <= self.fixed for t in self.terms)

    def without(self, name: str) -> Design:
        """Return the design whose values were averaged over one facet that nothing is nested in."""
        return Design(tuple(f for f in self.facets if f.name != name), self.error)


def design_of(
    levels: Sequence[tuple[str, int]],
    nested: Mapping[str, tuple[str, ...]] | None = None,
    *,
    fixed: Iterable[str] = (),
    random: Iterable[str] = (),
    error: bool = True,
) -> Design:
    """Return a design whose facets are fixed or random by the levels rule, unless told otherwise.

    Parameters
    ----------
    levels
        Name and number of levels of every facet, in the order of axes.
    nested
        Parents of the nested facets, by name.
    fixed, random
        Facets that are so whatever their number of levels.

    Raises
    ------
    BadInput
        If a facet is nested in itself or in one that is not there, or has under two levels.
    """
    parents = nested or {}
    counts = dict(levels)
    rule = kinds_of(counts, parents)
    facets = []
    for name, n in levels:
        asked = name in set(fixed)
        by_rule = rule[name] == "fixed" and name not in set(random)
        facets.append(Facet(name, n, ancestors(name, parents), asked or by_rule))
    return Design(tuple(facets), error)


def kinds_of(levels: Mapping[str, int], nested: Mapping[str, tuple[str, ...]]) -> dict[str, Kind]:
    """Return what every facet is by the levels rule.

    A facet that is nested in fixed ones alone (statements in keying) repeats nothing: its levels are counted
    over all of them, and it is random from 5.
    """
    found: dict[str, Kind] = {}
    for name in sorted(levels, key=lambda f: len(ancestors(f, nested))):
        above = ancestors(name, nested)
        if name not in REPEATED and above and all(found[p] == "fixed" for p in above):
            whole = int(np.prod([levels[p] for p in above])) * levels[name]
            found[name] = kind_of(whole, False) if levels[name] > 1 else "not estimable"
        else:
            found[name] = kind_of(levels[name], bool(above))
    return found


def ancestors(name: str, parents: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return all that a facet is nested in, by way of its parents; BadInput if that runs in a circle."""
    found: dict[str, None] = {}
    waiting = list(parents.get(name, ()))
    while waiting:
        each = waiting.pop(0)
        if each == name:
            raise BadInput("a facet is nested in itself", got=name, fix="Give --nested child:parent")
        if each not in found:
            found[each] = None
            waiting += parents.get(each, ())
    return tuple(found)
