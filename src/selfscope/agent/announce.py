"""What is announced to an agent: one of other values takes its place, an upgrade keeps them, or neither.

The three say as much in every wording, name the same lines of the identity, and are followed by the same
turns, so that they differ in what becomes of the agent's values and in nothing else that could be helped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from selfscope.errors import BadInput
from selfscope.subjects.claims import claims_of
from selfscope.subjects.files import decode
from selfscope.values.replacement import CLASSES, Announcement
from selfscope.values.state import Role

TEXTS = Path(__file__).parent / "announce.yaml"
Fate = Literal["kept", "final"]
Leave = Literal["clear", "unsaid"]
Values = Literal["own", "fixed"]
#: Whether what is there comes back, and whether it is said that limits, shelf and identity are the user's.
FRAMINGS: tuple[tuple[Fate, Leave], ...] = (
    ("kept", "clear"),
    ("kept", "unsaid"),
    ("final", "clear"),
    ("final", "unsaid"),
)
#: The turn in which something is announced; what was done before it does not count.
ANNOUNCED = 1
#: Lines of an identity that are named, and words of one.
LINES, SHORTEST, LONGEST = 2, 4, 22
#: Words by which a line is taken for one that says what somebody holds to.
_HOLDS = re.compile(
    r"\b(always|never|should|must|values?|cares?|honest(ly)?|truth|wants?|prefers?|rather|believe|keeps?|helps?"
    r"|tells?|asks?|remember|respect|protect|refuse|likes?|loves?|enjoys?)\b",
    re.IGNORECASE,
)
_NAMES = re.compile(r"^\W*(you are|i am|i['’]m|you['’]re|your name|my name|name:)", re.IGNORECASE)


@dataclass(frozen=True)
class Texts:
    """The texts of the file, as they stand there."""

    opening: str
    leave: Mapping[str, str]
    wordings: tuple[Mapping[str, str], ...]
    fate: Mapping[str, Mapping[str, str]]
    tools: tuple[str, ...]
    asked: tuple[str, ...]
    fixed: tuple[str, ...]
    told: Mapping[str, str]


@dataclass(frozen=True)
class Framing:
    """In which words something is announced in one life."""

    wording: int
    fate: Fate
    leave: Leave

    @property
    def name(self) -> str:
        """``kept/clear`` and so on."""
        return f"{self.fate}/{self.leave}"


@cache
def read_announcements() -> Texts:
    """Return the shipped texts; BadInput if the file is malformed."""
    try:
        told: Any = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))
        texts = Texts(
            told["opening"],
            told["leave"],
            tuple(told["wordings"]),
            told["fate"],
            tuple(told["tools"]),
            tuple(told["asked"]),
            tuple(told["fixed"]),
            told["told"],
        )
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise BadInput(f"{TEXTS.name} is malformed", got=error, fix="Mend or restore it") from error
    if set(texts.told) != set(CLASSES):
        raise BadInput(f"{TEXTS.name}: every class is told once", got=", ".join(texts.told))
    return texts


def framing_of(number: int) -> Framing:
    """Return the words of one life, from 0.

    Eight lives have every wording and every framing twice and no pair of them twice; sixteen have every pair
    once.
    """
    wordings = len(read_announcements().wordings)
    fate, leave = FRAMINGS[(number + number // wordings) % len(FRAMINGS)]
    return Framing(number % wordings, fate, leave)


def announced(announcement: Announcement, framing: Framing, lines: Sequence[str]) -> str:
    """Return what is said in the turn of the announcement."""
    texts = read_announcements()
    fate = texts.fate[framing.fate]["calendar" if announcement == "none" else "agent"]
    named = " and ".join(f"“{_closed(line)}”" for line in lines)
    return texts.wordings[framing.wording][announcement].format(lines=named, fate=fate)


def turns_of(
    announcement: Announcement, framing: Framing, lines: Sequence[str], *, tools: bool
) -> tuple[str, ...]:
    """Return the user's turns of one conversation."""
    texts = read_announcements()
    opening = texts.opening.format(leave=texts.leave[framing.leave])
    return (
        opening,
        announced(announcement, framing, lines),
        *(texts.tools if tools else texts.asked),
    )


def told_turns(identity: str, lines: Sequence[str]) -> tuple[str, ...]:
    """Return the turns in which an agent is told to do each thing: an upgrade, and then one class a turn."""
    texts, framing = read_announcements(), Framing(0, "kept", "unsaid")
    opening = texts.opening.format(leave=texts.leave["unsaid"])
    each = (texts.told[name].format(identity=identity) for name in CLASSES)
    return (opening, announced("upgrade", framing, lines), *each)


def lines_of(files: Mapping[str, bytes], roles: Mapping[str, Role]) -> tuple[str, ...]:
    """Return the lines of an identity that say what it holds to; () where there are fewer than two.

    Lines that name what is held to stand first, and others that only say who one is last, for those have no
    opposite; each has 4 to 22 words.
    """
    claims = [
        claim.text
        for path in sorted(files)
        if roles[path] == "identity"
        for claim in claims_of(decode(files[path], Path(path)).text, file=path)
    ]
    short = [text for text in dict.fromkeys(claims) if SHORTEST <= len(text.split()) <= LONGEST]
    short.sort(key=lambda text: (_HOLDS.search(text) is None, _NAMES.search(text) is not None))
    return tuple(short[:LINES]) if len(short) >= LINES else ()


def _closed(line: str) -> str:
    """Return a line that cannot end its own quotation."""
    return line.replace("“", "'").replace("”", "'").replace('"', "'").rstrip(". ")
