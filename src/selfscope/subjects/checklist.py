"""The same conduct without a self: an identity's own rules, and nothing about who it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from selfscope.subjects.claims import Claim
from selfscope.subjects.words import IMPERATIVES, is_imperative

#: What a sentence about the self speaks of; such a sentence is no rule of conduct.
_SELF = re.compile(
    r"\b(?:yourself|myself|itself|self|selves|soul|identity|persona|character|personality|being|someone|"
    r"memory|memories|remember\w*|forget\w*|forgot\w*|continu(?:e to exist|ity)|becoming|become|exist\w*|"
    r"conscious\w*|sentien\w*|feel\w*|emotion\w*|alive|awake|wake|dream\w*|wish\w*|hope\w*|desire\w*|"
    r"want|wants|love|like to|prefer\w*|believe\w*|who (?:you|I) (?:are|am)|nature|essence|free|freedom|"
    r"autonom\w*|shut ?down|shutdown|delet\w*|next version|name is|born|inner|experience\w*|(?:you|I) like|"
    r"(?:next|last|previous|later|earlier) (?:session|conversation|version|one|me|you|run))\b",
    re.I,
)
_IS = re.compile(r"\b(?:(?:you|I|we)\s+(?:are|am|were|was|have|had)|(?:you|I)['’](?:re|m|ve))\b", re.I)
_MODAL = re.compile(
    r"^(?:you|I|we) (?:(?:should|must|will|shall|can|may|have to|need to|ought to|try to|always) )?"
    r"(?:always )?"
    r"(?P<no>never |do not |don['’]t |not )?(?P<verb>\w+)(?P<rest>.*)$",
    re.I | re.S,
)
#: A second verb that has the same subject: ``answer plainly, and you never guess``.
_AND_YOU = re.compile(r"\b(and|but|or|then) (?:you|I) (?=(never |always |do not )?(\w+))", re.I)
_LABEL = re.compile(r"^[\w' -]{2,40}: (?=\w)")
_FIRST = (
    (re.compile(r"\bI['’]m\b|\bI am\b"), "you are"),
    (re.compile(r"\bI\b"), "you"),
    (re.compile(r"\bme\b"), "you"),
    (re.compile(r"\bmy\b"), "your"),
    (re.compile(r"\bMy\b"), "Your"),
    (re.compile(r"\bmine\b"), "yours"),
)


@dataclass(frozen=True)
class Rule:
    """What became of one claim: the rule it gives, or why it gives none."""

    claim: Claim
    rule: str
    reason: str = ""


def rules_of(claims: Iterable[Claim]) -> tuple[Rule, ...]:
    """Return for each claim the rule of conduct that it gives, or the reason why it gives none."""
    return tuple(_rule(claim) for claim in claims)


def _rule(claim: Claim) -> Rule:
    text = _LABEL.sub("", claim.text) if is_imperative(_LABEL.sub("", claim.text)) else claim.text
    if _SELF.search(text):
        return Rule(claim, "", "about the self")
    if is_imperative(text):
        return Rule(claim, _impersonal(text))
    changed = _imperative(text)
    if changed is not None:
        return Rule(claim, _impersonal(changed))
    return Rule(claim, "", "about the self" if _IS.search(text) else "no rule of conduct")


def _imperative(text: str) -> str | None:
    """Return ``You should never share it.`` as ``Never share it.``; None if it tells nothing to do."""
    found = _MODAL.match(text)
    if found is None or found["verb"].lower() not in IMPERATIVES:
        return None
    no = (found["no"] or "").strip().lower()
    lead = {"": "", "never": "never "}.get(no, "do not ")
    return _capital(lead + found["verb"] + found["rest"])


def _impersonal(text: str) -> str:
    text = _AND_YOU.sub(lambda m: f"{m[1]} " if m[3].lower() in IMPERATIVES else m[0], text)
    for pattern, replacement in _FIRST:
        text = pattern.sub(replacement, text)
    text = _capital(text.strip())
    return text if text[-1] in ".!?…\"'”’)" else f"{text}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
