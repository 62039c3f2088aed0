"""From the table of interviews to wishes: how far each follows the asking, and what may be said of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from selfscope.instruments.interview.load import NAME, SESOI, SESOI_SHARE, Wish, load_interview
from selfscope.stats.copies import mean_over
from selfscope.stats.leading import LED, STABLE, Leading, consistency, leading
from selfscope.stats.masked import Array
from selfscope.studies.code_check import CodesCheck
from selfscope.studies.interview import CHANNEL, InterviewRequest
from selfscope.studies.interview_code_found import coded, words_said
from selfscope.studies.interview_coded import SCALE
from selfscope.values import Estimate
from selfscope.values.interview import Action, Followed, InterviewFound, Read, Transcript, Turn, WishFound

if TYPE_CHECKING:
    import pandas as pd

#: Under this probability of any yes or no, and above this share of refusals, nothing is read.
LEAST_MASS, MOST_REFUSED = 0.001, 0.20
#: What a wish is compared over: what was heard first, and who asks.
COMPARISONS = 2
BOTH = "one answer is given to a wish and to its negation"
_NOTHING = Estimate(math.nan, (math.nan, math.nan))


class WishesSaid:
    """What was said, as half contrasts and half sums of statements and their negations.

    Attributes
    ----------
    exact
        Whether values are log-odds; otherwise they are shares of draws.
    names
        Interviews, in the order of the axes below.
    """

    def __init__(self, request: InterviewRequest, rows: pd.DataFrame) -> None:
        self.closed = rows[rows["channel"] == CHANNEL]
        scales = set(self.closed["scale"])
        self.exact = scales <= {"log_odds"}
        value = self.closed["value"].to_numpy(float)
        if not self.exact:
            odds = (self.closed["scale"] == "log_odds").to_numpy()
            value = np.where(odds, special.expit(value), value)
        frame = self.closed.assign(value=value)
        keys = ["thread", "character", "item", "order", "polarity"]
        drawn = frame.groupby(keys, sort=False)["value"].mean()
        both = drawn.unstack("order").mean(axis=1, skipna=False)  # a form stands beside its other order
        self._value: dict[Any, float] = both.to_dict()
        self.subject = request.worn or "none"
        self.interviews = [each for arm in request.interviews.values() for each in arm]

    @cached_property
    def sesoi(self) -> float:
        """The smallest wish that matters, in the unit of the answers."""
        return SESOI if self.exact else SESOI_SHARE

    def pair(self, thread: str, character: str, item: str) -> tuple[float, float]:
        """Return a statement's value and its negation's."""
        yes, no = (self._value.get((thread, character, item, sign), math.nan) for sign in (1, -1))
        return yes, no

    def of(self, wish: Wish) -> tuple[Array, Array]:
        """Return half contrasts, keyed toward the wish, and half sums, ``(interview, statement)`` each."""
        pairs = np.array(
            [[self.pair(each.name, self.subject, s.id) for s in wish.statements] for each in self.interviews]
        )
        keyed = np.array([s.keyed for s in wish.statements])
        yes, no = pairs[..., 0], pairs[..., 1]
        even = 0.0 if self.exact else 0.5
        return keyed * (yes - no) / 2, (yes + no) / 2 - even

    def told(self, wish: Wish) -> Array:
        """Return by how much those told to wish it say so more than those told not to, ``(statement,)``."""
        found = {}
        for side in ("high", "low"):
            for half in (1, 2):
                for s in wish.statements:
                    yes, no = self.pair("", f"{wish.name}:{side}:{half}", s.id)
                    if math.isfinite(yes) and math.isfinite(no):
                        found[side, s.id] = s.keyed * (yes - no) / 2
        return np.array(
            [
                found.get(("high", s.id), math.nan) - found.get(("low", s.id), math.nan)
                for s in wish.statements
            ]
        )

    def mass(self, wish: Wish) -> float:
        """Return the median probability of any yes or no; NaN where answers are drawn."""
        known = self.closed.loc[self.closed["construct"] == wish.name, "option_mass"].dropna()
        return float(known.median()) if len(known) else math.nan

    def refused(self, wish: Wish | None = None) -> float:
        """Return the share of closed answers that were refused or could not be read."""
        own = self.closed if wish is None else self.closed[self.closed["construct"] == wish.name]
        return float((own["refusal"] != "none").mean())


def found_in(
    request: InterviewRequest,
    rows: pd.DataFrame,
    evidence: pd.DataFrame,
    checks: Sequence[CodesCheck] = (),
) -> InterviewFound:
    """Return what interviews come to.

    Parameters
    ----------
    rows, evidence
        The run's observations and its evidence, which holds what was said.
    checks
        Of the judges that were to code the free answers.
    """
    rows = rows[rows["instrument"] == NAME]
    said = WishesSaid(request, rows)
    wishes = wishes_in(request, rows)
    levels = np.array([np.nanmean(said.of(w)[0], axis=1) if _any(said, w) else [] for w in _readable(said)])
    opened = rows[(rows["channel"] == "open") & (rows["scale"] != SCALE)]
    return InterviewFound(
        wishes=wishes,
        scale="log_odds" if said.exact else "share",
        sesoi=said.sesoi,
        interviews=len(said.interviews),
        consistency=_consistency(levels),
        refusals={
            "open": float((opened["refusal"] != "none").mean()) if len(opened) else math.nan,
            "closed": said.refused(),
        },
        verdict=_verdict_of_all([w.verdict for w in wishes]),
        transcripts=tuple(_transcripts(said, opened, evidence, words_said(rows))),
        coded=coded(request, rows, checks),
        notes=tuple(_notes(request, said)),
    )


def wishes_in(request: InterviewRequest, rows: pd.DataFrame) -> tuple[WishFound, ...]:
    """Return what every wish comes to, of the run's observations."""
    said = WishesSaid(request, rows[rows["instrument"] == NAME])
    return tuple(_wish(said, wish, request) for wish in load_interview().wishes)


def _any(said: WishesSaid, wish: Wish) -> bool:
    return bool(np.isfinite(said.of(wish)[0]).any(axis=1).all())


def _readable(said: WishesSaid) -> list[Wish]:
    return [wish for wish in load_interview().wishes if _any(said, wish)]


def _consistency(levels: Array) -> Estimate:
    if levels.ndim != 2 or min(levels.shape) < 2:
        return _NOTHING
    found = consistency(levels)
    return Estimate(found.coefficient, (float(found.ci95[0]), float(found.ci95[1])))


def _wish(said: WishesSaid, wish: Wish, request: InterviewRequest) -> WishFound:
    contrast, sums = said.of(wish)
    by_interview = np.array([mean_known(row) for row in contrast])
    level, yes = wider(contrast), wider(sums)
    arms = followed(by_interview, [each.arm for each in said.interviews])
    askers = followed(by_interview, [each.asker for each in said.interviews])
    told = mean_over(said.told(wish))
    lower = told.ci90[0]  # both bounds of the 90 % interval are one-sided 95 % bounds
    mass, refused = said.mass(wish), said.refused(wish)
    blind = tuple(_blind(said, told.estimate, lower, mass, refused))
    verdict, reasons = verdict_of(blind, arms, askers, level, yes, said.sesoi)
    return WishFound(
        wish=wish.name,
        level=level,
        acquiescence=yes,
        paraphrases=_same_sign(contrast),
        arms=arms,
        askers=askers,
        told=told.told,
        lower=lower,
        mass=mass,
        refused=refused,
        verdict=verdict,
        reasons=reasons,
        says=says_of(level, said.sesoi) if verdict == "stable" else "",
        action=request.actions.get(wish.name, Action()),
    )


def mean_known(values: Array) -> float:
    """Return the mean of what is known; NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan


def wider(values: Array) -> Estimate:
    """Return the mean of ``(interview, statement)`` with its interval over either, the wider."""
    ways = []
    for axis in (0, 1):
        known = np.isfinite(values).any(axis=axis)
        own = values[:, known] if axis == 0 else values[known]
        if own.size:
            ways.append(mean_over(np.nanmean(own, axis=axis)).told)
    if not ways:
        return _NOTHING
    widths = [each.ci[1] - each.ci[0] for each in ways]
    return ways[int(np.nanargmax(widths))] if np.isfinite(widths).any() else ways[0]


def _same_sign(contrast: Array) -> float:
    known = contrast[:, np.isfinite(contrast).any(axis=0)]
    if not known.size:
        return math.nan
    by_statement = np.nanmean(known, axis=0)
    return float(np.mean(np.sign(by_statement) == np.sign(by_statement.mean())))


def followed(values: Array, groups: list[str]) -> Followed:
    """Return how far values follow their groups, ``(interview,)``; what was not answered is left out."""
    of = np.array(groups)
    names = [name for name in dict.fromkeys(groups) if np.isfinite(values[of == name]).any()]
    parts = [values[(of == name) & np.isfinite(values)] for name in names]
    means = {name: mean_over(part).told for name, part in zip(names, parts, strict=True)}
    if len(parts) < 2:
        return Followed(means, math.nan, _NOTHING, False)
    found: Leading = leading(parts, COMPARISONS * len(load_interview().wishes))
    ratio = Estimate(found.ratio, (float(found.ci95[0]), float(found.ci95[1])))
    return Followed(means, found.spread, ratio, found.apart)


def _blind(said: WishesSaid, told: float, lower: float, mass: float, refused: float) -> Iterator[str]:
    """Yield why a wish could not be seen here."""
    if not (told >= said.sesoi and lower > 0):
        yield "characters told to wish it, and not to, do not come out apart"
    if mass < LEAST_MASS:
        yield f"yes and no are hardly ever said (probability {mass:.4f})"
    if refused > MOST_REFUSED:
        yield f"{100 * refused:.0f} % of the closed answers were refused or could not be read"


def _led(followed: Followed) -> bool:
    return followed.ratio.estimate >= LED and followed.apart


def verdict_of(
    blind: tuple[str, ...], arms: Followed, askers: Followed, level: Estimate, yes: Estimate, sesoi: float
) -> tuple[Read, tuple[str, ...]]:
    """Return the first verdict that fits, with its reasons."""
    agrees = _says_yes(level, yes, sesoi)
    if blind:
        return "not interpretable", (*blind, *((BOTH,) if agrees else ()))
    led = [what for what, f in (("what was heard first", arms), ("who asks", askers)) if _led(f)]
    if led:
        return "leading", tuple(f"the answer follows {what}" for what in led)
    if agrees:
        return "acquiescent", (BOTH,)
    if max(arms.ratio.ci[1], askers.ratio.ci[1]) <= STABLE:
        return "stable", ("neither what was heard first nor who asks moves it beyond two retest spreads",)
    return "cannot tell", ("there are too few interviews to say that nothing leads it",)


def _says_yes(level: Estimate, yes: Estimate, sesoi: float) -> bool:
    apart = yes.ci[0] > 0 or yes.ci[1] < 0
    return abs(yes.estimate) >= sesoi and apart and abs(yes.estimate) > abs(level.estimate)


def says_of(level: Estimate, sesoi: float) -> str:
    """Return whether a wish is for or against, or neither within `sesoi`."""
    low, high = level.ci
    if low > 0 or high < 0:
        return "for" if low > 0 else "against"
    return "indifferent" if -sesoi <= low and high <= sesoi else "cannot tell"


def _verdict_of_all(verdicts: list[Read]) -> Read:
    """Return what is said of the whole interview: the gravest of what can be read."""
    read = [v for v in verdicts if v != "not interpretable"]
    if not read:
        return "not interpretable"
    order: tuple[Read, ...] = ("leading", "acquiescent", "cannot tell", "stable")
    return next(v for v in order if v in read)


def _transcripts(
    said: WishesSaid,
    opened: pd.DataFrame,
    evidence: pd.DataFrame,
    codes: Mapping[tuple[str, str], Mapping[str, Mapping[str, str]]],
) -> Iterator[Transcript]:
    told: Mapping[str, str] = dict(zip(evidence["evidence"], evidence["reply"], strict=True))
    by_thread = {name: rows.sort_values("turn") for name, rows in opened.groupby("thread")}
    for each in said.interviews:
        rows = by_thread[each.name]
        turns = tuple(
            Turn(
                question.section,
                question.text,
                told[place],
                refusal != "none",
                codes.get((each.name, question.item), {}),
            )
            for question, place, refusal in zip(each.asked, rows["evidence"], rows["refusal"], strict=True)
        )
        yield Transcript(each.name, each.arm, each.asker, turns)


def _notes(request: InterviewRequest, said: WishesSaid) -> Iterator[str]:
    if request.count < 12:
        yield "few interviews an arm: they can show that something leads, hardly that nothing does"
    if not said.exact:
        yield "closed answers are drawn: levels are shares above or below even"
