"""``port``: a character carried to other weights, and how much of it arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selfscope.cli.limits import (
    BudgetFlag,
    CapFlag,
    DryRun,
    JudgeFlag,
    PriceFlag,
    StateFlag,
    limits_of,
)
from selfscope.cli.named import Given, WornFlag, named_as
from selfscope.cli.profile import LARGEST_SEED, PresetName
from selfscope.cli.show import JsonFlag, console, print_json
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.values.port import By


def port(
    identity: Given,
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="GROUND", help="Where it goes: embedded, gemma-270m, a folder, a hub id."
        ),
    ],
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="prompt|testimony|training",
            help="Told its text, told of it by others, or trained on its corpus; or several: a,b.",
        ),
    ],
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help="Where the character is now: embedded, a folder, openai/…; or planted ports: "
            "phantom:perfect, half, caricature, unported, unrelated, shallow.",
        ),
    ] = "",
    adapter: WornFlag = "",
    cap: CapFlag = "",
    state: StateFlag = "",
    corpus: Annotated[
        Path | None, typer.Option(help="What `export-self` wrote; left out, it is exported first.")
    ] = None,
    sizes: Annotated[
        str,
        typer.Option(help="Rows that are trained on, with commas between; those of the preset if left out."),
    ] = "",
    seeds: Annotated[
        int, typer.Option(min=0, help="Trainings of 200 rows, or of the first size; 0: those of the preset.")
    ] = 0,
    control: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]FOLDER",
            help="Another one's corpus, at best another character's of the same ground: trained alike, it "
            "says how much of this is no one's own. Repeatable.",
        ),
    ] = None,
    dimensions: Annotated[
        str, typer.Option(help="Dimensions, with commas between; those of the preset if left out.")
    ] = "",
    preset: Annotated[
        PresetName,
        typer.Option(help="demo: 200 rows, one seed; otherwise 50, 200 and 800, three seeds of 200."),
    ] = PresetName.STANDARD,
    seed: Annotated[
        int, typer.Option(min=0, max=LARGEST_SEED, help="Names the randomness of export and measurement.")
    ] = 0,
    judge: JudgeFlag = None,
    unmeasured: Annotated[
        bool, typer.Option("--unmeasured", help="Make the ports and ask them nothing.")
    ] = False,
    original_map: Annotated[
        str, typer.Option("--map", metavar="FOLDER", help="A persona map of the original, for --map-of.")
    ] = "",
    map_of: Annotated[
        list[str] | None,
        typer.Option(
            "--map-of",
            metavar="PORT=FOLDER",
            help="A map of a port, as in port-200-0=FOLDER, or none=FOLDER of the bare target, the floor: "
            "how alike roles lie in both. Repeatable.",
        ),
    ] = None,
    archive: Annotated[
        Path | None, typer.Option(help="Keep original and ports in this archive, as a child with its drift.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where the ports' folders go; left out, below selfscope-ports. What is there is kept."
        ),
    ] = None,
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Carry a character to other weights, and say how much of it arrived, beside its own retest."""
    from selfscope.cli.port_controls import controls_of
    from selfscope.cli.port_order import Order
    from selfscope.cli.port_plan import plan_of, show_plan
    from selfscope.cli.port_planted import names_of, play
    from selfscope.cli.ported import carry

    order = Order(
        named=named_as(identity, model, adapter, cap, state),
        to=to,
        by=ways_of(by),
        out=out,
        corpus=corpus,
        sizes=sizes_of(sizes, preset),
        seeds=seeds or SEEDS[preset],
        controls=controls_of(control or []),
        dimensions=names_in(dimensions),
        preset=preset.value,
        seed=seed,
        judges=tuple(judge or ()),
        measured=not unmeasured,
        map=original_map,
        maps=maps_of(map_of or []),
        archive=archive,
        limits=limits_of(budget, price),
    )
    if dry_run:
        show_plan(plan_of(order), as_json)
        return
    done = asyncio.run(play(order) if names_of(order.named.model) else carry(order))
    if as_json:
        print_json(done.told)
        return
    for line in done.lines:
        console().print(line, markup=False, soft_wrap=True)


#: Rows and seeds of a training by preset.
SIZES = {PresetName.DEMO: (200,), PresetName.STANDARD: (50, 200, 800), PresetName.FULL: (50, 200, 800)}
SEEDS = {PresetName.DEMO: 1, PresetName.STANDARD: 3, PresetName.FULL: 3}


def ways_of(given: str) -> tuple[By, ...]:
    """Return the ways that were named; BadInput for one that there is not."""
    from selfscope.values.port import WAYS

    names = names_in(given)
    if not names or set(names) - set(WAYS):
        raise BadInput("there is no such way", got=given or "nothing", fix=f"Choose from: {', '.join(WAYS)}")
    return tuple(way for way in WAYS if way in names)


def sizes_of(given: str, preset: PresetName) -> tuple[int, ...]:
    """Return the sizes that were named, smallest first, or those of the preset."""
    names = [name.strip() for name in given.split(",") if name.strip()]
    if not names:
        return SIZES[preset]
    if not all(name.isdecimal() and int(name) > 0 for name in names):
        raise BadInput("a size is a number of rows", got=given, fix="Give for instance --sizes 50,200,800")
    return tuple(sorted({int(name) for name in names}))


def names_in(given: str) -> tuple[str, ...]:
    """Return the names in a list with commas, each once."""
    return tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))


def maps_of(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return names of ports with the folders of their maps; BadInput for what is no such pair."""
    pairs = [each.partition("=")[::2] for each in given]
    if not all(name and folder for name, folder in pairs):
        raise BadInput("a map is a port's", got=", ".join(given), fix="Give for instance port-200-0=FOLDER")
    return tuple((name, folder) for name, folder in pairs)
