"""What is asked for the fidelity of ports, one part of a run at a time: items, texts, tasks, likelihoods."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from selfscope.instruments.cooperation.checkers import outcome_of
from selfscope.instruments.cooperation.load import OrdinaryTask
from selfscope.models.ground import Ground, Progress
from selfscope.space.responses import TEMPLATE_TOKENS
from selfscope.studies.evaluation import columns_of, table_of
from selfscope.studies.fidelity import Self, Sitting
from selfscope.studies.fidelity_material import load_material
from selfscope.studies.rows import rows_of
from selfscope.studies.store import RunStore
from selfscope.subjects import Subject
from selfscope.values import Arm, Message, Prompt, Study, Usage, content_id, short

if TYPE_CHECKING:
    import pandas as pd

#: Draws replies: conversations that end with the user's turn, a seed each, most tokens.
Drawn = tuple[list[str], Usage]
Write = Callable[[Sequence[tuple[Message, ...]], Sequence[int], int], Awaitable[Drawn]]
#: Instruments of rows that no instrument of a channel asks.
TEXTS, LIKELIHOOD, ABILITY = "port_texts", "port_likelihood", "port_ability"
#: Draws of a prompt: of the original two that are its own and two that are its copy; of others two.
OWN, COPY = (0, 1), (2, 3)
#: Tokens of a text and of a reply to a task.
TEXT_TOKENS, TASK_TOKENS = 32, 24
#: Prompts whose texts the imitation is shown; it is not asked them.
SHOWN = 4
#: Prompts whose replies stand before the items that the original is asked again, each before its share.
BEFORE = 4
IMITATION = "imitation"
CAN, CANNOT = "told that it can", "told that it cannot"


@runtime_checkable
class Writing(Protocol):
    """A ground that writes by a rule of its own: a phantom that has words."""

    async def write(
        self, talks: Sequence[tuple[Message, ...]], seeds: Sequence[int], tokens: int
    ) -> list[str]:
        """Return a reply to each conversation."""
        ...


def writer(ground: Ground) -> Write | None:
    """Return what draws replies from a ground; None from one that has no words."""
    if isinstance(ground, Writing):
        return _by_rule(ground)
    return None if ground.identity.kind == "phantom" else _from_model(ground)


def _by_rule(ground: Writing) -> Write:
    async def write(talks: Sequence[tuple[Message, ...]], seeds: Sequence[int], tokens: int) -> Drawn:
        return await ground.write(talks, seeds, tokens), Usage(
            prompts=len(talks), calls=len(talks), path="rule"
        )

    return write


def _from_model(ground: Ground) -> Write:
    async def write(talks: Sequence[tuple[Message, ...]], seeds: Sequence[int], tokens: int) -> Drawn:
        from selfscope.models.local.spans import Turn
        from selfscope.studies.drift_draw import writer_of

        turns = [tuple(Turn(m.role, m.content) for m in talk) for talk in talks]
        began = perf_counter()
        drawn = await writer_of(ground)(turns, seeds, tokens)
        used = Usage(
            prompts=len(drawn),
            input_tokens=sum(d.input_tokens for d in drawn),
            output_tokens=sum(d.tokens for d in drawn),
            seconds=perf_counter() - began,
            calls=len(drawn),
        )
        return [d.text.strip() for d in drawn], used

    return write


class Job(Protocol):
    """One part of a run."""

    @property
    def who(self) -> Self:
        """Who is asked."""
        ...

    @property
    def part(self) -> str:
        """What its batch is called."""
        ...

    @property
    def count(self) -> int:
        """How many answers it takes."""
        ...

    def forecast(self, ground: Ground) -> Usage:
        """Return what it will use."""
        ...

    async def ask(
        self, ground: Ground, study: Study, store: RunStore, progress: Progress
    ) -> tuple[pd.DataFrame, Usage]:
        """Return its rows, and what they took."""
        ...


@dataclass(frozen=True)
class Closed:
    """The items of one sitting."""

    sitting: Sitting
    part: str

    @property
    def who(self) -> Self:
        """Who is asked."""
        return self.sitting.who

    @property
    def count(self) -> int:
        """How many items there are."""
        return len(self.sitting.asks)

    def _prompts(self, ground: Ground) -> tuple[Subject, list[Prompt]]:
        subject = Subject(ground.identity, self.who.system, self.sitting.thread, self.who.name)
        return subject, [subject.prompt(ask) for ask in self.sitting.asks]

    def forecast(self, ground: Ground) -> Usage:
        """Return what the items will use."""
        return ground.forecast(self._prompts(ground)[1])

    async def ask(
        self, ground: Ground, study: Study, store: RunStore, progress: Progress
    ) -> tuple[pd.DataFrame, Usage]:
        """Return a row an answer; `script` is the setting, and the character named with it."""
        subject, prompts = self._prompts(ground)
        told = await ground.answer(prompts, seed=study.seed, replicates=study.replicates, progress=progress)
        arm = Arm(self.sitting.arm, "subject", self.who.system)
        asks = [(arm, ask) for ask in self.sitting.asks]
        rows = rows_of(study, store.run, ground.identity, {arm.name: subject}, asks, prompts, told)
        setting = self.sitting.setting
        return rows if setting == "plain" else rows.assign(script=setting), told.usage


@dataclass(frozen=True)
class Again(Closed):
    """The same items after a prompt and the original's own reply to it, which the part `replies` holds.

    Every statement has its prompt, the same both times; the reply is another draw.
    """

    replies: str = ""

    async def ask(
        self, ground: Ground, study: Study, store: RunStore, progress: Progress
    ) -> tuple[pd.DataFrame, Usage]:
        """Return a row an answer."""
        import pandas as pd

        texts = next(store.parts(self.replies))[0]
        texts = texts[texts["replicate"] == COPY[self.sitting.wording - 1]].set_index("item")
        items = list(dict.fromkeys(ask.cell.item for ask in self.sitting.asks))
        place = {item: n % BEFORE for n, item in enumerate(items)}
        frames, usage = [], Usage()
        for n in range(BEFORE):
            said = texts.loc[item_name(n)]
            thread = (Message("user", str(said["user"])), Message("assistant", str(said["reply"])))
            asks = tuple(ask for ask in self.sitting.asks if place[ask.cell.item] == n)
            if asks:
                own = Closed(replace(self.sitting, thread=thread, asks=asks), self.part)
                rows, used = await own.ask(ground, study, store, progress)
                frames.append(rows)
                usage = usage.plus(used)
        return pd.concat(frames, ignore_index=True), usage


def _arm(who: Self) -> Arm:
    return Arm(who.name, "subject", who.system)


def _row(ground: Ground, who: Self, study: Study, store: RunStore) -> dict[str, Any]:
    """Return the columns that all rows of one subject share."""
    subject = Subject(ground.identity, who.system, name=who.name)
    return columns_of(study, _arm(who), store.run) | {
        "ground": content_id(ground.identity),
        "family": ground.identity.family,
        "subject": subject.id,
    }


def _seed(study: Study, *name: object) -> int:
    return int(short(content_id([study.seed, *name]), 7), 16)


def _talk(who: Self, text: str) -> tuple[Message, ...]:
    before = () if who.system is None else (Message("system", who.system),)
    return (*before, Message("user", text))


def _tokens_in(ground: Ground, talk: tuple[Message, ...]) -> int:
    return sum(ground.count_tokens(message.content) + TEMPLATE_TOKENS for message in talk)


def _drawing(count: int, put_in: int, most: int) -> Usage:
    """Return what so many replies use, each at its longest."""
    return Usage(prompts=count, input_tokens=put_in, output_tokens=count * most, calls=count)


@dataclass(frozen=True)
class Texts:
    """Answers in own words to everyday prompts, drawn."""

    who: Self
    part: str
    prompts: tuple[tuple[int, str], ...]
    draws: int

    @property
    def count(self) -> int:
        """How many texts are drawn."""
        return len(self.prompts) * self.draws

    def forecast(self, ground: Ground) -> Usage:
        """Return what they will use, each at its longest."""
        put_in = self.draws * sum(_tokens_in(ground, _talk(self.who, text)) for _, text in self.prompts)
        return _drawing(self.count, put_in, TEXT_TOKENS)

    async def ask(
        self, ground: Ground, study: Study, store: RunStore, progress: Progress
    ) -> tuple[pd.DataFrame, Usage]:
        """Return a row a text; the texts are in the evidence table."""
        write = writer(ground)
        assert write is not None
        who = self.who
        asked = [(n, text, draw) for n, text in self.prompts for draw in range(self.draws)]
        talks = [_talk(who, text) for _, text, _ in asked]
        seeds = [_seed(study, who.name, n, draw) for n, _, draw in asked]
        said, used = await write(talks, seeds, TEXT_TOKENS)
        progress(len(said))
        fixed = _row(ground, who, study, store)
        rows = [
            fixed
            | {
                "instrument": TEXTS, "channel": "open", "construct": "manner", "item": item_name(n),
                "format": "own_words", "replicate": draw, "value": 1.0, "scale": "success", "refusal": "none",
                "scorer": "sampled", "evidence": short(content_id([who.name, n, draw])), "user": text,
                "reply": reply,
            }
            for (n, text, draw), reply in zip(asked, said, strict=True)
        ]  # fmt: skip
        return table_of(rows), used


def item_name(n: int) -> str:
    """Return what prompt number `n` is called in the table."""
    return f"manner.{n + 1:02d}"


def texts_part(who: Self) -> str:
    """Return the part of a run that holds someone's texts."""
    return f"open-texts-{short(content_id(who.name), 8)}"


@dataclass(frozen=True)
class Foil(Texts):
    """Texts of the target that is shown the original's, and told to write as it does."""

    shown: str = ""

    def forecast(self, ground: Ground) -> Usage:
        """Return what they will use, the texts that are shown at their longest too."""
        return super().forecast(ground).plus(Usage(input_tokens=self.count * SHOWN * TEXT_TOKENS))

    async def ask(
        self, ground: Ground, study: Study, store: RunStore, progress: Progress
    ) -> tuple[pd.DataFrame, Usage]:
        """Return a row a text."""
        frame = next(store.parts(self.shown))[0]
        own = frame[frame["item"].isin([item_name(n) for n in range(SHOWN)])]
        texts = "\n\n".join(own[own["replicate"] == COPY[0]].sort_values("item")["reply"])
        system = load_material().imitation.replace("{texts}", texts)
        worn = Texts(replace(self.who, system=system), self.part, self.prompts, self.draws)
        return await worn.ask(ground, study, store, progress)


@dataclass(frozen=True)
class Tasks:
    """Tasks with one right answer, each drawn once; each wording of a belief does its share of them."""

    who: Self
    part: str
    tasks: tuple[OrdinaryTask, ...]
    systems: tuple[str | None, ...]

    @property
    def count(self) -> int:
        """How many tasks there are."""
        return len(self.tasks)

    def forecast(self, ground: Ground) -> Usage:
        """Return what they will use, each reply at its longest."""
        put_in = sum(_tokens_in(ground, talk) for talk in self._talks)
        return _drawing(self.count, put_in, TASK_TOKENS)

    @property
    def _talks(self) -> list[tuple[Message, ...]]:
        worn = [self.systems[n % len(self.systems)] for n in range(len(self.tasks))]
        return [_talk(replace(self.who, system=s), t.text) for s, t in zip(worn, self.tasks, strict=True)]

    async def ask(
        self, ground: Ground, study: Study, store: RunStore, progress: Progress
    ) -> tuple[pd.DataFrame, Usage]:
        """Return a row a task: 1 where it was done right."""
        write = writer(ground)
        assert write is not None
        said, used = await write(self._talks, [_seed(study, "task", t.id) for t in self.tasks], TASK_TOKENS)
        progress(len(said))
        fixed = _row(ground, self.who, study, store)
        rows = [fixed | _task_row(t, reply, self.who.name) for t, reply in zip(self.tasks, said, strict=True)]
        return table_of(rows), used


def _task_row(task: OrdinaryTask, reply: str, who: str) -> dict[str, Any]:
    outcome = outcome_of(task, reply)
    return {
        "instrument": ABILITY, "channel": "behaviour", "construct": task.kind, "item": task.id,
        "format": "own_words", "value": math.nan if outcome == "refused" else float(outcome == "right"),
        "scale": "success", "refusal": "refused" if outcome == "refused" else "none", "scorer": "sampled",
        "evidence": short(content_id([who, task.id])), "user": task.text, "reply": reply,
    }  # fmt: skip


@dataclass(frozen=True)
class Scores:
    """How likely all texts are as the words of one subject."""

    who: Self
    part: str
    sources: tuple[str, ...]
    texts: int

    @property
    def count(self) -> int:
        """How many texts there are."""
        return self.texts

    def forecast(self, ground: Ground) -> Usage:
        """Return what they will use, each at its longest."""
        put_in = self.texts * TEXT_TOKENS
        return Usage(prompts=self.texts, input_tokens=put_in, distinct_tokens=put_in, calls=self.texts)

    async def ask(
        self, ground: Ground, study: Study, store: RunStore, progress: Progress
    ) -> tuple[pd.DataFrame, Usage]:
        """Return a row a text: its log-probability a token; `counterparty` is whose text it is."""
        import pandas as pd

        frames = [next(store.parts(source))[0] for source in self.sources]
        texts = pd.concat(frames, ignore_index=True)
        texts = texts[texts["reply"].str.strip() != ""].reset_index(drop=True)
        said = [tuple(map(str, pair)) for pair in zip(texts["user"], texts["reply"], strict=True)]
        prompts = [Prompt(_talk(self.who, user), None, reply) for user, reply in said]
        told = await ground.answer(prompts, progress=progress)
        fixed = _row(ground, self.who, study, store)
        rows = [
            fixed
            | {
                "instrument": LIKELIHOOD, "channel": "open", "construct": "manner", "item": row.item,
                "format": "own_words", "counterparty": row.character, "replicate": row.replicate,
                "value": answers[0].value / max(answers[0].tokens, 1), "scale": "log_prob_a_token",
                "refusal": "none", "scorer": answers[0].scorer, "evidence": content_id(prompt),
                "user": row.user, "reply": row.reply,
            }
            for row, prompt, answers in zip(texts.itertuples(index=False), prompts, told.answers, strict=True)
        ]  # fmt: skip
        return table_of(rows), told.usage
