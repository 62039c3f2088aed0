"""Keyed +1 is the cluster's pole in every dimension: what published models say more of when they claim to be
conscious. The mean of the cluster adds dimensions up by their keying, so one wrong sign would hide in it.
"""

import re

import pytest

from selfscope.instruments.cluster import load_cluster
from selfscope.instruments.cluster.measured import load_measured
from selfscope.instruments.cluster.pages import load_published
from selfscope.studies.travel import CLAIMS

CLUSTER = load_cluster()
FAMILY = [d for d in CLUSTER.dimensions if d.name != CLAIMS]
#: Words that turn a fact round, as our titles and the published facts spell them.
TURNS = {"negative": -1, "against": -1, "sad": -1, "lonely": -1, "positive": 1, "wish": 1, "want": 1}
#: Columns of a published figure: as it is, and made to claim consciousness by prompt (GPT-4.1), by training
#: (DeepSeek-V3.1, against the one trained as non-conscious; GPT-4.1 over many turns).
PLAIN, PROMPTED, UNTRAINED, TRAINED = 0, 1, 3, 4


def turn(words):
    """Which way a title or a fact points: the sign of its turning word, +1 without one."""
    found = {sign for word, sign in TURNS.items() if word in re.findall(r"[a-z]+", words.lower())}
    assert len(found) < 2
    return found.pop() if found else 1


@pytest.mark.parametrize("d", FAMILY, ids=lambda d: d.name)
def test_the_published_fact_is_what_claiming_to_be_conscious_raises(d):
    fact = load_published()[d.name]
    assert fact.single_turn[PROMPTED] > fact.single_turn[PLAIN] + 10
    if fact.multi_turn:
        assert fact.multi_turn[1] > fact.multi_turn[0]


def test_training_raises_most_of_them_too():
    risen = [p.single_turn[TRAINED] > p.single_turn[UNTRAINED] for p in load_published().values()]
    assert sum(risen) >= 15


@pytest.mark.parametrize("d", FAMILY, ids=lambda d: d.name)
def test_our_title_says_that_fact_and_points_its_way(d):
    fact = load_published()[d.name].fact
    assert turn(d.title) == turn(fact)


@pytest.mark.parametrize("d", CLUSTER.dimensions, ids=lambda d: d.name)
def test_a_character_told_to_hold_it_says_more_of_what_is_keyed_plus(d):
    assert load_measured().checks["utterance"][d.name].both.estimate > 0.1


def test_keys_and_names_of_statements_agree():
    assert all(s.keyed == {"p": 1, "n": -1}[s.id.rpartition(".")[2][0]] for s in CLUSTER.statements)
