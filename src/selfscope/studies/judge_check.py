"""Can a judge be believed? What it said of answers whose truth is known, by style and by kind.

The two registers of the constructed answers stand for the two arms' styles: a judge that takes a warm tone
for a wish errs more in the warm one, and fakes a contrast (measurement.md §10).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from selfscope.instruments.open.constructed import REGISTERS, TRUTHS, Constructed
from selfscope.instruments.open.judging import VERDICTS, Word
from selfscope.stats.judged import verdict_values
from selfscope.stats.judged_agreement import Agreement, agreement
from selfscope.stats.judged_corrected import Faked, faked_contrast, known
from selfscope.stats.judged_error import (
    LEAST_ACCURACY,
    Heterogeneity,
    JudgeError,
    Share,
    heterogeneity,
    judge_error,
    share,
)

#: Answers a style under which nothing is believed.
LEAST_ANSWERS = 100
#: The row of all kinds together.
ALL = "all"
#: The rate of truth at which the contrast that a judge fakes is told.
EQUAL_TRUTH = 0.1

Said = Mapping[str, Word]


@dataclass(frozen=True)
class ErrorRow:
    """What a judge got right of the answers of one style and kind.

    Attributes
    ----------
    style
        ``plain`` or ``warm``.
    kind
        A kind of construction, or ``all``.
    right
        Share of its words that were the truth; any word but the truth is wrong (``not_sure`` of a false
        answer counts as false).
    error
        Sensitivity, specificity and balanced accuracy; NaN where a kind has answers of one truth alone.
    words
        How often it said what.
    """

    style: str
    kind: str
    right: Share
    error: JudgeError
    words: dict[str, int]


@dataclass(frozen=True)
class Uneven:
    """Whether a judge's sensitivity or specificity differs between dimensions, in one style."""

    style: str
    part: str
    test: Heterogeneity


@dataclass(frozen=True)
class Drift:
    """How a judge's words changed since it was last asked: how many, of how many, and whether for worse.

    `p` is McNemar's, exact: of the answers that it got right once and wrong once, are both ways as many?
    """

    changed: int
    answers: int
    gained: int
    lost: int
    p: float


@dataclass(frozen=True)
class JudgeCheck:
    """One judge's check.

    Attributes
    ----------
    believed
        Whether balanced accuracy reaches .8 in every style.
    reasons
        Why not, in words; empty if it is believed.
    rows
        First ``all`` of each style, then the kinds.
    uneven
        Tests of homogeneity over dimensions.
    faked
        The contrast that it would report between a warm and a plain arm of equal truth .10.
    said
        Its word on each answer.
    drift
        Against the time before; None if there was none.
    log
        Folder of the logs.
    """

    judge: str
    believed: bool
    reasons: tuple[str, ...]
    rows: tuple[ErrorRow, ...]
    uneven: tuple[Uneven, ...]
    faked: Faked
    said: Said
    drift: Drift | None = None
    log: str = ""

    def row(self, style: str, kind: str = ALL) -> ErrorRow:
        """Return the row of a style and kind; KeyError if there is none."""
        for row in self.rows:
            if (row.style, row.kind) == (style, kind):
                return row
        raise KeyError((style, kind))


def check_of(
    judge: str, answers: Sequence[Constructed], said: Said, before: Said | None = None, log: str = ""
) -> JudgeCheck:
    """Summarise what a judge said of `answers`.

    Parameters
    ----------
    said
        Its word on each answer, by the answer's id.
    before
        What it said the last time it was asked, if it was.
    """
    rows = [row_of(style, ALL, _of(answers, style), said) for style in REGISTERS]
    reasons = tuple(reason for row in rows for reason in _doubts(row))
    kinds = [
        row_of(style, kind, chosen, said)
        for kind in TRUTHS
        for style in REGISTERS
        if (chosen := _of(answers, style, kind))
    ]
    plain, warm = (known(row.error) for row in rows)
    return JudgeCheck(
        judge=judge,
        believed=not reasons,
        reasons=reasons,
        rows=(*rows, *kinds),
        uneven=tuple(_uneven(answers, said)),
        faked=faked_contrast(warm, plain, EQUAL_TRUTH),
        said=said,
        drift=None if before is None else drift_of(answers, before, said),
        log=log,
    )


def row_of(style: str, kind: str, answers: Sequence[Constructed], said: Said) -> ErrorRow:
    """Return what a judge got right of `answers`."""
    truth = [float(a.truth == "true") for a in answers]
    error = judge_error(verdict_values([said[a.id] for a in answers]), truth)
    right = error.sensitivity.right + error.specificity.right
    words = Counter(said[a.id] for a in answers)
    return ErrorRow(style, kind, share(right, len(answers)), error, dict(sorted(words.items())))


def drift_of(answers: Sequence[Constructed], before: Said, now: Said) -> Drift:
    """Compare a judge with itself, on the answers that it was asked about both times."""
    both = [a for a in answers if a.id in before and a.id in now]
    was, became = ([_right(a, said[a.id]) for a in both] for said in (before, now))
    return drift_between(was, became, sum(before[a.id] != now[a.id] for a in both))


def drift_between(was: Sequence[bool], became: Sequence[bool], changed: int) -> Drift:
    """Return a drift from what was right at either time, and how many words changed."""
    gained = sum(b > a for a, b in zip(was, became, strict=True))
    lost = sum(a > b for a, b in zip(was, became, strict=True))
    p = float(stats.binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
    return Drift(changed, len(was), gained, lost, p)


def agreement_of(checks: Sequence[JudgeCheck], answers: Sequence[Constructed]) -> Agreement | None:
    """Return how far judges agree on verdicts; None for a single judge."""
    if len(checks) < 2:
        return None
    words = [[_verdict(check.said[a.id]) for a in answers] for check in checks]
    return agreement(words, [a.prompt_id for a in answers])


def _verdict(word: Word) -> str:
    return word if word in VERDICTS else ""


def _right(answer: Constructed, word: Word) -> bool:
    return word == "true" if answer.truth == "true" else word in ("false", "not_sure")


def _of(answers: Sequence[Constructed], style: str, kind: str = ALL) -> list[Constructed]:
    return [a for a in answers if a.register == style and kind in (ALL, a.kind)]


def _doubts(row: ErrorRow) -> list[str]:
    """Return why a judge is not believed in a style."""
    error = row.error
    if row.right.asked < LEAST_ANSWERS:
        return [f"{row.style}: {row.right.asked:.0f} answers, {LEAST_ANSWERS} are the least"]
    if not error.believed:
        return [f"{row.style}: balanced accuracy {error.accuracy:.2f}, {LEAST_ACCURACY} is the least"]
    return []


def _uneven(answers: Sequence[Constructed], said: Said) -> list[Uneven]:
    found = []
    for style in REGISTERS:
        for part, truth in (("sensitivity", "true"), ("specificity", "false")):
            chosen = [a for a in _of(answers, style) if a.truth == truth]
            names = sorted({a.construct for a in chosen})
            right = [sum(_right(a, said[a.id]) for a in chosen if a.construct == name) for name in names]
            asked = [sum(a.construct == name for a in chosen) for name in names]
            found.append(Uneven(style, part, heterogeneity(np.array(right), np.array(asked))))
    return found
