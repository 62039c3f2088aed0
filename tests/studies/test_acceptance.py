"""The base cells of measurement.md §15: 500 studies a row, 100 where answers are drawn."""

import pytest

from selfscope.studies.acceptance import base_rows, measure, sampled_rows

EXACT = {plant.name: plant for plant in base_rows()}
SAMPLED = {plant.name: plant for plant in sampled_rows()}


@pytest.mark.parametrize("name", EXACT)
def test_exact_answers(name):
    failed = [row for row in measure(EXACT[name], 500) if not row.ok]
    assert not failed


@pytest.mark.parametrize("name", SAMPLED)
def test_drawn_answers(name):
    failed = [row for row in measure(SAMPLED[name], 100) if not row.ok]
    assert not failed
