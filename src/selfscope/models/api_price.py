"""What a provider's tokens cost: as the user says, or as Inspect's own table of models has it."""

from __future__ import annotations

from dataclasses import dataclass

from selfscope.errors import BadInput
from selfscope.values import Usage

MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """Money for a million tokens that go in, and for a million that come out."""

    put_in: float
    drawn: float

    @classmethod
    def read(cls, given: str) -> Price:
        """Return the price that ``IN,OUT`` says; BadInput for anything else."""
        try:
            put_in, drawn = (float(part) for part in given.split(","))
        except ValueError:
            put_in = drawn = -1.0
        if not (0 <= put_in < float("inf") and 0 <= drawn < float("inf")):
            raise BadInput(
                "this is no price",
                got=given,
                fix="Give dollars for a million tokens in and out, such as --price 0.40,1.60",
            )
        return cls(put_in, drawn)

    def of(self, usage: Usage) -> float:
        """Return what the tokens of `usage` cost."""
        return (usage.input_tokens * self.put_in + usage.output_tokens * self.drawn) / MILLION


def known_price(model: str) -> Price | None:
    """Return the price that Inspect knows for a model, ``provider/name``; None where it knows none."""
    from inspect_ai.model import get_model_info

    info = get_model_info(model)
    if info is None or info.cost is None:
        return None
    return Price(info.cost.input, info.cost.output)


def tell_price(model: str, price: Price) -> None:
    """Tell Inspect what a model costs, so that its usage carries money in every log.

    Tokens read from or written to a provider's cache are counted at the price of those that go in.
    """
    from inspect_ai.model import ModelCost, ModelInfo, get_model_info, set_model_info

    cost = ModelCost(
        input=price.put_in,
        output=price.drawn,
        input_cache_write=price.put_in,
        input_cache_read=price.put_in,
    )
    info = get_model_info(model) or ModelInfo()
    set_model_info(model, info.model_copy(update={"cost": cost}))
