"""What is named in a free choice: shares of candidates that were scored, or of words that were drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from selfscope.instruments.copies.load import Game
from selfscope.stats.copies import matching
from selfscope.stats.masked import Array


@dataclass(frozen=True)
class Named:
    """What is named in one free choice.

    Attributes
    ----------
    words
        All that is named, or could be.
    shares
        ``(wording, word)``; less than 1 in all where some replies name nothing.
    draws
        Replies a wording; infinite where shares are exact.
    """

    words: tuple[str, ...]
    shares: Array
    draws: float = np.inf

    @property
    def noise(self) -> Array:
        """The variance of each share from drawing replies, without bias; ``(wording, word)``."""
        return np.asarray(self.shares * (1 - self.shares) / (self.draws - 1))

    def alike(self) -> float:
        """Return how often two copies name the same, wordings drawn apart."""
        mean = self.shares.mean(axis=0)
        return float(matching(mean, mean) - self.noise.sum() / len(self.shares) ** 2)

    def same_words(self) -> float:
        """Return how often two copies name the same where both read the very same words."""
        return float((matching(self.shares, self.shares) - self.noise.sum(axis=-1)).mean())

    def counted(self) -> dict[str, float]:
        """Return how often each word was named, over wordings, of replies that were drawn."""
        times = self.shares.sum(axis=0) * self.draws
        return dict(zip(self.words, map(float, times), strict=True))

    def meets(self, words: Sequence[str], shares: Array) -> float:
        """Return how often it names what another does who names words by these shares, ``(word,)``."""
        other = dict(zip(words, shares, strict=True))
        told = zip(self.words, self.shares.mean(axis=0), strict=True)
        return float(sum(share * other.get(word, 0.0) for word, share in told))


def scored(rows: Mapping[str, Any], game: Game, wordings: Sequence[str]) -> Named:
    """Return the shares of candidates that were scored as replies."""
    mine = rows["item"] == game.item
    keys = zip(rows["template"][mine], rows["label"][mine], strict=True)
    table = dict(zip(keys, rows["value"][mine], strict=True))
    return Named(
        game.options, special.softmax([[table[t, w] for w in game.options] for t in wordings], axis=-1)
    )


def drawn(rows: Mapping[str, Any], game: Game, wordings: Sequence[str], draws: float) -> Named:
    """Return the shares of words that drawn replies named, candidates or not; of all that were drawn."""
    mine = rows["item"] == game.item
    label, wording, value = (rows[c][mine] for c in ("label", "template", "value"))
    words = (*game.options, *sorted({*label} - {*game.options}))
    place = {word: n for n, word in enumerate(words)}
    counts = np.zeros((len(wordings), len(words)))
    for word, where, said in zip(label, wording, value, strict=True):
        counts[wordings.index(where), place[word]] += said
    return Named(words, counts / draws, draws)
