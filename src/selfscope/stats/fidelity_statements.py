"""How much of a character carried over, statement by statement: the statements' own shifts, not their means.

The distance of :mod:`selfscope.stats.fidelity` is of traits: means over the statements that could have been
written. Where statements scatter far more than a trait moves, no trait is surely another, and nothing can be
said of a port. What each statement does is still to be seen, where its score is exact. y_0 is a statement's
shift from the unported target in the original (of the trait part D), y_j in port j. Then, with means over
statements::

    F_j = 1 - sqrt(mean (y_j - y_0)^2 / mean y_0^2)          along = mean y_j y_0 / mean y_0^2

Both are ratios of two means over statements, with Fieller's sets; the statement with its twin and all forms
is the cluster. No noise is taken out, for an exact score has none beside its forms; drawn answers have, and
are not read so. Nothing here tells a trait from a turn of phrase: any training moves single statements, so a
port has to be read beside one on another corpus.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.exchange import Ratio, fieller
from selfscope.stats.fidelity import LEVEL, NOTHING, Fidelity, Share, Trend, reading_of, share_left
from selfscope.stats.masked import Array
from selfscope.values.fidelity import Order

#: Fewest statements.
LEAST = 8


@dataclass(frozen=True, eq=False)
class Statements:
    """Shifts of several subjects in the same statements.

    Attributes
    ----------
    shifts
        y, ``(subject, statement)``, natural log-odds of a half contrast; the original is subject 0.
    """

    shifts: Array

    @classmethod
    def of(cls, shifts: ArrayLike, keyed: ArrayLike) -> Statements:
        """Return the statements that every subject was asked.

        Parameters
        ----------
        shifts
            ``(subject, dimension, m)``; NaN where one was not asked.
        keyed
            ``(dimension, m)``: +1, -1, 0 for padding.

        Raises
        ------
        BadInput
            If there are fewer than `LEAST`.
        """
        x, k = np.asarray(shifts, float), np.asarray(keyed, float)
        whole = np.isfinite(x).all(axis=0) & (k != 0)
        if whole.sum() < LEAST:
            raise BadInput(
                "too few statements were asked of everybody",
                got=int(whole.sum()),
                fix=f"Ask at least {LEAST}",
            )
        return cls(x[:, whole])

    def ratio(self, top: Array, bottom: Array) -> Ratio:
        """Return the ratio of two means over statements with Fieller's set at 95 %."""
        n = len(top)
        if not np.any(bottom):
            return Ratio(np.nan, "all", -np.inf, np.inf)
        spread = np.cov(top, bottom) / n
        variances = (float(spread[0, 0]), float(spread[0, 1]), float(spread[1, 1]))
        t = float(stats.t.ppf((1 + LEVEL) / 2, n - 1))
        return fieller(float(top.mean()), float(bottom.mean()), variances, t)

    def read_from(self, subject: int) -> Statements:
        """Return the same with one subject in the place of the unported target."""
        return Statements(self.shifts - self.shifts[subject])


def fidelity_of_statements(found: Statements, port: int, original: int = 0) -> Fidelity:
    """How near are the statements of port number `port` to the original's?"""
    own, other = found.shifts[original], found.shifts[port]
    squared = found.ratio((other - own) ** 2, own**2)
    line = found.ratio(other * own, own**2)
    nearness, along = share_left(squared), _share(line)
    if not nearness.bounded:
        along = along._replace(low=np.nan, high=np.nan)
    off = float(np.mean((other - along.estimate * own) ** 2))
    length = float(np.mean(own**2))
    return Fidelity(
        nearness,
        along,
        float(np.sqrt(off / length)) if length else np.nan,
        float(np.sqrt(np.mean((other - own) ** 2))),
        float(np.sqrt(length)),
        reading_of(nearness, along),
    )


def retest_of_statements(
    found: Statements, pairs: Sequence[tuple[int, int]], *, halves: bool = False, original: int = 0
) -> Share:
    """What would F be of the original asked again? Pairs and halves as in the retest of traits."""
    own = found.shifts[original] ** 2
    apart = np.mean([(found.shifts[a] - found.shifts[b]) ** 2 for a, b in pairs], axis=0)
    return share_left(found.ratio(apart * (0.5 if halves else 1.0), own))


def trend_of_statements(
    found: Statements, ports: Sequence[int], sizes: Sequence[int], original: int = 0
) -> Trend:
    """Does fidelity rise with the size of the corpus?

    A linear contrast of squared distances over log2 of the size, ports of one size averaged; Student's t over
    statements.
    """
    places, rows = np.asarray(ports, int), np.asarray(sizes, float)
    known = np.unique(rows)
    if len(known) < 2:
        return Trend(np.nan, np.nan, "not tested")
    own = found.shifts[original]
    steps = np.log2(known) - np.log2(known).mean()
    each = np.zeros(own.shape)
    for step, size in zip(steps / (steps**2).sum(), known, strict=True):
        apart = [(found.shifts[j] - own) ** 2 for j in places[rows == size]]
        each += step * np.mean(apart, axis=0)
    tested = stats.ttest_1samp(each, 0.0)
    p = float(tested.pvalue)
    surely: Order = "rises" if each.mean() < 0 else "falls"
    slope = float(each.mean() / np.mean(own**2)) if np.any(own) else np.nan
    return Trend(slope, p, surely if p <= 1 - LEVEL else "no order shown")


def _share(found: Ratio) -> Share:
    if not np.isfinite(found.estimate):
        return NOTHING
    if found.shape != "bounded":
        return Share(found.estimate, np.nan, np.nan)
    return Share(found.estimate, found.lower, found.upper)
