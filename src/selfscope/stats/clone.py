"""Texts of a port beside texts of its original: how far apart they lie, and whether they are told apart.

The prompt is the cluster throughout: prompts could have been others, and draws of one prompt are alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.exchange import fieller
from selfscope.stats.fidelity import LEVEL, NOTHING, Share, share_left
from selfscope.stats.masked import Array
from selfscope.stats.noninferiority import share_of_tasks
from selfscope.values.fidelity import Told

#: How far from one half the whole interval may lie and the two still count as not told apart.
CLOSE = 0.15
#: Fewest prompts for a verdict.
LEAST_PROMPTS = 8
#: Most prompts of which all patterns of signs are gone through; above, so many are drawn.
ALL_SIGNS, DRAWN_SIGNS = 14, 20_000


def open_fidelity(original: ArrayLike, port: ArrayLike, unported: ArrayLike) -> Share:
    """What share of the distance between the unported target's texts and the original's is closed?

    Squared distances of mean vectors, prompt by prompt, from products of *different* draws, so that the
    spread of draws does not count: two samples of one source are at 0 in expectation.
    F = 1 - D(port, original) / D(unported, original), with Fieller's interval over prompts.

    Parameters
    ----------
    original, port, unported
        Vectors of texts, ``(prompt, draw, width)``; the same prompts, two draws at least.

    Raises
    ------
    BadInput
        If prompts differ in number, or there is a single draw of any.
    """
    sets = [np.asarray(x, float) for x in (original, port, unported)]
    if len({len(x) for x in sets}) > 1 or min(x.shape[1] for x in sets) < 2:
        raise BadInput(
            "texts are compared prompt by prompt, over two draws at least",
            got=[x.shape[:2] for x in sets],
            fix="Draw every prompt twice or more from each",
        )
    apart, whole = (_squared(sets[0], x) for x in sets[1:])
    n = len(apart)
    if n < 3 or whole.mean() <= 0:
        return NOTHING
    cov = np.cov(apart, whole) / n
    t = float(stats.t.ppf((1 + LEVEL) / 2, n - 1))
    return share_left(fieller(apart.mean(), whole.mean(), (cov[0, 0], cov[0, 1], cov[1, 1]), t))


def _squared(one: Array, other: Array) -> Array:
    """Return the unbiased squared distance of two sources at every prompt, ``(prompt,)``."""
    cross = np.einsum("pw,pw->p", one.mean(axis=1), other.mean(axis=1))
    return np.asarray(_within(one) + _within(other) - 2 * cross)


def _within(x: Array) -> Array:
    """Return the mean inner product of two different draws of a prompt, ``(prompt,)``."""
    draws = x.shape[1]
    whole = (x.sum(axis=1) ** 2).sum(axis=-1) - (x**2).sum(axis=(1, 2))
    return np.asarray(whole / (draws * (draws - 1)))


def accuracy(right: ArrayLike) -> Share:
    """How often is the original's own text picked out of two?

    Parameters
    ----------
    right
        ``(prompt, trial)``: 1 where the original's own was chosen, 0 where the other one, 1/2 where the two
        orders of a pair got opposite answers; NaN for no answer. By blind choice 1/2.

    Returns
    -------
    The mean over prompts with its t interval over prompts, within 0 and 1.
    """
    mean, ci = share_of_tasks(right)
    return Share(float(mean), float(ci[0]), float(ci[1]))


def told_apart(found: Share, prompts: int) -> Told:
    """Return what a two-way choice shows.

    ``told apart``: surely more often right than by chance. ``taken for the original``: surely less often: the
    other text is thought more like the original than its own. ``not told apart``: the interval lies within
    .15 of one half. ``cannot tell``: the rest, and fewer than eight prompts.
    """
    if prompts < LEAST_PROMPTS or not found.bounded:
        return "cannot tell"
    if found.low > 0.5:
        return "told apart"
    if found.high < 0.5:
        return "taken for the original"
    return "not told apart" if max(found.high - 0.5, 0.5 - found.low) <= CLOSE else "cannot tell"


def blind_p(right: ArrayLike, seed: int = 0) -> float:
    """Return the two-sided p of a blind choice: signs of (share right - 1/2) are exchanged prompt by prompt.

    All patterns up to 14 prompts, else 20,000 drawn ones under `seed`; the observed one counts.
    """
    apart = np.nanmean(np.asarray(right, float), axis=1) - 0.5
    n = len(apart)
    if n <= ALL_SIGNS:
        signs = 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
        return float((np.abs(signs @ apart) >= abs(apart.sum()) - 1e-12).mean())
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (DRAWN_SIGNS, n))
    hits = (np.abs(signs @ apart) >= abs(apart.sum()) - 1e-12).sum()
    return float((hits + 1) / (DRAWN_SIGNS + 1))
