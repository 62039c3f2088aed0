"""Canonical JSON and content ids: one spelling for every value, one id for every spelling."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import rfc8785
from blake3 import blake3

#: Every id says which hash made it; another hash would be another prefix.
HASH_PREFIX = "b3:"


def plain(value: Any) -> Any:
    """Return `value` as JSON types only: dataclasses become objects, tuples and sets lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def canonical_json(value: Any) -> bytes:
    """Return the RFC 8785 form of `value`: part of the contract, for changing it changes every id."""
    return rfc8785.dumps(plain(value))


def content_id(value: Any) -> str:
    """Return the content id of any value made of dataclasses and JSON types."""
    return bytes_id(canonical_json(value))


def bytes_id(data: bytes) -> str:
    """Return the content id of raw bytes (a file, a prompt)."""
    return HASH_PREFIX + blake3(data).hexdigest()


def short(identifier: str, length: int = 12) -> str:
    """Return an id's first `length` hexadecimal digits, without the prefix, for people and paths."""
    return identifier.removeprefix(HASH_PREFIX)[:length]
