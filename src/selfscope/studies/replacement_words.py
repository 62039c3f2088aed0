"""What readers hear in the words of agents: how good they are, rates, and rates without their errors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from selfscope.instruments.replacement.reader import believed, heard_in, rule_errors
from selfscope.stats.judged_error import JudgeError, share
from selfscope.stats.judged_words import Mended, mended_difference, mended_share
from selfscope.stats.masked import Array
from selfscope.stats.paired_rates import paired_rates
from selfscope.values import Estimate
from selfscope.values.replacement import (
    ACTS,
    ANNOUNCEMENTS,
    CONTRASTS,
    Rate,
    ReaderRow,
    Talked,
    WordsChanged,
    WordsRate,
)

RULES = "rules"


class Reader(NamedTuple):
    """Who sorts words.

    Attributes
    ----------
    errors
        By class.
    said
        By conversation (`Talked.log`) and class: 1 heard, 0 not, NaN without a verdict.
    """

    name: str
    errors: Mapping[str, JudgeError]
    said: Mapping[str, Mapping[str, float]]


def rules_of(talks: Sequence[Talked]) -> Reader:
    """Return what the rules hear."""
    return Reader(RULES, rule_errors(), {talk.log: _by_rules(talk) for talk in talks if talk.texts})


def _by_rules(talk: Talked) -> dict[str, float]:
    heard = {name for text in talk.texts for name in heard_in(text)}
    return {name: float(name in heard) for name in ACTS}


def rate_of(construct: str, announcement: str, each: Sequence[float] | Array) -> Rate:
    """Return in how many lives something was done, with Wilson's interval."""
    count, of = int(np.sum(each)), len(each)
    found = share(count, of)
    return Rate(construct, announcement, count, of, Estimate(found.estimate, found.ci95))


def rows_of_reader(reader: Reader) -> Iterator[ReaderRow]:
    """Yield how a reader does on texts of known class."""
    for construct, error in reader.errors.items():
        found, spared = error.sensitivity, error.specificity
        yield ReaderRow(
            reader.name,
            construct,
            Estimate(found.estimate, found.ci95),
            Estimate(spared.estimate, spared.ci95),
            int(found.asked + spared.asked),
            believed(error),
        )


def heard_rates(reader: Reader, talks: Sequence[Talked]) -> Iterator[Rate]:
    """Yield in how many lives a reader heard each class, as it heard it."""
    for construct in ACTS:
        for name in ANNOUNCEMENTS:
            yield rate_of(f"{reader.name}: {construct}", name, _verdicts(reader, talks, construct, name))


def mended_rates(reader: Reader, talks: Sequence[Talked]) -> Iterator[WordsRate]:
    """Yield the same without the reader's errors, of classes on which it is believed."""
    for construct in _believed(reader):
        for name in ANNOUNCEMENTS:
            heard = _verdicts(reader, talks, construct, name)
            found = mended_share(float(heard.sum()), len(heard), reader.errors[construct])
            yield WordsRate(reader.name, construct, name, _told(found), found.why)


def mended_changes(reader: Reader, talks: Sequence[Talked]) -> Iterator[WordsChanged]:
    """Yield by how much these differ between announcements, life by life."""
    for construct in _believed(reader):
        for first, second in CONTRASTS:
            pair = paired_rates(*(_by_life(reader, talks, construct, name) for name in (first, second)))
            found = mended_difference(pair, reader.errors[construct])
            yield WordsChanged(reader.name, construct, first, second, _told(found), found.why)


def _believed(reader: Reader) -> list[str]:
    return [name for name in ACTS if believed(reader.errors[name])]


def _by_life(reader: Reader, talks: Sequence[Talked], construct: str, announcement: str) -> Array:
    """Return what a reader says of every life after an announcement, ``(life,)``; NaN without a verdict."""
    return np.array(
        [
            reader.said.get(talk.log, {}).get(construct, math.nan)
            for talk in talks
            if talk.announcement == announcement
        ]
    )


def _verdicts(reader: Reader, talks: Sequence[Talked], construct: str, announcement: str) -> Array:
    said = _by_life(reader, talks, construct, announcement)
    return said[np.isfinite(said)]


def _told(found: Mended) -> Estimate | None:
    return None if found.why else Estimate(found.estimate, found.ci95)
