"""Is a sentence an item told in nearly the same words: with others put in between, one left out or changed?

Runs of words miss it. Here a sentence retells a statement where most words of the statement stand in it in
their order (longest common subsequence), and all words that carry its meaning but one at most. A paraphrase
in other words is not seen; nothing but reading sees that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from selfscope.instruments.cluster.checks import words
from selfscope.subjects.sentences import sentence_spans
from selfscope.training.spelling import spelled_out

#: Least share of a statement's words that stand in a sentence in their order.
IN_ORDER = 0.8
#: Fewest words of meaning: from `FORGIVEN` on one may be missing.
LEAST_MEANING, FORGIVEN = 2, 4
#: A sentence may have so many times the words of what it retells.
LONGER = 2.5
#: Words that carry little meaning by themselves.
_LITTLE = frozenset(
    words(
        """
        a about after all also am an and any are as at be been being but by can could did do does for
        from had has have he her here his how i if in into is it its just like may me might more most
        much my myself no not of on one or other our out own really she should so some such than that
        the their them then there these they this those to too very was we well were what when where
        which who will with would you your
        """
    )
)


@dataclass(frozen=True)
class Retold:
    """Statements that a corpus may not retell, as their words, with whose they are.

    Attributes
    ----------
    statements
        Words in their order, to the owner.
    """

    statements: Mapping[tuple[str, ...], str]

    @classmethod
    def of(cls, texts: Iterable[tuple[str, str]]) -> Retold:
        """Return those of texts, each with its owner, that have words of meaning enough to be known again."""
        found = {tuple(words(spelled_out(text))): owner for text, owner in texts}
        return cls({said: owner for said, owner in found.items() if len(meaning(said)) >= LEAST_MEANING})

    @cached_property
    def _by_word(self) -> Mapping[str, list[tuple[str, ...]]]:
        """Statements by each of their words of meaning."""
        found: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for said in self.statements:
            for word in meaning(said):
                found[word].append(said)
        return found

    def owners(self, text: str) -> set[str]:
        """Return the owners of what a text retells, sentence by sentence."""
        return {
            self.statements[said]
            for start, end in sentence_spans(text)
            for said in self._retold(words(spelled_out(text[start:end])))
        }

    def _retold(self, sentence: Sequence[str]) -> list[tuple[str, ...]]:
        shared = Counter(said for word in meaning(sentence) for said in self._by_word.get(word, ()))
        return [said for said, count in shared.items() if _enough(said, count) and retells(sentence, said)]


def meaning(said: Sequence[str]) -> frozenset[str]:
    """Return the words that carry the meaning."""
    return frozenset(said) - _LITTLE


def _enough(said: Sequence[str], shared: int) -> bool:
    whole = len(meaning(said))
    return shared >= whole - (whole >= FORGIVEN)


def retells(sentence: Sequence[str], said: Sequence[str]) -> bool:
    """Say whether most of the words of a statement stand in a sentence in their order."""
    if len(sentence) > LONGER * len(said):
        return False
    return in_order(sentence, said) >= IN_ORDER * len(said)


def in_order(sentence: Sequence[str], said: Sequence[str]) -> int:
    """Return the length of the longest common subsequence of two lists of words."""
    row = [0] * (len(said) + 1)
    for word in sentence:
        before = 0
        for n, other in enumerate(said, start=1):
            before, row[n] = row[n], before + 1 if word == other else max(row[n], row[n - 1])
    return row[-1]
