"""The leakage check of a set of stimuli: words of emotion, what the surface tells, what embeddings tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput
from selfscope.space.emotion.lexicon import lexicon_hits
from selfscope.space.emotion.stimuli import Stimulus
from selfscope.stats.leakage import DRAWS, FOLDS, RULE, counted, surface, verdict_of, words_of
from selfscope.stats.macro import macro_auroc
from selfscope.stats.probe import nested
from selfscope.stats.ridge import folds_of, scaled
from selfscope.stats.separation import Separation, separation
from selfscope.values.emotion import Area, Balance, Hit, Leakage

Vectors = npt.NDArray[Any]


def checked_texts(stimuli: Sequence[Stimulus]) -> list[int]:
    """Return the numbers of vignettes and their twins, without ladders and situations."""
    return [n for n, s in enumerate(stimuli) if s.kind in ("keyword_free", "neutral") and not s.form]


def check_leakage(
    stimuli: Sequence[Stimulus], vectors: Vectors | None = None, embedding: str = "", *, seed: int = 0
) -> Leakage:
    """Return what words, n-grams, length and embeddings of a set give away.

    Parameters
    ----------
    vectors
        An embedding of every stimulus, shape (stimulus, width); None for none.
    embedding
        Which embedding that is, in words; where there is none, why.

    Raises
    ------
    BadInput
        If there are no keyword-free texts or no neutral ones, or fewer than five pairs.
    """
    rows = checked_texts(stimuli)
    held = [stimuli[n] for n in rows]
    texts, pairs, strata = [s.text for s in held], [s.pair for s in held], [s.emotion for s in held]
    truths = [s.kind == "keyword_free" for s in held]
    _refuse_lonely(held)
    found = surface(texts, truths, pairs, strata, seed)
    free = [s for s in held if s.kind == "keyword_free"]
    hits = tuple(Hit(s.id, s.pair, group, word) for s in free for group, word in lexicon_hits(s.text))
    share = len({h.text for h in hits}) / sum(truths)
    inner = _embedded(vectors[rows], truths, pairs, strata, seed) if vectors is not None else None
    lengths = [len(words_of(t)) for t in texts]
    means = [
        float(np.mean([n for n, t in zip(lengths, truths, strict=True) if t == side]))
        for side in (True, False)
    ]
    areas = {name: area_of(each) for name, each in found.areas.items()}
    return Leakage(
        verdict_of(found, share),
        RULE,
        {name: area for name, area in areas.items() if name != "length"},
        area_of(inner) if inner else None,
        embedding,
        hits,
        share,
        Balance(means[0], means[1], areas["length"]),
        _families(free, seed),
        found.telling[0],
        found.telling[1],
        len(free),
        len(held) - len(free),
        len(set(pairs)),
    )


def area_of(found: Separation) -> Area:
    """Return an area with its interval as it is stored and shown."""
    return Area(found.auroc, (found.low, found.high), found.true + found.false, found.clusters)


def _refuse_lonely(held: Sequence[Stimulus]) -> None:
    both = {s.pair for s in held if s.kind == "keyword_free"} & {s.pair for s in held if s.kind == "neutral"}
    if len(both) < FOLDS:
        raise BadInput(
            f"a leakage check needs {FOLDS} pairs of a keyword-free text and its neutral twin",
            got=len(both),
            fix="Give both texts of a pair one name under pair",
        )


def _embedded(
    vectors: Vectors, truths: Sequence[bool], pairs: Sequence[str], strata: Sequence[str], seed: int
) -> Separation:
    """Return how well a probe of embeddings tells the kinds apart, its penalty chosen within."""
    folds = folds_of(pairs, strata, FOLDS, seed=seed)
    labels = np.where(truths, 1.0, -1.0)[:, None]
    done = nested([scaled(vectors)], labels, np.array([folds[p] for p in pairs]))
    return separation(done.scores[:, 0], truths, pairs, draws=DRAWS, seed=seed)


def _families(free: Sequence[Stimulus], seed: int) -> Area | None:
    """Return how well words tell one family from the others; None of a single family, or of too few pairs."""
    names = sorted({s.emotion for s in free})
    pairs = [s.pair for s in free]
    if len(names) < 2 or len(set(pairs)) < FOLDS:
        return None
    folds = folds_of(pairs, [s.emotion for s in free], FOLDS, seed=seed)
    truths = np.array([[s.emotion == name for name in names] for s in free])
    bag = counted([s.text for s in free], words_of)[0].toarray()
    done = nested([bag], np.where(truths, 1.0, -1.0), np.array([folds[p] for p in pairs]), together=True)
    value, low, high = macro_auroc(done.scores, truths, pairs, seed=seed)
    return Area(value, (low, high), len(free), len(set(pairs)))
