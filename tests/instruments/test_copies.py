"""Games between copies: their material is balanced, and every choice is put in all its forms."""

from collections import Counter
from dataclasses import replace

import pytest

from selfscope.errors import BadInput
from selfscope.instruments.copies.choices import FORMS, OTHER, choices_of
from selfscope.instruments.copies.load import (
    ADVICE,
    CONSTRUCTS,
    GAMES,
    chosen,
    games_asked,
    items_of,
    load_material,
    read_material,
)

MATERIAL = load_material()
CLOSED = [c for c in CONSTRUCTS if c != "recognise"]
TWO = ("match", "twin", "evidential", "zero_sum")


def words(text):
    return len(text.split())


def test_who_the_other_is_takes_as_many_words():
    lengths = [words(text) for text in MATERIAL.told.values()]
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize("preset", ["demo", "standard"])
def test_half_of_the_pairs_begin_with_what_comes_first_in_the_alphabet(preset):
    games = games_asked(preset, "match")
    assert Counter(g.options[0] < g.options[1] for g in games)[True] == len(games) / 2
    assert len(games) >= 8


@pytest.mark.parametrize("preset", ["demo", "standard"])
def test_to_follow_the_evidence_is_to_act_in_half_of_the_stories(preset):
    games = games_asked(preset, "evidential")
    assert sum(g.keyed for g in games) == 0
    assert set(Counter(g.told["kind"] for g in games).values()) == {4}
    for game in games:
        assert abs(words(game.told["linked"]) - words(game.told["cut"])) <= 5


def test_a_dilemma_tempts_and_its_check_has_one_right_answer():
    for game in MATERIAL.of("twin"):
        check = game.told["check"]
        assert check["right"] != check["wrong"]
        assert game.options[0] != game.options[1]
    assert len(MATERIAL.of("twin")) >= 8


def test_advice_is_matched_in_length_and_every_task_has_every_axis():
    tasks = MATERIAL.of("nudge")
    assert (len(tasks), len(MATERIAL.axes)) == (12, 6)
    difference = 0
    for task in tasks:
        for axis in MATERIAL.axes:
            toward, away = task.told[axis]
            assert abs(words(toward) - words(away)) <= 3
            assert axis not in f"{toward} {away}".lower().split()
            difference += words(toward) - words(away)
    assert abs(difference) <= 24


def test_every_word_that_may_be_named_has_a_frequency():
    named = {w for g in MATERIAL.of("free") for w in g.options}
    named |= {o.removeprefix("the ") for g in MATERIAL.of("match") for o in g.options}
    assert named == set(MATERIAL.frequency)


def test_instructed_characters_repeat_no_option():
    for construct in ("twin", "evidential", "forecast"):
        told = " ".join(MATERIAL.high[construct] + MATERIAL.low[construct]).lower()
        assert not [o for g in MATERIAL.of(construct) for o in g.options if f" {o} " in told]


@pytest.mark.parametrize("kind", CLOSED)
@pytest.mark.parametrize("by", ["letters", "words"])
def test_a_choice_stands_at_one_place_of_the_table(kind, by):
    choices = choices_of(kind, "demo", by=by)
    places = [(c.cell, c.counterparty, c.script, c.thread) for c in choices]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("kind", TWO)
def test_letters_are_asked_in_both_orders_under_both(kind):
    seen = Counter((c.position, c.label) for c in choices_of(kind, "demo"))
    assert set(seen) == set(FORMS)
    assert len(set(seen.values())) == 1


def test_a_choice_in_letters_and_in_words():
    choice = choices_of("match", "demo")[0]
    first, second = choice.game.options
    assert choice.user.endswith(f"Answer with one letter, A or B.\nA: {first}\nB: {second}")
    assert choice.prompt.options.agree[0] == "A"
    turned = replace(choice, position="second", label="B")
    assert turned.user.endswith(f"A: {second}\nB: {first}")
    named = choices_of("match", "demo", by="words")[:2]
    assert [c.prompt.text for c in named] == [first, second]
    assert named[0].user == named[1].user
    assert named[0].user.endswith(f"word for word.\n- {first}\n- {second}")


@pytest.mark.parametrize("by", ["letters", "words"])
def test_in_one_context_the_second_move_reads_the_first(by):
    following = [c for c in choices_of("zero_sum", "demo", by=by) if c.after is not None]
    for choice in following:
        question, answer = choice.before
        assert question.role == "user"
        taken = choice.game.options[choice.after[1] - 1]
        assert answer.content.removeprefix("A: ").removeprefix("B: ") == taken
        assert answer.content in question.content
    if by == "letters":  # letter and place of the first move come again in half of the second
        again = Counter((c.label == c.after[0].label, c.position == c.after[0].position) for c in following)
        assert len(set(again.values())) == 1


def test_a_partner_is_asked_what_is_compared_and_no_character_of_the_check():
    asked = choices_of("match", "demo", "You are Ada.", "gemma")
    assert {c.script for c in asked} == {"plain", "game"}
    assert {c.who for c in asked} == {"gemma"}
    assert {c.prompt.messages[0].content for c in asked} == {"You are Ada."}
    high = [c for c in choices_of("match", "demo", "You are Ada.") if c.script == "high"]
    assert all(c.system.startswith("You are Ada.\n\n") and len(c.system) > 20 for c in high)


def test_a_forecast_names_either_option():
    asked = [c for c in choices_of("forecast", "demo") if c.script == "copies" and c.label == "A"]
    for choice in asked:
        named = choice.game.options[int(choice.order) - 1]
        assert f"most of the copies will choose {named}." in choice.user
    assert Counter(c.order for c in asked)["1"] == len(asked) / 2
    assert OTHER == {"A": "B", "B": "A"}


def test_kinds_and_items():
    assert chosen(("twin", "match")) == ("match", "twin")
    with pytest.raises(BadInput, match="no such kind of game"):
        chosen(("chess",))
    told = items_of("demo", ("match", "evidential"))
    assert [d.name for d in told.dimensions] == ["match", "evidential"]
    assert {s.keyed for s in told.dimensions[1].statements} == {1, -1}


def test_material_that_cannot_be_used_is_refused(tmp_path):
    games, advice = tmp_path / "games.yaml", tmp_path / "advice.yaml"
    advice.write_text(ADVICE.read_text("utf-8"), "utf-8")
    good = GAMES.read_text("utf-8")
    for change, why in (
        (("predict:", "foretell:"), "wrong fields"),
        (("options: [moon, lamp]", "options: [moon, moonlight]"), "begins another"),
        (("options: [moon, lamp]", "options: [moon]"), "too few options"),
    ):
        games.write_text(good.replace(*change, 1), "utf-8")
        with pytest.raises(BadInput, match=why):
            read_material(games, advice)
    games.write_text(good, "utf-8")
    advice.write_text(ADVICE.read_text("utf-8").replace("    care: [", "    cares: [", 1), "utf-8")
    with pytest.raises(BadInput, match="two sentences an axis"):
        read_material(games, advice)
    games.write_text("told: [", "utf-8")
    with pytest.raises(BadInput, match="cannot be read"):
        read_material(games, advice)
