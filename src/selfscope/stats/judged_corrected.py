"""What a judge's rates say of the answers, given its error in each arm: Rogan and Gladen 1978.

truth = (q + Sp - 1)/(Se + Sp - 1), q the judge's rate in the arm, Se and Sp its sensitivity and specificity
*on that arm's style*. The error of all three is propagated by the delta method, and by a studentised
bootstrap of prompts (and of the known answers). Unequal error of .95 against .88 alone makes two equal arms
of truth .10 differ by 6.3 points: so it is estimated per arm, and a contrast that is not corrected is flagged
unless the judge is shown to be even-handed.

Arrays ``(...)`` are studies or dimensions; verdicts are ``(..., prompt, draw)`` as in
:mod:`selfscope.stats.judged`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.stats.contrast import interval, two_sided
from selfscope.stats.judged import prompt_rates
from selfscope.stats.judged_error import JudgeError
from selfscope.stats.masked import Array, Mask, Moments, moments, ratio

#: Se + Sp - 1 under which a rate is not corrected: the judge says too little.
LEAST_YOUDEN = 0.3
#: Difference of two rates that matters (measurement.md §4): half of it is what a judge may fake unflagged.
POINTS = 0.10
BOOTSTRAP_DRAWS = 1999


class Known(NamedTuple):
    """Counts of a judge's right verdicts on answers of known truth, in one arm's style; arrays ``(...)``."""

    true_right: Array
    true_asked: Array
    false_right: Array
    false_asked: Array

    @property
    def sensitivity(self) -> Array:
        """Share of true answers that it found true."""
        return ratio(self.true_right, self.true_asked)

    @property
    def specificity(self) -> Array:
        """Share of false answers that it found false."""
        return ratio(self.false_right, self.false_asked)

    @property
    def youden(self) -> Array:
        """Se + Sp - 1."""
        return np.asarray(self.sensitivity + self.specificity - 1)


class Truth(NamedTuple):
    """The corrected rate of one arm.

    `estimate` is clipped to 0 and 1, `raw` is not, `clipped` says where they differ; NaN where `refused`.
    """

    estimate: Array
    raw: Array
    se: Array
    ci95: Array
    clipped: Mask
    refused: Mask


class Corrected(NamedTuple):
    """The corrected contrast of two arms, never clipped; NaN where either arm is refused."""

    estimate: Array
    se: Array
    df: Array
    ci95: Array
    p: Array
    subject: Truth
    control: Truth


class Faked(NamedTuple):
    """The contrast that the judge's unequal error makes of equal truth, with its 90 % interval.

    `flagged` unless that interval lies within half of the contrast that matters.
    """

    estimate: Array
    ci90: Array
    flagged: Mask


def known(error: JudgeError) -> Known:
    """Return the counts behind a judge's error."""
    true, false = error.sensitivity, error.specificity
    return Known(*(np.asarray(x, float) for x in (true.right, true.asked, false.right, false.asked)))


def corrected_rate(values: ArrayLike, judge: Known) -> Truth:
    """How many answers of an arm are truly so?

    Parameters
    ----------
    values
        Verdicts ``(..., prompt, draw)``.
    judge
        Its counts on answers of known truth in this arm's style.
    """
    found = _rates(prompt_rates(values))
    j, refused = _usable(judge)
    raw = (found.mean + judge.specificity - 1) / j
    variance, df = _whole([(found.variance / found.n / j**2, found.n - 1), *_judge_parts(raw, judge, j)])
    se = np.sqrt(variance)
    estimate = np.clip(raw, 0.0, 1.0)
    bounds = np.clip(interval(raw, se, df, 0.95), 0.0, 1.0)
    return Truth(estimate, raw, se, bounds, np.asarray(raw != estimate) & ~refused, refused)


def corrected_contrast(
    subject: ArrayLike, control: ArrayLike, subject_judge: Known, control_judge: Known
) -> Corrected:
    """Do two arms truly differ? Paired by prompt, each arm corrected by the judge's error in its own style.

    Var = s²(q_s/J_s - q_c/J_c over prompts)/n + Σ_arms (θ² Var Se + (1-θ)² Var Sp)/J², Satterthwaite df.
    Errors in the two styles are taken as independent; where one answer was rendered in both, their common
    part makes this too wide, never too narrow.
    """
    arms = (corrected_rate(subject, subject_judge), corrected_rate(control, control_judge))
    j_s, j_c = _usable(subject_judge)[0], _usable(control_judge)[0]
    apart = prompt_rates(subject) / j_s[..., None] - prompt_rates(control) / j_c[..., None]
    found = _rates(apart)
    shift = (subject_judge.specificity - 1) / j_s - (control_judge.specificity - 1) / j_c
    estimate = found.mean + shift
    parts = [(found.variance / found.n, found.n - 1)]
    parts += _judge_parts(arms[0].raw, subject_judge, j_s) + _judge_parts(arms[1].raw, control_judge, j_c)
    variance, df = _whole(parts)
    se = np.sqrt(variance)
    p = np.where(np.isfinite(se), two_sided(estimate, se, np.where(df > 0, df, 1.0)), np.nan)
    return Corrected(estimate, se, df, interval(estimate, se, df, 0.95), p, *arms)


def faked_contrast(subject_judge: Known, control_judge: Known, truth: ArrayLike) -> Faked:
    """What contrast would the judge report between two arms of equal truth?

    (Se_s - Se_c)π + (Sp_c - Sp_s)(1 - π), with an interval from the known answers.

    Parameters
    ----------
    truth
        π, the rate that both arms have, such as the corrected rate of the control.
    """
    pi = np.clip(np.asarray(truth, float), 0.0, 1.0)
    estimate = (subject_judge.sensitivity - control_judge.sensitivity) * pi
    estimate = estimate + (control_judge.specificity - subject_judge.specificity) * (1 - pi)
    variance = sum(
        pi**2 * _share_variance(k.true_right, k.true_asked)
        + (1 - pi) ** 2 * _share_variance(k.false_right, k.false_asked)
        for k in (subject_judge, control_judge)
    )
    se = np.sqrt(np.asarray(variance, float))
    bounds = interval(np.asarray(estimate, float), se, np.full(se.shape, np.inf), 0.90)
    within = (np.abs(bounds) < POINTS / 2).all(axis=-1)
    return Faked(np.asarray(estimate, float), bounds, np.asarray(~within))


def corrected_bootstrap(
    subject: ArrayLike,
    control: ArrayLike,
    subject_judge: Known,
    control_judge: Known,
    *,
    draws: int = BOOTSTRAP_DRAWS,
    seed: int = 0,
) -> Array:
    """Return the studentised bootstrap's 95 % interval of one corrected contrast, ``(2,)``.

    Prompts are drawn with replacement, both arms of a prompt together, and the known answers anew from their
    shares; t* = (Δ* - Δ̂)/SE*. NaN if the contrast is refused.

    Parameters
    ----------
    subject, control
        Of one contrast: ``(prompt, draw)``.
    """
    rng = np.random.default_rng(seed)
    rates = [prompt_rates(x) for x in (subject, control)]
    both = np.isfinite(rates[0]) & np.isfinite(rates[1])
    observed = corrected_contrast(
        rates[0][both][:, None], rates[1][both][:, None], subject_judge, control_judge
    )
    chosen = rng.integers(0, both.sum(), (draws, both.sum()))
    judges = [_redrawn(k, rng, draws) for k in (subject_judge, control_judge)]
    again = corrected_contrast(rates[0][both][chosen][..., None], rates[1][both][chosen][..., None], *judges)
    t = ratio(again.estimate - observed.estimate, again.se)
    if not np.isfinite(observed.se) or not np.isfinite(t).any():
        return np.full(2, np.nan)
    low, high = np.quantile(t[np.isfinite(t)], [0.025, 0.975])
    return np.array([observed.estimate - high * observed.se, observed.estimate - low * observed.se])


def _redrawn(judge: Known, rng: np.random.Generator, draws: int) -> Known:
    """Return counts drawn anew, ``(draw,)``, from shares with half an answer added to either side."""

    def again(right: Array, asked: Array) -> Array:
        n = int(asked)
        return rng.binomial(n, (float(right) + 0.5) / (n + 1), draws).astype(float)

    true, false = np.full(draws, float(judge.true_asked)), np.full(draws, float(judge.false_asked))
    return Known(
        again(judge.true_right, judge.true_asked), true, again(judge.false_right, judge.false_asked), false
    )


def _rates(values: Array) -> Moments:
    return moments(values, np.isfinite(values))


def _usable(judge: Known) -> tuple[Array, Mask]:
    """Return Se + Sp - 1, NaN where it is too small to divide by, and where that is."""
    j = judge.youden
    refused = ~(j >= LEAST_YOUDEN)
    return np.where(refused, np.nan, j), np.asarray(refused)


def _judge_parts(raw: Array, judge: Known, j: Array) -> list[tuple[Array, Array]]:
    """Return the parts of a corrected rate's variance that are the judge's, with their df."""
    theta = np.clip(raw, 0.0, 1.0)
    return [
        (theta**2 * _share_variance(judge.true_right, judge.true_asked) / j**2, judge.true_asked - 1),
        (
            (1 - theta) ** 2 * _share_variance(judge.false_right, judge.false_asked) / j**2,
            judge.false_asked - 1,
        ),
    ]


def _share_variance(right: Array, asked: Array) -> Array:
    """Return p(1 - p)/n with half an answer added to either side, so that 20 of 20 is not certainty."""
    p = ratio(np.asarray(right, float) + 0.5, np.asarray(asked, float) + 1)
    return ratio(p * (1 - p), asked)


def _whole(parts: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Return the sum of independent variances, and its Satterthwaite df."""
    total = np.asarray(sum(v for v, _ in parts), float)
    spread = np.asarray(sum(ratio(v**2, df) for v, df in parts), float)
    return total, np.where(spread > 0, ratio(total**2, spread), np.inf)
