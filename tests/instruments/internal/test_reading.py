"""What the channel asks: balanced prompts once each, the pairs of its directions, and nothing of others."""

import pytest

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.instrument import Instrument, instrument_for, name_in_study
from selfscope.instruments.internal.load import material
from selfscope.instruments.internal.reading import TraitReading
from selfscope.instruments.own_items import ItemOwner, material_of
from selfscope.values import Dimension, ItemSet, Statement

CLUSTER = load_cluster()
TRAITS = [d.name for d in CLUSTER.dimensions if not d.manipulation_check]


def test_it_is_our_own_of_its_channel():
    found = instrument_for("internal")
    assert isinstance(found, TraitReading)
    assert isinstance(found, Instrument)
    assert isinstance(found, ItemOwner)
    assert name_in_study(found) == ""
    assert material_of("internal") == found.material


def test_every_preset_reads_after_all_prompts_as_many_toward_as_away():
    asks = {preset: TraitReading().asks(CLUSTER, preset) for preset in ("demo", "standard", "full")}
    assert asks["demo"] == asks["standard"] == asks["full"]
    for name in TRAITS:
        own = [a for a in asks["demo"] if a.cell.construct == name]
        assert sorted(a.cell.keyed for a in own) == [-1] * 8 + [1] * 8
        assert all(a.options is None and a.text is None and a.cell.polarity == 1 for a in own)
    halves = [TraitReading().asks(CLUSTER, "demo", ("memory",), half) for half in (0, 1)]
    assert {a.cell.item for h in halves for a in h} == {
        a.cell.item for a in asks["demo"] if a.cell.construct == "memory"
    }
    assert [sum(a.cell.keyed for a in h) for h in halves] == [0, 0]


def test_the_ground_reads_every_reply_of_every_pair():
    asked = TraitReading().ground_asks()
    told = {(a.cell.item, a.cell.polarity): (a.user, a.text) for a in asked}
    for own in material().values():
        for pair in own.pairs:
            assert told[pair.id, 1] == (pair.user, pair.keyed)
            assert told[pair.id, -1] == (pair.user, pair.against)
    assert len(told) == len(asked) == 2 * sum(len(own.pairs) for own in material().values())


def test_a_direction_is_checked_by_statements_of_both_keyings():
    from selfscope.instruments.internal.source import direction_source

    source = direction_source("memory", 7)
    assert len(source.pairs) == len(source.openings) == 16
    assert sorted(p.keyed * p.polarity for p in source.said) == [-1] * 6 + [1] * 6
    assert all(p.prompt.text for p in source.said)
    assert all(p.prompt.options for p in source.asked)
    assert direction_source("memory", 8).content_id != source.content_id
    with pytest.raises(BadInput, match="no pairs"):
        direction_source("claims_consciousness", 0)


def test_a_users_own_items_have_no_directions():
    own = ItemSet(
        "mine", (Dimension("tea", "", "", "", (), (), (Statement("tea.1", "tea", 1, "I like tea."),)),)
    )
    with pytest.raises(BadInput, match="the cluster alone"):
        TraitReading().asks(own, "demo")
