"""Which files may run code when they are opened in their own format.

Pickle, and every format that contains one, is a program. A file of such a format is known by its name or by
its bytes, and nothing is opened, unpacked or unpickled to find out: of a zip its table of contents is read,
of an array its header. This is a tripwire and no boundary. A pickle can be hidden from every scanner; the
boundary is that nothing here ever opens a file by unpickling, flagged or not.
"""

from __future__ import annotations

import ast
import io
import pickletools
import re
import struct
import warnings
import zipfile
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, BinaryIO

RUNS_CODE = {
    ".pkl", ".pickle", ".pt", ".pth", ".pt2", ".ptl", ".ckpt", ".joblib", ".dill", ".keras", ".h5", ".hdf5",
    ".mar",
}  # fmt: skip
"""Extensions of formats that may run code when they are opened."""

HEAD = 1 << 20
"""Bytes at the beginning of a file that are looked at."""

_STEPS = 100_000
_BINARY_PICKLE = re.compile(rb"\x80[\x01-\x05]|.{0,16}\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19", re.DOTALL)
_NAMES = {"GLOBAL", "INST", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4"}
_CALLS = {"REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD"}
_PLAIN_TYPE = re.compile(r"[|<>=]?[biufcSUVmM]\d+(\[\w+\])?")


def runs_code(name: str, file: BinaryIO) -> str:
    """Return why opening this file in its own format could run code, or "".

    Parameters
    ----------
    name
        What it is called; its extension counts.
    file
        The file, at its beginning, where it is left.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in RUNS_CODE:
        return f"files named *{suffix} may run code when they are opened"
    head = file.read(HEAD)
    file.seek(0)
    if _BINARY_PICKLE.match(head) or _is_text_pickle(head):
        return "it begins as a pickle does"
    if head.startswith(b"\x93NUMPY"):
        return _array_runs_code(head)
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "it is an HDF5 file, in which a model may keep code"
    if head.startswith(b"PK") or _ends_as_zip(file):
        return _zip_runs_code(file, sure=head.startswith((b"PK\x03\x04", b"PK\x05\x06")))
    return ""


def _is_text_pickle(head: bytes) -> bool:
    """Say whether bytes are a program of the oldest pickle protocol that names something and calls it.

    A list of words can look like one (``cache``, ``build``, ``.venv`` names a module and stops), so naming
    alone is not enough.
    """
    stream, seen = io.BytesIO(head), set()
    try:
        with warnings.catch_warnings(action="ignore"):  # bytes of a stranger are no code of ours to warn of
            for step, _, _ in islice(pickletools.genops(stream), _STEPS):
                seen.add(step.name)
    except ValueError:
        cut = len(head) == HEAD and stream.tell() == HEAD
        if not cut:
            return False
    return bool(seen & _NAMES) and bool(seen & _CALLS)


def _array_runs_code(head: bytes) -> str:
    """Say why an array of NumPy may hold pickled objects: any type but plain numbers and texts may."""
    wide = head[6:7] > b"\x01"
    start = 12 if wide else 10
    try:
        (length,) = struct.unpack("<I" if wide else "<H", head[8:start])
        described = ast.literal_eval(head[start : start + length].decode("utf-8").strip())["descr"]
        plain = _is_plain(described)
    except (ValueError, KeyError, TypeError, SyntaxError, RecursionError, MemoryError, struct.error):
        return "it is an array whose type cannot be read"
    return "" if plain else "it is an array of Python objects, which are pickled"


def _is_plain(described: Any) -> bool:
    if isinstance(described, str):
        return _PLAIN_TYPE.fullmatch(described) is not None
    return isinstance(described, list) and all(
        isinstance(field, tuple) and len(field) in (2, 3) and _is_plain(field[1]) for field in described
    )


def _ends_as_zip(file: BinaryIO) -> bool:
    found = zipfile.is_zipfile(file)
    file.seek(0)
    return found


def _zip_runs_code(file: BinaryIO, *, sure: bool) -> str:
    """Say why a zip may run code; `sure` is whether it is one, or only has bytes at its end as zips have."""
    try:
        with zipfile.ZipFile(file) as packed:
            names = [each.lower() for each in packed.namelist()]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error):
        return "it begins as a zip does, but has no table of contents that can be read" if sure else ""
    finally:
        file.seek(0)
    for name in names:
        if PurePosixPath(name).suffix in RUNS_CODE or name.endswith("archive_format"):
            return f"it is a zip that holds {name[:80]}"
    if any(name.endswith(".npy") for name in names):
        return "it is a zip of arrays, which may be pickled objects"
    return ""
