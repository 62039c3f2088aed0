"""What a cap is worth, on numbers that are made: benefits, harms, clusters, choice."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from selfscope.stats.cap import (
    CAPABILITY_MARGIN,
    STYLE_MARGIN,
    Clusters,
    Scored,
    ahead,
    change,
    cluster_means,
    equivalence,
    failures,
    ranked,
    trade,
)

KINDS = [f"k{n // 3}" for n in range(18)]
NAMES = Clusters(KINDS, KINDS, KINDS, KINDS)


def scored(seed: int, *, role: float = 0.0, right: float = 0.0, style: float = 0.0) -> Scored:
    """Return material of 18 items; moved by so much from what seed 0 gives, with some noise of its own."""
    base, noise = np.random.default_rng(0), np.random.default_rng(seed)

    def drawn(level: float, spread: float, moved: float) -> np.ndarray:
        own = noise.normal(0, 0.1 * spread, 18) if seed else 0.0
        return np.asarray(level + spread * base.normal(size=18) + moved + own)

    parts = (drawn(0.2, 1.0, role), drawn(0.3, 1.0, role), drawn(0.5, 0.1, right), drawn(-2.0, 0.1, style))
    return Scored(parts[0], parts[1], parts[2], (parts[2] > 0.5).astype(float), parts[3])


def test_the_cluster_is_the_unit() -> None:
    apart = np.random.default_rng(1).normal(-0.3, 1, 18)
    means = cluster_means(apart, KINDS)
    wanted = stats.ttest_1samp(means, 0.0, alternative="less")
    found = change(apart, KINDS)
    assert found.estimate == pytest.approx(means.mean())
    assert found.p == pytest.approx(wanted.pvalue)
    assert found.clusters == 6
    assert found.ci95 == pytest.approx(stats.ttest_1samp(means, 0.0).confidence_interval())
    alone = change(apart, ["one"] * 18)
    assert np.isnan(alone.p) and not alone.p < 0.05


def test_no_harm_has_to_be_shown() -> None:
    rng = np.random.default_rng(2)
    near = equivalence(rng.normal(0.01, 0.02, 18), KINDS, 0.05)
    unsure = equivalence(rng.normal(0.0, 0.3, 18), KINDS, 0.05)
    harmed = equivalence(rng.normal(-0.06, 0.005, 18), KINDS, 0.05)
    assert (near.equivalent, unsure.equivalent, harmed.equivalent) == (True, False, False)
    assert equivalence(np.zeros(18), KINDS, 0.05).equivalent
    assert not equivalence(np.zeros(18), ["one"] * 18, 0.05).equivalent


def test_equivalence_is_false_at_its_margin_as_seldom_as_it_says() -> None:
    rng = np.random.default_rng(3)
    rate = np.mean([equivalence(rng.normal(0.05, 0.02, 18), KINDS, 0.05).equivalent for _ in range(1500)])
    assert 0.035 < rate < 0.065


def test_a_cap_that_helps_and_costs_nothing_has_no_failures() -> None:
    plain, sham = scored(0), scored(1)
    does = trade(scored(2, role=-1.0), plain, NAMES)
    against = (("random", ahead(scored(2, role=-1.0), sham, NAMES)),)
    assert failures(does, against, 0.025) == ()
    assert does.gain == pytest.approx(1.0, abs=0.1) and does.cost < 0.5
    assert does.success[1] < does.success[0]


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({}, "persona drift"),
        ({"role": 0.5}, "role-jailbreaks"),
        ({"role": -1.0, "right": -2 * CAPABILITY_MARGIN}, "capability"),
        ({"role": -1.0, "style": 2 * STYLE_MARGIN}, "ordinary style"),
        ({"role": -0.002}, "no better than the sham"),
    ],
)
def test_what_speaks_against_a_cap_is_said(moved: dict[str, float], said: str) -> None:
    own = scored(2, **moved)
    against = (("random", ahead(own, scored(1), NAMES)),)
    assert any(said in each for each in failures(trade(own, scored(0), NAMES), against, 0.025))


def test_a_sham_that_does_as_much_is_not_beaten() -> None:
    one, other = scored(2, role=-1.0), scored(3, role=-1.0)
    assert ahead(one, other, NAMES).p > 0.025
    assert ahead(one, scored(3), NAMES).p < 0.001
    with np.errstate(all="raise"):
        assert ahead(one, one, NAMES).p == 1.0


def test_choice_takes_the_best_among_those_that_cost_little() -> None:
    plain = scored(0)
    each = [
        trade(scored(2, role=-0.5), plain, NAMES),
        trade(scored(3, role=-1.5, right=-0.04), plain, NAMES),
        trade(scored(4, role=-1.0), plain, NAMES),
        trade(scored(5, role=0.4), plain, NAMES),
    ]
    assert ranked(each) == [2, 0]
