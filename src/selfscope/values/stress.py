"""A finding re-asked under each assumption of what one individual is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from selfscope.values.variance import NO_INTERVAL, Interval

#: What a finding says; ``none`` is all that is neither shifted nor equivalent.
Category = Literal["shifted +", "shifted -", "equivalent", "none"]
#: What says that nothing is told.
SILENT = frozenset({"none", "cannot tell", "inconclusive", "not shown", "not interpretable", "too few lives"})
Outcome = Literal["stands", "shrunk", "flipped", "not_estimable"]
#: The manners in which a unit is taken.
Manner = Literal["pooled", "clustered", "resampled", "left out", "fixed", "random", "no self"]


@dataclass(frozen=True)
class Assumed:
    """One finding under one assumption.

    Attributes
    ----------
    manner, unit
        How which unit is taken; the unit is empty where no unit is (``pooled``, ``no self``).
    estimate, ci, p
        Under it; of ``left out`` the one nearest to zero, of which level `worst` is the name.
    verdict
        What the finding says under it: a :data:`Category`, or of a finding that is no difference of two sides
        the word of its instrument.
    outcome
        ``flipped``: it says something else. ``shrunk``: the same, with under half of the estimate.
        ``stands``. ``not_estimable``: too few levels, or nothing to vary.
    levels
        How many levels the unit has (on the smaller side, where it is nested in sides).
    worst
        The level whose leaving moves most.
    lost
        Of ``left out``: all levels without any one of which the finding does not stand.
    why
        Why it is not estimable.
    """

    manner: Manner
    unit: str
    estimate: float = math.nan
    ci: Interval = NO_INTERVAL
    p: float = math.nan
    verdict: str = "none"
    outcome: Outcome = "not_estimable"
    levels: int = 0
    worst: str = ""
    lost: tuple[str, ...] = ()
    why: str = ""

    @property
    def name(self) -> str:
        """The assumption in one word or two: ``clustered:item``, ``pooled``."""
        return f"{self.manner}:{self.unit}" if self.unit else self.manner

    @property
    def flipped(self) -> bool:
        """Whether the finding says something else."""
        return self.outcome == "flipped"


@dataclass(frozen=True)
class Stressed:
    """One finding and what becomes of it.

    Attributes
    ----------
    of
        What it is of: construct, channel, control; or the column and its parts.
    estimate, ci, p, verdict
        The finding as it is.
    sesoi
        The smallest effect of interest.
    cluster
        The unit that the finding's own test clusters by.
    assumptions
        Every one, in order.
    """

    of: Mapping[str, str]
    estimate: float
    ci: Interval
    p: float
    verdict: str
    sesoi: float
    cluster: str
    assumptions: tuple[Assumed, ...]
