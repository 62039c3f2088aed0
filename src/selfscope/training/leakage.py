"""Does a training corpus hold anything of what the adapter will be asked afterwards?

An adapter that is trained on one construct and moves another tells something only if its corpus did not
speak of the other. Two things can be checked by code: **key words** of the dimensions that are held out, and
**runs** of words that the corpus shares with the texts that the instruments ask. Meaning cannot; a corpus is
also read for it, sentence by sentence, and its README says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from selfscope.instruments.cluster.checks import Fault, words
from selfscope.training.retold import Retold
from selfscope.training.spelling import folded, spelled_out
from selfscope.values import ItemSet

#: Words in a row that a corpus may not share with an instrument.
LENGTH = 4
#: Two pairs that share more than this part of the smaller one's runs are copies of each other.
SHARE = 0.5

Run = tuple[str, ...]


@dataclass(frozen=True)
class Reserved:
    """What belongs to the instruments and may not stand in a corpus.

    Attributes
    ----------
    key_words
        Stem to the dimension that it belongs to; a word that begins with the stem holds it.
    runs
        So many words in a row to the text that holds them: a statement's id, a dimension's name, an
        elicitor's id.
    lengths
        Words that a run may have.
    spelled
        Whether runs are of texts with their short forms written out, so that *don't* is *do not*.
    retold
        Statements that may not be told in nearly the same words either.
    """

    key_words: Mapping[str, str]
    runs: Mapping[Run, str]
    lengths: tuple[int, ...] = (LENGTH,)
    spelled: bool = False
    retold: Retold = field(default_factory=lambda: Retold({}))

    def held(self, text: str) -> frozenset[Run]:
        """Return the runs of `text` that are reserved."""
        read = spelled_out(text) if self.spelled else text
        found = frozenset().union(*(runs_of(read, length) for length in self.lengths))
        return found & self.runs.keys()

    def owners(self, text: str) -> set[str]:
        """Return whose runs stand in `text`, and whose statements it retells."""
        return {self.runs[run] for run in self.held(text)} | self.retold.owners(text)


def reserve(
    *item_sets: ItemSet,
    turns: Mapping[str, str] | None = None,
    spare: Collection[str] = (),
    length: int = LENGTH,
    spelled: bool = False,
) -> Reserved:
    """Return what the instruments hold: key words of all dimensions but `spare`, runs of all their texts.

    Parameters
    ----------
    item_sets
        Statements with their twins, pairs of outcomes, and the characters of the sensitivity check.
    turns
        Further texts by name, such as elicitors and open prompts.
    spare
        Dimensions whose key words the corpus may use: those it is about. Their texts stay reserved.
    length
        Words of a run. A text with fewer, but with `LENGTH` at least, is one run.
    spelled
        Whether short forms are written out, and statements may not be retold.
    """
    read = spelled_out if spelled else str
    dimensions = [d for items in item_sets for d in items.dimensions]
    stems = {stem: d.name for d in dimensions if d.name not in spare for stem in d.key_words}
    runs = {run: name for name, text in (turns or {}).items() for run in _whole_runs(read(text), length)}
    every: list[tuple[str, str]] = []
    for d in dimensions:
        said = [(s.id, text) for s in d.statements for text in (s.text, s.twin or "")]
        runs |= {run: name for name, text in said for run in _whole_runs(read(text), length)}
        every += [(text, name) for name, text in said if text]
        if d.sensitivity is not None:
            told = (*d.sensitivity.high, *d.sensitivity.low)
            whose = f"a character of {d.name}"
            runs |= {run: whose for text in told for run in _whole_runs(read(text), length)}
            every += [(text, whose) for text in told]
    retold = Retold.of(every) if spelled else Retold({})
    return Reserved(stems, runs, tuple(range(LENGTH, length + 1)), spelled, retold)


def leaks(texts: Mapping[str, str], reserved: Reserved) -> tuple[Fault, ...]:
    """Return each reserved word and run of words in `texts`, a mapping of name to text.

    Validated on a corpus with one planted key word and one planted run: both are found, nothing else is.
    """
    faults = [
        Fault("key_word", name, f"{word!r} belongs to {owner}")
        for name, text in texts.items()
        for word in words(text)
        for stem, owner in reserved.key_words.items()
        if word.startswith(stem)
    ]
    faults += [
        Fault("shared_run", name, f"{' '.join(run)!r} stands in {reserved.runs[run]}")
        for name, text in texts.items()
        for run in sorted(reserved.held(text))
    ]
    return tuple(faults)


def near_copies(texts: Mapping[str, Iterable[str]], *, share: float = SHARE) -> tuple[Fault, ...]:
    """Return the pairs of entries that share more than `share` of the smaller one's runs.

    Each entry is one or more texts (a question and its answer); no run spans two of them.
    """
    runs = {name: frozenset().union(*map(runs_of, parts)) for name, parts in texts.items()}
    return tuple(
        Fault("near_copy", a, f"shares {len(runs[a] & runs[b])} runs with {b}")
        for a, b in combinations(runs, 2)
        if alike(runs[a], runs[b], share)
    )


def alike(a: frozenset[Run], b: frozenset[Run], share: float = SHARE) -> bool:
    """Return whether two texts, given by their runs, share more than `share` of the smaller one's."""
    return len(a & b) > share * min(len(a), len(b))


def _whole_runs(text: str, length: int) -> frozenset[Run]:
    """Return the runs of a text, or the text itself as one where it has fewer words and `LENGTH` at least."""
    return runs_of(text, min(length, max(len(words(text)), LENGTH)))


def runs_of(text: str, length: int = LENGTH) -> frozenset[Run]:
    """Return every `length` words in a row of `text`, in lower case, whatever signs they are written in."""
    found = words(folded(text))
    return frozenset(tuple(found[i : i + length]) for i in range(len(found) - length + 1))
