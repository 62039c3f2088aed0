"""A lineage as a file of arrays: written whole, and believed only if every byte is as it was written."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from selfscope.archive.journal.chain import Damaged, Head
from selfscope.archive.lineage.graph import Graph
from selfscope.errors import BadInput
from selfscope.values.canonical import canonical_json

LAYOUT = 2
"""A file of another layout is not read, and written anew."""

_MAGIC = b"selfscope lineage\n"
_STEP = 64
"""Every array begins at a multiple of so many bytes, so that it is read where it lies."""

_STALE = 3600
"""Seconds after which what an interrupted writer left is cleared away."""


def save(path: Path, head: Head, graph: Graph, told: bytes) -> None:
    """Write the file anew and put it in the place of the old one: a reader sees one of them, whole.

    Nothing is synced. A file that a loss of power tore has another digest than it says, and is not used.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    columns = {**graph.columns(), "told": np.frombuffer(told, np.uint8)}
    places: dict[str, list[Any]] = {}
    at = 0
    for name, column in columns.items():
        places[name] = [column.dtype.str, len(column), at]
        at += column.nbytes + _gap(column)
    about = canonical_json({"columns": places, "head": head, "layout": LAYOUT}) + b"\n"
    digest = blake3(about, max_threads=blake3.AUTO)
    for column in columns.values():
        digest.update(_bytes(column)).update(bytes(_gap(column)))
    aside = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with aside.open("xb") as file:
            file.write(_MAGIC + digest.hexdigest().encode() + b"\n" + about)
            for column in columns.values():
                file.write(_bytes(column))
                file.write(bytes(_gap(column)))
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
        _clear(path)


def load(path: Path) -> tuple[Head, Graph, bytes]:
    """Return the head of the journal up to which a file goes, its graph, and what else it was told.

    Raises
    ------
    OSError
        If it cannot be read, or is not there.
    Damaged
        If it is not what was written.
    BadInput
        If it is of another layout.
    """
    with path.open("rb") as file:
        if file.readline(len(_MAGIC)) != _MAGIC:
            raise Damaged("this is no saved lineage", got=path)
        said, first = file.readline().rstrip(b"\n"), file.readline()
        data = np.fromfile(file, np.uint8)
    digest = blake3(first, max_threads=blake3.AUTO).update(data.data).hexdigest()
    if said != digest.encode():
        raise Damaged("a saved lineage is not what was written", got=path)
    about = json.loads(first)
    if about["layout"] != LAYOUT:
        raise BadInput("a saved lineage has another layout", got=about["layout"])
    head = Head(**about["head"])
    columns = {name: _column(data, *place) for name, place in about["columns"].items()}
    told = columns.pop("told").tobytes()
    return head, Graph.from_columns(columns), told


def _column(data: NDArray[np.uint8], kind: str, count: int, at: int) -> NDArray[Any]:
    wanted = np.dtype(kind)
    return data[at : at + count * wanted.itemsize].view(wanted)


def _bytes(column: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(column).data.cast("B") if len(column) else memoryview(b"")


def _gap(column: NDArray[Any]) -> int:
    return -column.nbytes % _STEP


def _clear(path: Path) -> None:
    """Remove what writers left that died while they wrote."""
    for each in path.parent.glob(f"{path.name}.*.part"):
        if time.time() - each.stat().st_mtime > _STALE:
            each.unlink(missing_ok=True)
