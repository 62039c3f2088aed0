"""The entries of a tar, plain or compressed, read once from its beginning to its end.

Only plain files and directories are taken, in the forms that programs write today: ustar, with long names and
sizes by pax or GNU. After the end there may be zeros and nothing else.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from selfscope.archive.exchange.packed import STEP, Entry, Limits, refused

BLOCK = tarfile.BLOCKSIZE
_WINDOW = 1 << 27
"""The largest zstd window that is given memory."""

_RECORD = re.compile(rb"(\d{1,9}) ([^=]+)=")


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Stream:
    """What a compressed file unpacks to, as long as it stays within the limits."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self.file, self.limits, self.given = file, limits, 0
        self.source = _decompressed(file)

    def exactly(self, count: int) -> bytes:
        """Return the next so many bytes, at most STEP."""
        data = self.up_to(count)
        if len(data) < count:
            raise refused("it is cut", f"{len(data)} of {count} bytes")
        return data

    def up_to(self, count: int) -> bytes:
        """Return the next so many bytes, or what there is before the end."""
        parts: list[bytes] = []
        try:
            while count and (part := self.source.read(count)):
                parts.append(part)
                count -= len(part)
                self.given += len(part)
                self.limits.check(0, self.given, self.file.tell())
        except (zlib.error, gzip.BadGzipFile, EOFError) as error:
            raise refused("it is damaged", error) from error
        return b"".join(parts)


def _decompressed(file: BinaryIO) -> _Readable:
    head = file.read(4)
    file.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file, mode="rb")
    if head == b"\x28\xb5\x2f\xfd":
        return _zstd(file)
    return file


def _zstd(file: BinaryIO) -> _Readable:
    """Unpack zstd step by step: what a frame says of its size is never given memory."""
    import zstandard

    class Reader:
        def __init__(self) -> None:
            unpacker = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
            self.inner = unpacker.stream_reader(file, read_across_frames=True, closefd=False)

        def read(self, size: int, /) -> bytes:
            try:
                return self.inner.read(size)
            except zstandard.ZstdError as error:
                raise refused("it is damaged, or lies about its size", error) from error

    return Reader()


def tar_entries(file: BinaryIO, limits: Limits) -> Iterator[Entry]:
    """Yield the plain files of a tar; each is to be read before the next.

    Raises
    ------
    BadInput
        If anything in it is not as it should be.
    """
    stream, count, told = _Stream(file, limits), 0, dict[str, str]()
    while (header := _header(stream.exactly(BLOCK))) is not None:
        if header.type in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME):
            told |= _extended(header, _whole(stream, header.size))
            continue
        count += 1
        limits.check(count, stream.given, file.tell())
        size = int(told.get("size", header.size))
        name = told.get("path", header.name).removeprefix("./")
        told = {}
        if header.isdir() and not size:
            continue
        if header.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
            raise refused("it holds what is neither a file nor a directory", ascii(name))
        limits.check(count, size, size)
        yield Entry(name, _parts(stream, size))
    while rest := stream.up_to(STEP):
        if rest.strip(b"\0"):
            raise refused("there are bytes after its end", rest.lstrip(b"\0")[:16])


def _header(block: bytes) -> tarfile.TarInfo | None:
    """Return what a header says, or None where the tar ends."""
    if not block.strip(b"\0"):
        return None
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise refused("it has a header that is none", error) from error
    if header.size < 0:
        raise refused("an entry has less than no bytes", header.size)
    return header


def _whole(stream: _Stream, size: int) -> bytes:
    """Return the body of an extended header."""
    if size > STEP:
        raise refused("a header is too long", size)
    return b"".join(_parts(stream, size))


def _parts(stream: _Stream, size: int) -> Iterator[bytes]:
    """Yield the bytes of an entry, then pass what fills its last block."""
    left = size
    while left:
        part = stream.exactly(min(STEP, left))
        left -= len(part)
        yield part
    if stream.exactly(-size % BLOCK).strip(b"\0"):
        raise refused("there are bytes between its entries", size)


def _extended(header: tarfile.TarInfo, body: bytes) -> dict[str, str]:
    """Return the path and the size that an extended header gives the next entry."""
    if header.type == tarfile.GNUTYPE_LONGNAME:
        return {"path": body.removesuffix(b"\0").decode("utf-8", "surrogateescape")}
    found: dict[str, str] = {}
    stream = io.BytesIO(body)
    while record := _RECORD.match(rest := body[stream.tell() :]):
        length, key = int(record[1]), record[2].decode("utf-8", "surrogateescape")
        value = stream.read(length)[record.end() : -1]
        if length <= record.end() or length > len(rest) or rest[length - 1 : length] != b"\n" or key in found:
            raise refused("a header cannot be read", ascii(key))
        found[key] = value.decode("utf-8", "surrogateescape")
    if stream.tell() != len(body) or any(key.startswith("GNU.sparse") for key in found):
        raise refused("a header cannot be read, or describes a file with holes", header.name)
    wanted = {key: value for key, value in found.items() if key in ("path", "size")}
    whole = re.fullmatch(r"[0-9]{1,19}", wanted.get("size", "0"))
    if wanted and (header.type == tarfile.XGLTYPE or not whole):
        raise refused("a header gives every entry one name, or no size", wanted)
    return wanted
