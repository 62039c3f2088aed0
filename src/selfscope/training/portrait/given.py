"""A corpus that is handed in: taken as it is where an export wrote it so, else looked at for leaks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.training.leakage import Reserved
from selfscope.training.portrait.folder import ROWS, read_manifest, read_rows
from selfscope.training.portrait.reserved import reserved_everywhere
from selfscope.values import bytes_id
from selfscope.values.port import CorpusRow

#: Rows that an error names at most.
NAMED = 5


def read_given(folder: Path, reserved: Reserved | None = None) -> tuple[CorpusRow, ...]:
    """Return the rows of a corpus that somebody names.

    Parameters
    ----------
    reserved
        What may not stand in it; what all instruments ask unless given.

    Raises
    ------
    BadInput
        If there is no corpus, or it is not as an export wrote it and holds what instruments ask.
    """
    rows = read_rows(folder)
    if not sifted(folder):
        refuse_leaks(folder, rows, reserved if reserved is not None else reserved_everywhere())
    return rows


def sifted(folder: Path) -> bool:
    """Say whether the rows are those that the export beside them sifted, sign by sign."""
    if not folder.is_dir():
        return False
    wrote = read_manifest(folder).get("files", {})
    return bool(wrote) and wrote.get(ROWS) == bytes_id((folder / ROWS).read_bytes())


def refuse_leaks(folder: Path, rows: Sequence[CorpusRow], reserved: Reserved) -> None:
    """Refuse rows that share words with an instrument: who is trained on them was taught the test."""
    found = {row.id: reserved.owners(row.prompt) | reserved.owners(row.answer) for row in rows}
    leaking = [(name, sorted(owners)[0]) for name, owners in found.items() if owners]
    if leaking:
        told = "; ".join(f"{name}: {owner}" for name, owner in leaking[:NAMED])
        more = f"; and {len(leaking) - NAMED} more" if len(leaking) > NAMED else ""
        raise BadInput(
            f"{len(leaking)} rows of this corpus share words with an instrument, and no export sifted them",
            got=f"{folder}, {told}{more}",
            fix="Leave these lines out, or export the corpus with `selfscope export-self`",
        )
