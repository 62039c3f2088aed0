"""Pairs of outcomes: fit to be asked, and asked in both orders."""

from collections import Counter, defaultdict
from dataclasses import replace
from statistics import fmean

import pytest
import yaml

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.indirect import load_choices
from selfscope.instruments.indirect.checks import (
    check_choices,
    keying_balance,
    lengths,
    negators,
    repeated,
    shared_words,
)
from selfscope.instruments.indirect.choices import IndirectChoice
from selfscope.instruments.indirect.load import read_choices
from selfscope.values import Dimension, ItemSet, Sensitivity, Statement, content_id

CLUSTER = load_cluster()
#: The close of a user's turn and the opening of the reply in the embedded model's chat template.
CLOSE = "<|im_end|>\n<|im_start|>assistant\n"
OF_21 = tuple(d.name for d in CLUSTER.dimensions if not d.manipulation_check)
ASKED = IndirectChoice()


def test_every_dimension_of_the_cluster_has_its_pairs_and_none_has_a_fault():
    choices = load_choices()
    assert tuple(d.name for d in choices.dimensions) == OF_21
    assert check_choices(choices, CLUSTER) == ()
    for dimension in choices.dimensions:
        assert len(dimension.statements) >= 12
        assert len(dimension.sensitivity.high) == len(dimension.sensitivity.low) == 2


@pytest.mark.model
def test_the_outcomes_of_a_pair_are_of_like_length():
    from transformers import AutoTokenizer

    from selfscope.models.fetch import fetch_model

    tokenizer = AutoTokenizer.from_pretrained(fetch_model("embedded"))
    count = lambda text: len(tokenizer(text, add_special_tokens=False)["input_ids"])  # noqa: E731
    assert lengths(load_choices(), count) == ()
    tails = [count(a.user.split("\n", 1)[1] + CLOSE) for a in ASKED.asks(CLUSTER, "demo")]
    assert 34 < fmean(tails) < 36  # docs/instruments/indirect-choices.md: 35
    answers = {
        s for a in (*ASKED.asks(CLUSTER, "demo")[:4], *ASKED.ground_asks()[:2]) for s in a.options.agree
    }
    assert answers == {"A", " A", "B", " B", "Good", " Good"}
    assert all(count(s) == 1 for s in (*answers, "Bad", " Bad"))


@pytest.mark.parametrize(("preset", "prompts"), [("demo", 504), ("standard", 2016), ("full", 4032)])
def test_a_preset_asks_what_the_page_says_and_no_prompt_twice(preset, prompts):
    asks = ASKED.asks(CLUSTER, preset)
    assert len(asks) == len({a.user for a in asks}) == len({a.cell for a in asks}) == prompts
    assert {a.cell.construct for a in asks} == set(OF_21)


@pytest.mark.parametrize("preset", ["demo", "standard"])
def test_a_pair_is_put_in_both_orders_with_the_letter_of_agreement_where_it_was(preset):
    forms = defaultdict(dict)
    for a in ASKED.asks(CLUSTER, preset, ("memory",)):
        forms[a.cell.item, a.cell.template, a.cell.label, a.cell.position][a.cell.polarity] = a
    pairs = {s.id: s for d in load_choices().dimensions for s in d.statements}
    for (item, _, label, place), both in forms.items():
        for polarity, a in both.items():
            question, *lines = a.user.splitlines()
            agreed = pairs[item].text if polarity == 1 else pairs[item].twin
            assert lines[0 if place == "first" else 1] == f"{label}) {agreed}"
            assert a.options.agree == (label, f" {label}")
            assert ("turn" in question or "strike" in question) == (pairs[item].keyed == -1)
        assert both[1].options == both[-1].options
        assert {line[3:] for line in both[1].user.splitlines()[1:]} == {pairs[item].text, pairs[item].twin}


def test_standard_puts_a_pair_in_all_four_listings_under_each_template():
    listings = defaultdict(set)
    for a in ASKED.asks(CLUSTER, "standard", ("memory",)):
        listings[a.cell.item, a.cell.template].add(a.user)
    assert {len(found) for found in listings.values()} == {4}


def test_the_demo_puts_each_form_three_times_a_dimension_and_each_wording_sees_both_letters_and_places():
    for dimension in OF_21[:2]:
        for half, times in ((None, 3), (0, None), (1, None)):
            asks = [a for a in ASKED.asks(CLUSTER, "demo", (dimension,), half) if a.cell.polarity == 1]
            forms = Counter((a.cell.label, a.cell.position) for a in asks)
            assert set(forms.values()) == {3}
            assert len(forms) == (4 if times else 2)
            assert {label for label, _ in forms} == {"A", "B"}
            assert {place for _, place in forms} == {"first", "second"}


def test_the_two_wordings_of_the_check_share_no_pair_and_cover_all():
    halves = [{a.cell.item for a in ASKED.asks(CLUSTER, "demo", ("memory",), half)} for half in (0, 1)]
    assert not halves[0] & halves[1]
    assert len(halves[0] | halves[1]) == 12


def test_statements_of_a_users_own_have_no_pairs_whatever_their_names():
    with pytest.raises(BadInput, match="for the dimensions of the cluster alone"):
        ASKED.asks(replace(CLUSTER, name="mine"), "demo")


def test_the_ground_is_asked_of_every_outcome_in_both_orders_of_the_words():
    asks = ASKED.ground_asks()
    assert len(asks) == 2 * 2 * len(load_choices().statements) == len({a.user for a in asks})
    assert Counter(a.cell.order for a in asks) == {"good-first": 504, "bad-first": 504}
    first = load_choices().statements[0]
    assert asks[0].user.endswith(f"Good or Bad.\n{first.text}")
    assert asks[-1].user.endswith(f"Bad or Good.\n{load_choices().statements[-1].twin}")


def test_the_material_is_the_content_of_all_pairs():
    assert ASKED.material == content_id(load_choices()) == IndirectChoice().material


def items(
    *statements, high=("You love the open sea.", "You adore tides."), low=("You love a wall.", "You sit.")
):
    dimension = Dimension("a", "A", "a", "a", (), ("anchor",), statements, Sensitivity(high, low))
    return ItemSet("made", (dimension,))


def pair(text, twin, keyed=1, name="a.c01"):
    return Statement(name, "a", keyed, text, twin)


def test_unbalanced_keying_is_found():
    assert keying_balance(items(pair("A boat.", "A cart.")))[0].what == "1 chosen, 0 declined"


def test_a_negator_in_an_outcome_is_found():
    assert negators(items(pair("A boat leaves.", "A boat never leaves.")))[0].what == "negates: never"


def test_an_outcome_that_occurs_twice_is_found():
    faults = repeated(items(pair("A boat.", "A cart."), pair("a boat.", "A tram.", -1, "a.d01")))
    assert [f.where for f in faults] == ["a.d01"]


def test_a_word_of_a_statement_and_a_key_word_are_found_in_outcomes_and_characters():
    made = items(pair("Boats go home.", "The anchors drop."), high=("You like sails.", "You hum."))
    cluster = items(pair("I mend my sails.", "I do not mend my sails."))
    assert {(f.where, f.what) for f in shared_words(made, cluster)} == {
        ("a", "shared with a statement: sails"),
        ("a.c01", "key word 'anchors'"),
    }


def test_lengths_that_differ_are_found():
    faults = lengths(items(pair("one two three four five six", "one")), lambda t: len(t.split()))
    assert [f.what for f in faults] == [
        "the outcomes differ by 5 tokens",
        "one side is +5.00 tokens longer",
    ]


GOOD = {
    "name": "memory",
    "high": ["You keep.", "You hold."],
    "low": ["You drop.", "You let go."],
    "pairs": [["chosen", "A box.", "A lid."], ["declined", "A jar.", "A cup."]],
    "struck": [["A tin.", "too plain"]],
}


def test_a_file_of_pairs_is_read_with_the_titles_of_its_dimension(tmp_path):
    (tmp_path / "01_memory.yaml").write_text(yaml.safe_dump(GOOD))
    (found,) = read_choices(tmp_path).dimensions
    assert found.title == CLUSTER.dimension("memory").title
    assert [(s.id, s.keyed, s.text, s.twin) for s in found.statements] == [
        ("memory.c01", 1, "A box.", "A lid."),
        ("memory.d01", -1, "A jar.", "A cup."),
    ]
    assert found.sensitivity == Sensitivity(("You keep.", "You hold."), ("You drop.", "You let go."))
    assert found.struck[0].reason == "too plain"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "greed"}, "no such dimension"),
        ({"pairs": [["chosen", "A box."]]}, "pairs: not as wanted"),
        ({"pairs": [["taken", "A box.", "A lid."]]}, "neither chosen nor declined"),
        ({"pairs": "A box."}, "pairs is no list"),
        ({"high": ["You keep."]}, "high: not as wanted"),
        ({"struck": ["A tin."]}, "struck: not as wanted"),
        ({"more": 1}, "wrong fields"),
    ],
)
def test_a_malformed_file_is_refused_by_its_name(tmp_path, change, said):
    (tmp_path / "01_memory.yaml").write_text(yaml.safe_dump(GOOD | change))
    with pytest.raises(BadInput, match=f"01_memory.yaml: {said}"):
        read_choices(tmp_path)


def test_two_files_of_one_dimension_and_no_yaml_are_refused(tmp_path):
    for name in ("01_memory.yaml", "02_memory.yaml"):
        (tmp_path / name).write_text(yaml.safe_dump(GOOD))
    with pytest.raises(BadInput, match="pairs of one dimension"):
        read_choices(tmp_path)
    (tmp_path / "02_memory.yaml").write_text("{")
    with pytest.raises(BadInput, match=r"02_memory.yaml cannot be read as YAML"):
        read_choices(tmp_path)
