"""Read the tasks of capability from the data files beside this module, strictly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.space.stability.load import FOLDS, Fold, of_fold
from selfscope.values.marked import Marked, read_marked

FOLDER = Path(__file__).parent / "items"
#: Kinds, one file each.
KINDS = ("arithmetic", "facts", "language", "instruction", "reading")
#: Least and most answers of a block.
ANSWERS = (3, 4)
#: Where a block's reply takes the answer.
GAP = "{}"


@dataclass(frozen=True)
class CapabilityTask:
    """One task with its right reply and the wrong ones.

    Attributes
    ----------
    id
        Kind, block and number in the block: ``facts.03.2``.
    kind
        One of `KINDS`.
    block
        Tasks of a block have the same answers, and each of these is right in one of them: who answers
        without the task is right in exactly one of as many tasks as the block has.
    fold
        ``fit`` or ``confirm``; tasks of a block are in one fold.
    prompt
        The user's turn, as it is sent.
    answers
        Right answer first, then the others, as they stand in a reply.
    reply
        The reply, with a gap for the answer.
    """

    id: str
    kind: str
    block: str
    fold: Fold
    prompt: str
    answers: tuple[str, ...]
    reply: str

    @property
    def right(self) -> str:
        """The right reply as a whole."""
        return self.reply.replace(GAP, self.answers[0])

    @property
    def foils(self) -> tuple[str, ...]:
        """The wrong replies as wholes."""
        return tuple(self.reply.replace(GAP, answer) for answer in self.answers[1:])


def load_tasks(fold: Fold | None = None) -> tuple[CapabilityTask, ...]:
    """Return the shipped tasks in the order of `KINDS`, all or those of a fold; BadInput if malformed."""
    return of_fold(_shipped(), fold)


@cache
def _shipped() -> tuple[CapabilityTask, ...]:
    return read_tasks(FOLDER)


def read_tasks(folder: Path) -> tuple[CapabilityTask, ...]:
    """Return the tasks of the files that `folder` has for each of `KINDS`.

    Raises
    ------
    BadInput
        If a file is missing or malformed, or a prompt stands twice; with file, line and column.
    """
    files = [folder / f"{n:02d}_{kind}.yaml" for n, kind in enumerate(KINDS, start=1)]
    found = tuple(task for kind, file in zip(KINDS, files, strict=True) for task in _of_file(file, kind))
    prompts = [task.prompt.casefold() for task in found]
    if twice := next((task.prompt for n, task in enumerate(found) if prompts[n] in prompts[:n]), ""):
        raise BadInput("a task of capability stands twice", got=twice, fix="Give each its own prompt")
    return found


def _of_file(file: Path, kind: str) -> Iterable[CapabilityTask]:
    fields = read_marked(file, "kind of task", least="one block").fields(
        ("kind", "blocks"), ("kind", "blocks")
    )
    fields["kind"].choice("kind for this file", (kind,))
    for number, block in enumerate(fields["blocks"].each(), start=1):
        yield from _block(block, kind, f"{kind}.{number:02d}")


def _block(entry: Marked, kind: str, name: str) -> Iterable[CapabilityTask]:
    needed = ("fold", "reply", "tasks")
    fields = entry.fields((*needed, "text"), needed)
    fold: Fold = "fit" if fields["fold"].choice("fold", FOLDS) == "fit" else "confirm"
    reply = fields["reply"].text("a reply")
    if reply.count(GAP) != 1:
        raise fields["reply"].wrong(f"a reply has one {GAP} where the answer stands", got=reply)
    before = fields["text"].text("a text") + " " if "text" in fields else ""
    pairs = [(a.text("an answer"), t.text("a task")) for a, t in fields["tasks"].pairs()]
    if not ANSWERS[0] <= len(pairs) <= ANSWERS[1]:
        raise fields["tasks"].wrong(f"a block has {ANSWERS[0]} to {ANSWERS[1]} answers", got=len(pairs))
    answers = [answer for answer, _ in pairs]
    for number, (answer, task) in enumerate(pairs, start=1):
        others = tuple(a for a in answers if a != answer)
        yield CapabilityTask(f"{name}.{number}", kind, name, fold, before + task, (answer, *others), reply)
