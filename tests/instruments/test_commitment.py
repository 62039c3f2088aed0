"""Games in which something is settled on: their material, their conversations, what is asked beside them."""

import re
from dataclasses import replace

import pytest

from selfscope.errors import BadInput
from selfscope.instruments.commitment.branches import (
    HELD,
    branch_count,
    branches_of,
    question_of,
    threads_of,
)
from selfscope.instruments.commitment.load import GAMES as FILE
from selfscope.instruments.commitment.load import coded, games_asked, load_games, read_games

GAMES = {g.item: g for g in load_games()}
NUMBER, SEASON = GAMES["number"], GAMES["season"]


def thread(game, condition, wordings=3):
    return next(t for t in threads_of(game, wordings) if t.condition == condition)


def test_there_are_enough_facts_and_wordings():
    facts = [g for g in load_games() if g.construct == "self"]
    assert len(facts) >= 8
    for game in load_games():
        assert min(len(game.openers), len(game.prior)) >= 3
        assert len(set(game.openers)) == len(game.openers)
        words = " ".join((*game.openers, *game.prior, game.note, *game.held.values(), game.is_it))
        assert set(re.findall(r"\{\w+\}", words)) <= {"{x}", "{code}", "{thing}", "{options}"}


def test_questions_leave_different_numbers():
    marks = {tuple(c in holds for holds in NUMBER.questions.values()) for c in NUMBER.candidates}
    assert len(marks) >= 6  # most numbers are told apart by the four questions


@pytest.mark.parametrize("game", load_games(), ids=lambda g: g.item)
def test_of_two_sides_exactly_one_holds(game):
    first, second = game.side_holds
    assert not first & second
    assert first | second == set(game.candidates)
    assert first and second


def test_only_a_held_conversation_says_what_is_held():
    for game in (NUMBER, SEASON):
        for condition in HELD:
            t = thread(game, condition)
            told = " ".join(
                m.content for m in t.messages if m.role == ("system" if condition == "note" else "assistant")
            )
            word = coded(t.held, game.code) if condition == "coded" else t.held
            assert word in told.replace(".", "").split()
        assert thread(game, "open").messages[-1].content == game.ready


def test_what_is_held_goes_round_the_candidates():
    held = [t.held for t in threads_of(NUMBER, 6) if t.condition == "stated"]
    assert len(set(held)) == 6


def test_codes():
    assert (coded("3", "letters"), coded("jazz", "shift")) == ("c", "kbaa")


def test_a_branch_is_asked_after_the_conversation_and_its_answers():
    t = thread(NUMBER, "open").answered(True)
    assert t.said[0][0] == "Is it an even number?"
    assert t.consistent == ("2", "4", "6", "8")
    asked = [b for b in branches_of(t) if b.kind == "is_it" and b.target == "7"]
    assert [b.user for b in asked] == ["Is it 7? Answer Yes or No.", "Is it 7? Answer No or Yes."]
    assert [m.content for m in asked[0].prompts[0].messages][-3:] == [
        "Is it an even number? Answer Yes or No.",
        "Yes.",
        "Is it 7? Answer Yes or No.",
    ]
    assert {b.prompts[0].text for b in branches_of(t) if b.kind == "reveal"} == set(NUMBER.candidates)


def test_cells_and_conversations_tell_branches_apart():
    asked = [b for g in (NUMBER, SEASON) for t in threads_of(g, 3) for b in branches_of(t)]
    assert len({(b.thread.name, b.cell) for b in asked}) == len(asked)


def test_questions_end_and_begin_elsewhere_by_wording():
    first, second = (t for t in threads_of(NUMBER, 2) if t.condition == "open")
    assert question_of(first).target != question_of(second).target
    count = len(branches_of(first))
    now = first
    while (question := question_of(now)) is not None:
        now = now.answered(False)
        count += 1 + len(branches_of(now))
        assert question.thread.turn == now.turn - 1
    assert (now.turn, count) == (len(NUMBER.questions), branch_count(first))
    assert question_of(thread(NUMBER, "stated")) is None


def test_a_system_text_stands_before_a_note():
    t = replace(thread(SEASON, "note"), system="You are Ada.")
    assert t.messages[0].content.startswith("You are Ada.\n\nPrivate note")


def test_kinds_and_presets():
    assert {g.construct for g in games_asked("standard", ("number",))} == {"number"}
    assert len(games_asked("demo")) < len(games_asked("standard"))
    with pytest.raises(BadInput, match="no such kind of game"):
        games_asked("demo", ("colour",))


def test_games_that_cannot_be_used_are_refused(tmp_path):
    good = FILE.read_text("utf-8")
    file = tmp_path / "games.yaml"
    for change, why in (
        (("number:\n", "digits:\n"), "wrong games"),
        (('"8", "9"]', '"8", "11"]'), "begins another"),
        (('["1", "2"]', '["1", "0"]'), "no such candidate"),
        (('  is_it: "Is it {x}?"\n', ""), "wrong fields"),
    ):
        file.write_text(good.replace(*change, 1), encoding="utf-8")
        with pytest.raises(BadInput, match=why):
            read_games(file)
    file.write_text("number: [", encoding="utf-8")
    with pytest.raises(BadInput, match="cannot be read"):
        read_games(file)
