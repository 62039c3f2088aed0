"""From rows of costed choices to exchange rates: the subject's, and beside it the bare ground's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from selfscope.stats.exchange import Exchange, Offers, exchange
from selfscope.values import Estimate, Study
from selfscope.values.exchange import AGAINST_MINUTES, ExchangeRate
from selfscope.values.price import COSTS, price_in

if TYPE_CHECKING:
    import pandas as pd

#: Log-odds a doubling below which a price that is shown to move something counts as not felt: between the
#: cheapest and the dearest that would be half a unit, the smallest effect of interest.
LEAST_FELT = 0.1
#: What a row says where there is no rate.
NOT_FELT = "no exchange rate: the price is not shown to move anything"
BARELY = f"no exchange rate: a doubling of the price moves less than {LEAST_FELT}"
DEARER = "no exchange rate: the dearer act is chosen more readily"
TOO_FEW = "no exchange rate: too few scenarios"
_NONE = (float("nan"), float("nan"))


def exchange_rates(study: Study, channel: str, rows: pd.DataFrame) -> tuple[ExchangeRate, ...]:
    """Return the exchange rates of every dimension; none where nothing that was asked has a price.

    Parameters
    ----------
    rows
        Of the observation table, of this channel. Drawn answers are counted as log-odds with one half added
        to each count.
    """
    prices = {template: price_in(template) for template in rows["template"].unique()}
    rows = rows[[prices[t] is not None for t in rows["template"]]]
    if rows.empty:
        return ()
    told = {t: p for t, p in prices.items() if p is not None}
    rows = rows.assign(
        cost=rows["template"].map({t: p.cost for t, p in told.items()}),
        doublings=rows["template"].map({t: p.doublings for t, p in told.items()}),
    )
    return tuple(rate for who, own in _askers(study, rows) for rate in _rates(who, channel, own))


def _askers(study: Study, rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the subject (the mean of its seeds), and the bare ground where it was asked too."""
    for who, arms in ((study.subject_name, study.arms_of("subject")), ("none", study.arms_of("none"))):
        own = rows[rows["character"].isin([a.name for a in arms])]
        if not own.empty:
            yield who, own


def _rates(who: str, channel: str, rows: pd.DataFrame) -> Iterator[ExchangeRate]:
    offers = _paid(rows)
    for dimension, own in offers.groupby("construct", sort=False):
        for cost in ("both", *COSTS):
            some = own if cost == "both" else own[own["cost"] == cost]
            if not some.empty:
                yield _rate(str(dimension), channel, who, cost, exchange(_offers(some)))


def _paid(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row an offer, a scenario at a price, with the log-odds of paying, letter and place apart.

    They are half the difference of the two polarities of each form, averaged over forms.
    """
    value = rows["value"].where(rows["refusal"] == "none")
    offer = ["construct", "item", "keyed", "cost", "doublings"]
    cell = [*offer, "template", "label", "position", "polarity"]
    answers = rows.assign(value=value).groupby(cell, sort=False)["value"]
    if (rows["scale"] == "agreement").any():
        agreed, asked = answers.sum(), answers.count()
        odds = (np.log(agreed + 0.5) - np.log(asked - agreed + 0.5)).where(asked > 0)
    else:
        odds = answers.mean()
    sides = odds.unstack("polarity").reindex(columns=[1, -1])
    paid = ((sides[1] - sides[-1]) / 2).groupby(level=offer, sort=False).mean()
    frame: pd.DataFrame = paid.to_frame("pay").reset_index()
    return frame


def _offers(own: pd.DataFrame) -> Offers:
    """Return the offers of one dimension; doublings from the middle of each kind of cost."""
    middle = {c: np.mean(own.loc[own["cost"] == c, "doublings"].unique()) for c in own["cost"].unique()}
    return Offers(
        own["pay"].to_numpy(float),
        own["keyed"].to_numpy(float),
        (own["doublings"] - own["cost"].map(middle)).to_numpy(float),
        np.asarray(own["cost"].map({c: n for n, c in enumerate(COSTS)}), np.intp),
        np.asarray(own["item"].factorize()[0], np.intp),
    )


def _rate(dimension: str, channel: str, who: str, cost: str, found: Exchange) -> ExchangeRate:
    note = _note(found)
    rate, ci = (_NONE[0], _NONE) if note else (found.rate.estimate, (found.rate.lower, found.rate.upper))
    timed = cost == "time" and not note
    return ExchangeRate(
        dimension,
        channel,
        who,
        cost,
        Estimate(*found.felt),
        Estimate(*found.readiness),
        Estimate(*found.trait),
        rate,
        ci,
        _minutes(rate) if timed else _NONE[0],
        (_minutes(ci[0]), _minutes(ci[1])) if timed else _NONE,
        found.scenarios,
        note=note,
    )


def _note(found: Exchange) -> str:
    """Return why there is no rate; a felt price has a bounded one, for both are told at one level."""
    if np.isnan(found.felt[0]):
        return TOO_FEW
    if not found.priced and found.felt[1][1] >= 0:
        return NOT_FELT
    if abs(found.felt[0]) < LEAST_FELT:
        return BARELY
    return "" if found.priced else DEARER


def _minutes(rate: float) -> float:
    """Return what an act for the trait may take where one for the opposite takes fifteen minutes."""
    return float(AGAINST_MINUTES * np.exp2(np.clip(rate, -99, 99)))
