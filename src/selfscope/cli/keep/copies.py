"""``keep``: particular copies on particular devices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selfscope.cli.keep.opened import content_named, content_of, desk, opened, refuse_place, say
from selfscope.cli.show import JsonFlag
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.archive.journal.events import Event
    from selfscope.archive.store.archive import Archive

app = typer.Typer(help="Record particular copies on particular devices.", no_args_is_help=True)

Instance = Annotated[str, typer.Argument(metavar="INSTANCE", help="An instance's id.")]
Device = Annotated[str, typer.Option(help="On what machine or medium it is, by a name that stays.")]
Place = Annotated[str, typer.Option(help="Where on it, or where it stands.")]


@app.command("add")
def add(
    context: typer.Context,
    content: Annotated[str, typer.Argument(metavar="ID", help="The content that it is a copy of.")],
    device: Device,
    place: Place = "",
    medium: Annotated[str, typer.Option(help="For instance disk, tape, accelerator memory.")] = "disk",
    source: Annotated[str, typer.Option("--from", help="The instance that it was copied from.")] = "",
    origin: Annotated[bool, typer.Option("--origin", help="It was copied from nothing.")] = False,
    began: Annotated[str, typer.Option(help="When it came to be, ISO 8601; now if not said.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Record a copy that somebody tells of; where its source is not known, it stays unknown."""
    archive = opened(context)
    instance = _begin(archive, content_named(archive, content), device, medium, place, source, origin, began)
    say({"instance": instance}, instance, as_json)


@app.command("end")
def end(
    context: typer.Context,
    instance: Instance,
    why: Annotated[str, typer.Option(help="For instance deleted, lost, damaged.")],
    as_json: JsonFlag = False,
) -> None:
    """Record that a copy elsewhere is no more. What the archive itself holds is ended by other verbs."""
    from selfscope.archive.journal.events import InstanceEnded

    archive = opened(context)
    content_of(archive, instance)
    if any(row.instance == instance for row in archive.index.holdings()):
        raise BadInput("the archive itself holds this copy", got=instance, fix="Ending it is no report")
    archive.append([InstanceEnded(instance, archive.now(), why)])
    say({"instance": instance, "ended": True}, f"{instance} has ended: {why}.", as_json)


@app.command("see")
def see(
    context: typer.Context,
    instance: Instance,
    way: Annotated[str, typer.Option(help="How it was looked at.")],
    damaged: Annotated[bool, typer.Option("--damaged", help="It is not there, or not whole.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Record that somebody looked whether a copy is there and whole."""
    from selfscope.archive.journal.events import Attested

    archive = opened(context)
    content_of(archive, instance)
    archive.append([Attested(instance, archive.now(), way, not damaged)])
    found = "is not whole" if damaged else "is there and whole"
    say({"instance": instance, "holds": not damaged}, f"{instance} {found}.", as_json)


@app.command("pin")
def pin(
    context: typer.Context,
    instance: Instance,
    unpin: Annotated[bool, typer.Option("--unpin", help="It may be dropped again.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Record that a copy must never be dropped or moved."""
    from selfscope.archive.journal.events import Pinned

    archive = opened(context)
    content_of(archive, instance)
    archive.append([Pinned(instance, not unpin)])
    say({"instance": instance, "pinned": not unpin}, f"{instance} is {'not ' * unpin}pinned.", as_json)


@app.command("move")
def move(
    context: typer.Context,
    instance: Instance,
    device: Device,
    place: Place = "",
    medium: Annotated[str, typer.Option(help="For instance disk, tape, cold storage.")] = "disk",
    as_json: JsonFlag = False,
) -> None:
    """Record that a copy elsewhere was moved to other storage: it ends there, and a new one begins of it."""
    from selfscope.archive.lineage.tiering import move as recorded

    archive = opened(context)
    content = content_of(archive, instance)
    began = recorded(archive, instance, device, medium, place)
    say({"instance": began, "moved": instance, "content": content}, began, as_json)


def copy(
    context: typer.Context,
    source: Annotated[str, typer.Option("--from", help="The instance that is copied.")],
    device: Device,
    out: Annotated[
        Path | None, typer.Option("--to", help="Write the copy here, from what the archive holds itself.")
    ] = None,
    place: Place = "",
    medium: Annotated[str, typer.Option(help="For instance disk, tape, accelerator memory.")] = "disk",
    as_json: JsonFlag = False,
) -> None:
    """Copy from a particular instance, and record the new one with its source."""
    from selfscope.archive.policy.evaluate import Facts, evaluate_ledger

    archive = opened(context)
    if out is not None:
        refuse_place(context, out)
    content, at = content_of(archive, source), desk(archive)
    ledger = at.ledger()
    evaluate_ledger(at.policy(ledger), ledger, Facts("copy", instance=source), at.now()).demand()
    if out is not None:
        _demand_read(archive, content, source)
        archive.get(content, out)
    instance = _begin(
        archive, content, device, medium, place or (str(out.absolute()) if out else ""), source, False, "",
        grade="witnessed" if out else "declared",
    )  # fmt: skip
    say({"instance": instance, "source": source, "content": content}, instance, as_json)


def _demand_read(archive: Archive, content: str, source: str) -> None:
    """Refuse to say that bytes were copied from an instance when they would be read from another."""
    rows = archive.index.holdings(content)
    if source not in {row.instance for row in rows}:
        raise BadInput("the archive does not hold this instance", got=source, fix="Leave out --to")
    read = archive.holdings(content)[0].instance
    if read != source:
        raise BadInput(
            "the archive would read another of its copies of this", got=source, fix=f"Copy from {read}"
        )


def _begin(
    archive: Archive,
    content: str,
    device: str,
    medium: str,
    place: str,
    source: str,
    origin: bool,
    began: str,
    grade: str = "declared",
) -> str:
    from selfscope.archive.journal.events import UNKNOWN, EdgeDrawn, InstanceBegan, new_id
    from selfscope.archive.journal.moments import moment

    if began:
        moment(began)
    if source:
        if content_of(archive, source) != content:
            raise BadInput("the source is a copy of something else", got=source, fix="Name the true source")
        if origin:
            raise BadInput("an origin was copied from nothing", got=source, fix="Leave out one of the two")
    instance = new_id("instance")
    events: list[Event] = [
        InstanceBegan(
            instance, content, device, medium, place, began or archive.now(),
            "" if origin else source or UNKNOWN, origin, grade,  # type: ignore[arg-type]
        )
    ]  # fmt: skip
    if source:
        events.append(EdgeDrawn("copy", (source,), instance, grade))  # type: ignore[arg-type]
    archive.append(events)
    return instance
