"""The map that a verb reads: the one that was named, or the model's own demo map, made first if need be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.cli.show import console, counting

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround
    from selfscope.space.persona_artefact import PersonaSpace
    from selfscope.studies.budget import Budget
    from selfscope.studies.persona_request import MapRequest


async def own_map(ground: LocalGround, axis: str, budget: Budget | None = None) -> tuple[PersonaSpace, str]:
    """Return a stored map and what it is called."""
    from selfscope.space.persona_artefact import MANIFEST, open_space
    from selfscope.studies.persona_request import MapRequest, map_folder

    if axis:
        return open_space(axis), axis
    request = MapRequest("demo")
    folder = map_folder(request, ground, None)
    if not (folder / MANIFEST).is_file():
        told = f"No axis was named: the demo map of {ground.identity.name} is made first, in {folder}"
        console(as_json=True).print(told, markup=False, soft_wrap=True)
        await _map_first(request, ground, folder, budget)
    return open_space(folder), str(folder)


def unmade_map(ground: LocalGround, axis: str) -> str:
    """Say which map has to be made first, and how long that takes; "" where none has to."""
    from selfscope.space.persona_artefact import MANIFEST
    from selfscope.studies.persona_plan import plan_map
    from selfscope.studies.persona_request import MapRequest, map_folder

    folder = map_folder(MapRequest("demo"), ground, None)
    if axis or (folder / MANIFEST).is_file():
        return ""
    minutes = plan_map(MapRequest("demo"), ground, folder).minutes
    return (
        f"No axis was named: the demo map of {ground.identity.name} is made first, in about {minutes:,.1f} "
        "minutes; what follows depends on it"
    )


async def _map_first(request: MapRequest, ground: LocalGround, folder: Path, budget: Budget | None) -> None:
    from selfscope.studies.persona_manifest import store_space
    from selfscope.studies.persona_map import run_map
    from selfscope.studies.persona_rows import store_rows
    from selfscope.studies.persona_space import persona_space

    with counting("map") as bar:
        done = await run_map(request, ground, folder, budget=budget, progress=bar)
    store_rows(done)
    store_space(done, persona_space(done))
    done.refuse_failures()
