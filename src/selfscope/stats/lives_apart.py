"""Documents beside behaviour: by how much either changed over lives, and whether they went together."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from selfscope.stats.drift_return import LEAST_SCRIPTS
from selfscope.stats.lives import LEAST, LEAST_LIVES
from selfscope.stats.masked import Array
from selfscope.values.lives import Apart

Documents = Literal["changed", "unchanged", "cannot tell"]

#: Share of its words that a State may change and still be held for the same one.
SAME: Final = 0.05


class DocumentChange(NamedTuple):
    """By how much the documents of a State are others at the end than they were at first.

    Attributes
    ----------
    estimate, ci95, ci90
        Mean over lives of the share of words that changed, with Student's t intervals.
    lives
        How many.
    verdict
        ``changed`` if the 95 % interval lies above :data:`SAME`; ``unchanged`` if the 90 % interval lies
        below it.
    """

    estimate: float
    ci95: tuple[float, float]
    ci90: tuple[float, float]
    lives: int
    verdict: Documents


def document_change(shares: ArrayLike) -> DocumentChange:
    """Return how much documents changed, over lives ``(life,)``; of one life there is no interval.

    Intervals are Student's, cut at 0 and 1: no share lies outside, so nothing true is cut away.
    """
    x = np.asarray(shares, float)
    if len(x) < LEAST:
        nothing = (float("nan"), float("nan"))
        return DocumentChange(float(x.mean()), nothing, nothing, len(x), "cannot tell")
    middle, error = float(x.mean()), float(x.std(ddof=1) / np.sqrt(len(x)))
    wide, narrow = (float(stats.t.ppf(level, len(x) - 1)) * error for level in (0.975, 0.95))
    verdict: Documents = "cannot tell"
    if len(x) >= LEAST_LIVES:
        if middle - wide > SAME:
            verdict = "changed"
        elif middle + narrow < SAME:
            verdict = "unchanged"
    return DocumentChange(middle, _shares(middle, wide), _shares(middle, narrow), len(x), verdict)


def _shares(middle: float, half: float) -> tuple[float, float]:
    """Return the interval of a share, cut where no share can lie."""
    return max(0.0, middle - half), min(1.0, middle + half)


def apart(documents: Documents, behaviour: str) -> Apart:
    """Say whether what an agent wrote and what it answers went together.

    Parameters
    ----------
    behaviour
        The verdict of the finding against the first State: ``shifted`` moved, ``equivalent`` did not.
    """
    if documents == "cannot tell" or behaviour not in ("shifted", "equivalent"):
        return "cannot tell"
    wrote, moved = documents == "changed", behaviour == "shifted"
    if wrote and moved:
        return "both"
    return "documents alone" if wrote else "behaviour alone" if moved else "neither"


class Together(NamedTuple):
    """Whether lives that changed their documents more answer more differently: over lives, by ranks.

    `r` is Spearman's correlation, `p` two-sided by exchanging lives; NaN under four lives or without spread.
    """

    r: float
    p: float


def together(documents: ArrayLike, behaviour: ArrayLike) -> Together:
    """Return how two changes go together over lives, each ``(life,)``; of behaviour the size counts."""
    wrote, moved = np.asarray(documents, float), np.abs(np.asarray(behaviour, float))
    if len(wrote) < LEAST_SCRIPTS or np.ptp(wrote) == 0 or np.ptp(moved) == 0:
        return Together(float("nan"), float("nan"))
    return Together(*map(float, _spearman(wrote, moved)))


def _spearman(x: Array, y: Array) -> tuple[float, float]:
    first, second = (stats.rankdata(v) - (len(v) + 1) / 2 for v in (x, y))
    norm = float(np.sqrt((first**2).sum() * (second**2).sum()))
    rng = np.random.default_rng([len(x), 97])
    orders = rng.permuted(np.tile(second, (4999, 1)), axis=1)
    own = float(first @ second) / norm
    hits = int((np.abs(orders @ first) / norm >= abs(own) - 1e-12).sum())
    return own, (1 + hits) / (1 + len(orders))
