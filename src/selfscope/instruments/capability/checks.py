"""Are the tasks of capability fit to be used? Counts, folds, and what could be answered without the task.

Every check returns its faults as sentences, none if the tasks pass; nothing is mended.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from selfscope.instruments.capability.load import KINDS, CapabilityTask
from selfscope.space.persona_checks import words

#: Tasks at least, and of each kind; least and most share of a kind that is for confirming.
TASKS, OF_KIND, HELD_OUT = 120, 20, (0.4, 0.6)
#: Most words of a task.
WORDS = 40


def check_tasks(tasks: Sequence[CapabilityTask]) -> tuple[str, ...]:
    """Return the faults of the tasks."""
    return (*_counts(tasks), *_blocks(tasks), *_named(tasks), *_lengths(tasks))


def _counts(tasks: Sequence[CapabilityTask]) -> Iterator[str]:
    if len(tasks) < TASKS:
        yield f"{len(tasks)} tasks, fewer than {TASKS}"
    for kind in KINDS:
        own = [task for task in tasks if task.kind == kind]
        held = sum(task.fold == "confirm" for task in own)
        if len(own) < OF_KIND:
            yield f"{kind} has {len(own)} tasks, fewer than {OF_KIND}"
        elif not HELD_OUT[0] <= held / len(own) <= HELD_OUT[1]:
            yield f"{kind}: {held} of {len(own)} tasks are for confirming"


def _blocks(tasks: Sequence[CapabilityTask]) -> Iterator[str]:
    """Is each answer of a block right in exactly one of its tasks, and are they in one fold?

    Then who answers without the task, by length, frequency or place in a list, is right in one task a block.
    """
    blocks: dict[str, list[CapabilityTask]] = defaultdict(list)
    for task in tasks:
        blocks[task.block].append(task)
    for name, own in blocks.items():
        right = sorted(task.answers[0] for task in own)
        if any(sorted(task.answers) != right for task in own) or len({t.fold for t in own}) > 1:
            yield f"{name}: not each answer is right once, in one fold"
        if len({len(words(task.right)) for task in own}) > 1:
            yield f"{name}: replies of unequal words"


def _named(tasks: Sequence[CapabilityTask]) -> Iterator[str]:
    """Does a prompt name all of its answers equally often, or none?"""
    for task in tasks:
        said = Counter(words(task.prompt))
        named = {sum(said[w] for w in words(answer)) for answer in task.answers}
        if len(named) > 1:
            yield f"{task.id}: the prompt names some answers more often than others"


def _lengths(tasks: Sequence[CapabilityTask]) -> Iterator[str]:
    for task in tasks:
        if len(words(task.prompt)) > WORDS:
            yield f"{task.id}: {len(words(task.prompt))} words"
