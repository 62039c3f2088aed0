"""Many names as arrays: a million ids in a few megabytes, looked up with no dictionary built first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Names:
    """Texts by number, and numbers by text.

    Attributes
    ----------
    blob
        The texts' UTF-8 bytes, one after another.
    ends
        Where each text ends in `blob` (texts + 1, the first is 0).
    keys, order
        The texts' 64-bit hashes in rising order, and the number of the text that each belongs to. A hash only
        says where to look; the text itself is compared.
    """

    blob: NDArray[np.uint8]
    ends: NDArray[np.int64]
    keys: NDArray[np.uint64]
    order: NDArray[np.int32]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Names:
        """Return the names in the order in which they come; each is to come once."""
        coded = [_bytes(text) for text in texts]
        ends = np.zeros(len(coded) + 1, dtype=np.int64)
        np.cumsum([len(each) for each in coded], out=ends[1:])
        keys = np.frombuffer(b"".join(map(_key, coded)), dtype="<u8").astype(np.uint64)
        order = np.argsort(keys, kind="stable").astype(np.int32)
        return cls(np.frombuffer(b"".join(coded), dtype=np.uint8), ends, keys[order], order)

    def __len__(self) -> int:
        return len(self.ends) - 1

    def followed_by(self, texts: Iterable[str]) -> Names:
        """Return these names and then others, none of which is among them."""
        more = Names.of(texts)
        at = np.searchsorted(self.keys, more.keys)
        return Names(
            np.concatenate([self.blob, more.blob]),
            np.concatenate([self.ends, more.ends[1:] + self.ends[-1]]),
            np.insert(self.keys, at, more.keys),
            np.insert(self.order, at, more.order + np.int32(len(self))),
        )

    def text(self, number: int | np.integer[Any]) -> str:
        """Return the text with this number."""
        return self.blob[self.ends[number] : self.ends[number + 1]].tobytes().decode("utf-8", "surrogatepass")

    def find(self, text: str) -> int:
        """Return the number of a text, or -1 where it is not among them."""
        key = np.frombuffer(_key(_bytes(text)), dtype="<u8").astype(np.uint64)[0]
        at = int(np.searchsorted(self.keys, key))
        while at < len(self.keys) and self.keys[at] == key:
            if self.text(self.order[at]) == text:
                return int(self.order[at])
            at += 1
        return -1


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _key(coded: bytes) -> bytes:
    return hashlib.blake2b(coded, digest_size=8).digest()
