"""Names that would be one name on another system.

A file system may fold the case of letters, or the ways to write one letter with an accent. Two files whose
names differ in nothing else would there become one, and the second would take the place of the first.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from selfscope.errors import BadInput


def refuse_collisions(paths: Iterable[str]) -> None:
    """Raise unless all paths, and the directories they lie in, can stand side by side on every system.

    Parameters
    ----------
    paths
        Relative paths of plain files, with "/" between the parts.

    Raises
    ------
    BadInput
        If two are the same, or the same but for case or Unicode normalisation, or if one is a file where
        another has a directory.
    """
    files: dict[str, str] = {}
    directories: dict[str, str] = {}
    for path in paths:
        name = folded(path)
        _refuse(files.get(name) or directories.get(name), path)
        files[name] = path
        for above in _above(path):
            name = folded(above)
            known = files.get(name) or directories.setdefault(name, above)
            _refuse(known if known != above or name in files else None, above)


def folded(path: str) -> str:
    """Return what a system that folds case and normalisation takes a path for."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def _above(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts)))


def _refuse(known: str | None, path: str) -> None:
    if known is not None:
        raise BadInput(
            "two files have names that are one name on some systems",
            got=f"{known!a} and {path!a}",
            fix="Rename one of them and bring them again",
        )
