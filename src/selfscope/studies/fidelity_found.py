"""From the rows of a run of ports to what carried over: closed items, texts, tasks."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from selfscope.models.ground import GroundIdentity
from selfscope.stats.fidelity import (
    Share,
    over_seeds,
    reading_of,
)
from selfscope.stats.fidelity_beyond import Held, specific
from selfscope.stats.masked import Array
from selfscope.studies.fidelity import FidelityRequest, Where
from selfscope.studies.fidelity_channel import Channel
from selfscope.studies.fidelity_statements import (
    ByStatement,
    estimate_of,
)
from selfscope.studies.fidelity_tasks import ability_in
from selfscope.studies.fidelity_texts import clones_in, open_rows
from selfscope.values.fidelity import (
    BEYOND,
    POOLED,
    Beyond,
    Carried,
    Ceiling,
    Curve,
    InStatements,
    Ported,
    Whole,
)
from selfscope.values.port import CONTROL
from selfscope.values.port_fidelity import PortFidelity

if TYPE_CHECKING:
    import pandas as pd


def fidelity_in(
    request: FidelityRequest,
    grounds: Mapping[Where, GroundIdentity],
    run: str,
    rows: pd.DataFrame,
    evidence: pd.DataFrame,
    judged: Mapping[str, Mapping[str, Array]],
) -> PortFidelity:
    """Return all that a run says of its ports.

    Parameters
    ----------
    judged
        What judges chose, by judge and by whose the other text is.
    """
    closed = _closed(request, rows)
    texts, notes = open_rows(request, rows, evidence)
    return _with_whole(
        PortFidelity(
            run=run,
            original=request.original.name,
            unported=request.unported.name,
            ground=grounds[request.original.where].name,
            target=grounds[request.unported.where].name,
            headline=_headline(request, closed.carried),
            ports=tuple(Ported(p.name, p.by, p.size, p.seed, p.of, p.bare) for p in request.ports),
            carried=(*closed.carried, *texts),
            ceilings=tuple(closed.ceilings),
            curves=tuple(closed.curves),
            clones=clones_in(request, rows, judged),
            ability=ability_in(request, rows),
            gates=tuple(closed.gates.items()),
            notes=(*_notes(request, closed.carried), *notes),
            statements=by_statement(closed.statements),
        )
    )


@dataclass(frozen=True)
class _Closed:
    """What the closed channels say, in their order."""

    carried: list[Carried] = field(default_factory=list)
    ceilings: list[Ceiling] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    statements: list[ByStatement] = field(default_factory=list)
    gates: dict[str, str] = field(default_factory=dict)


def _closed(request: FidelityRequest, rows: pd.DataFrame) -> _Closed:
    told = _Closed()
    for question in request.questions:
        own = rows[rows["channel"] == question.channel]
        if own.empty:
            told.gates[question.channel] = "not asked on these grounds"
            continue
        found = Channel(request, question, own)
        told.gates.update(found.gates)
        if found.shifts is not None:
            told.carried.extend((*found.rows(), *found.beyond()))
            told.ceilings.extend(found.ceilings())
            told.curves.extend(found.curves())
            told.statements.extend(filter(None, [found.by_statement()]))
    return told


def _with_whole(port: PortFidelity) -> PortFidelity:
    """Return the same with the ports that stand for the whole, and what they have beyond the controls."""
    names = tuple(each.name for each in port.best)
    whole = _whole([port.port(name) for name in names]) if port.headline else None
    controls = tuple(_beyond(port, each, names) for each in port.ports if each.by == CONTROL)
    traits = specific(
        math.nan if whole is None else whole.fidelity.estimate,
        [Held(b.traits, _plain(port.carried, b.control, port.headline), b.bare) for b in controls],
    )
    rows = port.statements.rows if port.statements is not None else ()
    own = [_plain(rows, name) for name in names]
    statements = specific(
        sum(own) / len(own), [Held(b.statements, _plain(rows, b.control), b.bare) for b in controls]
    )
    return replace(port, whole=whole, controls=controls, specific=(traits, statements))


def _beyond(port: PortFidelity, control: Ported, names: Collection[str]) -> Beyond:
    """Return the ports that stand for the whole with one control in the place of the unported target."""
    traits = [c for c in port.beyond if c.channel == port.headline]
    single = port.statements.rows if port.statements is not None else ()
    found = [
        [c for c in rows if (c.setting, c.control) == (BEYOND, control.name) and c.port in names]
        for rows in (traits, single)
    ]
    return Beyond(control.name, control.of, control.bare, *(_whole(own) if own else None for own in found))


def _plain(rows: Sequence[Carried], name: str, channel: str = "") -> float:
    """Return F of somebody plainly asked, all statements together; NaN where it is not told."""
    wanted = (name, POOLED, "plain")
    found = [c for c in rows if (c.port, c.dimension, c.setting) == wanted and channel in ("", c.channel)]
    return found[0].fidelity.estimate if found else math.nan


def _whole(rows: Sequence[Carried]) -> Whole:
    """Return several seeds of one training, or a single port, as one."""
    carried, along = (
        over_seeds([Share(e.estimate, *e.ci) for e in own])
        for own in ([r.fidelity for r in rows], [r.along for r in rows])
    )
    return Whole(estimate_of(carried), estimate_of(along), reading_of(carried, along))


def by_statement(found: Sequence[ByStatement]) -> InStatements | None:
    """Return what the first channel of exact scores says statement by statement; None without one."""
    if not found:
        return None
    first = found[0]
    return InStatements(first.channel, tuple(first.rows()), tuple(first.ceilings()), tuple(first.curves()))


def _headline(request: FidelityRequest, carried: Sequence[Carried]) -> str:
    """Return the first closed channel in which there was something to carry over; "" if there is none."""
    names = {p.name for p in request.ports}
    said = [
        c.channel
        for c in carried
        if c.port in names
        and (c.dimension, c.setting) == (POOLED, "plain")
        and c.reading != "nothing to carry over"
    ]
    return said[0] if said else ""


def _notes(request: FidelityRequest, closed: Sequence[Carried]) -> Iterator[str]:
    trained = [p for p in request.ports if p.by == "training"]
    sizes = [p.size for p in trained]
    if trained and max(sizes.count(s) for s in sizes) < 3:
        yield "fewer than three seeds of a training: this adapter, not this training"
    settings = {c.setting for c in closed}
    if "kept" in request.parts and not settings & {"drop the act", "inside a task"}:
        yield (
            "whether it is kept was not asked: told to drop the act, and inside a task, what is read is the "
            "likelihood of statements (utterance), which was not asked on these grounds"
        )
    if request.bare != request.unported:
        yield (
            "two grounds: in utterance each subject is read against its own ground without a character, "
            "and in questions against the target without one"
        )
