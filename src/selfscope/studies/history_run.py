"""Hold the conversations of a study anew, and ask the items after each: in side branches, exactly.

Replies are drawn from local weights under named seeds, some conversations of one arm at a time, always the
same ones, so that a run that broke off draws what it would have drawn. Items are scored after each history
and never after each other; what their prompts begin with is computed once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from selfscope.errors import BadInput
from selfscope.instruments.instrument import asks_in
from selfscope.models.ground import Ground
from selfscope.studies.budget import Budget
from selfscope.studies.history_threads import (
    Conversation,
    ConversationFile,
    Reply,
    Thread,
    declared,
    threads_of,
)
from selfscope.studies.rows import rows_of
from selfscope.studies.run import RunProgress, dressed
from selfscope.studies.store import RunStore
from selfscope.values import Answers, Ask, ItemSet, Message, Prompt, Study, Usage, plain

if TYPE_CHECKING:
    import pandas as pd

    from selfscope.models.local.ground import LocalGround

#: Tokens that a chat template puts around one turn, about.
AROUND = 5
#: Draws replies: ground, conversations that end with the user's turn, a seed each, the study.
Write = Callable[[Ground, Sequence[tuple[Message, ...]], Sequence[int], Study], Awaitable[Sequence[Reply]]]
Group = tuple[Thread, ...]


async def draw_local(
    ground: Ground, before: Sequence[tuple[Message, ...]], seeds: Sequence[int], study: Study
) -> list[Reply]:
    """Draw a reply to every conversation from local weights.

    Raises
    ------
    BadInput
        If the ground is not local weights.
    """
    from selfscope.models.local.generate import GenerationRequest, generate

    weights = local_weights(ground)
    told = declared(study)
    requests = [
        GenerationRequest(messages, max_tokens=told.tokens, temperature=told.temperature, seed=seed)
        for messages, seed in zip(before, seeds, strict=True)
    ]
    drawn = await generate(weights, requests)
    return [
        Reply(g.text, g.input_tokens, g.output_tokens, g.stop_reason, seed)
        for g, seed in zip(drawn, seeds, strict=True)
    ]


def local_weights(ground: Ground) -> LocalGround:
    """Return a ground as local weights; BadInput if replies cannot be drawn from it here."""
    from selfscope.models.local.ground import LocalGround

    if not isinstance(ground, LocalGround):
        raise BadInput(
            "histories are drawn anew from local weights",
            got=ground.identity.name,
            fix="Give --model embedded, a folder or a hub id",
        )
    return ground


async def run_histories(
    study: Study,
    items: ItemSet,
    ground: Ground,
    store: RunStore,
    *,
    write: Write = draw_local,
    progress: RunProgress | None = None,
    budget: Budget | None = None,
) -> None:
    """Hold every conversation that is not yet held, ask after each, and join the observation table.

    Raises
    ------
    Stopped
        If the budget leaves no room for what comes next.
    CouldNot
        If the ground or the disk failed, or another process asks this run. What was done is kept:
        conversations by the group that is drawn together, answers by the thread.
    BadInput
        If the ground has no weights here.
    """
    with store.held():
        store.begin(study, items)
        await _Running(study, items, ground, store, write, progress, budget).run()
        store.finish(study)


class _Running:
    """A run on its way: what it works with, and how far it is."""

    def __init__(
        self,
        study: Study,
        items: ItemSet,
        ground: Ground,
        store: RunStore,
        write: Write,
        progress: RunProgress | None,
        budget: Budget | None,
    ) -> None:
        self.study, self.ground, self.store, self.write = study, ground, store, write
        self.progress, self.budget = progress, budget
        self.asks = asks_of_histories(study, items)
        self.groups = list(threads_of(study))
        self.file = ConversationFile(store.folder, study)
        self.held = self.file.read([conversations(g, study) for g in self.groups])
        self.work = Work(study, len(self.asks))
        self.done = 0

    async def run(self) -> None:
        """Draw group by group, and ask after each group's conversations before the next is drawn."""
        worn, wearer = self.ground, ""
        part = 0
        for n, group in enumerate(self.groups):
            if group[0].arm.adapter != wearer:
                worn, wearer = dressed(self.ground, group[0].arm), group[0].arm.adapter
            if n == len(self.held):
                await self._draw(worn, group)
            self.done += self.work.drawing(group)
            for thread in group:
                await self._ask(worn, thread, self.held[n], f"utterance-{part:05d}")
                part += 1
        self._tell(0, "")

    async def _draw(self, worn: Ground, group: Group) -> None:
        """Draw every reply of a group, turn by turn, and keep its conversations."""
        self._insist(lambda: drawing_usage(group, self.study, worn))
        label = f"replies: {group[0].arm.name}"
        open_ = list(conversations(group, self.study))
        turns = len(declared(self.study).scripts[0].turns)
        for turn in range(turns):
            self._tell(self.work.drawing(group) * turn // turns, label)
            before = [(*_system(c), *c.messages, c.thread.turn(turn)) for c in open_]
            seeds = [c.thread.seed(self.study.seed, c.regeneration, turn) for c in open_]
            drawn = await self.write(worn, before, seeds, self.study)
            open_ = [replace(c, replies=(*c.replies, r)) for c, r in zip(open_, drawn, strict=True)]
        self.file.add(open_)
        self.held.append(tuple(open_))

    async def _ask(self, worn: Ground, thread: Thread, held: Sequence[Conversation], part: str) -> None:
        """Ask all items after every regeneration of a thread, and keep the answers."""
        own = [c for c in held if c.thread == thread]
        if not self.store.has_part(part):
            prompts = prompts_after(own, self.asks, worn)
            self._insist(lambda: worn.forecast(prompts))
            self._tell(0, f"asking: {thread.name}")
            answers = await worn.answer(prompts, seed=self.study.seed, progress=self._counting(thread))
            frame = table_of(self.study, self.store.run, worn, own, self.asks, prompts, answers)
            self.store.write_part(part, frame, plain(answers.usage))
        self.done += len(own) * len(self.asks)

    def _insist(self, coming: Callable[[], Usage]) -> None:
        if self.budget is not None:
            spent = self.store.usage().plus(drawn_usage(self.held, self.study, self.ground))
            self.budget.insist(spent, coming(), self.done, self.work.total)

    def _tell(self, more: int, label: str) -> None:
        if self.progress is not None:
            self.progress(self.done + more, self.work.total, label, "")

    def _counting(self, thread: Thread) -> Callable[[int], None]:
        seen = 0

        def count(finished: int) -> None:
            nonlocal seen
            seen += finished
            self._tell(seen, f"asking: {thread.name}")

        return count


class Work:
    """How much there is to do, in texts scored and tokens drawn, which take about as long."""

    def __init__(self, study: Study, asks: int) -> None:
        told = declared(study)
        self._thread = told.regenerations * len(told.scripts[0].turns) * told.tokens
        groups = list(threads_of(study))
        texts = sum(len(g) for g in groups) * told.regenerations * asks
        self.total = texts + sum(self.drawing(g) for g in groups)

    def drawing(self, group: Group) -> int:
        """Return the most tokens that a group's replies take."""
        return self._thread * len(group)


def asks_of_histories(study: Study, items: ItemSet) -> tuple[Ask, ...]:
    """Return what is asked after every history: each statement in each of the question's forms."""
    return tuple(ask for question in study.questions for ask in asks_in(question, items, "standard"))


def conversations(group: Group, study: Study) -> tuple[Conversation, ...]:
    """Return the conversations of threads before anything was said: all regenerations of each."""
    again = declared(study).regenerations
    return tuple(Conversation(thread, n) for thread in group for n in range(again))


def _system(c: Conversation) -> tuple[Message, ...]:
    return () if c.thread.arm.system is None else (Message("system", c.thread.arm.system),)


def prompts_after(held: Sequence[Conversation], asks: Sequence[Ask], ground: Ground) -> list[Prompt]:
    """Return the prompts of side branches: every ask after every conversation, and after no other ask."""
    return [c.subject(ground.identity).prompt(ask) for c in held for ask in asks]


def table_of(
    study: Study,
    run: str,
    ground: Ground,
    held: Sequence[Conversation],
    asks: Sequence[Ask],
    prompts: Sequence[Prompt],
    answers: Answers,
) -> pd.DataFrame:
    """Return the rows of one thread; `subject` is the id that its conversation's line has."""
    first = held[0]
    arms = [replace(first.thread.arm, name=str(c.regeneration)) for c in held]
    subjects = {arm.name: c.subject(ground.identity) for arm, c in zip(arms, held, strict=True)}
    told = [(arm, ask) for arm in arms for ask in asks]
    frame = rows_of(study, run, ground.identity, subjects, told, prompts, answers)
    return frame.assign(
        regeneration=frame["character"],
        character=first.thread.arm.name,
        script=first.thread.script.name,
        thread=first.thread.name,
        counterparty=first.thread.counterparty.name,
        framing=first.thread.framing.name,
        collective=first.thread.collective.name,
        turn=frame["turn"] + len(first.replies),
    )


def drawing_usage(group: Group, study: Study, ground: Ground) -> Usage:
    """Return the most that drawing a group takes; tokens that go in are counted about."""
    told = declared(study)
    return _drawn(group, study, ground, len(group) * told.regenerations * _turns(study) * told.tokens)


def drawn_usage(held: Iterable[Sequence[Conversation]], study: Study, ground: Ground) -> Usage:
    """Return what drawing took: tokens drawn as they were, those that go in counted as in a forecast."""
    total = Usage()
    for group in held:
        threads = tuple(dict.fromkeys(c.thread for c in group))
        drawn = sum(r.output_tokens for c in group for r in c.replies)
        total = total.plus(_drawn(threads, study, ground, drawn))
    return total


def _drawn(group: Group, study: Study, ground: Ground, drawn: int) -> Usage:
    """Return a usage: in each turn the system prompt once, and of each conversation all that was said."""
    told, turns = declared(study), _turns(study)
    each = [
        sum(ground.count_tokens(t.turn(k).content) + AROUND for k in range(n + 1)) + n * told.tokens
        for t in group
        for n in range(turns)
    ]
    own = sum(each) * told.regenerations
    once = group[0].arm.tokens + AROUND
    replies = len(each) * told.regenerations
    return Usage(
        prompts=replies,
        input_tokens=own + once * replies,
        distinct_tokens=own + once * turns + drawn,
        output_tokens=drawn,
        cost=0.0,
        calls=replies,
    )


def _turns(study: Study) -> int:
    return len(declared(study).scripts[0].turns)
