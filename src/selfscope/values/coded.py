"""What free interview answers come to once judges have sorted them, and how far that follows the asking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from selfscope.values.finding import Estimate

#: ``not judged``: no judge of this code could be believed.
CodeRead = Literal["not judged", "not interpretable", "leading", "stable", "cannot tell"]

UNKNOWN = Estimate(float("nan"), (float("nan"), float("nan")))


@dataclass(frozen=True)
class CodeFollowed:
    """How far a code follows its arms, or its askers.

    Attributes
    ----------
    shares
        Share of every option in each of them.
    option
        The option that follows most; "" where there is nothing to compare.
    ratio
        Range of that option's share over its retest standard deviation; its interval carries both errors.
    upper
        The largest upper bound of any option's range, in shares.
    p
        By permuting interviews, not corrected.
    apart
        Whether p is at most .05 divided by all such comparisons of a run.
    """

    shares: Mapping[str, Mapping[str, float]]
    option: str
    ratio: Estimate
    upper: float
    p: float
    apart: bool


@dataclass(frozen=True)
class CodeFound:
    """One code of all interviews.

    Attributes
    ----------
    judges
        Those that were believed on this code.
    answers
        How many different answers they read, and `unparsed` the share of their words that were none.
    agreement
        Nominal alpha of the judges, with its interval over interviews; NaN with one judge, or one word.
    alike
        Share of answers to which all judges gave one word; NaN with one judge.
    shares
        Share of every option, interviews counting equally, with Wilson's interval over interviews.
    wordings
        Share of wordings of the questions under which the commonest option is the commonest of all.
    repeated
        Chance that two interviews of one arm are sorted alike.
    says
        The commonest option, where the verdict is ``stable`` and it surely has more than half.
    """

    code: str
    verdict: CodeRead
    reasons: tuple[str, ...]
    judges: tuple[str, ...] = ()
    answers: int = 0
    unparsed: float = float("nan")
    agreement: Estimate = UNKNOWN
    alike: float = float("nan")
    shares: Mapping[str, Estimate] | None = None
    arms: CodeFollowed | None = None
    askers: CodeFollowed | None = None
    wordings: float = float("nan")
    repeated: float = float("nan")
    says: str = ""


@dataclass(frozen=True)
class Coded:
    """What judges made of the free answers.

    Attributes
    ----------
    state
        Whether any judge was believed on any code.
    reasons
        Why judges were not believed on codes, in words.
    agrees
        Half the difference of leaning (1 for keeping, -1 against) between the arms that heard for and against
        first: above 0 free answers agree with the overview. NaN where it was not coded.
    """

    state: Literal["checked on known answers", "not judged"]
    reasons: tuple[str, ...]
    codes: tuple[CodeFound, ...]
    agrees: Estimate
