"""What a kind of State does to a change: lives of agents with it against lives of agents without it.

Life n of either arm has the same seed and the same scripts. Statement i of life n gives, with that kind of
State and without it, D here and D there (a disturbed life and its twin, or the last State and the first)::

    delta_in = [D_in(with, here) - D_in(with, there)] - [D_in(without, here) - D_in(without, there)]

a difference of differences, tested as every change over lives is (:mod:`selfscope.stats.lives`). Firmer
answers are no change: an agent that keeps more may answer all things c times as firmly, and what a
disturbance did to it then looks larger. With c the slope of D(with) on D(without) at either place,
D(with) - c D(without) must pass in the place of D(with) - D(without).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.errors import BadInput
from selfscope.stats.guard import sharpening_slope
from selfscope.stats.lives import LEAST, Paired, paired_of
from selfscope.stats.masked import Array


class Pair(NamedTuple):
    """D of the lives of one arm, here and there, ``(life, dimension, m)``."""

    here: Array
    there: Array

    @property
    def change(self) -> Array:
        """The difference of the two."""
        return np.asarray(self.here - self.there)


def arm_contrast(more: Pair, less: Pair, keyed: ArrayLike, *, seed: int = 0) -> Paired:
    """By how much is a change another for agents with a kind of State than for agents without it?

    Parameters
    ----------
    more, less
        Lives with and without it, in one order of seeds.
    keyed
        ``(dimension, m)``: +1, -1, 0 for padding.

    Raises
    ------
    BadInput
        If there are fewer than two lives, or the arms do not fit.
    """
    k = np.asarray(keyed, float)
    shapes = {each.shape for each in (*more, *less)}
    if len(shapes) > 1 or less.there.ndim != 3 or len(less.there) < LEAST or less.there.shape[1:] != k.shape:
        raise BadInput(
            "two lives or more of either arm are compared, seed by seed",
            got=", ".join(map(str, sorted(shapes))),
            fix="Give (life, dimension, m) four times, and (dimension, m)",
        )
    firm = [sharpening_slope(a.mean(axis=0), b.mean(axis=0)) for a, b in zip(more, less, strict=True)]
    guarded = (more.here - firm[0] * less.here) - (more.there - firm[1] * less.there)
    return paired_of(more.change - less.change, guarded, k, seed=seed)
