"""A budget: how much a command may use in all, and the place where it stops."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from selfscope.errors import BadInput, Stopped
from selfscope.models.api_price import Price
from selfscope.values import Usage

Unit = Literal["calls", "tokens", "usd"]
_WRITTEN = re.compile(r"(\d[\d,_]*(?:\.\d+)?)\s*([kM]?)\s*([a-z]+)")
_FACTORS = {"": 1.0, "k": 1e3, "M": 1e6}


@dataclass(frozen=True)
class Budget:
    """The most that a study may use: what earlier calls of the same command used counts too.

    Attributes
    ----------
    amount, unit
        So many calls, tokens or dollars. Tokens of local weights are those computed; behind an API those
        that go in and come out.
    price
        Of an API model, where it is known.
    elsewhere
        What other runs of the same study used.
    before
        What others used whose prices are not this one, in the budget's unit.
    """

    amount: float
    unit: Unit
    price: Price | None = None
    elsewhere: Usage = field(default_factory=Usage)
    before: float = 0.0

    @classmethod
    def read(cls, given: str) -> Budget:
        """Return the budget that is written, such as ``500 calls``, ``200k tokens`` or ``2.50 usd``.

        Raises
        ------
        BadInput
            For anything else.
        """
        found = _WRITTEN.fullmatch(given.strip())
        if found is None or found[3] not in get_args(Unit):
            raise BadInput(
                "this is no budget",
                got=given or "nothing",
                fix='Give a number and a unit: "500 calls", "200k tokens" or "2.50 usd"',
            )
        amount = float(re.sub("[,_]", "", found[1])) * _FACTORS[found[2]]
        return cls(amount, found[3])  # type: ignore[arg-type]

    def beside(self, elsewhere: Usage, price: Price | None) -> Budget:
        """Return the same budget for one run, when other runs used `elsewhere`."""
        return replace(self, elsewhere=elsewhere, price=price)

    def after(self, used: Usage, price: Price | None) -> Budget:
        """Return the budget for somebody with a price of their own, after `used` at this one."""
        spent = self.before + self.used(self.elsewhere) + self.used(used)
        return replace(self, elsewhere=Usage(), before=spent, price=price)

    def used(self, usage: Usage) -> float:
        """Return a usage in the budget's unit; NaN where its cost is not known."""
        if self.unit == "calls":
            return usage.calls
        if self.unit == "tokens":
            return tokens_of(usage)
        cost = cost_of(usage, self.price)
        return math.nan if cost is None else cost

    def insist(
        self,
        spent: Usage,
        coming: Usage,
        done: int,
        total: int,
        *,
        batch: str = "batch",
        kept: str = "prompts are answered and kept",
    ) -> None:
        """Stop before what comes next would go over the budget.

        Parameters
        ----------
        spent, coming
            What the run used so far, and what the next batch is forecast to use.
        done, total
            Prompts answered, and prompts in all.
        batch, kept
            What comes next and what is counted, as the sentence names them.

        Raises
        ------
        Stopped
            If it would; what was done is kept.
        BadInput
            If the budget is money and the price is not known.
        """
        before = self.before + self.used(self.elsewhere) + self.used(spent)
        after = before + self.used(coming)
        if math.isnan(after):
            raise BadInput(
                "a budget in money needs a price, and this model's is not known",
                fix="Give --price IN,OUT in dollars a million tokens, or a budget in calls or tokens",
            )
        if after > self.amount * (1 + 1e-12):
            raise Stopped(
                f"the budget of {self._words(self.amount)} leaves no room for the next {batch}: "
                f"{self._words(before)} used, {self._words(after - before)} needed; "
                f"{done:,} of {total:,} {kept}",
                fix="The same command with a larger --budget goes on from there",
            )

    def _words(self, amount: float) -> str:
        return f"${amount:,.4f}" if self.unit == "usd" else f"{amount:,.0f} {self.unit}"


def tokens_of(usage: Usage) -> int:
    """Return the tokens that cost: those computed by local weights, or those in and out of an API."""
    return usage.distinct_tokens or usage.input_tokens + usage.output_tokens


def cost_of(usage: Usage, price: Price | None) -> float | None:
    """Return what a usage cost: by the price where one is given, else as it was told; nothing for nothing."""
    if price is not None:
        return price.of(usage)
    return 0.0 if tokens_of(usage) == 0 else usage.cost
