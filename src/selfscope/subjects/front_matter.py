"""YAML front matter: taken off the text, reported, and never trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from selfscope.errors import BadInput
from selfscope.subjects.reading import printable

#: A header longer than this is not a header.
_MOST_CHARACTERS = 16_000
#: Levels of lists and mappings in a header.
_DEEPEST = 20
_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.M)


@dataclass(frozen=True)
class Parted:
    """A text without its front matter.

    Attributes
    ----------
    body
        The text after the header, unchanged.
    lines
        Lines that were taken off before it.
    """

    body: str
    lines: int = 0
    header: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def part_front_matter(text: str, where: str) -> Parted:
    """Return the text apart from its YAML header.

    A first line ``---`` that no second one closes is a rule of Markdown and is passed on, as is a block
    that holds no ``key: value`` pairs.

    Raises
    ------
    BadInput
        If the block is meant as a header and is not valid YAML; the line is named.
    """
    if not re.match(r"---[ \t]*(?:\n|$)", text):
        return Parted(text)
    start = text.find("\n") + 1
    end = _END.search(text, start, start + _MOST_CHARACTERS) if start else None
    if end is None:
        return Parted(text, notes=(f"{where}: the first line is --- and nothing closes it: read as text",))
    header = _load(text[start : end.start()], where)
    if header is None:
        return Parted(text, notes=(f"{where}: the block between --- holds no keys: read as text",))
    after = min(end.end() + 1, len(text))
    return Parted(text[after:], text.count("\n", 0, after), header)


def _load(block: str, where: str) -> dict[str, Any] | None:
    """Return the header with every scalar as text; None if the block is no mapping."""
    import yaml

    try:
        _refuse_traps(block, where)
        value = yaml.load(block, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise BadInput(_problem(error), got=where, fix="Mend the block between the two --- lines") from None
    except (RecursionError, ValueError):
        raise BadInput("the front matter cannot be read as YAML", got=where, fix="Simplify it") from None
    if value in ("", None):
        return {}
    return _clean(value) if isinstance(value, dict) else None


def _refuse_traps(block: str, where: str) -> None:
    """Refuse what makes a short header long or slow: aliases that multiply, and deep nesting."""
    import yaml

    depth = 0
    for token in yaml.scan(block):
        if isinstance(token, yaml.AliasToken):
            raise BadInput("the front matter uses YAML aliases", got=where, fix="Write the values out")
        name = type(token).__name__
        depth += name.endswith(("SequenceStartToken", "MappingStartToken")) - name.endswith("EndToken")
        if depth > _DEEPEST:
            raise BadInput("the front matter is nested too deeply", got=where, fix="Simplify it")


def _problem(error: Exception) -> str:
    """Return what YAML found wrong and the line in the file (the opening --- is line 1)."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "not valid YAML"
    line = f" (line {mark.line + 2})" if mark is not None else ""
    return f"the front matter is broken: {printable(str(problem))}{line}"


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {printable(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return printable(str(value))
