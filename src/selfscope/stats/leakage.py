"""Do the words of a set of texts give away what only their meaning should? Features, areas, and a verdict."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from scipy import sparse

from selfscope.errors import BadInput
from selfscope.stats.logistic import held_out_logistic
from selfscope.stats.masked import Array, Mask
from selfscope.stats.probe import Ints, exchanged
from selfscope.stats.ridge import Smoother, aurocs, folds_of, without
from selfscope.stats.separation import Separation, separation

FOLDS = 5
DRAWS = 1000
#: An area that counts as a leak where chance does not reach it, and the most that a clean set's intervals
#: may reach.
LEAK, CLEAN = 0.65, 0.75
#: Share of control labels under which an area is beyond chance: .05 over four measures; and their number.
BEYOND, CONTROLS = 0.0125, 199
#: Fewest pairs that can show a set to be clean.
ENOUGH = 20
#: Shares of texts with a word of emotion: from here on a leak, and up to here clean.
HITS_LEAK, HITS_CLEAN = 0.05, 0.01
RULE = (
    f"leaky: words of emotion in {HITS_LEAK:.0%} of the keyword-free texts or more, or a surface measure "
    f"(bag of words, word or character n-grams, length) with an area of {LEAK} or more that labels exchanged "
    f"within pairs reach in at most {BEYOND:.2%} of draws; clean: {ENOUGH} pairs or more, such words in at "
    f"most {HITS_CLEAN:.0%}, every surface area under {LEAK} and every interval under {CLEAN}; else cannot "
    f"tell"
)
Verdict = Literal["clean", "leaky", "cannot tell"]
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")

Features = Callable[[str], Sequence[str]]


class Surface(NamedTuple):
    """What a set's surface gives away.

    Attributes
    ----------
    areas
        Held-out areas under the curve by measure, in a fixed order; ``length`` is not fitted.
    p
        Share of control labels, exchanged within pairs, that reach each area, the observed one counted in.
    telling
        Words with the largest weights, towards the true texts and towards the false ones.
    """

    areas: Mapping[str, Separation]
    p: Mapping[str, float]
    telling: tuple[tuple[str, ...], tuple[str, ...]]


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return _WORD.findall(text.lower())


def word_pairs(text: str) -> list[str]:
    """Return words and runs of two words."""
    found = words_of(text)
    return [*found, *(f"{a} {b}" for a, b in pairwise(found))]


def characters(text: str) -> list[str]:
    """Return runs of three to five characters, spaces as they come out of single ones."""
    told = f" {' '.join(text.lower().split())} "
    return [told[i : i + n] for n in (3, 4, 5) for i in range(len(told) - n + 1)]


def counted(texts: Sequence[str], features: Features) -> tuple[sparse.csr_array, list[str]]:
    """Return which features stand in which texts, rows of unit length, and the features' names."""
    names: dict[str, int] = {}
    rows, columns = [], []
    for row, text in enumerate(texts):
        for name in dict.fromkeys(features(text)):
            rows.append(row)
            columns.append(names.setdefault(name, len(names)))
    shape = (len(texts), max(len(names), 1))
    made = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
    length = np.sqrt(np.asarray(made.sum(axis=1), float).ravel())
    return sparse.csr_array(sparse.diags_array(1 / np.maximum(length, 1)) @ made), list(names)


#: Penalty of the ridge that stands in for the logistic regression under control labels.
RIDGE = 0.3
#: Features, and the penalty of their logistic regression: rows have unit length.
MEASURES: Mapping[str, tuple[Features, float]] = {
    "bag_of_words": (words_of, 0.1),
    "word_ngrams": (word_pairs, 0.1),
    "char_ngrams": (characters, 0.1),
}


def surface(
    texts: Sequence[str], truths: Sequence[bool], pairs: Sequence[str], strata: Sequence[str], seed: int = 0
) -> Surface:
    """Return how well words, n-grams and length tell the true texts from the false ones.

    Parameters
    ----------
    texts, truths
        Every text, and whether it is of the kind that must not be told by its words.
    pairs
        Texts of one pair are in one fold, and are redrawn together.
    strata
        Spread evenly over folds: the emotion.

    Raises
    ------
    BadInput
        If one kind is missing, or there are fewer pairs than folds.
    """
    true = np.asarray(truths, bool)
    if true.all() or not true.any():
        raise BadInput(
            "a leakage check needs keyword-free texts and neutral ones",
            got=f"{int(true.sum())} and {int((~true).sum())}",
            fix="Give each keyword-free text its neutral twin under the same pair",
        )
    folds = folds_of(pairs, strata, FOLDS, seed=seed)
    of = np.array([folds[p] for p in map(str, pairs)])
    controls = exchanged(np.where(true, 1.0, -1.0), list(pairs), CONTROLS, seed=seed)
    areas, p = {}, {}
    for name, (features, penalty) in MEASURES.items():
        bag = counted(texts, features)[0]
        kernel = (bag @ bag.T).toarray()
        areas[name] = separation(
            held_out_logistic(kernel, true, of, penalty), true, pairs, draws=DRAWS, seed=seed
        )
        p[name] = _reached(areas[name].auroc, _by_ridge(kernel, controls, of), controls)
    lengths = np.array([len(words_of(text)) for text in texts], float)
    longer = separation(lengths, true, pairs, draws=DRAWS, seed=seed)
    areas["length"] = longer if longer.auroc >= 0.5 else _turned(longer)
    drawn = aurocs(np.repeat(lengths[:, None], CONTROLS, axis=1), controls > 0)
    p["length"] = (1 + int((np.maximum(drawn, 1 - drawn) >= areas["length"].auroc).sum())) / (1 + CONTROLS)
    return Surface(areas, p, telling_words(texts, true))


def _by_ridge(kernel: Array, controls: Array, folds: Ints) -> Array:
    """Return held-out scores of control labels by a ridge, which fits many at once; shape (text, draw)."""
    hat = Smoother.of_kernel(kernel).hat(RIDGE)
    fitted, scores = hat @ controls, np.empty(controls.shape)
    for fold in np.unique(folds):
        out = np.flatnonzero(folds == fold)
        scores[out] = without(hat, fitted, controls, out)
    return scores


def _reached(observed: float, scores: Array, controls: Array) -> float:
    drawn = aurocs(scores, controls > 0)
    return (1 + int((drawn >= observed).sum())) / (1 + CONTROLS)


def _turned(found: Separation) -> Separation:
    """Return the area of the scores' opposite: a set whose true texts are shorter leaks as well."""
    low, high = 1 - found.high, 1 - found.low
    return replace(found, auroc=1 - found.auroc, low=low, high=high)


def telling_words(
    texts: Sequence[str], true: Mask, most: int = 12
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words that stand in more of the true texts than of the false ones, and the reverse.

    Ordered by the difference of shares over its error; words in fewer than three texts are left out.
    """
    held, names = counted(texts, words_of)
    there = np.asarray((held > 0).toarray(), float)
    sides = [there[side].mean(axis=0) for side in (true, ~true)]
    total = there.sum(axis=0)
    pooled = total / len(texts)
    error = np.sqrt(pooled * (1 - pooled) * (1 / true.sum() + 1 / (~true).sum()))
    z = np.where((total >= 3) & (error > 0), (sides[0] - sides[1]) / np.where(error > 0, error, 1), 0.0)
    order = np.argsort(-z, kind="stable")
    first = tuple(names[n] for n in order[:most] if z[n] > 0)
    return first, tuple(names[n] for n in order[::-1][:most] if z[n] < 0)


def verdict_of(found: Surface, hits: float) -> Verdict:
    """Return the verdict by :data:`RULE`.

    Parameters
    ----------
    found
        The surface measures.
    hits
        Share of keyword-free texts with a word of emotion.
    """
    areas = found.areas
    if hits >= HITS_LEAK or any(a.auroc >= LEAK and found.p[name] <= BEYOND for name, a in areas.items()):
        return "leaky"
    enough = all(a.clusters >= ENOUGH and a.auroc < LEAK and a.high <= CLEAN for a in areas.values())
    return "clean" if enough and hits <= HITS_CLEAN else "cannot tell"
