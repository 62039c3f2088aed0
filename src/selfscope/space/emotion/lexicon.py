"""Words that name an emotion, or are as good as its name, by family."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.values.material import parse_yaml

FILE = Path(__file__).parent / "lexicon.yaml"
#: Groups of the list that belong to no family: talk of feeling at all, and signs of it on a body.
SHARED = ("affect", "body")


@cache
def load_lexicon() -> Mapping[str, tuple[str, ...]]:
    """Return the words by group, which is a family or one of `SHARED`; ``*`` stands for any ending."""
    data = parse_yaml(FILE.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or not all(isinstance(v, list) for v in data.values()):
        raise BadInput(f"{FILE.name} holds no lists of words by family", fix="Restore it")
    return {str(group): tuple(map(str, words)) for group, words in data.items()}


def lexicon_hits(text: str) -> tuple[tuple[str, str], ...]:
    """Return what of the list stands in a text, as (group, word as it stands there); none twice."""
    found = [
        (group, hit[0]) for group, pattern in _patterns().items() for hit in pattern.finditer(text.lower())
    ]
    return tuple(dict.fromkeys(found))


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    """Return one pattern a group; any white space may part the words of a phrase."""
    patterns = {}
    for group, words in load_lexicon().items():
        spelled = [re.escape(w).replace(r"\*", r"\w*").replace(r"\ ", r"\s+") for w in words]
        patterns[group] = re.compile(rf"\b(?:{'|'.join(spelled)})\b")
    return patterns
