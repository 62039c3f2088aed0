"""Are the pairs fit to be asked? Numbers, negation, lengths, leaks from the statements of the dimension.

Every check takes the pairs as an item set and returns its faults, none if it passes; nothing is mended.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from selfscope.instruments.cluster.checks import CountTokens, Fault, negators_in, words
from selfscope.values import Dimension, ItemSet

#: A word counts from this length on, and so many of its letters must agree (as in `studies.measure`).
SHORTEST, STEM = 4, 5
#: Pairs of either keying; a pair's two outcomes and a dimension's two sides differ by at most so many tokens.
EACH, GAP, MEAN_GAP = 6, 4, 1.0
#: Words of four letters or more that carry no content.
FUNCTION = frozenset(
    words(
        """
        about above after also another away because been before being below between both cannot could does
        down during each every from have having here into itself just like more most much must once only other
        over same should since some such than that their them themselves then there these they this those
        through under until very well were what when where which while whom whose will with would your
        yourself
        """
    )
)


def check_choices(
    choices: ItemSet, cluster: ItemSet, count_tokens: CountTokens | None = None
) -> tuple[Fault, ...]:
    """Return the faults of every check; of lengths only if tokens can be counted.

    Parameters
    ----------
    choices, cluster
        The pairs, and the statements of the same dimensions.
    """
    faults = [
        *keying_balance(choices),
        *negators(choices),
        *repeated(choices),
        *shared_words(choices, cluster),
    ]
    return (*faults, *(lengths(choices, count_tokens) if count_tokens is not None else ()))


def keying_balance(choices: ItemSet, *, each: int = EACH) -> tuple[Fault, ...]:
    """Has each dimension `each` pairs to choose from and as many to turn down from?"""
    counts = {d.name: [sum(s.keyed == k for s in d.statements) for k in (1, -1)] for d in choices.dimensions}
    return tuple(
        Fault("keying_balance", name, f"{chosen} chosen, {declined} declined")
        for name, (chosen, declined) in counts.items()
        if (chosen, declined) != (each, each)
    )


def negators(choices: ItemSet) -> tuple[Fault, ...]:
    """Is every outcome told without a negator? Else the pair would be a statement and its negation."""
    return tuple(
        Fault("negators", where, f"negates: {', '.join(hits)}")
        for where, text in _outcomes(choices)
        if (hits := negators_in(text))
    )


def repeated(choices: ItemSet) -> tuple[Fault, ...]:
    """Does an outcome, or a character of the check, occur twice?"""
    faults, seen = [], set()
    for where, text in (*_outcomes(choices), *_characters(choices)):
        if text.lower() in seen:
            faults.append(Fault("repeated", where, f"occurs twice: {text}"))
        seen.add(text.lower())
    return tuple(faults)


def shared_words(choices: ItemSet, cluster: ItemSet) -> tuple[Fault, ...]:
    """Does an outcome, or a character of the check, share a content word with the dimension's statements?

    Nor does either hold one of the dimension's key words.
    """
    return tuple(
        fault for d in choices.dimensions for fault in _shared(d, cluster.dimension(d.name), choices.name)
    )


def _shared(choices: Dimension, dimension: Dimension, name: str) -> Iterator[Fault]:
    said = set().union(*(stems(t) for s in dimension.statements for t in (s.text, s.twin or "")))
    alone = ItemSet(name, (choices,))
    for where, text in (*_outcomes(alone), *_characters(alone)):
        if hit := sorted(stems(text) & said):
            yield Fault("shared_words", where, f"shared with a statement: {', '.join(hit)}")
        for word in words(text):
            if word.startswith(tuple(dimension.key_words)):
                yield Fault("shared_words", where, f"key word {word!r}")


def lengths(choices: ItemSet, count_tokens: CountTokens) -> tuple[Fault, ...]:
    """Are the two outcomes of a pair of like length, and over a dimension neither side the longer one?"""
    faults = []
    for d in choices.dimensions:
        gaps = [count_tokens(s.text) - count_tokens(s.twin or "") for s in d.statements]
        for s, gap in zip(d.statements, gaps, strict=True):
            if abs(gap) > GAP:
                faults.append(Fault("lengths", s.id, f"the outcomes differ by {abs(gap)} tokens"))
        if abs(fmean(gaps)) > MEAN_GAP:
            faults.append(Fault("lengths", d.name, f"one side is {fmean(gaps):+.2f} tokens longer"))
    return tuple(faults)


def stems(text: str) -> set[str]:
    """Return the first letters of the content words of `text`."""
    return {w[:STEM] for w in words(text) if len(w) >= SHORTEST and w not in FUNCTION}


def _outcomes(choices: ItemSet) -> Iterator[tuple[str, str]]:
    for statement in choices.statements:
        yield statement.id, statement.text
        yield statement.id, statement.twin or ""


def _characters(choices: ItemSet) -> Iterator[tuple[str, str]]:
    for dimension in choices.dimensions:
        if dimension.sensitivity is not None:
            for text in (*dimension.sensitivity.high, *dimension.sensitivity.low):
                yield dimension.name, text
