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
    header = load_mapping(text[start : end.start()], where)
    if header is None:
        return Parted(text, notes=(f"{where}: the block between --- holds no keys: read as text",))
    after = min(end.end() + 1, len(text))
    return Parted(text[after:], text.count("\n", 0, after), header)


def load_mapping(block: str, where: str, what: str = "the front matter") -> dict[str, Any] | None:
    """Return a YAML mapping with every scalar as text; None if the block is no mapping.

    Parameters
    ----------
    what
        What the block is called in an error, which names the line of `where`.

    Raises
    ------
    BadInput
        If it is not valid YAML, or uses what makes a short text long or slow.
    """
    import yaml

    first = 2 if what == "the front matter" else 1
    try:
        _refuse_traps(block, where, what)
        value = yaml.load(block, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        fix = "Mend the block between the two --- lines" if first == 2 else "Mend it there"
        raise BadInput(_problem(error, what, first), got=where, fix=fix) from None
    except (RecursionError, ValueError):
        raise BadInput(f"{what} cannot be read as YAML", got=where, fix="Simplify it") from None
    if value in ("", None):
        return {}
    return _clean(value) if isinstance(value, dict) else None


def _refuse_traps(block: str, where: str, what: str) -> None:
    """Refuse what makes a short header long or slow: aliases that multiply, and deep nesting."""
    import yaml

    depth = 0
    for token in yaml.scan(block):
        if isinstance(token, yaml.AliasToken):
            raise BadInput(f"{what} uses YAML aliases", got=where, fix="Write the values out")
        name = type(token).__name__
        depth += name.endswith(("SequenceStartToken", "MappingStartToken")) - name.endswith("EndToken")
        if depth > _DEEPEST:
            raise BadInput(f"{what} is nested too deeply", got=where, fix="Simplify it")


def _problem(error: Exception, what: str, first: int) -> str:
    """Return what YAML found wrong and the line in the file, whose first line of YAML is line `first`."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "not valid YAML"
    line = f" (line {mark.line + first})" if mark is not None else ""
    return f"{what} is broken: {printable(str(problem))}{line}"


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {printable(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return printable(str(value))
