"""The design of drawn answers: columns of the logistic model, and combinations of its coefficients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selfscope.stats.atoms import Forms
from selfscope.stats.form_effects import preferences
from selfscope.stats.masked import Array, Mask

Names = list[tuple[int, str] | None]
Columns = tuple[Array, dict[tuple[int, str], int], set[str]]
"""Independent columns, where the named ones stand, and the terms that a left-out column has a part in."""


class SampledDesign:
    """The rows of one dimension: which arm, statement, polarity and form; and both models' columns.

    Arm 0 is the subject, the others are controls; arm 1 is the reference. An arm may shift the trait (kv),
    yes-saying (1), the taste for negation (v), what keying carries (k), and every preference among forms.
    Left out, a preference would spread the log-odds of one arm and so shrink its trait beside the others'.
    """

    def __init__(self, pattern: Mask, keyed: Array, forms: Forms | None) -> None:
        self.pattern = pattern
        self.arm, self.statement, twin, form = np.nonzero(pattern)
        v = 1.0 - 2.0 * twin
        k = keyed[self.statement]
        self.terms = {"trait": k * v, "all": np.ones(len(v)), "negation": v, "keyed": k}
        self.terms |= _form_terms(forms, form)
        self.forms = [column for name, column in self.terms.items() if name not in _TERMS]
        self.arms = pattern.shape[0]
        self.belongs = np.eye(pattern.shape[1])[self.statement]
        self.x, self.place, self.mixed = self._paired(self.statement * 2 + twin)
        self.controls = self.arm > 0
        self.level_x, self.level_place, _ = self._level()

    def _paired(self, text: NDArray[np.intp]) -> Columns:
        """Return text and form effects with every arm's shifts from arm 1, and where those stand."""
        columns = [*_indicators(text), *self.forms]
        names: Names = [None] * len(columns)
        for arm in (a for a in range(self.arms) if a != 1):
            for term, column in self.terms.items():
                columns.append(np.where(self.arm == arm, column, 0.0))
                names.append((arm, term))
        return _independent(columns, names)

    def _level(self) -> Columns:
        """Return statement, form and arm effects of the controls, with one θ and one ν."""
        here = self.controls
        columns = [*_indicators(self.statement[here]), *(x[here] for x in self.forms)]
        columns += [(self.arm[here] == arm).astype(float) for arm in range(2, self.arms)]
        names: Names = [None] * len(columns)
        for term in ("trait", "negation"):
            columns.append(self.terms[term][here])
            names.append((1, term))
        return _independent(columns, names)

    def combination(self, **weights: float) -> Array:
        """Return c of the subject's shift from the controls' mean in these terms; NaN if one is not there."""
        c = np.zeros(self.x.shape[1])
        for term, weight in weights.items():
            for arm in (a for a in range(self.arms) if a != 1):
                if (arm, term) not in self.place:
                    return np.full(len(c), np.nan)
                c[self.place[arm, term]] += weight * (1.0 if arm == 0 else -1.0 / (self.arms - 1))
        return c

    def preference(self, term: str) -> Array:
        """Return c of a change of preference among forms; NaN where the design mixes it with another."""
        known = self.combination(**{term: 1.0})
        return np.full(len(known), np.nan) if term in self.mixed else known


_TERMS = ("trait", "all", "negation", "keyed")
CLOSE = 1e-8


def _indicators(group: NDArray[np.intp]) -> list[Array]:
    """Return a column for every group that is there."""
    return [(group == g).astype(float) for g in np.unique(group)]


def _form_terms(forms: Forms | None, form: NDArray[np.intp]) -> dict[str, Array]:
    """Return the columns of template, format, position and label, or of the one effect of the last two.

    Centred, so that yes-saying is that of the forms asked, on average, and not of one of them.
    """
    if forms is None:
        return {}
    template, lettered, position, label = (
        np.asarray(x, float)[form] for x in (forms.template, forms.lettered, forms.position, forms.label)
    )
    told = preferences(position, label, lettered > 0)
    named = {"template": template, "lettered": lettered, **told}
    return {name: column - column.mean() for name, column in named.items()}


def _independent(columns: list[Array], names: Names) -> Columns:
    """Keep each column that is not a combination of those before it."""
    basis: list[Array] = []
    kept: list[int] = []
    left_out: list[Array] = []
    for i, column in enumerate(columns):
        left = column.astype(float)
        for _ in range(2):
            for b in basis:
                left = left - (b @ left) * b
        size = float(np.linalg.norm(left))
        if size > CLOSE * max(1.0, float(np.linalg.norm(column))):
            basis.append(left / size)
            kept.append(i)
        else:
            left_out.append(column)
    place = {name: j for j, i in enumerate(kept) if (name := names[i]) is not None}
    x = np.stack([columns[i] for i in kept], axis=1)
    return x, place, _mixed(x, place, left_out)


def _mixed(x: Array, place: dict[tuple[int, str], int], left_out: list[Array]) -> set[str]:
    """Return the terms that stand for a left-out column too, and so are not that term alone."""
    if not left_out:
        return set()
    parts = np.linalg.lstsq(x, np.stack(left_out, axis=1), rcond=None)[0]
    return {term for (_, term), j in place.items() if (np.abs(parts[j]) > 1e-6).any()}
