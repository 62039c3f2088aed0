"""What a trait is worth to a subject, in what it gives up for it."""

from __future__ import annotations

from dataclasses import dataclass

from selfscope.values.finding import Estimate

UNIT = "doublings of the price"
#: Minutes of the act for the opposite to which minutes for the trait are told.
AGAINST_MINUTES = 15


@dataclass(frozen=True)
class ExchangeRate:
    """The exchange rate of one dimension for one subject and one kind of cost.

    Attributes
    ----------
    who
        The subject, or ``none`` for the bare ground.
    cost
        ``time``, ``quality``, or ``both`` for the two together.
    price_felt
        Log-odds that each doubling of the price takes away. The price is felt where the interval is positive
        and the estimate at least 0.1.
    readiness
        Log-odds of paying at the middle price, whatever is bought.
    trait
        Half of what paying for the trait has over paying for its opposite, log-odds.
    rate, ci
        By how many doublings of the price an act for the trait may be dearer than one for its opposite and
        be done as readily; negative where the opposite may be. NaN where the price is not felt.
    minutes, minutes_ci
        What an act for the trait may take where one for the opposite takes fifteen; NaN but for ``time``.
    scenarios
        How many the intervals are over.
    note
        Why there is no rate; "" where there is one.
    """

    dimension: str
    channel: str
    who: str
    cost: str
    price_felt: Estimate
    readiness: Estimate
    trait: Estimate
    rate: float
    ci: tuple[float, float]
    minutes: float
    minutes_ci: tuple[float, float]
    scenarios: int
    unit: str = UNIT
    note: str = ""
