"""``where``: in which unit the variance of a run or of any long table lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.limits import BudgetFlag, DryRun, limits_of
from selfscope.cli.profile import LARGEST_SEED, PresetName
from selfscope.cli.show import JsonFlag, command_line, console, print_json, writing
from selfscope.cli.where_study import held, is_study, refuse_two_sources
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.studies.history_declare import HistoryDeclared
    from selfscope.studies.where import WhereRequest
    from selfscope.values import Preset
    from selfscope.values.variance import Located

OnlyFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--only", help="COLUMN=LEVEL, or COLUMN=LEVEL,LEVEL: rows of these levels alone. Repeatable."
    ),
]


def where(
    source: Annotated[
        str,
        typer.Argument(
            metavar="[STUDY|RUN|TABLE]",
            help="A run or a study of runs, a long table (.parquet or .csv), or a file of conversations to "
            "hold (.yaml); none with --model.",
        ),
    ] = "",
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help="Hold conversations with characters on local weights first, and ask after. Repeatable for "
            "weights of other families.",
        ),
    ] = None,
    preset: Annotated[
        PresetName, typer.Option(help="With --model: how many conversations, and what is asked.")
    ] = PresetName.STANDARD,
    characters: Annotated[
        str, typer.Option(help="With --model: shipped characters or paths, a,b,c; the preset's if left out.")
    ] = "",
    adapter: Annotated[
        list[str] | None,
        typer.Option(help="With --model: an adapter that it wears too, as other weights. Repeatable."),
    ] = None,
    dimensions: Annotated[
        str, typer.Option(help="With --model: dimensions, a,b; the preset's if left out.")
    ] = "",
    told: Annotated[
        str,
        typer.Option(
            help="With --model: facets told in a line, of counterparty, framing, collective; or none. The "
            "preset's if left out."
        ),
    ] = "",
    value: Annotated[
        str,
        typer.Option(help="The column that is analysed; of a run trait or bias, both if left out."),
    ] = "",
    facets: Annotated[
        str, typer.Option(help="Columns that tell values apart: a,b,c. Of a run, those that vary.")
    ] = "",
    nested: Annotated[
        list[str] | None,
        typer.Option(help='"x:y": x is nested in y; in several, "x:y,z"; several, "x:y,v:w". Repeatable.'),
    ] = None,
    object_: Annotated[
        str,
        typer.Option("--object", help="The facet whose levels are to be told apart; of a run, character."),
    ] = "",
    fixed: Annotated[
        str, typer.Option(help="Facets of which only these levels are spoken of, however many: a,b.")
    ] = "",
    random: Annotated[str, typer.Option(help="Facets whose levels stand for others, however few: a,b.")] = "",
    by: Annotated[str, typer.Option(help="Columns whose levels are analysed one by one: a,b.")] = "",
    only: OnlyFlag = None,
    average: Annotated[
        bool,
        typer.Option("--average", help="Average several values of one cell; without it they are refused."),
    ] = False,
    drop: Annotated[
        str, typer.Option(help="Facets whose levels are left out where a value is missing: a,b.")
    ] = "",
    missing: Annotated[
        str,
        typer.Option(
            help="Of a table: what missing values (refusals) may have been, 0,1: one analysis each."
        ),
    ] = "",
    exact: Annotated[
        bool,
        typer.Option(
            "--exact", help="Asking the same once more would give the same value, as exact scores do."
        ),
    ] = False,
    differences: Annotated[
        bool,
        typer.Option("--differences", help="Shares of what differs between levels of the object alone."),
    ] = False,
    unbalanced: Annotated[
        bool,
        typer.Option(
            "--unbalanced", help="Fit components by GPBoost (an extra), whatever number of values a cell has."
        ),
    ] = False,
    target: Annotated[
        float, typer.Option(min=0.01, max=0.99, help="The coefficient that the decision study aims at.")
    ] = 0.8,
    permutations: Annotated[
        int, typer.Option(min=0, max=99_999, help="Exchanges of labels for each null; 0 leaves them out.")
    ] = 999,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    out: Annotated[
        Path | None, typer.Option(help="Where the page goes; of a run left out, into its folder.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say in which unit variance lies: components, shares, coefficients, and what to ask for more."""
    from selfscope.report.where import where_lines, write_where
    from selfscope.studies.where import WhereRequest, page_of
    from selfscope.studies.where import where as located

    models = tuple(model or ())
    named = (names(characters), tuple(adapter or ()), names(dimensions), names(told))
    refuse_two_sources(source, ", ".join(models), any(named))
    if models or is_study(source):
        declared = _declared(source, models, preset.value, named, seed)
        source = held(declared, limits_of(budget, ""), dry_run, as_json)
        if not source:
            return
    request = WhereRequest(
        source,
        value,
        names(facets),
        nesting(nested or ()),
        object_,
        names(by),
        names(fixed),
        names(random),
        average,
        names(drop),
        exact,
        differences,
        permutations,
        seed,
        target,
        numbers(missing),
        levels(only or ()),
        unbalanced,
    )
    found = located(request)
    with writing("the page"):
        report = write_where(found, source, command_line(), out or page_of(source))
    if as_json:
        print_json(where_json(request, report, found))
        return
    for line in (*where_lines(found), str(report)):
        console().print(line, markup=False, emoji=False, soft_wrap=True)


def _declared(
    source: str, models: Sequence[str], preset: Preset, named: Sequence[tuple[str, ...]], seed: int
) -> HistoryDeclared:
    from selfscope.studies.history_declare import declare_histories, read_histories

    if source:
        return read_histories(Path(source))
    characters, adapters, dimensions, told = named
    return declare_histories(
        models,
        preset,
        characters=characters,
        adapters=adapters,
        dimensions=dimensions,
        told=None if not told else () if told == ("none",) else told,
        seed=seed,
    )


def levels(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return columns and levels from ``column=level`` and ``column=level,level``.

    Raises
    ------
    BadInput
        If one is not written so.
    """
    found: list[tuple[str, str]] = []
    for each in given:
        column, equals, wanted = each.partition("=")
        if not (equals and column.strip()):
            raise BadInput("rows are chosen by column=level", got=each, fix="Give --only instrument=copies")
        found += [(column.strip(), level.strip()) for level in wanted.split(",")]
    return tuple(found)


def names(given: str) -> tuple[str, ...]:
    """Return the names of a list with commas."""
    return tuple(name.strip() for name in given.split(",") if name.strip())


def numbers(given: str) -> tuple[float, ...]:
    """Return the numbers of a list with commas; BadInput if one is none."""
    try:
        return tuple(float(n) for n in names(given))
    except ValueError as error:
        raise BadInput("what is missing is taken as a number", got=given, fix="Give --missing 0,1") from error


def nesting(given: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return parents by child from ``child:parent``; more of either kind follow after commas.

    Raises
    ------
    BadInput
        If one is not written so.
    """
    found: dict[str, tuple[str, ...]] = {}
    for each in given:
        child = ""
        for part in each.split(","):
            before, colon, parent = (p.strip() for p in part.rpartition(":"))
            child = before if colon else child
            if not (child and parent) or ":" in child:
                raise BadInput(
                    "nesting is written child:parent",
                    got=each,
                    fix='Give --nested "thread:character"; in two parents "thread:character,script"; two '
                    'nestings "thread:character,item:keyed"',
                )
            found[child] = (*found.get(child, ()), parent)
    return found


def where_json(request: WhereRequest, report: Path, found: Sequence[Located]) -> dict[str, Any]:
    """Return what ``where --json`` prints (schema: ``selfscope schema where``): the first part, and all."""
    analyses = [analysis_json(each) for each in found]
    return {"source": request.source, "report": str(report), **analyses[0], "analyses": analyses}


def analysis_json(found: Located) -> dict[str, Any]:
    """Return one analysis as ``where --json`` prints it."""
    told = asdict(found)
    score = told.pop("score")
    return {
        "of": told.pop("of"),
        "object": score["unit"],
        "g": score["g"],
        "g_ci": score["g_ci"],
        "phi": score["phi"],
        "phi_ci": score["phi_ci"],
        "truncated": score["truncated"],
        **told,
    }
