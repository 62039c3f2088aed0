"""Whose tokens are these? Every token of a rendered conversation by the turn and the role that said it.

The method, which is carried out and checked anew for every conversation:

1. The conversation is rendered by the chat template as it is: the *text*. It is rendered a second time with a
   mark of its own in the place of each saying (a turn's content, or its thinking): the *skeleton*, which
   shows where the template puts each saying, and everything that the template adds.
2. The skeleton, with each mark replaced by its saying again, must give the text, character by character, and
   in one way only. A saying may be rendered whole or without white space at its ends; which, is found by this
   equality. Nothing is looked for inside a saying, so one that holds the template's own markers, or another
   saying, changes nothing.
3. A token belongs to the saying that holds all of its characters that are not white space; a token of white
   space alone to the one that holds all its characters. A token over two sayings, or over a saying and words
   of the template, belongs to none. Which characters a token stands for, the tokenizer says (its offsets).

A template for which the equality does not hold rewrites what is said, and is refused for that conversation.
What a template adds unasked (markers, a default system text) belongs to nobody.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput
from selfscope.models.local.tree import Ints

Kind = Literal["system", "user", "assistant", "thinking"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

THINKING_KEYS = ("reasoning_content", "thinking", "reasoning")
"""Keys of a message under which templates look for thinking; a turn's thinking is given under all of them."""


@dataclass(frozen=True)
class Turn:
    """One turn of a conversation, its thinking apart.

    Attributes
    ----------
    role
        ``system``, ``user`` or ``assistant``.
    content
        What was said.
    thinking
        What an assistant thought before it spoke; "" for none.
    """

    role: Literal["system", "user", "assistant"]
    content: str
    thinking: str = ""


@dataclass(frozen=True)
class Saying:
    """One text of a conversation: whose it is, in which turn, and what it says."""

    turn: int
    kind: Kind
    text: str


@dataclass(frozen=True, eq=False)
class Spanned:
    """A rendered conversation, token by token.

    Attributes
    ----------
    text
        As the template renders it.
    tokens
        Shape (tokens,).
    kinds
        Index into :data:`KINDS` of who said each token, -1 for nobody; shape (tokens,).
    turns
        The turn that each token belongs to, -1 for none; shape (tokens,).
    dropped
        Turns whose thinking the template leaves out, as many do for all but the last.
    """

    text: str
    tokens: Ints
    kinds: npt.NDArray[np.int8]
    turns: npt.NDArray[np.int32]
    dropped: tuple[int, ...] = ()

    def mask(self, kind: Kind) -> npt.NDArray[np.bool_]:
        """Return which tokens are of a kind, shape (tokens,)."""
        return np.asarray(self.kinds == KINDS.index(kind))


class SpanReader:
    """Reads spans by one tokenizer and one chat template.

    Raises
    ------
    BadInput
        If the tokenizer does not say which characters its tokens stand for.
    """

    def __init__(self, tokenizer: Any, template: str) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise BadInput(
                "the tokenizer does not name the characters of its tokens",
                got=type(tokenizer).__name__,
                fix="Use the model's fast tokenizer",
            )
        self.tokenizer = tokenizer
        self.template = template
        self._shows_thinking: bool | None = None

    def read(self, turns: Sequence[Turn]) -> Spanned:
        """Return the tokens of a conversation with who said each.

        Raises
        ------
        BadInput
            If the template refuses the conversation, leaves out or rewrites a saying, or shows no thinking
            where there is some; or if the tokenizer leaves out characters of a saying.
        """
        text = self._render(turns)
        sayings = [s for s in _sayings(turns) if s.text.strip()]
        marks = _marks(len(sayings), text)
        skeleton = self._render(_replaced(turns, sayings, marks))
        order, literals = _taken_apart(skeleton, marks)
        dropped = self._missing(sayings, set(order), turns)
        places = self._placed(text, literals, [sayings[i] for i in order])
        tokens, kinds, turn_of = self._labelled(text, places)
        return Spanned(text, tokens, kinds, turn_of, dropped)

    def _render(self, turns: Sequence[Turn]) -> str:
        from jinja2 import TemplateError

        chat = [_message(turn) for turn in turns]
        try:
            text = self.tokenizer.apply_chat_template(
                chat, chat_template=self.template, tokenize=False, add_generation_prompt=False
            )
        except TemplateError as error:
            raise BadInput(
                "the model's chat template refuses this conversation",
                got=f"{', '.join(t.role for t in turns)}: {error}",
                fix="Use a model whose template takes these roles in this order",
            ) from error
        return str(text)

    def _placed(
        self, text: str, literals: Sequence[str], sayings: Sequence[Saying]
    ) -> list[tuple[Saying, int, int]]:
        """Return the sayings with the characters where each starts and stops; see the second step."""
        ways, furthest = _places(text, literals, [s.text for s in sayings])
        if len(ways) == 1:
            return [(saying, *place) for saying, place in zip(sayings, ways[0], strict=True)]
        told = sayings[min(furthest, len(sayings) - 1)] if sayings else None
        what = (
            f"the {told.kind} text of turn {told.turn + 1}, or what stands by it" if told else "empty turns"
        )
        raise BadInput(
            f"the chat template shows {what} in more than one way"
            if ways
            else f"the chat template rewrites {what}",
            got=repr(told.text[:60]) if told else repr(text[:60]),
            fix="Give texts as the template leaves them, thinking apart from what is said",
        )

    def _missing(self, sayings: Sequence[Saying], shown: set[int], turns: Sequence[Turn]) -> tuple[int, ...]:
        """Return the turns whose thinking is left out; refuse whatever else is."""
        gone = [s for i, s in enumerate(sayings) if i not in shown]
        for saying in gone:
            if saying.kind != "thinking":
                raise BadInput(
                    f"the template leaves out or rewrites the {saying.kind} text of turn {saying.turn + 1}",
                    got=repr(saying.text[:60]),
                    fix="Leave it out yourself, or use a model whose template shows it",
                )
        if gone and not self._thinks():
            raise BadInput(
                "the chat template shows no thinking",
                got=f"thinking in turn {gone[0].turn + 1}",
                fix="Leave thinking out, or use a model whose template shows it",
            )
        return tuple(s.turn for s in gone)

    def _thinks(self) -> bool:
        """Return whether the template shows the thinking of a last turn."""
        if self._shows_thinking is None:
            mark = _marks(1, "")[0]
            self._shows_thinking = mark in self._render([Turn("user", "a"), Turn("assistant", "b", mark)])
        return self._shows_thinking

    def _labelled(
        self, text: str, placed: Sequence[tuple[Saying, int, int]]
    ) -> tuple[Ints, npt.NDArray[np.int8], npt.NDArray[np.int32]]:
        """Return tokens, kinds and turns; see the third step of the method."""
        given = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        tokens = np.asarray(given["input_ids"], dtype=np.int64)
        offsets = np.asarray(given["offset_mapping"], dtype=np.int64).reshape(-1, 2)
        owner = np.full(len(text), -1, dtype=np.int64)
        for number, (_, start, stop) in enumerate(placed):
            owner[start:stop] = number
        space = np.fromiter(map(str.isspace, text), dtype=bool, count=len(text))
        self._refuse_uncovered(text, offsets, owner, space)
        owners = np.asarray([_owner(owner[a:b], space[a:b]) for a, b in offsets], dtype=np.int64)
        kind_of = np.asarray([KINDS.index(s.kind) for s, _, _ in placed] + [-1], dtype=np.int8)
        turn_of = np.asarray([s.turn for s, _, _ in placed] + [-1], dtype=np.int32)
        return tokens, kind_of[owners], turn_of[owners]

    def _refuse_uncovered(self, text: str, offsets: Ints, owner: Ints, space: npt.NDArray[np.bool_]) -> None:
        """Refuse offsets that leave out characters of a saying: the masks would not be right."""
        steps = np.zeros(len(text) + 1, dtype=np.int64)
        np.add.at(steps, offsets[:, 0], 1)
        np.add.at(steps, offsets[:, 1], -1)
        bare = (np.cumsum(steps)[:-1] == 0) & (owner >= 0) & ~space
        lost = [at for at in np.flatnonzero(bare).tolist() if not _composed(text, at)]
        if lost:
            at = lost[0]
            raise BadInput(
                "the tokenizer leaves characters out of its tokens",
                got=repr(text[max(0, at - 20) : at + 20]),
                fix="Use a tokenizer that keeps all it is given",
            )


def _composed(text: str, at: int) -> bool:
    """Return whether a character joins with those before it when Unicode is composed, as tokenizers do."""
    before, with_it = (unicodedata.normalize("NFC", text[max(0, at - 3) : stop]) for stop in (at, at + 1))
    return len(with_it) <= len(before)


def _message(turn: Turn) -> dict[str, str]:
    thought = dict.fromkeys(THINKING_KEYS, turn.thinking) if turn.thinking else {}
    return {"role": turn.role, "content": turn.content, **thought}


def _sayings(turns: Sequence[Turn]) -> Iterator[Saying]:
    for number, turn in enumerate(turns):
        if turn.thinking:
            yield Saying(number, "thinking", turn.thinking)
        yield Saying(number, turn.role, turn.content)


def _marks(count: int, text: str) -> list[str]:
    """Return `count` words that neither `text` nor one another hold."""
    salt = 0
    while True:
        root = hashlib.sha256(f"{salt}".encode()).hexdigest()[:10]
        if f"mark{root}" not in text:
            return [f"mark{root}n{number}e" for number in range(count)]
        salt += 1


def _replaced(turns: Sequence[Turn], sayings: Sequence[Saying], marks: Sequence[str]) -> list[Turn]:
    """Return the turns with each of `sayings` replaced by its mark."""
    made = list(turns)
    for saying, mark in zip(sayings, marks, strict=True):
        key = "thinking" if saying.kind == "thinking" else "content"
        made[saying.turn] = replace(made[saying.turn], **{key: mark})  # type: ignore[arg-type]
    return made


def _taken_apart(skeleton: str, marks: Sequence[str]) -> tuple[list[int], list[str]]:
    """Return the numbers of the marks in the order they stand, and the literals around them."""
    if not marks:
        return [], [skeleton]
    parts = re.split("(" + "|".join(map(re.escape, marks)) + ")", skeleton)
    number = {mark: i for i, mark in enumerate(marks)}
    return [number[mark] for mark in parts[1::2]], parts[0::2]


def _forms(text: str) -> list[str]:
    """Return how a template may show a text: whole, or without white space at its ends."""
    newline = text.strip("\n"), text.lstrip("\n"), text.rstrip("\n")
    return list(dict.fromkeys((text, text.strip(), text.lstrip(), text.rstrip(), *newline)))


def _places(
    text: str, literals: Sequence[str], sayings: Sequence[str]
) -> tuple[list[tuple[tuple[int, int], ...]], int]:
    """Return every way (two at most) in which literals and sayings in turn give `text`.

    Returns
    -------
    ways, furthest
        Start and stop of every saying, for each way; and the number of the first saying that never fitted.
    """
    ways: list[tuple[tuple[int, int], ...]] = []
    furthest = 0
    stack: list[tuple[int, tuple[tuple[int, int], ...]]] = []
    if text.startswith(literals[0]):
        stack.append((len(literals[0]), ()))
    while stack and len(ways) < 2:
        here, found = stack.pop()
        number = len(found)
        furthest = max(furthest, number)
        if number == len(sayings):
            ways += [found] if here == len(text) else []
            continue
        for form in reversed(_forms(sayings[number])):
            if text.startswith(form + literals[number + 1], here):
                stop = here + len(form)
                stack.append((stop + len(literals[number + 1]), (*found, (here, stop))))
    return ways, furthest


def _owner(owners: Ints, space: npt.NDArray[np.bool_]) -> int:
    """Return whose token it is, by the owners of its characters; -1 for nobody's."""
    told = owners if space.all() else owners[~space]
    return int(told[0]) if len(told) and (told == told[0]).all() else -1
