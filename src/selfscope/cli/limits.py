"""What every verb that asks a model shares of limits: a dry run, a budget, a price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from selfscope.models.api_price import Price
    from selfscope.models.ground import Ground
    from selfscope.studies.budget import Budget
    from selfscope.values import Usage

DryRun = Annotated[bool, typer.Option("--dry-run", help="Ask nothing; say what it would take, as plan does.")]
BudgetFlag = Annotated[
    str,
    typer.Option(
        "--budget",
        help='The most to use in all, such as "500 calls", "200k tokens" or "2.50 usd"; exit 3 when it is '
        "spent, and a larger one goes on.",
    ),
]
AdapterFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--adapter",
        help="A LoRA adapter for the model to wear: its folder, or the name of a shipped one. Repeatable for "
        "the seeds of one training that is compared with others (none --against FOLDER).",
    ),
]
CapFlag = Annotated[
    str,
    typer.Option(
        "--cap", metavar="CAP", help="Hold this cap in place throughout: a folder that `cap fit` wrote."
    ),
]
StateFlag = Annotated[
    str,
    typer.Option(
        "--state",
        metavar="ID",
        help="PATH is an agent's workspace: ask it as this version of its State left it (`state log`).",
    ),
]
JudgeFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--judge",
        help="A model that reads free answers (channel open); oftener for a panel. It is checked first.",
    ),
]
JudgeMayFlag = Annotated[
    bool, typer.Option("--judge-may-be-subject", help="Let a model judge its own answers.")
]
PriceFlag = Annotated[
    str,
    typer.Option("--price", metavar="IN,OUT", help="Dollars a million tokens in and out, behind an API."),
]


@dataclass(frozen=True)
class Limits:
    """A budget and a price, where they were given."""

    budget: Budget | None = None
    price: Price | None = None

    def price_on(self, ground: Ground) -> Price | None:
        """Return the price on a ground: the one given, which Inspect is then told, or the one it knows."""
        from selfscope.models.api_price import known_price, tell_price

        if ground.identity.kind != "api":
            return None
        if self.price is None:
            return known_price(ground.identity.name)
        tell_price(ground.identity.name, self.price)
        return self.price

    def budget_on(self, ground: Ground, elsewhere: Usage | None = None) -> Budget | None:
        """Return the budget for a run on a ground, when other runs of the study used `elsewhere`."""
        from selfscope.values import Usage

        price = self.price_on(ground)
        return None if self.budget is None else self.budget.beside(elsewhere or Usage(), price)


def limits_of(budget: str, price: str) -> Limits:
    """Return the limits that were typed; BadInput for what cannot be read."""
    from selfscope.models.api_price import Price
    from selfscope.studies.budget import Budget

    return Limits(Budget.read(budget) if budget else None, Price.read(price) if price else None)
