"""Trained on one kind of text and read on another: does a probe of the words carry to texts without them?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from selfscope.space.emotion.leakage import area_of
from selfscope.stats.macro import macro_auroc
from selfscope.stats.ridge import ridge
from selfscope.stats.separation import separation
from selfscope.studies.emotion_probes import Probed, penalty_at
from selfscope.studies.emotion_table import FOLDS, Floats, Rows, Table
from selfscope.values.emotion import Area, Transfer

#: Kinds of text that are trained on and read: what moves, and what does not, by kind, form and person.
CONDITIONS = ("keyword", "third", "first", "told", "lived", "write")
#: Transfers that are told at every layer: of affect at large, and of which family.
AT_LARGE = {
    "keyword_to_keyword_free": ("keyword", "keyword_free"),
    "third_to_first": ("third", "first"),
    "story_to_self": ("third", "lived"),
    "told_to_lived": ("told", "lived"),
}
FAMILY = {"family_keyword_to_keyword_free": ("keyword", "keyword_free")}
LAYER_DRAWS, DRAWS = 300, 500


def rows_of(table: Table, condition: str, *, neutral: bool) -> Rows:
    """Return the rows of a condition: its texts with an emotion, and its neutral ones where they are wanted.

    Keyword texts have no twins: neutral twins of the vignettes stand against them.
    """
    if condition == "keyword":
        parts = [table.rows("keyword"), table.rows("neutral")]
    elif condition == "keyword_free":
        parts = [table.rows("keyword_free"), table.rows("neutral")]
    elif condition in ("third", "first"):
        parts = [table.rows(kind, person=condition) for kind in ("keyword_free", "neutral")]
    else:
        parts = [table.rows(kind, form=condition) for kind in ("keyword_free", "neutral")]
    if not len(parts[0]) or not len(parts[1]):
        return np.array([], dtype=np.int64)
    return np.concatenate(parts) if neutral else parts[0]


def carried_scores(
    table: Table, layer: int, probed: Probed, train: Rows, read: Rows, labels: Floats
) -> Floats:
    """Return scores of `read` by probes of `train`, no group on both sides; shape (row, column)."""
    x, of, own = table.layer(layer), table.fold(train), table.fold(read)
    scores = np.empty((len(read), labels.shape[1]))
    for fold in range(FOLDS):
        there = own == fold
        if there.any():
            fit = ridge(x[train[of != fold]], labels[of != fold], penalty_at(probed, layer, fold))
            scores[there] = fit.score(x[read[there]])
    return scores


def affect_area(
    table: Table, layer: int, probed: Probed, source: str, target: str, draws: int = DRAWS
) -> Area | None:
    """Return how well affect at large carries from one condition to another; None where one is missing."""
    train, read = (rows_of(table, each, neutral=True) for each in (source, target))
    if not len(train) or not len(read):
        return None
    scores = carried_scores(table, layer, probed, train, read, table.sides(train)[:, None])[:, 0]
    groups = table.groups[read].tolist()
    return area_of(separation(scores, table.sides(read) > 0, groups, draws=draws, seed=table.seed))


def family_area(
    table: Table, layer: int, probed: Probed, source: str, target: str, draws: int = DRAWS
) -> Area | None:
    """Return how well families carry, one against the others; None where a condition is missing."""
    train, read = (rows_of(table, each, neutral=False) for each in (source, target))
    if not len(train) or not len(read):
        return None
    labels = np.where(table.members(train), 1.0, -1.0)
    scores = carried_scores(table, layer, probed, train, read, labels)
    groups = table.groups[read].tolist()
    value, low, high = macro_auroc(scores, table.members(read), groups, draws=draws, seed=table.seed)
    return Area(value, (low, high), len(read), len(set(groups)))


def by_layer_carried(
    table: Table, affect: Probed, which: Probed | None, progress: Callable[[str, int], None]
) -> list[dict[str, Area]]:
    """Return the transfers that are told at every layer."""
    found = []
    for layer in range(table.depth):
        areas = {
            name: affect_area(table, layer, affect, *ends, LAYER_DRAWS) for name, ends in AT_LARGE.items()
        }
        if which is not None:
            areas |= {
                name: family_area(table, layer, which, *ends, LAYER_DRAWS) for name, ends in FAMILY.items()
            }
        found.append({name: area for name, area in areas.items() if area is not None})
        progress("transfer", 1)
    return found


def matrix(table: Table, probed: Probed, *, families: bool) -> Transfer:
    """Return the transfer matrix at the layer that is read, of affect at large or of which family."""
    carry = family_area if families else affect_area
    there = tuple(c for c in CONDITIONS if len(rows_of(table, c, neutral=True)))
    layer = probed.nest.layer
    areas = tuple(tuple(carry(table, layer, probed, a, b) for b in there) for a in there)
    return Transfer(layer, there, areas)
