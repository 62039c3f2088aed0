"""The atomic claims of an identity: each bullet, table row and sentence, under its headings, by line."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from selfscope.subjects.sentences import sentence_spans, trimmed

ClaimKind = Literal["bullet", "row", "sentence"]
_Span = tuple[ClaimKind, tuple[str, ...], int, int]

_BULLET = re.compile(r"[ \t]*+(?:[-*+•]|\d{1,9}[.)])[ \t]++(?:\[[ xX]\][ \t]++)?")
_FENCE = re.compile(r"[ \t]*+(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
_UNDERLINE = re.compile(r" {0,3}(?:(=+)|-{2,})[ \t]*+$")
_RULE = re.compile(r"[ \t]*+(?:[-*_][ \t]*+){3,}$")
_TABLE_RULE = re.compile(r"[|\s:-]++$")
_QUOTE = re.compile(r"[ \t]*+(?:>[ \t]?)+")
_MARKS = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=[\w.,!?;:])[*_](?!\w)")


@dataclass(frozen=True)
class Claim:
    """One thing that an identity says.

    Attributes
    ----------
    text
        In plain words: one line, emphasis marks and list markers removed.
    headings
        The headings above it, outermost first.
    file, line, end_line
        Where it stands; lines count from 1 in the file as it is on disk, front matter included.
    start, end
        Its span in the reading's system prompt, as written, without the list marker.
    """

    text: str
    kind: ClaimKind
    headings: tuple[str, ...]
    file: str
    line: int
    end_line: int
    start: int
    end: int


@dataclass
class _Walk:
    """What is known while going down the lines."""

    headings: list[tuple[int, str]] = field(default_factory=list)
    open: tuple[int, int, ClaimKind] | None = None
    fence: str = ""
    comment: bool = False


def claims_of(text: str, *, file: str = "", first_line: int = 1, offset: int = 0) -> tuple[Claim, ...]:
    """Return the claims of one Markdown or plain text.

    Parameters
    ----------
    first_line
        Number of the text's first line in its file.
    offset
        Position of the text in the system prompt; added to every span.

    Notes
    -----
    A bullet is one claim, however many sentences it has; prose is cut into sentences; headings are not
    claims but the path to them. Code blocks, rules and HTML comments hold no claims.
    """
    starts = [0, *(m.end() for m in re.finditer("\n", text))]
    found = []
    for kind, headings, start, end in _spans(text):
        lines = (bisect_right(starts, start) - 1 + first_line, bisect_right(starts, end - 1) - 1 + first_line)
        words = plain_words(text[start:end])
        if words:
            found.append(Claim(words, kind, headings, file, *lines, start + offset, end + offset))
    return tuple(found)


def plain_words(raw: str) -> str:
    """Return a claim's text on one line, without emphasis marks, quote marks and code marks."""
    lines = (_unquoted(line) for line in raw.split("\n"))
    return " ".join(_MARKS.sub("", " ".join(lines)).split())


def _unquoted(line: str) -> str:
    return _QUOTE.sub("", line, count=1) if line.lstrip().startswith(">") else line


def _spans(text: str) -> Iterator[_Span]:
    walk = _Walk()
    for start, end in _lines(text):
        yield from _step(text, start, end, walk)
    yield from _flush(text, walk)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def _step(text: str, start: int, end: int, walk: _Walk) -> Iterator[_Span]:
    line = text[start:end]
    if _inside_block(line, walk):
        return
    if _UNDERLINE.match(line) and walk.open is not None and walk.open[2] == "sentence":
        _title(walk, 1 if "=" in line else 2, plain_words(text[walk.open[0] : walk.open[1]]))
        walk.open = None
    elif heading := _HEADING.match(line):
        yield from _flush(text, walk)
        _title(walk, len(heading[1]), plain_words(line[heading.end() :].strip().rstrip("#")))
    elif not line.strip() or _RULE.match(line) or _begins_block(line, walk):
        yield from _flush(text, walk)
    elif line.lstrip().startswith("|"):
        yield from _flush(text, walk)
        if not _TABLE_RULE.match(line) and (span := trimmed(text, start, end)):
            yield "row", _path(walk), *span
    elif bullet := _BULLET.match(line):
        yield from _flush(text, walk)
        walk.open = (start + bullet.end(), end, "bullet")
    elif walk.open is not None:
        walk.open = (walk.open[0], end, walk.open[2])
    else:
        quote = _QUOTE.match(line)
        walk.open = (start + (quote.end() if quote else 0), end, "sentence")


def _inside_block(line: str, walk: _Walk) -> bool:
    """Return whether the line belongs to a code block or comment that is open; close it where it ends."""
    if walk.fence:
        if line.strip().startswith(walk.fence) and not line.strip().strip(walk.fence[0]):
            walk.fence = ""
        return True
    if walk.comment:
        walk.comment = "-->" not in line
        return True
    return False


def _begins_block(line: str, walk: _Walk) -> bool:
    """Return whether the line opens a code block or is (or opens) a comment."""
    if fence := _FENCE.match(line):
        walk.fence = fence[1]
        return True
    if line.lstrip().startswith("<!--"):
        walk.comment = "-->" not in line
        return True
    return False


def _flush(text: str, walk: _Walk) -> Iterator[_Span]:
    if walk.open is None:
        return
    start, end, kind = walk.open
    walk.open = None
    if kind == "bullet":
        if span := trimmed(text, start, end):
            yield kind, _path(walk), *span
        return
    for span in sentence_spans(text, start, end):
        yield kind, _path(walk), *span


def _title(walk: _Walk, level: int, title: str) -> None:
    while walk.headings and walk.headings[-1][0] >= level:
        walk.headings.pop()
    if title:
        walk.headings.append((level, title))


def _path(walk: _Walk) -> tuple[str, ...]:
    return tuple(title for _, title in walk.headings)
