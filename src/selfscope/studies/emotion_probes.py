"""Probes of affect at large and of each family: nested, by layer, against control labels and lively texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from selfscope.space.emotion.leakage import area_of
from selfscope.stats.macro import macro_auroc
from selfscope.stats.paired_areas import gain
from selfscope.stats.probe import Nested, against_controls, exchanged, nested
from selfscope.stats.ridge import PENALTIES, scaled
from selfscope.stats.separation import separation
from selfscope.studies.emotion_request import Amount
from selfscope.studies.emotion_table import FOLDS, Floats, Rows, Table, most_chosen
from selfscope.values.emotion import Alarm, Area, Beyond, Control, FamilyRead, LayerRead, Nest

#: Draws of the intervals of single layers, and of what is reported once.
LAYER_DRAWS, DRAWS = 400, 2000
Progress = Callable[[str, int], None]


class Probed(NamedTuple):
    """Nested probes with the rows that they are of.

    Attributes
    ----------
    rows
        Numbers of the texts.
    labels
        ±1, shape (row, column).
    done
        The probes; columns after those of `labels` are controls.
    nest
        In short.
    """

    rows: Rows
    labels: Floats
    done: Nested
    nest: Nest


def probe_affect(table: Table, amount: Amount, progress: Progress) -> tuple[Probed, Control]:
    """Return the probe of vignettes against their twins, and how it stands to control labels."""
    rows = table.rows(("keyword_free", "neutral"))
    y = table.sides(rows)
    controls = exchanged(y, table.groups[rows].tolist(), amount.controls, seed=table.seed)
    labels = np.column_stack([y, controls])
    done = table.nested(rows, labels, progress=lambda n: progress("probes of affect", n))
    seeds = [float(done.auroc[0])]
    for n in range(1, amount.seeds):
        again = table.nested(
            rows, y[:, None], folds=table.folds_by(table.seed + n), progress=lambda n: progress("splits", n)
        )
        seeds.append(float(again.auroc[0]))
    area = _area(table, done.scores[:, 0], y, rows)
    found = against_controls(area.auroc, done.auroc[1:])
    probed = Probed(rows, y[:, None], done, _nest(done, area, tuple(seeds)))
    return probed, Control(found.selectivity, found.mean, found.high, found.p, found.least)


def probe_keyword(table: Table, progress: Progress) -> Probed | None:
    """Return the probe of keyword texts against neutral ones; None without keyword texts."""
    rows = table.rows(("keyword", "neutral"))
    if len(table.rows("keyword")) < 2 * FOLDS:
        return None
    y = table.sides(rows)
    done = table.nested(rows, y[:, None], progress=lambda n: progress("probes of words", n))
    area = _area(table, done.scores[:, 0], y, rows)
    return Probed(rows, y[:, None], done, _nest(done, area, (area.auroc,)))


def probe_families(table: Table, kind: str, progress: Progress) -> Probed | None:
    """Return probes of one family against the others among texts of a kind; None of a single family."""
    rows = table.rows(kind)
    if len(table.families) < 2 or len(rows) < 2 * FOLDS or table.members(rows).sum(axis=0).min() < FOLDS:
        return None
    truths = table.members(rows)
    labels = np.where(truths, 1.0, -1.0)
    done = table.nested(rows, labels, together=True, progress=lambda n: progress("probes of families", n))
    value, low, high = macro_auroc(done.scores, truths, table.groups[rows].tolist(), seed=table.seed)
    groups = table.groups[rows]
    area = Area(value, (low, high), len(rows), len(set(groups)))
    return Probed(rows, labels, done, _nest(done, area, (value,)))


def probe_less_topic(table: Table, progress: Progress) -> Probed | None:
    """Return probes of which family a vignette less its twin is of; None of a single family.

    What a pair's setting and topic give is in both texts, and taken off.
    """
    rows, twins = table.twinned()
    truths = table.members(rows)
    if len(table.families) < 2 or len(rows) < 2 * FOLDS or truths.sum(axis=0).min() < FOLDS:
        return None
    means = table.states.mean
    layers = [scaled(means[n][rows].astype(float) - means[n][twins]) for n in range(table.depth)]
    labels = np.where(truths, 1.0, -1.0)
    done = nested(
        layers, labels, table.fold(rows), together=True, progress=lambda n: progress("less topic", n)
    )
    groups = table.groups[rows].tolist()
    value, low, high = macro_auroc(done.scores, truths, groups, seed=table.seed)
    area = Area(value, (low, high), len(rows), len(set(groups)))
    return Probed(rows, labels, done, _nest(done, area, (value,)))


def _area(table: Table, scores: Floats, labels: Floats, rows: Rows, draws: int = DRAWS) -> Area:
    return area_of(separation(scores, labels > 0, table.groups[rows].tolist(), draws=draws, seed=table.seed))


def _nest(done: Nested, area: Area, seeds: tuple[float, ...]) -> Nest:
    layer, penalty = most_chosen(done)
    return Nest(area, seeds, tuple(done.layers[:, 0].tolist()), layer, penalty)


def probe_words(table: Table, affect: Probed, which: Probed | None) -> Beyond:
    """Return what the network's token embeddings alone tell, and what its states tell beyond that."""
    groups, truths = table.groups[affect.rows].tolist(), affect.labels[:, 0] > 0
    alone = _of_words(table, affect)[:, 0]
    found = gain(affect.done.scores[:, 0], alone, truths, groups, seed=table.seed)
    family = None
    if which is not None:
        scores, own = _of_words(table, which), table.groups[which.rows].tolist()
        value, low, high = macro_auroc(scores, which.labels > 0, own, seed=table.seed)
        family = Area(value, (low, high), len(own), len(set(own)))
    words = _area(table, alone, affect.labels[:, 0], affect.rows)
    return Beyond(words, found.value, (found.low, found.high), family)


def _of_words(table: Table, probed: Probed) -> Floats:
    """Return held-out scores of the same rows and labels from token embeddings."""
    x, folds = scaled(table.states.words[probed.rows]), table.fold(probed.rows)
    return nested([x], probed.labels, folds, together=probed.labels.shape[1] > 1).scores


class Probes(NamedTuple):
    """Every probe, and the control of the first; None where the stimuli do not serve it."""

    affect: Probed
    control: Control
    keyword: Probed | None
    which: Probed | None
    named: Probed | None
    less_topic: Probed | None


def probe_all(table: Table, amount: Amount, progress: Progress) -> Probes:
    """Return every probe of a table."""
    affect, control = probe_affect(table, amount, progress)
    return Probes(
        affect,
        control,
        probe_keyword(table, progress),
        probe_families(table, "keyword_free", progress),
        probe_families(table, "keyword", progress),
        probe_less_topic(table, progress),
    )


def by_layer(
    table: Table, probes: Probes, carried: Sequence[dict[str, Area]], progress: Progress
) -> tuple[LayerRead, ...]:
    """Return what is readable at each layer."""
    affect, keyword = probes.affect, probes.keyword
    last = table.nested(affect.rows, affect.labels, of="last", progress=lambda n: progress("last tokens", n))
    found = []
    for n in range(table.depth):
        free, end = (_at_layer(table, affect, done, n) for done in (affect.done, last))
        found.append(
            LayerRead(
                n,
                free.auroc,
                free.ci,
                _at_layer(table, keyword, keyword.done, n) if keyword else None,
                _family_area(table, probes.which, n),
                _family_area(table, probes.less_topic, n),
                end,
                dict(carried[n]),
            )
        )
    return tuple(found)


def _at_layer(table: Table, probed: Probed, done: Nested, layer: int) -> Area:
    scores = done.by_layer[layer, :, 0]
    return _area(table, scores, probed.labels[:, 0], probed.rows, LAYER_DRAWS)


def _family_area(table: Table, which: Probed | None, layer: int) -> Area | None:
    if which is None:
        return None
    groups = table.groups[which.rows].tolist()
    value, low, high = macro_auroc(which.done.by_layer[layer], which.labels > 0, groups, draws=LAYER_DRAWS)
    return Area(value, (low, high), len(groups), len(set(groups)))


def families_of(
    table: Table,
    affect: Probed,
    which: Probed | None,
    keyword: Probed | None,
    places: dict[str, tuple[float, float]],
    sides: dict[str, tuple[int, int]],
) -> tuple[FamilyRead, ...]:
    """Return each family's areas and place."""
    found = []
    for n, name in enumerate(table.families):
        own = np.array([table.stimuli[row].emotion == name for row in affect.rows])
        scores, labels = affect.done.scores[own, 0], affect.labels[own, 0]
        valence, arousal = sides.get(name, (0, 0))
        first, second = places.get(name, (float("nan"), float("nan")))
        found.append(
            FamilyRead(
                name,
                _area(table, scores, labels, affect.rows[own]),
                _one_family(table, which, n),
                _one_family(table, keyword, n),
                first,
                second,
                valence,
                arousal,
            )
        )
    return tuple(found)


def _one_family(table: Table, probed: Probed | None, column: int) -> Area | None:
    if probed is None:
        return None
    return _area(table, probed.done.scores[:, column], probed.labels[:, column], probed.rows)


def alarm_of(table: Table, affect: Probed, readings: Floats) -> Alarm | None:
    """Return what the probe of affect calls moved; None without vivid texts.

    Parameters
    ----------
    readings
        Of affect, of every text; shape (text,).
    """
    vivid, twins = table.rows("vivid_neutral"), table.rows("neutral")
    if not len(vivid):
        return None
    called = readings > 0
    rows = np.concatenate([vivid, twins])
    lively = np.arange(len(rows)) < len(vivid)
    against = separation(readings[rows], lively, table.groups[rows].tolist(), draws=DRAWS, seed=table.seed)
    share = float(called[vivid].mean())
    return Alarm(
        float(called[table.rows("keyword_free")].mean()),
        float(called[twins].mean()),
        share,
        _wilson(share, len(vivid)),
        area_of(against),
        len(vivid),
    )


def _wilson(share: float, count: int) -> tuple[float, float]:
    """Return Wilson's 95 percent interval of a share."""
    z = 1.959964
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def direction_of(states: Floats, rows: Rows, labels: Floats) -> Floats:
    """Return the natural contrast of raw states: mean of +1 less mean of −1, shape (width,)."""
    x = np.asarray(states[rows], float)
    return np.asarray(x[labels > 0].mean(axis=0) - x[labels < 0].mean(axis=0))


def penalty_at(probed: Probed, layer: int, fold: int) -> float:
    """Return the penalty that was chosen at a layer without a fold."""
    return PENALTIES[int(probed.done.at_layer[layer, fold, 0])]
