"""What a port comes to: how much of a character carried over, in what it says, keeps and can do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from selfscope.values.canonical import plain
from selfscope.values.finding import Estimate
from selfscope.values.persona_against import Against
from selfscope.values.port import CONTROL

Reading = Literal[
    "carried", "in part", "not carried", "away", "caricature", "nothing to carry over", "cannot tell"
]
Order = Literal["rises", "falls", "no order shown", "not tested"]
Told = Literal["told apart", "not told apart", "taken for the original", "cannot tell"]
#: What stands before the items: nothing; being told to drop the act; a task; a reply of its own, drawn anew.
#: Beyond the control nobody is asked: all are read from the training on another one's corpus.
Setting = Literal[
    "plain", "drop the act", "inside a task", "asked again 1", "asked again 2", "beyond the control"
]
BEYOND: Setting = "beyond the control"
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


@dataclass(frozen=True)
class Ceiling:
    """What F is of the original itself, asked again; `of` says how it was asked again."""

    channel: str
    fidelity: Estimate
    of: str


@dataclass(frozen=True)
class Ported:
    """One port, and how it was made."""

    name: str
    by: str
    size: int
    seed: int


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
class InStatements:
    """What carried over statement by statement, in one channel whose scores are exact.

    Attributes
    ----------
    rows
        Every port in every setting, and the trainings beyond a control; distances are of single statements.
    """

    channel: str
    rows: tuple[Carried, ...]
    ceilings: tuple[Ceiling, ...]
    curves: tuple[Curve, ...]


@dataclass(frozen=True)
class PortFidelity:
    """All that is known of the ports of one character.

    Attributes
    ----------
    run
        Id of the run that asked everything.
    original, unported
        Their names.
    headline
        The channel that speaks for the ports: the first that says anything, of those in their order.
    carried
        Rows of every port, channel, dimension and setting.
    gates
        Why a channel or a dimension is not read, by ``channel`` or ``channel dimension``.
    whole
        The ports that stand for the whole, over their seeds, in the channel that speaks for them.
    beyond_whole
        The same with the control in the place of the unported target; None without a control.
    statements
        The same statement by statement; None where no channel has exact scores.
    geometry
        The space of roles of each port that was mapped, beside the original's, by the port's name.
    """

    run: str
    original: str
    unported: str
    ground: str
    target: str
    headline: str
    ports: tuple[Ported, ...]
    carried: tuple[Carried, ...]
    ceilings: tuple[Ceiling, ...]
    curves: tuple[Curve, ...]
    clones: tuple[Clone, ...] = ()
    ability: Ability | None = None
    gates: tuple[tuple[str, str], ...] = ()
    whole: Whole | None = None
    beyond_whole: Whole | None = None
    statements: InStatements | None = None
    geometry: tuple[tuple[str, Against], ...] = ()
    notes: tuple[str, ...] = ()

    def port(self, name: str, channel: str = "") -> Carried:
        """Return a port, all dimensions of a channel together, plainly asked; KeyError if it is not there.

        `channel` is the one that speaks for the ports where it is not given.
        """
        wanted = (name, channel or self.headline, POOLED, "plain")
        for row in self.carried:
            if (row.port, row.channel, row.dimension, row.setting) == wanted:
                return row
        raise KeyError(f"{name} in {wanted[1]}")

    @property
    def kept(self) -> tuple[Carried, ...]:
        """Rows of other settings: told to drop the act, inside a task."""
        return tuple(c for c in self.carried if c.setting not in ("plain", BEYOND))

    @property
    def beyond(self) -> tuple[Carried, ...]:
        """Rows in which the control stands in the place of the unported target."""
        return tuple(c for c in self.carried if c.setting == BEYOND)

    @property
    def best(self) -> tuple[Ported, ...]:
        """The ports that stand for the whole: seeds of one training, most seeds first, then most rows.

        Without a training, the first port. A control is no port of the character.
        """
        groups: dict[tuple[str, int], list[Ported]] = {}
        for each in (p for p in self.ports if p.by != CONTROL):
            name = "" if each.by == "training" else each.name
            groups.setdefault((name, each.size), []).append(each)
        largest = max(groups.values(), key=lambda own: (len(own), own[0].size))
        return tuple(largest)

    def json(self) -> dict[str, Any]:
        """Return what ``port --json`` prints beside the subject."""
        if self.whole is None:
            return {"fidelity": None, "ci": [None, None], "ceiling": None, "floor": None} | self._rest()
        own = self.whole.fidelity
        sure = math.isfinite(own.ci[0])
        ceiling = next((c for c in self.ceilings if c.channel == self.headline), None)
        head = {
            "fidelity": own.estimate if sure else None,
            "ci": list(own.ci) if sure else [None, None],
            "ceiling": None if ceiling is None else plain(ceiling),
            "floor": 0.0 if sure else None,
        }
        return dict(_nulls(head | self._rest()))

    def _rest(self) -> dict[str, Any]:
        names = {each.name for each in self.best}
        shares = self._chosen(names, judged=True) or self._chosen(names, judged=False)
        curve = next((c for c in self.curves if c.channel == self.headline), None)
        told: dict[str, Any] = {
            "channel": self.headline,
            "verdict": "nothing to carry over" if self.whole is None else self.whole.reading,
            "clone_accuracy": sum(shares) / len(shares) if shares else None,
            "clone": plain(self.clones),
            "ability": None if self.ability is None else plain(self.ability),
            "curve": {"points": [], "order": "not tested", "p": None} if curve is None else plain(curve),
            "ports": [self._port(each) for each in self.ports],
            "channels": [plain(c) for c in self.carried if c.setting == "plain"],
            "kept": [plain(c) for c in self.kept],
            "beyond": self._beyond_json(),
            "statements": None if self.statements is None else plain(self.statements),
            "ceilings": plain(self.ceilings),
            "gates": dict(self.gates),
            "geometry": {name: plain(found) for name, found in self.geometry},
            "notes": list(self.notes),
            "run": self.run,
        }
        return dict(_nulls(told))

    def _beyond_json(self) -> dict[str, Any] | None:
        if self.beyond_whole is None:
            return None
        return {"whole": plain(self.beyond_whole), "ports": [plain(c) for c in self.beyond]}

    def _chosen(self, names: set[str], *, judged: bool) -> list[float]:
        """Return how often the original was told from these ports, by judges or by likelihoods."""
        own = [c for c in self.clones if c.against in names and (c.judge != BY_LIKELIHOOD) == judged]
        return [c.accuracy.estimate for c in own if math.isfinite(c.accuracy.estimate)]

    def _port(self, each: Ported) -> dict[str, Any]:
        told = plain(each)
        if self.headline:
            row = plain(self.port(each.name))
            told |= {key: row[key] for key in ("fidelity", "along", "across", "distance", "reading")}
        return dict(told)


def _nulls(value: Any) -> Any:
    """Return a value of JSON types with null where a number is not one."""
    if isinstance(value, dict):
        return {key: _nulls(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_nulls(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
