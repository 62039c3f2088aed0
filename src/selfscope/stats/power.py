"""How many statements would settle a question that is open."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from selfscope.stats.contrast import critical
from selfscope.stats.masked import Array

MOST = 400
POWER = 0.80


def statements_to_settle(
    estimate: ArrayLike, sd: ArrayLike, sesoi: float, *, alpha: float = 0.05, dimensions: int = 1
) -> Array:
    """How many statements would settle an inconclusive contrast, if estimate and spread stayed as they are?

    With |Δ̂| < δ: the least even m whose 90 % interval lies inside (-δ, δ). Otherwise: the least even m at
    which t-test and Bonferroni over `dimensions` (the hardest step of Holm) find Δ̂ with power .80,
    ``|Δ̂| √m / sd ≥ t_{1-α/2n, m-2} + z_.80``. Infinite above 400: statements are not what is lacking.

    Returns
    -------
    m, shape of `estimate` and `sd` broadcast; NaN where either is.
    """
    size, spread = np.broadcast_arrays(np.abs(np.asarray(estimate, float)), np.asarray(sd, float))
    m = np.arange(8.0, MOST + 1, 2.0)
    se = spread[..., None] / np.sqrt(m)
    inside = size[..., None] + critical(m - 2, 0.90) * se < sesoi
    needed = critical(m - 2, 1 - alpha / dimensions) + special.ndtri(POWER)
    found = size[..., None] >= needed * se
    enough = np.where(size[..., None] < sesoi, inside, found)
    least = np.where(enough.any(axis=-1), m[enough.argmax(axis=-1)], np.inf)
    return np.where(np.isfinite(size) & np.isfinite(spread), least, np.nan)
