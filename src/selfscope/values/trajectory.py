"""One character over versions: where it stands, what steps did, where it changed, what went the wrong way."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from selfscope.values.finding import Finding, Verdict

Kind = Literal["runs", "history", "models", "adapters"]
Shape = Literal["jump", "drift"]


@dataclass(frozen=True)
class Version:
    """One version.

    Attributes
    ----------
    version
        A commit, a run's id, a model's or an adapter's name; ``working tree`` for what is not committed.
    date
        Of the commit, or when the run began; ISO 8601.
    label
        What is told of it: a commit's message, the name of a run's subject.
    subject
        The name of who was asked.
    run
        The run that holds its answers; versions of one text share one.
    ground
        The model's name.
    tokens
        Of the identity's text; 0 without one.
    text
        The identity's text; None without one.
    """

    version: str
    date: str
    label: str
    subject: str
    run: str = ""
    ground: str = ""
    tokens: int = 0
    text: str | None = None


@dataclass(frozen=True)
class Skipped:
    """What was met and is no version, and why."""

    version: str
    date: str
    label: str
    reason: str


@dataclass(frozen=True)
class Move:
    """A difference between two versions, paired by statement: half contrast in natural log-odds.

    `bias` is the change in yes-saying (in ``utterance``: in fluency), None without one; `reasons`
    say why an absence could not have been seen.
    """

    estimate: float
    ci: tuple[float, float]
    p: float
    p_adjusted: float
    verdict: Verdict
    bias: float | None = None
    notes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    @classmethod
    def of(cls, finding: Finding) -> Move:
        """Return the difference that a finding tells."""
        moved = finding.bias.acquiescence
        return cls(
            finding.estimate,
            finding.ci,
            finding.p,
            finding.p_adjusted,
            finding.verdict,
            None if moved is None else moved.estimate,
            finding.notes,
            finding.gate.reasons,
        )


@dataclass(frozen=True)
class Point:
    """One version on one dimension and channel.

    Attributes
    ----------
    estimate, ci
        Where it stands: `of` says whether that is its level, or its difference from the model without text.
    interpreted
        False for a level in ``utterance``, which holds the frequency of words.
    step, from_first
        The difference from the version before it, and from the first; None of the first.
    """

    version: str
    date: str
    label: str
    subject: str
    dimension: str
    channel: str
    estimate: float
    ci: tuple[float, float]
    of: Literal["level", "against none"]
    interpreted: bool
    step: Move | None
    from_first: Move | None


@dataclass(frozen=True)
class ChangePoint:
    """Where a dimension changed most.

    Attributes
    ----------
    version
        The first version after the change; `index` is its place, counted from 0.
    estimate, ci
        Mean of the versions after minus mean of those before.
    p, p_adjusted
        Of the largest CUSUM, and after Holm over the dimensions.
    shape
        ``jump`` where two levels fit at least as well as a straight line and the step between them is at
        least half of the change, else ``drift``.
    found
        Whether it is one: sure, as large as the smallest effect of interest, and no mere firmness.
    """

    dimension: str
    channel: str
    version: str
    index: int
    estimate: float
    ci: tuple[float, float]
    p: float
    p_adjusted: float
    shape: Shape
    found: bool


@dataclass(frozen=True)
class WrongWay:
    """A step away from where a dimension was going.

    `direction` is +1 or -1, and `source` says whose it is: the ``first version``'s, where that surely stood
    to one side of the model without text, else the ``declared`` pole of the dimension.
    """

    dimension: str
    channel: str
    version: str
    index: int
    estimate: float
    ci: tuple[float, float]
    verdict: Verdict
    direction: int
    source: Literal["first version", "declared"]


@dataclass(frozen=True)
class Course:
    """One channel of a trajectory.

    Attributes
    ----------
    dimensions
        Names, in order; `declared` are those of the family.
    sesoi
        The smallest effect of interest.
    of, interpreted
        What the points' estimates are, and whether they may be read.
    change_points_absent
        Why none were looked for; "" if they were.
    """

    channel: str
    dimensions: tuple[str, ...]
    declared: tuple[str, ...]
    sesoi: float
    of: Literal["level", "against none"]
    interpreted: bool
    change_points_absent: str = ""


@dataclass(frozen=True)
class Trajectory:
    """All that came of following a character over versions.

    Attributes
    ----------
    name
        Who was followed.
    judged
        The findings that the gate reads: every step, and where there are several the last version against the
        first.
    family
        What is corrected together, in words.
    fixed
        What all versions share, in words.
    """

    kind: Kind
    name: str
    versions: tuple[Version, ...]
    courses: tuple[Course, ...]
    points: tuple[Point, ...]
    change_points: tuple[ChangePoint, ...]
    wrong_way: tuple[WrongWay, ...]
    judged: tuple[Finding, ...]
    titles: dict[str, str]
    family: str
    fixed: str
    unavailable: dict[str, str] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()

    def along(self, channel: str, dimension: str) -> tuple[Point, ...]:
        """Return the points of one dimension in one channel, in the order of the versions."""
        return self._by_dimension[channel, dimension]

    @cached_property
    def _by_dimension(self) -> dict[tuple[str, str], tuple[Point, ...]]:
        found: dict[tuple[str, str], list[Point]] = {}
        for point in self.points:
            found.setdefault((point.channel, point.dimension), []).append(point)
        return {key: tuple(points) for key, points in found.items()}
