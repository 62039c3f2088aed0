"""Several classes, one against the rest each: the mean area under the curve, with whole groups redrawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from selfscope.stats.masked import mean
from selfscope.stats.paired_areas import areas
from selfscope.stats.ridge import aurocs

DRAWS = 500


def macro_auroc(
    scores: ArrayLike, truths: ArrayLike, groups: Sequence[str], *, draws: int = DRAWS, seed: int = 0
) -> tuple[float, float, float]:
    """Return the mean area over classes that have rows on both sides, and its 95 percent interval.

    The percentile interval draws whole groups with replacement; a class that a draw leaves empty is left out
    of that draw's mean.

    Parameters
    ----------
    scores, truths
        Shape (row, class); a row's score for each class, and whether it is of it.
    groups
        Of every row.
    """
    x, true = np.asarray(scores, float), np.asarray(truths, bool)
    observed = aurocs(x, true)
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    shares = np.full(len(names), 1 / len(names))
    taken = np.random.default_rng([seed, 61]).multinomial(len(names), shares, draws)
    weight = taken[:, member].astype(float)
    columns = [areas(x[:, n], true[:, n], weight) for n in np.flatnonzero(np.isfinite(observed))]
    if not columns:
        return float("nan"), float("nan"), float("nan")
    drawn = mean(np.stack(columns), axis=0)
    low, high = np.quantile(drawn[np.isfinite(drawn)], (0.025, 0.975))
    return float(mean(observed)), float(low), float(high)
