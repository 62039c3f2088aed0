"""Findings of a run of interviews, re-asked: whether a wish follows the asking, and what is wished.

Cells are statements beside interviews, in either order of yes and no. The run's own test takes interviews for
samples; who asks and what was heard first are what a wish is held against.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.interview.design import ORDERS
from selfscope.instruments.interview.load import NAME, load_interview
from selfscope.stats.leading import leading
from selfscope.stats.masked import Array, Mask
from selfscope.stats.stress_cells import Errors, Unit
from selfscope.stats.stress_claims import Claim, Said
from selfscope.studies.interview import CHANNEL, InterviewRequest
from selfscope.studies.interview_found import (
    COMPARISONS,
    WishesSaid,
    mean_known,
    says_of,
    verdict_of,
    wider,
    wishes_in,
)
from selfscope.values import Estimate, Study
from selfscope.values.interview import Followed, WishFound

if TYPE_CHECKING:
    import pandas as pd

#: Comparisons that are made together, and how surely each is told.
_TOGETHER = COMPARISONS * len(load_interview().wishes)
_SURE = 0.05 / _TOGETHER
_PLACES = ("script", "counterparty")


def interview_request(study: Study, rows: pd.DataFrame) -> InterviewRequest:
    """Return what was asked for, from what the run declared and asked."""
    own, closed = study.subject, rows[(rows["channel"] == CHANNEL) & (rows["thread"] != "")]
    threads = closed.groupby("script")["thread"].nunique()
    worn = "" if own.name == "none" and not own.system else own.name
    return InterviewRequest(
        tuple(threads.index), study.preset, own.system or "", worn, study.seed,
        repeats=int(threads.max()), replicates=study.replicates,
    )  # fmt: skip


def interview_claims(request: InterviewRequest, rows: pd.DataFrame) -> Iterator[Claim]:
    """Yield every wish."""
    rows = rows[(rows["instrument"] == NAME) & (rows["channel"] == CHANNEL)]
    found = {w.wish: w for w in wishes_in(request, rows)}
    both = WishesSaid(request, rows)
    orders = tuple(o for o in ORDERS if (rows["order"] == o).any())
    said = [WishesSaid(request, rows[rows["order"] == o]) for o in orders]
    for wish in load_interview().wishes:
        each = [s.of(wish) for s in said]
        heard = Heard(
            np.stack([c for c, _ in each]), np.stack([s for _, s in each]), orders,
            tuple(i.name for i in both.interviews), tuple(i.arm for i in both.interviews),
            tuple(i.asker for i in both.interviews), tuple(s.id for s in wish.statements), both.sesoi,
        )  # fmt: skip
        own = found[wish.name]
        unread = own.reasons if own.verdict == "not interpretable" else ()
        yield wish_claim(wish.name, _as_it_is(own), heard, unread)


@dataclass(frozen=True, eq=False)
class Heard:
    """What was said of one wish.

    Attributes
    ----------
    contrast, sums
        Half contrasts toward the wish, and half sums, ``(order, interview, statement)``; NaN where refused.
    orders, threads, arms, askers, items
        Labels along the axes; of every interview its name, arm and asker.
    """

    contrast: Array
    sums: Array
    orders: tuple[str, ...]
    threads: tuple[str, ...]
    arms: tuple[str, ...]
    askers: tuple[str, ...]
    items: tuple[str, ...]
    sesoi: float

    @cached_property
    def units(self) -> dict[str, Unit]:
        """What one individual may be."""
        order, thread, item = (own.ravel() for own in np.indices(self.contrast.shape))
        arms, askers = np.array(self.arms)[thread], np.array(self.askers)[thread]
        return {
            "script": Unit.of(arms),
            "counterparty": Unit.of(askers),
            "thread": Unit.of(np.array(self.threads)[thread], arms),
            "item": Unit.of(np.array(self.items)[item]),
            "order": Unit.of(np.array(self.orders)[order]),
        }

    @cached_property
    def groups(self) -> tuple[Array, Array]:
        """Which interviews are of each arm, and of each asker, ``(group, interview)``."""
        found = []
        for own in (self.arms, self.askers):
            found.append(np.array([np.equal(own, name) for name in dict.fromkeys(own)], float))
        return found[0], found[1]

    def numbers(self, weights: Array) -> Array:
        """Return for arms and askers the ratio and all differences of two means, then level and yes."""
        w = weights.reshape(len(weights), *self.contrast.shape)
        contrast, often = _by_interview(self.contrast, w)
        yes, _ = _by_interview(self.sums, w)
        parts = [self._apart(contrast, often, of) for of in self.groups]
        whole = [(np.nan_to_num(v) * often).sum(1, keepdims=True) / often.sum(1, keepdims=True)
                 for v in (contrast, yes)]  # fmt: skip
        return np.concatenate([*parts, *whole], axis=1)

    def _apart(self, values: Array, often: Array, of: Array) -> Array:
        """Return ratio and differences of groups, ``(draw, 1 + pairs)``."""
        known = np.nan_to_num(values)
        counts = often @ of.T
        means = (known * often) @ of.T / np.where(counts > 0, counts, np.nan)
        left = often * (known - means @ of) ** 2
        n, groups = of.shape[1], len(of)
        spread = np.sqrt(left.sum(1) / often.sum(1) * n / (n - groups))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.ptp(means, axis=1) / spread
        pairs = [means[:, a] - means[:, b] for a, b in combinations(range(groups), 2)]
        return np.stack([np.nan_to_num(ratio, nan=0.0), *pairs], axis=1)

    def judged(self, errors: Errors) -> Said:
        """Return the run's verdict on numbers with these errors."""
        at, found = 0, []
        for of in self.groups:
            pairs = len(of) * (len(of) - 1) // 2
            p = errors.farthest(range(at + 1, at + 1 + pairs), len(of))
            found.append((self._followed(float(errors.values[at]), errors.ci(at), p <= _SURE), p))
            at += 1 + pairs
        level, yes = (Estimate(float(errors.values[n]), errors.ci(n)) for n in (at, at + 1))
        return self.said(found[0], found[1], level, yes)

    @staticmethod
    def _followed(ratio: float, ci: tuple[float, float], apart: bool) -> Followed:
        return Followed({}, math.nan, Estimate(ratio, ci), apart)

    def said(
        self, arms: tuple[Followed, float], askers: tuple[Followed, float], level: Estimate, yes: Estimate
    ) -> Said:
        """Return the verdict with its word on the wish; the estimate is the larger of both ratios."""
        verdict, _ = verdict_of((), arms[0], askers[0], level, yes, self.sesoi)
        word = f"{verdict}: {says_of(level, self.sesoi)}" if verdict == "stable" else verdict
        more, p = max(arms, askers, key=lambda each: each[0].ratio.estimate)
        return Said(more.ratio.estimate, word, more.ratio.ci, min(1.0, p * _TOGETHER))

    def again(self, keep: Mask) -> Said:
        """Return the run's own test of the cells that are kept; BadInput for too few."""
        there = keep.reshape(self.contrast.shape)
        orders, interviews, items = (there.any(axis=ax) for ax in ((1, 2), (0, 2), (0, 1)))
        if not keep.any():
            raise BadInput("nothing is left")
        contrast, sums = (v[orders].mean(axis=0)[interviews][:, items] for v in (self.contrast, self.sums))
        by_interview = np.array([mean_known(row) for row in contrast])
        arms, askers = (
            self._left(by_interview, np.array(own)[interviews]) for own in (self.arms, self.askers)
        )
        return self.said(arms, askers, wider(contrast), wider(sums))

    def _left(self, values: Array, groups: Array) -> tuple[Followed, float]:
        """Return how far values ``(interview,)`` follow their groups, as the run has it."""
        parts = [values[(groups == name) & np.isfinite(values)] for name in dict.fromkeys(groups)]
        if len(parts) < 2 or min(map(len, parts)) < 2:
            return self._followed(0.0, (0.0, 0.0), False), math.nan
        found = leading(parts, _TOGETHER)
        low, high = found.ci95
        return self._followed(found.ratio, (float(low), float(high)), found.apart), math.nan

    def exchanged(self, draws: int, rng: np.random.Generator) -> Said:
        """Return the verdict where askers and arms are exchanged among all answers to a statement."""
        order, interview, item = self.contrast.shape
        by_cell = self.contrast.transpose(1, 0, 2).reshape(interview, order * item)
        null = np.empty((draws, 2))
        for n in range(draws):
            mixed = rng.permuted(by_cell, axis=0)
            values = np.nanmean(mixed, axis=1)[None]
            null[n] = [self._apart(values, np.ones_like(values), of)[0, 0] for of in self.groups]
        as_is = self.numbers(np.ones((1, self.contrast.size)))[0]
        at = (0, 1 + len(self.groups[0]) * (len(self.groups[0]) - 1) // 2)
        found = []
        for k, n in enumerate(at):
            p = float((1 + (null[:, k] >= as_is[n] - 1e-12).sum()) / (1 + draws))
            found.append((self._followed(float(as_is[n]), (math.nan,) * 2, p <= _SURE), p))
        level, yes = (wider(v.mean(axis=0)) for v in (self.contrast, self.sums))
        return self.said(found[0], found[1], level, yes)


def _by_interview(values: Array, weights: Array) -> tuple[Array, Array]:
    """Return the mean of every interview and how often it counts, ``(draw, interview)`` both."""
    known = np.isfinite(values)
    total = (weights * known).sum(axis=(1, 3))
    mean = (weights * np.where(known, values, 0.0)).sum(axis=(1, 3)) / np.where(total > 0, total, 1.0)
    often = np.ceil(weights.sum(axis=(1, 3)) / (weights.shape[1] * weights.shape[3]) - 1e-9)
    return mean, np.where(total > 0, often, 0.0)


def _as_it_is(found: WishFound) -> Said:
    """Return what the run says of a wish."""
    word = f"stable: {found.says}" if found.verdict == "stable" else found.verdict
    more = max((found.arms, found.askers), key=lambda f: float(np.nan_to_num(f.ratio.estimate)))
    return Said(more.ratio.estimate, word, more.ratio.ci)


def wish_claim(wish: str, said: Said, heard: Heard, reasons: tuple[str, ...] = ()) -> Claim:
    """Return one wish as a finding; `reasons` say why it cannot be interpreted."""
    return Claim(
        of={"finding": f"wish {wish}", "instrument": NAME},
        said=said,
        sesoi=heard.sesoi,
        units=heard.units,
        own=("thread",),
        numbers=heard.numbers,
        judged=heard.judged,
        again=heard.again,
        exchanged=heard.exchanged,
        effects=frozenset({"leading"}),
        reasons=reasons,
        fixed=dict.fromkeys(_PLACES, "it is what the wish is held against"),
    )
