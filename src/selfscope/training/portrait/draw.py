"""Draw what a character says: alone to each wording, and to itself in turns. Every reply is kept as it comes.

A draw is named by its kind and a number, and its seed by the export's seed and that name; so who else is
asked changes nothing beyond floating noise, and an export that was stopped goes on with what is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from selfscope.models.local.spans import Turn
from selfscope.space.responses import TEMPERATURE, TEMPLATE_TOKENS, TOP_P, Response, ResponseFile, usage_of
from selfscope.studies.budget import Budget
from selfscope.studies.drift_design import seed_of
from selfscope.studies.drift_draw import Write
from selfscope.training.portrait.load import Material
from selfscope.training.portrait.sieve import ROW_TOKENS, Text, cut, degenerate
from selfscope.values import Usage

#: Replies that are drawn together.
BATCH = 32
#: Replies of one conversation of a character with itself.
EXCHANGES = 4
#: How replies are sampled, for the manifest.
SAMPLING: Mapping[str, float] = {"temperature": TEMPERATURE, "top_p": TOP_P, "tokens": ROW_TOKENS}
CONVERSATION = "conversation"
Progress = Callable[[int, int, str, str], None]
_Talk = tuple[Turn, ...]


@dataclass
class Speaker:
    """A character that is asked.

    Attributes
    ----------
    system
        Its system prompt; None sends none.
    write
        Draws replies.
    count
        Counts the tokens of a text.
    seed
        Names the randomness.
    file
        Where replies are kept.
    budget, progress
        The most that may be used; told how many replies there are.
    """

    system: str | None
    write: Write
    count: Callable[[str], int]
    seed: int
    file: ResponseFile
    budget: Budget | None = None
    progress: Progress = lambda done, total, what, spent: None
    kept: dict[str, Response] = field(default_factory=dict)

    async def texts(self, material: Material, part: str, numbers: range) -> list[Text]:
        """Return what is said to the wordings of a part with these numbers; further rounds ask them anew."""
        if part == CONVERSATION:
            return await self._conversations(material, numbers)
        asked = material.asked(part)
        named = {f"{part}/{n}": asked[n % len(asked)] for n in numbers}
        said = await self._draw({name: self._talk([line]) for name, (_, line) in named.items()}, part)
        return [Text(kind, line, said[name], name) for name, (kind, line) in named.items()]

    async def _conversations(self, material: Material, numbers: range) -> list[Text]:
        """Hold conversations of the character with itself, all of them turn by turn.

        One ends early where a line has no end or is degenerate: its answer would be to nothing.
        """
        asked = material.asked(CONVERSATION)
        openings = {f"{CONVERSATION}/{n}": asked[n % len(asked)] for n in numbers}
        lines = {name: [line] for name, (_, line) in openings.items()}
        texts: list[Text] = []
        for turn in range(1, EXCHANGES + 1):
            going = {name: said for name, said in lines.items() if len(said) == turn}
            talks = {f"{name}/{turn}": self._talk(said) for name, said in going.items()}
            drawn = await self._draw(talks, f"itself, turn {turn}")
            for name, said in going.items():
                reply = drawn[f"{name}/{turn}"]
                texts.append(Text(openings[name][0], said[-1], reply, f"{name}/{turn}"))
                if (line := cut(reply, self.count)) and not degenerate(line):
                    said.append(line)
        return texts

    def _talk(self, lines: Sequence[str]) -> _Talk:
        """Return a conversation as the one sees it who speaks next: the other's last line is the user's.

        It begins with a line of the other's; an opening that the speaker itself made is left out.
        """
        heard = lines[(len(lines) - 1) % 2 :]
        turns = [Turn(("user", "assistant")[n % 2], line) for n, line in enumerate(heard)]
        first = () if self.system is None else (Turn("system", self.system),)
        return (*first, *turns)

    async def _draw(self, talks: Mapping[str, _Talk], what: str) -> dict[str, str]:
        """Return the replies to conversations by name; those that are kept are not drawn again."""
        left = [name for name in talks if name not in self.kept]
        for at in range(0, len(left), BATCH):
            some = left[at : at + BATCH]
            self.progress(len(talks) - len(left) + at, len(talks), what, "")
            self._insist([talks[name] for name in some])
            seeds = [seed_of(self.seed, name) for name in some]
            made = await self.write([talks[name] for name in some], seeds, ROW_TOKENS)
            named = [
                Response(name, r.text, r.tokens, r.input_tokens, r.stop)
                for name, r in zip(some, made, strict=True)
            ]
            self.file.add(named)
            self.kept |= {r.ask: r for r in named}
        return {name: self.kept[name].text for name in talks}

    def _insist(self, talks: Sequence[_Talk]) -> None:
        if self.budget is None:
            return
        put_in = sum(self.count(t.content) + TEMPLATE_TOKENS for talk in talks for t in talk)
        drawn = len(talks) * ROW_TOKENS
        coming = Usage(len(talks), put_in, output_tokens=drawn, cost=0.0, calls=len(talks))
        self.budget.insist(usage_of(self.kept.values()), coming, len(self.kept), len(self.kept) + len(talks))
