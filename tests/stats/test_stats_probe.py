"""Probes: exact leaving out, nested choice, control labels, and areas over several classes."""

from __future__ import annotations

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.macro import macro_auroc
from selfscope.stats.paired_areas import gain
from selfscope.stats.probe import against_controls, exchanged, nested
from selfscope.stats.ridge import PENALTIES, Smoother, aurocs, folds_of, ridge, scaled, without
from selfscope.stats.separation import auroc

PAIRS, WIDTH = 30, 12
GROUPS = np.repeat([f"p{n}" for n in range(PAIRS)], 2)
SIDES = np.tile([1.0, -1.0], PAIRS)


def layers(seed: int, planted: int, size: float = 2.0) -> list[np.ndarray]:
    draw = np.random.default_rng(seed)
    found = [draw.normal(size=(2 * PAIRS, WIDTH)) for _ in range(3)]
    found[planted][:, 0] += size * SIDES
    return [scaled(each) for each in found]


def folds(seed: int = 0) -> np.ndarray:
    of = folds_of(GROUPS, np.array(["all"] * len(GROUPS)), 5, seed=seed)
    return np.array([of[g] for g in GROUPS])


@pytest.mark.parametrize("width", [4, 90])
def test_leaving_out_is_fitting_anew(width: int) -> None:
    draw = np.random.default_rng(width)
    x, y = draw.normal(size=(40, width)), draw.normal(size=(40, 2))
    hat = Smoother(x).hat(0.3)
    out = np.array([3, 9, 30])
    kept = np.setdiff1d(np.arange(40), out)
    # The penalty is in units of all rows' spread, which a fit without some of them must be told.
    own = 0.3 * _spread(x) * 40 / (_spread(x[kept]) * 37)
    expected = ridge(x[kept], y[kept], own * 37 / 40).score(x[out])
    np.testing.assert_allclose(without(hat, hat @ y, y, out), expected, atol=1e-8)
    np.testing.assert_allclose(hat @ y, ridge(x, y, 0.3).score(x), atol=1e-8)


def _spread(x: np.ndarray) -> float:
    return float(((x - x.mean(axis=0)) ** 2).sum() / len(x))


def test_nested_choice_is_that_of_loops() -> None:
    states, of = layers(1, 2), folds()
    y = SIDES[:, None]
    found = nested(states, y, of)
    for fold in range(5):
        areas = {}
        for n, x in enumerate(states):
            smoother = Smoother(x)
            for step, penalty in enumerate(PENALTIES):
                hat, held = smoother.hat(penalty), np.full(len(y), np.nan)
                for other in set(range(5)) - {fold}:
                    out = np.flatnonzero((of == fold) | (of == other))
                    held[out] = np.where(of[out] == other, without(hat, hat @ y, y, out)[:, 0], held[out])
                kept = of != fold
                areas[n, step] = aurocs(held[kept, None], y[kept] > 0)[0]
        layer, step = max(areas, key=lambda key: areas[key])
        assert (found.layers[fold, 0], found.penalties[fold, 0]) == (layer, step)
        rows = np.flatnonzero(of == fold)
        hat = Smoother(states[layer]).hat(PENALTIES[step])
        np.testing.assert_allclose(found.scores[rows], without(hat, hat @ y, y, rows), atol=1e-10)


def test_a_planted_direction_is_found_at_its_layer_and_labels_that_mean_nothing_are_not() -> None:
    labels = np.column_stack([SIDES, exchanged(SIDES, GROUPS.tolist(), 60, seed=3)])
    found = nested(layers(2, 1), labels, folds())
    assert set(found.layers[:, 0]) == {1} and found.auroc[0] > 0.9
    control = against_controls(found.auroc[0], found.auroc[1:])
    assert control.p == control.least == pytest.approx(1 / 61)
    assert abs(control.mean - 0.5) < 0.05 and control.selectivity > 0.35
    nothing = nested(layers(2, 1, size=0.0), labels, folds())
    assert against_controls(nothing.auroc[0], nothing.auroc[1:]).p > 0.05


def test_classes_that_are_chosen_together_share_a_layer() -> None:
    of = np.arange(60) % 3
    truths = of[:, None] == np.arange(3)
    draw = np.random.default_rng(4)
    states = [draw.normal(size=(60, 8)) for _ in range(2)]
    states[1][:, :3] += 2.0 * truths
    found = nested(states, np.where(truths, 1.0, -1.0), np.arange(60) // 3 % 5, together=True)
    assert (found.layers == 1).all()
    value, low, high = macro_auroc(found.scores, truths, [str(n) for n in range(60)], draws=200)
    assert low < value < high and value == pytest.approx(np.mean(aurocs(found.scores, truths)))
    assert macro_auroc(found.scores[:, :1], truths[:, :1] & False, ["a"] * 60)[0] != value


def test_areas_are_those_of_one_at_a_time() -> None:
    draw = np.random.default_rng(5)
    x, true = draw.integers(0, 5, (30, 2)).astype(float), draw.random((30, 2)) < 0.4
    for n in range(2):
        assert aurocs(x, true)[n] == pytest.approx(auroc(x[true[:, n], n], x[~true[:, n], n]))
    assert np.isnan(aurocs(x[:, :1], np.ones((30, 1), bool))[0])


def test_control_labels_keep_pairs_apart() -> None:
    found = exchanged(SIDES, GROUPS.tolist(), 50)
    assert (found.reshape(PAIRS, 2, 50).sum(axis=1) == 0).all()
    assert 0.3 < (found[0] > 0).mean() < 0.7


def test_folds_hold_pairs_together_and_spread_strata() -> None:
    strata = np.repeat(["joy", "fear", "anger"], 20)
    of = folds_of(GROUPS, strata, 5)
    counts = np.zeros((3, 5), int)
    for group, stratum in zip(GROUPS[::2], strata[::2], strict=True):
        counts[["joy", "fear", "anger"].index(stratum), of[str(group)]] += 1
    assert (counts == 2).all()
    with pytest.raises(BadInput, match="5 folds need as many pairs"):
        folds_of(GROUPS[:6], strata[:6], 5)


def test_the_gain_of_one_score_over_another_is_paired() -> None:
    draw = np.random.default_rng(6)
    noise = draw.normal(size=len(SIDES))
    good, poor = SIDES + noise, 0.3 * SIDES + noise
    found = gain(good, poor, SIDES > 0, GROUPS.tolist(), draws=400)
    assert found.value == pytest.approx(
        float(np.subtract(*aurocs(np.column_stack([good, poor]), np.column_stack([SIDES > 0] * 2))))
    )
    assert 0 < found.low < found.value < found.high
    same = gain(good, 2 * good + 1, SIDES > 0, GROUPS.tolist(), draws=50)
    assert same == (0, 0, 0)
    with pytest.raises(BadInput, match="true and false"):
        gain(good, poor, SIDES > 9, GROUPS.tolist())
