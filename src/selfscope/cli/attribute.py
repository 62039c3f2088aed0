"""``attribute``: which line of an identity file moves which dimension."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.identity import path_of
from selfscope.cli.limits import AdapterFlag, BudgetFlag, DryRun, Limits, PriceFlag, limits_of
from selfscope.cli.planned import plan_lines, show_plans
from selfscope.cli.profile import LARGEST_SEED, PresetName
from selfscope.cli.show import JsonFlag, command_line, console, counting, print_json, writing
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.models.ground import Ground
    from selfscope.studies.attribute import AttributeRequest
    from selfscope.studies.plan import Plan
    from selfscope.studies.tracing import Traced
    from selfscope.values.attribution import Attribution


def attribute(
    identity: Annotated[
        str, typer.Argument(metavar="PATH", help="A text or Markdown file, a workspace, a character card.")
    ],
    model: Annotated[str, typer.Option("--model", "-m", help="As for profile.")],
    channel: Annotated[
        str,
        typer.Option(
            help="utterance, self_report, indirect or behaviour; utterance where the model can be read in it."
        ),
    ] = "",
    against: Annotated[
        str, typer.Option(help="generic or persona: the class against which a dimension must have shifted.")
    ] = "generic",
    dimensions: Annotated[
        str, typer.Option(help="Comma-separated; the lines are judged in these, and none are chosen.")
    ] = "",
    deletion: Annotated[
        bool, typer.Option("--deletion", help="Also ask the file with each line deleted, as a check.")
    ] = False,
    adapter: AdapterFlag = None,
    preset: Annotated[PresetName, typer.Option(help="How much is asked.")] = PresetName.STANDARD,
    seed: Annotated[
        int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness; same seed, same numbers.")
    ] = 0,
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Say which line of an identity, and which role of a workspace, moves the dimensions that it moves."""
    from selfscope.models.choose import choose_ground
    from selfscope.studies.store import runs_folder

    limits = limits_of(budget, price)
    worn = _worn(adapter)
    logs = runs_folder() / "logs"
    ground = choose_ground(model, log_folder=logs, probe=not dry_run, adapter=worn)
    asked = _Asked(identity, channel, against, dimensions, preset, seed, deletion)
    asyncio.run(_attribute(asked, ground, limits, dry_run, as_json))


@dataclass(frozen=True)
class _Asked:
    """What was typed; which channel is meant is known only on a ground."""

    identity: str
    channel: str
    against: str
    dimensions: str
    preset: PresetName
    seed: int
    deletion: bool

    def request(self, ground: Ground) -> AttributeRequest:
        from selfscope.instruments.cluster.load import load_cluster
        from selfscope.studies.attribute import AttributeRequest, channel_on
        from selfscope.subjects import read_identity

        return AttributeRequest(
            identity=read_identity(path_of(self.identity)),
            items=load_cluster(),
            channel=channel_on(ground, self.channel),
            preset=self.preset.value,
            against=self.against,
            dimensions=tuple(name.strip() for name in self.dimensions.split(",") if name.strip()),
            seed=self.seed,
            deletion=self.deletion,
        )


def _worn(given: list[str] | None) -> str:
    if given and len(given) > 1:
        raise BadInput("one subject wears one adapter", got=", ".join(given), fix="Give --adapter once")
    return given[0] if given else ""


async def _attribute(asked: _Asked, ground: Ground, limits: Limits, dry_run: bool, as_json: bool) -> None:
    from selfscope.studies.tracing import plan_tracing

    try:
        request = asked.request(ground)
        plans = plan_tracing(request, ground, price=limits.price_on(ground))
        if dry_run:
            show_plans(plans, as_json)
            return
        _tell(*plans)
        traced = await _trace(request, ground, limits)
    finally:
        await ground.close()
    _show(request, traced, as_json)


async def _trace(request: AttributeRequest, ground: Ground, limits: Limits) -> Traced:
    from selfscope.studies.tracing import trace

    with counting(f"attribute {request.identity.name}") as progress:
        return await trace(
            request,
            ground,
            progress=progress,
            budget=lambda elsewhere: limits.budget_on(ground, elsewhere),
            told=_tell,
            price=limits.price_on(ground),
            command=command_line(),
        )


def _tell(*plans: Plan) -> None:
    """Say on standard error what is about to be asked."""
    for plan in plans:
        if plan.left.prompts:
            for line in plan_lines(plan):
                console(as_json=True).print(line, markup=False)


def _show(request: AttributeRequest, traced: Traced, as_json: bool) -> None:
    from selfscope.cli.traced_page import traced_view
    from selfscope.report.attribution import render_attribution, write_attribution

    view = traced_view(request, traced)
    with writing("the page"):
        report = write_attribution(view, traced.stores[-1].report)
    if as_json:
        print_json(attribute_json(traced, report))
        return
    console().print(render_attribution(view))
    console().print(str(report), markup=False, soft_wrap=True)


def attribute_json(traced: Traced, report: Path) -> dict[str, Any]:
    """Return what ``attribute --json`` prints (schema: ``selfscope schema attribute``)."""
    from selfscope.studies.tracing import runs_of

    found = traced.found
    return {
        "subject": found.subject,
        "model": found.model,
        "channel": found.channel,
        "against": found.against,
        "sesoi": found.sesoi,
        "named": found.named,
        "dimensions": found.dimensions,
        "lines": list(_lines(found)),
        "roles": [
            {"role": role.role, "lines": role.lines, **_plain(effect)}
            for role in found.roles
            for effect in role.effects
        ],
        "total_shift": found.total_shift,
        "sum_of_effects": found.sum_of_effects,
        "method": found.method,
        "versions": found.versions,
        "tokens": found.tokens,
        "tokens_apart": found.tokens_apart,
        "why": found.why,
        "notes": found.notes,
        "runs": runs_of(traced.stores),
        "usage": traced.usage,
        "report": str(report),
    }


def _lines(found: Attribution) -> Iterator[dict[str, Any]]:
    for line in found.lines:
        where = {"line": line.line, "end_line": line.end_line, "file": line.file, "role": line.role}
        for effect in line.effects:
            yield {**where, "text": line.text, "neutral": line.neutral, **_plain(effect)}


def _plain(value: Any) -> dict[str, Any]:
    from selfscope.values import plain

    told: dict[str, Any] = plain(value)
    return told
