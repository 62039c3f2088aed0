"""Movement beyond noise, differences of movements, shares of an effect."""

import math

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.layers import (
    MARGIN,
    apart,
    cell_verdict,
    log_odds,
    movement,
    pair_verdict,
    share_of,
    standing,
)
from selfscope.values import Estimate


def made(mu, *, levels=6, groups=4, strata=1, items=6, noise=0.4, wording=0.0, seed=0):
    """Return a movement of groups by `mu` under each level, each group and level with a sign of its own."""
    rng = np.random.default_rng(seed)
    h = np.repeat(np.arange(groups * strata), items)
    g = h // strata
    base = rng.normal(size=len(h))
    sign = np.where((np.arange(groups) + np.arange(levels)[:, None]) % 2, 1.0, -1.0)
    x = mu * sign[:, g] + wording * np.where(h % 2, 1, -1) + noise * rng.normal(size=(levels, len(h)))
    return movement(x, base, g, h), base, h


def test_movement_is_the_size_of_what_moved_whatever_its_direction():
    found, base, h = made(1.5, noise=0.0)
    spread = np.mean([base[h == s].var(ddof=1) for s in np.unique(h)])
    assert found.squared == pytest.approx(1.5**2)
    assert standing(found)[0].estimate == pytest.approx(1.5 / math.sqrt(spread))
    assert found.groups == pytest.approx(np.zeros(4), abs=1e-12)  # opposite levels cancel in the signed mean
    assert found.p < 0.001


def test_noise_alone_moves_nothing():
    drawn = [made(0.0, seed=n, levels=3)[0] for n in range(60)]
    assert np.mean([f.squared for f in drawn]) == pytest.approx(0, abs=0.01)
    assert sum(f.p <= 0.05 for f in drawn) <= 8  # .05 of 60 is 3; beyond 8 lies under .005
    assert sum(standing(f)[0].ci[0] > 0 for f in drawn) <= 3


def test_a_change_of_wording_between_strata_is_no_movement():
    worded = made(0.0, strata=2, wording=2.0, seed=3)[0]
    assert worded.squared == pytest.approx(0, abs=0.02)
    assert worded.p > 0.05
    assert made(1.0, strata=2, wording=2.0, seed=3)[0].p < 0.01


def test_two_movements_are_told_apart_only_where_they_differ():
    far, near = made(1.5, seed=1)[0], made(0.0, seed=2, groups=3)[0]
    difference, p = apart(far, near)
    assert difference.ci[0] > 0 and p < 0.01
    assert apart(near, far)[0].estimate == pytest.approx(-difference.estimate)
    same, p = apart(made(0.0, seed=4)[0], near)
    assert same.ci[0] < 0 < same.ci[1] and p > 0.05


def test_few_levels_stand_for_themselves_and_many_widen_the_interval():
    rng = np.random.default_rng(0)
    h = np.repeat([0, 1, 2], 8)
    base, noise = rng.normal(size=24), 0.2 * rng.normal(size=(4, 24))
    uneven = movement(np.array([0.0, 0.2, 1.0, 3.0])[:, None] + noise, base, h, h)
    one = movement(1.0 + noise[:1], base, h, h)
    assert len(one.without) == 1
    low, high = standing(uneven)[0].ci
    assert low < 0 < high  # four texts that differ so much say little of another
    assert standing(one)[0].ci[0] > 0


def test_too_few_items_are_refused():
    with pytest.raises(BadInput, match="too little"):
        movement(np.ones((2, 4)), np.arange(4.0), [0, 0, 1, 1], [0, 0, 1, 1])


def test_verdicts_come_in_their_order():
    sure, small = Estimate(1.0, (0.5, 1.5)), Estimate(0.05, (-0.1, 0.15))
    assert cell_verdict(sure, 1.4, 0.001, False) == "moves"
    assert cell_verdict(small, 0.14, 0.6, False) == "not interpretable"
    assert cell_verdict(small, 0.14, 0.6, True) == "holds"
    assert cell_verdict(small, 0.14, 0.001, True) == "holds"  # seen, and too small to matter
    assert cell_verdict(sure, 1.4, 0.2, True) == "cannot tell"
    assert cell_verdict(Estimate(0.5, (-0.3, 0.9)), 0.8, 0.01, True) == "cannot tell"  # texts differ too much
    assert MARGIN == 0.25
    assert pair_verdict(sure, 0.01, True) == "dissociates"
    assert pair_verdict(sure, 0.06, True) == pair_verdict(sure, 0.01, False) == "cannot tell"


def test_log_odds_stop_at_the_least():
    assert log_odds([0.0, 0.5, 1.0], 0.01) == pytest.approx([-4.595, 0, 4.595], abs=1e-3)


def test_a_share_of_no_effect_has_no_interval():
    rng = np.random.default_rng(5)
    whole = 2 + 0.2 * rng.normal(size=12)
    found = share_of(0.5 * whole, whole)
    assert found.estimate == pytest.approx(0.5) and found.shape == "bounded"
    none = share_of(rng.normal(size=12), 0.3 * rng.normal(size=12))
    assert none.shape != "bounded" and math.isnan(none.ci[0])
