"""Calls through Inspect: one task, one sample a draw, answers read back from its log.

Retries, rate limits, time limits and logs are Inspect's; nothing of it is done twice here. A *call* is one
draw of one conversation, and its id is the hash of all that can change the reply, so a log that lies in the
folder already answers the calls it holds and only missing ones are sent. (One sample a draw rather than
Inspect's epochs, because a half-finished run then lacks single draws, and every draw has a seed of its own.)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.errors import CouldNot, Stopped
from selfscope.models.api_errors import (
    Progress,
    failure_of,
    plain_address,
    provider_words,
    setup_error,
    without_key,
)
from selfscope.values import Message

if TYPE_CHECKING:
    from inspect_ai.log import EvalSample
    from inspect_ai.model import GenerateConfig, Model
    from inspect_ai.solver import Generate, Solver, TaskState

#: A run is stopped when so many different prompts fail without a success between them. Each call has been
#: retried by Inspect before it counts; a single prompt that a provider will not take does not stop the rest.
FAILURES_BORNE = 5
TASK_NAME = "selfscope_asks"


@dataclass(frozen=True)
class Call:
    """One draw of one conversation.

    Attributes
    ----------
    id
        Content id of everything that can change the reply; the sample's id in the log.
    messages
        The conversation.
    prompt
        The prompt's content id, as observations carry it in `evidence`.
    replicate
        Which draw of the prompt, from 0.
    seed
        The draw's seed, or None where the provider takes none.
    """

    id: str
    messages: tuple[Message, ...]
    prompt: str
    replicate: int = 0
    seed: int | None = None


@dataclass(frozen=True)
class Reply:
    """What a provider made of one call.

    `listed` holds the likeliest first tokens with natural-log probabilities; empty where none were given.
    `version` is the name under which the provider says it answered.
    """

    text: str
    stop_reason: str
    listed: tuple[tuple[str, float], ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    version: str = ""


@dataclass
class CallLog:
    """The folder of Inspect logs that holds replies; it grows and is never rewritten."""

    folder: Path
    _replies: dict[str, Reply] = field(default_factory=dict)
    _read: set[str] = field(default_factory=set)

    def replies(self) -> dict[str, Reply]:
        """Return every reply in the folder by call id, reading logs that are new since the last time."""
        for path in sorted(self.folder.glob("*.eval")) if self.folder.exists() else []:
            if path.name not in self._read:
                self._read.add(path.name)
                at = path.stat()
                self._replies.update(_replies_in(path, at.st_size, at.st_mtime_ns))
        return self._replies


@lru_cache(maxsize=512)
def _replies_in(path: Path, size: int, changed: int) -> tuple[tuple[str, Reply], ...]:
    """Return the replies of one log of this size and time of change, read once a process."""
    return tuple(_read_replies(path))


def _read_replies(path: Path) -> Iterator[tuple[str, Reply]]:
    """Yield the replies of one log; a log cut short by a crash yields what it can."""
    from zipfile import BadZipFile

    from inspect_ai.log import read_eval_log_samples

    unread = {"events", "messages", "store", "attachments"}
    try:
        for sample in read_eval_log_samples(str(path), False, exclude_fields=unread):
            if sample.error is None and sample.output.choices:
                yield str(sample.id), reply_of(sample)
    except (BadZipFile, EOFError, KeyError, OSError):
        return  # its calls count as missing and are sent again


def reply_of(sample: EvalSample) -> Reply:
    """Return what one logged sample holds."""
    choice = sample.output.choices[0]
    listed: tuple[tuple[str, float], ...] = ()
    if choice.logprobs is not None and choice.logprobs.content:
        listed = tuple((t.token, t.logprob) for t in choice.logprobs.content[0].top_logprobs or ())
    usage, version = sample.output.usage, sample.output.model
    if usage is None:
        return Reply(choice.message.text, choice.stop_reason, listed, version=version)
    cached = (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0)
    return Reply(
        choice.message.text,
        choice.stop_reason,
        listed,
        usage.input_tokens + cached,
        usage.output_tokens,
        usage.total_cost,
        version,
    )


async def run_calls(
    calls: Sequence[Call],
    log: CallLog,
    model: Model,
    config: GenerateConfig,
    *,
    finished: Callable[[str], None] | None = None,
) -> dict[str, Reply]:
    """Return a reply to every call, sending those that the log does not hold.

    Parameters
    ----------
    finished
        Called with a call's id when its reply is there, at once for those in the log.

    Raises
    ------
    CouldNot
        If calls are still without a reply: what failed, how many are done, and how to go on. The log keeps
        what was done.
    Stopped
        If the run was interrupted; the log keeps what was done here too.
    """
    replies = await _read(log)
    for call in calls:
        if call.id in replies and finished is not None:
            finished(call.id)
    missing = [call for call in calls if call.id not in replies]
    if not missing:
        return replies
    watch = _Watch(finished)
    stopped = await _send(missing, log, model, config, watch)
    replies = await _read(log)
    done = sum(call.id in replies for call in calls)
    if done == len(calls):
        return replies
    if stopped:
        raise Stopped(f"stopped with {done} of {len(calls)} calls done", fix="The same command goes on")
    raise failure_of(
        str(model),
        watch.failures or ["the run ended before all calls were sent"],
        Progress(done, len(watch.failures), len(calls), log.folder),
        address=plain_address(model.api.base_url or ""),
        retries=config.max_retries or 0,
    )


@dataclass
class _Watch:
    """What a running task tells: calls that finished, and the words of those that failed."""

    finished: Callable[[str], None] | None
    failures: list[str] = field(default_factory=list)
    _streak: set[str] = field(default_factory=set)

    def succeeded(self, call_id: str) -> None:
        self._streak.clear()
        if self.finished is not None:
            self.finished(call_id)

    def failed(self, prompt: str, words: str) -> bool:
        """Take note of a failure; return whether the run had better stop."""
        self.failures.append(words)
        self._streak.add(prompt)
        return len(self._streak) >= FAILURES_BORNE


async def _read(log: CallLog) -> dict[str, Reply]:
    import anyio

    return await anyio.to_thread.run_sync(log.replies)


async def _send(
    calls: Sequence[Call],
    log: CallLog,
    model: Model,
    config: GenerateConfig,
    watch: _Watch,
) -> bool:
    """Run one Inspect task over `calls`; return whether it was interrupted."""
    from inspect_ai import Task, eval_async
    from inspect_ai.dataset import MemoryDataset

    quieten()
    dataset = MemoryDataset([_sample(call) for call in calls], name=TASK_NAME)
    task = Task(dataset=dataset, solver=_asking(watch, model.api.api_key), config=config, name=TASK_NAME)
    try:
        log.folder.mkdir(parents=True, exist_ok=True)
        logs = await eval_async(
            task,
            model=model,
            log_dir=str(log.folder),
            log_format="eval",
            log_level="critical",
            log_realtime=False,
            log_header_only=True,
            ctl_server=False,
            score=False,
            fail_on_error=True,
        )
    except OSError as error:
        raise CouldNot(
            "the log could not be written", got=error, fix=f"See whether {log.folder} can be written to"
        ) from error
    except Exception as error:
        raise setup_error(str(model), error) from error
    # an interrupt while samples run gives a log marked so; one that comes earlier or later gives none at all
    return not logs or any(one.status in ("cancelled", "started") for one in logs)


def _sample(call: Call) -> Any:
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

    kinds = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
    return Sample(
        id=call.id,
        input=[kinds[m.role](content=m.content) for m in call.messages],
        metadata={"prompt": call.prompt, "replicate": call.replicate, "seed": call.seed},
    )


def _asking(watch: _Watch, key: str | None) -> Solver:
    """Return the solver: one generation, with the draw's own seed; `key` is shown in no failure."""
    from inspect_ai.solver import solver

    @solver(name="selfscope_ask")
    def ask() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            seed = state.metadata["seed"]
            try:
                state = await (generate(state) if seed is None else generate(state, seed=seed))
            except Exception as error:
                words = without_key(provider_words(error), key)
            else:
                watch.succeeded(str(state.sample_id))
                return state
            state.metadata["failure"] = words  # without an output it counts as missing
            if watch.failed(state.metadata["prompt"], words):
                # ends the run, as `fail_on_error` says; Inspect takes seconds to colour a client's traceback
                raise CouldNot("too many prompts failed", got=words)
            return state

        return solve

    return ask()


def quieten() -> None:
    """Keep Inspect from drawing on the terminal, unless the user or an Inspect run has chosen a display."""
    from inspect_ai.util import display_type

    os.environ.setdefault("INSPECT_DISPLAY", "none")
    display_type()  # reads the variable; left unset, eval_async would choose the plain display
