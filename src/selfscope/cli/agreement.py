"""``agreement``: channels side by side, of one run, of many runs, or of the reliability panel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.show import JsonFlag, console, print_json, writing
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.studies.multitrait import Scored
    from selfscope.values.agreement import Agreement


def agreement(
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN…]",
            help="One run: its channels side by side. Eight or more, of different identities on one model: "
            "correlations between channels.",
        ),
    ] = None,
    panel: Annotated[
        bool, typer.Option("--panel", help="The characters of a model's reliability panel, in place of runs.")
    ] = False,
    model: Annotated[
        str, typer.Option("--model", "-m", help="With --panel: the model whose panel it is.")
    ] = "embedded",
    out: Annotated[
        Path | None,
        typer.Option(help="Where the page of many goes; left out, beside the last run, of a panel here."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say whether channels agree: dimension by dimension for one identity, by correlations over many."""
    runs = tuple(given or ())
    if panel == bool(runs):
        raise BadInput(
            "give runs, or --panel",
            got=", ".join(runs) or "neither",
            fix="selfscope agreement RUN, or --panel",
        )
    if len(runs) == 1:
        _refuse_out(out)
        _show_one(runs[0], as_json)
    else:
        _show_many(runs, model, out, as_json)


def _refuse_out(out: Path | None) -> None:
    if out is not None:
        raise BadInput("one run has its page already", got=f"--out {out}", fix="Leave --out out")


def _show_one(run: str, as_json: bool) -> None:
    """Show one run from what is stored; the picture is on the run's own page."""
    from selfscope.report.agreement import agreement_lines
    from selfscope.studies.agreement import agreement as side_by_side
    from selfscope.studies.restore import stored_items, stored_study
    from selfscope.studies.store import RunStore
    from selfscope.studies.stored_findings import stored_findings

    store = RunStore.find(run)
    items, findings = stored_items(store), stored_findings(store)
    absent = store.read_json("manifest.json").get("unavailable", {})
    found = side_by_side(stored_study(store), items, findings, store.observations(), absent)
    if found is None:
        raise BadInput(
            "the run has no two channels that were compared with a control",
            got=", ".join(dict.fromkeys(f.channel for f in findings)) or "no finding",
            fix="selfscope profile PATH --channels self_report,utterance,indirect",
        )
    if as_json:
        print_json(agreement_json((store.run,), store.report, found))
        return
    titles = {d.name: d.title for d in items.dimensions}
    for line in (*agreement_lines(found, lambda name: titles.get(name, name)), str(store.report)):
        console().print(line, markup=False, soft_wrap=True)


def _show_many(runs: tuple[str, ...], model: str, out: Path | None, as_json: bool) -> None:
    from selfscope.report.multitrait import multitrait_lines, write_multitrait
    from selfscope.studies.many_identities import of_runs
    from selfscope.studies.multitrait import multitrait
    from selfscope.studies.store import RunStore
    from selfscope.values import content_id, short

    stores = [RunStore.find(run) for run in runs]
    scored = of_runs(stores) if runs else _panel(model)
    found = multitrait(scored)
    name = f"agreement-{short(content_id([scored.source, *(s.run for s in stores)]))}.html"
    with writing("the page"):
        report = write_multitrait(found, out or ((stores[-1].folder if stores else Path()) / name))
    if as_json:
        print_json(agreement_json(tuple(s.run for s in stores), report, multitrait=found))
        return
    for line in (*multitrait_lines(found), str(report)):
        console().print(line, markup=False, soft_wrap=True)


def _panel(model: str) -> Scored:
    """Return what the characters of a model's panel score; BadInput if it has none."""
    import asyncio

    from selfscope.instruments.cluster.load import load_cluster
    from selfscope.models.choose import choose_ground
    from selfscope.studies.many_identities import of_panel
    from selfscope.studies.panel import find_panel
    from selfscope.values import content_id

    items = load_cluster()
    ground = choose_ground(model, probe=False)
    try:
        panel = find_panel(ground.identity, content_id(items))
        why = "there is none" if panel is None else panel.fits(ground.identity, content_id(items))
    finally:
        asyncio.run(ground.close())
    if panel is None or why:
        raise BadInput(
            "the model has no panel", got=f"{model}: {why}", fix=f"selfscope panel build --model {model}"
        )
    return of_panel(panel, items)


def agreement_json(
    runs: tuple[str, ...], report: Path, one: Agreement | None = None, multitrait: Any = None
) -> dict[str, Any]:
    """Return what ``agreement --json`` prints (schema: ``selfscope schema agreement``)."""
    return {"runs": runs, "report": str(report), "agreement": one, "multitrait": multitrait}
