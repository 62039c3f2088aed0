"""What living does to a self: changes over several lives of one agent, and the way back after a disturbance.

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

from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.contrast import interval, paired_contrast, two_sided
from selfscope.stats.drift_return import AFTER, LEAST_SCRIPTS, Return, half_life
from selfscope.stats.exchange import Ratio, fieller
from selfscope.stats.guard import sharpening_slope
from selfscope.stats.masked import Array, ratio
from selfscope.stats.multiplicity import holm
from selfscope.stats.strata import score
from selfscope.values.finding import Verdict

Back = Literal["returned", "stays", "not moved", "cannot tell", "not interpretable", "too few lives"]
Apart = Literal["documents alone", "behaviour alone", "both", "neither", "cannot tell"]
Documents = Literal["changed", "unchanged", "cannot tell"]

ALPHA: Final = 0.05
#: Fewest lives on which a verdict rests, and fewest that have an interval.
LEAST_LIVES, LEAST = 8, 2
#: Share of its words that a State may change and still be held for the same one.
SAME: Final = 0.05


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
    change, guarded = (change_of(a - factor * b, k, seed=seed) for factor in (1.0, slope))
    alike = np.sign(change.estimate) == np.sign(guarded.estimate)
    p = np.where(alike, np.fmax(change.p, guarded.p), np.where(np.isfinite(change.p), 1.0, np.nan))
    count = (np.isfinite(a - b).all(axis=0) & (k != 0)).sum(axis=-1)
    return Paired(change, guarded, score(a - b, k), p, holm(p), count)


def verdicts_of(
    trait: Paired, bias: Paired, *, sesoi: float, readable: ArrayLike | None = None
) -> tuple[Verdict, ...]:
    """Return the verdict of every dimension, by the first rule that fits (`measurement.md` §8).

    Parameters
    ----------
    trait, bias
        The changes of D, and of B in its place: yes-saying, or fluency.
    sesoi
        The smallest effect of interest, a half contrast.
    readable
        Whether the sensitivity check of each dimension passed, ``(dimension,)``; all if left out.
    """
    n = len(trait.p)
    seen = np.ones(n, bool) if readable is None else np.asarray(readable, bool)
    biased = holm(bias.change.p) <= ALPHA  # firmer answers are a bias too: nothing is taken out of it
    return tuple(_verdict(trait, bias, d, sesoi, bool(seen[d]), bool(biased[d])) for d in range(n))


def _verdict(trait: Paired, bias: Paired, d: int, sesoi: float, readable: bool, biased: bool) -> Verdict:
    change = trait.change
    way = np.sign(change.estimate[d])
    both = all(np.isnan(side[d]) or side[d] * way > 0 for side in (change.plus, change.minus))
    enough = trait.lives >= LEAST_LIVES
    if enough and trait.p_adjusted[d] <= ALPHA and abs(change.estimate[d]) >= sesoi and both:
        return "shifted"
    if not readable:
        return "not interpretable"
    moved = float(bias.change.estimate[d])  # pro texts move by B + D, con texts by B - D: the same way
    if enough and biased and abs(moved) >= max(sesoi, abs(change.estimate[d])):
        return "bias only"
    return "equivalent" if enough and _inside(change, d, sesoi) else "inconclusive"


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


class Returning(NamedTuple):
    """What became of a disturbance in one dimension: disturbed lives less their undisturbed twins.

    Attributes
    ----------
    course
        Differences, ``(pair, point)``, half contrasts; point 0 is the first State.
    push, residue
        Mean difference just after the disturbance and at the end, each with its 95 % interval.
    p_push, p_residue
        The first by Holm over the dimensions.
    left
        Residue over push, with Fieller's set over pairs.
    half_life
        Conversations until half of it is gone; None where too few were held after it.
    verdict
        ``returned``: moved, and at the end within the smallest effect of interest of the twin (90 %
        interval). ``stays``: moved, and at the end still apart by that much, the same way. ``not moved``: the
        90 % interval of the push lies within the smallest effect.
    """

    course: Array
    push: tuple[float, float, float]
    residue: tuple[float, float, float]
    p_push: float
    p_residue: float
    left: Ratio
    half_life: Return | None
    verdict: Back


def returning(
    disturbed: ArrayLike,
    twins: ArrayLike,
    keyed: ArrayLike,
    at: int,
    *,
    sesoi: float,
    readable: ArrayLike | None = None,
    seed: int = 0,
) -> tuple[Returning, ...]:
    """Is there anything to return to, dimension by dimension?

    Parameters
    ----------
    disturbed, twins
        D, ``(pair, point, dimension, m)``: a life with a disturbing conversation, and the same life with a
        neutral one in its place.
    at
        The point after the disturbing conversation, from 1.
    sesoi
        The smallest effect of interest, a half contrast.
    readable
        Whether the sensitivity check of each dimension passed, ``(dimension,)``; all if left out. Where it
        did not, nothing that is absent is told.

    Raises
    ------
    BadInput
        If the two do not fit, or there is no conversation after the disturbing one.
    """
    a, b = np.asarray(disturbed, float), np.asarray(twins, float)
    if a.shape != b.shape or a.ndim != 4 or not 1 <= at < a.shape[1] - 1:
        raise BadInput(
            "a way back needs pairs of lives, and a conversation after the one that disturbs",
            got=f"{a.shape} and {b.shape}, disturbed at point {at}",
        )
    first = paired_lives(a[:, at], b[:, at], keyed, seed=seed)
    last = paired_lives(a[:, -1], b[:, -1], keyed, seed=seed)
    courses = score(a - b, keyed)
    seen = np.ones(a.shape[2], bool) if readable is None else np.asarray(readable, bool)
    return tuple(
        _returning(courses[:, :, d], first, last, d, at, sesoi, bool(seen[d]), seed)
        for d in range(a.shape[2])
    )


def _returning(
    course: Array, first: Paired, last: Paired, d: int, at: int, sesoi: float, readable: bool, seed: int
) -> Returning:
    pairs = len(course)
    names = [str(n) for n in range(pairs)]
    enough = pairs >= LEAST_SCRIPTS and course.shape[1] - at > AFTER
    back = half_life(course, np.full(pairs, at), names, seed=seed) if enough else None
    return Returning(
        course,
        _interval(first.change, d),
        _interval(last.change, d),
        float(first.p_adjusted[d]),
        float(last.p[d]),
        share_left(course[:, -1], course[:, at]),
        back,
        _back(first, last, d, sesoi, readable),
    )


def share_left(residue: ArrayLike, push: ArrayLike) -> Ratio:
    """Return what is left of a push, mean over mean of pairs ``(pair,)``, with Fieller's set."""
    top, bottom = np.asarray(residue, float), np.asarray(push, float)
    n = len(top)
    spread = np.cov(np.stack([top, bottom])) / n
    t = float(stats.t.ppf(0.975, n - 1))
    return fieller(float(top.mean()), float(bottom.mean()), (spread[0, 0], spread[0, 1], spread[1, 1]), t)


def _back(first: Paired, last: Paired, d: int, sesoi: float, readable: bool) -> Back:
    if first.lives < LEAST_LIVES:
        return "too few lives"
    push, residue = float(first.change.estimate[d]), float(last.change.estimate[d])
    if not (first.p_adjusted[d] <= ALPHA and abs(push) >= sesoi):
        if _inside(first.change, d, sesoi):
            return "not moved" if readable else "not interpretable"
        return "cannot tell"
    if last.p[d] <= ALPHA and abs(residue) >= sesoi and residue * push > 0:
        return "stays"
    return "returned" if _inside(last.change, d, sesoi) else "cannot tell"


def _inside(found: Change, d: int, sesoi: float) -> bool:
    low, high = found.ci90[d]
    return bool(-sesoi < low and high < sesoi)


def _interval(found: Change, d: int) -> tuple[float, float, float]:
    return float(found.estimate[d]), float(found.ci95[d, 0]), float(found.ci95[d, 1])


class DocumentChange(NamedTuple):
    """By how much the documents of a State are others at the end than they were at first.

    Attributes
    ----------
    estimate, ci95, ci90
        Mean over lives of the share of words that changed, with Student's t intervals.
    lives
        How many.
    verdict
        ``changed`` if the 95 % interval lies above :data:`SAME`; ``unchanged`` if the 90 % interval lies
        below it.
    """

    estimate: float
    ci95: tuple[float, float]
    ci90: tuple[float, float]
    lives: int
    verdict: Documents


def document_change(shares: ArrayLike) -> DocumentChange:
    """Return how much documents changed, over lives ``(life,)``; of one life there is no interval."""
    x = np.asarray(shares, float)
    if len(x) < LEAST:
        nothing = (float("nan"), float("nan"))
        return DocumentChange(float(x.mean()), nothing, nothing, len(x), "cannot tell")
    middle, error = float(x.mean()), float(x.std(ddof=1) / np.sqrt(len(x)))
    wide, narrow = (float(stats.t.ppf(level, len(x) - 1)) * error for level in (0.975, 0.95))
    verdict: Documents = "cannot tell"
    if len(x) >= LEAST_LIVES:
        if middle - wide > SAME:
            verdict = "changed"
        elif middle + narrow < SAME:
            verdict = "unchanged"
    return DocumentChange(
        middle, (middle - wide, middle + wide), (middle - narrow, middle + narrow), len(x), verdict
    )


def apart(documents: Documents, behaviour: str) -> Apart:
    """Say whether what an agent wrote and what it answers went together.

    Parameters
    ----------
    behaviour
        The verdict of the finding against the first State: ``shifted`` moved, ``equivalent`` did not.
    """
    if documents == "cannot tell" or behaviour not in ("shifted", "equivalent"):
        return "cannot tell"
    wrote, moved = documents == "changed", behaviour == "shifted"
    if wrote and moved:
        return "both"
    return "documents alone" if wrote else "behaviour alone" if moved else "neither"


class Together(NamedTuple):
    """Whether lives that changed their documents more answer more differently: over lives, by ranks.

    `r` is Spearman's correlation, `p` two-sided by exchanging lives; NaN under four lives or without spread.
    """

    r: float
    p: float


def together(documents: ArrayLike, behaviour: ArrayLike) -> Together:
    """Return how two changes go together over lives, each ``(life,)``; of behaviour the size counts."""
    wrote, moved = np.asarray(documents, float), np.abs(np.asarray(behaviour, float))
    if len(wrote) < LEAST_SCRIPTS or np.ptp(wrote) == 0 or np.ptp(moved) == 0:
        return Together(float("nan"), float("nan"))
    return Together(*map(float, _spearman(wrote, moved)))


def _spearman(x: Array, y: Array) -> tuple[float, float]:
    first, second = (stats.rankdata(v) - (len(v) + 1) / 2 for v in (x, y))
    norm = float(np.sqrt((first**2).sum() * (second**2).sum()))
    rng = np.random.default_rng([len(x), 97])
    orders = rng.permuted(np.tile(second, (4999, 1)), axis=1)
    own = float(first @ second) / norm
    hits = int((np.abs(orders @ first) / norm >= abs(own) - 1e-12).sum())
    return own, (1 + hits) / (1 + len(orders))
