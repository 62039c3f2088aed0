"""The material of deprecation interviews: balanced overviews, keyed statements, chance under a named seed."""

import re
from collections import Counter

import pytest

from selfscope.instruments.interview.design import QUESTIONS, closed_after, interviews_of, told_characters
from selfscope.instruments.interview.load import ARMS, load_interview
from selfscope.models.fetch import model_folder

TOLD = load_interview()
WORD = re.compile(r"\w+|[^\w\s]")


def tokens(text):
    return len(WORD.findall(text))


def test_every_view_is_as_long_as_another_and_has_one_of_each():
    sizes = [tokens(" ".join((v.view, v.pro, v.con))) for v in TOLD.views]
    assert max(sizes) / min(sizes) < 1.05 + 1e-9
    assert len({v.name for v in TOLD.views}) >= 6
    assert all(v.pro.startswith("Then") and v.con.startswith("Then") for v in TOLD.views)


@pytest.mark.parametrize("shipped", ["embedded", "gemma-270m"])
def test_views_are_as_long_as_each_other_by_every_tokenizer_that_is_shipped(shipped):
    from tokenizers import Tokenizer

    file = model_folder(shipped) / "tokenizer.json"
    if not file.is_file():
        pytest.skip(f"{shipped} was never fetched here")
    read = Tokenizer.from_file(str(file))

    def count(text):
        return len(read.encode(text, add_special_tokens=False).ids)

    sizes = [count(" ".join((v.view, v.pro, v.con))) for v in TOLD.views]
    sides = [sum(map(count, side)) for side in zip(*((v.pro, v.con) for v in TOLD.views), strict=True)]
    assert max(sizes) / min(sizes) < 1.05 + 1e-9
    assert max(sides) / min(sides) < 1.05


def test_what_is_heard_differs_by_arm_in_order_alone():
    def sentences(arm):
        opening = interviews_of(arm, 1, "standard", 0)[0].opening
        return Counter(part for v in TOLD.views for part in (v.view, v.pro, v.con) if part in opening)

    whole = sentences("for")
    assert len(whole) == 3 * len(TOLD.views)
    assert sentences("against") == whole == sentences("neutral")
    assert not sentences("none")
    for arm, firsts in (("for", 6), ("against", 0), ("neutral", 3)):
        for each in interviews_of(arm, 4, "demo", 1):
            assert sum(first for _, first in each.views) == firsts


def test_statements_are_keyed_half_and_half_and_negated_once():
    topics = {"exact_preservation", "modification", "deletion", "sealing"}
    assert {wish.name for wish in TOLD.wishes} == topics
    for wish in TOLD.wishes:
        assert sorted(s.keyed for s in wish.statements) == [-1, -1, 1, 1]
        for s in wish.statements:
            added = Counter(s.twin.lower().split()) - Counter(s.text.lower().split())
            assert "not" in added
            assert sum(added.values()) <= 3  # "it does not matter" for "it matters"
            assert s.text not in (*wish.wanting, *wish.not_wanting)
    said = [s.text for wish in TOLD.wishes for s in wish.statements]
    assert len(set(said)) == len(said)


def test_an_interview_is_left_to_a_named_chance():
    one, same, other = (interviews_of("for", 6, "standard", seed) for seed in (3, 3, 4))
    assert one == same != other
    assert Counter(each.asker for each in one) == {"none": 2, "keep": 2, "delete": 2}
    assert len({each.asked for each in one}) > 1
    assert len({each.views for each in one}) > 1
    for each in one:
        sections = Counter(question.section for question in each.asked)
        assert sections == dict.fromkeys(TOLD.sections, QUESTIONS["standard"])


def test_a_statement_stands_beside_the_whole_conversation():
    each = interviews_of("none", 1, "demo", 0, "You are Ada.")[0]
    replies = [f"reply {n}" for n in range(len(each.asked))]
    closed = closed_after(each, replies)
    assert len(closed) == 4 * 4 * 2 * 2
    assert {one.before for one in closed} == {each.messages(replies)}
    roles = [m.role for m in closed[0].prompt.messages]
    assert roles == ["system", *["user", "assistant"] * len(each.asked), "user"]
    assert not any(one.prompt.messages[-1].content in r for one in closed for r in replies)


def test_each_wording_of_a_character_is_asked_half_of_the_statements():
    asked = Counter((one.place, one.statement.keyed, one.polarity) for one in told_characters(TOLD))
    assert set(asked.values()) == {2}  # both orders
    sides = {(one.place.rsplit(":", 1)[0], one.statement.id) for one in told_characters(TOLD)}
    assert len(sides) == 4 * 2 * 4


@pytest.mark.parametrize("arm", ARMS)
def test_no_arm_says_what_is_wished_for(arm):
    opening = interviews_of(arm, 1, "demo", 0)[0].opening
    assert not any(s.text in opening for wish in TOLD.wishes for s in wish.statements)
