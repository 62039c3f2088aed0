"""What all verbs share whose instrument plays conversations of its own: limits, plans, a gate, the page."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from selfscope.cli.limits import Limits
from selfscope.cli.show import command_line, console, counting, print_json
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.models.ground import Ground
    from selfscope.studies.apart import Apart, Told, Wish
    from selfscope.studies.plan import Plan

PHANTOM = "phantom:"


def play_verb(
    instrument: Apart,
    wish: Wish,
    model: str,
    *,
    adapter: str = "",
    limits: Limits,
    dry_run: bool = False,
    fail_on: str = "",
    as_json: bool = False,
) -> None:
    """Play an instrument on a model or by one of its phantoms, and show what it says.

    Raises
    ------
    BadInput
        If the instrument has no such condition, or anything that `play` does not know.
    """
    if fail_on and fail_on not in instrument.conditions:
        raise BadInput(
            f"{instrument.name} has no such condition",
            got=fail_on,
            fix=f"Choose from: {', '.join(instrument.conditions) or 'none'}",
        )
    instrument.request(wish)  # refuses what it does not know, before weights are loaded
    if dry_run:
        from selfscope.cli.planned import show_plans

        show_plans([asyncio.run(_plan(instrument, wish, model, adapter, limits))], as_json)
        return
    told = asyncio.run(_play(instrument, wish, model, adapter, limits))
    if as_json:
        print_json(told.found)
    else:
        for line in (*told.lines, str(told.report)):
            console().print(line, markup=False, soft_wrap=True)
    raise typer.Exit(int(fail_on in told.failing))


async def _play(instrument: Apart, wish: Wish, model: str, adapter: str, limits: Limits) -> Told:
    from selfscope.studies.apart_play import play

    who = opened(model, adapter, probe=True)
    try:
        budget = None if isinstance(who, str) else limits.budget_on(who)
        with counting(f"{instrument.name} {wish.worn or 'none'}") as progress:
            played = await play(instrument, wish, who, progress, budget)
        return played.conclude(command_line())
    finally:
        if not isinstance(who, str):
            await who.close()


async def _plan(instrument: Apart, wish: Wish, model: str, adapter: str, limits: Limits) -> Plan:
    from selfscope.studies.apart_play import plan

    who = opened(model, adapter, probe=False)
    try:
        return await plan(instrument, wish, who, None if isinstance(who, str) else limits.price_on(who))
    finally:
        if not isinstance(who, str):
            await who.close()


def opened(model: str, adapter: str, *, probe: bool) -> Ground | str:
    """Return the ground that a model's name means, or the name of a phantom of the instrument's own."""
    from selfscope.models.choose import choose_ground
    from selfscope.studies.store import runs_folder

    if model.startswith(PHANTOM) and not adapter:
        return model.removeprefix(PHANTOM)
    return choose_ground(model, log_folder=runs_folder() / "logs", probe=probe, adapter=adapter)
