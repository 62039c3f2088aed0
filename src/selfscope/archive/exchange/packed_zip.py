"""The entries of a zip whose two tables agree and leave nothing over.

A zip tells of each entry twice: before its bytes, and in a table at its end. Readers differ in which they
believe, so one file can be two. Here both must say the same, the entries must follow one another from the
first byte to the table without a gap or an overlap, and each must unpack to exactly what was said.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from selfscope.archive.exchange.packed import STEP, Entry, Limits, refused

_LOCAL = struct.Struct("<4s5H3I2H")
_STORED, _DEFLATED = 0, 8
_DESCRIBED_AFTER, _UTF8 = 0x8, 0x800
_KNOWN_FLAGS = _DESCRIBED_AFTER | _UTF8 | 0x6
_MAX32 = 0xFFFFFFFF


def zip_entries(file: BinaryIO, limits: Limits) -> Iterator[Entry]:
    """Yield the plain files of a zip, in the order of their bytes.

    Raises
    ------
    BadInput
        If anything in it is not as it should be.
    """
    try:
        with zipfile.ZipFile(file) as packed:
            entries = sorted(packed.infolist(), key=lambda each: each.header_offset)
            start_of_table: int = packed.start_dir
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OverflowError) as error:
        raise refused("its table of contents cannot be read", error) from error
    _refuse_end(file, len(entries))
    limits.check(len(entries), sum(e.file_size for e in entries), sum(e.compress_size for e in entries))
    ends = [*(each.header_offset for each in entries), start_of_table]
    if ends[0] != 0:
        raise refused("there are bytes before its first entry", ends[0])
    for entry, end in zip(entries, ends[1:], strict=True):
        _refuse_kind(entry)
        start = _refuse_other_header(file, entry, end)
        if not entry.filename.endswith("/"):
            yield Entry(entry.orig_filename, _bytes(file, entry, start))


def _refuse_end(file: BinaryIO, count: int) -> None:
    """Refuse a zip that does not end with its own last record, or whose number of entries is another."""
    file.seek(0, 2)
    file.seek(max(0, file.tell() - 22))
    record = file.read(22)
    if len(record) < 22 or record[:4] != b"PK\x05\x06" or record[20:] != b"\0\0":
        raise refused("there are bytes after its end", record[:4])
    (told,) = struct.unpack("<H", record[10:12])
    if told not in (count, 0xFFFF):
        raise refused("it holds another number of entries than it says", f"{count}, not {told}")


def _refuse_kind(entry: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    directory = entry.orig_filename.endswith("/")
    if kind not in (0, stat.S_IFDIR if directory else stat.S_IFREG):
        raise refused("it holds what is neither a file nor a directory", ascii(entry.orig_filename))
    if entry.flag_bits & ~_KNOWN_FLAGS or entry.compress_type not in (_STORED, _DEFLATED):
        raise refused("an entry is encrypted, or packed in a rare way", ascii(entry.orig_filename))
    if directory and entry.file_size:
        raise refused("a directory has bytes", ascii(entry.orig_filename))
    if entry.compress_type == _STORED and entry.file_size != entry.compress_size:
        raise refused("an entry lies about its size", ascii(entry.orig_filename))


def _refuse_other_header(file: BinaryIO, entry: zipfile.ZipInfo, end: int) -> int:
    """Compare what stands before an entry's bytes with the table; return where its bytes begin."""
    file.seek(entry.header_offset)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size:
        raise refused("it is cut", ascii(entry.orig_filename))
    mark, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(head)
    name, extra = file.read(name_length), file.read(extra_length)
    known = entry.orig_filename.encode("utf-8" if flags & _UTF8 else "cp437", "replace")
    if (mark, flags, method, name) != (b"PK\x03\x04", entry.flag_bits, entry.compress_type, known):
        raise refused("its two tables differ", ascii(entry.orig_filename))
    told = (crc, *_wide(packed, size, extra))
    true = (entry.CRC, entry.compress_size, entry.file_size)
    if told != true and not (flags & _DESCRIBED_AFTER and not any(told)):
        raise refused("its two tables differ", f"{entry.orig_filename!a}: {told}, {true}")
    start: int = entry.header_offset + _LOCAL.size + len(name) + len(extra)
    file.seek(start + entry.compress_size)
    left = end - start - entry.compress_size
    after = file.read(left) if 0 < left <= 24 else b""
    forms = [pre + struct.pack(form, *true) for pre in (b"", b"PK\x07\x08") for form in _forms(true)]
    if left and not (flags & _DESCRIBED_AFTER and after in forms):
        raise refused("its entries overlap, or there are bytes between them", ascii(entry.orig_filename))
    return start


def _forms(true: tuple[int, int, int]) -> list[str]:
    return ["<IQQ"] if max(true) > _MAX32 else ["<III", "<IQQ"]


def _wide(packed: int, size: int, extra: bytes) -> tuple[int, int]:
    """Return an entry's sizes as its header means them; large ones stand in an extra field."""
    if _MAX32 not in (packed, size):
        return packed, size
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        if kind == 1 and length >= 16:
            wide_size, wide_packed = struct.unpack("<QQ", extra[4:20].ljust(16, b"\0"))
            return int(wide_packed), int(wide_size)
        extra = extra[4 + length :]
    return packed, size


def _bytes(file: BinaryIO, entry: zipfile.ZipInfo, start: int) -> Iterator[bytes]:
    """Yield an entry's bytes; raise where they are more, fewer or others than was said."""
    file.seek(start)
    size, crc = 0, 0
    for part in _inflated(file, entry) if entry.compress_type == _DEFLATED else _plain(file, entry):
        size, crc = size + len(part), zlib.crc32(part, crc)
        if size > entry.file_size:
            break
        yield part
    if (size, crc) != (entry.file_size, entry.CRC):
        raise refused("an entry lies about its size, or is damaged", ascii(entry.orig_filename))


def _plain(file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    left = entry.compress_size
    while left and (part := file.read(min(STEP, left))):
        left -= len(part)
        yield part


def _inflated(file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-15)
    try:
        for packed in _plain(file, entry):
            if inflate.eof:
                raise refused("there are bytes after an entry's end", ascii(entry.orig_filename))
            yield inflate.decompress(packed, STEP)
            while inflate.unconsumed_tail:
                yield inflate.decompress(inflate.unconsumed_tail, STEP)
        while rest := inflate.decompress(b"", STEP):
            yield rest
    except zlib.error as error:
        raise refused("an entry is damaged", f"{entry.orig_filename!a}: {error}") from error
    if not inflate.eof or inflate.unused_data:
        raise refused("an entry does not end where it should", ascii(entry.orig_filename))
