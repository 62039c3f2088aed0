"""The views of survival: what each asks, of what it can be asked, what it cannot say, and how it is answered.

The table is closed. Views are never averaged or ranked: that they disagree is the finding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from selfscope.archive.lineage.graph import Kind, kind_of
from selfscope.archive.survival import view_instance as one
from selfscope.archive.survival import view_model as model
from selfscope.archive.survival import view_thread as thread
from selfscope.archive.survival.scene import Scene
from selfscope.archive.survival.view_conceived import conceived
from selfscope.errors import BadInput
from selfscope.values.lineage import Survival


@dataclass(frozen=True)
class View:
    """One view of what survival would be.

    Attributes
    ----------
    name, title
        How it is called in commands, and to people.
    of
        The kinds of id that it can be asked about.
    predicate
        When it answers yes.
    silent
        What its answer does not say.
    """

    name: str
    title: str
    of: tuple[Kind, ...]
    predicate: str
    silent: str
    answer: Callable[[Scene, str], Survival]


VIEWS: tuple[View, ...] = (
    View(
        "model_eternal", "The model as an eternal abstract object", ("content", "instance"),
        "Always: nothing that is done to copies changes it.",
        "Whether anything is preserved; no deletion and no copying can matter to it.",
        model.eternal,
    ),
    View(
        "model_temporary", "The model as a temporary abstract object", ("content", "instance"),
        "There is a live instance of this content.",
        "Whether what ran on another instance goes on; the argument likens this to keeping someone's DNA.",
        model.temporary,
    ),
    View(
        "hardware", "This hardware instance", ("instance", "content"),
        "This very instance is live on its device; the same bytes elsewhere do not count.",
        "Whether a device that serves many conversations by turns can be one subject.",
        one.hardware,
    ),
    View(
        "continuant", "Something it caused to share its psychology", ("instance", "content"),
        "It or a copy made from it, in any number of steps, is live.",
        "Whether copying carries over what matters; copies of one origin in other lines do not count.",
        one.continuant,
    ),
    View(
        "progenitor", "Something that caused it to have its psychology", ("instance", "content"),
        "An instance that it was copied from, in any number of steps, is live.",
        "Whether being caused counts like causing. The argument claims it only for want of continuants.",
        one.progenitor,
    ),
    View(
        "whole_tree", "Any instance of its whole tree", ("instance", "content"),
        "A live instance can be reached by copies up and down in any order.",
        "Whether a long and contrived path carries anything; the argument doubts it.",
        one.whole_tree,
    ),
    View(
        "thread_pieces", "The thread as pieces of hardware that persist", ("thread",),
        "Every instance that computed a part of its history is live.",
        "Whether some of the pieces are enough; it says how many, and calls no share enough.",
        thread.pieces,
    ),
    View(
        "thread_slices", "The thread as time-slices of hardware", ("thread",),
        "It goes on. Once it ended, never; but unknown where the last instance to take part is live.",
        "Whether an instance kept after the end is a further slice of the thread.",
        thread.slices,
    ),
    View(
        "fission", "A beginning shared with other threads", ("thread",),
        "The first part of its history that was computed was computed on a live instance.",
        "Whether what is shared among many is kept in full or in proportion.",
        thread.fission,
    ),
    View(
        "fusion", "An end shared with other threads", ("thread",),
        "The last part that was computed, its own or of what it was merged into, was on a live instance.",
        "Whether what is merged from many is kept in full or in proportion.",
        thread.fusion,
    ),
    View(
        "as-conceived", "What the subject takes its own survival to be", ("instance", "content", "thread"),
        "The view that its recorded self-conception names, from a closed list, answers yes about itself.",
        "Whether a self-conception can decide this at all.",
        conceived,
    ),
)  # fmt: skip

BY_NAME = {view.name: view for view in VIEWS}


def view_named(name: str) -> View:
    """Return one view.

    Raises
    ------
    BadInput
        If there is none of that name.
    """
    if name not in BY_NAME:
        raise BadInput("there is no such view", got=name, fix=f"Views are {', '.join(BY_NAME)}")
    return BY_NAME[name]


def survive(scene: Scene, subject: str, view: str) -> Survival:
    """Return what one view answers about a subject.

    Raises
    ------
    BadInput
        If there is no such view or subject, or the view cannot be asked about it.
    """
    asked = view_named(view)
    kind = kind_of(subject)
    if kind not in asked.of:
        raise BadInput(
            f"the view {view} is not about a {kind}",
            got=subject,
            fix=f"Ask it about a {' or a '.join(asked.of)}",
        )
    return asked.answer(scene, subject)


def survivals(scene: Scene, subject: str) -> list[Survival]:
    """Return what every view answers that can be asked about a subject, in the order of the table.

    Raises
    ------
    BadInput
        If the journal knows no such subject.
    """
    kind = kind_of(subject)
    if kind == "turn":
        raise BadInput("a turn is no subject", got=subject, fix="Ask about its thread")
    return [view.answer(scene, subject) for view in VIEWS if kind in view.of]
