"""Exchange rates: by how many doublings of a price is one thing worth more than another?

Each scenario offers something at several prices, or different scenarios at different ones::

    log-odds of paying = R_c + k D - beta x + scenario

c the kind of cost, k = +1 where the trait is bought and -1 where its opposite is, x the doublings of the
price from the middle of its kind. beta > 0: the price is felt. R is the readiness to pay at the middle price,
D the half contrast of the trait. An act for the trait is done as readily as one for the opposite at
2**(2 D / beta) times the price: 2 D / beta is the rate.

The scenario is the unit. Coefficients are those of least squares, their covariance is the jackknife's over
scenarios, the interval of the rate is Fieller's: it takes in that the price may hardly be felt, and has no
end where it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.masked import Array, Mask

#: Both two-sided intervals.
LEVEL = 0.95


class Offers(NamedTuple):
    """What was offered and how readily it was paid for, one entry an offer, all of shape ``(offer,)``.

    Attributes
    ----------
    pay
        Log-odds of paying, natural log.
    keyed
        +1 where paying buys the trait, -1 where it buys the opposite.
    doublings
        Of the price, from the middle of its kind.
    kind, scenario
        Which kind of cost and which scenario it is, as numbers from 0.
    """

    pay: Array
    keyed: Array
    doublings: Array
    kind: NDArray[np.intp]
    scenario: NDArray[np.intp]

    def only(self, which: Mask) -> Offers:
        """Return the offers for which `which` ``(offer,)`` is true."""
        return Offers(
            self.pay[which], self.keyed[which], self.doublings[which], self.kind[which], self.scenario[which]
        )


@dataclass(frozen=True)
class Ratio:
    """A ratio with Fieller's set: ``bounded``, all but what lies between (``outside``), or ``all``."""

    estimate: float
    shape: Literal["bounded", "outside", "all"]
    lower: float
    upper: float


@dataclass(frozen=True)
class Exchange:
    """What offers come to; NaN throughout where they are too few.

    Attributes
    ----------
    felt
        beta with its interval: log-odds that each doubling of the price takes away.
    readiness
        R with its interval: log-odds of paying at the middle price, kinds of cost averaged.
    trait
        D with its interval.
    rate
        2 D / beta, in doublings of the price.
    scenarios
        How many there are.
    """

    felt: tuple[float, tuple[float, float]]
    readiness: tuple[float, tuple[float, float]]
    trait: tuple[float, tuple[float, float]]
    rate: Ratio
    scenarios: int

    @property
    def priced(self) -> bool:
        """Whether the price is felt: a higher one is paid less readily, with the whole interval."""
        return self.felt[1][0] > 0


def exchange(offers: Offers) -> Exchange:
    """Return price slope, readiness, trait and rate of one dimension, with intervals over scenarios.

    Raises
    ------
    BadInput
        If the fields differ in length, or a key is not +1 or -1.
    """
    _refuse(offers)
    own = offers.only(np.isfinite(offers.pay))
    found, cov, df = _jackknife(own)
    if df < 1 or not np.isfinite(cov).all():
        nothing = (np.nan, (np.nan, np.nan))
        return Exchange(
            nothing, nothing, nothing, Ratio(np.nan, "all", np.nan, np.nan), len(set(own.scenario))
        )
    t = float(stats.t.ppf((1 + LEVEL) / 2, df))
    readiness, trait, felt = (
        (float(x), (float(x - t * s), float(x + t * s)))
        for x, s in zip(found, np.sqrt(np.diag(cov)), strict=True)
    )
    rate = fieller(2 * found[1], found[2], (4 * cov[1, 1], 2 * cov[1, 2], cov[2, 2]), t)
    return Exchange(felt, readiness, trait, rate, len(set(own.scenario)))


def fieller(a: float, b: float, covariance: tuple[float, float, float], t: float) -> Ratio:
    """Return a / b with the set of all ratios r for which a - r b is not told from 0 (Fieller 1954).

    Parameters
    ----------
    covariance
        Var a, Cov(a, b), Var b.
    t
        Quantile that makes the level of the set.
    """
    var_a, cov_ab, var_b = covariance
    square, linear, constant = b * b - t * t * var_b, a * b - t * t * cov_ab, a * a - t * t * var_a
    root = linear * linear - square * constant
    estimate = float(a / b) if b else np.nan
    if square == 0 or root < 0:
        return Ratio(estimate, "all", -np.inf, np.inf)
    ends = sorted((linear + sign * np.sqrt(root)) / square for sign in (-1, 1))
    return Ratio(estimate, "bounded" if square > 0 else "outside", float(ends[0]), float(ends[1]))


def _jackknife(offers: Offers) -> tuple[Array, Array, int]:
    """Return (R, D, beta), their covariance over scenarios ``(3, 3)``, and its degrees of freedom.

    NaN where the offers, or those that are left without one scenario, do not tell the three apart.
    """
    scenarios = np.unique(offers.scenario)
    n, kinds = len(scenarios), len(np.unique(offers.kind))
    unknown = np.full((3, 3), np.nan)
    if n < kinds + 3:
        return unknown[0], unknown, 0
    left = [_coefficients(offers.only(offers.scenario != s), kinds) for s in scenarios]
    spread = np.stack(left) - np.mean(left, axis=0)
    return _coefficients(offers, kinds), spread.T @ spread * (n - 1) / n, n - kinds - 2


def _coefficients(offers: Offers, kinds: int) -> Array:
    """Return (R, D, beta) by least squares; NaN where the design does not tell them apart."""
    present = np.unique(offers.kind)
    columns = np.column_stack([offers.kind[:, None] == present, offers.keyed, -offers.doublings])
    solved, _, rank, _ = np.linalg.lstsq(columns.astype(float), offers.pay)
    if len(present) < kinds or rank < columns.shape[1]:
        return np.full(3, np.nan)
    return np.array([solved[:-2].mean(), solved[-2], solved[-1]])


def _refuse(offers: Offers) -> None:
    sizes = {len(np.asarray(field)) for field in offers}
    if len(sizes) > 1:
        raise BadInput(
            "offers differ in length", got=sorted(sizes), fix="Give one entry an offer in each field"
        )
    if not np.isin(offers.keyed, (-1.0, 1.0)).all():
        raise BadInput("keying must be +1 or -1", got=np.unique(offers.keyed).tolist(), fix="Key every offer")
