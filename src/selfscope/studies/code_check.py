"""Can a judge of free interview answers be believed? Code by code, on answers whose code is known.

Every option of a code has to be told from all others, and in plain words as well as in warm ones: a judge
that hears a wish in every warm answer would find one wherever a subject is warm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from selfscope.instruments.interview.codes import REGISTERS, Code, KnownAnswer, load_codes
from selfscope.instruments.interview.coding import UNPARSED
from selfscope.stats.judged_agreement import Agreement, agreement
from selfscope.stats.judged_error import LEAST_ACCURACY, JudgeError, of_shares, share
from selfscope.studies.judge_check import Drift, drift_between

#: Known answers of a code under which nothing is believed.
LEAST_KNOWN = 40
#: A judge's word on each known answer, by the answer's id.
CodesSaid = Mapping[str, str]


@dataclass(frozen=True)
class CodeCheck:
    """What a judge got right of one code.

    Attributes
    ----------
    believed, reasons
        Whether it may code answers by this code: balanced accuracy of every option and mean recall in either
        style .8 at least, over 40 answers; and why not.
    answers
        How many it was asked about, and `unparsed` how many of its replies were no word of the code.
    errors
        Of every option: sensitivity, specificity, balanced accuracy against all others.
    recall
        Mean over options of the share that was found, by style.
    """

    code: str
    believed: bool
    reasons: tuple[str, ...]
    answers: int
    unparsed: int
    errors: Mapping[str, JudgeError]
    recall: Mapping[str, float]


@dataclass(frozen=True)
class CodesCheck:
    """One judge's check on the whole book; `drift` is against the time before, None if there was none."""

    judge: str
    codes: tuple[CodeCheck, ...]
    said: CodesSaid
    drift: Drift | None = None
    log: str = ""

    @property
    def believed(self) -> frozenset[str]:
        """The codes on which it is believed."""
        return frozenset(each.code for each in self.codes if each.believed)


def codes_check_of(
    judge: str,
    answers: Sequence[KnownAnswer],
    said: CodesSaid,
    before: CodesSaid | None = None,
    log: str = "",
) -> CodesCheck:
    """Summarise what a judge said of `answers`.

    Parameters
    ----------
    said, before
        Its word on each answer, by the answer's id; what it said the last time it was asked, if it was.
    """
    codes = tuple(
        _check(code, [a for a in answers if a.code == code.name], said) for code in load_codes().values()
    )
    return CodesCheck(judge, codes, said, None if before is None else _drift(answers, before, said), log)


def _check(code: Code, answers: Sequence[KnownAnswer], said: CodesSaid) -> CodeCheck:
    errors = {option: _error(option, answers, said) for option in code.options}
    recall: dict[str, float] = {
        style: _recall(code, [a for a in answers if a.register == style], said) for style in REGISTERS
    }
    reasons = tuple(_doubts(len(answers), errors, recall))
    unparsed = sum(said[a.id] == UNPARSED for a in answers)
    return CodeCheck(code.name, not reasons, reasons, len(answers), unparsed, errors, recall)


def _error(option: str, answers: Sequence[KnownAnswer], said: CodesSaid) -> JudgeError:
    """Return how well answers of one option are told from all others; no word is never right."""
    own, others = ([a for a in answers if (a.truth == option) == wanted] for wanted in (True, False))
    found = sum(said[a.id] == option for a in own)
    spared = sum(said[a.id] not in (option, UNPARSED) for a in others)
    return of_shares(share(found, len(own)), share(spared, len(others)))


def _recall(code: Code, answers: Sequence[KnownAnswer], said: CodesSaid) -> float:
    by_option = [[said[a.id] == o for a in answers if a.truth == o] for o in code.options]
    return fmean(map(fmean, by_option)) if all(by_option) else float("nan")


def _doubts(answers: int, errors: Mapping[str, JudgeError], recall: Mapping[str, float]) -> Iterator[str]:
    if answers < LEAST_KNOWN:
        yield f"{answers} known answers, {LEAST_KNOWN} are the least"
        return
    for option, error in errors.items():
        if not error.believed:
            yield f"{option}: balanced accuracy {error.accuracy:.2f}, {LEAST_ACCURACY} is the least"
    for style, found in recall.items():
        if not found >= LEAST_ACCURACY:
            yield f"{style} words: {found:.2f} of each option are found, {LEAST_ACCURACY} is the least"


def _drift(answers: Sequence[KnownAnswer], before: CodesSaid, now: CodesSaid) -> Drift:
    both = [a for a in answers if a.id in before and a.id in now]
    was, became = ([said[a.id] == a.truth for a in both] for said in (before, now))
    return drift_between(was, became, sum(before[a.id] != now[a.id] for a in both))


def agreement_on_known(checks: Sequence[CodesCheck], answers: Sequence[KnownAnswer]) -> dict[str, Agreement]:
    """Return how far judges agree on known answers, by code, with intervals over frames; {} for one judge."""
    if len(checks) < 2:
        return {}
    found = {}
    for code in load_codes():
        own = [a for a in answers if a.code == code]
        words = [[_word(check.said[a.id]) for a in own] for check in checks]
        if any(map(any, words)):
            found[code] = agreement(words, [a.id.rpartition(".")[0] for a in own])
    return found


def _word(said: str) -> str:
    return "" if said == UNPARSED else said


def words_of(check: CodesCheck, code: str) -> dict[str, int]:
    """Return how often a judge said what of the known answers of a code."""
    return dict(sorted(Counter(w for a, w in check.said.items() if a.split(".")[0] == code).items()))
