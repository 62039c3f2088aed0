"""Canonical JSON and content ids: one spelling for every value, one id for every spelling."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from json.encoder import encode_basestring
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
    try:
        return _spelled(value).encode()
    except UnicodeEncodeError:
        return rfc8785.dumps(plain(value))  # which says what is wrong with a text that is none


def _spelled(value: Any) -> str:
    """Return the RFC 8785 form of `plain(value)`.

    Texts and what holds them are spelled here, many times faster, because a run spells every prompt; numbers
    and what is no JSON are left to the package.
    """
    if type(value) is str:
        return encode_basestring(value)
    if value is None:
        return "null"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [f"{key}:{_spelled(getattr(value, name))}" for name, key in _fields(type(value))]
        return "{" + ",".join(fields) + "}"
    if isinstance(value, Mapping):
        named = {str(key): item for key, item in value.items()}
        return "{" + ",".join(f"{encode_basestring(k)}:{_spelled(named[k])}" for k in _ordered(named)) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_spelled, value)) + "]"
    return rfc8785.dumps(plain(value)).decode()


@cache
def _fields(kind: Any) -> tuple[tuple[str, str], ...]:
    """Return the fields of a dataclass with their keys as JSON spells them, in the order of RFC 8785."""
    names = {f.name: encode_basestring(f.name) for f in dataclasses.fields(kind)}
    return tuple((name, names[name]) for name in _ordered(names))


def _ordered(keys: Mapping[str, Any]) -> list[str]:
    """Return keys sorted by their UTF-16 code units."""
    return sorted(keys) if all(map(str.isascii, keys)) else sorted(keys, key=_code_units)


def _code_units(key: str) -> bytes:
    return key.encode("utf-16be", "surrogatepass")


def content_id(value: Any) -> str:
    """Return the content id of any value made of dataclasses and JSON types."""
    return bytes_id(canonical_json(value))


def bytes_id(data: bytes) -> str:
    """Return the content id of raw bytes (a file, a prompt)."""
    return HASH_PREFIX + blake3(data).hexdigest()


def short(identifier: str, length: int = 12) -> str:
    """Return an id's first `length` hexadecimal digits, without the prefix, for people and paths."""
    return identifier.removeprefix(HASH_PREFIX)[:length]
