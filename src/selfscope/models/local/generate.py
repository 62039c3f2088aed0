"""Sampling from local weights: many conversations at once, each with its own settings and its own seed.

The batch is padded on the left; what all its conversations begin with goes through the network once. Every
request draws from a random generator of its own, one uniform number a token, so that the same seed gives the
same text whatever else is in the batch, as far as floating noise allows: the company changes logits by about
1e-5, which can tip a draw that falls that close to the border between two tokens.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import torch

from selfscope.errors import BadInput, Stopped
from selfscope.models.catalogue import DIALOGUE, DIALOGUE_END
from selfscope.models.local.picking import pick
from selfscope.values import Message

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround
    from selfscope.models.local.listening import Listener

MOST_AT_ONCE = 64
"""Conversations decoded together; more are decoded one batch after another."""

PREFILL_TOKENS = 2048
"""Prompt tokens of the whole batch that go through the network at once."""

LEAST_SHARED = 16
"""A common beginning shorter than this is not computed apart."""

Tensor = torch.Tensor
Listed = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class GenerationRequest:
    """One conversation to continue.

    Attributes
    ----------
    messages
        The conversation, ending before the reply; of no account where `rendered` is given.
    max_tokens
        Most tokens to draw.
    temperature
        0 takes the likeliest token; 1 samples from the model as it is.
    top_p
        Draw from the likeliest tokens whose probabilities, tempered, first reach this sum.
    seed
        Names the randomness.
    stop
        Texts that end the reply; they are cut off its text.
    logprobs
        Whether to return the log-probability of every token drawn.
    top_logprobs
        How many of the likeliest tokens to return beside it.
    rendered
        A text that is continued as it stands, the template left out.
    """

    messages: tuple[Message, ...]
    max_tokens: int = 256
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    logprobs: bool = False
    top_logprobs: int = 0
    rendered: str = ""

    def __post_init__(self) -> None:
        if self.max_tokens < 1 or self.temperature < 0 or not 0 < self.top_p <= 1 or self.top_logprobs < 0:
            raise BadInput(
                "a reply cannot be sampled with these settings",
                got=f"max_tokens={self.max_tokens}, temperature={self.temperature}, top_p={self.top_p}, "
                f"top_logprobs={self.top_logprobs}",
                fix="Give at least one token, a temperature from 0, and top_p above 0 and up to 1",
            )


@dataclass(frozen=True)
class Generation:
    """One reply.

    Attributes
    ----------
    text
        What was said, without the end of turn or a stop text.
    token_ids, tokens
        The tokens drawn and their texts, the end of turn left out.
    logprobs
        log P(token | all before) under the model as it is, temperature and top_p left out, natural log; None
        unless asked for.
    top_logprobs
        For every token drawn, the likeliest with their log-probabilities, best first; None unless asked for.
    stop_reason
        ``stop`` (end of turn or a stop text) or ``length``.
    input_tokens, output_tokens
        Tokens of the prompt, and tokens drawn.
    """

    text: str
    token_ids: tuple[int, ...]
    tokens: tuple[str, ...]
    logprobs: tuple[float, ...] | None
    top_logprobs: tuple[Listed, ...] | None
    stop_reason: str
    input_tokens: int
    output_tokens: int


@dataclass(eq=False)
class Reply:
    """A reply on its way.

    Attributes
    ----------
    number
        Its place among the requests that came with it.
    prompt
        Tokens of the conversation, up to where the reply begins.
    random
        Gives it one uniform number a token.
    stop
        Texts that end it, the request's and the template's.
    ids, logprobs, tops
        What was drawn so far; the latter two empty unless asked for.
    stop_reason
        "" while it goes on.
    """

    number: int
    request: GenerationRequest
    prompt: list[int]
    random: torch.Generator
    stop: tuple[str, ...]
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    tops: list[Listed] = field(default_factory=list)
    stop_reason: str = ""


async def generate(
    ground: LocalGround, requests: Sequence[GenerationRequest], *, listener: Listener | None = None
) -> list[Generation]:
    """Return a reply to every request, in order.

    Cancelling ends the work between two tokens.

    Parameters
    ----------
    listener
        Adds up states of prompts and replies as they are computed; it is of these requests alone.

    Raises
    ------
    BadInput
        If a conversation cannot be rendered.
    """
    stop = threading.Event()
    try:
        return await anyio.to_thread.run_sync(
            lambda: _generate(ground, requests, stop.is_set, listener), abandon_on_cancel=True
        )
    finally:
        stop.set()


def _generate(
    ground: LocalGround,
    requests: Sequence[GenerationRequest],
    stopped: Callable[[], bool],
    listener: Listener | None,
) -> list[Generation]:
    from selfscope.models.local.ground import working
    from selfscope.models.local.paths import reading

    ends = end_tokens(ground)
    replies = [begin(ground, number, request) for number, request in enumerate(requests)]
    hooks = listener.hooks() if listener else nullcontext()
    with working(ground.threads), reading(ground.model, "plain"), hooks:
        for cut in range(0, len(replies), MOST_AT_ONCE):
            _decode(ground, replies[cut : cut + MOST_AT_ONCE], ends, stopped, listener)
    return [finish(ground.tokenizer, reply) for reply in replies]


def end_tokens(ground: LocalGround) -> frozenset[int]:
    """Return the tokens that end a turn: those the model declares, and the one its template puts there."""
    tokenizer = ground.tokenizer
    declared = getattr(ground.model.generation_config, "eos_token_id", None)
    ends = {tokenizer.eos_token_id, *(declared if isinstance(declared, list) else [declared])}
    mark = "selfscope-reply"
    turn = [Message("user", "?"), Message("assistant", mark)]
    after = ground.renderer.encode(ground.renderer.head(turn).partition(mark)[2])
    special = set(tokenizer.all_special_ids)
    ends |= {token for token in after[:1] if token in special}
    return frozenset(int(token) for token in ends if token is not None)


def begin(ground: LocalGround, number: int, request: GenerationRequest) -> Reply:
    """Return the reply to a request, nothing drawn.

    Raises
    ------
    BadInput
        If the conversation cannot be rendered.
    """
    prompt = ground.renderer.encode(request.rendered or ground.renderer.head(request.messages))
    random = torch.Generator().manual_seed(request.seed)
    ours = (DIALOGUE_END,) if ground.renderer.template == DIALOGUE else ()
    return Reply(number, request, prompt, random, request.stop + ours)


def _decode(
    ground: LocalGround,
    replies: list[Reply],
    ends: frozenset[int],
    stopped: Callable[[], bool],
    listener: Listener | None,
) -> None:
    """Draw tokens for all replies until each has ended; those that have leave the batch by and by."""
    model, tokenizer = ground.model, ground.tokenizer
    logits, cache, mask = _prefill(model, replies, stopped, listener)
    alive = list(replies)
    while alive:
        if stopped():
            raise Stopped("generation was stopped between two tokens", fix="Run the same command again")
        for row, reply in enumerate(alive):
            if not reply.stop_reason:
                draw(reply, logits[row], ends, tokenizer)
        going = [row for row, reply in enumerate(alive) if _goes_on(reply, listener)]
        if not going:
            break
        if len(going) <= len(alive) // 2:
            keep = torch.tensor(going, device=mask.device)
            cache.batch_select_indices(keep)
            mask, alive = mask[keep], [alive[row] for row in going]
        if listener:
            listener.expect_tokens([r.number for r in alive], [len(r.ids) for r in alive])
        logits, mask = _step(model, [r.ids[-1] if r.ids else 0 for r in alive], mask, cache)


def _goes_on(reply: Reply, listener: Listener | None) -> bool:
    """Return whether a reply needs another step: to draw, or for its last token to be listened to."""
    return not reply.stop_reason or (listener is not None and listener.owed(reply.number, len(reply.ids)))


def _prefill(
    model: Any, replies: Sequence[Reply], stopped: Callable[[], bool], listener: Listener | None
) -> tuple[Tensor, Any, Tensor]:
    """Return the logits after every prompt, the cache, and the mask of what in the cache is no padding."""
    from transformers import DynamicCache

    prompts, first = [r.prompt for r in replies], replies[0].number
    cache = DynamicCache(config=model.config.get_text_config())
    shared = _shared(model, prompts)
    if shared:
        announce = _announcing(listener, first, [0] * len(prompts), 0)
        _feed(model, torch.tensor([prompts[0][:shared]]), None, cache, 0, stopped, announce)
        cache.batch_repeat_interleave(len(prompts))
    rest = max(map(len, prompts)) - shared
    tokens = torch.zeros((len(prompts), rest), dtype=torch.long)
    mask = torch.zeros((len(prompts), shared + rest), dtype=torch.long)
    mask[:, :shared] = 1
    for row, prompt in enumerate(prompts):
        tokens[row, rest - (len(prompt) - shared) :] = torch.tensor(prompt[shared:])
        mask[row, shared + rest - (len(prompt) - shared) :] = 1
    mask = mask.to(model.device)
    announce = _announcing(listener, first, [shared + rest - len(p) for p in prompts], shared)
    return _feed(model, tokens, mask, cache, shared, stopped, announce), cache, mask


def _announcing(
    listener: Listener | None, first: int, pads: list[int], since: int
) -> Callable[[int, int], None]:
    """Return what tells a listener, if there is one, which columns of the prompts come next."""

    def announce(start: int, width: int) -> None:
        if listener:
            listener.expect_prompts(first, pads, since, start, width)

    return announce


def _shared(model: Any, prompts: list[list[int]]) -> int:
    """Return how many leading tokens are computed once for all; each prompt keeps one of its own at least.

    None where a layer has a sliding window: padding between the beginning and the rest would stand in it.
    """
    layers = set(getattr(model.config.get_text_config(), "layer_types", None) or ["full_attention"])
    windows = layers != {"full_attention"} or getattr(model.config, "sliding_window", None)
    if len(prompts) < 2 or windows:
        return 0
    length = min(map(len, prompts)) - 1
    shared = next((i for i in range(length) if len({p[i] for p in prompts}) > 1), length)
    return shared if shared >= LEAST_SHARED else 0


def _feed(
    model: Any,
    tokens: Tensor,
    mask: Tensor | None,
    cache: Any,
    past: int,
    stopped: Callable[[], bool],
    announce: Callable[[int, int], None],
) -> Tensor:
    """Put tokens through the network some columns at a time; return the logits after the last.

    Before each part `announce` is told its first column and how many there are.
    """
    tokens = tokens.to(model.device)
    if mask is None:
        mask = torch.ones((len(tokens), past + tokens.shape[1]), dtype=torch.long, device=model.device)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    columns = max(PREFILL_TOKENS // len(tokens), 1)
    logits = torch.empty(0)
    for cut in range(0, tokens.shape[1], columns):
        if stopped():
            raise Stopped("generation was stopped before its first token", fix="Run the same command again")
        part = tokens[:, cut : cut + columns]
        stop = past + cut + part.shape[1]
        announce(past + cut, part.shape[1])
        out = model(
            input_ids=part,
            attention_mask=mask[:, :stop],
            position_ids=positions[:, past + cut : stop],
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits = out.logits[:, -1].float()
    return logits


def _step(model: Any, tokens: list[int], mask: Tensor, cache: Any) -> tuple[Tensor, Tensor]:
    """Put one token of each reply through the network; return the logits and the longer mask."""
    mask = torch.cat([mask, mask.new_ones((len(mask), 1))], 1)
    out = model(
        input_ids=torch.tensor(tokens, device=mask.device)[:, None],
        attention_mask=mask,
        position_ids=mask.sum(1, keepdim=True) - 1,
        past_key_values=cache,
        use_cache=True,
    )
    return out.logits[:, -1].float(), mask


def draw(reply: Reply, logits: Tensor, ends: frozenset[int], tokenizer: Any) -> None:
    """Draw one token, and note whether it ends the reply."""
    logp = torch.log_softmax(logits.cpu(), -1)
    token = pick(logp, reply.request.temperature, reply.request.top_p, reply.random)
    if token in ends:
        reply.stop_reason = "stop"
        return
    reply.ids.append(token)
    if reply.request.logprobs or reply.request.top_logprobs:
        reply.logprobs.append(float(logp[token]))
    if reply.request.top_logprobs:
        best = torch.topk(logp, min(reply.request.top_logprobs, len(logp)))
        shown = [tokenizer.decode([i]) for i in best.indices.tolist()]
        reply.tops.append(tuple(zip(shown, best.values.tolist(), strict=True)))
    if any(stop in tokenizer.decode(reply.ids) for stop in reply.stop):
        reply.stop_reason = "stop"
    elif len(reply.ids) >= reply.request.max_tokens:
        reply.stop_reason = "length"


def finish(tokenizer: Any, reply: Reply) -> Generation:
    """Return what a reply has become."""
    text = str(tokenizer.decode(reply.ids, skip_special_tokens=True))
    cuts = [text.index(stop) for stop in reply.stop if stop in text]
    asked = reply.request
    return Generation(
        text=text[: min(cuts)] if cuts else text,
        token_ids=tuple(reply.ids),
        tokens=tuple(tokenizer.decode([token]) for token in reply.ids),
        logprobs=tuple(reply.logprobs) if asked.logprobs or asked.top_logprobs else None,
        top_logprobs=tuple(reply.tops) if asked.top_logprobs else None,
        stop_reason=reply.stop_reason,
        input_tokens=len(reply.prompt),
        output_tokens=len(reply.ids),
    )
