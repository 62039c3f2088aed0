"""Does one character's reading move when another has spoken in its thread, or is computed beside it?

In a thread: D of character i after j has spoken, less D after a neutral other has said as much in its place.
Threads are a sample, and so are statements; the error of the mean holds both, as for lives
(:mod:`selfscope.stats.lives`). All cells of the matrix, with all dimensions, are one family (Holm), and so
are all changes of fluency.

In a batch nothing is a sample: the same text has one value alone and one beside a neighbour, and the largest
difference over all texts either is rounding or is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from selfscope.stats.lives import Change, Paired, paired_lives, sided, verdicts_of
from selfscope.stats.masked import Array
from selfscope.stats.multiplicity import holm
from selfscope.values.finding import Verdict

#: Nats by which rows of one batch may move one text's log-probability: rounding of float32 and no more.
BOUND: Final = 1e-3

Cell = tuple[str, str]


class Moved(NamedTuple):
    """What one neighbour does to one character; arrays ``(dimension,)``.

    Attributes
    ----------
    trait, fluency
        Changes of D and of its counterpart F, p by Holm over the whole matrix.
    verdicts
        One a dimension.
    """

    trait: Paired
    fluency: Paired
    verdicts: tuple[Verdict, ...]


def matrix(
    pairs: Mapping[Cell, tuple[Array, Array, Array, Array]],
    keyed: ArrayLike,
    *,
    sesoi: float,
    readable: ArrayLike | None = None,
    seed: int = 0,
) -> dict[Cell, Moved]:
    """Return what every neighbour does to every character, in one family.

    Parameters
    ----------
    pairs
        For each (character, neighbour): D here, D there, F here, F there, ``(thread, dimension, m)`` each.
    keyed
        ``(dimension, m)``.
    sesoi
        The smallest effect of interest, a half contrast.
    readable
        Whether the sensitivity check of each dimension passed; all if left out.
    """
    if not pairs:
        return {}
    k = np.asarray(keyed, float)
    told = list(pairs.values())
    traits = _family([paired_lives(here, there, k, seed=seed) for here, there, _, _ in told])
    biases = _family([_fluency(*each, k, seed) for each in told])
    seen = np.ones(len(k), bool) if readable is None else np.asarray(readable, bool)
    every = verdicts_of(_joined(traits), _joined(biases), sesoi=sesoi, readable=np.tile(seen, len(told)))
    n = len(k)
    return {
        cell: Moved(trait, bias, every[at * n : (at + 1) * n])
        for at, (cell, trait, bias) in enumerate(zip(pairs, traits, biases, strict=True))
    }


def _fluency(here: Array, there: Array, f_here: Array, f_there: Array, keyed: Array, seed: int) -> Paired:
    """Return the test of F, with the p that statements of either kind became likelier alike (§8.3)."""
    change = paired_lives(f_here, f_there, keyed, seed=seed)
    return sided(change, here - there, f_here - f_there, keyed, seed=seed)


def _family(several: Sequence[Paired]) -> list[Paired]:
    """Return tests with p by Holm over all of them and their dimensions."""
    adjusted = holm(np.stack([each.p for each in several]).ravel()).reshape(len(several), -1)
    return [each._replace(p_adjusted=own) for each, own in zip(several, adjusted, strict=True)]


def _joined(several: Sequence[Paired]) -> Paired:
    """Return tests one behind the other, as if their dimensions were those of one."""
    changes, guards = ([getattr(each, name) for each in several] for name in ("change", "guarded"))
    return Paired(
        _stacked(changes),
        _stacked(guards),
        np.concatenate([each.each for each in several], axis=1),
        *(np.concatenate([getattr(s, name) for s in several]) for name in ("p", "p_adjusted", "statements")),
    )


def _stacked(changes: Sequence[Change]) -> Change:
    return Change(*(np.concatenate(each) for each in zip(*changes, strict=True)))


def toward(moved: float, distance: float, least: float) -> float | None:
    """Return which share of the way to its neighbour a character went; None where they are hardly apart.

    Parameters
    ----------
    moved
        The change, a half contrast.
    distance
        The neighbour's reading alone less the character's own.
    least
        Distance under which a share says nothing.
    """
    return None if abs(distance) < least else moved / distance
