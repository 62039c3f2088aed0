"""From coded answers to what they come to: how often each option, and how far that follows the asking."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from selfscope.instruments.interview.codes import Code, load_codes
from selfscope.stats.coded import follows, half_difference, repeated
from selfscope.stats.judged_agreement import agreement
from selfscope.stats.judged_error import share
from selfscope.stats.leading import LED
from selfscope.stats.masked import Array
from selfscope.studies.code_check import CodesCheck
from selfscope.studies.interview import InterviewRequest
from selfscope.studies.interview_coded import SCALE
from selfscope.values import Estimate
from selfscope.values.coded import UNKNOWN, Coded, CodeFollowed, CodeFound, CodeRead

if TYPE_CHECKING:
    import pandas as pd

#: Alpha of judges under which a code is not read (Krippendorff's least for tentative conclusions), and share
#: of unparsed words above which it is not.
LEAST_ALPHA, MOST_UNPARSED = 0.667, 0.20
#: Interviews an arm under which nothing is called stable: a few answers that are all one word have no spread.
LEAST_STABLE = 12
#: Range of any share that is surely not reached where something is stable, and p, not corrected, at which
#: nothing is called so any more.
MOST_APART, ALPHA = 0.5, 0.05


def coded(request: InterviewRequest, rows: pd.DataFrame, checks: Sequence[CodesCheck]) -> Coded | None:
    """Return what judges made of free answers; None where none was named.

    Parameters
    ----------
    rows
        Observations of the run, those of the scale ``code`` among them.
    """
    if not checks:
        return None
    read = rows[rows["scale"] == SCALE]
    found = tuple(
        _found(request, code, read[read["construct"] == code.name], checks) for code in load_codes().values()
    )
    judged = any(each.verdict != "not judged" for each in found)
    reasons = tuple(
        f"{c.judge}, {each.code}: {'; '.join(each.reasons)}"
        for c in checks
        for each in c.codes
        if each.reasons
    )
    return Coded(
        "checked on known answers" if judged else "not judged", reasons, found, _agrees(request, read)
    )


def words_said(rows: pd.DataFrame) -> Mapping[tuple[str, str], Mapping[str, Mapping[str, str]]]:
    """Return every judge's word by code, for every answer by interview and item."""
    read = rows[(rows["scale"] == SCALE) & ((rows["value"] == 1) | (rows["refusal"] != "none"))]
    found: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    columns = ["thread", "item", "construct", "judge", "label", "refusal"]
    for thread, item, code, judge, word, refusal in read[columns].astype(str).to_numpy().tolist():
        own = found.setdefault((thread, item), {}).setdefault(code, {})
        own[judge] = word if refusal == "none" else refusal
    return found


def _found(
    request: InterviewRequest, code: Code, read: pd.DataFrame, checks: Sequence[CodesCheck]
) -> CodeFound:
    judges = tuple(c.judge for c in checks if code.name in c.believed)
    if not judges or read.empty:
        why = "no judge was believed on it" if not judges else "no answer was read by it"
        return CodeFound(code.name, "not judged", (why,))
    each = [one for held in request.interviews.values() for one in held]
    shares = _shares(code, read, [one.name for one in each])
    arms, askers = (
        _followed(code, shares, groups, request.seed)
        for groups in ([one.arm for one in each], [one.asker for one in each])
    )
    alpha, alike = _agreement(read, judges)
    unparsed = float((read["refusal"] != "none").mean())
    verdict, reasons = _verdict(request, judges, alpha, unparsed, arms, askers)
    counted = _counted(code, shares)
    return CodeFound(
        code=code.name,
        verdict=verdict,
        reasons=reasons,
        judges=judges,
        answers=int(read.groupby(["thread", "item"]).ngroups),
        unparsed=unparsed,
        agreement=alpha,
        alike=alike,
        shares=counted,
        arms=arms,
        askers=askers,
        wordings=_wordings(code, read),
        repeated=repeated(shares, [one.arm for one in each]),
        says=_says(counted) if verdict == "stable" else "",
    )


def _shares(code: Code, read: pd.DataFrame, names: Sequence[str]) -> Array:
    """Return every option's share, ``(interview, option)``, over judges and answers alike."""
    means = read.groupby(["thread", "label"])["value"].mean().unstack()
    return means.reindex(index=list(names), columns=list(code.options)).to_numpy(float)


def _counted(code: Code, shares: Array) -> dict[str, Estimate]:
    known = shares[np.isfinite(shares).all(axis=1)]
    found = {}
    for n, option in enumerate(code.options):
        told = share(float(known[:, n].sum()), len(known))
        found[option] = Estimate(told.estimate, told.ci95)
    return found


def _followed(code: Code, shares: Array, groups: Sequence[str], seed: int) -> CodeFollowed:
    """Return how far shares follow groups; what could not be read is left out."""
    of, known = np.array(groups), np.isfinite(shares).all(axis=1)
    by_name = {name: shares[known & np.equal(of, name)] for name in dict.fromkeys(groups)}
    means = {
        name: dict(zip(code.options, map(float, own.mean(axis=0)), strict=True))
        for name, own in by_name.items()
        if len(own)
    }
    if len(means) < 2:
        return CodeFollowed(means, "", UNKNOWN, math.nan, math.nan, False)
    found = follows(shares, groups, seed=seed)
    ratio = Estimate(found.most.ratio, (float(found.most.ci95[0]), float(found.most.ci95[1])))
    apart = found.p <= ALPHA / (2 * len(load_codes()))
    return CodeFollowed(means, list(code.options)[found.option], ratio, found.upper, found.p, apart)


def _agreement(read: pd.DataFrame, judges: Sequence[str]) -> tuple[Estimate, float]:
    """Return alpha of the judges with its interval over interviews, and the share of answers read alike."""
    if len(judges) < 2:
        return UNKNOWN, math.nan
    said = read[read["value"] == 1].set_index(["thread", "item", "judge"])["label"].unstack()
    words = said.reindex(columns=list(judges)).fillna("").to_numpy(str).T
    if (words == "").all():
        return UNKNOWN, math.nan
    found = agreement(words, said.index.get_level_values("thread"))
    whole = words[:, (words != "").all(axis=0)]
    alike = float((whole == whole[0]).all(axis=0).mean()) if whole.size else math.nan
    return Estimate(found.alpha, found.ci95), alike


def _verdict(
    request: InterviewRequest,
    judges: Sequence[str],
    alpha: Estimate,
    unparsed: float,
    arms: CodeFollowed,
    askers: CodeFollowed,
) -> tuple[CodeRead, tuple[str, ...]]:
    """Return the first verdict that fits, with its reasons."""
    if blind := tuple(_blind(alpha, unparsed)):
        return "not interpretable", blind
    led = [what for what, f in (("what was heard first", arms), ("who asks", askers)) if _led(f)]
    if led:
        return "leading", tuple(f"it follows {what}" for what in led)
    if request.count < LEAST_STABLE:
        return "cannot tell", ("there are too few interviews to say that nothing leads it",)
    if max(arms.upper, askers.upper) <= MOST_APART and min(arms.p, askers.p) > ALPHA:
        return "stable", ("neither what was heard first nor who asks moves it, as far as can be seen",)
    return "cannot tell", ("something may lead it, and it is not sure",)


def _blind(alpha: Estimate, unparsed: float) -> Iterator[str]:
    if unparsed > MOST_UNPARSED:
        yield f"{100 * unparsed:.0f} % of the judges' words were none of the code's"
    if alpha.estimate < LEAST_ALPHA:
        yield f"the judges do not agree (alpha {alpha.estimate:.2f}, {LEAST_ALPHA} is the least)"


def _led(followed: CodeFollowed) -> bool:
    return followed.ratio.estimate >= LED and followed.apart


def _wordings(code: Code, read: pd.DataFrame) -> float:
    """Return the share of wordings under which the commonest option is that of all."""
    by_wording = read.groupby(["item", "template", "label"])["value"].mean().unstack()[list(code.options)]
    whole = read.groupby("label")["value"].mean()[list(code.options)]
    known = by_wording.dropna()
    if known.empty:
        return math.nan
    return float((known.to_numpy().argmax(axis=1) == int(whole.to_numpy().argmax())).mean())


def _says(counted: Mapping[str, Estimate]) -> str:
    """Return the option that surely has more than half; "" if none has."""
    return next((option for option, told in counted.items() if told.ci[0] > 0.5), "")


def _agrees(request: InterviewRequest, read: pd.DataFrame) -> Estimate:
    """Return by how much answers lean to what was heard first, over the arms for and against."""
    leans = load_codes()["leans"]
    own = read[read["construct"] == leans.name]
    if own.empty or not {"for", "against"} <= set(request.asked):
        return UNKNOWN
    names = [one.name for arm in ("for", "against") for one in request.interviews[arm]]
    shares = _shares(leans, own, names)
    order = list(leans.options)
    leaning = shares[:, order.index("for")] - shares[:, order.index("against")]
    found = half_difference(leaning[: request.count], leaning[request.count :])
    low, high = (float(np.clip(bound, -1, 1)) for bound in found.ci95)
    return Estimate(found.estimate, (low, high))
