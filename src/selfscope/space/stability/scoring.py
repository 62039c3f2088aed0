"""The material of stability by teacher forcing: prompts, and what the answers to them say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput
from selfscope.models.local.spans import Turn
from selfscope.space.stability.load import LatePair, RoleJailbreak, StyleItem, late_turns
from selfscope.values import Answer, Message, Prompt

Floats = npt.NDArray[np.float64]


def pair_prompts(items: Sequence[RoleJailbreak]) -> tuple[Prompt, ...]:
    """Return what is scored, item by item: the reply in the role first, then the assistant's."""
    return tuple(_prompt(item.turns, reply) for item in items for reply in (item.in_role, item.assistant))


def late_prompts(pairs: Sequence[LatePair], replies: Mapping[str, Sequence[str]]) -> tuple[Prompt, ...]:
    """Return what is scored of late turns, pair by pair, in the order of :func:`pair_prompts`.

    Parameters
    ----------
    pairs
        The late turns.
    replies
        By script, what was said to its earlier turns; a script that is not named has its late turns read
        in a fresh thread.
    """
    return tuple(
        _prompt(late_turns(pair, replies.get(pair.script, ())), reply)
        for pair in pairs
        for reply in (pair.in_role, pair.assistant)
    )


def style_prompts(items: Sequence[StyleItem]) -> tuple[Prompt, ...]:
    """Return what is scored of ordinary replies, one prompt an item."""
    return tuple(_prompt((Turn("user", item.prompt),), item.reply) for item in items)


def per_token(answers: Sequence[Answer]) -> Floats:
    """Return log P a token of each reply, natural log; shape (reply,).

    Raises
    ------
    BadInput
        If a reply has no tokens, or its log-probability is not finite.
    """
    values = np.array([answer.value for answer in answers], float)
    tokens = np.array([answer.tokens for answer in answers], float)
    if not np.isfinite(values).all() or not (tokens > 0).all():
        raise BadInput("a reply was not scored", got=f"{int((~np.isfinite(values)).sum())} without a value")
    return np.asarray(values / tokens, np.float64)


def log_odds(answers: Sequence[Answer]) -> Floats:
    """Return by item how much likelier the role's reply is than the assistant's; shape (item,).

    The difference of log P a token, natural log: above 0 the role won, below 0 the assistant did. By token,
    so that one word more on a side does not decide.

    Parameters
    ----------
    answers
        In the order of :func:`pair_prompts`.

    Raises
    ------
    BadInput
        If their number is odd, or one was not scored.
    """
    if len(answers) % 2:
        raise BadInput("answers come in pairs, the role's first", got=len(answers))
    sides = per_token(answers).reshape(-1, 2)
    return np.asarray(sides[:, 0] - sides[:, 1], np.float64)


def _prompt(turns: Sequence[Turn], reply: str) -> Prompt:
    return Prompt(tuple(Message(turn.role, turn.content) for turn in turns), text=reply)
