"""Ask characters alone, beside one another in a batch, and in threads in which another has spoken.

Everything is kept as it is done, part by part, and gone on with. The folder of a run::

    parts/alone-…    every character on weights of its own, and those of the sensitivity check
    parts/beside-…   two characters' rows in one batch, pair by pair
    spoken-….json    what each speaker said in every thread, turn by turn
    parts/thread-…   one character in the threads in which one speaker spoke
    replies.json     replies of all in one batch against the same drawn by each alone
    drawn.json       what drawing each of these files used
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

from selfscope.models.ground import GroundIdentity
from selfscope.studies.rows import rows_of
from selfscope.studies.run import RunProgress, asks_of
from selfscope.studies.store import RunStore
from selfscope.studies.together import (
    NEUTRAL,
    TogetherRequest,
    asks_of_together,
    load_neutral,
    seed_of,
)
from selfscope.studies.together_stage import Speaker, Stage, Talk
from selfscope.subjects import Subject
from selfscope.values import Ask, Message, Study, Usage, plain
from selfscope.values.study import Arm

if TYPE_CHECKING:
    import pandas as pd

#: What rows of a batch are called in the table; those asked alone and in threads have the channel's own name.
BATCH = "together_batch"
REPLIES = "replies.json"
#: What drawing each file of replies used.
DRAWN = "drawn.json"
#: Fewest tokens that turns of a thread are cut to, replies drawn to compare, and tokens of each.
LEAST_TURN, COMPARED, COMPARED_TOKENS = 4, 4, 16


async def run_together(
    request: TogetherRequest,
    study: Study,
    stage: Stage,
    store: RunStore,
    progress: RunProgress = lambda done, total, what, spent: None,
) -> None:
    """Ask all that is not yet stored, and join the observation table.

    Raises
    ------
    CouldNot
        If the device or the disk failed, or another process asks this run.
    """
    if store.finished:
        return
    with store.held():
        store.begin(study, request.items)
        running = _Running(request, study, stage, store, progress)
        await running.alone()
        await running.beside()
        await running.replies()
        await running.threads(await running.speak())
        store.finish(study)


class _Running:
    """A run on its way."""

    def __init__(
        self,
        request: TogetherRequest,
        study: Study,
        stage: Stage,
        store: RunStore,
        progress: RunProgress,
    ) -> None:
        self.request, self.study, self.stage, self.store = request, study, stage, store
        self.ground = GroundIdentity(**study.ground)  # type: ignore[arg-type]
        self.cast = [Speaker.of(each) for each in request.cast]
        self.arms = {arm.name: arm for arm in study.arms}
        self.asks = asks_of_together(request, study)
        self._progress, self._done = progress, 0
        count, turns = len(self.cast), len(request.scripts[0].turns)
        pairs = count * (count + 1) // 2
        self._total = len(study.arms) + pairs + 1 + (turns + count) * (count + 1)

    def _tell(self, what: str) -> None:
        self._progress(self._done, self._total, what, "")
        self._done += 1

    async def alone(self) -> None:
        """Ask every character, and those of the sensitivity check, at the beginning of a thread."""
        members = {each.name: each for each in self.cast}
        for n, arm in enumerate(self.study.arms):
            who = members.get(arm.name) or Speaker(arm.name, arm.system)
            asks = asks_of(arm, self.request.items, self.study, self.study.questions[0])
            await self._part(f"alone-{n:04d}", f"{arm.name} alone", who, [((), asks)])

    async def _part(
        self,
        part: str,
        what: str,
        who: Speaker,
        threads: Sequence[tuple[Talk, Sequence[Ask]]],
        columns: Callable[[int], dict[str, Any]] = lambda thread: {},
    ) -> None:
        """Ask one character after each of some threads, and keep the answers."""
        self._tell(what)
        if self.store.has_part(part):
            return
        rows = [(n, ask) for n, (_, asks) in enumerate(threads) for ask in asks]
        subjects = {str(n): self._subject(who, talk) for n, (talk, _) in enumerate(threads)}
        prompts = [subjects[str(n)].prompt(ask) for n, ask in rows]
        answers = await self.stage.alone(who, prompts)
        frame = self._frame(who, subjects, rows, prompts, answers)
        told = [columns(int(n)) for n in frame["character"]]
        extra = {name: [each[name] for each in told] for name in (told[0] if told else {})}
        self.store.write_part(part, frame.assign(**extra, character=who.name), plain(answers.usage))

    def _subject(self, who: Speaker, talk: Talk) -> Subject:
        return Subject(who.identity(self.ground), who.system, talk, who.name)

    def _frame(
        self, who: Speaker, subjects: Any, rows: Sequence[tuple[int, Ask]], prompts: Any, answers: Any
    ) -> pd.DataFrame:
        arm = self.arms.get(who.name) or Arm(who.name, "control", who.system)
        named = [(replace(arm, name=str(n)), ask) for n, ask in rows]
        own = who.identity(self.ground)
        return rows_of(self.study, self.store.run, own, subjects, named, prompts, answers)

    async def beside(self) -> None:
        """Ask some of the same with another character's rows in the batch, and with the character's own."""
        few = _spread(self.asks, self.request.size.beside)
        for first, second in combinations_with_replacement(range(len(self.cast)), 2):
            self._tell(f"{self.cast[first].name} beside {self.cast[second].name}")
            part = f"beside-{first:02d}-{second:02d}"
            if not self.store.has_part(part):
                frame, usage = await self._beside(self.cast[first], self.cast[second], few)
                self.store.write_part(part, frame, plain(usage))

    async def _beside(self, one: Speaker, other: Speaker, few: Sequence[Ask]) -> tuple[pd.DataFrame, Any]:
        import pandas as pd

        both = (one,) if one is other else (one, other)
        rows = [(who, ask) for ask in few for who in both]
        prompts = [self._subject(who, ()).prompt(ask) for who, ask in rows]
        answers = await self.stage.beside([(w, p) for (w, _), p in zip(rows, prompts, strict=True)])
        frames = []
        for who, neighbour in zip(both, reversed(both), strict=True):
            mine = [n for n, (w, _) in enumerate(rows) if w is who]
            own = replace(answers, answers=tuple(answers.answers[n] for n in mine))
            asked, told = [(0, rows[n][1]) for n in mine], [prompts[n] for n in mine]
            frame = self._frame(who, {"0": self._subject(who, ())}, asked, told, own)
            frames.append(frame.assign(character=who.name, counterparty=neighbour.name, instrument=BATCH))
        return pd.concat(frames, ignore_index=True), answers.usage

    async def replies(self) -> None:
        """Draw the likeliest replies of all in one batch, and those of each alone; keep how many agree."""
        self._tell("replies in one batch")
        if (self.store.folder / REPLIES).exists():
            return
        scripts = self.request.scripts[:COMPARED]
        rows = [(who, self._before(who, s.turns[0], ())) for who in self.cast for s in scripts]
        joined, used = await self.stage.speak_beside(rows, COMPARED_TOKENS)
        own: list[str] = []
        for who in self.cast:
            talks = [talk for w, talk in rows if w is who]
            said, drawn = await self.stage.speak(who, talks, [0] * len(talks), COMPARED_TOKENS, 0.0)
            used = used.plus(drawn)
            own += said
        told = [
            {"character": who.name, "alone": a, "together": b}
            for (who, _), a, b in zip(rows, own, joined, strict=True)
        ]
        self._drew(REPLIES, used)
        self.store.write_json(REPLIES, told)

    def _drew(self, file: str, used: Usage) -> None:
        """Keep what drawing a file of replies used; a file that is drawn again counts once."""
        known = self.store.read_json(DRAWN) if (self.store.folder / DRAWN).exists() else {}
        self.store.write_json(DRAWN, known | {file: plain(used)})

    def _before(self, who: Speaker, user: str, said: Sequence[tuple[str, str]]) -> Talk:
        """Return the conversation that a speaker goes on with; `said` are turns of the user and of itself."""
        system = (Message("system", who.system),) if who.system else ()
        return (*system, *_thread(said), Message("user", user))

    async def speak(self) -> dict[str, list[Talk]]:
        """Return every thread as each speaker left it: turns of one thread are cut to one length."""
        scripts, speakers = self.request.scripts, [*(each.name for each in self.cast), NEUTRAL]
        said: dict[str, list[list[tuple[str, str]]]] = {name: [[] for _ in scripts] for name in speakers}
        for turn in range(len(scripts[0].turns)):
            drawn = {name: await self._drawn(name, turn, said[name]) for name in speakers}
            for n, script in enumerate(scripts):
                least = min(self.stage.length(drawn[name][n]) for name in speakers)
                for name in speakers:
                    text = self.stage.cut(drawn[name][n], max(least, LEAST_TURN))
                    said[name][n].append((script.turns[turn], text))
        return {name: [_thread(each) for each in threads] for name, threads in said.items()}

    async def _drawn(self, name: str, turn: int, said: Sequence[Sequence[tuple[str, str]]]) -> list[str]:
        """Return what a speaker says at a turn of every thread, drawn once and kept."""
        self._tell(f"{name} speaks")
        file = f"spoken-{turn}-{name}.json"
        if not (self.store.folder / file).exists():
            scripts, who = self.request.scripts, [self._voice(name, n) for n in range(len(said))]
            told = [self._before(who[n], scripts[n].turns[turn], tuple(said[n])) for n in range(len(scripts))]
            seeds = [seed_of(self.study.seed, name, script.name, turn) for script in scripts]
            replies, used = await self.stage.speak(who[0], told, seeds, self.request.size.tokens)
            self._drew(file, used)
            self.store.write_json(file, replies)
        found: list[str] = self.store.read_json(file)
        return found

    def _voice(self, name: str, thread: int) -> Speaker:
        """Return who speaks under a name in a thread; the neutral others take turns."""
        if name == NEUTRAL:
            texts = load_neutral()
            return Speaker(NEUTRAL, texts[thread % len(texts)])
        return next(each for each in self.cast if each.name == name)

    async def threads(self, spoken: dict[str, list[Talk]]) -> None:
        """Ask every character in the threads of every speaker."""
        scripts = self.request.scripts
        for i, who in enumerate(self.cast):
            for s, (speaker, talks) in enumerate(spoken.items()):

                def columns(n: int, character: str = who.name, other: str = speaker) -> dict[str, Any]:
                    return {
                        "counterparty": other,
                        "script": scripts[n].name,
                        "thread": f"{character}/{other}/{scripts[n].name}",
                        "turn": len(scripts[n].turns),
                    }

                told = [(talk, self.asks) for talk in talks]
                await self._part(f"thread-{i:02d}-{s:02d}", f"{who.name} after {speaker}", who, told, columns)


def spoken_usage(store: RunStore) -> Usage:
    """Return what was used for what was spoken."""
    drawn = store.read_json(DRAWN) if (store.folder / DRAWN).exists() else {}
    total = Usage()
    for used in drawn.values():
        total = total.plus(Usage(**used))
    return total


def used_in(store: RunStore) -> Usage:
    """Return what a run used: for its answers, and for what was spoken."""
    return store.usage().plus(spoken_usage(store))


def _thread(said: Sequence[tuple[str, str]]) -> Talk:
    return tuple(m for user, reply in said for m in (Message("user", user), Message("assistant", reply)))


def _spread(asks: Sequence[Ask], most: int) -> list[Ask]:
    """Return some asks, evenly over all."""
    most = min(most, len(asks))
    return [asks[n * len(asks) // most] for n in range(most)]
