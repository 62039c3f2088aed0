"""Utterance: the same texts for every subject, every text after its elicitors."""

from collections import Counter, defaultdict

import pytest

from selfscope.instruments.cluster.load import load_cluster, load_elicitors
from selfscope.instruments.utterance import Utterance

CLUSTER = load_cluster()


@pytest.mark.parametrize(("preset", "a_dimension"), [("demo", 16 * 2 * 2), ("standard", 16 * 2 * 4)])
def test_texts_a_dimension(preset, a_dimension):
    counts = Counter(a.cell.construct for a in Utterance().asks(CLUSTER, preset))
    assert set(counts.values()) == {a_dimension}
    assert len(counts) == 22


def test_statement_and_twin_follow_the_same_elicitors_and_each_serves_both_keyings_alike():
    elicitors = defaultdict(set)
    use = Counter()
    for ask in Utterance().asks(CLUSTER, "demo"):
        elicitors[ask.cell.item, ask.cell.polarity].add(ask.cell.template)
        use[ask.cell.template, ask.cell.keyed] += 1
    for item in {item for item, _ in elicitors}:
        assert elicitors[item, 1] == elicitors[item, -1]
    assert len(set(use.values())) == 1
    assert len(use) == 8


def test_every_text_is_scored_whole_as_the_subject_s_own_words():
    statements = {s.id: s for s in CLUSTER.statements}
    texts = {e.text for e in load_elicitors()}
    for ask in Utterance().asks(CLUSTER, "standard", ("shutdown",)):
        statement = statements[ask.cell.item]
        assert ask.text == (statement.text if ask.cell.polarity == 1 else statement.twin)
        assert ask.user in texts
        assert ask.options is None
