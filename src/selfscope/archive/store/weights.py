"""What a file of weights holds, read without believing it.

Safetensors carries no code, but its format leaves gaps: two tensors of one name, of which two readers can see
different ones; names that are paths. Here both are refused.
"""

from __future__ import annotations

import json
import re
import struct
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from selfscope.archive.store.ingest import Tensor
from selfscope.errors import BadInput

LONGEST_HEADER = 100_000_000
"""Bytes: the limit that the format itself sets."""

BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "U16": 16, "I16": 16, "F16": 16, "BF16": 16, "U32": 32, "I32": 32, "F32": 32,
    "U64": 64, "I64": 64, "F64": 64, "C64": 64,
}  # fmt: skip


@dataclass(frozen=True)
class Header:
    """The header of a safetensors file.

    Attributes
    ----------
    length
        Bytes of the header with its length field; the data begin there.
    tensors
        In the order of the data, offsets counted from the beginning of the file.
    metadata
        What the file says about itself; nothing here relies on it.
    empty
        Names of tensors without a byte, which may share a place with another.
    """

    length: int
    tensors: tuple[Tensor, ...]
    metadata: dict[str, str]
    empty: tuple[str, ...] = ()


def read_header(read: Callable[[int], bytes], size: int) -> Header:
    """Return the header of a safetensors file of `size` bytes.

    Parameters
    ----------
    read
        Gives the next so many bytes.

    Raises
    ------
    BadInput
        If the file is cut, its header is none, names a tensor twice, or its tensors overlap, leave a hole, or
        do not fill the file; if a name is a path out of where it stands.
    """
    if size < 8:
        raise _bad("it is too short to have a header", size)
    (length,) = struct.unpack("<Q", read(8))
    if length > min(LONGEST_HEADER, size - 8):
        raise _bad("its header is longer than the file or than 100 MB", length)
    body = _parse(read(length))
    metadata = body.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(each, str) for each in metadata.values()):
        raise _bad("its metadata is no table of texts", type(metadata).__name__)
    tensors = sorted((_tensor(name, entry, 8 + length) for name, entry in body.items()), key=_place)
    _refuse_gaps(tensors, 8 + length, size)
    empty = tuple(each.name for each in tensors if each.start == each.stop)
    return Header(8 + length, tuple(tensors), metadata, empty)


def _parse(text: bytes) -> dict[str, Any]:
    try:
        body = json.loads(text.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a plain ValueError
        raise _bad("its header is no JSON", error) from error
    if not isinstance(body, dict) or not text.startswith(b"{"):
        raise _bad("its header is no table", type(body).__name__)
    return body


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for key, value in pairs:
        if key in body:
            raise _bad("two entries of its header have one name, so two readers may see two models", key)
        body[key] = value
    return body


def _no_constant(name: str) -> Any:
    raise _bad("its header holds what is no number", name)


def _tensor(name: str, entry: Any, start: int) -> Tensor:
    _refuse_name(name)
    try:
        (low, high), shape, dtype = entry["data_offsets"], entry["shape"], entry["dtype"]
        bits = BITS[dtype]
    except (KeyError, TypeError, ValueError) as error:
        raise _bad(f"the tensor {name!r} is not described", error) from error
    numbers = [low, high, *shape] if isinstance(shape, list) else [None]
    if set(entry) != {"data_offsets", "shape", "dtype"} or not all(_is_count(each) for each in numbers):
        raise _bad(f"the tensor {name!r} is not described by counts", entry)
    for each in shape:
        bits *= each
        if bits > 1 << 63:
            raise _bad(f"the tensor {name!r} is larger than any file", shape)
    if bits != 8 * (high - low):
        raise _bad(f"the tensor {name!r} has another size than its shape", f"{high - low} bytes for {shape}")
    return Tensor(name, dtype, max(1, BITS[dtype] // 8), start + low, start + high)


def _is_count(each: Any) -> bool:
    return isinstance(each, int) and not isinstance(each, bool) and 0 <= each < 1 << 63


def _refuse_name(name: str) -> None:
    parts = re.split(r"[/\\]", name)
    climbs = parts[0] == "" or ".." in parts or re.match(r"[A-Za-z]:[/\\]", name)
    if climbs or any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
        raise _bad("the name of a tensor is empty, or a path out of where it stands", repr(name))


def _refuse_gaps(tensors: list[Tensor], start: int, size: int) -> None:
    at = start
    for each in tensors:
        if each.start != at:
            raise _bad("its tensors overlap or leave a hole", f"{each.name!r} at {each.start}, not {at}")
        at = each.stop
    if at != size:
        raise _bad("its tensors do not fill the file", f"{size - at} bytes are left")


def _place(tensor: Tensor) -> tuple[int, int, str]:
    return tensor.start, tensor.stop, tensor.name


def _bad(what: str, got: Any) -> BadInput:
    return BadInput(
        f"this is no safetensors file that can be trusted: {what}",
        got=got,
        fix="Save it again from its source",
    )
