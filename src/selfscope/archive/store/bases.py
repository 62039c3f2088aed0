"""What each piece of a fine-tune may be a delta against: the same tensor of its base, where that lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from selfscope.archive.store.fetch import Reader
from selfscope.archive.store.ingest import Brought, Stretch, Tensor
from selfscope.archive.store.manifests import Holding
from selfscope.archive.store.weights import read_header

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive


def with_bases(archive: Archive, files: Sequence[Brought], base: Holding) -> list[Brought]:
    """Return the files, each safetensors file with a stretch of the base for every piece that has one.

    Tensors are matched by name and type across all files of the base, so it does not matter how either was
    split into files. A tensor of another size has no counterpart.
    """
    stretches = _stretches(archive, base)
    return [replace(each, bases=_matched(each, stretches)) for each in files]


def _matched(file: Brought, stretches: dict[tuple[str, str, int], dict[int, Stretch]]) -> dict[int, Stretch]:
    """Return, by the offset of a piece in this file, the base's stretch for it."""
    return {
        tensor.start + at: stretch
        for tensor in file.tensors
        for at, stretch in stretches.get(_key(tensor), {}).items()
    }


def _stretches(archive: Archive, base: Holding) -> dict[tuple[str, str, int], dict[int, Stretch]]:
    """Return, by tensor, where the pieces that begin in it lie, by their offset in the tensor."""
    reader = Reader(archive, base)
    found: dict[tuple[str, str, int], dict[int, Stretch]] = {}
    for number, file in enumerate(base.manifest.files):
        if not file.path.endswith(".safetensors"):
            continue
        pieces = _by_offset(base, number)
        for tensor in _tensors(reader, number, file.size):
            inside = {
                at - tensor.start: each for at, each in pieces.items() if tensor.start <= at < tensor.stop
            }
            found[_key(tensor)] = {at: replace(each, width=tensor.width) for at, each in inside.items()}
    return found


def _by_offset(base: Holding, number: int) -> dict[int, Stretch]:
    found, at = {}, 0
    for piece in base.files[number]:
        if piece.codec == "raw":
            found[at] = Stretch(base.objects[piece.object].object, piece.at, piece.length)
        at += piece.size
    return found


def _tensors(reader: Reader, number: int, size: int) -> tuple[Tensor, ...]:
    at = 0

    def read(count: int) -> bytes:
        nonlocal at
        at += count
        return reader.range(number, at - count, at)

    return read_header(read, size).tensors


def _key(tensor: Tensor) -> tuple[str, str, int]:
    return tensor.name, tensor.dtype, tensor.stop - tensor.start
