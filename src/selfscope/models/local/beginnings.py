"""What rows that have left a stream had computed, kept for whoever begins alike: the next turn, above all."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from selfscope.models.local.slots import Pairs

KEPT_BYTES = 256 * 2**20
"""Keys and values that are kept; what was used longest ago goes first."""


@dataclass(frozen=True, eq=False)
class Beginning:
    """Tokens with their keys and values.

    Attributes
    ----------
    wears
        What was worn while they were computed; see :class:`selfscope.models.local.stream_rows.Row`.
    fed, seen
        The tokens, and the projection of each.
    pairs
        Keys and values by layer, each (head, token, width).
    """

    wears: str
    fed: list[int]
    seen: list[float]
    pairs: Pairs

    @property
    def bytes(self) -> int:
        """Bytes that it holds."""
        return sum(t.numel() * t.element_size() for pair in self.pairs for t in pair)


class Beginnings:
    """Beginnings by last use, up to `most` bytes."""

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self.most = most
        self._kept: OrderedDict[int, Beginning] = OrderedDict()
        self._number = 0

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, wears: str, fed: list[int], seen: list[float], pairs: Pairs) -> None:
        """Keep what a row had; whatever it goes on from is let go."""
        for key, old in [*self._kept.items()]:
            if old.wears == wears and old.fed == fed[: len(old.fed)]:
                del self._kept[key]
        self._number += 1
        self._kept[self._number] = Beginning(wears, fed, seen, pairs)
        while self._kept and sum(each.bytes for each in self._kept.values()) > self.most:
            self._kept.popitem(last=False)

    def find(self, wears: str, prompt: Sequence[int], most: int) -> tuple[int, Beginning | None]:
        """Return how many tokens the best beginning under this cap has in common with a prompt, and it."""
        found = [(common(prompt, b.fed, most), key) for key, b in self._kept.items() if b.wears == wears]
        count, key = max(found, default=(0, 0))
        if not count:
            return 0, None
        self._kept.move_to_end(key)
        return count, self._kept[key]

    def clear(self) -> None:
        """Let go of everything."""
        self._kept.clear()


def common(left: Sequence[int], right: Sequence[int], most: int) -> int:
    """Return how many leading tokens two rows share, up to `most`."""
    length = min(len(left), len(right), most)
    return next((i for i in range(length) if left[i] != right[i]), length)
