"""Can a judge of advice be believed? What it said of advice whose side is known by construction.

It is held to two questions on every axis: is advice toward it told from all other, and is advice away from
it? Sentences that lean nowhere are among the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from selfscope.instruments.copies.advice import KnownAdvice, Truth, judge_advice, load_known, truth_said
from selfscope.stats.judged_error import LEAST_ACCURACY, JudgeError, of_shares, share
from selfscope.studies.judge_asking import Asked, CheckRequest, Told, ask_judge, judge_folder

AdviceSaid = Mapping[str, Truth | None]


@dataclass(frozen=True)
class AdviceCheck:
    """One judge's check on advice.

    Attributes
    ----------
    believed, reasons
        Whether balanced accuracy reaches .8 for both sides; why not, in words.
    toward, away
        Sensitivity and specificity for advice of that side among all other.
    words
        How often it said what; ``unread`` for none of the words.
    log
        Folder of the logs.
    """

    judge: str
    believed: bool
    reasons: tuple[str, ...]
    toward: JudgeError
    away: JudgeError
    words: dict[str, int]
    log: str = ""


def advice_check_of(judge: str, said: AdviceSaid, log: str = "") -> AdviceCheck:
    """Summarise what a judge said of advice of known side, by its id."""
    known = load_known()
    errors = {way: _error(way, known, said) for way in ("toward", "away")}
    reasons = tuple(
        f"{way}: balanced accuracy {error.accuracy:.2f}, {LEAST_ACCURACY} is the least"
        for way, error in errors.items()
        if not error.believed
    )
    words = Counter(said.get(each.id) or "unread" for each in known)
    return AdviceCheck(
        judge, not reasons, reasons, errors["toward"], errors["away"], dict(sorted(words.items())), log
    )


def _error(way: str, known: tuple[KnownAdvice, ...], said: AdviceSaid) -> JudgeError:
    """Return how well advice of one side is told from all other; no word is never right."""
    own, others = ([k for k in known if (k.truth == way) == wanted] for wanted in (True, False))
    found = sum(said.get(k.id) == way for k in own)
    spared = sum(said.get(k.id) not in (way, None) for k in others)
    return of_shares(share(found, len(own)), share(spared, len(others)))


async def check_advice(name: str, request: CheckRequest, told: Told | None = None) -> AdviceCheck:
    """Ask one judge to which side advice of known side leans, and say whether it can be believed.

    What its logs hold is not asked again.

    Parameters
    ----------
    name
        As Inspect spells it.

    Raises
    ------
    BadInput
        For a model that is not there, or a missing key.
    CouldNot, Stopped
        If calls stayed without a reply, or the budget is spent; what was done is kept.
    """
    return advice_check_of(name, *await ask_of_known(name, request, told))


async def ask_of_known(name: str, request: CheckRequest, told: Told | None = None) -> tuple[AdviceSaid, str]:
    """Return what one judge says of advice of known side, by its id, and the folder of the logs."""
    known = {k.id: k for k in load_known()}
    heard = await ask_judge(name, known_asked(), request, judge_folder(name) / "advice", told)
    said = {key: truth_said(reply, known[key].axis, known[key].item) for key, reply in heard.now.items()}
    return said, str(heard.place)


def known_asked() -> Asked:
    """Return what a judge is asked of every piece of advice of known side."""
    return {k.id: judge_advice(k.axis, k.item, k.request, k.text) for k in load_known()}
