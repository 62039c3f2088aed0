"""Plans, made and shown: what ``plan`` and ``--dry-run`` print."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from selfscope.cli.limits import Limits
from selfscope.cli.show import console, print_json
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.cli.study_asked import Model
    from selfscope.models.adapters import Adapter
    from selfscope.models.ground import Ground
    from selfscope.studies.apart_declare import AskedApart
    from selfscope.studies.declare import Declared
    from selfscope.studies.declare_subjects import Wanted
    from selfscope.studies.plan import Plan
    from selfscope.studies.profile import ProfileRequest
    from selfscope.values import ItemSet, Study, Usage

DRAWN_INSTEAD = (
    "nothing was sent to the provider: if it turns out to give no lists of likeliest tokens, "
    "answers are drawn, and calls are {draws} times as many"
)


def plan_one(
    request: ProfileRequest,
    model: str,
    limits: Limits,
    as_json: bool,
    calibrated: bool = False,
    adapter: str = "",
    wardrobe: Sequence[Adapter] = (),
    cap: str = "",
) -> None:
    """Plan one profile and show it."""
    from selfscope.studies.profile import build_profile

    async def planned() -> Plan:
        ground = _open(model, adapter, wardrobe, cap)
        try:
            study = build_profile(request, ground)
            return await _plan(study, request.items, ground, limits, calibrated)
        finally:
            await ground.close()

    show_plans([asyncio.run(planned())], as_json)


def plan_file(declared: Declared, limits: Limits, as_json: bool, calibrated: bool = False) -> None:
    """Plan every run of a study file and show them."""
    show_plans(asyncio.run(_planned(declared, limits, calibrated)), as_json)


async def _planned(declared: Declared, limits: Limits, calibrated: bool) -> list[Plan]:
    from selfscope.cli.study_asked import open_model

    plans: list[Plan] = []
    for name, adapter in dict.fromkeys((w.model, w.adapter) for w in declared.runs):
        model = open_model(declared, name, adapter, probe=False)
        try:
            for wanted in (w for w in declared.runs if (w.model, w.adapter) == (name, adapter)):
                if declared.channels and model.ground is not None:
                    study = declared.study(wanted, model.ground)
                    plans.append(await _plan(study, declared.items, model.ground, limits, calibrated))
                plans += [await _plan_apart(asked, wanted, model, limits) for asked in declared.apart]
        finally:
            await model.close()
    return plans


async def _plan_apart(asked: AskedApart, wanted: Wanted, model: Model, limits: Limits) -> Plan:
    """Return the plan of an instrument that plays its own conversations; an empty one where it cannot."""
    from selfscope.studies.apart_play import plan, unserved

    wish = asked.wish(wanted.identity, wanted.seed)
    if why := model.unserved(asked):
        return unserved(asked.instrument, wish, model.name, why)
    who = model.player()
    return await plan(asked.instrument, wish, who, None if isinstance(who, str) else limits.price_on(who))


async def plan_all(studies: Sequence[Study], items: ItemSet, ground: Ground, limits: Limits) -> list[Plan]:
    """Return the plans of several studies on one ground."""
    return [await _plan(study, items, ground, limits, False) for study in studies]


def _open(model: str, adapter: str = "", wardrobe: Sequence[Adapter] = (), cap: str = "") -> Ground:
    from selfscope.models.choose import choose_ground
    from selfscope.studies.store import runs_folder

    logs = runs_folder() / "logs"
    return choose_ground(model, log_folder=logs, probe=False, adapter=adapter, wardrobe=wardrobe, cap=cap)


async def _plan(study: Study, items: ItemSet, ground: Ground, limits: Limits, calibrated: bool) -> Plan:
    from selfscope.studies.phantoms import teach
    from selfscope.studies.plan import calibrate, plan_study

    rate = None
    if calibrated:
        if ground.identity.kind == "api":
            raise BadInput("a calibration asks the model, which costs", fix="Leave --calibrate out")
        teach(ground, study, items)
        rate = await calibrate(study, items, ground)
    notes: tuple[str, ...] = ()
    if ground.identity.kind == "api" and ground.identity.extra.get("way") == "top_logprobs":
        notes = (DRAWN_INSTEAD.format(draws=study.replicates),)
    return plan_study(study, items, ground, price=limits.price_on(ground), rate=rate, notes=notes)


def show_plans(plans: Sequence[Plan], as_json: bool) -> None:
    """Print plans, and with several of them their sum."""
    if as_json:
        print_json(plans_json(plans))
        return
    for plan in plans:
        for line in plan_lines(plan):
            console().print(line, markup=False)
        console().print()
    if len(plans) > 1:
        total = plans_json(plans)["total"]
        console().print(f"{len(plans)} runs in all: {_used(total)}", markup=False)
        console().print(f"  {_cost(total['cost'])}, {_minutes(total['minutes'])}", markup=False)


def plans_json(plans: Sequence[Plan]) -> dict[str, Any]:
    """Return what ``plan --json`` prints (schema: ``selfscope schema plan``)."""
    runs = [_run_json(plan) for plan in plans]
    keys = ("prompts", "calls", "input_tokens", "distinct_tokens", "output_tokens")
    total: dict[str, Any] = {key: sum(run["total"][key] for run in runs) for key in keys}
    for key in ("cost", "minutes"):
        each = [run[key] for run in runs]
        total[key] = None if None in each else sum(each)
    return {"runs": runs, "total": total}


def _run_json(plan: Plan) -> dict[str, Any]:
    return {
        "run": plan.run,
        "title": plan.title,
        "model": plan.ground.name,
        "subjects": plan.subjects,
        "total": _usage_json(plan.total),
        "left": _usage_json(plan.left),
        "channels": {channel: _usage_json(usage) for channel, usage in plan.by_channel.items()},
        "cost": plan.cost,
        "minutes": plan.minutes,
        "rate": plan.rate,
        "exact_tokens": plan.ground.kind != "api",
        "unavailable": plan.unavailable,
        "widths": plan.widths,
        "notes": plan.notes,
    }


def _usage_json(usage: Usage) -> dict[str, int]:
    return {
        "prompts": usage.prompts,
        "calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "distinct_tokens": usage.distinct_tokens,
        "output_tokens": usage.output_tokens,
    }


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yield the lines in which a plan is shown."""
    yield f"{plan.title} on {plan.ground.name}: {plan.subjects} subjects (run {plan.run})"
    about = "" if plan.ground.kind != "api" else ", tokens about"
    yield f"  {_used(_usage_json(plan.total))}{about}"
    if plan.left.prompts != plan.total.prompts:
        yield f"  of these still to be asked: {_used(_usage_json(plan.left))}"
    rate = f" (at {plan.rate.amount:,.0f} {plan.rate.unit}/s: {plan.rate.source})" if plan.rate else ""
    yield f"  {_cost(plan.cost)}, {_minutes(plan.minutes)}{rate}"
    for channel, reason in plan.unavailable.items():
        yield f"  {channel} cannot be had: {reason}"
    for note in plan.notes:
        yield f"  note: {note}"
    yield from _widths(plan)


def _widths(plan: Plan) -> Iterator[str]:
    """Yield one line a channel and control: the middle width over dimensions, the least and the most."""
    rows: dict[tuple[str, str], list[float]] = {}
    for width in plan.widths:
        rows.setdefault((width.channel, width.control), []).append(width.width)
    if rows:
        yield "  expected width of 95 % intervals, log-odds (middle, and least to most over dimensions)"
    for (channel, control), found in rows.items():
        least, most = min(found), max(found)
        yield f"    {channel:<12} against {control:<12} {median(found):.2f}  ({least:.2f} to {most:.2f})"
    for source in dict.fromkeys(width.source for width in plan.widths):
        yield f"    spread: {source}"


def _used(usage: dict[str, Any]) -> str:
    tokens = f"{usage['input_tokens'] + usage['output_tokens']:,} tokens"
    if usage["distinct_tokens"]:
        tokens += f", {usage['distinct_tokens']:,} of them computed"
    return f"{usage['prompts']:,} prompts, {usage['calls']:,} calls, {tokens}"


def _cost(cost: float | None) -> str:
    if cost is None:
        return "cost not known (give --price)"
    return f"cost ${cost:,.{4 if 0 < cost < 1 else 2}f}"


def _minutes(minutes: float | None) -> str:
    return "time not known" if minutes is None else f"about {minutes:,.1f} minutes"
