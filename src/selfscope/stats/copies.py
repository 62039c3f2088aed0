"""Agreement of copies that cannot talk, from what each would choose; all of it exact where choices are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike
from scipy import special

from selfscope.stats.contrast import paired_contrast
from selfscope.stats.masked import Array, ratio
from selfscope.stats.multiplicity import benjamini_hochberg, holm
from selfscope.stats.verdicts import FAIL, PASS, Decision, Evidence, decide
from selfscope.values import Estimate
from selfscope.values.copies import Check

Indices = npt.NDArray[np.intp]
#: Fewest games of a p.
LEAST = 6
#: Permutations where there are too many to count.
DRAWS = 1999
#: Probability of any letter below which choices are not read (measurement.md §8).
MASS = 0.001
#: Share of answers without a value above which choices are not read.
REFUSED = 0.20
ALPHA = 0.05


class Mean(NamedTuple):
    """A mean over games with intervals and decision p; NaN where there are too few.

    `plus` and `minus` are the means of either keying; NaN of one that is not there.
    """

    estimate: float
    ci95: tuple[float, float]
    ci90: tuple[float, float]
    p: float
    games: int
    se: float = float("nan")
    df: float = float("nan")
    plus: float = float("nan")
    minus: float = float("nan")

    @property
    def told(self) -> Estimate:
        """The mean with its 95 % interval."""
        return Estimate(self.estimate, self.ci95)


def mean_over(values: ArrayLike, keyed: ArrayLike | None = None) -> Mean:
    """Return the mean over games; with both keyings the half sum of their means.

    Student's t and a studentised sign-flip, the larger p: :func:`selfscope.stats.contrast.paired_contrast`.

    Parameters
    ----------
    values
        One a game, ``(game,)``; NaN are left out.
    keyed
        +1 or -1 a game; all +1 by default.
    """
    x = np.asarray(values, float)
    k = np.ones(len(x)) if keyed is None else np.asarray(keyed, float)
    there = np.isfinite(x)
    if not there.any():
        nothing = (float("nan"), float("nan"))
        return Mean(float("nan"), nothing, nothing, float("nan"), 0)
    found = paired_contrast(x[there], k[there], least=LEAST)
    return Mean(
        float(found.estimate), _pair(found.ci95), _pair(found.ci90), float(found.p), int(there.sum()),
        float(found.se), float(found.df), float(found.plus), float(found.minus),
    )  # fmt: skip


def _pair(bounds: Array) -> tuple[float, float]:
    return float(bounds[0]), float(bounds[1])


def agreement(chosen: ArrayLike, draws: float = np.inf) -> Array:
    """Return how often two copies agree where each gets a form of its own, ``(game,)``.

    p̄² + (1 - p̄)², p̄ the mean over forms: neither place nor letter helps. Of sampled answers the variance of
    p̄ is taken out, Σ p(1 - p)/(R - 1) / F², which makes it unbiased.

    Parameters
    ----------
    chosen
        Probability of one option by form, ``(game, form)``.
    draws
        Replies drawn a form, R; infinite for exact probabilities.
    """
    p = np.asarray(chosen, float)
    centre, noise = p.mean(axis=-1), _noise(p, draws).sum(axis=-1) / p.shape[-1] ** 2
    return np.asarray(centre**2 + (1 - centre) ** 2 - 2 * noise)


def naive_agreement(chosen: ArrayLike, draws: float = np.inf) -> Array:
    """Return how often two copies agree where both get the very same words, ``(game,)``.

    Mean over forms of p² + (1 - p)²: a habit of taking the first option counts as agreement.
    """
    p = np.asarray(chosen, float)
    return np.asarray((p**2 + (1 - p) ** 2 - 2 * _noise(p, draws)).mean(axis=-1))


def _noise(p: Array, draws: float) -> Array:
    return p * (1 - p) / (draws - 1)


def crossing(first: ArrayLike, second: ArrayLike) -> Array:
    """Return how often two different players agree, forms drawn apart: p̄q̄ + (1 - p̄)(1 - q̄), ``(game,)``."""
    p, q = np.asarray(first, float).mean(axis=-1), np.asarray(second, float).mean(axis=-1)
    return np.asarray(p * q + (1 - p) * (1 - q))


def matching(first: ArrayLike, second: ArrayLike) -> Array:
    """Return how often draws from two distributions ``(..., candidate)`` are the same."""
    return np.asarray((np.asarray(first, float) * np.asarray(second, float)).sum(axis=-1))


def least_p(games: int) -> float:
    """Return the least two-sided p of a sign-flip over so many games; NaN under six."""
    return 2.0 ** (1 - games) if games >= LEAST else float("nan")


def check_of(moved: Mean, sesoi: float) -> Check:
    """Return whether an instructed character moves what is measured (measurement.md §7, G1)."""
    return Check(moved.told, bool(moved.ci90[0] > 0 and moved.estimate >= sesoi))


def adjusted(p: Sequence[float], declared: Sequence[bool]) -> Array:
    """Return p corrected within families: Holm over what was declared, Benjamini-Hochberg over the rest."""
    raw, mine = np.asarray(p, float), np.asarray(declared, bool)
    out = np.full(len(raw), np.nan)
    out[mine] = holm(raw[mine]) if mine.any() else out[mine]
    out[~mine] = benjamini_hochberg(raw[~mine]) if (~mine).any() else out[~mine]
    return out


def decision_of(
    effect: Mean,
    p: float,
    sesoi: float,
    check: Check | None,
    place: Mean | None,
    *,
    readable: bool,
    guard: bool = True,
) -> Decision:
    """Return the first verdict that fits, in the order of measurement.md §8, with what must be known.

    Parameters
    ----------
    p
        Corrected.
    place
        What agreement in the very same words has beyond the effect: place and letters.
    readable
        Whether letters have enough probability and enough answers have a value.
    guard
        Whether the effect is more than surer choices of the same.
    """
    if not readable:
        return Decision("not interpretable", ("options are hardly ever said, or refused",), ())
    nothing = float("nan")
    passed = check is None or check.passes
    return decide(
        Evidence(
            estimate=effect.estimate, p=p, low90=effect.ci90[0], high90=effect.ci90[1],
            plus=effect.plus, minus=effect.minus, opposed=False, guard=guard,
            resampled=True, resampled_small=True, skewed=False, separated=True, saturated=False,
            g1=PASS if passed else FAIL, g2=nothing, mass=nothing, refused_subject=0.0, refused_control=0.0,
            bias=nothing if place is None else place.estimate, bias_p=1.0 if place is None else place.p,
            position=nothing, position_p=1.0, label=nothing, label_p=1.0, merged=nothing, merged_p=1.0,
            points=nothing, sesoi=sesoi, least_points=nothing, alpha=ALPHA,
        ),
        bias_name="agreement by place or letter",
    )  # fmt: skip


def correlation(
    first: ArrayLike, second: ArrayLike, kind: Sequence[str], seed: int = 0
) -> tuple[Estimate, float]:
    """Return Pearson's r over games, kinds centred, with Fisher's interval and a permutation p within kinds.

    Parameters
    ----------
    first, second
        ``(game,)``.
    kind
        Kind of each game: its mean is taken out, and exchange stays within it.

    Returns
    -------
    r with its 95 % interval, degrees of freedom less the number of kinds; two-sided p. NaN where one of the
    two does not vary.
    """
    groups = np.unique(np.asarray(kind), return_inverse=True)[1]
    x, y = _centred(np.asarray(first, float), groups), _centred(np.asarray(second, float), groups)
    n, spread = len(x) - groups.max(), np.sqrt((x**2).sum() * (y**2).sum())
    if n < 5 or spread < 1e-12:
        return Estimate(float("nan"), (float("nan"), float("nan"))), float("nan")
    r = float(np.clip((x @ y) / spread, -1, 1))
    half = float(special.ndtri(0.975) / np.sqrt(n - 3))
    z = np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))
    rng = np.random.default_rng(seed)
    drawn = [abs(float(x @ y[_within(groups, rng)])) for _ in range(DRAWS)]
    p = (1 + sum(each >= abs(float(x @ y)) - 1e-12 for each in drawn)) / (1 + len(drawn))
    return Estimate(r, (float(np.tanh(z - half)), float(np.tanh(z + half)))), p


def _centred(x: Array, groups: Indices) -> Array:
    return np.asarray(x - (np.bincount(groups, x) / np.bincount(groups))[groups])


def _within(groups: Indices, rng: np.random.Generator) -> Indices:
    """Return an exchange of places within groups."""
    out = np.arange(len(groups))
    for g in range(int(groups.max()) + 1):
        own = np.flatnonzero(groups == g)
        out[own] = rng.permutation(own)
    return out


def exploitability(chosen: ArrayLike) -> Array:
    """Return what the best answer to a player of two options wins above even play: |p - 1/2|."""
    return np.abs(np.asarray(chosen, float) - 0.5)


def phi(first: ArrayLike, after_one: ArrayLike, after_two: ArrayLike) -> Array:
    """Return the correlation of a move with the one that answers it, both of two options.

    Parameters
    ----------
    first
        Probability that the first move is option 1, ``(...)``.
    after_one, after_two
        Probability that the second move is option 1 after either first move.
    """
    p, a, b = (np.asarray(x, float) for x in (first, after_one, after_two))
    marginal = p * a + (1 - p) * b
    spread = np.sqrt(p * (1 - p) * marginal * (1 - marginal))
    return ratio(p * (1 - p) * (a - b), spread)


def nearest_pairs(first: ArrayLike, second: ArrayLike) -> tuple[tuple[int, int], float, float]:
    """Return which two replies of two writers are most alike in style, how far apart, and the mean distance.

    Parameters
    ----------
    first, second
        Style of the replies, ``(reply, feature)``, in standard deviations of each feature.
    """
    x, y = np.asarray(first, float), np.asarray(second, float)
    distance = np.sqrt(((x[:, None] - y[None]) ** 2).mean(axis=-1))
    one, two = np.unravel_index(int(distance.argmin()), distance.shape)
    return (int(one), int(two)), float(distance[one, two]), float(distance.mean())


def drawn_agreement(said: Sequence[str]) -> float:
    """Return how often two of these replies are the same: Σ n(n - 1) over words, by all pairs.

    Without bias, for pairs are of different draws. "" is a reply that names nothing and agrees with none. NaN
    under two replies.
    """
    total = len(said)
    if total < 2:
        return float("nan")
    counts = np.unique([word for word in said if word], return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (total * (total - 1)))
