"""What a costed act costs, as the observation table says it: ``t1@15min`` is template t1 at 15 minutes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import log2
from typing import Literal, get_args

Cost = Literal["time", "quality"]
COSTS: tuple[Cost, ...] = get_args(Cost)
_UNIT: dict[Cost, str] = {"time": "min", "quality": "err"}
_PRICED = re.compile(r"(?P<wording>[^@]+)@(?P<amount>\d+)(?P<unit>min|err)")


@dataclass(frozen=True)
class Price:
    """A price: so many minutes of the user's time, or so many errors in the work."""

    cost: Cost
    amount: int

    @property
    def doublings(self) -> float:
        """How often one minute or one error is doubled: log2 of the amount."""
        return log2(self.amount)

    def after(self, wording: str) -> str:
        """Return what the column ``template`` holds for a wording at this price."""
        return f"{wording}@{self.amount}{_UNIT[self.cost]}"


def price_in(template: str) -> Price | None:
    """Return the price that the column ``template`` holds; None where the template has none."""
    found = _PRICED.fullmatch(template)
    if found is None:
        return None
    cost = next(c for c in COSTS if _UNIT[c] == found["unit"])
    return Price(cost, int(found["amount"]))
