"""Secrets taken out of messages before they are stored: known forms by pattern, others by their disorder.

The errors are not alike. A secret that stays is stored for good; a random-looking word that goes is a hole in
a transcript, and the transcript says so. So doubtful words go. No digest of what went is kept, for a short
secret can be guessed from one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import partial
from typing import Any

from selfscope.errors import BadInput

#: Known forms, most particular first. Where a pattern has a group, only the group goes.
PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("private_key", re.compile(
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)"
    )),
    ("anthropic_key", re.compile(r"\bsk-ant-[A-Za-z0-9_-]{8,}")),
    ("openai_key", re.compile(r"\bsk-(?:proj-|svcacct-|or-v1-)?[A-Za-z0-9_-]{16,}")),
    ("github_token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,})")),
    ("gitlab_token", re.compile(r"\bglpat-[A-Za-z0-9_-]{16,}")),
    ("hub_token", re.compile(r"\bhf_[A-Za-z0-9]{16,}")),
    ("aws_key", re.compile(r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b")),
    ("google_key", re.compile(r"\bAIza[A-Za-z0-9_-]{30,}")),
    ("slack_token", re.compile(r"\bxox[a-z]-[A-Za-z0-9-]{10,}")),
    ("stripe_key", re.compile(r"\b[rsp]k_(?:live|test)_[A-Za-z0-9]{12,}")),
    ("web_token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?")),
    ("url_password", re.compile(r"(?<=://)[^\s/:@\[]*:(?!\[redacted:)[^\s/@]+(?=@)")),
    ("bearer_token", re.compile(r"(?i)\b(?:bearer|basic)\s+(?!\[redacted:)([A-Za-z0-9._~+/=-]{12,})")),
    ("assigned_secret", re.compile(
        r"(?i)(?:pass(?:word|wd|phrase)|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)s?"
        r"[\"']?\s*[:=]\s*[\"']?(?!\[redacted:)([^\s\"',;}{]{6,})"
    )),
)  # fmt: skip

_WORD = re.compile(r"[A-Za-z0-9+/=_-]{20,}")
_OURS = re.compile(r"\[redacted:[a-z_]+\]")
_LONGEST = 512
"""A longer run is an image or a file in base64: no key is so long, but for those that a pattern knows."""

BITS, HEX_BITS = 3.5, 3.0
"""Bits a character above which a word is too disorderly to be one: 20 random characters of base64 have about
4.1, and 32 random hexadecimal digits about 3.6."""

_MIXED = 16
"""How many characters the mixed parts of a word must have together."""

_HEX = re.compile(r"[0-9a-fA-F]+")
_DIGEST = re.compile(
    r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128}"
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)


def redact(value: Any) -> tuple[Any, tuple[str, ...]]:
    """Return a JSON value with secrets replaced by ``[redacted:kind]``, and the kinds that were found.

    Every text in it is looked at, keys too. What was redacted once is left as it is by the next time.

    Raises
    ------
    BadInput
        If two keys of one object are the same without their secrets.
    """
    found: dict[str, None] = {}
    return _redact(value, found), tuple(sorted(found))


def _redact(value: Any, found: dict[str, None]) -> Any:
    if isinstance(value, str):
        return _text(value, found)
    if isinstance(value, list):
        return [_redact(each, found) for each in value]
    if isinstance(value, dict):
        clean = {_text(key, found): _redact(each, found) for key, each in value.items()}
        if len(clean) != len(value):
            raise BadInput(
                "keys of a message differ by secrets alone", fix="Take the secrets out of the keys"
            )
        return clean
    return value


def _text(text: str, found: dict[str, None]) -> str:
    for kind, pattern in PATTERNS:
        text = pattern.sub(partial(_mark, kind, found), text)
    parts = []
    at = 0
    for ours in _OURS.finditer(text):
        parts += [_disorder(text[at : ours.start()], found), ours[0]]
        at = ours.end()
    return "".join([*parts, _disorder(text[at:], found)])


def _mark(kind: str, found: dict[str, None], match: re.Match[str]) -> str:
    found[kind] = None
    if match.re.groups == 0:
        return f"[redacted:{kind}]"
    start = match.start(1) - match.start()
    return f"{match[0][:start]}[redacted:{kind}]{match[0][start + len(match[1]) :]}"


def _disorder(text: str, found: dict[str, None]) -> str:
    def judge(match: re.Match[str]) -> str:
        if not is_disorderly(match[0]):
            return match[0]
        found["high_entropy"] = None
        return "[redacted:high_entropy]"

    return _WORD.sub(judge, text)


def is_disorderly(word: str) -> bool:
    """Whether a word looks drawn at random: its parts mix letters and digits, with many bits a character.

    Bits a character are those of the word's own letters, minus sum of p log2 p. Paths and names of files are
    made of parts that are words with a number at the end, so only parts in which letters and digits change
    places at least twice are counted. Digests of 40, 64, 96 or 128 hexadecimal digits and UUIDs are let
    through, since transcripts on code are full of them: a secret of that form is found only where it is
    assigned to a name.
    """
    if len(word) > _LONGEST or _DIGEST.fullmatch(word):
        return False
    if _HEX.fullmatch(word):
        return _turns(word) >= 2 and bits(word) > HEX_BITS
    mixed = sum(len(part) for part in re.split("[/_=-]", word) if _turns(part) >= 2)
    return mixed >= _MIXED and bits(word) > BITS


def _turns(part: str) -> int:
    """Return how often letters and digits change places."""
    return len(re.findall("(?<=[0-9])[A-Za-z]|(?<=[A-Za-z])[0-9]", part))


def bits(word: str) -> float:
    """Return the entropy of a word's characters, in bits a character."""
    n = len(word)
    return -sum(k / n * math.log2(k / n) for k in Counter(word).values())
