"""Drawing what is said in a conversation: from local weights, or through Inspect from behind an API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from selfscope.errors import BadInput
from selfscope.models.ground import Ground
from selfscope.models.local.spans import Turn
from selfscope.space.responses import TEMPERATURE, TOP_P, Response
from selfscope.values import Message

#: Draws replies: conversations that end with the user's turn, a seed each, most tokens; ids are set later.
Write = Callable[[Sequence[tuple[Turn, ...]], Sequence[int], int], Awaitable[Sequence[Response]]]


def writer_of(ground: Ground) -> Write:
    """Return what draws replies from a model, wherever it is."""
    return local_writer(ground) if ground.identity.kind == "local" else api_writer(ground)


def local_writer(ground: Ground) -> Write:
    """Return what draws replies from local weights.

    Raises
    ------
    BadInput
        If the ground is not local weights.
    """
    from selfscope.models.local.generate import GenerationRequest, generate

    if ground.identity.kind != "local":
        raise BadInput("replies are drawn from local weights", got=ground.identity.name)
    weights: Any = ground  # or what stands for it within a budget

    async def write(talks: Sequence[tuple[Turn, ...]], seeds: Sequence[int], tokens: int) -> list[Response]:
        requests = [
            GenerationRequest(
                tuple(Message(t.role, t.content) for t in talk),
                max_tokens=tokens, temperature=TEMPERATURE, top_p=TOP_P, seed=seed,
            )
            for talk, seed in zip(talks, seeds, strict=True)
        ]  # fmt: skip
        drawn = await generate(weights, requests)
        return [Response("", g.text, g.output_tokens, g.input_tokens, g.stop_reason) for g in drawn]

    return write


def api_writer(ground: Ground) -> Write:
    """Return what draws replies through Inspect, from a model behind an API."""
    import asyncio

    from selfscope.studies.evaluation import opened

    async def write(talks: Sequence[tuple[Turn, ...]], seeds: Sequence[int], tokens: int) -> list[Response]:
        from inspect_ai.model import GenerateConfig

        async with opened(ground) as model:

            async def one(talk: tuple[Turn, ...], seed: int) -> Response:
                config = GenerateConfig(max_tokens=tokens, temperature=TEMPERATURE, seed=seed)
                found = await model.generate([_chat(t) for t in talk], config=config)
                used = found.usage
                put_in, drawn = (used.input_tokens, used.output_tokens) if used else (0, 0)
                return Response("", found.completion, drawn, put_in, found.stop_reason)

            return list(await asyncio.gather(*(one(t, s) for t, s in zip(talks, seeds, strict=True))))

    return write


def _chat(turn: Turn) -> Any:
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

    kinds: Mapping[str, Any] = {
        "system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant,
    }  # fmt: skip
    return kinds[turn.role](content=turn.content)
