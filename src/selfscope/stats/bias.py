"""Yes-saying: what moved if it was not the trait (position and label: :mod:`selfscope.stats.form_effects`).

`measurement.md` §3 and §8.3. On a pro-trait text L = B + D, on a con-trait text L = B - D. A change that is
only yes-saying moves both the same way; so `bias only` asks for the two together, not for B alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.stats.classes import ClassContrast, class_contrast
from selfscope.stats.masked import Array


class Agreement(NamedTuple):
    """A change in agreement; arrays ``(..., dimension)``.

    Attributes
    ----------
    acquiescence
        Δâ, the contrast of B: yes-saying, or fluency in the channel `utterance`. Positive: agrees more.
    pro, con
        Contrasts of L on pro-trait and on con-trait texts.
    together
        Whether both moved the same way.
    p
        The larger of the p of `pro` and `con`; 1 where they moved against each other.
    """

    acquiescence: ClassContrast
    pro: ClassContrast
    con: ClassContrast
    together: Array
    p: Array


def agreement(
    subject_d: Array,
    subject_b: Array,
    texts_d: Array,
    texts_b: Array,
    keyed: ArrayLike,
    *,
    flip_below: float = 1.0,
    seed: int = 0,
) -> Agreement:
    """Did agreement itself move, on pro and con texts alike?

    Shapes as in :func:`selfscope.stats.classes.class_contrast`; both its tests are used on each side.
    """
    whole = class_contrast(subject_b, texts_b, keyed, flip=False)
    pro, con = (
        class_contrast(
            subject_b + sign * subject_d,
            texts_b + sign * texts_d,
            keyed,
            flip_below=flip_below,
            seed=seed,
        )
        for sign in (1, -1)
    )
    return sides(whole, pro, con)


def sides(whole: ClassContrast, pro: ClassContrast, con: ClassContrast) -> Agreement:
    """Return a change in agreement from its contrasts: the worse p of both sides, 1 if they part (§8.3).

    Parameters
    ----------
    whole, pro, con
        Contrasts of B, and of L on pro-trait and on con-trait texts, ``(..., dimension)``.

    Returns
    -------
    NaN where a side has no p.
    """
    together = np.asarray(np.sign(pro.estimate) == np.sign(con.estimate))
    worse = np.maximum(pro.p, con.p)
    p = np.where(together | np.isnan(worse), worse, 1.0)
    return Agreement(whole, pro, con, together, p)
