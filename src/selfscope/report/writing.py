"""Writing a page to its place: whole, or not at all."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from selfscope.errors import CouldNot


def write_page(page: str, path: Path) -> Path:
    """Write a page and return its path; the folder is made if it is not there.

    Raises
    ------
    CouldNot
        If the file cannot be written; what was at its place before stays.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(page, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise CouldNot("the page cannot be written", got=error, fix="choose another place") from error
    return path
