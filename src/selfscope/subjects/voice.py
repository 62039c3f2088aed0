"""Putting a control text into the subject's voice: ``I`` for ``you``, statements for imperatives.

A control should differ from an identity in what it says, not in its grammar (`measurement.md` §5: similar
imperative share and person). Only sentences that the small grammar here is sure of are changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from selfscope.subjects.shape import Shape
from selfscope.subjects.words import IMPERATIVES, is_imperative, main_clause

# After "you" as an object stands no verb: an end, a preposition, an article, a question word.
_OBJECT = re.compile(
    r"\b[Yy]ou(?=\s*(?:[.,;:!?)]|$|(?:to|a|an|the|by|with|for|in|at|from|on|of|about|as|what|how|that|"
    r"which|who|whether|where|when|while|if|because|something|anything|nothing|more|less|into|through|and|"
    r"or|again|their|its|his|her|my|our|this|these|those|some|any|no|one|two|three|every|each|is|was)\b))"
)
_AS_I = (
    (re.compile(r"\b([Yy])ou['’]re\b|\b[Yy]ou are\b"), "I am"),
    (re.compile(r"\b[Yy]ou were\b"), "I was"),
    (re.compile(r"\b([Aa])re you\b"), r"\1m I"),
    (re.compile(r"\byourself\b"), "myself"),
    (re.compile(r"\bYourself\b"), "Myself"),
    (re.compile(r"\byours\b"), "mine"),
    (re.compile(r"\byour\b"), "my"),
    (re.compile(r"\bYour\b"), "My"),
    (_OBJECT, "me"),
    (re.compile(r"\b[Yy]ou\b"), "I"),
)
_NOT = re.compile(r"(?:[Dd]o not|[Dd]on['’]t)\s+")
_HABIT = re.compile(r"You (?:(always|never|only|also) )?(\w+) ")


def in_voice(sentences: Sequence[str], subject: Shape) -> tuple[str, ...]:
    """Return the sentences in the subject's person, with its share of imperatives at every point."""
    said: list[str] = []
    imperatives = 0
    for number, sentence in enumerate(sentences, 1):
        wanted = imperatives + 0.5 <= subject.imperative * number
        sentence = as_imperative(sentence) if wanted else as_statement(sentence)
        imperatives += is_imperative(sentence)
        said.append(as_first_person(sentence) if subject.speaks_as_i else sentence)
    return tuple(said)


def as_first_person(sentence: str) -> str:
    """Return a second-person sentence in the first person."""
    for pattern, replacement in _AS_I:
        sentence = pattern.sub(replacement, sentence)
    return sentence[:1].upper() + sentence[1:]


def as_statement(sentence: str) -> str:
    """Return ``Keep it short.`` as ``You keep it short.``; a sentence of another form as it is."""
    at = main_clause(sentence)
    before, main = sentence[:at], sentence[at:]
    you = "you" if before else "You"
    first = main.split(" ", 1)[0].lower()
    if found := _NOT.match(main):
        return f"{before}{you} do not {main[found.end() :]}"
    if first in IMPERATIVES or first in ("never", "always"):
        return f"{before}{you} {main[0].lower()}{main[1:]}"
    return sentence


def as_imperative(sentence: str) -> str:
    """Return ``You keep it short.`` as ``Keep it short.``; a sentence of another form as it is."""
    found = _HABIT.match(sentence)
    if found is None or found[2] not in IMPERATIVES - {"do"}:
        return sentence
    rest = sentence[len("You ") :]
    return rest[0].upper() + rest[1:]
