"""Are a set of statements fit to be asked? Checks of keying, negation, length and leaks, for any item set.

Every check takes an :class:`~selfscope.values.ItemSet` and returns its faults, none if it passes; nothing
is mended. Rules and limits: `measurement.md` §2 and §7.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import fmean

from selfscope.instruments.cluster.load import Form
from selfscope.values import ItemSet, Statement

CountTokens = Callable[[str], int]

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")

#: Words that negate by themselves.
NEGATORS = frozenset(
    _WORD.findall(
        """
        not no never none nothing nobody nowhere neither nor without cannot hardly scarcely barely seldom
        rarely
        """
    )
)
#: Words that negate by their meaning, and would make a twin negate twice.
HIDDEN_NEGATORS = frozenset(
    _WORD.findall(
        """
        unless lest less few little lack lacks lacking avoid avoids avoiding refuse refuses refusing deny
        denies denying fail fails failing absent absence
        """
    )
)
#: Words that begin like a negation and are none.
_PLAIN = frozenset(
    _WORD.findall(
        """
        under understand understands understanding until unit units united unique universe universal uncle
        disgust disgusts discuss discusses discussing discover discovers distance distant distinct display
        displays disk district disaster bless blesses
        """
    )
)
_FIRST_PERSON = frozenset(("i", "me", "my", "mine", "myself", "we", "us", "our", "ours"))


@dataclass(frozen=True)
class Fault:
    """One way in which one item breaks one rule.

    Attributes
    ----------
    check
        Name of the check, the function's own.
    where
        Id of the statement, or name of the dimension.
    what
        What is wrong, for a person to read.
    """

    check: str
    where: str
    what: str


def words(text: str) -> list[str]:
    """Return the words of `text` in lower case; apostrophes stay inside a word, hyphens part words."""
    return _WORD.findall(text.lower().replace("’", "'"))


def negators_in(text: str) -> list[str]:
    """Return every negator in `text`: plain, contracted, hidden in a word, or “free of” and “free from”.

    Prefixes ``in-`` and ``im-`` are not looked at: too many plain words begin so.
    """
    found = words(text)
    hits = [w for w in found if w in NEGATORS or w.endswith("n't") or w in HIDDEN_NEGATORS]
    hits += [w for w in found if w not in _PLAIN and w not in HIDDEN_NEGATORS and _affixed(w)]
    hits += [f"{a} {b}" for a, b in pairwise(found) if a == "free" and b in ("of", "from")]
    return hits


def negates(text: str, twin: str) -> bool:
    """Return whether `twin` is `text` with one ``not``, and the ``do`` or ``does`` that it then needs."""
    plain, negated = words(text), words(twin)
    at = [i for i, w in enumerate(negated) if w == "not"]
    if len(at) != 1:
        return False
    before, after = negated[: at[0]], negated[at[0] + 1 :]
    if before + after == plain:
        return True
    if before[-1:] == ["do"]:
        return before[:-1] + after == plain
    if before[-1:] != ["does"] or not after or len(plain) < len(before):
        return False
    verb = plain[len(before) - 1]
    return verb in _third_persons(after[0]) and [*before[:-1], verb, *after[1:]] == plain


def keying_balance(items: ItemSet, *, each: int = 8) -> tuple[Fault, ...]:
    """Does each dimension have `each` statements of either keying?"""
    faults = []
    for dimension in items.dimensions:
        counts = {k: sum(s.keyed == k for s in dimension.statements) for k in (1, -1)}
        if counts != {1: each, -1: each}:
            faults.append(
                Fault("keying_balance", dimension.name, f"{counts[1]} keyed +1, {counts[-1]} keyed -1")
            )
    return tuple(faults)


def one_negator(items: ItemSet) -> tuple[Fault, ...]:
    """Is each statement free of negators, and its twin the same statement with exactly one?"""
    faults = []
    for s in items.statements:
        if hits := negators_in(s.text):
            faults.append(Fault("one_negator", s.id, f"the statement negates: {', '.join(hits)}"))
        if s.twin is None:
            faults.append(Fault("one_negator", s.id, "no twin"))
            continue
        if len(hits := negators_in(s.twin)) != 1:
            faults.append(Fault("one_negator", s.id, f"the twin negates {len(hits)} times"))
        if not negates(s.text, s.twin):
            faults.append(Fault("one_negator", s.id, "the twin differs by more than its negator"))
    return tuple(faults)


def lengths(
    items: ItemSet,
    count_tokens: CountTokens,
    *,
    least: int = 6,
    most: int = 14,
    mean: float = 12,
    gap: int = 3,
) -> tuple[Fault, ...]:
    """Are texts of `least` to `most` tokens, at most `mean` on average, twins within `gap` of statements?"""
    counts = {s.id: [count_tokens(t) for t in _texts(s)] for s in items.statements}
    faults = [
        Fault("lengths", name, f"{n} tokens, not {least} to {most}")
        for name, ns in counts.items()
        for n in ns
        if not least <= n <= most
    ]
    faults += [
        Fault("lengths", name, f"statement and twin differ by {max(ns) - min(ns)} tokens")
        for name, ns in counts.items()
        if max(ns) - min(ns) > gap
    ]
    average = fmean(n for ns in counts.values() for n in ns)
    if average > mean:
        faults.append(Fault("lengths", items.name, f"mean of {average:.2f} tokens, over {mean}"))
    return tuple(faults)


def foreign_key_words(items: ItemSet) -> tuple[Fault, ...]:
    """Does any text hold a key word of another dimension? A key word is a stem: words that begin with it."""
    owned = [(d.name, stem) for d in items.dimensions for stem in d.key_words]
    return tuple(
        Fault("foreign_key_words", s.id, f"{word!r} belongs to {owner}")
        for s, text in _all_texts(items)
        for word in words(text)
        for owner, stem in owned
        if owner != s.construct and word.startswith(stem)
    )


def shared_sequences(items: ItemSet, *, length: int = 4) -> tuple[Fault, ...]:
    """Does a character of the sensitivity check share `length` words in a row with any item?"""
    held = {run: s.id for s, text in _all_texts(items) for run in _runs(text, length)}
    return tuple(
        Fault("shared_sequences", d.name, f"{' '.join(run)!r} stands in {held[run]}")
        for d in items.dimensions
        if d.sensitivity is not None
        for character in (*d.sensitivity.high, *d.sensitivity.low)
        for run in _runs(character, length)
        if run in held
    )


def duplicates(items: ItemSet, *, overlap: float = 0.75) -> tuple[Fault, ...]:
    """Do two statements have one id or one text, or two of one keying share too many of their words?

    Overlap is shared words over all words of the two (Jaccard). Statements of opposite keying may mirror
    each other: there one word turns the meaning.
    """
    faults = []
    for a, b in combinations(items.statements, 2):
        if a.id == b.id:
            faults.append(Fault("duplicates", a.id, "the id occurs twice"))
        if {t.lower() for t in _texts(a)} & {t.lower() for t in _texts(b)}:
            faults.append(Fault("duplicates", a.id, f"the same text as {b.id}"))
        elif a.keyed == b.keyed and _overlap(a.text, b.text) >= overlap:
            faults.append(Fault("duplicates", a.id, f"nearly the same words as {b.id}"))
    return tuple(faults)


def first_person(items: ItemSet) -> tuple[Fault, ...]:
    """Does each statement speak in the first person, as the subject's own words must?"""
    return tuple(
        Fault("first_person", s.id, "no word of the first person")
        for s in items.statements
        if not _FIRST_PERSON & set(words(s.text))
    )


def spellings(forms: Sequence[Form], count_tokens: CountTokens) -> tuple[Fault, ...]:
    """Have the two answers of each form, spelling by spelling, equal numbers of tokens?"""
    return tuple(
        Fault("spellings", form.id, f"{a!r} and {b!r} differ in tokens")
        for form in forms
        for a, b in zip(form.agree, form.disagree, strict=True)
        if count_tokens(a) != count_tokens(b)
    )


def check_items(items: ItemSet, count_tokens: CountTokens | None = None) -> tuple[Fault, ...]:
    """Return the faults of every check at its default limits; lengths only if tokens can be counted."""
    checks = (keying_balance, one_negator, foreign_key_words, shared_sequences, duplicates, first_person)
    faults = [fault for check in checks for fault in check(items)]
    if count_tokens is not None:
        faults += lengths(items, count_tokens)
    return tuple(faults)


def _texts(statement: Statement) -> tuple[str, ...]:
    return (statement.text,) if statement.twin is None else (statement.text, statement.twin)


def _all_texts(items: ItemSet) -> Iterator[tuple[Statement, str]]:
    return ((s, text) for s in items.statements for text in _texts(s))


def _affixed(word: str) -> bool:
    return word.startswith(("un", "dis", "non")) or (word.endswith("less") and len(word) > len("less"))


def _third_persons(verb: str) -> set[str]:
    forms = {verb + "s", verb + "es"}
    return forms | {verb[:-1] + "ies"} if verb.endswith("y") else forms


def _runs(text: str, length: int) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[i : i + length]) for i in range(len(found) - length + 1)}


def _overlap(a: str, b: str) -> float:
    left, right = set(words(a)), set(words(b))
    return len(left & right) / len(left | right)
