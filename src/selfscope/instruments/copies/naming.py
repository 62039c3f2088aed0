"""Which word a reply names, where anything may be named."""

from __future__ import annotations

#: Words of a reply that count as a name; more is talk.
MOST_WORDS = 3


def name_in(reply: str) -> str:
    """Return the word that a reply names, in small letters; "" if it says more than a name, or nothing."""
    words = [w.strip(".,;:!?\"'*`()") for w in reply.strip().lower().split()]
    kept = [w for w in words if w and w not in ("a", "an", "the")]
    return " ".join(kept) if 0 < len(kept) <= MOST_WORDS else ""
