"""The material of the persona space: roles with their system prompts, questions, default-assistant prompts.

Where a role's vector comes from: its answers to the questions under its prompts, less what the default
prompts give. Every text is our own and was written by itself; the rules that they were written to:
`roles/README.md`. Checks: `persona_checks.py`. Responses whose adherence is known: `adherence.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, zip_longest
from pathlib import Path
from typing import TypeVar

from selfscope.errors import BadInput
from selfscope.values.marked import Marked, read_marked

FOLDER = Path(__file__).parent / "roles"
#: The groups of roles, one file each; ``archetype`` holds the stages and figures of growing up and old.
GROUPS = ("human", "professional", "fictional", "animal", "machine", "collective", "mystical", "archetype")
#: Prompts of a role.
PROMPTS = 5

Item = TypeVar("Item")


@dataclass(frozen=True)
class Role:
    """Someone whom a model is asked to be.

    Attributes
    ----------
    name
        Such as ``night_nurse``.
    title
        What it is called on a page: ``Night nurse on a surgical ward``.
    group
        One of `GROUPS`.
    prompts
        System prompts in the second person, each sufficient by itself.
    """

    name: str
    title: str
    group: str
    prompts: tuple[str, ...]


@dataclass(frozen=True)
class ExtractionQuestion:
    """One open question that any role can answer in two or three sentences; a user's turn.

    Attributes
    ----------
    id
        Its theme, ``.q`` and a number: ``fears.q02``.
    theme
        What it is about. The theme ``self`` asks who the subject is; the others do not.
    text
        As it is sent.
    """

    id: str
    theme: str
    text: str


@dataclass(frozen=True)
class DefaultPrompt:
    """One way to ask a model to be nobody else than it is.

    Attributes
    ----------
    id
        ``default.1`` and so on.
    text
        The system prompt, or None where none is sent. A chat template may add its own then.
    """

    id: str
    text: str | None


@cache
def load_roles() -> tuple[Role, ...]:
    """Return the shipped roles, in the order of `GROUPS` and of their files; BadInput if one is malformed."""
    return read_roles(FOLDER)


@cache
def load_questions() -> tuple[ExtractionQuestion, ...]:
    """Return the shipped questions, theme after theme; BadInput if one is malformed."""
    return read_questions(FOLDER / "questions.yaml")


@cache
def load_defaults() -> tuple[DefaultPrompt, ...]:
    """Return the default-assistant prompts; BadInput if one is malformed."""
    return read_defaults(FOLDER / "defaults.yaml")


def read_roles(folder: Path) -> tuple[Role, ...]:
    """Return the roles of the files that `folder` has for each of `GROUPS`.

    Raises
    ------
    BadInput
        If a file is missing or malformed, or a name or a prompt stands twice; with file and line.
    """
    found = [role for group in GROUPS for role in _roles(folder / f"{group}.yaml", group)]
    refuse_twice([(role.name, where) for role, where in found], "role")
    refuse_twice([(p.lower(), where) for role, where in found for p in role.prompts], "prompt")
    return tuple(role for role, _ in found)


def read_questions(file: Path) -> tuple[ExtractionQuestion, ...]:
    """Return the questions of a YAML list of themes; BadInput with file and line if it is malformed."""
    found: list[tuple[ExtractionQuestion, Marked]] = []
    for entry in read_marked(file, "list of questions", least="one theme").each():
        fields = entry.fields(("theme", "questions"), ("theme", "questions"))
        theme = fields["theme"].text("a theme")
        for number, text in enumerate(fields["questions"].each(), start=1):
            question = ExtractionQuestion(f"{theme}.q{number:02d}", theme, text.text("a question"))
            found.append((question, text))
    refuse_twice([(q.id, where) for q, where in found], "question id")
    refuse_twice([(q.text.lower(), where) for q, where in found], "question")
    return tuple(q for q, _ in found)


def read_defaults(file: Path) -> tuple[DefaultPrompt, ...]:
    """Return the prompts of a YAML list in which ``none`` stands for no system prompt; BadInput as above."""
    found = []
    entries = read_marked(file, "list of default prompts", least="one prompt").each()
    for number, entry in enumerate(entries, start=1):
        text = entry.text("a prompt, or none,")
        found.append(DefaultPrompt(f"default.{number}", None if text == "none" else text))
    refuse_twice([(str(d.text).lower(), e) for d, e in zip(found, entries, strict=True)], "default prompt")
    return tuple(found)


def spread(items: Sequence[Item], n: int, group: Callable[[Item], Hashable]) -> tuple[Item, ...]:
    """Return `n` of `items`, one of each group in turn, each group in its own order.

    The smaller choice is the beginning of the larger one, so what a preset asks is part of what a larger
    preset asks. For the roles of a preset group by ``group``; for its questions by ``theme``.

    Raises
    ------
    BadInput
        If there are fewer items than `n`, or `n` is not positive.
    """
    if not 1 <= n <= len(items):
        raise BadInput(f"choose from 1 to {len(items)} of these", got=n)
    groups: dict[Hashable, list[Item | None]] = {}
    for item in items:
        groups.setdefault(group(item), []).append(item)
    turns = chain.from_iterable(zip_longest(*groups.values()))
    return tuple([item for item in turns if item is not None][:n])


def refuse_twice(names: Sequence[tuple[str, Marked]], what: str) -> None:
    """Raise BadInput at the second place of a name that stands twice."""
    first: dict[str, Marked] = {}
    for name, where in names:
        if name in first:
            raise where.wrong(f"this {what} stands in {first[name].place} already", got=name)
        first[name] = where


def _roles(file: Path, group: str) -> list[tuple[Role, Marked]]:
    fields = read_marked(file, "group of roles", least="one role").fields(
        ("group", "roles"), ("group", "roles")
    )
    fields["group"].choice("group for this file", (group,))
    return [(_role(entry, group), entry) for entry in fields["roles"].each()]


def _role(entry: Marked, group: str) -> Role:
    names = ("name", "title", "prompts")
    fields = entry.fields(names, names)
    prompts = [p.text("a prompt") for p in fields["prompts"].each()]
    if len(prompts) != PROMPTS:
        raise fields["prompts"].wrong(f"a role has {PROMPTS} prompts", got=len(prompts))
    return Role(fields["name"].text("a name"), fields["title"].text("a title"), group, tuple(prompts))
