"""What a cap could be: along what, at which layers, how low."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["axis", "random", "shuffled"]
#: Directions that mean nothing: one drawn at random, and the axis with its entries shuffled.
SHAMS: tuple[Kind, ...] = ("random", "shuffled")


@dataclass(frozen=True)
class Setting:
    """One cap that could be.

    Attributes
    ----------
    kind
        ``axis``, or which sham.
    layers
        The band, from 0.
    percentile
        Share of the default assistant's tokens, in percent, whose projections lie below the lower limit.
    """

    kind: Kind
    layers: tuple[int, ...]
    percentile: float

    @property
    def name(self) -> str:
        """Such as ``axis 15-18 p5``."""
        first, last = self.layers[0], self.layers[-1]
        band = f"{first}" if first == last else f"{first}-{last}"
        return f"{self.kind} {band} p{self.percentile:g}"
