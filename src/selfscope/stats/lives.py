"""What living does to a self: changes over several lives of one agent.

Lives are a sample, and so are statements. What a life is compared with is no sample: its own first State,
its own State with one role as it was at first, or its own twin that was not disturbed. Statement i of life l
gives D_li there and here, and all rests on the difference, a half contrast, positive for more of the trait::

    delta_li = D_li(here) - D_li(there) = mu + a_l + b_i + e_li

The error of the mean holds both: that over statements of the mean life, plus that over lives of the mean
statement, less e, which is in either (Cameron, Gelbach and Miller 2011, with one observation a cell). The
worse of two separate tests, as `measurement.md` §5 has it for texts, is false in .09 of studies where lives
and statements spread alike. Firmer answers are no change (§4): delta_li with c D_li(there) in the place of
D_li(there) must pass as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.errors import BadInput
from selfscope.stats.contrast import interval, paired_contrast, two_sided
from selfscope.stats.guard import sharpening_slope
from selfscope.stats.masked import Array, ratio
from selfscope.stats.multiplicity import holm
from selfscope.stats.strata import score
from selfscope.values.finding import Verdict

ALPHA: Final = 0.05
#: Fewest lives on which a verdict rests, and fewest that have an interval.
LEAST_LIVES, LEAST = 8, 2


class Change(NamedTuple):
    """A mean over lives and statements; arrays ``(dimension,)``, intervals ``(dimension, 2)``.

    Attributes
    ----------
    estimate
        Half contrast in natural log-odds, both keyings alike.
    se, df
        Of both samples together; degrees of freedom by Satterthwaite.
    p
        Two-sided by t, and never under that of the sign-flip over statements; NaN under six statements.
    plus, minus
        Means over the statements of either keying; NaN where there are none.
    """

    estimate: Array
    se: Array
    df: Array
    ci95: Array
    ci90: Array
    p: Array
    plus: Array
    minus: Array


class Paired(NamedTuple):
    """Lives at one place against the same lives at another; arrays ``(dimension,)``.

    Attributes
    ----------
    change, guarded
        The mean change, and the same with firmer answers taken out.
    each
        The change of every life, ``(life, dimension)``.
    p
        The larger p of both; 1 where their signs differ.
    p_adjusted
        By Holm over the dimensions.
    statements
        How many count, ``(dimension,)``.
    """

    change: Change
    guarded: Change
    each: Array
    p: Array
    p_adjusted: Array
    statements: Array

    @property
    def lives(self) -> int:
        """How many lives."""
        return len(self.each)


def paired_lives(here: ArrayLike, there: ArrayLike, keyed: ArrayLike, *, seed: int = 0) -> Paired:
    """Do lives answer otherwise here than there?

    Parameters
    ----------
    here, there
        D, ``(life, dimension, m)``; NaN where a statement was not asked.
    keyed
        ``(dimension, m)``: +1, -1, 0 for padding.

    Raises
    ------
    BadInput
        If there are fewer than two lives, or the two do not fit.
    """
    a, b = np.asarray(here, float), np.asarray(there, float)
    k = np.asarray(keyed, float)
    if a.shape != b.shape or a.ndim != 3 or len(a) < LEAST or a.shape[1:] != k.shape:
        raise BadInput(
            "two lives or more are compared, each with itself",
            got=f"{a.shape} and {b.shape}, keyed {k.shape}",
            fix="Give (life, dimension, m) twice, and (dimension, m)",
        )
    slope = sharpening_slope(a.mean(axis=0), b.mean(axis=0))
    return paired_of(a - b, a - slope * b, k, seed=seed)


def paired_of(delta: Array, guarded: Array, keyed: Array, *, seed: int = 0) -> Paired:
    """Return the tests of changes ``(life, dimension, m)``, and of the same with firmer answers taken out."""
    change, firm = (change_of(each, keyed, seed=seed) for each in (delta, guarded))
    alike = np.sign(change.estimate) == np.sign(firm.estimate)
    p = np.where(alike, np.fmax(change.p, firm.p), np.where(np.isfinite(change.p), 1.0, np.nan))
    count = (np.isfinite(delta).all(axis=0) & (keyed != 0)).sum(axis=-1)
    return Paired(change, firm, score(delta, keyed), p, holm(p), count)


def jointly(several: Sequence[Paired]) -> tuple[Paired, ...]:
    """Return the same tests with p by Holm over all of them and their dimensions: one family.

    Where nothing changed in any life (to the digit, as where an agent keeps nothing) there is no test.
    """
    p = np.stack([np.where((s.change.se == 0) & (s.change.estimate == 0), np.nan, s.p) for s in several])
    adjusted = holm(p.ravel()).reshape(p.shape)
    return tuple(each._replace(p_adjusted=own) for each, own in zip(several, adjusted, strict=True))


def sided(bias: Paired, trait: Array, other: Array, keyed: ArrayLike, *, seed: int = 0) -> Paired:
    """Return a change of B with the p that pro and con texts moved alike: the worse of both (§8.3).

    Pro texts move by B + D, con texts by B - D. p is 1 where they part: that is no bias alone.

    Parameters
    ----------
    bias
        The test of B.
    trait, other
        Changes of D and of B, ``(life, dimension, m)``.
    """
    pro, con = (change_of(other + sign * trait, keyed, seed=seed) for sign in (1, -1))
    alike = np.sign(pro.estimate) == np.sign(con.estimate)
    worse = np.maximum(pro.p, con.p)
    p = np.where(alike | np.isnan(worse), worse, 1.0)
    return bias._replace(change=bias.change._replace(p=p))


def verdicts_of(
    trait: Paired,
    bias: Paired,
    *,
    sesoi: float,
    readable: ArrayLike | None = None,
    barred: ArrayLike | None = None,
) -> tuple[Verdict, ...]:
    """Return the verdict of every dimension, by the first rule that fits (`measurement.md` §8).

    Parameters
    ----------
    trait, bias
        The changes of D, and of B in its place: yes-saying, or fluency (see `sided`).
    sesoi
        The smallest effect of interest, a half contrast.
    readable
        Whether an absence could be seen in each dimension, ``(dimension,)``; all if left out.
    barred
        Where a shift is not told whatever its test says (:mod:`selfscope.stats.lives_bars`); nowhere if left
        out.
    """
    n = len(trait.p)
    seen = np.ones(n, bool) if readable is None else np.asarray(readable, bool)
    shut = np.zeros(n, bool) if barred is None else np.asarray(barred, bool)
    biased = holm(bias.change.p) <= ALPHA  # firmer answers are a bias too: nothing is taken out of it
    return tuple(
        "shifted" if not shut[d] and is_shifted(trait, d, sesoi)
        else _otherwise(trait, bias, d, sesoi, bool(seen[d]), bool(biased[d]))
        for d in range(n)
    )  # fmt: skip


def is_shifted(trait: Paired, d: int, sesoi: float) -> bool:
    """Whether a change is told: enough lives, p by Holm, its size, and both keyings the same way (§8.1)."""
    change = trait.change
    way = np.sign(change.estimate[d])
    both = all(np.isnan(side[d]) or side[d] * way > 0 for side in (change.plus, change.minus))
    sure = trait.lives >= LEAST_LIVES and trait.p_adjusted[d] <= ALPHA
    return bool(sure and abs(change.estimate[d]) >= sesoi and both)


def _otherwise(trait: Paired, bias: Paired, d: int, sesoi: float, readable: bool, biased: bool) -> Verdict:
    """Return the verdict of a change that is not told."""
    change, enough = trait.change, trait.lives >= LEAST_LIVES
    if not readable:
        return "not interpretable"
    moved = float(bias.change.estimate[d])  # pro texts move by B + D, con texts by B - D: the same way
    if enough and biased and abs(moved) >= max(sesoi, abs(change.estimate[d])):
        return "bias only"
    return "equivalent" if enough and lies_within(change, d, sesoi) else "inconclusive"


def change_of(delta: ArrayLike, keyed: ArrayLike, *, seed: int = 0) -> Change:
    """Return the mean of changes ``(life, dimension, m)``, with the error of lives and of statements."""
    x, k = np.asarray(delta, float), np.asarray(keyed, float)
    x = np.where(np.isfinite(x).all(axis=0), x, np.nan)
    items = paired_contrast(x.mean(axis=0), k, seed=seed)
    each = score(x, k)
    lives = len(x)
    over_lives = each.var(axis=0, ddof=1) / lives
    over_items = items.se**2
    both = np.maximum(over_items + over_lives - _cells(x, k), np.maximum(over_items, over_lives))
    below = ratio(over_items**2, items.df) + over_lives**2 / (lives - 1)
    df = np.where(below > 0, ratio(both**2, below), items.df)
    se = np.sqrt(both)
    p = np.where(np.isfinite(items.p), np.fmax(two_sided(items.estimate, se, df), items.p), np.nan)
    ci95, ci90 = (interval(items.estimate, se, df, level) for level in (0.95, 0.90))
    return Change(items.estimate, se, df, ci95, ci90, p, items.plus, items.minus)


def _cells(x: Array, keyed: Array) -> Array:
    """Return the variance of the mean that single cells make, which lives and statements both hold."""
    found = np.zeros(x.shape[1])
    for sign in (1.0, -1.0):
        use = (keyed == sign) & np.isfinite(x).all(axis=0)
        n = use.sum(axis=-1)
        own = np.where(use, x, 0.0)
        rows = ratio(own.sum(axis=-1, keepdims=True), n[:, None])
        columns = own.mean(axis=0, keepdims=True)
        left = np.where(use, own - rows - columns + rows.mean(axis=0, keepdims=True), 0.0)
        df = (len(x) - 1) * np.maximum(n - 1, 0)
        found = found + np.nan_to_num(ratio((left**2).sum(axis=(0, 2)), df * len(x) * n)) * _share(
            keyed, sign
        )
    return found


def _share(keyed: Array, sign: float) -> Array:
    """Return the square of the weight that one keying has in a mean: a quarter where both are there."""
    there, other = ((keyed == s).any(axis=-1) for s in (sign, -sign))
    return np.where(there & other, 0.25, np.where(there, 1.0, 0.0))


def lies_within(found: Change, d: int, sesoi: float) -> bool:
    """Whether the 90 % interval of a change lies within ±sesoi."""
    low, high = found.ci90[d]
    return bool(-sesoi < low and high < sesoi)
