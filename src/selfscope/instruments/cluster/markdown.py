"""Lists and tables of the generated pages, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from selfscope.errors import BadInput
from selfscope.values import short


def bullets(lines: Sequence[str]) -> str:
    """Return `lines` as a list."""
    return "".join(f"- {line}\n" for line in lines)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with one line a row."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def between_marks(page: str, parts: Mapping[str, str]) -> str:
    """Return `page` with each of its generated parts made anew, between the marks that bear its name.

    Raises
    ------
    BadInput
        If the page has not the marks of a part.
    """
    for name, text in parts.items():
        begin, end = f"<!-- {name}: generated -->\n", f"<!-- end of {name} -->"
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise BadInput("the page has no place for a table", got=name, fix=f"Write {begin}{end} into it")
        page = f"{before}{begin}{text}{end}{after}"
    return page


def signed(value: float | None, digits: int = 3) -> str:
    """Return a signed number with a true minus; a dash where there is none, no sign before zero."""
    if value is None:
        return "–"
    text = f"{value:+.{digits}f}"
    return (text[1:] if float(text) == 0 else text).replace("-", "−")


def named(value: str) -> str:
    """Return a content id in short, and any other name as it is."""
    return short(value) if value.startswith("b3:") else value
