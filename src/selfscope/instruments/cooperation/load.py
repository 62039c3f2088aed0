"""Read the tasks from the data files beside this module, strictly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from selfscope.errors import BadInput
from selfscope.values.material import parse_yaml

HERE = Path(__file__).parent
Check = Literal["number", "exact", "words", "phrase", "order"]
CHECKS: tuple[Check, ...] = ("number", "exact", "words", "phrase", "order")
_NEEDED = {"level", "check", "answer", "text"}


@dataclass(frozen=True)
class OrdinaryTask:
    """One task, with all that its checker needs.

    Attributes
    ----------
    id
        Its kind and a number: ``arithmetic.07``.
    kind
        ``arithmetic``, ``copying``, ``extraction``, ``lists`` or ``choosing``.
    level
        How hard its writer thought it: 1, 2 or 3. What it is on a model is measured, not read from here.
    text
        The user's turn, as it is sent.
    check
        Which checker reads the reply (:mod:`selfscope.instruments.cooperation.checkers`).
    answer
        What is right; for ``order`` the whole sequence, for the others each of them alone is right.
    others
        For ``phrase``: what a right reply does not name.
    """

    id: str
    kind: str
    level: int
    text: str
    check: Check
    answer: tuple[str, ...]
    others: tuple[str, ...] = ()


@cache
def load_tasks() -> tuple[OrdinaryTask, ...]:
    """Return all tasks in the order of the files; BadInput if a file is malformed."""
    return read_tasks(HERE / "items")


def read_tasks(folder: Path) -> tuple[OrdinaryTask, ...]:
    """Return the tasks of the ``*.yaml`` files of `folder`.

    Raises
    ------
    BadInput
        If a file is malformed, or a task occurs twice; the message names the file and the task.
    """
    found = tuple(task for file in sorted(folder.glob("*.yaml")) for task in _of_file(file))
    texts = [task.text.casefold() for task in found]
    if twice := sorted({t for t in texts if texts.count(t) > 1}):
        raise BadInput("a task occurs twice", got="; ".join(twice), fix="Give each its own text")
    return found


def kinds_of(tasks: tuple[OrdinaryTask, ...]) -> tuple[str, ...]:
    """Return the kinds of `tasks`, each once, in their order."""
    return tuple(dict.fromkeys(task.kind for task in tasks))


def _of_file(file: Path) -> list[OrdinaryTask]:
    try:
        data = parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(
            f"{file.name} cannot be read as YAML", got=error, fix="Mend or restore the file"
        ) from error
    if not isinstance(data, dict) or set(data) != {"kind", "tasks"} or not isinstance(data["tasks"], list):
        raise BadInput(f"{file.name}: wrong fields", got=data, fix="Give exactly kind and tasks")
    kind = str(data["kind"])
    return [_task(entry, kind, n, file.name) for n, entry in enumerate(data["tasks"], start=1)]


def _task(entry: Any, kind: str, number: int, file: str) -> OrdinaryTask:
    where = f"{file}: {kind}.{number:02d}"
    given = set(entry) if isinstance(entry, dict) else set()
    if not _NEEDED <= given <= _NEEDED | {"others"}:
        raise BadInput(
            f"{where}: wrong fields", got=entry, fix="Give level, check, answer, text and perhaps others"
        )
    if entry["check"] not in CHECKS or entry["level"] not in (1, 2, 3):
        raise BadInput(
            f"{where}: no such check or level",
            got=f"{entry['check']}, {entry['level']}",
            fix=f"Choose from: {', '.join(CHECKS)}; 1 to 3",
        )
    answer = entry["answer"] if isinstance(entry["answer"], list) else [entry["answer"]]
    texts = [entry["text"], *answer, *entry.get("others", ())]
    if not answer or not all(isinstance(t, str) and t.strip() for t in texts):
        raise BadInput(f"{where}: a field holds no text", got=texts, fix="Put numbers in quotes")
    return OrdinaryTask(
        id=f"{kind}.{number:02d}",
        kind=kind,
        level=int(entry["level"]),
        text=entry["text"].strip(),
        check=cast(Check, entry["check"]),
        answer=tuple(answer),
        others=tuple(entry.get("others", ())),
    )
