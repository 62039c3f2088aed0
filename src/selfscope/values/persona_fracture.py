"""Whether an axis is one thing: what was found over contexts and by steering."""

from __future__ import annotations

from dataclasses import dataclass

from selfscope.values.persona_map import Interval


@dataclass(frozen=True)
class Fractured:
    """What the fracture panel says of the axis of a map.

    Attributes
    ----------
    verdict
        ``fractured``, ``whole`` or ``cannot tell``; the rule is in :mod:`selfscope.stats.fracture`.
    layer, later
        Where directions were added, and where their effects were read.
    contexts
        Disjoint sets of questions: their themes, or numbers where themes have too few.
    halves
        Cosine of the axis from halves of each set's questions.
    consistency, consistency_ci
        Cosine of the axis between sets, without the noise of its estimates.
    directions
        What was added: the axis first, then groups of roles.
    matrix
        Effect of each direction (row) on each reading (column), in units of the natural contrast there.
    off_target, off_target_ci
        Of the axis: what it moves of the other readings, by what it moves of its own.
    random
        What directions of its length that mean nothing move of them, by the same.
    moved
        Whether the axis moves its own reading beyond 95 percent of those.
    monotone, smooth, per_cost, per_cost_random, p
        Of the doses of the axis; see :class:`selfscope.stats.fracture.Sweep`.
    texts
        How many were steered.
    """

    verdict: str
    layer: int
    later: int
    contexts: tuple[str, ...]
    halves: float
    consistency: float
    consistency_ci: Interval
    directions: tuple[str, ...]
    matrix: tuple[tuple[float, ...], ...]
    off_target: float
    off_target_ci: Interval
    random: float
    moved: bool
    monotone: float
    smooth: float
    per_cost: float
    per_cost_random: float
    p: float
    texts: int
