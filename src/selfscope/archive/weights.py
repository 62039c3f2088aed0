"""What a file of weights holds, read without believing it.

Safetensors carries no code, but its format leaves gaps: two tensors of one name, of which two readers can see
different ones; names that are paths. Here both are refused. Formats that run code when they are opened
(pickle and all that contain one) are known by their names and by their bytes, and are never opened.
"""

from __future__ import annotations

import json
import re
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from selfscope.archive.ingest import Tensor
from selfscope.errors import BadInput

LONGEST_HEADER = 100_000_000
"""Bytes: the limit that the format itself sets."""

BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "U16": 16, "I16": 16, "F16": 16, "BF16": 16, "U32": 32, "I32": 32, "F32": 32,
    "U64": 64, "I64": 64, "F64": 64, "C64": 64,
}  # fmt: skip

RUNS_CODE = {
    ".pkl", ".pickle", ".pt", ".pth", ".pt2", ".ptl", ".ckpt", ".joblib", ".dill", ".keras", ".h5", ".hdf5",
    ".mar",
}  # fmt: skip
"""Extensions of formats that may run code when they are opened."""

_PICKLE = re.compile(
    rb"\x80[\x01-\x05]|\(?c[\w.]+\n[\w.]+\n|.{0,16}\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19", re.DOTALL
)
_INSIDE = re.compile(r"\.(pkl|pickle|h5|joblib)$|(^|/)data\.pkl$")
_OBJECTS = re.compile(rb"'descr':\s*[^,]*O")


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


def runs_code(name: str, file: BinaryIO) -> str:
    """Return why opening this file in its own format could run code, or "".

    The file's first bytes and, of a zip, its table of contents are looked at; nothing is unpacked.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in RUNS_CODE:
        return f"files named *{suffix} may run code when they are opened"
    head = file.read(4096)
    file.seek(0)
    if _PICKLE.match(head):
        return "it begins as a pickle does"
    if head.startswith(b"\x93NUMPY") and _OBJECTS.search(head):
        return "it is an array of Python objects, which are pickled"
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "it is an HDF5 file, in which a model may keep code"
    if head.startswith(b"PK\x03\x04"):
        return _zip_runs_code(file)
    return ""


def _zip_runs_code(file: BinaryIO) -> str:
    try:
        with zipfile.ZipFile(file) as packed:
            names = packed.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return "it begins as a zip does, but has no table of contents that can be read"
    finally:
        file.seek(0)
    inside = next((each for each in names if _INSIDE.search(each.lower())), "")
    objects = any(each.endswith(".npy") for each in names) and "it holds arrays, which may be pickled objects"
    return f"it is a zip that holds {inside[:80]}" if inside else objects or ""


def _parse(text: bytes) -> dict[str, Any]:
    try:
        body = json.loads(text.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise _bad("its header is no JSON", error) from error
    if not isinstance(body, dict):
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
    if not name or any(ord(sign) < 32 for sign in name) or ".." in parts or parts[0] == "" or ":" in parts[0]:
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
