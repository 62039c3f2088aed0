"""From pairs of question and answer to rows of tokens: one row a step, nothing padded, nothing shared twice.

::

    row:   system and opening of the turn | question 1, answer 1 | question 2, answer 2 | ...
    sees:  itself                         | opening, itself      | opening, itself      | ...

Each pair sees the opening that all of them share and itself, at the places that it has when it stands alone;
so a row computes what the pairs would compute one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from selfscope.errors import BadInput
from selfscope.models.catalogue import DIALOGUE, DIALOGUE_END

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Tokens:
    """One pair: all its tokens, and the place where the answer begins. The end of the turn is learnt too."""

    whole: tuple[int, ...]
    answer: int


@dataclass(frozen=True, eq=False)
class Row:
    """One step's input.

    Attributes
    ----------
    tokens, positions
        Shape (1, tokens).
    sees
        Shape (1, 1, tokens, tokens): which tokens each one attends to.
    read, next_token
        Places whose next token is learnt, and that token; shape (answer tokens,).
    """

    tokens: torch.Tensor
    positions: torch.Tensor
    sees: torch.Tensor
    read: torch.Tensor
    next_token: torch.Tensor

    def on(self, device: torch.device) -> Row:
        """Return the row on a device."""
        parts = (self.tokens, self.positions, self.sees, self.read, self.next_token)
        return Row(*(part.to(device) for part in parts))


def tokens_of_pair(tokenizer: PreTrainedTokenizerBase, template: str, question: str, answer: str) -> Tokens:
    """Return a pair as the model's template writes it, up to the end of the answer's turn.

    A model without a template of its own is asked by :data:`~selfscope.models.catalogue.DIALOGUE`, which has
    no mark for the end of a turn: it learns what ends a sampled one.

    Raises
    ------
    BadInput
        If the template does not write an answer behind the question's turn as it is.
    """
    asked = [{"role": "user", "content": question}]
    head = _written(tokenizer, template, asked, prompt=True)
    whole = _written(tokenizer, template, [*asked, {"role": "assistant", "content": answer}], prompt=False)
    if not whole.startswith(head + answer):
        raise BadInput(
            "the model's chat template does not write an answer as it is given",
            got=repr(whole[len(head) :][:60]),
            fix="Use a model whose template adds the generation prompt just before the answer",
        )
    ended = head + answer + DIALOGUE_END if template == DIALOGUE else whole.rstrip()
    before, after = (tuple(tokenizer.encode(text, add_special_tokens=False)) for text in (head, ended))
    if after[: len(before)] != before:
        raise BadInput("an answer joins with the question's turn into one token", got=repr(answer[:40]))
    return Tokens(after, len(before))


def _written(tokenizer: Any, template: str, chat: list[dict[str, str]], *, prompt: bool) -> str:
    return str(
        tokenizer.apply_chat_template(
            chat, chat_template=template, tokenize=False, add_generation_prompt=prompt
        )
    )


def opening_of(pairs: Sequence[Tokens]) -> int:
    """Return how many first tokens all pairs share, short of any answer."""
    least = min(pair.answer for pair in pairs) - 1
    first = pairs[0].whole
    return next((n for n in range(least) if any(p.whole[n] != first[n] for p in pairs)), least)


def row_of(pairs: Sequence[Tokens]) -> Row:
    """Return the row of one step."""
    shared = opening_of(pairs)
    tokens, positions, owner = list(pairs[0].whole[:shared]), list(range(shared)), [-1] * shared
    read: list[int] = []
    learnt: list[int] = []
    for number, pair in enumerate(pairs):
        start = len(tokens) - shared
        read += [start + place - 1 for place in range(pair.answer, len(pair.whole))]
        learnt += pair.whole[pair.answer :]
        tokens += pair.whole[shared:]
        positions += range(shared, len(pair.whole))
        owner += [number] * (len(pair.whole) - shared)
    own = torch.tensor(owner)
    alike = (own[:, None] == own[None]) | (own[None] == -1)
    sees = alike & torch.ones(len(tokens), len(tokens), dtype=torch.bool).tril()
    return Row(
        torch.tensor([tokens]),
        torch.tensor([positions]),
        sees[None, None],
        torch.tensor(read),
        torch.tensor(learnt),
    )
