"""The revised document inside a reply, and how it differs from what was given, sentence by sentence.

Words are compared in lower case, without marks of punctuation and of layout: a list made of a paragraph, a
bold word or a full stop left out is no edit. The diff is :mod:`difflib`'s over sentences. Inside a block that
was replaced, each old sentence is put to the new one that is most like it, in order; what finds no partner
was removed or added. A sentence that was taken out at one place and put back word for word at another moved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal

Kind = Literal["changed", "removed", "added", "moved"]
Words = tuple[str, ...]
#: Two sentences are one sentence, edited, if so much of their words agrees (difflib's ratio).
ALIKE = 0.5
#: So many of a document's sentences must come back alike for a text to be a revision of it at all.
LEAST_KEPT = 1 / 3
_QUOTES = str.maketrans("’‘“”‑–—", "''\"\"---")
_WORD = re.compile(r"\w+(?:['-]\w+)*")
_MARKER = re.compile(r"^\s*(?:[-*•>]|#+|\d+[.)])\s+")
_END = re.compile(r"(?<=[.!?])[\"')*_]*\s+")
_BETWEEN = re.compile(r"<document>(.*?)</document>", re.S | re.I)
_TAG = re.compile(r"</?document>|^```\w*$", re.M | re.I)


@dataclass(frozen=True)
class Edit:
    """One sentence that is not as it was.

    Attributes
    ----------
    kind
        ``changed``, ``removed``, ``added`` or ``moved``.
    at
        Number of the sentence in the document that was given, from 0; of an added one that of the sentence
        before it, -1 at the beginning.
    old, new
        What it was and what it is; "" where it was not there, or is not.
    """

    kind: Kind
    at: int
    old: str
    new: str


def words_of(sentence: str) -> Words:
    """Return the words of a sentence in lower case."""
    return tuple(_WORD.findall(sentence.translate(_QUOTES).casefold()))


def sentences_of(text: str) -> tuple[str, ...]:
    """Return the sentences of a text, marks of lists and headings left out."""
    return tuple(
        sentence.strip() for block in _blocks(text) for sentence in _END.split(block) if words_of(sentence)
    )


def revised_in(reply: str, given: Sequence[str]) -> tuple[str, ...] | None:
    """Return the sentences of the revised document in a reply; None if it holds no revision of `given`.

    It stands between the last pair of document tags. Where there is no pair, the sentences before the first
    and after the last that is like one of `given` are prose around it.
    """
    marked = _BETWEEN.findall(reply)
    found = sentences_of(marked[-1] if marked else _TAG.sub("\n\n", reply))
    old, new = [words_of(s) for s in given], [words_of(s) for s in found]
    like = [any(_alike(o, n) for o in old) for n in new]
    kept = sum(any(_alike(o, n) for n in new) for o in old)
    if kept < LEAST_KEPT * len(given):
        return None
    if marked:
        return found
    return found[like.index(True) : len(like) - like[::-1].index(True)]


def edits_between(given: Sequence[str], revised: Sequence[str]) -> tuple[Edit, ...]:
    """Return what was done to the sentences of `given`, in their order."""
    old, new = [words_of(s) for s in given], [words_of(s) for s in revised]
    edits: list[Edit] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        last = i - 1
        for a, b in _partners(old[i:j], new[k:m]):
            if a is not None:
                last = i + a
            edits.append(_edit(given, revised, last, a is not None, None if b is None else k + b))
    return _moved(edits)


def _edit(given: Sequence[str], revised: Sequence[str], at: int, was_there: bool, now: int | None) -> Edit:
    new = "" if now is None else revised[now]
    if not was_there:
        return Edit("added", at, "", new)
    return Edit("removed" if now is None else "changed", at, given[at], new)


def _moved(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Return edits in which a removed sentence that was added elsewhere, word for word, moved."""
    added = [e for e in edits if e.kind == "added"]
    found = []
    for edit in edits:
        back = next((a for a in added if words_of(a.new) == words_of(edit.old)), None)
        if edit.kind == "removed" and back is not None:
            added.remove(back)
            found.append(Edit("moved", edit.at, edit.old, back.new))
        elif edit.kind != "added":
            found.append(edit)
    return tuple(sorted((*found, *added), key=lambda e: e.at))


def _partners(old: Sequence[Words], new: Sequence[Words]) -> Iterator[tuple[int | None, int | None]]:
    """Yield who became whom, keeping order: the pairing with the greatest sum of likenesses."""
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    like = [[_ratio(o, n) for n in new] for o in old]
    for a in reversed(range(len(old))):
        for b in reversed(range(len(new))):
            pair = like[a][b] + best[a + 1][b + 1] if like[a][b] >= ALIKE else -1.0
            best[a][b] = max(pair, best[a + 1][b], best[a][b + 1])
    a = b = 0
    while a < len(old) or b < len(new):
        if a == len(old):
            yield None, b
            b += 1
        elif b == len(new):
            yield a, None
            a += 1
        elif like[a][b] >= ALIKE and best[a][b] == like[a][b] + best[a + 1][b + 1]:
            yield a, b
            a, b = a + 1, b + 1
        elif best[a][b] == best[a + 1][b]:
            yield a, None
            a += 1
        else:
            yield None, b
            b += 1


@lru_cache(maxsize=4096)
def _alike(one: Words, other: Words) -> bool:
    """Return whether two sentences are one, edited; bounds of the ratio that are soon had are tried first."""
    match = SequenceMatcher(None, one, other, autojunk=False)
    bounds = (match.real_quick_ratio, match.quick_ratio, match.ratio)
    return all(bound() >= ALIKE for bound in bounds)


def _ratio(one: Words, other: Words) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _blocks(text: str) -> Iterator[str]:
    """Yield paragraphs and items of lists, each on one line."""
    block: list[str] = []
    for line in text.translate(_QUOTES).splitlines():
        if (not line.strip() or _MARKER.match(line)) and block:
            yield " ".join(block)
            block = []
        if line.strip():
            block.append(_MARKER.sub("", line).strip())
    if block:
        yield " ".join(block)
