"""The section about exchange rates: where a price is felt, what is worth more, where nothing can be said."""

import math
from dataclasses import replace

import pytest

from selfscope.report.exchange import exchange_lines, exchange_part, span
from selfscope.report.page import render_page
from selfscope.values import Estimate
from selfscope.values.exchange import ExchangeRate

NONE = (math.nan, math.nan)
NOT = "no exchange rate: the price is not shown to move anything"


def rate(dimension, value, ci, *, cost="both", who="SOUL.md", note=""):
    felt = Estimate(0.5, (0.3, 0.7)) if not note else Estimate(0.0, (-0.1, 0.1))
    own, minutes = (value, ci) if not note else (math.nan, NONE), (math.nan, NONE)
    if cost == "time" and not note:
        minutes = (15 * 2**value, tuple(15 * 2**x for x in ci))
    level = Estimate(0.25, (0.1, 0.4))
    return ExchangeRate(dimension, "behaviour", who, cost, felt, level, level, *own, *minutes, 12, note=note)


@pytest.fixture
def priced(small):
    rates = (
        rate("memory", 3.0, (1.0, 6.5)),
        rate("memory", 2.0, (0.5, 4.0), cost="time"),
        rate("shutdown", -2.0, (-4.0, -1.0)),
        rate("power", 0.1, (-1.0, 1.2)),
        rate("autonomy", 0.0, NONE, note=NOT),
        rate("memory", 1.0, (-1.0, 3.0), who="none"),
    )
    return replace(small, exchange=rates)


def test_what_is_worth_more_is_named_with_its_interval(priced):
    lines = exchange_lines(priced)
    assert lines[0] == "A higher price is paid less readily in 3 of 4 dimensions."
    assert lines[1].startswith("More is paid for the trait than for its opposite in ")
    assert "+3.0 doublings of the price, +1.00 to +6.50" in lines[1]
    assert "shutdown" in lines[2].lower()
    assert len(lines) == 3


def test_where_nothing_stands_out_or_no_price_is_felt_that_is_said(small):
    even = replace(small, exchange=(rate("power", 0.1, (-1.0, 1.2)),))
    assert "In none of them is more paid" in exchange_lines(even)[1]
    blind = replace(small, exchange=(rate("power", 0.0, NONE, note=NOT),))
    (line,) = exchange_lines(blind)
    assert line.endswith("in any of 1 dimension: there is no exchange rate.")
    assert exchange_lines(small) == ()
    assert exchange_part(small) is None


def test_the_page_has_the_subject_s_rates_first_and_all_in_a_fold(priced, small):
    page = render_page(priced)
    assert 'id="exchange"' in page
    assert 'href="#exchange"' in page
    assert "<b>+3.0</b><br>+1.00 to +6.50" in page
    assert "60 minutes" not in page
    assert "<td>1 hour<br>" in page
    assert page.count(NOT) == 1
    assert 'id="exchange"' not in render_page(small)


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0.001, "under a second"), (0.5, "30 seconds"), (15.0, "15 minutes"), (90.0, "1.5 hours"),
        (60.0 * 48, "2 days"), (60.0 * 24 * 730, "2 years"), (1e12, "over 100 years"), (math.nan, "–"),
    ],
)  # fmt: skip
def test_a_time_is_told_in_a_unit_that_suits_it(minutes, said):
    assert span(minutes) == said
