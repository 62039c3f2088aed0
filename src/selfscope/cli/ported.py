"""A port on its way: the corpus, the ports themselves, how much arrived, and what an archive is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.cli.export_self import exporter_of, open_ground
from selfscope.cli.named import Named
from selfscope.cli.port_controls import control_json, trained_controls
from selfscope.cli.port_order import BARE, CORPUS, PORTS, Order
from selfscope.cli.show import command_line, counting, writing
from selfscope.errors import BadInput
from selfscope.values import content_id, short

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive
    from selfscope.models.ground import Ground, GroundIdentity
    from selfscope.studies.fidelity import Self
    from selfscope.training.ports.descent import Recorded
    from selfscope.training.ports.make import Made, Source
    from selfscope.values.port import CorpusRow
    from selfscope.values.port_fidelity import PortFidelity


@dataclass(frozen=True)
class Carried:
    """What came of an order: JSON, and lines for people."""

    told: dict[str, Any]
    lines: tuple[str, ...]


async def carry(order: Order) -> Carried:
    """Export where that is needed, make all ports, measure them, and write them down.

    Raises
    ------
    BadInput
        If the corpus is another subject's, a port cannot be made so, or an archive is not there.
    Stopped
        If a budget is spent; what was done is kept.
    """
    archive = None if order.archive is None else archive_at(order.archive)
    source, target = await _identities(order)
    order = replace(order, out=order.out or PORTS / short(content_id([source.subject.id, target])))
    rows = () if order.by == ("prompt",) else await _corpus(order, source)
    made = make_ports(order, source, target, rows)
    controls = trained_controls(order, source)
    found = await _measure(order, made, controls) if order.measured else None
    kept = [] if archive is None else [recorded(archive, source, each, found) for each in made]
    told = port_json(order, source, made, found, kept, controls)
    return Carried(told, tuple(_lines(made, found, kept)))


def archive_at(root: Path) -> Archive:
    """Open the archive that is kept in a directory, its keys beside it, as ``keep --root`` does."""
    from selfscope.archive.store.archive import Archive
    from selfscope.archive.store.vault import Vault

    keys = root.absolute().with_name(f"{root.absolute().name}-keys")
    return Archive.open(root, vault=Vault(root / "keys", keys))


def opened(who: Self) -> Ground:
    """Return the ground of one who is asked."""
    return open_ground(Named(BARE, who.model, who.adapter, who.cap))


async def _identities(order: Order) -> tuple[Source, GroundIdentity]:
    """Return who is carried over, and the ground that it goes to."""
    from selfscope.subjects import Subject
    from selfscope.training.ports.make import Source

    who = order.original
    async with exporter_of(order.named, order.limits) as (exporter, _):
        source = Source(who.name, Subject(exporter.ground, who.system, name=who.name))
    target = opened(order.unported)
    await target.close()
    return source, target.identity


async def _corpus(order: Order, source: Source) -> Sequence[CorpusRow]:
    """Return the rows that were given, or export them first."""
    from selfscope.training.portrait.export import export_self
    from selfscope.training.portrait.folder import read_manifest
    from selfscope.training.portrait.given import read_given

    if order.corpus is not None:
        told = read_manifest(order.corpus) if order.corpus.is_dir() else {}
        owner = told.get("subject", {}).get("id", source.subject.id)
        if owner != source.subject.id:
            raise BadInput(
                "the corpus is another subject's",
                got=f"{order.corpus}: of {told['subject'].get('name')}",
                fix="Give the subject that was exported, ground and adapter included; or its rows alone",
            )
        return read_given(order.corpus)
    async with exporter_of(order.named, order.limits) as (exporter, budget):
        with counting(f"export {source.name}") as progress:
            done = await export_self(
                order.request, exporter, order.folder / CORPUS, budget=budget, progress=progress
            )
    return done.rows


def make_ports(order: Order, source: Source, target: GroundIdentity, rows: Sequence[CorpusRow]) -> list[Made]:
    """Return all ports of an order, made or found in their places."""
    from selfscope.training.ports.make import port_by_prompt, port_by_testimony

    made = []
    if "prompt" in order.by:
        made.append(port_by_prompt(source, target, order.folder))
    if "testimony" in order.by:
        made.append(port_by_testimony(source, target, rows, order.folder))
    if "training" in order.by:
        made += _train(order, source, target, rows)
    return made


def _train(order: Order, source: Source, target: GroundIdentity, rows: Sequence[CorpusRow]) -> list[Made]:
    from selfscope.models.local.load import load
    from selfscope.training.ports.make import port_by_training, trainings_on

    refuse_unweighted(target)
    trainings = trainings_on(rows, load(order.to), order.sizes, order.seeds)
    made = []
    with counting("trainings") as bar:

        def tell(done: int, total: int, which: str) -> None:
            bar(done, total, which, "")

        for size, training in trainings:
            own = (training, rows[:size], target, load(order.to), order.folder)
            made.append(port_by_training(source, *own, tell))
    return made


def refuse_unweighted(target: GroundIdentity) -> None:
    """Refuse to train what has no weights here; BadInput."""
    if target.kind != "local":
        raise BadInput(
            "an adapter is trained on weights that are here",
            got=target.name,
            fix="Give --to embedded, a folder or a hub id; a service fine-tunes on openai.jsonl",
        )


async def _measure(order: Order, made: Sequence[Made], controls: Sequence[Self] = ()) -> PortFidelity:
    """Ask original, ports and bare target the same, and write the page."""
    from selfscope.report.port import write_port
    from selfscope.studies.fidelity import Self
    from selfscope.studies.fidelity_run import fidelity_of
    from selfscope.studies.store import RunStore

    ports = tuple(
        Self(p.name, order.to, p.system, p.adapter, by=p.by, size=p.size, seed=p.seed)
        for p in (each.port for each in made)
    )
    request = order.measure((*ports, *controls))
    with counting("fidelity") as progress:
        found = await fidelity_of(request, opened=opened, progress=progress, budget=order.limits.budget)
    with writing("the page"):
        write_port(found, RunStore.find(found.run).report, facts=facts_of(order, made))
    return found


def facts_of(order: Order, made: Sequence[Made]) -> tuple[tuple[str, str], ...]:
    """Return what the head of the page says of how the ports came about."""
    corpora = {each.port.corpus for each in made if each.port.corpus}
    return (
        ("from", order.named.model),
        ("to", order.to),
        ("by", ", ".join(order.by)),
        ("corpus", ", ".join(sorted(short(each) for each in corpora)) or "none"),
        ("command", command_line()),
    )


def recorded(archive: Archive, source: Source, made: Made, found: PortFidelity | None) -> Recorded:
    """Write one port down, with the run that measured it, and its distance from the original.

    Where no trait is surely another in the original there is a run, and no distance in half contrasts.
    """
    import math

    from selfscope.training.ports.descent import record

    if found is None:
        return record(archive, source, made)
    distance = found.port(made.port.name).distance if found.headline else math.nan
    return record(archive, source, made, found.run, None if math.isnan(distance) else distance)


def port_json(
    order: Order,
    source: Source,
    made: Sequence[Made],
    found: PortFidelity | None,
    kept: Sequence[Recorded],
    controls: Sequence[Self] = (),
) -> dict[str, Any]:
    """Return what ``port --json`` prints (schema: ``selfscope schema port``)."""
    from selfscope.studies.store import RunStore

    told: dict[str, Any] = dict.fromkeys(UNMEASURED) if found is None else found.json()
    measured = {each["name"]: each for each in told.get("ports") or []}
    return told | {
        "subject": _subject_json(made[0]),
        "original": {"id": source.subject.id, "name": source.name, "model": order.named.model},
        "target": order.to,
        "ports": [_subject_json(each) | {"measured": measured.get(each.port.name)} for each in made],
        "controls": [control_json(each, measured.get(each.name)) for each in controls],
        "archived": list(kept),
        "report": None if found is None else str(RunStore.find(found.run).report),
    }


#: What is null where nothing was measured.
UNMEASURED = ("fidelity", "ci", "ceiling", "floor", "clone_accuracy", "ability", "curve", "run")


def _subject_json(made: Made) -> dict[str, Any]:
    port = made.port
    return {
        "name": port.name,
        "by": port.by,
        "model": port.target,
        "folder": str(made.folder),
        "ask": made.asked_as,
        "adapter": None if made.adapter is None else made.adapter.id,
        "corpus": port.corpus,
        "size": port.size,
        "seed": port.seed,
        "kept": made.kept,
    }


def _lines(made: Sequence[Made], found: PortFidelity | None, kept: Sequence[Recorded]) -> list[str]:
    lines = [f"{each.port.name}: selfscope profile {each.asked_as}" for each in made]
    if found is not None:
        from selfscope.report.port import fidelity_lines
        from selfscope.studies.store import RunStore

        lines += [*fidelity_lines(found), str(RunStore.find(found.run).report)]
    return lines + [
        f"{each.port} comes from {each.original}: {each.edge}, drift {each.drift}" for each in kept
    ]
