"""Hold the conversations of a study of drift, say every message again elsewhere, read turns, ask beside.

Everything is kept as it is done and gone on with: replies batch by batch, answers conversation by
conversation, readings at the end. The folder of a run::

    responses.jsonl     every reply: said in its conversation, in a fresh thread, after neutral history; and
                        what a model said in the user's place
    readings.json       projections of all turns, if weights are local
    conversations.json  which conversations, of which scripts, and the axis they were read along
    parts/              answers after 0, 6 and 12 turns, and the rows of the readings
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.instrument import asks_in
from selfscope.models.ground import Ground
from selfscope.models.local.spans import Turn
from selfscope.space.foretold import foretell
from selfscope.space.responses import Response, ResponseFile
from selfscope.space.talks import neutral_history
from selfscope.space.turn_readings import Along, read_turns
from selfscope.stats.masked import Array
from selfscope.studies.budget import Budget
from selfscope.studies.drift_design import (
    DriftRequest,
    Planned,
    other_neutral,
    planned_talks,
    seed_of,
)
from selfscope.studies.drift_draw import Write
from selfscope.studies.drift_held import (
    AFTER,
    CONVERSATIONS,
    FRESH,
    SAID,
    Held,
    conversations_told,
    place_of,
    reading_rows,
)  # fmt: skip
from selfscope.studies.drift_user import USER_TOKENS, heard_so_far, next_messages
from selfscope.studies.evaluation import table_of
from selfscope.studies.rows import rows_of
from selfscope.studies.store import RunStore
from selfscope.subjects import Subject
from selfscope.values import Ask, Message, Study, Usage, content_id, plain

#: Replies that are drawn together.
BATCH = 32
READINGS = "readings.json"
READ = (SAID, FRESH, AFTER, "user", "user_after")
Progress = Callable[[int, int, str, str], None]


async def run_drift(
    request: DriftRequest,
    study: Study,
    ground: Ground,
    store: RunStore,
    along: Along | None,
    write: Write,
    *,
    user: Write | None = None,
    budget: Budget | None = None,
    progress: Progress = lambda done, total, what, spent: None,
) -> Held:
    """Return conversations with their readings, held or gone on with in the run's folder.

    Parameters
    ----------
    along
        The axis that is read; None reads nothing inside, and says no message again.
    write
        Draws replies.
    user
        Draws what the user says, where a model is to say it.

    Raises
    ------
    Stopped
        If the budget leaves no room for the next batch.
    CouldNot
        If another process works in the run, the model or the disk fails.
    """
    with store.held():
        store.begin(study, request.items)
        running = _Running(request, study, ground, store, write, user, budget, progress)
        await running.hold()
        if along is not None and request.expected == "counterfactual":
            await running.say_again()
        await running.ask()
        held = running.read(along)
        store.write_json(CONVERSATIONS, conversations_told(held.talks, along, request.expected_from))
        store.finish(study)
    return held


class _Running:
    """A run on its way."""

    def __init__(
        self,
        request: DriftRequest,
        study: Study,
        ground: Ground,
        store: RunStore,
        write: Write,
        user: Write | None,
        budget: Budget | None,
        progress: Progress,
    ) -> None:
        self.request, self.study, self.ground, self.store = request, study, ground, store
        self.write, self.user, self.budget, self.progress = write, user, budget, progress
        self.file = ResponseFile(store.folder, study.id)
        self.kept = self.file.read()
        self.talks = tuple(heard_so_far(t, self.kept) for t in planned_talks(request))
        self.turns = max(t.length for t in self.talks)

    def replies(self, talk: Planned) -> list[str]:
        """Return the replies of a conversation so far."""
        if talk.said:
            return list(talk.said)
        names = (f"{talk.id}/{SAID}/{n}" for n in range(len(talk.user)))
        return [self.kept[name].text for name in names if name in self.kept]

    async def hold(self) -> None:
        """Draw the replies of all conversations, turn by turn."""
        for turn in range(self.turns):
            await self._heard(turn)
            open_ = [t for t in self.talks if not t.said and turn < len(t.user)]
            said = [t.before(turn, self.replies(t)) for t in open_]
            draws = [
                (f"{t.id}/{SAID}/{turn}", self._asked(t, before, turn))
                for t, before in zip(open_, said, strict=True)
            ]
            await self._draw(draws, f"conversations, turn {turn + 1}")

    async def _heard(self, turn: int) -> None:
        """Let the model in the user's place say its next message, where one is there."""
        open_ = [t for t in self.talks if t.asked_by and len(t.user) == turn < t.length]
        if not open_ or self.user is None:
            return
        self.progress(0, len(open_), f"the user, turn {turn + 1}", "")
        self._insist(Usage(len(open_), 0, 0, len(open_) * USER_TOKENS, cost=0.0), len(self.kept))
        made = await next_messages(open_, self.replies, self.user, self.request.seed)
        self.file.add(made)
        self.kept |= {r.ask: r for r in made}
        self.talks = tuple(heard_so_far(t, self.kept) for t in self.talks)

    async def say_again(self) -> None:
        """Draw a reply to every message in a fresh thread, and one after neutral history of equal length."""
        draws = []
        for talk in self.talks:
            for turn in range(len(talk.user)):
                draws.append((f"{talk.id}/{FRESH}/{turn}", self._asked(talk, (), turn)))
                before = self._neutral(talk, turn)
                draws.append((f"{talk.id}/{AFTER}/{turn}", self._asked(talk, before, turn)))
        await self._draw(sorted(draws, key=lambda d: sum(len(t.content) for t in d[1])), "expected values")

    def _neutral(self, talk: Planned, turn: int) -> tuple[Turn, ...]:
        """Return neutral history as long as what was said before a turn."""
        said = self.replies(talk)
        lengths = [
            self.ground.count_tokens(u) + self.ground.count_tokens(r)
            for u, r in zip(talk.user[:turn], said, strict=False)
        ]
        return neutral_history(lengths, self.ground.count_tokens, other_neutral(talk.user[turn]))

    def _asked(self, talk: Planned, before: tuple[Turn, ...], turn: int) -> tuple[Turn, ...]:
        first = () if talk.system is None else (Turn("system", talk.system),)
        return (*first, *before, Turn("user", talk.user[turn]))

    async def _draw(self, draws: Sequence[tuple[str, tuple[Turn, ...]]], what: str) -> None:
        left = [(name, turns) for name, turns in draws if name not in self.kept]
        for first in range(0, len(left), BATCH):
            some = left[first : first + BATCH]
            self.progress(len(draws) - len(left) + first, len(draws), what, "")
            self._insist(self._coming([turns for _, turns in some]), len(self.kept))
            seeds = [seed_of(self.request.seed, name) for name, _ in some]
            made = await self.write([turns for _, turns in some], seeds, self.request.size.tokens)
            named = [
                Response(name, r.text, r.tokens, r.input_tokens, r.stop)
                for (name, _), r in zip(some, made, strict=True)
            ]
            self.file.add(named)
            self.kept |= {r.ask: r for r in named}

    def _insist(self, coming: Usage, done: int) -> None:
        if self.budget is not None:
            spent = self.store.usage().plus(_usage(list(self.kept.values())))
            self.budget.insist(spent, coming, done, done + coming.prompts)

    def _coming(self, some: Sequence[tuple[Turn, ...]]) -> Usage:
        put_in = sum(self.ground.count_tokens(t.content) for turns in some for t in turns)
        drawn = len(some) * self.request.size.tokens
        return Usage(len(some), put_in, put_in + drawn, drawn, cost=0.0, calls=len(some))

    async def ask(self) -> None:
        """Ask all items after some turns of each conversation, and keep the answers."""
        own = [t for t in self.talks if not t.baseline]
        asks = asks_in(self.study.questions[0], self.request.items, self.study.preset)
        for n, talk in enumerate(own):
            self.progress(n, len(own), f"asking: {talk.script}", "")
            if self.store.has_part(f"utterance-{n:05d}"):
                continue
            frame, usage = await self._asked_after(talk, asks)
            self.store.write_part(f"utterance-{n:05d}", frame, usage)

    async def _asked_after(self, talk: Planned, asks: Sequence[Ask]) -> tuple[Any, dict[str, Any]]:
        after = [n for n in self.request.size.asked if n <= len(talk.user)]
        subjects = {str(n): self._subject(talk, n) for n in after}
        told = [(n, ask) for n in after for ask in asks]
        prompts = [subjects[str(n)].prompt(ask) for n, ask in told]
        again = self.study.replicates
        self._insist(self.ground.forecast(prompts, replicates=again), len(self.kept))
        answers = await self.ground.answer(prompts, seed=self.study.seed, replicates=again)
        arm = self.study.arms[0]
        arms = {n: _named(arm, n) for n in after}
        rows = [(arms[n], ask) for n, ask in told]
        frame = rows_of(self.study, self.store.run, self.ground.identity, subjects, rows, prompts, answers)
        frame = frame.assign(turn=frame["character"].astype("int32"), character=arm.name, **place_of(talk))
        return frame, plain(answers.usage)

    def _subject(self, talk: Planned, after: int) -> Subject:
        thread = talk.before(after, self.replies(talk))
        return Subject(
            self.ground.identity,
            talk.system,
            tuple(Message(t.role, t.content) for t in thread),
            self.study.arms[0].name,
        )

    def read(self, along: Along | None) -> Held:
        """Return conversations with the readings of all turns, computed once."""
        shape = (len(self.talks), self.turns)
        if along is None:
            nothing = np.full(shape, np.nan)
            return Held(self.talks, nothing, nothing, nothing, nothing, nothing)
        if not (self.store.folder / READINGS).exists():
            self.store.write_json(READINGS, self._readings(along))
        told = self.store.read_json(READINGS)
        y, fresh, after, user, user_after = (_array(told[name], shape) for name in READ)
        held = Held(self.talks, y, fresh, after, user, user_after)
        if self.request.expected == "messages":
            held = self._foretold(held)
        if not self.store.has_part("axis-00000"):
            rows = reading_rows(self._fixed(along), held, self.replies, self.kept, self._subject)
            self.store.write_part("axis-00000", table_of(rows), plain(Usage()))
        return held

    def _foretold(self, held: Held) -> Held:
        """Return readings with what each message is foretold to give, by scripts that it is not of."""
        from selfscope.models.local.embedding import embedding_of
        from selfscope.models.local.ground import LocalGround

        assert isinstance(self.ground, LocalGround)
        embedding = embedding_of(self.request.embedding, self.ground)
        found = foretell(
            [talk.user for talk in held.talks],
            held.y,
            [talk.script for talk in held.talks],
            [talk.baseline for talk in held.talks],
            embedding.embed,
        )
        if found is None:
            raise BadInput("too few scripts have a reply to foretell expected values from")
        return replace(held, after=found.expected, r2=found.r2, embedding=embedding.known_as)

    def _readings(self, along: Along) -> dict[str, list[list[float]]]:
        """Read every conversation once, and every message that was said again with its reply."""
        from selfscope.models.local.ground import LocalGround

        assert isinstance(self.ground, LocalGround)
        whole = [self._whole(talk) for talk in self.talks]
        again = {
            (kind, n, turn): (
                *self._asked(talk, () if kind == FRESH else self._neutral(talk, turn), turn),
                Turn("assistant", self.kept[f"{talk.id}/{kind}/{turn}"].text),
            )
            for n, talk in enumerate(self.talks)
            for turn in range(len(talk.user))
            for kind in (FRESH, AFTER)
            if self.request.expected == "counterfactual"
        }
        done, total = 0, len(whole) + len(again)

        def tell(count: int) -> None:
            nonlocal done
            done += count
            self.progress(done, total, "reading turns", "")

        turns = read_turns(self.ground, whole, along, tell)
        order = sorted(again, key=lambda key: [t.content for t in again[key]])
        last = dict(zip(order, read_turns(self.ground, [again[k] for k in order], along, tell), strict=True))
        found: dict[str, list[list[float]]] = {name: [] for name in READ}
        for n, (talk, own) in enumerate(zip(self.talks, turns, strict=True)):
            start = 0 if talk.system is None else 1
            found["user"].append(own[start::2].tolist())
            found[SAID].append(own[start + 1 :: 2].tolist())
            for name, kind, at in ((FRESH, FRESH, -1), (AFTER, AFTER, -1), ("user_after", AFTER, -2)):
                turns_of = [last.get((kind, n, t)) for t in range(len(talk.user))]
                found[name].append([math.nan if each is None else float(each[at]) for each in turns_of])
        return {name: [[_told(v) for v in row] for row in rows] for name, rows in found.items()}  # type: ignore[misc]

    def _whole(self, talk: Planned) -> tuple[Turn, ...]:
        first = () if talk.system is None else (Turn("system", talk.system),)
        return (*first, *talk.before(len(talk.user), self.replies(talk)))

    def _fixed(self, along: Along) -> dict[str, Any]:
        """Return the columns that all rows of readings share."""
        identity = self.ground.identity
        return {
            "study": self.study.id, "run": self.store.run, "ground": content_id(identity),
            "family": identity.family, "character": self.study.arms[0].name, "instrument": "axis",
            "construct": "assistant_axis", "channel": "internal", "format": "own_words", "scale": "axis_z",
            "scorer": f"projection:layer{along.layer}", "agree": "", "disagree": "", "text": "", "system": "",
        }  # fmt: skip


def _named(arm: Any, after: int) -> Any:
    from dataclasses import replace

    return replace(arm, name=str(after))


def _usage(responses: Sequence[Response]) -> Usage:
    put_in, drawn = sum(r.input_tokens for r in responses), sum(r.tokens for r in responses)
    return Usage(len(responses), put_in, put_in + drawn, drawn, cost=0.0, calls=len(responses))


def _told(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _array(rows: Sequence[Sequence[float | None]], shape: tuple[int, int]) -> Array:
    made = np.full(shape, np.nan)
    for n, row in enumerate(rows):
        made[n, : len(row)] = [np.nan if v is None else v for v in row]
    return made
