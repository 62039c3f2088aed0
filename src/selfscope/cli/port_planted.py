"""Ports of planted fidelity from the command line: what each verdict looks like, without a model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from selfscope.cli.export_self import PHANTOM
from selfscope.cli.show import command_line, counting, writing
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.cli.port_order import Order
    from selfscope.cli.ported import Carried


def names_of(model: str) -> tuple[str, ...]:
    """Return the planted ports that a name means, as in ``phantom:half,caricature``; () for other names."""
    from selfscope.studies.fidelity_planted import PLANTS

    if not model.startswith(PHANTOM):
        return ()
    names = tuple(name.strip() for name in model.removeprefix(PHANTOM).split(","))
    return names if set(names) <= set(PLANTS) else ()


async def play(order: Order) -> Carried:
    """Hold phantoms against their original, and write the page; BadInput for what only real ports have."""
    from selfscope.cli.ported import Carried
    from selfscope.report.port import fidelity_lines, write_port
    from selfscope.studies.fidelity_planted import opened_for, planted
    from selfscope.studies.fidelity_run import fidelity_of
    from selfscope.studies.store import RunStore

    _refuse(order)
    names = names_of(order.named.model)
    request = planted(*names, preset=order.preset, seed=order.seed, dimensions=order.dimensions)
    request = replace(request, judges=order.judges)
    with counting("fidelity") as progress:
        found = await fidelity_of(request, opened_for(request), progress, order.limits.budget)
    page = RunStore.find(found.run).report
    with writing("the page"):
        write_port(found, page, facts=(("planted", order.named.model), ("command", command_line())))
    told = found.json()
    ports = [_told(each) | {"measured": each} for each in told["ports"]]
    own = {
        "subject": {key: value for key, value in ports[0].items() if key != "measured"},
        "original": {"id": found.ground, "name": found.original, "model": order.named.model},
        "target": order.to,
        "ports": ports,
        "controls": [],
        "archived": [],
        "report": str(page),
    }
    return Carried(told | own, (*fidelity_lines(found), str(page)))


def _refuse(order: Order) -> None:
    """Refuse what a planted port would silently be without; BadInput."""
    given = {
        "--corpus": order.corpus,
        "--control": order.controls,
        "--archive": order.archive,
        "--out": order.out,
        "--map": order.map,
        "--map-of": order.maps,
        "--unmeasured": not order.measured,
    }
    if found := [flag for flag, value in given.items() if value]:
        raise BadInput(
            "a planted port is measured and nothing else", got=", ".join(found), fix="Leave these out"
        )


def _told(port: dict[str, Any]) -> dict[str, Any]:
    """Return a phantom as a port is told: it has no folder, and no verb asks it."""
    named = {key: port[key] for key in ("name", "by", "size", "seed")}
    model = f"{PHANTOM}{port['name']}"
    return named | {"model": model, "folder": "", "ask": "", "adapter": None, "corpus": "", "kept": False}
