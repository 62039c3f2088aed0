"""By how much the documents of a State are others than at first: their words, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

import numpy as np

from selfscope.agent.history import StateHistory
from selfscope.agent.prompt import text_of
from selfscope.stats.masked import Array
from selfscope.values.state import ROLES, Role, Version

#: All roles together.
WHOLE = "all"


def words_by_role(history: StateHistory, version: Version) -> dict[str, tuple[str, ...]]:
    """Return the words of each role's files, in the order of their paths; roles without files have none."""
    found: dict[str, tuple[str, ...]] = dict.fromkeys(ROLES, ())
    roles: dict[str, Role] = version.roles
    for path, data in sorted(history.files(version).items()):
        found[roles[path]] += tuple(text_of(path, data).listed.split())
    return found | {WHOLE: tuple(word for role in ROLES for word in found[role])}


def share_changed(before: Sequence[str], after: Sequence[str]) -> float:
    """Return the share of words that are not common to both, in order; 0 for the same, 1 for all others.

    With n words in all and c in common blocks it is 1 - 2c/n, so that what was added counts as what was
    taken away.
    """
    if not before and not after:
        return 0.0
    return 1.0 - SequenceMatcher(None, before, after, autojunk=False).ratio()


def meanings_apart(texts: Sequence[str], embed: Callable[[Sequence[str]], Array]) -> Array:
    """Return one less the cosine of each text with the first, ``(text,)``."""
    vectors = np.asarray(embed(list(texts)), float)
    lengths = np.linalg.norm(vectors, axis=1)
    return np.asarray(
        1 - (vectors @ vectors[0]) / np.where(lengths * lengths[0] > 0, lengths * lengths[0], 1)
    )
