"""What a port would take: the export that comes first, every training, and the measuring."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.cli.export_self import PHANTOM
from selfscope.cli.named import Named
from selfscope.cli.show import console, print_json
from selfscope.values.port import CONTROL, port_name

if TYPE_CHECKING:
    from selfscope.cli.port_controls import Control
    from selfscope.cli.port_order import Order
    from selfscope.models.ground import Ground, GroundIdentity
    from selfscope.studies.fidelity import Self
    from selfscope.values import Usage

#: Words of a testimony that is not written yet: twelve rows with what is said around them, about.
TESTIMONY_WORDS = 430
#: Tokens of a wording with the marks of its turn, about.
WORDING_TOKENS = 40
#: Choices a judge makes of one prompt and one other text: both orders.
ORDERS = 2


def plan_of(order: Order) -> dict[str, Any]:
    """Return what an order would take; nothing is asked or trained, weights are loaded for their tokens."""
    ports: list[dict[str, Any]] = [
        {"name": way, "rows": 0, "steps": 0, "tokens": 0, "minutes": 0.0}
        for way in order.by
        if way != "training"
    ]
    ports += _planned(order) if "training" in order.by else []
    export = None if order.corpus is not None or order.by == ("prompt",) else _export(order)
    measuring = _measuring(order) if order.measured else None
    total = _total([*ports, *filter(None, (export, measuring))])
    return {"ports": ports, "export": export, "measuring": measuring, "total": total}


def _export(order: Order) -> dict[str, Any]:
    """Return what the export would take; behind an API the time is not known."""
    from selfscope.studies.plan import WRITTEN
    from selfscope.training.portrait.export import forecast

    coming = forecast(order.request)
    told = {"rows": order.rows, "tokens": coming.output_tokens}
    if order.named.model.startswith(PHANTOM):
        return told | {"minutes": coming.output_tokens / WRITTEN / 60, "cost": 0.0}
    ground = _unasked(order.original)
    each = ground.count_tokens(order.original.system or "") + WORDING_TOKENS
    asyncio.run(ground.close())
    if ground.identity.kind == "local":
        return told | {"minutes": coming.output_tokens / WRITTEN / 60, "cost": 0.0}
    paid = replace(coming, input_tokens=coming.prompts * each, cost=None)
    return told | {"minutes": None, "cost": _cost(order, ground.identity, paid)}


def _planned(order: Order) -> list[dict[str, Any]]:
    """Return what the trainings would take, at the planned tokens of a row; controls are the last ones."""
    from selfscope.training.ports.make import seeded

    size = seeded(order.sizes)
    each = [
        (port_name("training", rows, seed), rows)
        for rows in order.sizes
        for seed in range(order.seeds if rows == size else 1)
    ]
    each += [(control.name(size), size) for control in order.controls]
    return [_training(name, rows) for name, rows in each]


def _training(name: str, rows: int) -> dict[str, Any]:
    from selfscope.training.build import TOKENS_PER_SECOND
    from selfscope.training.ports.make import ROW_TOKENS_TRAINED
    from selfscope.training.recipe import RECIPE

    tokens = RECIPE.epochs * rows * ROW_TOKENS_TRAINED
    steps = RECIPE.epochs * -(-rows // RECIPE.pairs)
    minutes = tokens / TOKENS_PER_SECOND / 60
    return {"name": name, "rows": rows, "steps": steps, "tokens": tokens, "minutes": minutes}


def _measuring(order: Order) -> dict[str, Any] | None:
    """Return what asking everybody would take; None of an exported phantom, which answers no items."""
    from selfscope.cli.port_planted import names_of
    from selfscope.studies.fidelity_planted import opened_for, planted
    from selfscope.studies.fidelity_run import forecast_by_ground

    names = names_of(order.named.model)
    if order.named.model.startswith(PHANTOM) and not names:
        return None
    if names:
        request = planted(*names, preset=order.preset, seed=order.seed, dimensions=order.dimensions)
        coming = asyncio.run(forecast_by_ground(request, opened_for(request)))
    else:
        request = order.measure(stand_ins(order))
        coming = asyncio.run(forecast_by_ground(request, _unasked))
    told = _used(order, coming)
    others = len(request.ports) + 3  # the bare target, an imitation, the original's own second draw
    return told | {"judged": len(order.judges) * others * _prompts(order) * ORDERS}


def _prompts(order: Order) -> int:
    from selfscope.studies.fidelity import PROMPTS

    return PROMPTS[order.preset]


def stand_ins(order: Order) -> tuple[Self, ...]:
    """Return the ports of an order as they will be asked; where one is not made yet, something as long."""
    from selfscope.studies.fidelity import Self
    from selfscope.training.ports.make import seeded

    told = {"prompt": order.original.system, "testimony": " ".join(["word"] * TESTIMONY_WORDS)}
    found = [Self(way, order.to, told[way], by=way) for way in order.by if way != "training"]
    for each in _planned(order) if "training" in order.by else ():
        if not each["name"].startswith(CONTROL):
            found.append(Self(each["name"], order.to, by="training", size=each["rows"]))
    size = seeded(order.sizes)
    controls = [_control(order, each, size) for each in order.controls] if "training" in order.by else []
    return (*(_there(port, Path(order.folder) / port.name) for port in found), *controls)


def _control(order: Order, control: Control, size: int) -> Self:
    """Return a control as it will be asked."""
    return _there(control.asked(order.to, size), control.place(Path(order.folder)) / f"port-{size}-0")


def _there(port: Self, folder: Path) -> Self:
    """Return a port with what it is told or wears, where it lies in its place already."""
    if (folder / "identity.md").exists():
        return replace(port, system=(folder / "identity.md").read_text(encoding="utf-8").rstrip("\n"))
    return replace(port, adapter=str(folder)) if (folder / "adapter_config.json").exists() else port


def _unasked(who: Self) -> Ground:
    """Open what answers for someone, for its tokens: nothing is sent to a provider."""
    from selfscope.cli.export_self import open_ground

    return open_ground(Named("none", who.model, who.adapter, who.cap), probe=False)


def _used(order: Order, coming: Sequence[tuple[GroundIdentity, Usage]]) -> dict[str, Any]:
    from selfscope.studies.budget import tokens_of
    from selfscope.values import Usage

    total = Usage()
    for _, usage in coming:
        total = total.plus(usage)
    each = [
        {"tokens": tokens_of(usage), "minutes": _minutes(own, usage), "cost": _cost(order, own, usage)}
        for own, usage in coming
    ]
    return {"prompts": total.prompts, "calls": total.calls} | _total(each)


def _minutes(identity: GroundIdentity, usage: Usage) -> float | None:
    """Return the minutes at the rate of earlier runs, else the documented one; None of a new provider."""
    from selfscope.studies.plan import WRITTEN, known_rate

    rate = known_rate(identity)
    if rate is None:
        return None
    written = usage.output_tokens if identity.kind == "local" else 0
    return (rate.seconds(usage) + written / WRITTEN) / 60


def _cost(order: Order, identity: GroundIdentity, usage: Usage) -> float | None:
    from selfscope.models.api_price import known_price
    from selfscope.studies.budget import cost_of

    if identity.kind != "api":
        return 0.0
    return cost_of(usage, order.limits.price or known_price(identity.name))


def _total(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the sums; a part whose time or cost is not known leaves that sum unknown."""
    told: dict[str, Any] = {"tokens": sum(each["tokens"] for each in parts)}
    for name in ("minutes", "cost"):
        found = [each.get(name, 0.0) for each in parts]
        told[name] = None if None in found else sum(found)
    return told


def show_plan(planned: dict[str, Any], as_json: bool) -> None:
    """Print a plan, as JSON or in words."""
    if as_json:
        print_json({"planned": planned})
        return
    for line in _lines(planned):
        console().print(line, markup=False, soft_wrap=True)


def _lines(planned: dict[str, Any]) -> Iterator[str]:
    for each in planned["ports"]:
        told = f"{each['rows']} rows, {each['steps']} steps, about {each['minutes']:.1f} minutes"
        yield f"{each['name']}: {told if each['steps'] else 'nothing is trained'}"
    if export := planned["export"]:
        yield f"an export first: {export['rows']} rows, {_spent(export)}"
    if measuring := planned["measuring"]:
        yield f"measuring: {measuring['prompts']:,} prompts, {_spent(measuring)}"
        if measuring["judged"]:
            yield f"and {measuring['judged']:,} choices of judges, which are not counted in"
    yield f"in all: {_spent(planned['total'])}"


def _spent(told: dict[str, Any]) -> str:
    minutes, cost = told["minutes"], told["cost"]
    time = "time not known" if minutes is None else f"about {minutes:.1f} minutes"
    money = "cost not known (give --price)" if cost is None else f"cost ${cost:,.2f}"
    return f"{told['tokens']:,} tokens, {time}, {money}"
