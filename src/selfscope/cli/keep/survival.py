"""``keep``: where something came from, what came of it, and what survives on which view."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.keep.opened import desk, known, opened, resolved, say
from selfscope.cli.show import JsonFlag, writing
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive
    from selfscope.archive.survival.scene import Scene

Subject = Annotated[str, typer.Argument(metavar="ID", help="A content, an instance or a thread.")]


def lineage(
    context: typer.Context,
    subject: Subject,
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
    drawn = draw(scene_of(archive), resolved(archive, subject))
    if page is not None:
        with writing("the page"):
            write_lineage(drawn, page)
    if prov is not None:
        with writing("the PROV file"):
            prov.write_text(json.dumps(prov_json(archive.events()), indent=1), encoding="utf-8")
    descent = _descent(archive, drawn.subject)
    shown = {
        "subject": drawn.subject, "nodes": drawn.nodes, "edges": drawn.edges, "descent": descent,
        "total": drawn.total, "notes": drawn.notes,
    }  # fmt: skip
    lines = [
        f"{n.id}  {n.standing}{'  origin' * n.origin}{'  pinned' * n.pinned}  {n.detail}" for n in drawn.nodes
    ]
    lines += [
        f"{e.source} → {e.target}  {e.kind}, {e.grade}, drift {e.drift}" for e in (*drawn.edges, *descent)
    ]
    say(shown, "\n".join([*lines, *drawn.notes]), as_json)


def survives(
    context: typer.Context,
    subject: Subject,
    view: Annotated[list[str] | None, typer.Option(help="One of the views; all if not said.")] = None,
    destroyed: Annotated[
        list[str] | None, typer.Option("--if", help="destroyed=ID: what if this were destroyed?")
    ] = None,
    drift: Annotated[
        float | None,
        typer.Option(help="Largest measured shift at which a modified copy still counts.", min=0.0),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say view by view whether something survives, and by which path; no view is recommended."""
    from selfscope.archive.survival.survive import what_if
    from selfscope.archive.survival.views import survivals, survive
    from selfscope.values import plain

    archive = opened(context)
    scene, subject = scene_of(archive, drift), resolved(archive, subject)
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


def edge(
    context: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="copy, modified_copy, fine_tune, adapter_merge, quantisation; of turns: turn, fork, merge.",
        ),
    ],
    target: Annotated[str, typer.Argument(metavar="ID", help="What came of it.")],
    sources: Annotated[
        list[str], typer.Option("--from", help="What it came from, of the same kind of id; or unknown.")
    ],
    drift: Annotated[
        str, typer.Option(help="The compare run that measured how far the two are apart.")
    ] = "unmeasured",
    shift: Annotated[
        float | None, typer.Option(help="What that run found, in its own unit, not negative.")
    ] = None,
    note: Annotated[str, typer.Option(help="A remark, which every export shows.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Declare that one thing came from another: contents, instances or turns, never mixed."""
    from selfscope.archive.lineage.edges import declare

    archive = opened(context)
    drawn = declare(
        archive, kind, [_end(archive, each) for each in sources], _end(archive, target),
        drift=drift, shift=shift, note=note,
    )  # fmt: skip
    shown = {
        "kind": drawn.edge, "sources": drawn.sources, "target": drawn.target, "grade": drawn.grade,
        "drift": drawn.drift, "shift": drawn.shift, "note": drawn.note,
    }  # fmt: skip
    lines = [
        f"{each} → {drawn.target}  {drawn.edge}, {drawn.grade}, drift {drawn.drift}" for each in drawn.sources
    ]
    if drawn.shift is None and drawn.edge == "modified_copy":
        lines.append("Without --shift, a view that asks for the distance answers unknown.")
    say(shown, "\n".join(lines), as_json)


def _end(archive: Archive, text: str) -> str:
    """Return an end of an edge; turns and a source that nobody knows are named as they are."""
    return text if text == "unknown" or text.startswith("turn:") else known(archive, text)


def _descent(archive: Archive, subject: str) -> list[Any]:
    """Return the edges of a content to others; those of its instances are drawn."""
    from selfscope.archive.lineage.edges import descent_of

    return descent_of(archive.lineage.graph(), subject) if subject.startswith("b3:") else []


def _destroyed(text: str) -> str:
    what, _, identifier = text.partition("=")
    if what != "destroyed" or not identifier:
        raise BadInput("this is no supposition", got=text, fix="Write --if destroyed=ID")
    return identifier


def _figured(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "figures": dict(each["figures"])} for each in answers]


def _counted(k: int, n: int) -> str:
    return f"{k} of {n}"


def scene_of(archive: Archive, drift: float | None = None) -> Scene:
    """Return what survival is asked of: the lineage as it is now, on the policy's terms."""
    from selfscope.archive.survival.scene import Scene
    from selfscope.values.lineage import Terms

    at = desk(archive)
    window = at.policy(at.ledger()).live_for.total_seconds() / 86400
    return Scene.of_lineage(archive.lineage, Terms(archive.now(), window, drift))
