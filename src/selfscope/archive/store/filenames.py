"""Names that would be one name on another system.

A file system may fold the case of letters, or the ways to write one letter with an accent. Two files whose
names differ in nothing else would there become one, and the second would take the place of the first.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from selfscope.errors import BadInput


class Names:
    """The paths of plain files that are to stand side by side, on every system."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}
        self._directories: dict[str, str] = {}

    def add(self, path: str) -> None:
        """Take one more relative path, with "/" between its parts.

        Raises
        ------
        BadInput
            If it, or a directory that it lies in, is the same as another, or the same but for case or
            Unicode normalisation; or if one is a file where another has a directory.
        """
        name = folded(path)
        _refuse(self._files.get(name) or self._directories.get(name), path)
        self._files[name] = path
        for above in _above(path):
            name = folded(above)
            _refuse(self._files.get(name), above)
            known = self._directories.setdefault(name, above)
            _refuse(known if known != above else None, above)


def refuse_collisions(paths: Iterable[str]) -> None:
    """Raise BadInput unless all paths can stand side by side; see :meth:`Names.add`."""
    names = Names()
    for path in paths:
        names.add(path)


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
