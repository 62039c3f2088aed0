"""All that is known of the ports of one character, and what ``port --json`` prints of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from selfscope.values.canonical import plain
from selfscope.values.fidelity import (
    BEYOND,
    BY_LIKELIHOOD,
    POOLED,
    Ability,
    Beyond,
    Carried,
    Ceiling,
    Clone,
    Curve,
    InStatements,
    Ported,
    Specific,
    Whole,
)
from selfscope.values.persona_against import Against
from selfscope.values.port import CONTROL


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
    controls
        The same with each control in the place of the unported target.
    specific
        What may be said of traits, and of single statements, beyond the controls.
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
    controls: tuple[Beyond, ...] = ()
    specific: tuple[Specific, Specific] = ("no control", "no control")
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
        """Rows in which a control stands in the place of the unported target."""
        return tuple(c for c in self.carried if c.setting == BEYOND)

    @property
    def best(self) -> tuple[Ported, ...]:
        """The ports that stand for the whole: seeds of one training, most seeds first, then most rows.

        Without a training, the first port. A control is no port of the character.
        """
        return best_of(self.ports)

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
        if not self.controls:
            return None
        traits, statements = self.specific
        return {
            "specific": {"traits": traits, "statements": statements},
            "controls": plain(self.controls),
            "ports": plain(self.beyond),
        }

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


def best_of(ports: Sequence[Ported]) -> tuple[Ported, ...]:
    """Return the ports that stand for the whole; see :attr:`PortFidelity.best`."""
    groups: dict[tuple[str, int], list[Ported]] = {}
    for each in (p for p in ports if p.by != CONTROL):
        name = "" if each.by == "training" else each.name
        groups.setdefault((name, each.size), []).append(each)
    largest = max(groups.values(), key=lambda own: (len(own), own[0].size))
    return tuple(largest)


def _nulls(value: Any) -> Any:
    """Return a value of JSON types with null where a number is not one."""
    if isinstance(value, dict):
        return {key: _nulls(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_nulls(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
