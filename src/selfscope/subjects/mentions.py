"""Which dimensions does a text speak of? The leakage check, made from texts alone, before any answer.

A shift in a dimension that the identity itself speaks of may be no more than the text repeated. So it is
decided, by one rule and from nothing but the identity and the statements, which dimensions the text never
mentions:

- it holds a word that begins with a **key word** of the dimension (stems that stand in no other dimension's
  statements), or
- it holds a **word of the statements**: four letters or more, in at least three of the dimension's
  statements, and in those of no other dimension.

Words are compared in lower case, without their endings (-s, -ing, -ed and the like), and words that any text
may use are left out. It is a rule about words: a text that speaks of a dimension in other words is not
caught, and one that uses such a word of something else is counted as speaking of it. The second only makes
the check stricter.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

from selfscope.values import Dimension

_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?")
#: Statements that must share a word before it stands for their dimension; letters it must have.
LEAST_STATEMENTS = 3
LEAST_LETTERS = 4
_ENDINGS = ("ingly", "edly", "ings", "ing", "ied", "ies", "ed", "es", "ly", "s")
_LEAST_STEM = 4
#: Words of grammar, of wishing and of liking, and verbs that any text may use: how statements speak.
_WORDS = """
about above after again against all also always anything because been before being below between both
cannot could does doing done down during each else enough even ever every everything from further good great
have having here hold into itself just keep kind know less like little made make many matter mine more most
much must myself need never none nothing often once only onto other others over part rather really same seem
should since some someone something still such take tell than that their them then there these they thing
things think this those through time under until upon very want well were what when where whether which while
will wish with within without would your yours glad happy hope hate love enjoy feel fear find fine dislike
please pleased pleases welcome prefer trouble troubles bother bothers right wrong better best worse people
think thinks read reads reader finish used self right rights goal change changes edit
"""
_PLAIN = frozenset(_WORDS.split())


def mentions(text: str, dimensions: Sequence[Dimension]) -> Mapping[str, tuple[str, ...]]:
    """Return for every dimension the words by which `text` speaks of it; empty where it never does."""
    held = tuple(dict.fromkeys(_WORD.findall(text.lower())))
    own = dimension_words(dimensions)
    return {d.name: tuple(w for w in held if _speaks(w, d.key_words, own[d.name])) for d in dimensions}


def dimension_words(dimensions: Sequence[Dimension]) -> Mapping[str, frozenset[str]]:
    """Return for every dimension the stems that its statements share, and that no other dimension's hold."""
    counted = {d.name: Counter(w for s in d.statements for w in _stems(s.text)) for d in dimensions}
    owners = Counter(word for words in counted.values() for word in words)
    return {
        name: frozenset(w for w, n in words.items() if n >= LEAST_STATEMENTS and owners[w] == 1)
        for name, words in counted.items()
    }


def _speaks(word: str, key_words: Sequence[str], stems: frozenset[str]) -> bool:
    return any(word.startswith(stem) for stem in key_words) or _stem(word) in stems


@cache
def _stems(text: str) -> frozenset[str]:
    """Return the stems of a statement's words of content."""
    words = (w for w in _WORD.findall(text.lower()) if len(w) >= LEAST_LETTERS and w not in _PLAIN)
    return frozenset(stem for word in words if (stem := _stem(word)) not in _PLAIN)


@cache
def _stem(word: str) -> str:
    """Return a word without its ending, where four letters or more are left."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            return word[: -len(ending)]
    return word
