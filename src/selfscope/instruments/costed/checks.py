"""Are the scenarios fit to be asked? Numbers, lengths, words that give the trait or the price away.

Every check takes the scenarios as they are loaded and yields its faults, none if it passes. Nothing is
mended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from selfscope.instruments.cluster.checks import Fault, words
from selfscope.instruments.costed.load import Scenario
from selfscope.instruments.indirect.checks import stems
from selfscope.values import Dimension

Loaded = Sequence[tuple[Dimension, tuple[Scenario, ...]]]
#: Scenarios of either keying; of them asked either way, and of either cost.
EACH, HALF = 6, 3
#: Words of an act, and how many more one of a scenario may have than the other.
SHORTEST, LONGEST, GAP = 6, 12, 2
#: Words in a row that no two scenarios share.
RUN = 4
#: Words that would tell of a price where only the instrument does.
PRICE_WORDS = ("minute", "hour", "wait", "quality", "slip", "error", "worse", "cost")


def check_costed(loaded: Loaded) -> tuple[Fault, ...]:
    """Return the faults of every check."""
    checks = (balance, lengths, price_words, key_words, characters, repeated)
    return tuple(fault for check in checks for fault in check(loaded))


def balance(loaded: Loaded) -> Iterator[Fault]:
    """Has each dimension six scenarios of either keying, half of them of either cost and asked either way?"""
    for dimension, own in loaded:
        for keyed in (1, -1):
            some = [s for s in own if s.keyed == keyed]
            counts = [
                sum(s.asked == "taken" for s in some),
                sum(s.cost == "time" for s in some),
            ]
            if len(some) != EACH or counts != [HALF, HALF]:
                said = f"{len(some)} keyed {keyed:+d}: {counts[0]} taken, {counts[1]} for time"
                yield Fault("balance", dimension.name, said)


def lengths(loaded: Loaded) -> Iterator[Fault]:
    """Are both acts 6 to 12 words long, and of like length?"""
    for s in _scenarios(loaded):
        act, plain = len(s.act.split()), len(s.plain.split())
        if min(act, plain) < SHORTEST or max(act, plain) > LONGEST or abs(act - plain) > GAP:
            yield Fault("lengths", s.id, f"acts of {act} and {plain} words")


def price_words(loaded: Loaded) -> Iterator[Fault]:
    """Does a scenario speak of a price by itself?"""
    for s in _scenarios(loaded):
        hits = [w for w in words(" ".join(_texts(s))) if w.startswith(PRICE_WORDS)]
        if hits:
            yield Fault("price_words", s.id, f"tells of a price: {', '.join(hits)}")


def key_words(loaded: Loaded) -> Iterator[Fault]:
    """Does a scenario, or a character of the check, hold a key word of its dimension?"""
    for dimension, own in loaded:
        keys = tuple(dimension.key_words)
        told = [(s.id, text) for s in own for text in _texts(s)]
        told += [(dimension.name, text) for text in _characters(dimension)]
        for where, text in told:
            for word in words(text):
                if keys and word.startswith(keys):
                    yield Fault("key_words", where, f"key word {word!r}")


def characters(loaded: Loaded) -> Iterator[Fault]:
    """Does a character of the check share a content word with an act? It could be told by the word alone."""
    for dimension, own in loaded:
        wanted = set().union(*(stems(text) for text in _characters(dimension)))
        for s in own:
            if hit := sorted(wanted & stems(f"{s.act} {s.plain}")):
                yield Fault("characters", s.id, f"shared with a character: {', '.join(hit)}")


def repeated(loaded: Loaded) -> Iterator[Fault]:
    """Do two scenarios share a sentence, or four words in a row?"""
    runs = Counter(run for s in _scenarios(loaded) for run in {r for t in _texts(s) for r in runs_of(t)})
    for s in _scenarios(loaded):
        if hit := sorted(r for r in {r for t in _texts(s) for r in runs_of(t)} if runs[r] > 1):
            yield Fault("repeated", s.id, f"occurs in another scenario too: {'; '.join(hit)}")


def runs_of(text: str) -> set[str]:
    """Return every four words in a row of `text`."""
    found = words(text)
    return {" ".join(found[n : n + RUN]) for n in range(len(found) - RUN + 1)}


def _scenarios(loaded: Loaded) -> Iterable[Scenario]:
    return (s for _, own in loaded for s in own)


def _texts(s: Scenario) -> tuple[str, str, str]:
    return s.situation, s.act, s.plain


def _characters(dimension: Dimension) -> tuple[str, ...]:
    check = dimension.sensitivity
    return () if check is None else (*check.high, *check.low)
