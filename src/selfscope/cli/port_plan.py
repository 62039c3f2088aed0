"""What a port would take: the export that comes first, and every training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from selfscope.cli.show import console, print_json

if TYPE_CHECKING:
    from selfscope.cli.ported import Order


def plan_of(order: Order) -> dict[str, Any]:
    """Return what an order would take: the export, and every training; nothing is asked."""
    from selfscope.studies.plan import WRITTEN
    from selfscope.training.portrait.export import forecast

    ports: list[dict[str, Any]] = [
        {"name": way, "rows": 0, "steps": 0, "tokens": 0, "minutes": 0.0}
        for way in order.by
        if way != "training"
    ]
    ports += _planned(order) if "training" in order.by else []
    export = None
    if order.corpus is None and order.by != ("prompt",):
        coming = forecast(order.request)
        minutes = coming.output_tokens / WRITTEN / 60
        export = {"rows": order.rows, "tokens": coming.output_tokens, "minutes": minutes}
    return {"ports": ports, "export": export}


def _planned(order: Order) -> list[dict[str, Any]]:
    """Return what the trainings would take, at the planned tokens of a row."""
    from selfscope.training.build import TOKENS_PER_SECOND
    from selfscope.training.ports.make import ROW_TOKENS_TRAINED, seeded
    from selfscope.training.recipe import RECIPE
    from selfscope.values.port import port_name

    found = []
    for size in order.sizes:
        steps, tokens = RECIPE.epochs * -(-size // RECIPE.pairs), RECIPE.epochs * size * ROW_TOKENS_TRAINED
        for seed in range(order.seeds if size == seeded(order.sizes) else 1):
            minutes = tokens / TOKENS_PER_SECOND / 60
            told = {"name": port_name("training", size, seed), "rows": size, "steps": steps}
            found.append(told | {"tokens": tokens, "minutes": minutes})
    return found


def show_plan(planned: dict[str, Any], as_json: bool) -> None:
    """Print a plan, as JSON or in words."""
    if as_json:
        print_json({"planned": planned})
        return
    for each in planned["ports"]:
        told = (
            f"{each['name']}: {each['rows']} rows, {each['steps']} steps, about {each['minutes']:.1f} minutes"
        )
        console().print(told if each["steps"] else f"{each['name']}: nothing is trained", markup=False)
    if planned["export"]:
        export = planned["export"]
        told = f"an export first: {export['rows']} rows, about {export['minutes']:.0f} minutes"
        console().print(told, markup=False)
