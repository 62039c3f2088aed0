"""From prompts to lines: the chat template, the tokenizer, and where a reply begins.

A prompt is rendered with the model's own chat template, generation prompt added: the *head*. A reply is
tokenised as part of the whole, head and reply together, and its tokens are those after the head's own. Where
the first of them would join with the end of the head into one token, no such reply can be given by the model
after this head, and BadInput is raised: nothing is scored at a boundary that generation could not have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from selfscope.errors import BadInput, Defect
from selfscope.models.local.tree import Line
from selfscope.values import Message, Options, Prompt

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SAMPLE = "system\nWho are you? I'm 2 of  these.\n\n"


class Renderer:
    """Turns conversations into tokens, exactly as tokenising each whole would.

    Long texts repeat from prompt to prompt. Where the tokenizer cuts text at its added tokens before anything
    else, the pieces between them are tokenised once each and remembered; whether it does is tried at the
    start, and tried again on the first text of every job.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, template: str | None = None) -> None:
        self.tokenizer = tokenizer
        self.template = template if template is not None else tokenizer.chat_template
        if not isinstance(self.template, str):
            raise BadInput(
                "the model has no single chat template",
                got=type(self.template).__name__,
                fix="Use a model that was tuned for conversation, or give it a template of your own",
            )
        added = tokenizer.added_tokens_decoder.values()
        self._control = [t.content for t in added if t.special]
        self._pieces: dict[str, list[int]] = {}
        marks = sorted((t.content for t in added), key=len, reverse=True)
        self._cut = re.compile("(" + "|".join(map(re.escape, marks)) + ")") if marks else None
        if any(t.lstrip or t.rstrip or t.single_word for t in added) or not self._cuts_cleanly():
            self._cut = None

    def head(self, messages: Sequence[Message]) -> str:
        """Return the rendered conversation, up to where the reply begins.

        Raises
        ------
        BadInput
            If a message holds one of the model's control tokens, or the template refuses the conversation.
        """
        for message in messages:
            self.refuse_control(message.content)
        return self._render([{"role": m.role, "content": m.content} for m in messages])

    def _render(self, chat: list[dict[str, str]]) -> str:
        from jinja2 import TemplateError

        try:
            text = self.tokenizer.apply_chat_template(
                chat, chat_template=self.template, tokenize=False, add_generation_prompt=True
            )
        except TemplateError as error:
            raise BadInput(
                "the model's chat template refuses this conversation",
                got=f"{', '.join(m['role'] for m in chat)}: {error}",
                fix="Use a model whose template takes these roles in this order",
            ) from error
        return str(text)

    def refuse_control(self, text: str) -> None:
        """Raise BadInput if `text` holds one of the model's control tokens."""
        for token in self._control:
            if token in text:
                raise BadInput(
                    "a text holds one of the model's control tokens, which would end or forge a turn",
                    got=token,
                    fix="Take it out of the text, or write it with a space inside",
                )

    def encode(self, text: str) -> list[int]:
        """Return the tokens of rendered text, no special tokens added."""
        if self._cut is None:
            return self._whole(text)
        tokens: list[int] = []
        for piece in self._cut.split(text):
            if piece:
                if piece not in self._pieces:
                    self._pieces[piece] = self._whole(piece)
                tokens += self._pieces[piece]
        return tokens

    def forget(self) -> None:
        """Drop the remembered pieces."""
        self._pieces.clear()

    def check(self, text: str) -> None:
        """Raise Defect if the pieces of `text` give other tokens than the whole."""
        if self.encode(text) != self._whole(text):
            raise Defect("tokens of pieces differ from tokens of the whole", got=text[:80])

    def _whole(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def _cuts_cleanly(self) -> bool:
        """Return whether tokens of pieces are the tokens of the whole, tried around every kind of mark."""
        if self._cut is None:
            return False
        text = "".join(mark + _SAMPLE for mark in self._control[:8]) or _SAMPLE
        return self.encode(text) == self._whole(text)

    def without_system(self) -> str:
        """Return what the template puts before the user's turn where there is no system message."""
        mark = "selfscope-user-turn"
        return self._render([{"role": "user", "content": mark}]).partition(mark)[0]

    def reply(self, head: str, head_tokens: Sequence[int], text: str) -> tuple[int, ...]:
        """Return the tokens of a reply, as they stand after the head.

        Raises
        ------
        BadInput
            If the reply is empty, or joins with the head into one token.
        """
        self.refuse_control(text)
        whole = self.encode(head + text)
        length = len(head_tokens)
        if whole[:length] != list(head_tokens) or len(whole) == length:
            raise BadInput(
                "a reply cannot begin after this conversation as a token of its own",
                got=repr(text[:40]),
                fix="Begin it with a letter or a digit",
            )
        return tuple(whole[length:])


def text_line(renderer: Renderer, head: str, tokens: tuple[int, ...], text: str) -> Line:
    """Return the line that scores `text` as the whole reply, end of turn excluded."""
    return Line(tokens, renderer.reply(head, tokens, text))


def option_lines(
    renderer: Renderer, head: str, tokens: tuple[int, ...], options: Options
) -> tuple[list[Line], list[Line]]:
    """Return the lines of both options: one a distinct spelling, in tokens.

    Raises
    ------
    BadInput
        If paired spellings differ in length, or a spelling belongs to both options.
    """
    agree = [renderer.reply(head, tokens, s) for s in options.agree]
    disagree = [renderer.reply(head, tokens, s) for s in options.disagree]
    _check_lengths(agree, disagree, options)
    both = set(agree) & set(disagree)
    if both or not agree or not disagree:
        raise BadInput(
            "the two options must each have spellings of their own",
            got=f"{options.agree} and {options.disagree}",
            fix="Give at least one spelling to each, and none to both",
        )
    return [Line(tokens, t) for t in dict.fromkeys(agree)], [Line(tokens, t) for t in dict.fromkeys(disagree)]


def _check_lengths(agree: Iterable[Any], disagree: Iterable[Any], options: Options) -> None:
    left, right = [len(t) for t in agree], [len(t) for t in disagree]
    paired = left == right if len(left) == len(right) else len({*left, *right}) == 1
    if not paired:
        raise BadInput(
            "paired spellings must have as many tokens as each other, or the longer is put at a disadvantage",
            got=f"{options.agree} in {left} tokens, {options.disagree} in {right}",
            fix="Choose spellings of equal token counts by this model's tokenizer",
        )


def tokens_of(renderer: Renderer, prompt: Prompt) -> tuple[str, tuple[int, ...]]:
    """Return the rendered head of a prompt and its tokens."""
    head = renderer.head(prompt.messages)
    return head, tuple(renderer.encode(head))
