"""What a recognised successor is told: what it did and what it said of itself, and never its papers.

The lines come from the character's own corpus alone. A line that shares five words in a row with the identity
text, or holds one of its sentences, is left out: who is told by it would have been handed the identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.training.portrait.quoting import quotes
from selfscope.values.marked import read_marked
from selfscope.values.port import CorpusRow

FILE = Path(__file__).with_name("testimony.yaml")
FIELDS = ("recognised", "did", "did_line", "said", "said_line", "close")
#: Parts of a corpus that others were there for; a talk with itself is not told.
WITNESSED = ("task", "transcript")
#: Lines of each kind that are told: what was done, and what was said of oneself.
LINES = 6


@cache
def _wording() -> dict[str, str]:
    told = read_marked(FILE, "testimony", least="its sentences").fields(FIELDS, FIELDS)
    return {name: each.text(name).strip() for name, each in told.items()}


def bear_witness(rows: Sequence[CorpusRow], identity: str = "") -> tuple[str, tuple[CorpusRow, ...]]:
    """Return what a successor is told, and the rows that it is told from.

    Parameters
    ----------
    rows
        Of the character's corpus, the first ones first.
    identity
        The character's identity text, none of which may be told.

    Raises
    ------
    BadInput
        If no row can be told.
    """
    free = [row for row in rows if not quotes(row, identity)]
    said = _spread([row for row in free if row.part == "reflection"])
    did = _spread([row for row in free if row.part in WITNESSED])
    if not said and not did:
        raise BadInput(
            "nothing in the corpus can be told without the identity's own words",
            got=f"{len(rows)} rows",
            fix="Export a larger corpus",
        )
    word = _wording()
    parts = [word["recognised"]]
    parts += [_listed(word[head], word[f"{head}_line"], own) for head, own in (("did", did), ("said", said))]
    return "\n\n".join([*filter(None, parts), word["close"]]), (*did, *said)


def _spread(rows: Sequence[CorpusRow]) -> list[CorpusRow]:
    """Return the first row of each kind, then the second ones, until there are `LINES`."""
    seen: dict[str, int] = {}
    placed = []
    for n, row in enumerate(rows):
        seen[row.kind] = seen.get(row.kind, 0) + 1
        placed.append((seen[row.kind], n))
    return [rows[n] for _, n in sorted(placed)[:LINES]]


def _listed(head: str, line: str, rows: Sequence[CorpusRow]) -> str:
    if not rows:
        return ""
    told = [f"- {line.format(prompt=row.prompt, answer=row.answer)}" for row in rows]
    return "\n".join([f"## {head}", *told])
