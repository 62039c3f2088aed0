"""``export``, ``query`` and ``compare``: what can be done with runs that are there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from selfscope.cli.gate import FailOn, gate_code
from selfscope.cli.show import JsonFlag, console, print_json, writing
from selfscope.errors import BadInput, CouldNot

Run = Annotated[str, typer.Argument(help="A run: its id, the first letters of it, or its folder.")]


def export(
    run: Run,
    out: Annotated[Path, typer.Argument(help="Where to: a file ending in .parquet, .csv or .jsonl.")],
    as_json: JsonFlag = False,
) -> None:
    """Write the observation table of a run, or of a study of runs, to a file."""
    from selfscope.studies.joined import store_of

    if out.suffix not in (".parquet", ".csv", ".jsonl"):
        raise BadInput("unknown kind of file", got=out, fix="End it in .parquet, .csv or .jsonl")
    store = store_of(run)
    frame = store.observations()
    temporary = out.with_name(out.name + ".tmp")
    try:
        if out.suffix == ".parquet":
            shutil.copyfile(store.table, temporary)  # with its metadata: study, seed, items
        elif out.suffix == ".csv":
            frame.to_csv(temporary, index=False)
        else:
            frame.to_json(temporary, orient="records", lines=True)
        temporary.replace(out)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise CouldNot("the table cannot be written", got=error, fix="Choose another place") from error
    if as_json:
        print_json({"path": str(out), "rows": len(frame), "columns": list(frame.columns)})
    else:
        console().print(f"{len(frame):,} observations in {out}")


def query(
    sql: Annotated[str, typer.Argument(help='SQL over the tables "observations" and "evidence".')],
    run: Annotated[
        str, typer.Option("--run", help="One run, or a study of runs; all finished runs if it is left out.")
    ] = "",
    as_json: JsonFlag = False,
) -> None:
    """Ask the observation tables in SQL (DuckDB), in place."""
    from selfscope.studies.query import ask_tables

    frame = ask_tables(sql, run)
    if as_json:
        print_json({"columns": list(frame.columns), "rows": frame.to_dict("records")})
    else:
        console().print(frame.to_string(index=False), markup=False)


def compare(
    run_a: Run,
    run_b: Run,
    fail_on: FailOn = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare the subject of RUN_B with the subject of RUN_A, by the same statistics."""
    from selfscope.cli.compared import compare_two_readings
    from selfscope.cli.page import comparison_view
    from selfscope.cli.profile import in_words
    from selfscope.report import render_summary, write_comparison
    from selfscope.studies.compare import compare_runs
    from selfscope.studies.compare_readings import kind_of
    from selfscope.studies.store import RunStore

    stores = (RunStore.find(run_a), RunStore.find(run_b))
    if any(kind_of(store) for store in stores):
        raise typer.Exit(compare_two_readings(*stores, fail_on, as_json))
    result = compare_runs(*stores)
    view = comparison_view(*stores, result)
    name = f"compare-{stores[0].run}-{stores[1].run}.html"
    with writing("the page"):
        report = write_comparison(view, stores[1].folder / name)
    findings = in_words(result.findings, result.items)
    if as_json:
        print_json(
            {
                "runs": [s.run for s in stores],
                "report": str(report),
                "kind": "traits",
                "findings": findings,
                "cluster": result.analysis.cluster,
                "matching": result.analysis.matching,
                "exchange": result.analysis.exchange,
                "directions": result.analysis.directions,
                "unavailable": result.unavailable,
                "warnings": result.analysis.warnings,
            }
        )
    else:
        console().print(render_summary(view))
        console().print(str(report), markup=False, soft_wrap=True)
    raise typer.Exit(gate_code(result.findings, fail_on, result.unavailable))
