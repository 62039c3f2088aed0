"""``export-self``: a character's own corpus, made by asking the character."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.limits import BudgetFlag, CapFlag, DryRun, Limits, PriceFlag, StateFlag, limits_of
from selfscope.cli.named import Given, Named, WornFlag, named_as
from selfscope.cli.profile import LARGEST_SEED
from selfscope.cli.show import JsonFlag, console, counting, print_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from selfscope.models.ground import Ground
    from selfscope.studies.budget import Budget
    from selfscope.training.portrait.export import Exported, Exporter, ExportRequest

PHANTOM = "phantom:"
ModelFlag = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        help="embedded, gemma-270m, a folder, a hub id, openai/…; or phantom:keeper, leaker, babbler.",
    ),
]
TranscriptsFlag = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Conversations it had, JSONL with `messages` a line; up to a quarter of the rows come of them.",
    ),
]
SeedFlag = Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")]


def export_self(
    identity: Given,
    out: Annotated[Path, typer.Option(help="The folder of the corpus; a stopped export goes on in it.")],
    model: ModelFlag = "",
    adapter: WornFlag = "",
    cap: CapFlag = "",
    state: StateFlag = "",
    size: Annotated[int, typer.Option(min=1, max=100_000, help="Rows that are wanted.")] = 200,
    seed: SeedFlag = 0,
    transcripts: TranscriptsFlag = None,
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Let a character write its own corpus: reflections, talks with itself, tasks; sifted for leaks."""
    limits = limits_of(budget, price)
    named = named_as(identity, model, adapter, cap, state)
    request = request_of(named, size, seed, transcripts)
    if dry_run:
        _show_plan(request, out, as_json)
        return
    done = asyncio.run(_export(named, request, out, limits))
    if as_json:
        print_json(export_json(done))
        return
    for line in export_lines(done):
        console().print(line, markup=False, soft_wrap=True)


def request_of(named: Named, size: int, seed: int, transcripts: Path | None) -> ExportRequest:
    """Return what is to be exported; BadInput for transcripts that cannot be read."""
    from selfscope.space.talks import read_transcripts
    from selfscope.training.portrait.export import ExportRequest

    reading = named.reading
    told = read_transcripts(transcripts) if transcripts is not None else ()
    system = None if reading is None else reading.system
    return ExportRequest(system, named.name, size, seed, told)


async def _export(named: Named, request: ExportRequest, out: Path, limits: Limits) -> Exported:
    from selfscope.training.portrait.export import export_self as export

    async with exporter_of(named, limits) as (exporter, budget), _counted(request.name) as progress:
        return await export(request, exporter, out, budget=budget, progress=progress)


@asynccontextmanager
async def exporter_of(named: Named, limits: Limits) -> AsyncIterator[tuple[Exporter, Budget | None]]:
    """Open the ground of a subject, or a phantom, as one who is exported, with the budget on it."""
    from selfscope.training.portrait.planted import RULES, planted_exporter

    own = named.model.removeprefix(PHANTOM)
    if named.model.startswith(PHANTOM) and own in RULES and not named.adapter and not named.cap:
        yield planted_exporter(own), limits.budget
        return
    ground = open_ground(named)
    try:
        yield exporting(ground), limits.budget_on(ground)
    finally:
        await ground.close()


def open_ground(named: Named, probe: bool = True) -> Ground:
    """Return the ground of a subject; without a probe nothing is sent, which is good for plans."""
    from selfscope.models.choose import choose_ground
    from selfscope.studies.store import runs_folder

    logs = runs_folder() / "logs"
    return choose_ground(named.model, log_folder=logs, probe=probe, adapter=named.adapter, cap=named.cap)


def exporting(ground: Ground) -> Exporter:
    """Return a ground as one who is exported; BadInput where it has no words of its own."""
    from selfscope.studies.drift_draw import writer_of
    from selfscope.studies.evaluation import refuse_wordless
    from selfscope.training.portrait.export import Exporter

    refuse_wordless(ground)
    return Exporter(ground.identity, writer_of(ground), ground.count_tokens)


@asynccontextmanager
async def _counted(name: str) -> AsyncIterator[Any]:
    with counting(f"export {name}") as progress:
        yield progress


def export_json(done: Exported) -> dict[str, Any]:
    """Return what ``export-self --json`` prints (schema: ``selfscope schema export-self``)."""
    told = done.manifest
    names = (
        "subject", "corpus", "size", "rows", "missing", "seed", "kinds", "dropped", "degenerate", "drawn",
        "quoting", "leaked_from", "answer_tokens", "files",
    )  # fmt: skip
    return {"out": str(done.folder)} | {name: told[name] for name in names} | {"usage": done.usage}


def export_lines(done: Exported) -> list[str]:
    """Return an export in words."""
    told = done.manifest
    lines = [
        f"{told['subject']['name']}: {told['rows']} of {told['size']} rows, from {told['drawn']} replies; "
        f"{told['answer_tokens']['mean']:g} tokens an answer"
    ]
    parts: dict[str, int] = {}
    for kind, count in told["kinds"].items():
        parts[kind.partition(".")[0]] = parts.get(kind.partition(".")[0], 0) + count
    lines.append("kept: " + ", ".join(f"{count} {part}" for part, count in parts.items()))
    if told["dropped"]:
        lines.append("left out: " + ", ".join(f"{count} {why}" for why, count in told["dropped"].items()))
    if told["quoting"]:
        lines.append(f"{told['quoting']} rows quote the identity's own text")
    if told["missing"]:
        lines.append(f"{told['missing']} rows are missing: too few of its texts were fit")
    return [*lines, str(done.folder)]


def _show_plan(request: ExportRequest, out: Path, as_json: bool) -> None:
    from selfscope.studies.plan import WRITTEN
    from selfscope.training.portrait.export import forecast

    coming = forecast(request)
    minutes = coming.output_tokens / WRITTEN / 60
    planned = {
        "out": str(out), "rows": request.wanted, "replies": coming.prompts,
        "tokens": coming.output_tokens, "minutes": minutes,
    }  # fmt: skip
    if as_json:
        print_json({"planned": planned})
        return
    told = (
        f"{out}: {request.size} rows, about {coming.prompts} replies, at most {coming.output_tokens:,} "
        f"tokens drawn, about {minutes:.0f} minutes of the embedded model on two cores"
    )
    console().print(told, markup=False, soft_wrap=True)
