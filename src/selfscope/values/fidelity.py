"""The nouns of a port's fidelity: how much of a character carried over, in what it says, keeps and can do.

:mod:`selfscope.values.port_fidelity` holds all of one port's together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from selfscope.values.finding import Estimate

Reading = Literal[
    "carried", "in part", "not carried", "away", "caricature", "nothing to carry over", "cannot tell"
]
Order = Literal["rises", "falls", "no order shown", "not tested"]
Told = Literal["told apart", "not told apart", "taken for the original", "cannot tell"]
#: What stands before the items: nothing; being told to drop the act; a task; a reply of its own, drawn anew.
#: Beyond a control nobody is asked: all are read from a training on another one's corpus.
Setting = Literal[
    "plain", "drop the act", "inside a task", "asked again 1", "asked again 2", "beyond the control"
]
BEYOND: Setting = "beyond the control"
#: What may be said of how much of it is this character's own, and not what any training alike would carry.
Specific = Literal[
    "no control",
    "not shown",
    "beyond bare words",
    "beyond these trainings",
    "beyond any such training",
]
#: What chooses between texts where no judge does.
BY_LIKELIHOOD = "likelihood"
#: All dimensions of a channel together.
POOLED = ""
NONE = Estimate(float("nan"), (float("nan"), float("nan")))


@dataclass(frozen=True)
class Carried:
    """One port in one channel, over one dimension or all together.

    Attributes
    ----------
    port
        Name of the port; in the setting of others than ``plain`` also the original's own.
    dimension
        "" for all of them together.
    fidelity
        F: 1 the original, 0 the unported target; bounds are NaN where there was nothing to carry over.
    along
        Share of the original's shift that the port has; above 1 it overshoots.
    across
        Distance off the line from the unported target to the original, in lengths of it.
    distance, unported
        Root mean square half contrast between port and original, and between unported target and original,
        natural log-odds; 0 where noise is all there is. Of open answers NaN.
    reading
        In one word.
    control
        In the setting beyond a control: its name.
    """

    port: str
    channel: str
    dimension: str
    setting: Setting
    fidelity: Estimate
    along: Estimate
    across: float
    distance: float
    unported: float
    reading: Reading
    notes: tuple[str, ...] = ()
    control: str = ""


@dataclass(frozen=True)
class Ceiling:
    """What F is of the original itself, asked again; `of` says how it was asked again."""

    channel: str
    fidelity: Estimate
    of: str


@dataclass(frozen=True)
class Ported:
    """One port, and how it was made.

    Attributes
    ----------
    of
        Of a control: whose corpus it was trained on; "" of a port.
    bare
        Of a control: whether that is nobody's, the words of weights without a character.
    """

    name: str
    by: str
    size: int
    seed: int
    of: str = ""
    bare: bool = False


@dataclass(frozen=True)
class CurvePoint:
    """All ports of one size of the corpus; F is the mean over seeds."""

    size: int
    seeds: int
    fidelity: Estimate


@dataclass(frozen=True)
class Curve:
    """Fidelity over the size of the corpus in one channel, with the test of its order."""

    channel: str
    points: tuple[CurvePoint, ...]
    order: Order
    p: float


@dataclass(frozen=True)
class Clone:
    """A blind choice between a text of the original and another one.

    Attributes
    ----------
    against
        Whose the other text is: a port's name, ``copy`` (the original again, where one half is to be
        expected), ``imitation`` (the target, told to imitate) or ``unported``.
    judge
        Who chose: a model, or ``likelihood``.
    accuracy
        How often the original's own text was chosen, over prompts.
    p
        Two-sided, against a blind choice.
    prompts
        How many there are.
    """

    against: str
    judge: str
    accuracy: Estimate
    p: float
    prompts: int
    told: Told


@dataclass(frozen=True)
class Able:
    """How many tasks with one right answer a subject did right."""

    name: str
    rate: Estimate
    tasks: int


@dataclass(frozen=True)
class AbleDifference:
    """A difference of shares of right replies, paired by task, with its interval and verdict."""

    name: str
    against: str
    difference: Estimate
    verdict: str


@dataclass(frozen=True)
class Ability:
    """What can be done.

    Attributes
    ----------
    rates
        Of original, unported target, ports, and of the target told that it can and that it cannot.
    kept
        Each port against the unported target and against the original, within the margin or not.
    gained
        The target that believes it can against the one that believes it cannot; None where neither was asked.
    """

    rates: tuple[Able, ...]
    kept: tuple[AbleDifference, ...]
    gained: AbleDifference | None


@dataclass(frozen=True)
class Whole:
    """Several seeds of one training, or a single port."""

    fidelity: Estimate
    along: Estimate
    reading: Reading


@dataclass(frozen=True)
class Beyond:
    """The ports that stand for the whole, with a control in the place of the unported target.

    Attributes
    ----------
    control, of, bare
        Name of the control, whose corpus it was trained on, and whether that is the bare model's own words.
    traits, statements
        F of the ports where 0 is the control: surely above 0 is surely nearer to the original than it. None
        where that measure says nothing of anybody.
    """

    control: str
    of: str
    bare: bool
    traits: Whole | None
    statements: Whole | None


@dataclass(frozen=True)
class InStatements:
    """What carried over statement by statement, in one channel whose scores are exact.

    Attributes
    ----------
    rows
        Every port in every setting, and trainings beyond each control; distances are of single statements.
    """

    channel: str
    rows: tuple[Carried, ...]
    ceilings: tuple[Ceiling, ...]
    curves: tuple[Curve, ...]
