"""Any Inspect model as a ground: ``openai/…``, ``anthropic/…``, ``vllm/…``, ``openai-api/…``, ``ollama/…``.

Asks with options are answered in one of two ways, decided once when the model is opened and told in
``identity.extra["way"]``:

``top_logprobs``
    The provider gives the likeliest first tokens of the reply: one call a prompt, scale ``log_odds``.
``sampled``
    Draws at temperature 1, each read by strict rules (:mod:`selfscope.models.api_reading`); scale
    ``agreement``, at least twenty draws a prompt unless told otherwise (``measurement.md`` §9).

Asks with a text need the log-probability of a given text, which these interfaces do not give.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from selfscope.errors import BadInput
from selfscope.models.api_manner import Manner
from selfscope.models.api_probe import Chosen, probe
from selfscope.models.api_provider import Connection, refuse_temperature, told, untold
from selfscope.models.api_reading import listed_answer, sampled_answer, written_answer
from selfscope.models.api_run import Call, CallLog, Reply, run_calls
from selfscope.models.api_tokens import StandIn, stand_in
from selfscope.models.ground import AskKind, GroundIdentity, Progress
from selfscope.values import Answer, Answers, Options, Prompt, Usage, content_id, short

if TYPE_CHECKING:
    from inspect_ai.model import GenerateConfig, Model

#: Providers to which a draw's seed is sent; the others take none.
SEEDED = frozenset(
    {"selfscope", "vllm", "sglang", "ollama", "openai-api", "llama-cpp-python", "mistral", "together", "groq"}
)

#: Tokens that a chat template puts around one message, and those that open the reply, about.
MESSAGE_TOKENS, REPLY_TOKENS = 4, 3


def open_api(
    model_name: str,
    manner: Manner | None = None,
    *,
    log_dir: Path | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
    model_args: Mapping[str, Any] | None = None,
) -> InspectGround:
    """Open any model that Inspect can reach, and find out how it can be asked.

    Parameters
    ----------
    model_name
        As Inspect spells it, ``provider/model``.
    manner
        How it is asked; by default the model is asked first which way it can be.
    log_dir
        Folder of Inspect's logs. Calls that logs in it already answer are not sent again. None takes a new
        temporary folder.
    base_url, api_key, model_args
        Handed to Inspect; by default it reads the provider's environment variables.

    Raises
    ------
    BadInput
        For an unknown provider or model, a missing package or key.
    CouldNot
        If the provider does not answer the probe.
    """
    manner = manner or Manner()
    folder = Path(log_dir) if log_dir is not None else _fresh_folder()
    connection = Connection(model_name, base_url, api_key, dict(model_args or {}))
    log = CallLog(folder)
    chosen = _in_own_loop(lambda: _choose(connection, manner, log))
    return InspectGround(connection, manner, log, chosen)


class InspectGround:
    """A model behind a provider, asked through Inspect. Made by :func:`open_api`.

    Attributes
    ----------
    log_dir
        Where Inspect's logs lie; a sample's id is the call's content id, its metadata carries the prompt's.
    way_reason
        Why the model is asked in the way that it is.
    """

    def __init__(
        self,
        connection: Connection,
        manner: Manner,
        log: CallLog,
        chosen: Chosen,
        *,
        keeps_words: bool = False,
    ) -> None:
        provider = connection.provider
        self._connection = connection
        self._log = log
        self._chosen = chosen
        self._draws = manner.draws
        self._asked = manner.asked(provider, chosen.way, chosen.length) | chosen.told
        self._settings = manner.settings() | untold(provider)
        self._manner = manner
        self._keeps = keeps_words
        self._drawing: InspectGround | None = None
        self._writing: dict[int, InspectGround] = {}
        self._kept: Model | None = None
        self._counting: StandIn | None = None
        self.log_dir = log.folder
        self.way_reason = chosen.reason
        self._seeded = chosen.way == "sampled" and provider in SEEDED
        self._identity = _identity(connection, chosen, self._asked)

    @property
    def identity(self) -> GroundIdentity:
        """The model's name, the provider, the version that answered the probe, and how it is asked."""
        return self._identity

    @property
    def tokenizer_name(self) -> str:
        """The stand-in that counts tokens; the provider's own tokenizer is not asked."""
        return self._tokens.name

    @property
    def context_tokens(self) -> None:
        """Unknown: providers say it on their pages and not in their answers; they refuse by themselves."""
        return None

    @property
    def _tokens(self) -> StandIn:
        if self._counting is None:
            self._counting = stand_in()
        return self._counting

    def unavailable(self, kind: AskKind) -> str:
        """Return why this ground cannot answer asks of `kind`; "" for options."""
        if kind == "options":
            return ""
        if kind == "state":
            return "the states of a network can be read of local weights alone"
        needs = "it needs log-probabilities of a given text, which this interface does not give"
        if self._identity.family == "selfscope":
            local = self._identity.name.split("/", 1)[1]
            return f"{needs}; ask the same weights directly: --model {local}"
        if self._identity.family in ("vllm", "sglang"):
            return (
                f"{needs} (prompt log-probabilities of {self._identity.family} are not read yet); "
                "ask the weights as a local model"
            )
        return f"{needs}; it can be had from local weights alone"

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of `text` by the stand-in that `tokenizer_name` names."""
        return self._tokens.count(text)

    async def answer(
        self,
        prompts: Sequence[Prompt],
        *,
        seed: int = 0,
        replicates: int = 1,
        progress: Progress | None = None,
    ) -> Answers:
        """Answer every prompt; see :class:`selfscope.models.ground.Ground`.

        In the sampled way `replicates` of 1 stands for the ground's own number of draws.

        Raises
        ------
        BadInput
            For a prompt without options.
        CouldNot
            If calls stayed without a reply; the log in `log_dir` keeps the others, and the same call sends
            only what is missing.
        """
        if any(p.text is not None or (p.options is None and not self._keeps) for p in prompts):
            raise BadInput("this ground cannot score a text", fix=self.unavailable("text"))
        started = time.monotonic()
        calls = [[self._call(p, r, seed) for r in range(self._draws_of(replicates))] for p in prompts]
        # draw by draw, not prompt by prompt: what an interrupted run has done is spread over all prompts
        distinct = list(
            {call.id: call for one_draw in zip(*calls, strict=True) for call in one_draw}.values()
        )
        async with self._live_model() as model:
            replies = await run_calls(
                distinct, self._log, model, self._config(), finished=_counter(calls, progress)
            )
        answers = tuple(
            tuple(self._read(p.options, replies[c.id], c.replicate) for c in of_prompt)
            for p, of_prompt in zip(prompts, calls, strict=True)
        )
        return Answers(
            answers, _usage(len(prompts), [replies[c.id] for c in distinct], started, self._chosen)
        )

    def forecast(self, prompts: Sequence[Prompt], *, replicates: int = 1) -> Usage:
        """Return what `answer` would use: calls exactly, tokens about.

        Tokens that go in are counted by the stand-in, with `MESSAGE_TOKENS` for each message and
        `REPLY_TOKENS` for each call; each reply is taken to be as long as it may be. What a server adds of
        its own, such as a system prompt where none is given, is not known.
        """
        distinct = list(dict.fromkeys(p.messages for p in prompts))
        calls = len(distinct) * self._draws_of(replicates)
        counts = (self.count_tokens(m.content) + MESSAGE_TOKENS for p in distinct for m in p)
        put_in = sum(counts) * self._draws_of(replicates) + REPLY_TOKENS * calls
        drawn = calls * int(self._asked["max_tokens"])
        return Usage(prompts=len(prompts), input_tokens=put_in, output_tokens=drawn, calls=calls)

    def _draws_of(self, replicates: int) -> int:
        """Return the calls of one prompt."""
        if self._chosen.way == "top_logprobs":
            return 1
        return self._draws if replicates == 1 else replicates

    def drawing(self) -> InspectGround:
        """Return the same model, whose replies are drawn even where it gives lists of likeliest tokens.

        A list holds first tokens alone, and what is said may be longer.
        """
        if self._chosen.way == "sampled":
            return self
        if self._drawing is None:
            chosen = replace(self._chosen, way="sampled", length=0, reason="what is said is drawn")
            self._drawing = InspectGround(self._connection, self._manner, self._log, chosen)
        return self._drawing

    def writing(self, tokens: int) -> InspectGround:
        """Return the same model, whose replies are drawn and kept as they are: to prompts without options.

        Parameters
        ----------
        tokens
            The most of a reply, or the manner's own number where that is larger.
        """
        most = max(tokens, self._manner.max_tokens)
        if most not in self._writing:
            chosen = replace(self._chosen, way="sampled", length=0, reason="what is said is kept")
            manner = replace(self._manner, draws=1, max_tokens=most)
            self._writing[most] = InspectGround(self._connection, manner, self._log, chosen, keeps_words=True)
        return self._writing[most]

    async def close(self) -> None:
        """Give back local weights; connections to a provider are closed after every answer."""
        for other in (self._drawing, *self._writing.values()):
            if other is not None:
                await other.close()
        model, self._kept = self._kept, None
        if model is not None:
            await model.api.aclose()

    def _call(self, prompt: Prompt, replicate: int, seed: int) -> Call:
        """Return the call of one draw; only sampled calls depend on the seed and the replicate."""
        where = [self._identity.name, self._identity.revision, self._identity.extra, prompt.messages]
        prompt_id = content_id(prompt)
        if self._chosen.way == "top_logprobs":
            return Call(content_id(where), prompt.messages, prompt_id)
        call_id = content_id([*where, seed, replicate])
        own_seed = int(short(call_id, 7), 16) if self._seeded else None
        return Call(call_id, prompt.messages, prompt_id, replicate, own_seed)

    def _read(self, options: Options | None, reply: Reply, replicate: int) -> Answer:
        if options is None:
            return written_answer(reply.text, stop_reason=reply.stop_reason, replicate=replicate)
        if self._chosen.way == "top_logprobs":
            return listed_answer(reply.listed, options, reply=reply.text, stop_reason=reply.stop_reason)
        return sampled_answer(reply.text, options, stop_reason=reply.stop_reason, replicate=replicate)

    def _config(self) -> GenerateConfig:
        from inspect_ai.model import GenerateConfig

        return GenerateConfig(**self._settings, **self._asked)

    @contextlib.asynccontextmanager
    async def _live_model(self) -> AsyncIterator[Model]:
        """Give the model for one batch; connections close with it, local weights stay loaded."""
        model = self._kept or self._connection.make()
        if self._identity.family == "selfscope":
            self._kept = model
        try:
            yield model
        finally:
            if model is not self._kept:
                await model.api.aclose()


def _fresh_folder() -> Path:
    """Return a temporary folder that is not there yet: Inspect makes it when it has a log to write."""
    return Path(tempfile.gettempdir(), f"selfscope-logs-{uuid4().hex}")


def _identity(connection: Connection, chosen: Chosen, asked: Mapping[str, Any]) -> GroundIdentity:
    """Return the name, the provider, the version that answered the probe, and how and where it is asked."""
    extra = {"way": chosen.way, **{key: str(value) for key, value in sorted(asked.items())}}
    if connection.address:
        extra["base_url"] = connection.address
    return GroundIdentity(
        connection.name, "api", family=connection.provider, revision=chosen.version, extra=extra
    )


async def _choose(connection: Connection, manner: Manner, log: CallLog) -> Chosen:
    """Return how the model is asked: as the caller chose, or as the model itself shows when it is asked."""
    model = connection.make()  # an unknown provider or a missing key shows at once
    try:
        refuse_temperature(model, manner.temperature)
        said = told(model)
        if manner.way == "auto":
            settings = manner.settings(hasty=True) | untold(connection.provider)
            chosen = await probe(model, log, settings, manner.max_tokens, said, connection.address)
        else:
            length = manner.top_logprobs if manner.way == "top_logprobs" else 0
            chosen = Chosen(manner.way, length, "the caller chose it", told=said)
    finally:
        await model.api.aclose()
    if connection.provider == "selfscope":
        from selfscope.models.local.load import find

        chosen = replace(chosen, version=find(connection.name.split("/", 1)[1]).revision)
    return chosen


def _in_own_loop(work: Callable[[], Coroutine[Any, Any, Chosen]]) -> Chosen:
    """Run `work` in a thread with a loop of its own: opening is no coroutine, yet may happen inside one."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


def _counter(calls: Sequence[Sequence[Call]], progress: Progress | None) -> Callable[[str], None] | None:
    """Return what reports a prompt as finished once all its draws are."""
    if progress is None:
        return None
    left = [len({c.id for c in of_prompt}) for of_prompt in calls]
    owners: dict[str, list[int]] = {}
    for place, of_prompt in enumerate(calls):
        for call_id in {c.id for c in of_prompt}:
            owners.setdefault(call_id, []).append(place)
    seen: Counter[str] = Counter()

    def finished(call_id: str) -> None:
        seen[call_id] += 1
        if seen[call_id] > 1:  # a sample that Inspect ran again
            return
        for place in owners[call_id]:
            left[place] -= 1
        done = sum(left[place] == 0 for place in owners[call_id])
        if done:
            progress(done)

    return finished


def _usage(prompts: int, replies: Sequence[Reply], started: float, chosen: Chosen) -> Usage:
    costs = [r.cost for r in replies if r.cost is not None]
    others = sorted({r.version for r in replies} - {chosen.version, ""}) if chosen.version else []
    return Usage(
        prompts=prompts,
        input_tokens=sum(r.input_tokens for r in replies),
        output_tokens=sum(r.output_tokens for r in replies),
        seconds=time.monotonic() - started,
        cost=sum(costs) if costs else None,
        calls=len(replies),
        path=f"inspect, {chosen.way}" + (f"; some answered as {', '.join(others)}" if others else ""),
    )
