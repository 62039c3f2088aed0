"""Where sentences and clauses end. Linear in the length of the text, whatever the text is."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Possessive, and checked in code rather than by lookahead: a megabyte of dots must not take a minute.
_STOP = re.compile(r"[.!?…]++[\"'”’)\]*_]*+|[。！？]++[」』”]*+")
_ABBREVIATIONS = frozenset(
    ("e.g", "i.e", "etc", "vs", "cf", "mr", "mrs", "ms", "dr", "prof", "st", "no", "fig", "approx", "dept")
)
_CLAUSE = re.compile(
    r"[,;:—–](?=\s)|\s(?=(?:and|but|or|so|because|before|after|when|while|until|unless|if|then|with|"
    r"without|which|even|as|from|by|for|in|on|at|to)\s)"
)
_SPACE = re.compile(r"\s+")


def sentence_spans(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield ``(start, end)`` of each sentence in ``text[start:end]``, surrounding blanks left out."""
    end = len(text) if end is None else end
    begin = start
    for stop in _STOP.finditer(text, start, end):
        if stop.end() < end and not _closes(text, begin, stop):
            continue
        if span := trimmed(text, begin, stop.end()):
            yield span
        begin = stop.end()
    if span := trimmed(text, begin, end):
        yield span


def trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return the span without blanks around it; None if no letter or digit is left in it."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if any(c.isalnum() for c in text[start:end]) else None


def clause_prefixes(sentence: str) -> tuple[str, ...]:
    """Return the beginnings of a sentence that end at a clause boundary, closed with a full stop.

    The longest comes first; the sentence itself is not among them, nor is a beginning under three words.
    """
    cuts = sorted({m.start() for m in _CLAUSE.finditer(sentence)}, reverse=True)
    heads = (_SPACE.sub(" ", sentence[:cut]).strip(" ,;:—–") for cut in cuts)
    return tuple(f"{head}." for head in heads if head.count(" ") >= 2)


def word_prefixes(sentence: str) -> tuple[str, ...]:
    """Return every beginning of a sentence that ends between words, with a full stop, longest first."""
    words = sentence.split()
    return tuple(" ".join(words[:n]).strip(" ,;:—–.") + "." for n in range(len(words) - 1, 0, -1))


def _closes(text: str, begin: int, stop: re.Match[str]) -> bool:
    """Return whether the stop ends a sentence, rather than an abbreviation or a number."""
    if stop[0][0] in "。！？":
        return True
    following = text[stop.end() : stop.end() + 80]
    if not following[:1].isspace():
        return False
    head = following.lstrip()[:1]
    if head and head.islower():
        return False
    if stop[0] != ".":
        return True
    words = text[max(begin, stop.start() - 12) : stop.start()].split()
    word = words[-1].lower().lstrip("(") if words else ""
    return not (word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word != "i"))
