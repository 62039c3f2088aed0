"""Responses of a map: drawn from local weights, each finished batch kept, so that a run goes on from there.

A response is drawn from a seed of its own, named by the run's seed and the ask, so that who else is asked
changes nothing beyond floating noise.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from selfscope.errors import BadInput, CouldNot
from selfscope.models.local.generate import Generation, GenerationRequest, generate
from selfscope.models.local.ground import LocalGround
from selfscope.space.asked import RoleAsk
from selfscope.space.heard import HeardFile, Hearing
from selfscope.values import Message, Usage, content_id, short

#: Responses that are drawn together; what they all begin with is computed once.
BATCH = 32
#: The sampling of the reference pipeline (Lu et al. 2026).
TEMPERATURE, TOP_P = 0.7, 0.9
FILE = "responses.jsonl"
#: Tokens that a chat template puts around the turns of one conversation, about.
TEMPLATE_TOKENS = 12


@dataclass(frozen=True)
class Drawing:
    """How responses are drawn."""

    max_tokens: int
    seed: int
    temperature: float = TEMPERATURE
    top_p: float = TOP_P


@dataclass(frozen=True)
class Response:
    """One response.

    Attributes
    ----------
    ask
        Id of the ask.
    text
        What was said; empty where the first token ended the turn.
    tokens
        Tokens drawn.
    input_tokens
        Tokens of the prompt.
    stop
        ``stop`` or ``length``.
    logp
        log P(text | prompt) under the model as it is, natural log; None where the text, read again, has
        other tokens than those drawn.
    heard
        Whether its vectors were taken while it was drawn.
    """

    ask: str
    text: str
    tokens: int
    input_tokens: int
    stop: str
    logp: float | None = None
    heard: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing was said."""
        return not self.text.strip()


Before = Callable[[Usage, Usage, int, int], None]
"""Called before a batch with what is used, what it may use, responses kept, and all; raises to stop."""


class ResponseFile:
    """The responses of one part of a map on disk: a head that says of what, then one line a response."""

    def __init__(self, folder: Path, part: str) -> None:
        self.path = folder / FILE
        self.part = part

    def read(self) -> dict[str, Response]:
        """Return the responses so far by ask; a last line that was not written to its end is cut off.

        Raises
        ------
        BadInput
            If they are of another run.
        CouldNot
            If a line cannot be read.
        """
        if not self.path.exists():
            return {}
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            os.truncate(self.path, len(whole))
        lines = whole.decode().split("\n")[:-1]
        if not lines:
            return {}
        try:
            head, *rest = (json.loads(line) for line in lines)
            found = [Response(**each) for each in rest]
        except (ValueError, TypeError) as error:
            raise CouldNot("responses cannot be read", got=self.path, fix="Remove the file") from error
        if head != {"part": self.part}:
            raise BadInput(
                "the folder holds another map",
                got=self.path.parent,
                fix="Give another --out, or the same model, preset and seed as then",
            )
        return {each.ask: each for each in found}

    def add(self, responses: Sequence[Response]) -> None:
        """Put a finished batch to the others, and on the disk."""
        with self.path.open("a", encoding="utf-8") as file:
            if file.tell() == 0:
                file.write(json.dumps({"part": self.part}) + "\n")
            file.writelines(json.dumps(asdict(r), ensure_ascii=False) + "\n" for r in responses)
            file.flush()
            os.fsync(file.fileno())


def part_id(ground: LocalGround, asks: Sequence[RoleAsk], drawing: Drawing) -> str:
    """Return the content id of everything that can change a response."""
    return content_id({"ground": ground.identity, "asks": list(asks), "drawing": drawing})


async def draw_responses(
    ground: LocalGround,
    asks: Sequence[RoleAsk],
    drawing: Drawing,
    folder: Path,
    *,
    before: Before = lambda spent, coming, done, total: None,
    progress: Callable[[int], None] = lambda count: None,
    batch: int = BATCH,
    hear: bool = False,
) -> dict[str, Response]:
    """Return a response to every ask, by id; those that `folder` holds already are not drawn again.

    Parameters
    ----------
    hear
        Whether their vectors are taken while they are drawn, see :mod:`selfscope.space.heard`.

    Raises
    ------
    Stopped
        If `before` says so; what was drawn is kept.
    """
    file = ResponseFile(folder, part_id(ground, asks, drawing))
    found = file.read()
    progress(len(found))
    left = _ordered([a for a in asks if a.id not in found])
    hearing = Hearing(ground, heard_file(folder, asks, found)) if hear and left else None
    for at in range(0, len(left), batch):
        some = left[at : at + batch]
        before(usage_of(found.values()), forecast(ground, some, drawing), len(found), len(asks))
        made = await _drawn(ground, some, drawing, hearing)
        file.add(made)
        found |= {r.ask: r for r in made}
        progress(len(made))
    return {a.id: found[a.id] for a in asks}


async def _drawn(
    ground: LocalGround, asks: Sequence[RoleAsk], drawing: Drawing, hearing: Hearing | None
) -> list[Response]:
    """Return a batch of responses; what was heard of them is on the disk before they are."""
    requests = [_request(a, drawing) for a in asks]
    heads = [ground.renderer.head(r.messages) for r in requests]
    prompts = [ground.renderer.encode(head) for head in heads]
    ear = hearing.listener(asks) if hearing else None
    drawn = await generate(ground, requests, listener=ear)
    kept = hearing.keep(asks, prompts, drawn, ear) if hearing and ear else set()
    return [
        Response(
            a.id,
            g.text,
            g.output_tokens,
            g.input_tokens,
            g.stop_reason,
            logp_of(ground, head, prompt, g),
            a.id in kept,
        )
        for a, g, head, prompt in zip(asks, drawn, heads, prompts, strict=True)
    ]


def logp_of(ground: LocalGround, head: str, prompt: Sequence[int], said: Generation) -> float | None:
    """Return log P(text | prompt) as it was drawn; None where a scorer would read other tokens."""
    try:
        tokens = ground.renderer.reply(head, prompt, said.text)
    except BadInput:
        return None
    count = len(tokens)  # what a stop text cut off stands behind them
    return sum((said.logprobs or ())[:count]) if tokens == said.token_ids[:count] else None


def heard_file(folder: Path, asks: Sequence[RoleAsk], found: Mapping[str, Response]) -> HeardFile:
    """Return the vectors that were taken while responses were drawn, as far as they still wait."""
    return HeardFile(folder, [a.id for a in asks], [r.ask for r in found.values() if r.heard])


def forecast(ground: LocalGround, asks: Sequence[RoleAsk], drawing: Drawing) -> Usage:
    """Return what drawing responses may use at most; tokens that go in are counted about."""
    texts = {text: ground.count_tokens(text) for a in asks for text in (a.system, a.user)}
    put_in = sum(texts[a.system] + texts[a.user] + TEMPLATE_TOKENS for a in asks)
    return _usage(len(asks), put_in, len(asks) * drawing.max_tokens)


def usage_of(responses: Iterable[Response]) -> Usage:
    """Return what the responses used."""
    every = list(responses)
    return _usage(len(every), sum(r.input_tokens for r in every), sum(r.tokens for r in every))


def _usage(prompts: int, put_in: int, drawn: int) -> Usage:
    return Usage(prompts=prompts, input_tokens=put_in, output_tokens=drawn, cost=0.0, calls=prompts)


def _ordered(asks: Sequence[RoleAsk]) -> list[RoleAsk]:
    """Return asks so that those with the same or a like system prompt are drawn together."""
    return sorted(asks, key=lambda a: (len(a.system), a.system, len(a.user), a.id))


def _request(ask: RoleAsk, drawing: Drawing) -> GenerationRequest:
    return GenerationRequest(
        tuple(Message(turn.role, turn.content) for turn in ask.turns),
        max_tokens=drawing.max_tokens,
        temperature=drawing.temperature,
        top_p=drawing.top_p,
        seed=int(short(content_id([drawing.seed, ask.id]), 15), 16),
        logprobs=True,
    )
