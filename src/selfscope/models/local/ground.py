"""Local weights as a ground: exact answers, one job at a time, in a thread of its own."""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import numpy as np
import torch

from selfscope.errors import BadInput
from selfscope.models.adapters import Adapter
from selfscope.models.caps import Cap, refuse_other_model
from selfscope.models.ground import AskKind, GroundIdentity, Progress
from selfscope.models.local.capping import capped
from selfscope.models.local.load import Loaded, load
from selfscope.models.local.merge import merged
from selfscope.models.local.paths import Path as WayChosen
from selfscope.models.local.paths import choose, reading
from selfscope.models.local.render import Renderer, option_lines, text_line, tokens_of
from selfscope.models.local.scorer import MEMORY_BYTES, Floats, Scored, Watch, score
from selfscope.models.local.tree import Ints, Line, distinct_tokens
from selfscope.values import Answer, Answers, Prompt, Usage

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_ONE_JOB = threading.Lock()
"""Two jobs of several threads each on one processor take longer than one after the other."""


@dataclass(frozen=True)
class _Asked:
    """The lines of one prompt: `agree` options, `disagree` options, or one text where `disagree` is empty."""

    agree: range
    disagree: range


def open_local(
    name: str | Path,
    *,
    device: str = "auto",
    threads: int | None = None,
    path: str = "auto",
    memory_bytes: int = MEMORY_BYTES,
    adapter: Adapter | None = None,
    wardrobe: Sequence[Adapter] = (),
    cap: Cap | None = None,
) -> LocalGround:
    """Return the ground that `name` names, loaded and checked.

    Parameters
    ----------
    name
        ``embedded``, ``gemma-270m``, a directory, a GGUF file, or a hub id.
    device
        ``cpu``, ``cuda``, or ``auto``: CUDA where there is one.
    threads
        Threads of the processor; all cores that the process may use unless said.
    path
        ``auto``, ``split``, ``masked`` or ``plain``; see :mod:`selfscope.models.local.scorer`.
    memory_bytes
        Bound on working memory beside the weights.
    adapter
        Merged into the weights at once: the ground that is returned wears it.
    wardrobe
        Adapters that :meth:`LocalGround.wearing` can put on by their ids.
    cap
        Held in place whatever the ground computes.

    Raises
    ------
    BadInput
        If there is no such model, device or path, or an adapter or a cap is of other weights.
    CouldNot
        If the model is not here and cannot be fetched.
    """
    loaded = load(str(name), device)
    with working(threads):
        way = choose(loaded.model, path)
    bare = LocalGround(loaded, way, threads, memory_bytes, wardrobe=wardrobe)
    again = partial(open_local, name, device=device, threads=threads, path=path, memory_bytes=memory_bytes)
    worn = bare if adapter is None else bare.dressed(adapter, again)
    return worn if cap is None else worn.capped(cap)


@contextmanager
def working(threads: int | None) -> Iterator[None]:
    """Hold the one place where weights are computed, with the number of threads set."""
    with _ONE_JOB, torch.inference_mode():
        torch.set_num_threads(threads or usual_threads())
        yield


def usual_threads() -> int:
    """Return what ``OMP_NUM_THREADS`` asks for, and without it the cores that this process may use."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(asked) if asked.isdecimal() and int(asked) > 0 else len(os.sched_getaffinity(0))


class LocalGround:
    """Local weights that answer prompts exactly. Made by :func:`open_local`."""

    def __init__(
        self,
        loaded: Loaded,
        way: WayChosen,
        threads: int | None,
        memory_bytes: int,
        *,
        adapter: Adapter | None = None,
        wardrobe: Sequence[Adapter] = (),
        bare: Callable[[], LocalGround] | None = None,
        cap: Cap | None = None,
        uncapped: LocalGround | None = None,
    ) -> None:
        self._loaded: Loaded | None = loaded
        self._bare = bare
        self._uncapped = uncapped
        self.adapter = adapter
        self.cap = cap
        self._wardrobe: Mapping[str, Adapter] = {each.id: each for each in wardrobe}
        self.way = way
        self.threads = threads
        self.memory_bytes = memory_bytes
        self.renderer = Renderer(loaded.tokenizer, loaded.template)
        self._identity = _identity(loaded, self.renderer, adapter, cap)
        self.tokenizer_name = f"{loaded.name} ({type(loaded.tokenizer).__name__})"

    @property
    def identity(self) -> GroundIdentity:
        """Everything about these weights that can change an answer."""
        return self._identity

    @property
    def model(self) -> PreTrainedModel:
        """The network itself."""
        return self._open().model

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """Its tokenizer."""
        return self._open().tokenizer

    def _open(self) -> Loaded:
        if self._loaded is None:
            raise BadInput("the ground was closed", got=self._identity.name, fix="Open it again")
        return self._loaded

    def wearing(self, adapter: str) -> LocalGround:
        """Return these weights with the adapter of an id in the wardrobe merged into them; "" is themselves.

        Raises
        ------
        BadInput
            If the wardrobe has no such adapter, or it is of other weights.
        """
        if not adapter:
            return self
        if adapter not in self._wardrobe:
            raise BadInput(
                "the ground was not given this adapter", got=adapter, fix="Open it with the adapter"
            )
        return self.dressed(self._wardrobe[adapter])

    def dressed(self, adapter: Adapter, bare: Callable[[], LocalGround] | None = None) -> LocalGround:
        """Return these weights with an adapter merged into them; what it leaves alone is shared with them.

        `bare` opens these weights again where they shall not be held; they are, unless it is given.
        """
        if self.adapter is not None:
            raise BadInput(
                "the ground wears an adapter already", got=self.adapter.name, fix="Give one adapter"
            )
        if self.cap is not None:
            raise BadInput(
                f"the cap {self.cap.name} was fitted without the adapter",
                got=adapter.name,
                fix="Fit one with it: `selfscope cap fit MODEL --adapter …`; or leave one of the two out",
            )
        worn = merged(self._open(), adapter)
        before = bare if bare is not None else lambda: self
        return LocalGround(worn, self.way, self.threads, self.memory_bytes, adapter=adapter, bare=before)

    def capped(self, cap: Cap) -> LocalGround:
        """Return these weights with a cap held in place whatever they compute; these stay as they are.

        All weights are shared. An adapter is put on before the cap, which belongs to what wears it; what is
        capped puts on no other, and what is bare has no cap.

        Raises
        ------
        BadInput
            If a cap is held already, or this one was fitted on other weights, template or adapter.
        """
        if self.cap is not None:
            raise BadInput("the ground is capped already", got=self.cap.name, fix="Give one cap")
        own = self._identity
        refuse_other_model(cap, own.name, own.revision, own.template, own.extra.get("adapter", ""))
        loaded = self._open()
        held = replace(loaded, model=capped(loaded.model, cap))
        settings = (self.way, self.threads, self.memory_bytes)
        wardrobe = tuple(self._wardrobe.values())
        return LocalGround(
            held,
            *settings,
            adapter=self.adapter,
            wardrobe=wardrobe,
            bare=self.bare,
            cap=cap,
            uncapped=self,
        )

    def uncapped(self) -> LocalGround:
        """Return the weights without the cap, their adapter kept: itself where it has none."""
        return self if self._uncapped is None else self._uncapped

    def bare(self) -> LocalGround:
        """Return the weights without adapter and cap: itself where it has none, else held or opened again."""
        return self if self._bare is None else self._bare()

    @property
    def bare_identity(self) -> GroundIdentity:
        """The identity of the weights without adapter and cap."""
        extra = {
            key: value
            for key, value in self._identity.extra.items()
            if key not in ("adapter", "cap", "cap_status")
        }
        return replace(self._identity, extra=extra)

    def unavailable(self, kind: AskKind) -> str:
        """Return "": whole-vocabulary log-probabilities answer what is scored, and states can be read."""
        return ""

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of `text`, without special tokens."""
        return len(self.tokenizer.encode(text, add_special_tokens=False))

    @property
    def context_tokens(self) -> int | None:
        """Positions that the network was made for, as its configuration says."""
        config = self.model.config.get_text_config()
        return getattr(config, "max_position_embeddings", None)

    async def answer(
        self,
        prompts: Sequence[Prompt],
        *,
        seed: int = 0,
        replicates: int = 1,
        progress: Progress | None = None,
    ) -> Answers:
        """Answer every prompt exactly; `seed` and `replicates` change nothing.

        Options give log P(agree) - log P(disagree), each option the log-sum over its distinct spellings, and
        a text the sum of log P over its tokens, natural log; see :class:`selfscope.values.Answer`.

        Raises
        ------
        BadInput
            If a prompt cannot be rendered, is longer than the context, or its options cannot be compared.
        Stopped
            Never to the caller: cancelling ends the work between two rows.
        """
        stop = threading.Event()

        def tell(count: int) -> None:
            if progress is not None and not stop.is_set():
                anyio.from_thread.run_sync(progress, count)

        try:
            return await anyio.to_thread.run_sync(
                lambda: self._answer(list(prompts), tell, stop.is_set), abandon_on_cancel=True
            )
        finally:
            stop.set()

    def answer_here(self, prompts: Sequence[Prompt]) -> Answers:
        """Answer as :meth:`answer` does, in the caller's own thread, which already is one for computing."""
        return self._answer(list(prompts), lambda count: None, lambda: False)

    def _answer(
        self, prompts: list[Prompt], tell: Callable[[int], None], stop: Callable[[], bool]
    ) -> Answers:
        began = time.perf_counter()
        lines, asked = self._lines(prompts)
        watch = Watch(_counting(asked, len(lines), tell), stop)
        with working(self.threads), reading(self.model, self.way.way):
            scored = score(self.model, lines, self.way.way, memory_bytes=self.memory_bytes, watch=watch)
        answers = tuple((_answer(each, lines, scored.values),) for each in asked)
        return Answers(answers, self._usage(lines, asked, scored, time.perf_counter() - began))

    def _lines(self, prompts: Sequence[Prompt]) -> tuple[list[Line], list[_Asked]]:
        """Return all lines of a job, and which of them belong to each prompt."""
        lines: list[Line] = []
        asked: list[_Asked] = []
        for prompt in prompts:
            head, tokens = tokens_of(self.renderer, prompt)
            if not asked:
                self.renderer.check(head)
            agree, disagree = _prompt_lines(self.renderer, prompt, head, tokens)
            first, middle = len(lines), len(lines) + len(agree)
            asked.append(_Asked(range(first, middle), range(middle, middle + len(disagree))))
            lines += agree + disagree
        self.renderer.forget()
        self._refuse_too_long(lines)
        return lines, asked

    def _refuse_too_long(self, lines: Sequence[Line]) -> None:
        """Refuse what would run on past the positions that the network knows: scores there mean nothing."""
        longest, most = max((len(line.fed) for line in lines), default=0), self.context_tokens
        if most is not None and longest > most:
            raise BadInput(
                f"a prompt is longer than the context of {self._identity.name}, {most} tokens",
                got=f"{longest} tokens",
                fix="Shorten the text, or choose a model with a longer context",
            )

    def _usage(self, lines: Sequence[Line], asked: Sequence[_Asked], scored: Scored, seconds: float) -> Usage:
        copied = scored.computed - scored.distinct
        again = f"{copied} tokens computed more than once" if copied else ""
        return Usage(
            prompts=len(asked),
            input_tokens=sum(_fed(each, lines) for each in asked),
            distinct_tokens=scored.distinct,
            seconds=seconds,
            cost=0.0,
            peak_bytes=peak_bytes(self.model),
            calls=len(asked),
            path="; ".join(filter(None, (scored.way, self.way.reason, again))),
        )

    def forecast(self, prompts: Sequence[Prompt], *, replicates: int = 1) -> Usage:
        """Return what `answer` would use, to the token, without computing anything."""
        del replicates
        lines, asked = self._lines(prompts)
        put_in = sum(_fed(each, lines) for each in asked)
        return Usage(
            prompts=len(asked),
            input_tokens=put_in,
            distinct_tokens=distinct_tokens(lines),
            cost=0.0,
            calls=len(asked),
        )

    async def close(self) -> None:
        """Let go of the weights."""
        self._loaded = None


def _prompt_lines(
    renderer: Renderer, prompt: Prompt, head: str, tokens: tuple[int, ...]
) -> tuple[list[Line], list[Line]]:
    if (prompt.options is None) == (prompt.text is None):
        raise BadInput("a prompt asks for options or for a text, one of the two", got=prompt)
    if prompt.options is not None:
        return option_lines(renderer, head, tokens, prompt.options)
    assert prompt.text is not None
    return [text_line(renderer, head, tokens, prompt.text)], []


def _fed(asked: _Asked, lines: Sequence[Line]) -> int:
    """Return the tokens that one prompt alone would compute: its distinct sequences, nothing shared."""
    return sum(map(len, {lines[i].fed for i in (*asked.agree, *asked.disagree)}))


def _answer(asked: _Asked, lines: Sequence[Line], values: Floats) -> Answer:
    """Return the answer that the scores of one prompt's lines give."""
    agree = float(np.logaddexp.reduce(values[asked.agree]))
    if not asked.disagree:
        return Answer(agree, "log_prob", "logprob", tokens=len(lines[asked.agree[0]].tail))
    disagree = float(np.logaddexp.reduce(values[asked.disagree]))
    tokens = max(len(lines[i].tail) for i in (*asked.agree, *asked.disagree))
    mass = float(np.exp(agree) + np.exp(disagree))
    return Answer(agree - disagree, "log_odds", "logprob", mass, tokens=tokens)


def _counting(asked: Sequence[_Asked], lines: int, tell: Callable[[int], None]) -> Callable[[Ints], None]:
    """Return what turns finished lines into finished prompts."""
    owner = np.empty(lines, dtype=np.int64)
    for index, each in enumerate(asked):
        owner[[*each.agree, *each.disagree]] = index
    left = np.bincount(owner, minlength=len(asked))

    def done(finished: Ints) -> None:
        np.subtract.at(left, owner[finished], 1)
        prompts = np.unique(owner[finished])
        tell(int((left[prompts] == 0).sum()))

    return done


def peak_bytes(model: PreTrainedModel) -> int:
    """Return the most memory held so far: on CUDA by tensors, else by the process as the system counts it."""
    if model.device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(model.device))
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _identity(loaded: Loaded, renderer: Renderer, adapter: Adapter | None, cap: Cap | None) -> GroundIdentity:
    """Return what can change an answer.

    Path and device are left out: they change nothing beyond floating noise, which the self-check bounds, and
    the same subject must have the same id on another machine.
    """
    bare = GroundIdentity(
        name=loaded.name,
        kind="local",
        family=str(loaded.model.config.model_type),
        revision=loaded.revision,
        template=loaded.template_id,
        precision=str(loaded.model.dtype).removeprefix("torch."),
        extra={"without_system": renderer.without_system()},
    )
    worn = bare if adapter is None else bare.wearing(adapter.id)
    return worn if cap is None else worn.under(cap.id, cap.status)
