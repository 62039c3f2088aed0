"""Rows and texts that come one by one, over others that stay as they are.

What was read of a journal lies in arrays, and what came since lies over them: new rows, and copies of those
that changed. So a lineage is advanced by what is new alone, and what might be added to it is tried in a
layer that is thrown away again. From a layer, arrays can be had at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfscope.archive.lineage.names import Names

Columns = tuple[NDArray[Any], ...]
Row = list[Any]

_SCANS = 32
"""So many pairs are looked for by scanning; then all are sorted once."""


class Texts:
    """Numbers for texts, in the order in which they come."""

    def __init__(self, below: Names | Texts | None = None) -> None:
        self.below = below
        self.start = 0 if below is None else len(below)
        self.fresh: dict[str, int] = {}
        self._met: dict[str, int] = {}

    def __len__(self) -> int:
        return self.start + len(self.fresh)

    def find(self, text: str) -> int:
        """Return the number of a text, or -1 where it did not come yet."""
        found = self.fresh.get(text, -1)
        if found >= 0 or self.below is None:
            return found
        found = self._met.get(text, -1)
        if found < 0 and (found := self.below.find(text)) >= 0:
            self._met[text] = found
        return found

    def number(self, text: str) -> int:
        """Return the number of a text, a new one where it did not come yet."""
        found = self.find(text)
        if found < 0:
            found = self.fresh[text] = len(self)
        return found

    def word(self, text: str) -> int:
        """Return the number of a text, -1 for the empty one."""
        return -1 if text == "" else self.number(text)

    def names(self) -> Names:
        """Return all texts as arrays."""
        if self.below is None:
            return Names.of(self.fresh)
        below = self.below.names() if isinstance(self.below, Texts) else self.below
        return below.followed_by(self.fresh) if self.fresh else below


class Table:
    """Rows of one kind, over columns or over another table.

    Parameters
    ----------
    types
        The columns' types.
    below
        What stays as it is: arrays of equal length, or a table that nobody changes any more.
    """

    def __init__(self, types: Sequence[Any], below: Columns | Table | None = None) -> None:
        self.types, self.below = tuple(types), below
        self.start = 0 if below is None else len(below) if isinstance(below, Table) else len(below[0])
        self.fresh: list[Row] = []
        self.changed: dict[int, Row] = {}

    def __len__(self) -> int:
        return self.start + len(self.fresh)

    def add(self, row: Row) -> int:
        """Put a row at the end, and return its number."""
        self.fresh.append(row)
        return len(self) - 1

    def row(self, at: int) -> Sequence[Any]:
        """Return a row to be looked at and not changed."""
        if at >= self.start:
            return self.fresh[at - self.start]
        if at in self.changed:
            return self.changed[at]
        if isinstance(self.below, Table):
            return self.below.row(at)
        return [column[at].item() for column in self.below or ()]

    def change(self, at: int) -> Row:
        """Return a row that may be changed."""
        if at >= self.start:
            return self.fresh[at - self.start]
        if at not in self.changed:
            self.changed[at] = list(self.row(at))
        return self.changed[at]

    def where(self, column: int, value: Any) -> list[int]:
        """Return the rows that have a value in a column."""
        if isinstance(self.below, Table):
            under = self.below.where(column, value)
        else:
            under = [] if self.below is None else np.flatnonzero(self.below[column] == value).tolist()
        found = [at for at in under if at not in self.changed]
        found += [at for at, row in self.changed.items() if row[column] == value]
        found += [at for at, row in enumerate(self.fresh, self.start) if row[column] == value]
        return sorted(found)

    def absorb(self, layer: Table) -> None:
        """Take over the rows of a layer that lies on this table."""
        for at, row in layer.changed.items():
            self.change(at)[:] = row
        self.fresh += layer.fresh

    def columns(self) -> Columns:
        """Return all rows as arrays."""
        new = list(zip(*self.fresh, strict=True)) or [()] * len(self.types)
        fresh = tuple(np.array(column, dtype=kind) for column, kind in zip(new, self.types, strict=True))
        if self.below is None:
            return fresh
        below = self.below.columns() if isinstance(self.below, Table) else self.below
        if not self.changed and not self.fresh:
            return below
        where = np.fromiter(self.changed, dtype=np.int64, count=len(self.changed))
        rows = list(zip(*self.changed.values(), strict=True)) or [()] * len(self.types)
        whole = tuple(np.concatenate(pair) for pair in zip(below, fresh, strict=True))
        for column, values, kind in zip(whole, rows, self.types, strict=True):
            column[where] = np.array(values, dtype=kind)
        return whole


class Pairs(Table):
    """Rows that join a source to a target, in columns 1 and 2, at most one for each pair.

    Parameters
    ----------
    ends
        How many things there are in the layer below: a newer one was joined to nothing there.
    """

    def __init__(self, types: Sequence[Any], below: Columns | Pairs | None = None, ends: int = 0) -> None:
        super().__init__(types, below)
        self.ends = ends
        self._where: dict[int, int] = {}
        self._scans = 0
        self._sorted: tuple[NDArray[np.int64], NDArray[np.intp]] | None = None

    def find(self, source: int, target: int) -> int:
        """Return the row that joins a source, -1 for an unknown one, to a target; -1 for none."""
        found = self._where.get(_key(source, target), -1)
        if found >= 0 or self.below is None or target >= self.ends or source >= self.ends:
            return found
        return (
            self.below.find(source, target) if isinstance(self.below, Pairs) else self._scan(source, target)
        )

    def join(self, row: Row) -> int:
        """Put a row for a pair that has none, and return its number."""
        self._where[_key(row[1], row[2])] = len(self)
        return self.add(row)

    def absorb(self, layer: Table) -> None:
        """Take over the rows of a layer that lies on this table."""
        for at, row in enumerate(layer.fresh, len(self)):
            self._where[_key(row[1], row[2])] = at
        super().absorb(layer)

    def leads_nowhere_back(self) -> bool:
        """Say whether no path from a new pair's target to its source can lead through the layer below.

        Then, and if the new pairs by themselves go in no circle, none does with them. False only says that
        this is to be looked at with all pairs.
        """
        new = {(row[1], row[2]) for row in self.fresh if row[1] >= 0}
        old = {target for _, target in new if target < self.ends}
        if len(old) > _SCANS or any(self.below is not None and _begins(self.below, each) for each in old):
            return False
        return not _circular(new)

    def _scan(self, source: int, target: int) -> int:
        """Look for a pair in the arrays below: by scanning them for the first few, then in sorted keys."""
        assert isinstance(self.below, tuple)
        sources, targets = self.below[1], self.below[2]
        self._scans += 1
        if self._scans <= _SCANS:
            hits = np.flatnonzero((targets == target) & (sources == source))
            return int(hits[0]) if len(hits) else -1
        if self._sorted is None:
            keys = (sources.astype(np.int64) + 1) << 32 | targets
            order = np.argsort(keys, kind="stable")
            self._sorted = keys[order], order
        keys, order = self._sorted
        at = int(np.searchsorted(keys, _key(source, target)))
        return int(order[at]) if at < len(keys) and keys[at] == _key(source, target) else -1


def _circular(pairs: set[tuple[int, int]]) -> bool:
    """Say whether some of these pairs go in a circle."""
    after: dict[int, list[int]] = {}
    coming: dict[int, int] = {}
    for source, target in pairs:
        after.setdefault(source, []).append(target)
        coming[target] = coming.get(target, 0) + 1
    ready = [each for each in after if each not in coming]
    passed = 0
    while ready:
        for target in after.get(ready.pop(), ()):
            passed += 1
            coming[target] -= 1
            if not coming[target]:
                ready.append(target)
    return passed < len(pairs)


def _begins(below: Columns | Table, source: int) -> bool:
    """Say whether any pair below begins at a source."""
    if not isinstance(below, Table):
        return bool((below[1] == source).any())
    if any(row[1] == source for row in below.fresh):
        return True
    return below.below is not None and _begins(below.below, source)


def _key(source: int, target: int) -> int:
    return (source + 1) << 32 | target
