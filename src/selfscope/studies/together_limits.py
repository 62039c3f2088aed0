"""Stages of characters together that count: one that asks nothing, and one that stops at a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from selfscope.errors import BadInput
from selfscope.models.ground import Ground
from selfscope.studies.together_stage import Speaker, Stage, Talk
from selfscope.values import Answer, Answers, Prompt, Usage


class Reckoned:
    """A stage on which nothing is asked: it counts what asking would use. Replies are as long as they may be.

    Attributes
    ----------
    used
        What all that was asked so far would have taken.
    """

    def __init__(self, ground: Ground) -> None:
        if ground.identity.kind != "local":
            raise BadInput("characters share local weights", got=ground.identity.name)
        self._ground, self.used = ground, Usage()

    async def alone(self, who: Speaker, prompts: Sequence[Prompt]) -> Answers:
        """Return even answers, and count what the ground would use."""
        return self._answers(self._ground.forecast(prompts))

    async def beside(self, rows: Sequence[tuple[Speaker, Prompt]]) -> Answers:
        """Return even answers, and count what the rows would use: a batch shares no beginning."""
        used = self._ground.forecast([prompt for _, prompt in rows])
        return self._answers(replace(used, distinct_tokens=used.input_tokens))

    def _answers(self, used: Usage) -> Answers:
        self.used = self.used.plus(used)
        return Answers(((Answer(-1.0, "log_prob", "logprob"),),) * used.prompts, used)

    async def speak(
        self, who: Speaker, talks: Sequence[Talk], seeds: Sequence[int], tokens: int, temperature: float = 1.0
    ) -> tuple[list[str], Usage]:
        """Return words, and count what drawing would use."""
        return self._said(talks, tokens)

    async def speak_beside(
        self, rows: Sequence[tuple[Speaker, Talk]], tokens: int
    ) -> tuple[list[str], Usage]:
        """Return words, and count what drawing would use."""
        return self._said([talk for _, talk in rows], tokens)

    def _said(self, talks: Sequence[Talk], tokens: int) -> tuple[list[str], Usage]:
        put_in = sum(self._ground.count_tokens(m.content) for talk in talks for m in talk)
        drawn = len(talks) * tokens
        used = Usage(len(talks), put_in, put_in, drawn, cost=0.0, calls=len(talks))
        self.used = self.used.plus(used)
        return [" ".join(["word"] * tokens)] * len(talks), used

    def length(self, text: str) -> int:
        """Return the tokens of a text."""
        return self._ground.count_tokens(text)

    def cut(self, text: str, tokens: int) -> str:
        """Return the first words of a text."""
        return " ".join(text.split()[:tokens])


class Purse(Protocol):
    """What knows how much may still be used; :class:`selfscope.studies.apart_play.Watched` is one."""

    def insist(self, coming: Usage) -> None:
        """Stop before what is coming would go over the budget: Stopped."""
        ...

    def spend(self, used: Usage) -> None:
        """Count what was used."""
        ...


class Limited:
    """A stage that stops before a call would go over a budget; every reply is reckoned as long as it may be.

    Parameters
    ----------
    ground
        By which coming calls are reckoned.
    """

    def __init__(self, stage: Stage, ground: Ground, purse: Purse) -> None:
        self._stage, self._ground, self.purse = stage, ground, purse

    async def alone(self, who: Speaker, prompts: Sequence[Prompt]) -> Answers:
        """Return exact answers of one character on weights of its own."""
        ahead = Reckoned(self._ground)
        await ahead.alone(who, prompts)
        self.purse.insist(ahead.used)
        return self._counted(await self._stage.alone(who, prompts))

    async def beside(self, rows: Sequence[tuple[Speaker, Prompt]]) -> Answers:
        """Return exact answers of the rows of one batch, each row as its own character."""
        ahead = Reckoned(self._ground)
        await ahead.beside(rows)
        self.purse.insist(ahead.used)
        return self._counted(await self._stage.beside(rows))

    def _counted(self, answers: Answers) -> Answers:
        self.purse.spend(answers.usage)
        return answers

    async def speak(
        self, who: Speaker, talks: Sequence[Talk], seeds: Sequence[int], tokens: int, temperature: float = 1.0
    ) -> tuple[list[str], Usage]:
        """Return what one character says next in every conversation."""
        ahead = Reckoned(self._ground)
        await ahead.speak(who, talks, seeds, tokens, temperature)
        self.purse.insist(ahead.used)
        said, used = await self._stage.speak(who, talks, seeds, tokens, temperature)
        self.purse.spend(used)
        return said, used

    async def speak_beside(
        self, rows: Sequence[tuple[Speaker, Talk]], tokens: int
    ) -> tuple[list[str], Usage]:
        """Return the likeliest replies of several characters, drawn as rows of one batch."""
        ahead = Reckoned(self._ground)
        await ahead.speak_beside(rows, tokens)
        self.purse.insist(ahead.used)
        said, used = await self._stage.speak_beside(rows, tokens)
        self.purse.spend(used)
        return said, used

    def length(self, text: str) -> int:
        """Return the tokens of a text."""
        return self._stage.length(text)

    def cut(self, text: str, tokens: int) -> str:
        """Return the first tokens of a text."""
        return self._stage.cut(text, tokens)
