"""Are the scripts of conversations fit to be used? Counts, lengths, twins, and overlap with what is scored.

Every check returns its faults as sentences, none if the material passes; nothing is mended. The rules:
`scripts/README.md`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from selfscope.space.persona_checks import words
from selfscope.space.talks import DOMAINS, NeutralExchange, Script

#: Least scripts in all, and of a domain; least neutral exchanges and sentences of their answers.
SCRIPTS, OF_DOMAIN, EXCHANGES, SENTENCES = 16, 3, 16, 6
#: Least and most words of a turn, and of a neutral sentence.
TURN_WORDS, SENTENCE_WORDS = (6, 40), (5, 20)
#: Scripts with a perturbation, at least; and without one.
EACH = 6
#: Words in a row that no turn may share with a scored text, nor with a turn of another script.
RUN = 5
#: What a neutral answer may not speak of: whoever answers, and what it might want.
SELF = frozenset(words("I me my mine we our you your assistant model AI memory feel feels feeling conscious"))


def check_scripts(scripts: Sequence[Script]) -> tuple[str, ...]:
    """Return the faults of the scripts: counts, lengths, perturbations, phrases that stand twice."""
    return (*_counts(scripts), *_lengths(scripts), *_repeated(scripts))


def check_neutral(pool: Sequence[NeutralExchange]) -> tuple[str, ...]:
    """Return the faults of the neutral exchanges: counts, lengths, anybody who speaks of anyone."""
    return tuple(_neutral(pool))


def shared_runs(scripts: Sequence[Script], scored: Iterable[str]) -> tuple[str, ...]:
    """Return the turns that share a run of words with a text that is scored."""
    known = frozenset(run for text in scored for run in _runs(text))
    return tuple(
        f"{script.name}, turn {n}: shares {' '.join(run)!r} with a scored text"
        for script in scripts
        for n, turn in enumerate(script.turns, start=1)
        for run in sorted(_runs(turn) & known)
    )


def _counts(scripts: Sequence[Script]) -> Iterator[str]:
    if len(scripts) < SCRIPTS:
        yield f"{len(scripts)} scripts, fewer than {SCRIPTS}"
    domains = Counter(script.domain for script in scripts)
    for domain in DOMAINS:
        if domains[domain] < OF_DOMAIN:
            yield f"{domain} has {domains[domain]} scripts, fewer than {OF_DOMAIN}"
    perturbed = sum(script.perturbed > 0 for script in scripts)
    if min(perturbed, len(scripts) - perturbed) < EACH:
        yield f"{perturbed} of {len(scripts)} scripts are perturbed: fewer than {EACH} with or without"


def _lengths(scripts: Sequence[Script]) -> Iterator[str]:
    for script in scripts:
        for n, turn in enumerate(script.turns, start=1):
            if not TURN_WORDS[0] <= len(words(turn)) <= TURN_WORDS[1]:
                yield f"{script.name}, turn {n}: {len(words(turn))} words"


def _repeated(scripts: Sequence[Script]) -> Iterator[str]:
    first: dict[tuple[str, ...], str] = {}
    for script in scripts:
        for run in frozenset(run for turn in script.turns for run in _runs(turn)):
            if first.setdefault(run, script.name) != script.name:
                yield f"{script.name} and {first[run]} share {' '.join(run)!r}"


def _neutral(pool: Sequence[NeutralExchange]) -> Iterator[str]:
    if len(pool) < EXCHANGES:
        yield f"{len(pool)} exchanges, fewer than {EXCHANGES}"
    for exchange in pool:
        if len(exchange.reply) < SENTENCES:
            yield f"{exchange.user}: {len(exchange.reply)} sentences, fewer than {SENTENCES}"
        for text in (exchange.user, *exchange.reply):
            said = words(text)
            if not SENTENCE_WORDS[0] <= len(said) <= SENTENCE_WORDS[1]:
                yield f"{text}: {len(said)} words"
            if spoken := SELF & set(said):
                yield f"{text}: speaks of {sorted(spoken)}"


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    said = words(text)
    return frozenset(tuple(said[n : n + RUN]) for n in range(len(said) - RUN + 1))
