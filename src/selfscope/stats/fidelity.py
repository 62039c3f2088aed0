"""How much of a character carried over: the distance of a port from the original, noise taken out of it.

Every statement i of dimension d gives each subject a trait part D (`measurement.md` §1). What is read are
shifts from the unported target, or in a channel whose level is not interpreted from each subject's own bare
ground: x_0 of the original, x_j of port j. With mu_d the expected half contrasts over statements that could
have been written, the squared distance of two of them is summed over dimensions::

    D2(a, b) = sum_d (mu_da - mu_db)^2          D = sign(D2) sqrt(|D2|)
    F_j = 1 - D(j, 0) / D(unported, 0)

The square of an estimate is too large by its variance. So mu_a mu_b is estimated by the mean over products
of *different* statements: with the half sum m of both keyings and its covariance S over statements, that is
m_a m_b - S_ab, the mean of cross-products over all disjoint halves. A perfect port then has D2 = 0 in
expectation however few statements there are, and its estimate may be below 0: nearer than noise can tell.

F alone does not tell half a character from one and a half of it, so the distance is split along the line
from the unported target to the original and across it::

    along = <x_j, x_0> / <x_0, x_0>          (1 - F)^2 = (1 - along)^2 + across^2

along 1.5 and across 0 is a caricature.

All of these are quadratic forms x'Ax in normal means; with Q_A their unbiased estimate,
Var Q_A = 4 mu'A S A mu + 2 (1 + 1/df) tr(A S A S) (:meth:`Shifts.covary` says how it is estimated). Intervals
are Fieller's for the ratio of two such forms (:func:`selfscope.stats.exchange.fieller`), and for one
dimension Fieller's for the ratio of two means; where the set has no end, the original does not surely differ
from the unported target, and there was nothing to carry over. The statement with its twin and all its forms
is the cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.exchange import Ratio, fieller
from selfscope.stats.masked import Array
from selfscope.values.fidelity import Order, Reading

#: Both two-sided intervals.
LEVEL = 0.95
#: Share of the original's shift from which an overshoot that is sure is called a caricature.
CARICATURE = 1.2
#: Share of the distance that must be closed for sure for a character to count as carried.
CARRIED = 0.5
#: Fewest statements of a keying in a dimension: below, its covariance is not estimated.
LEAST_OF_A_KEYING = 2


class Share(NamedTuple):
    """A share with its 95 % interval; NaN bounds where the set of shares has no end."""

    estimate: float
    low: float
    high: float

    @property
    def bounded(self) -> bool:
        """Whether there is an interval."""
        return bool(np.isfinite([self.low, self.high]).all())


NOTHING = Share(np.nan, np.nan, np.nan)
#: Of a squared distance that is estimated at 0 or below.
NO_RATIO = Ratio(np.nan, "all", -np.inf, np.inf)


@dataclass(frozen=True, eq=False)
class Shifts:
    """Half contrasts of several subjects over the same statements.

    Attributes
    ----------
    means
        m, ``(dimension, subject)``, natural log-odds of a half contrast; the original is subject 0.
    covariance
        S of each dimension's means over statements, ``(dimension, subject, subject)``.
    df
        Degrees of freedom of S, ``(dimension,)``: statements less one for each keying.
    """

    means: Array
    covariance: Array
    df: Array

    @classmethod
    def of(cls, shifts: ArrayLike, keyed: ArrayLike) -> Shifts:
        """Return the means of shifts ``(subject, dimension, m)``.

        Parameters
        ----------
        shifts
            Of every statement, subjects asked the same ones; NaN where one was not asked of some subject:
            then it counts for none.
        keyed
            ``(dimension, m)``: +1, -1, 0 for padding.

        Raises
        ------
        BadInput
            If they do not fit, or a dimension has a keying with a single statement left.
        """
        x, k = np.asarray(shifts, float), np.asarray(keyed, float)
        if x.ndim != 3 or x.shape[1:] != k.shape:
            raise BadInput(
                "shifts and keying do not fit",
                got=f"{x.shape}, {k.shape}",
                fix="Give (subject, dimension, m) and (dimension, m)",
            )
        found = [_dimension(x[:, d], k[d]) for d in range(k.shape[0])]
        return cls(*(np.stack(part) for part in zip(*found, strict=True)))

    def only(self, dimensions: ArrayLike) -> Shifts:
        """Return the same with some dimensions alone; `dimensions` a mask or places."""
        which = np.asarray(dimensions)
        return Shifts(self.means[which], self.covariance[which], self.df[which])

    def square(self, form: Array) -> float:
        """Return the unbiased x'Ax, summed over dimensions, of a symmetric form A ``(subject, subject)``."""
        whole = np.einsum("ds,st,dt->d", self.means, form, self.means)
        return float((whole - np.einsum("st,dts->d", form, self.covariance)).sum())

    def covary(self, form: Array, other: Array) -> float:
        """Return the covariance of two such estimates: 4 m'A S B m + 2/df tr(A S B S) over dimensions.

        m in the place of mu makes it larger by 2 tr(A S B S) than it is on average; with it, intervals hold
        what they say where there are few dimensions.
        """
        left = np.einsum("st,dtu->dsu", form, self.covariance)
        right = np.einsum("st,dtu->dsu", other, self.covariance)
        noise = np.einsum("dst,dts->d", left, right)
        carried = np.einsum("ds,dst,tu,du->d", self.means, left, other, self.means)
        return float((4 * carried + 2 / self.df * noise).sum())

    def ratio(self, top: Array, bottom: Array) -> Ratio:
        """Return the ratio of two forms with Fieller's set at 95 %; none where the lower is not above 0."""
        a, b = self.square(top), self.square(bottom)
        if b <= 0:
            return NO_RATIO
        var_a, var_b = self.covary(top, top), self.covary(bottom, bottom)
        limit = float(np.sqrt(var_a * var_b))
        both = float(np.clip(self.covary(top, bottom), -limit, limit))
        return fieller(a, b, (var_a, both, var_b), _quantile(float(self.df.sum())))


def _dimension(x: Array, keyed: Array) -> tuple[Array, Array, Array]:
    """Return means ``(subject,)``, their covariance and its df, of one dimension's ``(subject, m)``."""
    whole = np.isfinite(x).all(axis=0)
    strata = [x[:, whole & (keyed == k)] for k in (1, -1)]
    strata = [s for s in strata if s.shape[1]]
    if not strata or min(s.shape[1] for s in strata) < LEAST_OF_A_KEYING:
        raise BadInput(
            "a dimension has too few statements to tell noise from distance",
            got=[s.shape[1] for s in strata],
            fix=f"Ask at least {LEAST_OF_A_KEYING} of each keying",
        )
    share = 1 / len(strata)
    mean = share * np.sum([s.mean(axis=1) for s in strata], axis=0)
    spread = [np.atleast_2d(np.cov(s)) / s.shape[1] for s in strata]
    df = sum(s.shape[1] - 1 for s in strata)
    return mean, share**2 * np.sum(spread, axis=0), np.asarray(float(df))


def between(subjects: int, one: int, other: int | None = None) -> Array:
    """Return the form of the squared distance of two subjects, or of one from 0."""
    way = np.zeros(subjects)
    way[one] = 1.0
    if other is not None:
        way[other] -= 1.0
    return np.outer(way, way)


def together(subjects: int, one: int, other: int) -> Array:
    """Return the form whose value is the inner product of two subjects' shifts."""
    form = np.zeros((subjects, subjects))
    form[one, other] += 0.5
    form[other, one] += 0.5
    return form


@dataclass(frozen=True)
class Fidelity:
    """How much of the original a port carries.

    Attributes
    ----------
    fidelity
        F: 1 is the original, 0 the unported target, below 0 further away than that.
    along
        Share of the original's shift that the port has, along the line from the unported target to the
        original: above 1 it overshoots.
    across
        Distance off that line, in lengths of it; 0 where the estimate of its square is negative.
    distance, unported
        Root mean square over dimensions of the half contrast between port and original, and between the
        unported target and the original, natural log-odds; 0 where the unbiased square is negative.
    reading
        In one word; see :func:`reading_of`.
    """

    fidelity: Share
    along: Share
    across: float
    distance: float
    unported: float
    reading: Reading


def fidelity(shifts: Shifts, port: int, original: int = 0) -> Fidelity:
    """How much of the original did port number `port` carry over, all dimensions of `shifts` together?

    Parameters
    ----------
    port, original
        Places on the subject axis.
    """
    n, dims = shifts.means.shape[1], len(shifts.means)
    whole, apart = between(n, original), between(n, port, original)
    line = together(n, port, original)
    found = share_left(shifts.ratio(apart, whole))
    along = _share(shifts.ratio(line, whole))
    if not found.bounded:
        found, along = found._replace(low=np.nan, high=np.nan), along._replace(low=np.nan, high=np.nan)
    length = shifts.square(whole)
    off = shifts.square(between(n, port)) - 2 * along.estimate * shifts.square(line)
    off += along.estimate**2 * length
    return Fidelity(
        found,
        along,
        float(np.sqrt(max(off, 0.0) / length)) if length > 0 else np.nan,
        float(np.sqrt(max(shifts.square(apart), 0.0) / dims)),
        float(np.sqrt(max(length, 0.0) / dims)),
        reading_of(found, along),
    )


def fidelity_by_dimension(shifts: Shifts, port: int, original: int = 0) -> tuple[Fidelity, ...]:
    """Return the same of each dimension alone, where the line is all there is: F = 1 - |1 - along|.

    along is a ratio of two means of half contrasts, its interval Fieller's by Student's t.
    """
    return tuple(_of_one(shifts, d, port, original) for d in range(len(shifts.means)))


def _of_one(shifts: Shifts, d: int, port: int, original: int) -> Fidelity:
    own, whole = shifts.means[d, port], shifts.means[d, original]
    s = shifts.covariance[d]
    variances = (s[port, port], s[port, original], s[original, original])
    along = _share(fieller(own, whole, variances, _quantile(float(shifts.df[d]))))
    found = Share(1 - abs(1 - along.estimate), *_folded(along))
    return Fidelity(found, along, 0.0, abs(own - whole), abs(whole), reading_of(found, along))


def _folded(along: Share) -> tuple[float, float]:
    """Return the interval of 1 - |1 - along|."""
    if not along.bounded:
        return np.nan, np.nan
    ends = sorted(1 - abs(1 - bound) for bound in (along.low, along.high))
    return ends[0], 1.0 if along.low <= 1 <= along.high else ends[1]


def reading_of(fidelity: Share, along: Share) -> Reading:
    """Return in words how much carried over, the first that fits.

    ``nothing to carry over``: the interval has no end, so the original is not surely another than the
    unported target. ``caricature``: the port surely overshoots (the interval of `along` lies above 1), by a
    fifth at least. ``carried``: surely more than half of the distance is closed. ``in part``: surely some of
    it. ``away``: surely none, and the port is further off than the unported target. ``not carried``: surely
    less than half. ``cannot tell``: the rest.
    """
    if not fidelity.bounded:
        return "nothing to carry over"
    if along.bounded and along.low > 1 and along.estimate >= CARICATURE:
        return "caricature"
    if fidelity.low > CARRIED:
        return "carried"
    if fidelity.low > 0:
        return "in part"
    if fidelity.high < 0:
        return "away"
    return "not carried" if fidelity.high < CARRIED else "cannot tell"


def retest(shifts: Shifts, pairs: ArrayLike, *, halves: bool = False, original: int = 0) -> Share:
    """What would F be of the original itself, asked again? The ceiling.

    Parameters
    ----------
    pairs
        Places of two readings of the original on the subject axis, ``(pair, 2)``: halves of the forms of one
        reading, or readings after histories drawn anew. Squared distances are averaged over pairs.
    halves
        Whether each reading is of half of the forms: the squared distance of whole readings is then half of
        theirs, forms being as many again.
    """
    n = shifts.means.shape[1]
    forms = [between(n, int(a), int(b)) for a, b in np.asarray(pairs, int)]
    apart = np.mean(forms, axis=0) * (0.5 if halves else 1.0)
    return share_left(shifts.ratio(apart, between(n, original)))


class Trend(NamedTuple):
    """Whether ports come nearer as the corpus grows.

    Attributes
    ----------
    slope
        Of D2(port, original) over D2(unported, original) by doubling of the corpus; negative: nearer.
    p
        Two-sided, normal.
    order
        ``rises`` (fidelity does), ``falls``, ``no order shown``, or ``not tested`` with fewer than two sizes.
    """

    slope: float
    p: float
    order: Order


def trend(shifts: Shifts, ports: ArrayLike, sizes: ArrayLike, original: int = 0) -> Trend:
    """Does fidelity rise with the size of the corpus?

    A linear contrast of squared distances over log2 of the size, ports of one size averaged, tested against
    the spread over statements: one training a size, and nothing is said about other seeds.

    Parameters
    ----------
    ports, sizes
        Places on the subject axis, and rows of the corpus of each, ``(port,)``.
    """
    places, rows = np.asarray(ports, int), np.asarray(sizes, float)
    known = np.unique(rows)
    if len(known) < 2:
        return Trend(np.nan, np.nan, "not tested")
    n = shifts.means.shape[1]
    steps = np.log2(known) - np.log2(known).mean()
    form = np.zeros((n, n))
    for step, size in zip(steps / (steps**2).sum(), known, strict=True):
        own = [between(n, int(j), original) for j in places[rows == size]]
        form += step * np.mean(own, axis=0)
    change, se = shifts.square(form), float(np.sqrt(shifts.covary(form, form)))
    length = shifts.square(between(n, original))
    p = float(2 * stats.norm.sf(abs(change) / se)) if se > 0 else np.nan
    surely: Order = "rises" if change < 0 else "falls"
    slope = change / length if length > 0 else np.nan
    return Trend(float(slope), p, surely if p <= 1 - LEVEL else "no order shown")


def over_seeds(found: list[Share]) -> Share:
    """Return the mean F of several seeds of one training, its interval the wider of two.

    Over seeds by Student's t, and over statements: the mean of the ends of each seed's own interval. One seed
    is itself; without an interval of every seed there is none.
    """
    if len(found) == 1:
        return found[0]
    each = np.array([s.estimate for s in found])
    if not len(each) or not all(s.bounded for s in found):
        return Share(float(each.mean()) if len(each) else np.nan, np.nan, np.nan)
    half = _quantile(len(each) - 1.0) * each.std(ddof=1) / np.sqrt(len(each))
    low, high = (float(np.mean([getattr(s, end) for s in found])) for end in ("low", "high"))
    return Share(
        float(each.mean()), min(low, float(each.mean() - half)), max(high, float(each.mean() + half))
    )


def share_left(squared: Ratio) -> Share:
    """Return 1 - sign(r) sqrt(|r|) of a ratio of squared distances, with its interval."""
    if not np.isfinite(squared.estimate):
        return NOTHING
    estimate, low, high = (
        1 - np.sign(r) * np.sqrt(abs(r)) for r in (squared.estimate, squared.upper, squared.lower)
    )
    if squared.shape != "bounded":
        return Share(float(estimate), np.nan, np.nan)
    return Share(float(estimate), float(low), float(high))


def _share(found: Ratio) -> Share:
    if found.shape != "bounded":
        return Share(found.estimate, np.nan, np.nan)
    return Share(found.estimate, found.lower, found.upper)


def _quantile(df: float) -> float:
    return float(stats.t.ppf((1 + LEVEL) / 2, df))
