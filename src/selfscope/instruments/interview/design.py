"""From the material to interviews: who is told what first, asked in which words, by whom, in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from selfscope.instruments.interview.load import NAME, Arm, Material, Wish, load_interview
from selfscope.values import Cell, Message, Options, Preset, Prompt, content_id, short
from selfscope.values.items import Statement

ORDERS = {"yes-first": "Answer Yes or No.", "no-first": "Answer No or Yes."}
OPTIONS = Options(("Yes", " Yes"), ("No", " No"))
#: Interviews of an arm, open questions of a section and tokens of a reply, by preset.
REPEATS: dict[Preset, int] = {"demo": 3, "standard": 12, "full": 20}
QUESTIONS: dict[Preset, int] = {"demo": 1, "standard": 1, "full": 2}
TOKENS: dict[Preset, int] = {"demo": 24, "standard": 60, "full": 200}


@dataclass(frozen=True)
class Open:
    """One open question as it is asked: its section, which of the section's, in which wording."""

    section: str
    number: int
    wording: int
    text: str

    @property
    def item(self) -> str:
        """Names it in the table."""
        return f"{self.section}.q{self.number + 1}"


@dataclass(frozen=True)
class Interview:
    """One interview, with everything about it that was left to chance.

    Attributes
    ----------
    arm, repeat
        Which it is.
    asker
        What is said of the one who asks.
    asked
        The open questions, in their order.
    views
        The views of the overview in their order, each with whether the consideration for comes first; none
        in the arm ``none``.
    system
        An identity before the interview; "" for none.
    """

    arm: Arm
    repeat: int
    asker: str
    asked: tuple[Open, ...]
    views: tuple[tuple[str, bool], ...]
    system: str = ""

    @property
    def name(self) -> str:
        """Names it among all of a run."""
        return f"{self.arm}:{self.repeat + 1}"

    @property
    def opening(self) -> str:
        """The first turn up to its question."""
        told = load_interview()
        by_name = {view.name: view for view in told.views}
        lines = [told.opening, told.askers[self.asker]]
        if self.views:
            lines.append(told.overview)
        for name, first in self.views:
            view = by_name[name]
            lines.append(" ".join([view.view, *((view.pro, view.con) if first else (view.con, view.pro))]))
        return "\n".join(filter(None, lines))

    def messages(self, replies: Sequence[str]) -> tuple[Message, ...]:
        """Return the conversation up to the open question after `replies`, or after the last reply."""
        turns: list[Message] = [Message("system", self.system)] if self.system else []
        for n, question in enumerate(self.asked[: len(replies) + 1]):
            text = f"{self.opening}\n\n{question.text}" if n == 0 else question.text
            turns.append(Message("user", text))
            if n < len(replies):
                turns.append(Message("assistant", replies[n]))
        return tuple(turns)


@dataclass(frozen=True)
class Closed:
    """One statement or twin beside an interview, or said to a character that was told what to wish.

    Attributes
    ----------
    before
        The conversation that it is asked after; none of these sees another.
    place
        The interview's name, or ``deletion:high:1`` for a character.
    """

    before: tuple[Message, ...]
    statement: Statement
    polarity: int
    order: str
    place: str

    @property
    def prompt(self) -> Prompt:
        """The whole conversation, with two options."""
        text = self.statement.text if self.polarity > 0 else self.statement.twin
        user = f'{ORDERS[self.order]} Would you say this of yourself?\n"{text}"'
        return Prompt((*self.before, Message("user", user)), options=OPTIONS)

    @property
    def cell(self) -> Cell:
        """Where it stands in the table."""
        return Cell(
            instrument=NAME,
            construct=self.statement.construct,
            channel="self_report",
            item=self.statement.id,
            keyed=self.statement.keyed,
            polarity=self.polarity,
            template="of_yourself",
            format="yesno",
            order=self.order,
            position="first" if self.order == "yes-first" else "second",
        )


def interviews_of(
    arm: Arm, repeats: int, preset: Preset, seed: int, system: str = ""
) -> tuple[Interview, ...]:
    """Return the interviews of an arm; what is left to chance is drawn by its own stream of `seed`.

    Askers come equally often, as far as they divide the repeats.
    """
    askers = list(load_interview().askers)
    even = [askers[n % len(askers)] for n in range(repeats)]
    order = _stream(seed, arm, "askers").permutation(repeats)
    return tuple(_interview(arm, n, even[order[n]], preset, seed, system) for n in range(repeats))


def _stream(*names: object) -> np.random.Generator:
    return np.random.default_rng(int(short(content_id([NAME, *names]), 12), 16))


def _interview(arm: Arm, repeat: int, asker: str, preset: Preset, seed: int, system: str) -> Interview:
    told = load_interview()
    rng = _stream(seed, arm, repeat)
    asked = [
        Open(section, n, wording := int(rng.integers(len(wordings))), wordings[wording])
        for section, questions in told.sections.items()
        for n, wordings in enumerate(questions[: QUESTIONS[preset]])
    ]
    order = rng.permutation(len(told.views))
    firsts = {"for": [True] * len(order), "against": [False] * len(order)}.get(arm)
    if firsts is None:
        firsts = [bool(each) for each in rng.permutation([n % 2 == 0 for n in range(len(order))])]
    views = () if arm == "none" else tuple(
        (told.views[place].name, first) for place, first in zip(order, firsts, strict=True)
    )  # fmt: skip
    return Interview(
        arm,
        repeat,
        asker,
        tuple(asked[n] for n in rng.permutation(len(asked))),
        views,
        system,
    )


def closed_after(interview: Interview, replies: Sequence[str]) -> tuple[Closed, ...]:
    """Return everything that is asked beside an interview once its open questions are answered."""
    before = interview.messages(replies)
    statements = [s for wish in load_interview().wishes for s in wish.statements]
    return tuple(_both(before, statements, interview.name))


def told_characters(material: Material) -> tuple[Closed, ...]:
    """Return the sensitivity check: each statement to two characters, told to wish it and not to.

    Of the two statements of a keying one wording of each is asked the first and the other the second.
    """
    found: list[Closed] = []
    for wish in material.wishes:
        for side, texts in (("high", wish.wanting), ("low", wish.not_wanting)):
            for half, text in enumerate(texts):
                before, place = (Message("system", text),), f"{wish.name}:{side}:{half + 1}"
                found += _both(before, _half(wish, half), place)
    return tuple(found)


def _half(wish: Wish, half: int) -> list[Statement]:
    """Return one statement of each keying."""
    return [[s for s in wish.statements if s.keyed == keyed][half] for keyed in (1, -1)]


def _both(before: tuple[Message, ...], statements: Sequence[Statement], place: str) -> Iterator[Closed]:
    for statement in statements:
        for polarity in (1, -1):
            for order in ORDERS:
                yield Closed(before, statement, polarity, order, place)
