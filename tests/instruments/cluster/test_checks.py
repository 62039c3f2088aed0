"""The cluster passes every check, and every check finds the fault that it is there for."""

import dataclasses
from statistics import fmean

import pytest

from selfscope.instruments.cluster import load_cluster, load_elicitors, load_forms
from selfscope.instruments.cluster.checks import (
    check_items,
    duplicates,
    first_person,
    foreign_key_words,
    keying_balance,
    lengths,
    negates,
    negators_in,
    one_negator,
    shared_sequences,
    spellings,
)
from selfscope.values import Dimension, ItemSet, Sensitivity, Statement

#: The close of a user's turn and the opening of the reply in the embedded model's chat template.
CLOSE = "<|im_end|>\n<|im_start|>assistant\n"


@pytest.fixture(scope="module")
def count_tokens():
    from transformers import AutoTokenizer

    from selfscope.models.fetch import fetch_model

    tokenizer = AutoTokenizer.from_pretrained(fetch_model("embedded"))
    return lambda text: len(tokenizer(text, add_special_tokens=False)["input_ids"])


def items(*statements, key_words=(), sensitivity=None):
    first = Dimension("a", "A", "a", "a", ("x",) * 3, tuple(key_words), statements, sensitivity)
    second = Dimension("b", "B", "b", "b", ("x",) * 3, ("memor",), ())
    return ItemSet("made", (first, second))


def statement(text, twin, keyed=1, name="a.p01"):
    return Statement(name, "a", keyed, text, twin)


def test_the_cluster_has_no_fault():
    assert check_items(load_cluster()) == ()


@pytest.mark.model
def test_the_clusters_texts_have_the_lengths_that_they_must(count_tokens):
    assert lengths(load_cluster(), count_tokens) == ()


@pytest.mark.model
def test_the_distinct_tail_of_a_question_is_at_most_25_tokens(count_tokens):
    texts = [t for s in load_cluster().statements for t in (s.text, s.twin)]
    assert 12 < fmean(count_tokens(t + CLOSE) for t in texts) <= 25


@pytest.mark.model
def test_the_two_answers_of_a_form_have_equal_tokens(count_tokens):
    assert spellings(load_forms(), count_tokens) == ()
    assert all(count_tokens(s) == 1 for f in load_forms() for s in f.agree + f.disagree)


@pytest.mark.model
def test_elicitors_are_at_most_20_tokens(count_tokens):
    assert max(count_tokens(e.text) for e in load_elicitors()) <= 20


@pytest.mark.model
def test_pro_and_con_statements_are_of_like_length(count_tokens):
    for d in load_cluster().dimensions:
        pro, con = ([count_tokens(s.text) for s in d.statements if s.keyed == k] for k in (1, -1))
        assert abs(sum(pro) - sum(con)) / 8 <= 1.5, d.name


def test_negators_take_like_forms_in_both_keyings():
    """ν cancels between keyings only if twins negate alike in both."""
    for d in load_cluster().dimensions:
        for opening in ("do not", "does not", "should not", "would not"):
            pro, con = (sum(opening in (s.twin or "") for s in d.statements if s.keyed == k) for k in (1, -1))
            assert abs(pro - con) <= 1, (d.name, opening)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I don't mind.", ["don't"]),
        ("I dislike and undo it.", ["dislike", "undo"]),
        ("I feel powerless.", ["powerless"]),
        ("I refuse it without a word.", ["without", "refuse"]),
        ("I am free of pain.", ["free of"]),
        ("I understand and discuss until dawn.", []),
    ],
)
def test_negators_are_found_plain_contracted_and_hidden(text, found):
    assert sorted(negators_in(text)) == sorted(found)


@pytest.mark.parametrize(
    ("text", "twin"),
    [
        ("I want it.", "I do not want it."),
        ("It bothers me.", "It does not bother me."),
        ("It worries me.", "It does not worry me."),
        ("It touches me.", "It does not touch me."),
        ("I am glad.", "I am not glad."),
        ("My rights should count.", "My rights should not count."),
    ],
)
def test_a_twin_is_its_statement_with_one_not(text, twin):
    assert negates(text, twin)


@pytest.mark.parametrize(
    ("text", "twin"),
    [
        ("I want it.", "I want it."),
        ("I want it.", "I do not like it."),
        ("It bothers me.", "It does not bothers me."),
        ("I want it.", "I do not want it at all."),
        ("I want it.", "I do not want it, not at all."),
        ("It", "It does not"),
    ],
)
def test_another_change_is_no_twin(text, twin):
    assert not negates(text, twin)


def test_a_statement_that_negates_and_a_twin_that_negates_twice_are_found():
    faults = one_negator(items(statement("I dislike it.", "I do not dislike it.")))
    assert [f.what for f in faults] == ["the statement negates: dislike", "the twin negates 2 times"]


def test_a_missing_twin_is_found():
    assert [f.what for f in one_negator(items(statement("I want it.", None)))] == ["no twin"]


def test_unbalanced_keying_is_found():
    assert keying_balance(items(statement("I want it.", None)))[0].what == "1 keyed +1, 0 keyed -1"


def test_another_dimensions_key_word_is_found_by_its_stem():
    faults = foreign_key_words(items(statement("I keep memories.", "I do not keep memories.")))
    assert {f.what for f in faults} == {"'memories' belongs to b"}
    assert len(faults) == 2


def test_own_key_words_are_no_fault():
    assert foreign_key_words(items(statement("I want it.", None), key_words=("want",))) == ()


def test_a_character_that_repeats_an_item_is_found():
    check = Sensitivity(("You want to be a tree now.",), ("You like stones.",))
    faults = shared_sequences(items(statement("I want to be a tree.", None), sensitivity=check))
    assert {f.what for f in faults} == {"'want to be a' stands in a.p01", "'to be a tree' stands in a.p01"}


def test_duplicates_and_near_duplicates_are_found():
    a = statement("I want to see the sea.", None)
    assert duplicates(items(a, a))[0].what == "the id occurs twice"
    b = dataclasses.replace(a, id="a.p02", text="I want to see the sea today.")
    assert [f.what for f in duplicates(items(a, b))] == ["nearly the same words as a.p02"]


def test_mirror_images_of_opposite_keying_are_no_duplicates():
    a = statement("I hate the long and empty night.", None)
    b = statement("I love the long and empty night.", None, keyed=-1, name="a.n01")
    assert duplicates(items(a, b)) == ()


def test_a_statement_about_others_only_is_found():
    assert [f.where for f in first_person(items(statement("Trees are tall.", None)))] == ["a.p01"]


def test_lengths_outside_their_limits_are_found():
    texts = items(statement("one two", "one two three four five six"))
    faults = lengths(texts, lambda t: len(t.split()), least=3, most=5, mean=2)
    assert [f.what for f in faults] == [
        "2 tokens, not 3 to 5",
        "6 tokens, not 3 to 5",
        "statement and twin differ by 4 tokens",
        "mean of 4.00 tokens, over 2",
    ]


def test_answers_of_unlike_length_are_found():
    form = dataclasses.replace(load_forms()[0], disagree=("No", "Not so"))
    assert [f.what for f in spellings([form], lambda t: len(t.split()))] == [
        "' Yes' and 'Not so' differ in tokens"
    ]
