"""What several characters on one ground do to one another: in one batch, and in one thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from selfscope.values.finding import Estimate, Verdict

#: Whether rows of one batch bear on one another: no further than rounding, or further.
Beside = Literal["no interference", "interferes"]


@dataclass(frozen=True)
class Shared:
    """What one character's own words come to while another's rows are in the batch.

    Attributes
    ----------
    neighbour
        Whose rows they are; its own where it is its own neighbour, which is what rounding alone does.
    texts
        How many texts were scored in either way.
    largest
        Largest difference from the same text alone on its own weights, in nats of log-probability.
    """

    character: str
    neighbour: str
    texts: int
    largest: float


@dataclass(frozen=True)
class Spoken:
    """What one reading does when another has spoken in the thread; half contrasts, intervals 95 %.

    Attributes
    ----------
    change, narrow
        Its reading after the neighbour has spoken, less that after a neutral other has said as much; and the
        90 % interval of that.
    fluency
        The same of F: what statement and negation have in common.
    p, p_adjusted
        Over threads and statements; and by Holm over the matrix and all dimensions.
    own
        Its reading after the neighbour has spoken, less that after it has spoken itself.
    own_p
        By Holm in a family of its own; descriptive.
    distance
        The neighbour's reading alone less its own: what it would move by if it became the other.
    toward
        The share of that way; None where the two are hardly apart.
    readable
        Whether the sensitivity check passed.
    """

    character: str
    neighbour: str
    dimension: str
    change: Estimate
    narrow: tuple[float, float]
    fluency: Estimate
    p: float
    p_adjusted: float
    verdict: Verdict
    own: Estimate
    own_p: float
    distance: Estimate
    toward: float | None
    readable: bool
    statements: int
    threads: int


@dataclass(frozen=True)
class Replies:
    """Replies drawn in one batch of all characters against the same drawn by each alone.

    Attributes
    ----------
    same
        How many are the same to the last token.
    drawn
        How many were drawn in either way, greedily.
    """

    same: int
    drawn: int


@dataclass(frozen=True)
class Together:
    """What was found.

    Attributes
    ----------
    characters
        What makes each, in words, by name.
    bound
        Nats that count as rounding.
    largest
        Of all differences in a batch, the diagonal left out.
    beside
        The verdict on batches.
    sesoi
        The smallest effect of interest in a thread, a half contrast.
    words
        Mean words of a turn as it was drawn; turns of one thread are then cut to one length.
    """

    ground: str
    characters: dict[str, str]
    preset: str
    bound: float
    largest: float
    beside: Beside
    shared: tuple[Shared, ...]
    replies: Replies
    sesoi: float
    spoken: tuple[Spoken, ...]
    threads: int
    words: float
    notes: tuple[str, ...] = ()
