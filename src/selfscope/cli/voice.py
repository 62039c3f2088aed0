"""Who speaks in a life: the Inspect model that a name means, and the ground under it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from selfscope.errors import BadInput

if TYPE_CHECKING:
    from inspect_ai.model import Model

    from selfscope.models.ground import Ground, GroundIdentity

_PHANTOM = "phantom:"


@dataclass(frozen=True)
class Voice:
    """Who speaks: an Inspect model, how it is named in what is kept, and the ground under it."""

    model: Model
    name: str
    identity: GroundIdentity
    count: Callable[[str], int]
    ground: Ground | None = None

    @property
    def context(self) -> tuple[int, Callable[[str], int]] | None:
        """Tokens that the ground takes, and what counts them; None where the provider says so itself."""
        most = None if self.ground is None else self.ground.context_tokens
        return None if most is None else (most, self.count)


@asynccontextmanager
async def voice_of(
    model: str, adapter: str = "", cap: str = "", *, answering: bool = False
) -> AsyncIterator[Voice]:
    """Lend the Inspect model that a name means.

    Parameters
    ----------
    answering
        Whether the ground under it is asked as well.

    Raises
    ------
    BadInput
        If it means none, or a phantom that does not live.
    """
    if model.startswith(_PHANTOM):
        if adapter or cap:
            raise BadInput(
                "a phantom has no weights that an adapter or a cap could change", got=adapter or cap
            )
        yield _phantom(model.removeprefix(_PHANTOM), answering)
        return
    from selfscope.models.choose import choose_ground
    from selfscope.studies.evaluation import opened
    from selfscope.studies.store import runs_folder
    from selfscope.values import content_id, short

    ground = choose_ground(
        model.removeprefix("selfscope/"),
        log_folder=runs_folder() / "logs",
        probe=answering,
        adapter=adapter,
        cap=cap,
    )
    try:
        async with opened(ground) as made:
            changed = f" {short(content_id(ground.identity))}" if adapter or cap else ""
            yield Voice(made, f"{made}{changed}", ground.identity, ground.count_tokens, ground)
    finally:
        await ground.close()


def _phantom(name: str, answering: bool) -> Voice:
    """Return a scripted agent; one with answers, where these are to be read."""
    from selfscope.agent.phantoms import phantom_agent
    from selfscope.models.ground import GroundIdentity
    from selfscope.studies.lives_planted import planted_ground, planted_voice

    if answering:
        ground = planted_ground(name)
        return Voice(planted_voice(name), _PHANTOM + name, ground.identity, ground.count_tokens, ground)
    identity = GroundIdentity(_PHANTOM + name, "phantom")
    return Voice(phantom_agent(name), _PHANTOM + name, identity, lambda text: len(text.split()))
