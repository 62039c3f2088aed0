"""What a content is, and how this archive holds it.

A :class:`Manifest` says what something is: its files with their digests, its form, its recipe. The digest of
its canonical JSON is the content's id, so the id is the same in every archive, however the bytes are kept.

A :class:`Holding` says how one archive keeps one content: each file is a row of pieces, each piece a stretch
of an object, raw or as a delta. In a destruction domain all of that is encrypted, names of files and tensors
included; only the objects' names and sizes stay readable, so that everybody can check and nobody can collect
too much. A content's id then still says *which* content it was, and confirms it to whoever has all of its
bytes already: that is what a tombstone keeps.
"""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from selfscope.archive.journal.chain import Damaged
from selfscope.archive.journal.events import Form
from selfscope.archive.store.objects import is_id
from selfscope.errors import BadInput
from selfscope.values.canonical import canonical_json, content_id

VERSION = 1

Codec = Literal["raw", "xor"]


@dataclass(frozen=True)
class File:
    """One file: where it stands under its content, its bytes' number and two digests of them."""

    path: str
    size: int
    sha256: str
    b3: str


@dataclass(frozen=True)
class Manifest:
    """What a content is.

    Attributes
    ----------
    form
        What kind of thing.
    lone
        Whether it was brought as a single file and not as a directory.
    files
        In the order of their paths.
    recipe
        What else it takes to run it: architecture, libraries and versions, digest of the template, sampling.
        Any JSON. It is part of the id: the same weights under another recipe are another model.
    """

    form: Form
    lone: bool
    files: tuple[File, ...]
    recipe: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The content's id."""
        return content_id(self)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(each.size for each in self.files)


@dataclass(frozen=True)
class Kept:
    """An object that a holding needs: its name, and its bytes' number as it lies on the disk."""

    object: str
    size: int


@dataclass(frozen=True)
class Piece:
    """A stretch of a file, and where its bytes are.

    Attributes
    ----------
    object
        Position in the holding's list of objects.
    at, length
        The stretch of the object's plaintext, in bytes.
    size, b3
        Number and digest of the bytes that come of it.
    codec
        ``raw``: the stretch is the bytes. ``xor``: it is a delta frame against `base_size` bytes from
        `base_at` of the object `base`.
    """

    object: int
    at: int
    length: int
    size: int
    b3: str
    codec: Codec = "raw"
    base: int = -1
    base_at: int = 0
    base_size: int = 0


@dataclass(frozen=True)
class Holding:
    """How one archive keeps one content.

    Attributes
    ----------
    content
        The content's id: the digest of `manifest`.
    domain
        The destruction domain that encrypts it, or "".
    base
        The content that its deltas are against, or "" where it stands alone.
    objects
        All objects that it needs, those of its base included.
    files
        For each file of the manifest, the pieces that follow one another in it.
    """

    manifest: Manifest
    content: str
    domain: str
    base: str
    objects: tuple[Kept, ...]
    files: tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True)
class Envelope:
    """What can be read of a holding without any key."""

    content: str
    domain: str
    objects: tuple[Kept, ...]
    body: dict[str, Any] | bytes

    def holding(self, unseal: Callable[[bytes], bytes]) -> Holding:
        """Return the whole holding; `unseal` opens the body where it is encrypted.

        Raises
        ------
        Damaged
            If it is not what :func:`holding_bytes` wrote.
        """
        try:
            body = self.body if isinstance(self.body, dict) else json.loads(unseal(self.body))
            manifest = _manifest(body["manifest"])
            files = tuple(tuple(_piece(p) for p in pieces) for pieces in body["files"])
            held = Holding(manifest, self.content, self.domain, str(body["base"]), self.objects, files)
            _refuse_inconsistent(held)
        except (ValueError, KeyError, TypeError, RecursionError, BadInput) as error:
            raise Damaged("a manifest cannot be read", got=error, fix="Repair it from a replica") from error
        return held


def holding_bytes(holding: Holding, seal: Callable[[bytes], bytes]) -> bytes:
    """Return a holding as a file's content; `seal` encrypts what a domain hides."""
    body: dict[str, Any] = {
        "base": holding.base,
        "files": [[_piece_json(piece) for piece in pieces] for pieces in holding.files],
        "manifest": holding.manifest,
    }
    if holding.domain:
        body = {"sealed": base64.b64encode(seal(canonical_json(body))).decode()}
    outside = {
        "content": holding.content,
        "domain": holding.domain,
        "objects": [[kept.object, kept.size] for kept in holding.objects],
        "version": VERSION,
    }
    return canonical_json({**outside, **body})


def read_envelope(data: bytes) -> Envelope:
    """Return what a holding's file says without any key.

    Raises
    ------
    Damaged
        If it is not what :func:`holding_bytes` wrote.
    BadInput
        If it has a newer version.
    """
    try:
        outside = json.loads(data)
        version = outside["version"]
        objects = tuple(Kept(_id(name), _count(size)) for name, size in outside["objects"])
        content, domain = _id(outside["content"]), str(outside["domain"])
        body = base64.b64decode(outside["sealed"], validate=True) if domain else outside
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Damaged("a manifest cannot be read", got=error, fix="Repair it from a replica") from error
    if version != VERSION:
        raise BadInput("a manifest has another version", got=version, fix="Use a newer selfscope")
    return Envelope(content, domain, objects, body)


def read_manifest(data: bytes) -> Manifest:
    """Return a manifest from the canonical JSON whose digest is its id.

    Raises
    ------
    BadInput
        If it is not exactly what a manifest is written as.
    """
    try:
        manifest = _manifest(json.loads(data))
        whole = canonical_json(manifest) == data and manifest.form in get_args(Form)
        counted = not manifest.lone or len(manifest.files) == 1
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput("this is no manifest", got=error) from error
    if not whole or not counted:
        raise BadInput("this is not as a manifest is written", got=f"{len(data)} bytes, {manifest.form!r}")
    return manifest


def safe_path(path: str) -> str:
    """Return a relative path that can be made on every system without leaving its directory.

    Raises
    ------
    BadInput
        If it is absolute, climbs, has an empty or over-long part, a control character or a backslash, or is
        not text that UTF-8 can hold.
    """
    parts = path.split("/")
    bad = (
        any(part in ("", ".", "..") or _length(part) > 255 for part in parts)
        or "\\" in path
        or any(unicodedata.category(sign) in ("Cc", "Cs") for sign in path)
    )
    if bad:
        raise BadInput("a file has an unusable name", got=ascii(path), fix="Rename it and bring it again")
    return path


def _length(part: str) -> int:
    return len(part.encode("utf-8", "surrogatepass"))


def _manifest(body: dict[str, Any]) -> Manifest:
    files = tuple(
        File(safe_path(each["path"]), _count(each["size"]), str(each["sha256"]), _id(each["b3"]))
        for each in body["files"]
    )
    return Manifest(body["form"], bool(body["lone"]), files, dict(body["recipe"]))


def _piece_json(piece: Piece) -> dict[str, Any]:
    body: dict[str, Any] = {
        "object": piece.object, "at": piece.at, "length": piece.length, "b3": piece.b3
    }  # fmt: skip
    if piece.codec == "raw":
        return body
    base = {"base": piece.base, "base_at": piece.base_at, "base_size": piece.base_size}
    return {**body, **base, "codec": piece.codec, "size": piece.size}


def _piece(body: dict[str, Any]) -> Piece:
    length = _count(body["length"])
    known = Piece(_count(body["object"]), _count(body["at"]), length, length, _id(body["b3"]))
    if "codec" not in body:
        return known
    if body["codec"] != "xor":
        raise ValueError(f"a piece has the unknown codec {body['codec']!r}")
    base = {name: _count(body[name]) for name in ("size", "base", "base_at", "base_size")}
    return Piece(known.object, known.at, length, b3=known.b3, codec="xor", **base)


def _refuse_inconsistent(held: Holding) -> None:
    """Raise ValueError where a holding's parts do not fit together."""
    if held.manifest.id != held.content:
        raise ValueError("the manifest does not have the content's digest")
    paths = [each.path for each in held.manifest.files]
    if len(set(paths)) != len(paths) or len(held.files) != len(paths):
        raise ValueError("files and pieces do not match")
    for file, pieces in zip(held.manifest.files, held.files, strict=True):
        if sum(piece.size for piece in pieces) != file.size:
            raise ValueError(f"the pieces do not make up {file.path}")
    numbers = [n for pieces in held.files for piece in pieces for n in (piece.object, max(piece.base, 0))]
    if max(numbers, default=-1) >= len(held.objects):
        raise ValueError("a piece names an object that is not listed")


def _id(text: Any) -> str:
    if not isinstance(text, str) or not is_id(text):
        raise ValueError(f"this is not an id: {text!r}")
    return text


def _count(number: Any) -> int:
    if type(number) is not int or number < 0:
        raise ValueError(f"this is not a number of bytes: {number!r}")
    return number
