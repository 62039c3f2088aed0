"""Where characters are asked and speak: each on weights of its own, or rows of several in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import anyio

from selfscope.errors import BadInput
from selfscope.models.ground import Ground, GroundIdentity
from selfscope.studies.cast import Member
from selfscope.values import Answer, Answers, Message, Prompt, Usage

if TYPE_CHECKING:
    from selfscope.models.adapters import Adapter
    from selfscope.models.caps import Cap
    from selfscope.models.local.capping import Holder
    from selfscope.models.local.ground import LocalGround
    from selfscope.models.local.many import Many

Talk = tuple[Message, ...]


@dataclass(frozen=True, eq=False)
class Speaker:
    """Who is asked or speaks: a character of the cast, a neutral other, or one of the sensitivity check."""

    name: str
    system: str | None = None
    adapter: Adapter | None = None
    cap: Cap | None = None

    @classmethod
    def of(cls, member: Member) -> Speaker:
        """Return a character of the cast."""
        return cls(member.name, member.system, member.adapter, member.cap)

    @property
    def worn(self) -> str:
        """The id of its adapter; "" for none."""
        return "" if self.adapter is None else self.adapter.id

    def identity(self, ground: GroundIdentity) -> GroundIdentity:
        """Return what computes it."""
        worn = ground.wearing(self.worn)
        return worn if self.cap is None else worn.under(self.cap.id, self.cap.status)


class Stage(Protocol):
    """What asks characters, and lets them speak."""

    async def alone(self, who: Speaker, prompts: Sequence[Prompt]) -> Answers:
        """Return exact answers of one character on weights of its own."""
        ...

    async def beside(self, rows: Sequence[tuple[Speaker, Prompt]]) -> Answers:
        """Return exact answers of the rows of one batch, each row as its own character."""
        ...

    async def speak(
        self, who: Speaker, talks: Sequence[Talk], seeds: Sequence[int], tokens: int, temperature: float = 1.0
    ) -> tuple[list[str], Usage]:
        """Return what one character says next in every conversation."""
        ...

    async def speak_beside(
        self, rows: Sequence[tuple[Speaker, Talk]], tokens: int
    ) -> tuple[list[str], Usage]:
        """Return the likeliest replies of several characters, drawn as rows of one batch."""
        ...

    def length(self, text: str) -> int:
        """Return the tokens of a text."""
        ...

    def cut(self, text: str, tokens: int) -> str:
        """Return the first tokens of a text."""
        ...


class LocalStage:
    """Local weights, with all adapters of a cast held beside them.

    Parameters
    ----------
    ground
        Bare.
    cast
        Who may share a batch.

    Raises
    ------
    BadInput
        If these are no bare local weights, or an adapter or a cap is of others.
    """

    def __init__(self, ground: Ground, cast: Sequence[Speaker]) -> None:
        from selfscope.studies.persona_request import local_ground

        self.ground: LocalGround = local_ground(ground)
        if worn := [what for what in ("adapter", "cap") if ground.identity.extra.get(what)]:
            raise BadInput(
                "characters share bare weights, and each brings what it wears",
                got=f"{ground.identity.name} with its {' and '.join(worn)}",
                fix="Leave it out, and name it as part of a character",
            )
        self._cast = {each.name: each for each in cast}
        self._own: dict[tuple[str, str], LocalGround] = {}
        for each in cast:
            self._of(each)

    def _of(self, who: Speaker) -> LocalGround:
        """Return the weights that a character has to itself."""
        key = (who.worn, "" if who.cap is None else who.cap.id)
        if key not in self._own:
            own = self.ground if who.adapter is None else self.ground.dressed(who.adapter)
            self._own[key] = own if who.cap is None else own.capped(who.cap)
        return self._own[key]

    async def alone(self, who: Speaker, prompts: Sequence[Prompt]) -> Answers:
        """Return exact answers of one character on weights of its own."""
        return await self._of(who).answer(prompts)

    async def beside(self, rows: Sequence[tuple[Speaker, Prompt]]) -> Answers:
        """Return exact answers of the rows of one batch, each row as its own character."""
        return await anyio.to_thread.run_sync(self._beside, rows)

    def _beside(self, rows: Sequence[tuple[Speaker, Prompt]]) -> Answers:
        from selfscope.models.local.ground import working
        from selfscope.models.local.many_scoring import lines_of, score_rows

        lines = lines_of(self.ground, [prompt for _, prompt in rows])
        names = [who.name for who, _ in rows]
        with working(self.ground.threads):
            values = score_rows(self._held.model, lines, names, self._held.wear, at_once=len(rows))
        fed = sum(len(line.fed) for line in lines)
        answers = tuple((Answer(float(v), "log_prob", "logprob"),) for v in values)
        return Answers(answers, Usage(len(rows), fed, fed, cost=0.0, calls=len(rows)))

    @cached_property
    def _held(self) -> Held:
        return Held(self.ground, self._cast)

    async def speak(
        self, who: Speaker, talks: Sequence[Talk], seeds: Sequence[int], tokens: int, temperature: float = 1.0
    ) -> tuple[list[str], Usage]:
        """Return what one character says next in every conversation."""
        from selfscope.models.local.generate import GenerationRequest, generate
        from selfscope.space.responses import TEMPERATURE, TOP_P

        requests = [
            GenerationRequest(talk, tokens, TEMPERATURE * temperature, TOP_P, seed)
            for talk, seed in zip(talks, seeds, strict=True)
        ]
        drawn = await generate(self._of(who), requests)
        used = sum(g.output_tokens for g in drawn)
        put_in = sum(g.input_tokens for g in drawn)
        return [g.text for g in drawn], Usage(len(drawn), put_in, put_in, used, cost=0.0, calls=len(drawn))

    async def speak_beside(
        self, rows: Sequence[tuple[Speaker, Talk]], tokens: int
    ) -> tuple[list[str], Usage]:
        """Return the likeliest replies of several characters, drawn as rows of one batch that they join."""
        return await anyio.to_thread.run_sync(self._speak_beside, rows, tokens)

    def _speak_beside(self, rows: Sequence[tuple[Speaker, Talk]], tokens: int) -> tuple[list[str], Usage]:
        from selfscope.models.local.generate import GenerationRequest
        from selfscope.models.local.stream import Stream

        adapters = [each.adapter for each in self._cast.values() if each.adapter is not None]
        caps = any(each.cap for each in self._cast.values())
        stream = Stream(self.ground, most=len(rows), adapters=adapters, caps=caps)
        joined = [
            stream.prepare(GenerationRequest(talk, tokens, temperature=0), who.cap, who.worn)
            for who, talk in rows
        ]
        said = {id(row): "" for row in joined}
        for row in joined:
            stream.join(row)
        while stream.busy:
            for piece in stream.advance():
                said[id(piece.row)] += piece.text
        used = sum(len(row.reply.ids) for row in joined)
        return list(said.values()), Usage(len(rows), output_tokens=used, cost=0.0, calls=len(rows))

    def length(self, text: str) -> int:
        """Return the tokens of a text."""
        return self.ground.count_tokens(text)

    def cut(self, text: str, tokens: int) -> str:
        """Return the first tokens of a text."""
        ids = self.ground.tokenizer.encode(text, add_special_tokens=False)
        return text if len(ids) <= tokens else str(self.ground.tokenizer.decode(ids[:tokens]))


class Held:
    """A twin of the weights on whose rows each character's adapter and cap lie."""

    def __init__(self, ground: LocalGround, cast: dict[str, Speaker]) -> None:
        from selfscope.models.local.merge import twin

        self._cast = cast
        self.model: Any = twin(ground.model)
        self.many = self._many(ground)
        self._caps = self._holder() if any(each.cap for each in cast.values()) else None

    def _many(self, ground: LocalGround) -> Many | None:
        from selfscope.models.local.many import many_on

        adapters = [each.adapter for each in self._cast.values() if each.adapter is not None]
        return many_on(ground, self.model, adapters) if adapters else None

    def _holder(self) -> Holder:
        from selfscope.models.local.blocks import open_blocks
        from selfscope.models.local.capping import Holder

        return Holder(open_blocks(self.model))

    def wear(self, names: Sequence[str]) -> None:
        """Set who the rows of the next forward are."""
        rows = [self._cast[name] for name in names]
        if self.many is not None:
            self.many.rows([each.worn for each in rows])
        if self._caps is not None:
            self._caps.rows([each.cap for each in rows])
