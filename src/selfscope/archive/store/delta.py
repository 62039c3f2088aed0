"""A stretch of numbers stored as its difference to another: exclusive or, byte planes apart, zstd.

Two fine-tunes of one base differ in few bits of each number, and in the same places of each. Exclusive or
turns what is equal into zeros; taking the first bytes of all numbers together, then the second ones, puts
those zeros side by side. Lossless: a frame gives back exactly the bytes that went in, or nothing.
"""

from __future__ import annotations

import struct

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from selfscope.errors import BadInput, CouldNot

_MAGIC = b"selfscope xor 1\n"
_HEAD = struct.Struct("<QQB32s32s")
LEVEL = 3
"""The zstd level: higher ones were several times slower and gained a percent."""

WIDTHS = (1, 2, 4, 8)
Bytes = bytes | bytearray | memoryview


def encode(target: Bytes, base: Bytes, width: int) -> bytes:
    """Return a frame from which `target` can be had again, given `base`.

    Parameters
    ----------
    target, base
        As many bytes each.
    width
        Bytes of one number; it decides only how small the frame is.

    Raises
    ------
    BadInput
        If the two differ in size, or the width is none of WIDTHS.
    """
    import zstandard

    if len(target) != len(base) or width not in WIDTHS:
        raise BadInput("this cannot be a delta", got=f"{len(target)} and {len(base)} bytes, width {width}")
    planes = _apart(_bytes(target) ^ _bytes(base), width)
    head = _HEAD.pack(len(target), len(base), width, blake3(target).digest(), blake3(base).digest())
    return _MAGIC + head + zstandard.ZstdCompressor(level=LEVEL).compress(planes.tobytes())


def decode(frame: Bytes, base: Bytes) -> bytes:
    """Return the bytes that a frame and its base make.

    Raises
    ------
    CouldNot
        If the frame is no frame, is damaged or lies about its size, or the base is another one.
    """
    size, base_size, width, target_digest, base_digest = _read_head(frame)
    if len(base) != base_size or blake3(base).digest() != base_digest:
        raise CouldNot("a delta is read against another base than it was made from", got=f"{len(base)} bytes")
    planes = _decompress(bytes(frame[len(_MAGIC) + _HEAD.size :]), size)
    data = (_together(planes, width) ^ _bytes(base)).tobytes()
    if blake3(data).digest() != target_digest:
        raise CouldNot("a delta is damaged: it does not give what was stored", fix="Repair it from a replica")
    return data


def _read_head(frame: Bytes) -> tuple[int, int, int, bytes, bytes]:
    start = len(_MAGIC)
    if bytes(frame[:start]) != _MAGIC or len(frame) < start + _HEAD.size:
        raise CouldNot("this is no delta", got=bytes(frame[:16]), fix="Repair it from a replica")
    size, base_size, width, target, base = _HEAD.unpack(frame[start : start + _HEAD.size])
    if size != base_size or width not in WIDTHS:
        raise CouldNot("a delta's header is damaged", got=f"{size} of {base_size} bytes, width {width}")
    return size, base_size, width, target, base


def _decompress(payload: bytes, size: int) -> NDArray[np.uint8]:
    """Return exactly `size` bytes; whatever a frame says of itself, no more is ever unpacked."""
    import zstandard

    try:
        with zstandard.ZstdDecompressor().stream_reader(payload) as reader:
            data = reader.read(size + 1)
    except zstandard.ZstdError as error:
        raise CouldNot("a delta is damaged", got=error, fix="Repair it from a replica") from error
    if len(data) != size:
        raise CouldNot("a delta lies about its size", got=f"{len(data)} bytes for {size}")
    return np.frombuffer(data, np.uint8)


def _bytes(data: Bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8)


def _apart(data: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Put the first bytes of all numbers first, then the second ones; a rest of less than a number last."""
    whole = len(data) // width * width
    return np.concatenate([data[:whole].reshape(-1, width).T.ravel(), data[whole:]])


def _together(planes: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    whole = len(planes) // width * width
    return np.concatenate([planes[:whole].reshape(width, -1).T.ravel(), planes[whole:]])
