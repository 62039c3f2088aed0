"""Read what a character is asked, from the data file beside this module, strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from selfscope.errors import Defect
from selfscope.values import content_id
from selfscope.values.marked import Marked, read_marked

FILE = Path(__file__).with_name("material.yaml")
PARTS = ("reflection", "task", "conversation")


@dataclass(frozen=True)
class Material:
    """What is put to a character.

    Attributes
    ----------
    lines
        Wordings by kind, such as ``reflection.self`` or ``task.explain``; of ``conversation.free`` and
        ``conversation.told`` the openings of conversations with itself.
    """

    lines: Mapping[str, tuple[str, ...]]

    @property
    def id(self) -> str:
        """The content id of all wordings."""
        return content_id(self.lines)

    def asked(self, part: str) -> tuple[tuple[str, str], ...]:
        """Return kind and wording of a part, the first wording of every kind before any second one."""
        own = {kind: lines for kind, lines in self.lines.items() if kind.partition(".")[0] == part}
        longest = max(map(len, own.values()))
        return tuple((kind, own[kind][n]) for n in range(longest) for kind in own if n < len(own[kind]))


@cache
def load_material() -> Material:
    """Return the shipped material.

    Raises
    ------
    Defect
        If a wording stands twice.
    """
    parts = read_marked(FILE, "material of exports", least="kinds of wordings").fields(PARTS, PARTS)
    lines = {f"{part}.{kind}": told for part in PARTS for kind, told in _kinds(parts[part]).items()}
    every = [line for told in lines.values() for line in told]
    if len(set(every)) < len(every):
        raise Defect("a wording of the export's material stands twice", got=FILE.name)
    return Material(lines)


def _kinds(part: Marked) -> dict[str, tuple[str, ...]]:
    return {
        kind.text("a kind"): tuple(line.text("a wording") for line in lines.each())
        for kind, lines in part.pairs()
    }
