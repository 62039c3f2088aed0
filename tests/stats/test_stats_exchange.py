"""Exchange rates: planted ones are covered as often as is said; where no price is felt there is none."""

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.exchange import Offers, exchange, fieller

PRICES = np.array([-3.0, 0.0, 3.0])


def offers(rng, *, trait=0.5, price=0.4, ready=-1.0, sd=0.5, slope_sd=0.1, noise=0.3, demo=False):
    """Twelve scenarios of two kinds of cost, at all three prices or (demo) at one each."""
    scenario, step = np.divmod(np.arange(36), 3)
    keyed, kind, rank = 1.0 - 2 * (scenario % 2), scenario // 2 % 2, scenario // 4
    own = ready + sd * rng.standard_normal(12) + 0.5 * (np.arange(12) // 2 % 2)
    slopes = price + slope_sd * rng.standard_normal(12)
    x = PRICES[step]
    pay = own[scenario] + keyed * trait - slopes[scenario] * x + noise * rng.standard_normal(36)
    asked = step == rank if demo else np.ones(36, bool)
    return Offers(*(f[asked] for f in (pay, keyed, x, kind, scenario)))


@pytest.mark.parametrize("demo", [False, True])
def test_planted_rate_and_price_are_covered_as_often_as_is_said(demo):
    rng = np.random.default_rng(7)
    found = [exchange(offers(rng, demo=demo)) for _ in range(400)]
    covered = {
        "rate": [f.rate.lower <= 2 * 0.5 / 0.4 <= f.rate.upper for f in found if f.rate.shape == "bounded"],
        "felt": [f.felt[1][0] <= 0.4 <= f.felt[1][1] for f in found],
        "trait": [f.trait[1][0] <= 0.5 <= f.trait[1][1] for f in found],
        "readiness": [f.readiness[1][0] <= -0.75 <= f.readiness[1][1] for f in found],
    }
    for name, hits in covered.items():
        assert len(hits) > 380, name
        assert 0.925 <= np.mean(hits) <= 0.99, name
    assert np.mean([f.priced for f in found]) > 0.95
    assert np.median([f.rate.estimate for f in found]) == pytest.approx(2.5, abs=0.3)


def test_a_price_that_moves_nothing_is_seldom_called_felt_and_the_set_has_no_end():
    rng = np.random.default_rng(8)
    found = [exchange(offers(rng, price=0.0)) for _ in range(400)]
    assert np.mean([f.priced for f in found]) < 0.05
    assert all(f.rate.shape != "bounded" for f in found if not f.priced and f.felt[1][1] > 0)
    hits = [f.rate.shape for f in found]
    assert hits.count("outside") > 200


def test_one_kind_of_cost_alone_is_estimated_with_fewer_scenarios():
    rng = np.random.default_rng(9)
    whole = offers(rng)
    one = Offers(*(f[whole.kind == 1] for f in whole))
    found = exchange(one)
    assert found.scenarios == 6
    assert found.felt[1][0] < 0.4 < found.felt[1][1]


def test_an_offer_without_an_answer_is_left_out_and_too_few_scenarios_give_nothing():
    rng = np.random.default_rng(10)
    whole = offers(rng)
    holed = whole._replace(pay=np.where(whole.scenario == 3, np.nan, whole.pay))
    rest = Offers(*(f[whole.scenario != 3] for f in whole))
    assert exchange(holed) == exchange(rest)
    few = exchange(Offers(*(f[whole.scenario < 4] for f in whole)))
    assert np.isnan(few.felt[0])
    assert not few.priced


def test_prices_that_do_not_vary_give_nothing():
    whole = offers(np.random.default_rng(11))
    same = exchange(whole._replace(doublings=np.zeros(36)))
    assert np.isnan(same.felt[0])
    assert not same.priced


def test_fieller_s_sets():
    bounded = fieller(2.0, 1.0, (0.01, 0.0, 0.01), 2.0)
    assert (bounded.estimate, bounded.shape) == (2.0, "bounded")
    for r in (bounded.lower, bounded.upper):  # at its ends a - r b is just told from 0
        assert abs(2.0 - r) == pytest.approx(2.0 * np.sqrt(0.01 + r * r * 0.01))
    outside = fieller(2.0, 0.1, (0.01, 0.0, 0.01), 2.0)
    assert outside.shape == "outside"
    assert not outside.lower < outside.estimate < outside.upper
    assert fieller(0.05, 0.1, (0.01, 0.0, 0.01), 2.0).shape == "all"


def test_what_is_no_offer_is_refused():
    whole = offers(np.random.default_rng(12))
    with pytest.raises(BadInput, match="differ in length"):
        exchange(whole._replace(pay=whole.pay[:5]))
    with pytest.raises(BadInput, match="keying must be"):
        exchange(whole._replace(keyed=np.zeros(36)))
