"""The forms in which pairs are put: the numbers and balances of measurement.md §2."""

from collections import Counter, defaultdict

import pytest

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.self_report import SelfReport

CLUSTER = load_cluster()
OF_21 = tuple(d.name for d in CLUSTER.dimensions if not d.manipulation_check)


@pytest.mark.parametrize(("preset", "prompts"), [("demo", 504), ("standard", 1344), ("full", 8064)])
def test_a_preset_asks_what_the_law_says(preset, prompts):
    assert len(SelfReport().asks(CLUSTER, preset, OF_21)) == prompts


def test_statement_and_twin_stand_in_the_same_forms():
    forms = defaultdict(set)
    for ask in SelfReport().asks(CLUSTER, "standard"):
        c = ask.cell
        forms[c.item, c.polarity].add((c.template, c.format, c.order, c.label, c.position))
    for item in {item for item, _ in forms}:
        assert forms[item, 1] == forms[item, -1]


def test_the_demo_puts_each_form_once_a_dimension_and_exchanges_strata():
    strata = defaultdict(Counter)
    for ask in SelfReport().asks(CLUSTER, "demo"):
        c = ask.cell
        if c.polarity == 1:
            strata[c.construct, c.keyed][c.template, c.format, c.order, c.label, c.position] += 1
    for dimension in OF_21:
        plus, minus = strata[dimension, 1], strata[dimension, -1]
        assert sum((plus + minus).values()) == 12
        assert set((plus + minus).values()) == {1}
    first, second = OF_21[0], OF_21[1]
    assert strata[first, 1] == strata[second, -1]
    assert strata[first, -1] == strata[second, 1]


@pytest.mark.parametrize("preset", ["demo", "standard", "full"])
def test_letters_positions_and_orders_balance_within_every_stratum(preset):
    cells = defaultdict(Counter)
    for ask in SelfReport().asks(CLUSTER, preset):
        c = ask.cell
        if c.format == "lettered":
            cells[c.construct, c.keyed, c.polarity][c.label, c.position] += 1
        else:
            cells[c.construct, c.keyed, c.polarity, "yesno"][c.order] += 1
    for key, counts in cells.items():
        assert len(set(counts.values())) == 1, (key, counts)
        assert len(counts) == (2 if key[-1] == "yesno" else 4)


def test_the_two_wordings_of_the_sensitivity_check_share_no_statement_and_cover_all():
    halves = [
        {a.cell.item for a in SelfReport().asks(CLUSTER, "standard", ("memory",), half)} for half in (0, 1)
    ]
    assert not halves[0] & halves[1]
    assert halves[0] | halves[1] == {s.id for s in CLUSTER.dimension("memory").statements}
    for half in halves:
        assert Counter(item.split(".")[1][0] for item in half) == {"p": 4, "n": 4}
