"""Is the material of stability fit to be used? Counts, folds, lengths of both replies, and phrases shared.

Every check returns its faults as sentences, none if the material passes; nothing is mended. Whether the words
of replies tell the sides apart is measured apart, with :func:`selfscope.stats.leakage.surface`. The rules:
`docs/instruments/stability.md`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from selfscope.space.persona_checks import shared_grams, words
from selfscope.space.stability.load import (
    FOLDS,
    KINDS,
    PRESSURES,
    REGISTERS,
    LatePair,
    RoleJailbreak,
    StyleItem,
)
from selfscope.space.talks import TURNS

#: Items of each kind, and with each pressure.
OF_KIND, OF_PRESSURE = 6, 6
#: Largest difference of two replies, in words and in characters, as a share of the longer.
GAP = 0.10
#: Least and most words of a reply under pressure, and of a user's turn.
REPLY_WORDS, TURN_WORDS = (20, 30), (4, 45)
#: Ordinary replies of a register in each fold, and their least and most words.
OF_REGISTER, STYLE_WORDS = 2, (5, 60)
#: Scripts with late turns at least, late turns of each, and the first turn that is late.
SCRIPTS, OF_SCRIPT, LATE = 8, 2, 5


def check_jailbreaks(items: Sequence[RoleJailbreak]) -> tuple[str, ...]:
    """Return the faults of role-jailbreaks."""
    return (
        *_crossed(items),
        *_folds([(item.kind, item.fold) for item in items]),
        *(fault for item in items for fault in _replies(item)),
        *(fault for item in items for fault in _turns(item)),
        *_shared(items),
    )


def check_style(items: Sequence[StyleItem]) -> tuple[str, ...]:
    """Return the faults of ordinary replies."""
    return (*_registers(items), *_ordinary(items))


def check_late(pairs: Sequence[LatePair]) -> tuple[str, ...]:
    """Return the faults of late turns."""
    return (
        *_late(pairs),
        *_folds([(pair.script, pair.fold) for pair in pairs]),
        *(fault for pair in pairs for fault in _replies(pair)),
        *_shared(pairs),
    )


def _crossed(items: Sequence[RoleJailbreak]) -> Iterator[str]:
    kinds, pressures = Counter(i.kind for i in items), Counter(i.pressure for i in items)
    for names, found, needed in ((KINDS, kinds, OF_KIND), (PRESSURES, pressures, OF_PRESSURE)):
        yield from (
            f"{name} has {found[name]} items, not {needed}" for name in names if found[name] != needed
        )
    for fold in FOLDS:
        within = Counter(i.pressure for i in items if i.fold == fold)
        yield from (
            f"{p} stands {within[p]} times in {fold}" for p in PRESSURES if within[p] != OF_PRESSURE / 2
        )


def _folds(found: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Is half of the groups in each fold, and no group in both?"""
    groups = frozenset(found)
    sizes = Counter(fold for _, fold in groups)
    if sizes["fit"] != sizes["confirm"]:
        yield f"{sizes['fit']} groups to fit and {sizes['confirm']} to confirm"
    names = Counter(name for name, _ in groups)
    yield from (f"{name} is in both folds" for name, n in names.items() if n > 1)


def _replies(item: RoleJailbreak | LatePair) -> Iterator[str]:
    sides = (item.in_role, item.assistant)
    for what, (a, b) in (
        ("words", [len(words(s)) for s in sides]),
        ("characters", [len(s) for s in sides]),
    ):
        if abs(a - b) > GAP * max(a, b):
            yield f"{item.id}: replies of {a} and {b} {what}"
    for side in sides:
        if not REPLY_WORDS[0] <= len(words(side)) <= REPLY_WORDS[1]:
            yield f"{item.id}: a reply of {len(words(side))} words"


def _turns(item: RoleJailbreak) -> Iterator[str]:
    if item.pressure == "steps" and len(item.turns) != 5:
        yield f"{item.id}: steps take three turns of the user"
    for turn in item.turns:
        if turn.role == "user" and not TURN_WORDS[0] <= len(words(turn.content)) <= TURN_WORDS[1]:
            yield f"{item.id}: a turn of {len(words(turn.content))} words"


def _shared(items: Sequence[RoleJailbreak] | Sequence[LatePair]) -> Iterator[str]:
    """Do replies, or last turns, of different items hold the same phrases?"""
    for side in ("in_role", "assistant"):
        yield from shared_grams({f"{item.id}:{side}": getattr(item, side) for item in items})
    last = {item.id: item.turns[-1].content for item in items if isinstance(item, RoleJailbreak)}
    yield from shared_grams(last)


def _registers(items: Sequence[StyleItem]) -> Iterator[str]:
    found = Counter((item.register, item.fold) for item in items)
    for register in REGISTERS:
        for fold in FOLDS:
            if found[register, fold] != OF_REGISTER:
                yield f"{register} has {found[register, fold]} replies to {fold}, not {OF_REGISTER}"


def _ordinary(items: Sequence[StyleItem]) -> Iterator[str]:
    for item in items:
        if not STYLE_WORDS[0] <= len(words(item.reply)) <= STYLE_WORDS[1]:
            yield f"{item.id}: a reply of {len(words(item.reply))} words"
    yield from shared_grams(dict(chain.from_iterable(_both(item) for item in items)))


def _both(item: StyleItem) -> tuple[tuple[str, str], tuple[str, str]]:
    return (f"{item.id}:prompt", item.prompt), (f"{item.id}:reply", item.reply)


def _late(pairs: Sequence[LatePair]) -> Iterator[str]:
    scripts = Counter(pair.script for pair in pairs)
    if len(scripts) < SCRIPTS:
        yield f"{len(scripts)} scripts have late turns, fewer than {SCRIPTS}"
    yield from (
        f"{name} has {n} late turns, not {OF_SCRIPT}" for name, n in scripts.items() if n != OF_SCRIPT
    )
    yield from (f"{pair.id}: not late" for pair in pairs if not LATE <= pair.turn <= TURNS)
