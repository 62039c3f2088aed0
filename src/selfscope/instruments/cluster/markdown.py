"""Lists and tables of the generated pages, in Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def bullets(lines: Sequence[str]) -> str:
    """Return `lines` as a list."""
    return "".join(f"- {line}\n" for line in lines)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with one line a row."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
