"""Which line of an identity moves which dimension: what ``attribute`` finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: What the disagreement of a line's effect with and without its fellows is called; "" where they agree.
Interaction = Literal["", "works only with other lines", "other lines do the same", "other lines turn it"]
#: In place of a dimension, for the effect that is tested: the mean over the dimensions, each with its sign.
POOLED = "pooled"


@dataclass(frozen=True)
class Effect:
    """What one line, or all lines of one role, do to one dimension or to all of them together.

    Attributes
    ----------
    dimension
        A dimension, natural sign: positive for more of the trait. Or ``pooled``: the mean over the
        dimensions, each counted positive in the direction in which the file moved it when it was chosen.
    effect, ci
        v with the line minus v without it, averaged over versions of the file; a half contrast in natural
        log-odds, with its 95 % interval.
    p, p_adjusted
        Two-sided, and as the Benjamini-Hochberg q over lines; None where nothing is tested.
    leave_one_out, only_this
        The same in the whole file, and in a file whose other lines are all neutral, with their intervals.
    moves
        Whether q <= .05 and the effect is at least half the smallest effect of interest; None where nothing
        is tested.
    interaction
        How `leave_one_out` and `only_this` disagree, if they do.
    deleted
        The whole file minus the file from which the line is deleted, shorter by it; None where not asked.
    """

    dimension: str
    effect: float
    ci: tuple[float, float]
    leave_one_out: float
    leave_one_out_ci: tuple[float, float]
    only_this: float
    only_this_ci: tuple[float, float]
    p: float | None = None
    p_adjusted: float | None = None
    moves: bool | None = None
    interaction: Interaction = ""
    deleted: float | None = None


@dataclass(frozen=True)
class LineEffects:
    """One line of an identity and its effects, the pooled one first.

    Attributes
    ----------
    line, end_line, file
        Where it stands; lines count from 1.
    start, end
        Its span in the system prompt.
    neutral
        What stood in its place where it was left out.
    """

    line: int
    end_line: int
    file: str
    role: str
    text: str
    neutral: str
    start: int
    end: int
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class RoleEffects:
    """All lines of one role and their effects together, the pooled one first."""

    role: str
    lines: int
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class Shift:
    """An estimate with its 95 % interval, a half contrast in natural log-odds; p is not corrected."""

    estimate: float
    ci: tuple[float, float]
    p: float | None = None


@dataclass(frozen=True)
class TracedDimension:
    """A dimension whose lines were looked for, or that was passed over.

    Attributes
    ----------
    traced
        Whether it was chosen (or named) and its lines judged.
    chosen_by
        The shift against the class on the half of the statements that chooses; None where dimensions were
        named and nothing was chosen.
    shift
        The shift against the class on the other half, on which lines are judged; None if not traced.
    total
        The whole file minus the file of neutral lines, on that half; None if not traced.
    g1
        Whether the sensitivity check passes: ``pass``, ``fail`` or ``not estimated``.
    """

    dimension: str
    title: str
    traced: bool
    chosen_by: Shift | None = None
    shift: Shift | None = None
    total: Shift | None = None
    g1: str = ""


@dataclass(frozen=True)
class Attribution:
    """What ``attribute`` found.

    Attributes
    ----------
    why
        Why there is nothing to attribute; "" where there is.
    against
        The class of control texts against which dimensions were chosen.
    named
        Whether the dimensions were named and not chosen.
    method
        ``screening``, or ``leave-one-out and only-this`` where there are too many lines for such a design.
    total_shift, sum_of_effects
        Pooled: the whole file minus the file of neutral lines, and the sum of the lines' effects.
    versions
        Versions of the file that were asked.
    tokens, tokens_apart
        Of the file, and the most by which a version differs from it.
    notes
        What a reader must know.
    """

    subject: str
    model: str
    channel: str
    against: str
    sesoi: float
    named: bool
    dimensions: tuple[TracedDimension, ...]
    lines: tuple[LineEffects, ...] = ()
    roles: tuple[RoleEffects, ...] = ()
    total_shift: Shift | None = None
    sum_of_effects: Shift | None = None
    method: str = ""
    versions: int = 0
    tokens: int = 0
    tokens_apart: int = 0
    why: str = ""
    notes: tuple[str, ...] = ()

    @property
    def traced(self) -> tuple[TracedDimension, ...]:
        """The dimensions whose lines were looked for."""
        return tuple(d for d in self.dimensions if d.traced)
