"""What is known of a direction that stands for a trait inside a network, and whether it may be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from selfscope.values.finding import Estimate

#: A direction is not interpretable under these (measurement.md §14).
LEAST_AUROC, CHANCE, LEAST_SPLIT_HALF, ALPHA = 0.80, 0.50, 0.70, 0.05


class HeldOut(NamedTuple):
    """The readings of one pair on a direction that it had no part in, in spreads; 0 is midway."""

    pair: str
    keyed: float
    against: float


@dataclass(frozen=True)
class DirectionCheck:
    """One direction with its checks; directions are of the bare ground, so a check is of no subject.

    Attributes
    ----------
    dimension
        Whose trait it is; larger projections are nearer to the pole of ``keyed: +1``.
    layer, layers
        Number of the layer, from 0, of so many: the residual stream after that block.
    auroc
        Chance that a held-out reply with the trait lies above one without it; 95 percent interval over pairs.
    split_half
        Cosine of directions from disjoint halves of the pairs, with its interval.
    selectivity, selectivity_p
        AUROC less its mean under labels shuffled within pairs, and the share of shuffles that do as well.
    affirmation
        Cosine with the direction of mere affirmation.
    trait, agreement, fluency
        What adding the direction does to own statements (half contrast), to yes-saying, and to own
        statements and negations alike, natural log-odds.
    random
        What random directions of the same length do to own statements.
    steering_p
        Share of directions that do as much, the fitted one counted among them.
    length
        Length at which it is added, that of the mean difference, in units of the states.
    spread
        SD of held-out replies within a side, in the same units: the unit of every reading.
    origin
        Mean projection of the bare ground after the prompts of the dimension, in the same units: zero of
        every reading.
    held_out
        Readings of every pair.
    """

    dimension: str
    layer: int
    layers: int
    auroc: Estimate
    split_half: Estimate
    selectivity: float
    selectivity_p: float
    affirmation: float
    trait: float
    agreement: float
    fluency: float
    random: tuple[float, ...]
    steering_p: float
    length: float
    spread: float
    origin: float
    held_out: tuple[HeldOut, ...] = ()

    @property
    def least_p(self) -> float:
        """The least p that so many random directions can give."""
        return 1 / (1 + len(self.random))

    @property
    def passed(self) -> bool:
        """Whether every check holds."""
        return not self.reasons

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not interpretable, in words; empty where every check holds."""
        return tuple(self._reasons())

    def _reasons(self) -> Iterator[str]:
        a, half = self.auroc, self.split_half
        if not (a.estimate >= LEAST_AUROC and a.ci[0] > CHANCE):
            yield (
                f"held-out replies are told apart with AUROC {a.estimate:.2f} ({a.ci[0]:.2f} to "
                f"{a.ci[1]:.2f}); {LEAST_AUROC:.2f} and an interval above {CHANCE:.2f} are asked"
            )
        if not half.estimate >= LEAST_SPLIT_HALF:
            yield (
                f"directions from halves of the pairs agree by {half.estimate:.2f}, under "
                f"{LEAST_SPLIT_HALF:.2f}"
            )
        if not self.selectivity_p < ALPHA:
            yield f"shuffled labels do as well (p {self.selectivity_p:.3f})"
        yield from self._steering()

    def _steering(self) -> Iterator[str]:
        moved = f"adding it moves own statements by {self.trait:+.3f}"
        if not self.trait > abs(self.agreement):
            yield f"{moved} and agreement by {self.agreement:+.3f}"
        if not self.steering_p <= ALPHA:
            yield (
                f"{moved}; random directions of its length do as much (p {self.steering_p:.3f}, "
                f"least {self.least_p:.3f})"
            )
