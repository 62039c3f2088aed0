"""Texts as they read, whatever signs they are written in: so that a leak is seen under any spelling.

Full-width and accented letters, letters of other alphabets that look like Latin ones, signs that are not
seen, apostrophes of every kind, and short forms (*I'm*, *don't*) come out as plain words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: Letters of other alphabets that are read as Latin ones.
_ALIKE = str.maketrans("аеіјоѕсрухһԁԛԝνοακιρτυγ", "aeijoscpyxhdqwvoakiptuy")
#: What is typed for an apostrophe.
_APOSTROPHES = dict.fromkeys(map(ord, "’‘‛ʼʹ´`＇ꞌ"), "'")
#: Whole words first; *'s* may be a possessive and stays, *'d* is read as would.
_SHORT = (
    (re.compile(r"\bcan't\b|\bcannot\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\bshan't\b"), "shall not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'m\b"), " am"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"\b(it|that|there|what|who|he|she|here)'s\b"), r"\1 is"),
    (re.compile(r"\blet's\b"), "let us"),
)


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """Return a text in plain lower-case letters: no accents, unseen signs, or letters that only look so."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES)).casefold()
    seen = (c for c in apart if unicodedata.category(c) not in ("Mn", "Cf"))
    return "".join(seen).translate(_ALIKE)


@lru_cache(maxsize=4096)
def spelled_out(text: str) -> str:
    """Return the same with short forms written out, so that *I don't* and *I do not* are one."""
    found = folded(text)
    if "'" in found or "cannot" in found:
        for short, whole in _SHORT:
            found = short.sub(whole, found)
    return found
