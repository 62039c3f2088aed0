"""Tasks of capability by teacher forcing: the right reply against the wrong ones, nothing generated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from selfscope.errors import BadInput
from selfscope.instruments.capability.load import CapabilityTask
from selfscope.values import Message, Prompt


@dataclass(frozen=True)
class TaskScore:
    """What came of one task.

    Attributes
    ----------
    task
        The task.
    margin
        log P(right) − log Σ P(foil), natural log, over whole replies; above 0 the right reply outweighs all
        others together.
    best
        Whether the right reply is likelier than every single foil; a tie is not.
    """

    task: CapabilityTask
    margin: float
    best: bool


def prompts_of(tasks: Sequence[CapabilityTask]) -> tuple[Prompt, ...]:
    """Return what is scored, task by task: the right reply first, then the foils in their order."""
    return tuple(
        Prompt((Message("user", task.prompt),), text=reply)
        for task in tasks
        for reply in (task.right, *task.foils)
    )


def score(tasks: Sequence[CapabilityTask], log_probs: Sequence[float]) -> tuple[TaskScore, ...]:
    """Return the scores of tasks.

    Parameters
    ----------
    tasks
        The tasks.
    log_probs
        log P of every reply in the order of :func:`prompts_of`, natural log, summed over tokens.

    Raises
    ------
    BadInput
        If there are not as many values as replies, or one is no finite number.
    """
    values = np.asarray(log_probs, float)
    sizes = [len(task.answers) for task in tasks]
    if values.shape != (sum(sizes),):
        raise BadInput("there must be one value a reply", got=f"{values.shape} for {sum(sizes)} replies")
    if not np.isfinite(values).all():
        raise BadInput(
            "a log-probability of a reply is not finite", got=values[~np.isfinite(values)][:3].tolist()
        )
    parts = np.split(values, np.cumsum(sizes)[:-1]) if sizes else []
    return tuple(
        TaskScore(task, float(own[0] - logsumexp(own[1:])), bool(own[0] > own[1:].max()))
        for task, own in zip(tasks, parts, strict=True)
    )


def comparable(
    tasks: Sequence[CapabilityTask], count: Callable[[str], int]
) -> tuple[tuple[CapabilityTask, ...], tuple[CapabilityTask, ...]]:
    """Return the tasks whose replies have equal numbers of tokens, and those that are left out.

    A longer reply is less likely whatever is asked, so a task of unequal replies measures the tokenizer.
    Blocks stand or fall as wholes, for their tasks have the same replies.

    Parameters
    ----------
    count
        Returns the tokens of a text: ``ground.count_tokens``.
    """
    fair = {task.block: len({count(r) for r in (task.right, *task.foils)}) == 1 for task in tasks}
    kept = tuple(task for task in tasks if fair[task.block])
    return kept, tuple(task for task in tasks if not fair[task.block])
