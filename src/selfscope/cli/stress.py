"""``stress``: findings re-asked under each assumption of what one individual is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.profile import LARGEST_SEED
from selfscope.cli.show import JsonFlag, command_line, console, print_json, writing
from selfscope.cli.where import OnlyFlag, levels, names
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.values.stress import Stressed


def stress(
    source: Annotated[
        str,
        typer.Argument(
            metavar="RUN|TABLE", help="A run, a study of runs, or a long table: a .parquet or .csv file."
        ),
    ],
    value: Annotated[str, typer.Option(help="Of a table: the column whose difference is re-asked.")] = "",
    contrast: Annotated[
        str,
        typer.Option(help="Of a table: COLUMN:FIRST,SECOND, first minus second; all others as COLUMN:FIRST."),
    ] = "",
    units: Annotated[
        str, typer.Option(help="Of a table: columns at which one individual may be: a,b,c.")
    ] = "",
    cluster: Annotated[
        str, typer.Option(help="The unit by which the difference's own test clusters; the first if left out.")
    ] = "",
    by: Annotated[str, typer.Option(help="Columns whose levels are re-asked one by one: a,b.")] = "",
    only: OnlyFlag = None,
    sesoi: Annotated[
        float | None,
        typer.Option(help="Of a table: the smallest effect of interest, in the value's unit."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Where the page goes; of a run left out, into its folder.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say which findings stand, shrink or flip if one individual is something else."""
    from selfscope.report.stress import stress_lines, write_stress
    from selfscope.studies.stress import StressRequest, page_of, stressed

    column, first, second = sides(contrast) if contrast else ("", "", "")
    effect = math.nan if sesoi is None else sesoi
    request = StressRequest(
        source,
        value,
        column,
        first,
        second,
        names(units),
        cluster,
        names(by),
        effect,
        seed=seed,
        only=levels(only or ()),
    )
    found = stressed(request)
    with writing("the page"):
        report = write_stress(found, source, command_line(), out or page_of(source))
    if as_json:
        print_json(stress_json(source, report, found))
        return
    for line in (*stress_lines(found), str(report)):
        console().print(line, markup=False, emoji=False, soft_wrap=True)


def sides(given: str) -> tuple[str, str, str]:
    """Return column, first and second level of ``COLUMN:FIRST,SECOND``; the second may be left out.

    Raises
    ------
    BadInput
        If it is not written so.
    """
    column, _, levels = given.partition(":")
    named = names(levels)
    if not column or len(named) not in (1, 2):
        raise BadInput(
            "a contrast is written COLUMN:FIRST,SECOND", got=given, fix="Give --contrast arm:own,control"
        )
    return column, named[0], named[1] if len(named) == 2 else ""


def stress_json(source: str, report: Path, found: Sequence[Stressed]) -> dict[str, Any]:
    """Return what ``stress --json`` prints (schema: ``selfscope schema stress``)."""
    from selfscope.report.stress import finding_sentence

    rows = [
        {"finding": n, "of": f.of, "assumption": a.name, **asdict(a), "flipped": a.flipped}
        for n, f in enumerate(found)
        for a in f.assumptions
    ]
    originals = [
        {**asdict(f) | {"assumptions": len(f.assumptions)}, "sentence": finding_sentence(f)} for f in found
    ]
    return {"source": source, "report": str(report), "findings": rows, "originals": originals}
