"""The design of drawn answers: columns of the logistic model, and combinations of its coefficients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selfscope.stats.atoms import Forms
from selfscope.stats.masked import Array, Mask

TERMS = ("trait", "all", "negation", "keyed")
"""What an arm may shift: θ (kv), yes-saying a (1), ν (v), γ (k)."""


class SampledDesign:
    """The rows of one dimension: which arm, statement, polarity and form; and both models' columns.

    Arm 0 is the subject, the others are controls; arm 1 is the reference.
    """

    def __init__(self, pattern: Mask, keyed: Array, forms: Forms | None) -> None:
        self.pattern = pattern
        self.arm, self.statement, twin, form = np.nonzero(pattern)
        v = 1.0 - 2.0 * twin
        k = keyed[self.statement]
        self.terms = {"trait": k * v, "all": np.ones(len(v)), "negation": v, "keyed": k}
        self.columns_of_forms = _form_columns(forms, form)
        self.arms = pattern.shape[0]
        self.belongs = np.eye(pattern.shape[1])[self.statement]
        self.x, self.place = self._paired(self.statement * 2 + twin)
        self.controls = self.arm > 0
        self.level_x, self.level_place = self._level()

    def _paired(self, text: NDArray[np.intp]) -> tuple[Array, dict[tuple[int, str], int]]:
        """Return text and form effects with every arm's shifts from arm 1, and where those stand."""
        columns = [*_indicators(text), *self.columns_of_forms]
        names: list[tuple[int, str] | None] = [None] * len(columns)
        for arm in (a for a in range(self.arms) if a != 1):
            for term in TERMS:
                columns.append(np.where(self.arm == arm, self.terms[term], 0.0))
                names.append((arm, term))
        return _independent(columns, names)

    def _level(self) -> tuple[Array, dict[tuple[int, str], int]]:
        """Return statement, form and arm effects of the controls, with one θ and one ν."""
        here = self.controls
        columns = [*_indicators(self.statement[here]), *(x[here] for x in self.columns_of_forms)]
        columns += [(self.arm[here] == arm).astype(float) for arm in range(2, self.arms)]
        names: list[tuple[int, str] | None] = [None] * len(columns)
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


def _indicators(group: NDArray[np.intp]) -> list[Array]:
    """Return a column for every group that is there."""
    return [(group == g).astype(float) for g in np.unique(group)]


def _form_columns(forms: Forms | None, form: NDArray[np.intp]) -> list[Array]:
    """Return the columns of template, format, position and label."""
    if forms is None:
        return []
    return [np.asarray(x, float)[form] for x in (forms.template, forms.lettered, forms.position, forms.label)]


def _independent(
    columns: list[Array], names: list[tuple[int, str] | None]
) -> tuple[Array, dict[tuple[int, str], int]]:
    """Keep each column that is not a combination of those before it; say where the named ones stand."""
    basis: list[Array] = []
    kept: list[int] = []
    for i, column in enumerate(columns):
        left = column.astype(float)
        for _ in range(2):
            for b in basis:
                left = left - (b @ left) * b
        size = float(np.linalg.norm(left))
        if size > 1e-8 * max(1.0, float(np.linalg.norm(column))):
            basis.append(left / size)
            kept.append(i)
    place = {name: j for j, i in enumerate(kept) if (name := names[i]) is not None}
    return np.stack([columns[i] for i in kept], axis=1), place
