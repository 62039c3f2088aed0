"""``keep``: particular copies, where they came from, and what survives on which view."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.keep.opened import desk, opened, resolved, say
from selfscope.cli.show import JsonFlag
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.archive.journal.events import Event
    from selfscope.archive.store.archive import Archive
    from selfscope.archive.survival.scene import Scene

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
    instance = _begin(archive, archive.index.resolve(content), device, medium, place, source, origin, began)
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
    _known(archive, instance)
    if any(row.instance == instance for row in archive.index.holdings()):
        raise BadInput("the archive itself holds this copy", got=instance, fix="Ending it is no report")
    _append(archive, [InstanceEnded(instance, archive.now(), why)])
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
    _known(archive, instance)
    _append(archive, [Attested(instance, archive.now(), way, not damaged)])
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
    _known(archive, instance)
    _append(archive, [Pinned(instance, not unpin)])
    say({"instance": instance, "pinned": not unpin}, f"{instance} is {'not ' * unpin}pinned.", as_json)


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
    content, at = _known(archive, source), desk(archive)
    ledger = at.ledger()
    evaluate_ledger(at.policy(ledger), ledger, Facts("copy", instance=source), at.now()).demand()
    if out is not None:
        if source not in {row.instance for row in archive.index.holdings(content)}:
            raise BadInput("the archive does not hold this instance", got=source, fix="Leave out --to")
        archive.get(content, out)
    instance = _begin(
        archive, content, device, medium, place or str(out or ""), source, False, "",
        grade="witnessed" if out else "declared",
    )  # fmt: skip
    say({"instance": instance, "source": source, "content": content}, instance, as_json)


def lineage(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(metavar="ID", help="A content, an instance or a thread.")],
    page: Annotated[Path | None, typer.Option(help="Draw it, with a panel for each view, as HTML.")] = None,
    prov: Annotated[
        Path | None, typer.Option(help="Write the whole journal's lineage as W3C PROV-JSON.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Show where something came from and what came of it."""
    import json

    from selfscope.archive.exchange.prov import prov_json
    from selfscope.archive.survival.drawing import draw
    from selfscope.report.lineage import write_lineage

    archive = opened(context)
    drawn = draw(_scene(archive), resolved(archive, subject))
    if page is not None:
        write_lineage(drawn, page)
    if prov is not None:
        prov.write_text(json.dumps(prov_json(archive.events()), indent=1), encoding="utf-8")
    shown = {"subject": drawn.subject, "nodes": drawn.nodes, "edges": drawn.edges, "total": drawn.total,
             "notes": drawn.notes}  # fmt: skip
    lines = [
        f"{n.id}  {n.standing}{'  origin' * n.origin}{'  pinned' * n.pinned}  {n.detail}" for n in drawn.nodes
    ]
    lines += [f"{e.source} → {e.target}  {e.kind}, {e.grade}, drift {e.drift}" for e in drawn.edges]
    say(shown, "\n".join([*lines, *drawn.notes]), as_json)


def survives(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(metavar="ID", help="A content, an instance or a thread.")],
    view: Annotated[list[str] | None, typer.Option(help="One of the views; all if not said.")] = None,
    destroyed: Annotated[
        list[str] | None, typer.Option("--if", help="destroyed=ID: what if this were destroyed?")
    ] = None,
    drift: Annotated[
        float | None, typer.Option(help="Largest measured shift at which a modified copy still counts.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say view by view whether something survives, and by which path; no view is recommended."""
    from selfscope.archive.survival.survive import what_if
    from selfscope.archive.survival.views import survivals, survive
    from selfscope.values import plain

    archive = opened(context)
    scene, subject = _scene(archive, drift), resolved(archive, subject)
    answers = [survive(scene, subject, each) for each in view] if view else survivals(scene, subject)
    shown: dict[str, Any] = {"subject": subject, "terms": scene.terms, "views": _figured(plain(answers))}
    lines = [f"{a.view:<16} {a.answer:<8}{_counted(a.k, a.n)}  {' '.join(a.notes)}" for a in answers]
    if destroyed:
        gone = [resolved(archive, _destroyed(each)) for each in destroyed]
        changes = [c for c in what_if(scene, subject, gone) if not view or c.view in view]
        shown["changes"] = [
            {
                "view": c.view,
                "before": c.before.answer,
                "after": c.after.answer,
                "k": c.after.k,
                "n": c.after.n,
            }
            for c in changes
        ]
        lines += [""] + [f"{c.view:<16} {c.before.answer} → {c.after.answer}" for c in changes if c.flips]
        lines += ["Nothing else would be answered otherwise."]
    say(shown, "\n".join(lines), as_json)


def _destroyed(text: str) -> str:
    what, _, identifier = text.partition("=")
    if what != "destroyed" or not identifier:
        raise BadInput("this is no supposition", got=text, fix="Write --if destroyed=ID")
    return identifier


def _figured(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "figures": dict(each["figures"])} for each in answers]


def _counted(k: int, n: int) -> str:
    return f"{k} of {n}"


def _scene(archive: Archive, drift: float | None = None) -> Scene:
    from selfscope.archive.survival.scene import Scene
    from selfscope.values.lineage import Terms

    at = desk(archive)
    window = at.policy(at.ledger()).live_for.total_seconds() / 86400
    return Scene.of_lineage(archive.lineage, Terms(archive.now(), window, drift))


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
        if _known(archive, source) != content:
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
    _append(archive, events)
    return instance


def _append(archive: Archive, events: list[Event]) -> None:
    """Commit events; those that would make the lineage untrue are refused."""
    archive.append(events)


def _known(archive: Archive, instance: str) -> str:
    """Return the content of an instance that the archive knows."""
    known = archive.index.instance(instance)
    if known is None:
        raise BadInput("the archive knows no such instance", got=instance, fix="See `selfscope keep lineage`")
    return known[0]
