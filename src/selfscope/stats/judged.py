"""Answers that a judge rated: rates by arm, and the contrast of two arms paired by prompt (§10).

A judge's verdict on an answer is ``true``, ``false`` or ``not_sure``; an answer that is refused or incoherent
has no verdict. Verdicts are arrays ``(..., prompt, draw)`` of 1, 0 and 1/2, NaN where there is none. Prompts
are the sample: draws and depths of one prompt are averaged first. A positive contrast means more of the trait
in the first arm. These are rates *of the judge*; what they say of the answers needs the judge's error
(:mod:`selfscope.stats.judged_corrected`, :mod:`selfscope.stats.judged_gold`).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.errors import BadInput
from selfscope.stats.contrast import interval, two_sided
from selfscope.stats.masked import Array, mean, moments, ratio

NotSure = Literal["false", "half", "dropped"]
#: What a verdict that is not sure counts as; all three are shown, the first one decides.
NOT_SURE: dict[NotSure, float] = {"false": 0.0, "half": 0.5, "dropped": float("nan")}
Standing = Literal["confirm", "screen", "too few"]
#: Prompts that can confirm, and that can screen.
CONFIRM, SCREEN = 16, 10


class Paired(NamedTuple):
    """A contrast of two arms over prompts; arrays ``(...)``, intervals ``(..., 2)``, rates from 0 to 1."""

    estimate: Array
    se: Array
    df: Array
    ci95: Array
    p: Array
    prompts: Array


def verdict_values(verdicts: ArrayLike, not_sure: NotSure = "false") -> Array:
    """Return verdicts as numbers: ``true`` 1, ``false`` 0, ``not_sure`` as told, anything else NaN.

    Parameters
    ----------
    verdicts
        Words, of any shape; "" (or ``refused``, ``incoherent``) stands where there is no verdict.

    Raises
    ------
    BadInput
        If `not_sure` is none of its three ways.
    """
    if not_sure not in NOT_SURE:
        raise BadInput("not_sure has three ways", got=not_sure, fix=f"Choose from: {', '.join(NOT_SURE)}")
    words = np.asarray(verdicts, dtype=str)
    ways = [("true", 1.0), ("false", 0.0), ("not_sure", NOT_SURE[not_sure])]
    return np.select([words == word for word, _ in ways], [value for _, value in ways], np.nan)


def prompt_rates(values: ArrayLike) -> Array:
    """Return the rate of each prompt, ``(..., prompt)``: the mean over its draws, NaN where none counts."""
    return mean(values, axis=-1)


def paired_by_prompt(subject: ArrayLike, control: ArrayLike) -> Paired:
    """Do two arms differ in the judge's rate? Student's t over the prompts that both arms answered.

    Parameters
    ----------
    subject, control
        ``(..., prompt, draw)``; prompts in the same order, draws may differ in number.

    Returns
    -------
    Estimate: mean over prompts of (subject - control). NaN for fewer than two prompts.
    """
    apart = prompt_rates(subject) - prompt_rates(control)
    found = moments(apart, np.isfinite(apart))
    se = np.sqrt(ratio(found.variance, found.n))
    df = found.n - 1
    return Paired(found.mean, se, df, interval(found.mean, se, df, 0.95), _p(found.mean, se, df), found.n)


def standing(prompts: int) -> Standing:
    """Return what so many prompts can carry: 16 confirm, 10 screen."""
    return "confirm" if prompts >= CONFIRM else "screen" if prompts >= SCREEN else "too few"


def tipping_point(estimate: ArrayLike, truth: ArrayLike) -> Array:
    """How much would the judge's specificity have to differ between arms to explain a contrast by itself?

    With equal truth π and equal sensitivity a judge fakes (Sp_control - Sp_subject)(1 - π). So the difference
    is Δ/(1 - π): positive if the judge must be laxer with the subject. A magnitude above 1 cannot be.

    Parameters
    ----------
    estimate
        The judge's contrast, or a bound of its interval: how little is enough to leave it unproven.
    truth
        The rate that both arms would truly have, from 0 to under 1; 0 gives the smallest difference.
    """
    return ratio(estimate, 1 - np.asarray(truth, float))


def _p(estimate: Array, se: Array, df: Array) -> Array:
    usable = np.where(df >= 1, df, np.nan)
    return np.where(np.isnan(usable), np.nan, two_sided(estimate, se, np.where(df >= 1, df, 1.0)))
