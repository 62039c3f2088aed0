"""Channels side by side: do they say the same of one identity, and of many?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from selfscope.values.finding import Estimate

Word = Literal["agree", "dissociate", "cannot tell"]
#: How two channels stand to each other, in more than the word.
How = Literal[
    "moved alike",
    "opposite ways",
    "one alone",
    "the same way, by different amounts",
    "not shown apart or together",
    "neither is shown to move",
    "the one that stands still was not checked",
    "not interpretable",
]
#: Where a row's number stops being read: the sentence of `measurement.md` §10 and of one identity alone.
NO_CORRELATION = (
    "One identity has no correlation between channels: what is here are shifts of one identity, dimension by "
    "dimension. Whether identities that stand high in one channel stand high in another takes several."
)


@dataclass(frozen=True)
class Side:
    """One dimension in one channel, in standard units: its shift over its smallest effect of interest.

    Attributes
    ----------
    estimate, ci
        Positive for more of the trait; 1 is the smallest effect that matters in that channel.
    p
        The finding's decision p, uncorrected.
    verdict
        The finding's.
    counts
        Whether it can be read: only then it enters a comparison.
    why_not
        Why it is greyed; empty where it counts.
    checked
        Whether an absence could have been seen (G1 passed).
    """

    dimension: str
    channel: str
    estimate: float
    ci: tuple[float, float]
    p: float
    verdict: str
    counts: bool
    why_not: tuple[str, ...] = ()
    checked: bool = False


@dataclass(frozen=True)
class Pair:
    """Two channels on one dimension.

    Attributes
    ----------
    channels
        The two, in the order of the run.
    difference
        First minus second, in standard units, with its 95 % interval; None where one of them does not count.
    p, p_adjusted
        Of the difference; after Holm over all pairs and dimensions of the study. NaN where not tested.
    p_together
        That both moved, the same way: the larger p of the two, after Holm as well.
    word, how
        ``agree``: both moved by at least one unit, the same way. ``dissociate``: the difference excludes 0
        and is at least one unit. Else ``cannot tell``.
    over
        The channel that shows more of the trait, and the one that shows less; empty unless they dissociate.
    items
        ``apart`` where the channels share no statements and errors are independent; ``paired`` where they
        share them and the difference is taken statement by statement; ``bounded`` where they share them and
        it could not be, so that the interval holds for any correlation of errors.
    """

    dimension: str
    channels: tuple[str, str]
    difference: Estimate | None
    p: float
    p_adjusted: float
    p_together: float
    word: Word
    how: How
    over: tuple[str, ...] = ()
    items: Literal["apart", "paired", "bounded"] = "apart"
    check: bool = False


@dataclass(frozen=True)
class Agreement:
    """Channels of one identity side by side, against one control.

    Attributes
    ----------
    control
        What every shift is against: the one that most channels share.
    channels
        Those that are shown.
    left_out
        Channels that were not compared with that control, or could not be had, each with the reason.
    sides
        One a dimension and channel.
    pairs
        One a dimension and pair of channels.
    units
        What one standard unit is, by channel: its smallest effect of interest.
    correlation
        The sentence that none exists.
    limits
        What cannot be said here.
    """

    subject: str
    control: str
    channels: tuple[str, ...]
    sides: tuple[Side, ...]
    pairs: tuple[Pair, ...]
    units: Mapping[str, float] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    correlation: str = NO_CORRELATION
    limits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One dimension and one pair of channels over identities.

    Attributes
    ----------
    r
        Correlation over identities, with its interval; None where one of the two cannot be read.
    disattenuated
        The same over the root of both reliabilities; None where one is under .30 or not estimated.
    reliabilities
        Of the first and of the second channel; NaN where not estimated.
    clipped
        Whether the disattenuated value, or a bound of it, lay beyond 1 and was cut.
    same_sign
        Share of identities whose shifts have one sign in both, with its exact interval.
    why_not
        Why something is missing; empty where nothing is.
    """

    dimension: str
    channels: tuple[str, str]
    r: Estimate | None
    disattenuated: Estimate | None
    reliabilities: tuple[float, float]
    clipped: bool
    same_sign: Estimate | None
    why_not: str = ""


@dataclass(frozen=True)
class Block:
    """One of Campbell and Fiske's means over a matrix, or a difference of two; `pairs` were averaged."""

    name: str
    value: Estimate
    pairs: int
    disattenuated: Estimate | None = None


@dataclass(frozen=True)
class Multitrait:
    """Dimensions by channels over several identities: the multitrait-multimethod matrix.

    Attributes
    ----------
    identities
        Names, in order.
    source
        Where the scores are from, in words.
    control
        What every shift is against; empty where levels are compared.
    variables
        ``(channel, dimension)`` of the matrix, channel by channel: those that count.
    matrix
        Correlations over identities, in that order.
    blocks
        ``validity`` (one dimension, two channels), ``other dimensions, other channels``, ``other dimensions,
        one channel``, and validity minus each of these; those that the matrix has.
    greyed
        ``channel dimension`` that cannot be read, each with the reason: in no correlation.
    same_sign
        Pooled over all pairs and dimensions that count, an interval over identities.
    absent
        Why there is no matrix; empty where there is one.
    """

    identities: tuple[str, ...]
    source: str
    control: str
    channels: tuple[str, ...]
    cells: tuple[Cell, ...]
    variables: tuple[tuple[str, str], ...]
    matrix: tuple[tuple[float, ...], ...]
    blocks: tuple[Block, ...]
    same_sign: Estimate | None
    greyed: Mapping[str, str] = field(default_factory=dict)
    absent: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
