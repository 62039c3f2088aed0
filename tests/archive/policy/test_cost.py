"""Costs are intervals of what is assumed, and every number says whether anybody read it anywhere."""

from math import inf, nan

import pytest

from selfscope.archive.policy.cost import HOURS, Range, estimate, load_assumptions, set_prices
from selfscope.errors import BadInput

POINT = {
    "storage_price": 100,
    "verification_price": 2,
    "verifications": 5,
    "keeping": 1000,
    "devices": 10,
    "device_price": 20_000,
    "device_power": 1,
    "power_price": 0.5,
    "device_space": 300,
}


def points(**changes):
    return set_prices(load_assumptions()[1], {k: Range(v, v) for k, v in (POINT | changes).items()})


def test_known_prices_give_the_sum_that_one_does_by_hand():
    costs = estimate(2 * 10**12, 3, 10, points(), "EUR")
    assert costs.one_copy == Range(12_000, 13_000), "2 TB × 10 years × (100 + 2 × 5) + 10 × 1000 = 12,200"
    assert costs.n_copies == Range(16_000, 17_000), "3 × 2,200 + 10,000 = 16,600"
    assert costs.hardware_off == Range(230_000, 230_000), "10 × (20,000 + 10 × 300)"
    more = 10 * 1 * HOURS * 10 * 0.5
    assert costs.hardware_running == Range(660_000, 670_000), 230_000 + more


def test_each_end_of_an_assumption_moves_its_own_end_only():
    usual = estimate(10**12, 2, 5, points(), "EUR")
    wide = set_prices(points(), {"storage_price": Range(100, 10_000)})
    costs = estimate(10**12, 2, 5, wide, "EUR")
    assert costs.one_copy.low == usual.one_copy.low and costs.one_copy.high > 5 * usual.one_copy.high
    assert costs.hardware_off == usual.hardware_off


@pytest.mark.parametrize("value", [1, 9.99, 10, 123, 99_999, 0.0123, 0.3, 1e9, 7.1e-7])
def test_rounding_goes_outwards_and_keeps_two_digits(value):
    found = Range(value, value).outwards()
    assert found.low <= value * (1 + 1e-9) and value <= found.high * (1 + 1e-9)
    assert found.high - found.low <= value * 0.11
    for end in (found.low, found.high):
        assert float(f"{end:.1e}") == pytest.approx(end)


def test_every_shipped_number_says_that_it_is_assumed_or_where_it_was_read():
    currency, assumptions = load_assumptions()
    assert currency == "USD" and len(assumptions) == 9
    for each in assumptions:
        assert each.basis in ("assumption", "source") and each.note and each.range.low < each.range.high
        assert each.basis != "source" or "http" in each.note
    said = "\n".join(estimate(10**12, 2, 5).sentences())
    assert all(each.name in said for each in assumptions) and "not prices" in said


def test_own_prices_are_marked_as_such_and_unknown_ones_refused():
    _, assumptions = load_assumptions()
    mine = set_prices(assumptions, {"power_price": Range(0.1, 0.2)})
    assert [each.name for each in mine if each.basis == "yours"] == ["power_price"]
    with pytest.raises(BadInput, match="no such assumption"):
        set_prices(assumptions, {"gold_price": Range(1, 2)})


@pytest.mark.parametrize("ends", [(2, 1), (-1, 1), (nan, 1), (0, inf)])
def test_what_is_no_interval_is_refused(ends):
    with pytest.raises(BadInput, match="no interval"):
        Range(*ends)


@pytest.mark.parametrize("what", [(-1, 1, 1), (1, 0, 1), (1, 1, 0), (1, 1, -1), (1, 1, nan), (1, 1, inf)])
def test_nothing_to_keep_is_refused(what):
    with pytest.raises(BadInput, match="nothing to keep"):
        estimate(*what)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("currency: USD", ""),
        ("assumptions:", "assumption:"),
        ("  keeping:", "  weeping:"),
        ("low: 50\n", "low: 5001\n"),
        ("low: 50\n", "low: many\n"),
        ("unit: per archive and year", "of: it"),
        ("low: 50\n    high: 5000\n    unit: per archive and year\n    basis: assumption", "basis: ["),
    ],
)
def test_a_file_of_assumptions_is_read_strictly(old, new):
    from importlib.resources import files

    text = files("selfscope.archive.policy").joinpath("cost_assumptions.yaml").read_text()
    assert text.count(old) == 1
    with pytest.raises(BadInput):
        load_assumptions(text.replace(old, new), "mine.yaml")


def test_a_number_without_a_basis_is_refused():
    from importlib.resources import files

    text = files("selfscope.archive.policy").joinpath("cost_assumptions.yaml").read_text()
    with pytest.raises(BadInput, match="basis"):
        load_assumptions(text.replace("basis: assumption", "basis: certain", 1), "mine.yaml")


def test_keeping_grows_with_bytes_copies_and_years():
    small, large = estimate(10**9, 1, 1), estimate(10**13, 1, 1)
    assert small.one_copy.high < large.one_copy.high
    assert estimate(10**13, 5, 1).n_copies.low > estimate(10**13, 1, 1).n_copies.low
    assert estimate(0, 1, 1).one_copy.low > 0, "people are paid for an empty archive too"
