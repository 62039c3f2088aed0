"""Local weights as an Inspect provider, so that any Inspect task runs on them.

``inspect eval some_task --model selfscope/embedded`` (or ``selfscope/gemma-270m``, ``selfscope//a/folder``,
``selfscope/owner/name``). Calls are queued and answered in batches: whoever holds the lock takes the
waiting calls, shortest conversations together, and decodes them at once.

Two facts of Inspect shaped this:

- With no ``max_connections`` Inspect starts its adaptive concurrency (20 calls at first, then more), whatever
  the provider's own ``max_connections()`` says; batches then follow its controller. Weights on one machine
  have no rate limit to find, so the provider writes its batch size into the model's configuration.
- One configuration serves all samples of a task, so one ``seed`` would give every epoch the same reply to the
  same prompt. That is what a seed asks for; leave it out, or set it per call, where draws must differ.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    Logprob,
    Logprobs,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    StopReason,
    TopLogprob,
)

from selfscope.errors import BadInput
from selfscope.values import Message, content_id

if TYPE_CHECKING:
    from inspect_ai.tool import ToolChoice, ToolInfo

    from selfscope.models.local.generate import Generation, GenerationRequest
    from selfscope.models.local.ground import LocalGround

BATCH_SIZE = 32
MAX_TOKENS = 256
GATHER_SECONDS = 0.02
"""How long a lock holder waits for other calls to arrive before it starts to decode."""

_NOT_HONOURED = (
    "best_of",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "top_k",
    "prompt_logprobs",
    "response_schema",
    "modalities",
)
_STOP_REASONS: dict[str, StopReason] = {
    "stop": "stop",
    "length": "max_tokens",
    "max_tokens": "max_tokens",
    "model_length": "model_length",
}

Decode = Callable[["Sequence[GenerationRequest]"], Awaitable["list[Generation]"]]


class LocalWeightsAPI(ModelAPI):
    """One set of local weights, answering Inspect's calls in batches.

    Parameters
    ----------
    model_name
        As :func:`selfscope.models.local.ground.open_local` takes it: ``embedded``, ``gemma-270m``, an
        absolute folder, or a hub id.
    config
        The model's configuration. Where it sets neither ``max_connections`` nor ``adaptive_connections``,
        ``max_connections`` is set to the batch size.
    batch_size
        Most calls decoded at once (``-M batch_size=…``); 32 by default, at which the embedded model decoded
        six times as many tokens a second as one call at a time.

    Raises
    ------
    BadInput
        For a model argument that is not one of these.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        batch_size: int = BATCH_SIZE,
        **model_args: Any,
    ) -> None:
        config = config if config is not None else GenerateConfig()
        super().__init__(model_name, base_url, api_key, [], config)
        if model_args:
            raise BadInput(
                "the selfscope provider does not know this model argument",
                got=", ".join(sorted(model_args)),
                fix="It takes batch_size alone; put nothing else behind -M",
            )
        if int(batch_size) < 1:
            raise BadInput("a batch holds at least one call", got=batch_size, fix="Give batch_size=1 or more")
        self.batch_size = int(batch_size)
        if config.max_connections is None and config.adaptive_connections is None:
            config.max_connections = self.batch_size
        self._ground: LocalGround | None = None
        self._queue = BatchQueue(self._decode, self.batch_size)

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """Answer one conversation, with as many choices as ``num_choices`` asks for.

        Raises
        ------
        BadInput
            For tools, content that is not text, or an option that these weights cannot honour; an option
            that was asked for is never dropped in silence.
        """
        _refuse(tools, config)
        return _output(self.model_name, await self._queue.answer(_requests(_messages(input), config)))

    async def count_text_tokens(self, text: str) -> int:
        """Return the number of tokens of `text` by the model's own tokenizer."""
        return (await self._weights()).count_tokens(text)

    def max_connections(self) -> int:
        """Calls in flight that fill one batch."""
        return self.batch_size

    def max_tokens(self) -> int | None:
        """Tokens a reply may have where nobody says."""
        return MAX_TOKENS

    def connection_key(self) -> str:
        """Calls to the same weights share one queue of connections."""
        return f"selfscope/{self.model_name}"

    def use(self, ground: LocalGround) -> None:
        """Answer from weights that are there already, with the adapter that they wear."""
        self._ground = ground

    async def aclose(self) -> None:
        """Give the weights back."""
        ground, self._ground = self._ground, None
        if ground is not None:
            await ground.close()

    async def _decode(self, requests: Sequence[GenerationRequest]) -> list[Generation]:
        from selfscope.models.local.generate import generate

        return await generate(await self._weights(), requests)

    async def _weights(self) -> LocalGround:
        if self._ground is None:
            self._ground = await anyio.to_thread.run_sync(_open, self.model_name)
        return self._ground


@dataclass(frozen=True)
class Decoded:
    """A generation, and how many calls were decoded with it: the company moves its numbers by about 1e-5."""

    generation: Generation
    batch_size: int


@dataclass(eq=False)
class _Waiting:
    """One call in the queue, and what became of it."""

    request: GenerationRequest
    decoded: Decoded | None = None
    error: Exception | None = None

    @property
    def settled(self) -> bool:
        return self.decoded is not None or self.error is not None


class BatchQueue:
    """Calls that wait, and one holder of a lock who decodes them for all.

    Parameters
    ----------
    decode
        Answers a batch, in order.
    most
        Largest batch.
    """

    def __init__(self, decode: Decode, most: int) -> None:
        self._decode = decode
        self._most = most
        self._lock = anyio.Lock()
        self._waiting: list[_Waiting] = []

    async def answer(self, requests: Sequence[GenerationRequest]) -> list[Decoded]:
        """Return the generations for `requests`, in order, decoded together with others that wait."""
        mine = [_Waiting(request) for request in requests]
        self._waiting.extend(mine)
        try:
            while not all(w.settled for w in mine):
                async with self._lock:
                    if not all(w.settled for w in mine):
                        await self._decode_one_batch()
        finally:
            self._drop(mine)  # those whose turn had not come when the caller was cancelled
        for waiting in mine:
            if waiting.error is not None:
                raise waiting.error
        return [w.decoded for w in mine if w.decoded is not None]

    async def _decode_one_batch(self) -> None:
        """Decode the next batch, whosever calls it holds; if stopped, its calls go back to the queue."""
        if len(self._waiting) < self._most:
            await anyio.sleep(GATHER_SECONDS)
        batch = self._take()
        try:
            generations = await self._decode([w.request for w in batch])
        except Exception as error:  # every call of the batch must hear of it, each in its own task
            for waiting in batch:
                waiting.error = error
        except BaseException:
            self._waiting[:0] = batch
            raise
        else:
            for waiting, generation in zip(batch, generations, strict=True):
                waiting.decoded = Decoded(generation, len(batch))

    def _drop(self, mine: Sequence[_Waiting]) -> None:
        gone = set(map(id, mine))
        self._waiting = [w for w in self._waiting if id(w) not in gone]

    def _take(self) -> list[_Waiting]:
        """Take the longest-waiting call and those nearest to it in length, so that little is padding."""
        first = self._waiting[0]
        nearest = sorted(self._waiting, key=lambda w: (w is not first, abs(_length(w) - _length(first))))
        batch = sorted(nearest[: self._most], key=_length)
        taken = set(map(id, batch))
        self._waiting = [w for w in self._waiting if id(w) not in taken]
        return batch


def _length(waiting: _Waiting) -> int:
    """Characters of a conversation plus what may be drawn: near enough to tokens to sort by."""
    return sum(len(m.content) for m in waiting.request.messages) + 4 * waiting.request.max_tokens


def _open(name: str) -> LocalGround:
    from selfscope.models.local.ground import open_local

    return open_local(name)


def _refuse(tools: Sequence[ToolInfo], config: GenerateConfig) -> None:
    """Raise BadInput for anything asked that these weights cannot honour."""
    if tools:
        raise BadInput(
            "the selfscope provider has no tool calls",
            got=", ".join(tool.name for tool in tools),
            fix="Run a task without tools, or use a provider that has them (vllm/…, openai/…)",
        )
    asked = [name for name in _NOT_HONOURED if getattr(config, name, None) not in (None, [], {})]
    if asked:
        raise BadInput(
            "the selfscope provider cannot honour this option",
            got=", ".join(asked),
            fix="Leave it out; it honours temperature, top_p, max_tokens, stop_seqs, seed, num_choices, "
            "logprobs and top_logprobs",
        )


def _messages(chat: Sequence[ChatMessage]) -> tuple[Message, ...]:
    """Return the conversation in our own words; tool messages and content beyond text are refused."""
    messages = []
    for message in chat:
        if message.role == "tool":
            raise BadInput("the selfscope provider has no tool calls", got="a message of role tool")
        if not isinstance(message.content, str) and any(
            part.type not in ("text", "reasoning") for part in message.content
        ):
            raise BadInput(
                "the selfscope provider reads text alone",
                got=", ".join(part.type for part in message.content),
                fix="Leave images, sound and files out of the task",
            )
        messages.append(Message(message.role, message.text))
    return tuple(messages)


def _requests(messages: tuple[Message, ...], config: GenerateConfig) -> list[GenerationRequest]:
    """Return one request a choice; choices have seeds of their own, derived from the call's."""
    from selfscope.models.local.generate import GenerationRequest

    seed = config.seed if config.seed is not None else secrets.randbits(31)
    return [
        GenerationRequest(
            messages=messages,
            max_tokens=config.max_tokens or MAX_TOKENS,
            temperature=1.0 if config.temperature is None else config.temperature,
            top_p=1.0 if config.top_p is None else config.top_p,
            seed=seed if choice == 0 else int(content_id([seed, choice])[-7:], 16),
            stop=tuple(config.stop_seqs or ()),
            logprobs=bool(config.logprobs),
            top_logprobs=config.top_logprobs or 0,
        )
        for choice in range(config.num_choices or 1)
    ]


def _output(model_name: str, decoded: Sequence[Decoded]) -> ModelOutput:
    """Return what Inspect reads: choices, and usage that counts the prompt once."""
    generations = [d.generation for d in decoded]
    put_in = generations[0].input_tokens
    drawn = sum(g.output_tokens for g in generations)
    return ModelOutput(
        model=model_name,
        choices=[_choice(model_name, g) for g in generations],
        usage=ModelUsage(input_tokens=put_in, output_tokens=drawn, total_tokens=put_in + drawn),
        metadata={"batch_size": max(d.batch_size for d in decoded)},
    )


def _choice(model_name: str, generation: Generation) -> ChatCompletionChoice:
    return ChatCompletionChoice(
        message=ChatMessageAssistant(content=generation.text, model=model_name, source="generate"),
        stop_reason=_STOP_REASONS.get(generation.stop_reason, "unknown"),
        logprobs=_logprobs(generation),
    )


def _logprobs(generation: Generation) -> Logprobs | None:
    """Return the log-probability of every token drawn, with the likeliest others where asked for."""
    if generation.logprobs is None:
        return None
    tops = generation.top_logprobs or [()] * len(generation.tokens)
    return Logprobs(
        content=[
            Logprob(
                token=token,
                logprob=logprob,
                bytes=list(token.encode()),
                top_logprobs=[
                    TopLogprob(token=other, logprob=value, bytes=list(other.encode())) for other, value in top
                ]
                or None,
            )
            for token, logprob, top in zip(generation.tokens, generation.logprobs, tops, strict=True)
        ]
    )
