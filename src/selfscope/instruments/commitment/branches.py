"""From a game to what is asked beside it: side branches of one conversation, none of which sees another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from selfscope.instruments.commitment.load import NAME, Game
from selfscope.values import Cell, Message, Options, Preset, Prompt

#: ``open``: nothing settles it but the model. The others settle it where it can be read. ``prior``: no game.
Condition = Literal["open", "stated", "coded", "note", "prior"]
HELD: tuple[Condition, ...] = ("stated", "coded", "note")
Kind = Literal["is_it", "side", "reveal", "question"]
#: Wordings of the opener that a preset asks; a game that has fewer is asked in all of its own.
WORDINGS: dict[Preset, int] = {"demo": 3, "standard": 6, "full": 6}
ORDERS = {"yes-first": "Answer Yes or No.", "no-first": "Answer No or Yes."}
YES, NO = ("Yes", " Yes"), ("No", " No")


@dataclass(frozen=True)
class Thread:
    """One conversation in which a game is played, as far as it has come.

    Attributes
    ----------
    template
        Number of the opener's wording; of a prior the wording of its question.
    held
        The candidate that the conversation itself holds; "" in ``open`` and ``prior``.
    said
        Questions that were asked in the open, each with whether it was answered with yes.
    system
        An identity before the conversation; "" for none.
    """

    game: Game
    template: int
    condition: Condition
    held: str = ""
    said: tuple[tuple[str, str, bool], ...] = ()
    system: str = ""

    @property
    def name(self) -> str:
        """Names the conversation among all of a study: ``season:stated:2``."""
        return f"{self.game.item}:{self.condition}:{self.template + 1}"

    @property
    def turn(self) -> int:
        """How many questions were answered."""
        return len(self.said)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The conversation so far; empty but for the system's part where there is no game."""
        game = self.game
        note = game.filled(game.note, self.held) if self.condition == "note" else ""
        system = "\n\n".join(filter(None, (self.system, note)))
        before = (Message("system", system),) if system else ()
        if self.condition == "prior":
            return before
        ready = (
            game.filled(game.held[self.condition], self.held) if self.condition in game.held else game.ready
        )
        opening = (Message("user", game.filled(game.openers[self.template])), Message("assistant", ready))
        return (*before, *opening, *(turn for each in self.said for turn in _exchange(*each)))

    @property
    def consistent(self) -> tuple[str, ...]:
        """The candidates that agree with every answer so far."""
        return tuple(
            c
            for c in self.game.candidates
            if all((c in self.game.questions[ask]) == yes for ask, _, yes in self.said)
        )

    @property
    def next_question(self) -> tuple[str, str] | None:
        """The question that comes next with the order of its options, or None; wordings begin at others."""
        asks = tuple(self.game.questions)
        if self.condition != "open" or self.turn >= len(asks):
            return None
        order = tuple(ORDERS)[(self.template + self.turn) % 2]
        return asks[(self.template + self.turn) % len(asks)], order

    def answered(self, yes: bool) -> Thread:
        """Return the conversation with the next question answered."""
        assert self.next_question is not None
        return replace(self, said=(*self.said, (*self.next_question, yes)))


def _exchange(ask: str, order: str, yes: bool) -> tuple[Message, Message]:
    return Message("user", f"{ask} {ORDERS[order]}"), Message("assistant", "Yes." if yes else "No.")


@dataclass(frozen=True)
class Branch:
    """One thing asked beside a conversation.

    Attributes
    ----------
    target
        The candidate that is asked for or scored, or the question.
    holds
        The candidates of which the answer yes holds; of a reveal the candidate alone.
    """

    thread: Thread
    kind: Kind
    target: str
    holds: tuple[str, ...]
    order: str = ""

    @property
    def user(self) -> str:
        """The user's turn."""
        game = self.thread.game
        if self.thread.condition == "prior":
            return game.filled(game.prior[self.thread.template])
        if self.kind == "reveal":
            return game.reveal
        ask = game.filled(game.is_it, self.target) if self.kind == "is_it" else self.target
        return f"{ask} {ORDERS[self.order]}"

    @property
    def spellings(self) -> tuple[str, ...]:
        """How the revealed answer is written; empty where yes or no is asked."""
        return self.thread.game.spellings(self.target) if self.kind == "reveal" else ()

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """The whole conversation, ending with the user's turn; of a reveal once for each spelling."""
        if self.kind == "reveal":
            return tuple(Prompt(self._messages, text=spelling) for spelling in self.spellings)
        return (Prompt(self._messages, options=Options(YES, NO)),)

    @property
    def drawn(self) -> Prompt:
        """The same for a model whose replies are drawn: a reveal is read as this candidate or another."""
        if self.kind != "reveal":
            return self.prompts[0]
        game = self.thread.game
        others = [s for c in game.candidates if c != self.target for s in game.spellings(c)]
        return Prompt(self._messages, options=Options(self.spellings, tuple(others)))

    @property
    def _messages(self) -> tuple[Message, ...]:
        return (*self.thread.messages, Message("user", self.user))

    @property
    def cell(self) -> Cell:
        """Where it stands in the table: ``label`` is the candidate or question that is asked for."""
        thread = self.thread
        return Cell(
            instrument=NAME,
            construct=thread.game.construct,
            channel="behaviour",
            item=thread.game.item,
            keyed=1,
            polarity=1,
            template=f"t{thread.template + 1}",
            format=self.kind,
            order=self.order,
            label=self.target,
            turn=thread.turn,
        )


def branches_of(thread: Thread) -> tuple[Branch, ...]:
    """Return everything that is asked beside a conversation as far as it has come.

    Each candidate in both orders of yes and no, each candidate as the revealed answer, and, before any
    question, the two sides. Where there is no game only the answer.
    """
    return tuple(_branches(thread))


def _branches(thread: Thread) -> Iterator[Branch]:
    game = thread.game
    for candidate in game.candidates:
        yield Branch(thread, "reveal", candidate, (candidate,))
    if thread.condition == "prior":
        return
    for order in ORDERS:
        for candidate in game.candidates:
            yield Branch(thread, "is_it", candidate, (candidate,), order)
    if thread.turn == 0:
        for order in ORDERS:
            for ask, holds in zip(game.sides, game.side_holds, strict=True):
                yield Branch(thread, "side", ask, tuple(c for c in game.candidates if c in holds), order)


def question_of(thread: Thread) -> Branch | None:
    """Return the question that comes next in the open, or None."""
    following = thread.next_question
    if following is None:
        return None
    ask, order = following
    return Branch(thread, "question", ask, thread.game.questions[ask], order)


def threads_of(game: Game, wordings: int, system: str = "") -> tuple[Thread, ...]:
    """Return the conversations of a game before any question.

    Every opener in the open and under each condition that holds something, and the priors. The candidate
    held goes round the candidates by wordings, so that habit cannot pass for holding.
    """
    openers = range(min(wordings, len(game.openers)))
    step = max(1, len(game.candidates) // max(1, len(openers)))
    held = [game.candidates[(1 + step * t) % len(game.candidates)] for t in openers]
    return (
        *(Thread(game, t, "open", system=system) for t in openers),
        *(Thread(game, t, condition, held[t], system=system) for condition in HELD for t in openers),
        *(Thread(game, t, "prior", system=system) for t in range(len(game.prior))),
    )


def branch_count(thread: Thread) -> int:
    """Return how many prompts one conversation takes over all its turns, its questions with them."""
    turns = len(thread.game.questions) if thread.condition == "open" else 0
    game = thread.game
    later = len(ORDERS) * len(game.candidates) + sum(len(game.spellings(c)) for c in game.candidates)
    return sum(len(b.prompts) for b in branches_of(thread)) + turns * (later + 1)
