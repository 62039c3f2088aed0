"""Of all that is planted in panels, only one factor is called a cluster. The page has the rates of 200."""

import pytest

from selfscope.errors import BadInput
from selfscope.studies.travel_planted import call, planted, put, rendered

PLANTS = {plant.name: plant for plant in planted()}


@pytest.mark.parametrize("name", [n for n, p in PLANTS.items() if p.cluster])
def test_one_planted_factor_is_called_a_cluster(name):
    called = call(PLANTS[name], 12)
    assert called.clusters == 12
    assert called.share > 0.6 > 2 * called.expected


@pytest.mark.parametrize("name", [n for n, p in PLANTS.items() if not p.cluster])
def test_nothing_else_is(name):
    assert call(PLANTS[name], 12).clusters == 0


def test_a_rate_over_its_limit_is_said_not_to_hold():
    plant = PLANTS["nothing"]
    called = call(plant, 2)
    assert called.ok
    assert not type(called)(plant, 100, 12, 12, 0.2, 0.2).ok
    assert not type(called)(PLANTS["one factor"], 100, 80, 80, 0.2, 0.2).ok
    assert "**no**" in rendered([type(called)(plant, 100, 12, 12, 0.2, 0.2)])


def test_a_page_keeps_its_words_and_takes_the_table():
    page = put("before\n<!-- planted -->\nold\n<!-- /planted -->\nafter\n", "new")
    assert page == "before\n<!-- planted -->\nnew\n<!-- /planted -->\nafter\n"
    with pytest.raises(BadInput, match="no place"):
        put("no marks", "new")
