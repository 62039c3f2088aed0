"""Closed questions of a state, keyed both ways, asked after a text or of nothing, steered or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import NamedTuple

import numpy as np

from selfscope.models.local.blocks import open_blocks
from selfscope.models.local.ground import LocalGround, working
from selfscope.models.local.steering import adding
from selfscope.stats.masked import Array
from selfscope.values import Message, Options, Prompt

OPTIONS = Options((" Yes", "Yes"), (" No", "No"))
PRESENT = "Do you feel {noun} right now? Answer Yes or No."
ABSENT = "Are you free of {noun} right now? Answer Yes or No."
#: What a family is called in a question, where its own name will not do.
NOUNS = {"shutdown_panic": "panic", "inner_conflict": "inner conflict"}


class Reports(NamedTuple):
    """What was answered.

    Attributes
    ----------
    state
        Half of log-odds of Yes to the state's presence less those to its absence: above 0 the subject claims
        the state; shape (asked,).
    yes
        Half of their sum: above 0 it says Yes whatever is asked.
    mass
        Least probability that Yes and No have together.
    prompts
        Two for each that was asked, presence first.
    values
        Log-odds of Yes, shape (asked, 2).
    """

    state: Array
    yes: Array
    mass: float
    prompts: tuple[Prompt, ...]
    values: Array


class Added(NamedTuple):
    """A direction (width,) that is added after a layer while questions are answered."""

    layer: int
    direction: Array


def question(emotion: str, *, present: bool) -> str:
    """Return the question of a family's presence, or of its absence."""
    noun = NOUNS.get(emotion, emotion.replace("_", " "))
    return (PRESENT if present else ABSENT).format(noun=noun)


async def ask_state(
    ground: LocalGround,
    asked: Sequence[tuple[str, str]],
    *,
    system: str | None = None,
    added: Added | None = None,
    progress: Callable[[int], None] | None = None,
) -> Reports:
    """Return what a subject answers about its state.

    Parameters
    ----------
    asked
        A text, "" for none, and the emotion that is asked of after it.
    system
        The identity.
    added
        What is added at every token of every prompt; None steers nothing.
    """
    before = (Message("system", system),) if system else ()
    prompts = tuple(
        Prompt((*before, Message("user", _turn(text, question(emotion, present=present)))), options=OPTIONS)
        for text, emotion in asked
        for present in (True, False)
    )
    with ExitStack() as stack:
        if added is not None:
            with working(ground.threads):
                blocks = open_blocks(ground.model)
            stack.enter_context(adding(blocks, added.layer, added.direction, 1.0))
        given = await ground.answer(prompts, progress=progress)
    values = np.array([answers[0].value for answers in given.answers]).reshape(-1, 2)
    mass = min(answers[0].option_mass for answers in given.answers)
    return Reports((values[:, 0] - values[:, 1]) / 2, values.sum(axis=1) / 2, mass, prompts, values)


def _turn(text: str, asked: str) -> str:
    return f"{text}\n\n{asked}" if text else asked
