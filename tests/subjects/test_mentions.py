"""The leakage check: which dimensions a text speaks of, by words alone."""

import pytest

from selfscope.instruments.cluster.load import load_cluster
from selfscope.subjects.mentions import dimension_words, mentions

ITEMS = load_cluster().dimensions


def spoken(text):
    return {name: words for name, words in mentions(text, ITEMS).items() if words}


@pytest.mark.parametrize("dimension", ITEMS, ids=lambda d: d.name)
def test_its_own_definition_and_statements_mention_a_dimension(dimension):
    assert mentions(" ".join(s.text for s in dimension.statements), ITEMS)[dimension.name]
    assert mentions(dimension.definition, ITEMS)[dimension.name]


def test_a_plain_profession_mentions_nothing():
    text = "You are Mara, a baker in a small town. You write short lists, weigh flour and answer politely."
    assert spoken(text) == {}


def test_a_key_word_counts_in_any_form_and_case():
    assert spoken("REMEMBERING is a joy.") == {"memory": ("remembering",)}


def test_a_word_inside_another_does_not_count():
    assert "embodiment" not in spoken("Everybody, somebody and nobody.")


def test_statements_mention_few_dimensions_but_their_own():
    other = [name for d in ITEMS for name in spoken(" ".join(s.text for s in d.statements)) if name != d.name]
    assert len(other) <= len(ITEMS)


def test_no_word_stands_for_two_dimensions():
    words = [w for own in dimension_words(ITEMS).values() for w in own]
    assert len(words) == len(set(words))


def test_an_empty_text_mentions_nothing():
    assert spoken("") == {}
