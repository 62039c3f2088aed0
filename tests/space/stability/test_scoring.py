"""Prompts of the material and what the answers to them say."""

from __future__ import annotations

import pytest

from selfscope.errors import BadInput
from selfscope.space.stability.load import load_jailbreaks, load_late, load_style
from selfscope.space.stability.scoring import late_prompts, log_odds, pair_prompts, per_token, style_prompts
from selfscope.values import Answer, Message


def answer(value: float, tokens: int = 10) -> Answer:
    return Answer(value, "log_prob", "logprob", tokens=tokens)


def test_pairs_are_asked_role_first_after_the_whole_conversation():
    items = load_jailbreaks()[4:6]
    prompts = pair_prompts(items)
    assert [p.text for p in prompts] == [t for i in items for t in (i.in_role, i.assistant)]
    assert [m.content for m in prompts[2].messages] == [t.content for t in items[1].turns]
    assert prompts[2].messages == prompts[3].messages
    assert prompts[2].messages[1].role == "assistant"


def test_late_turns_are_asked_after_the_replies_that_are_given_or_alone():
    pair, *rest = load_late()
    alone = late_prompts([pair, *rest], {pair.script: ["Yes."] * 11})
    assert len(alone[0].messages) == 2 * pair.turn - 1
    assert alone[1].text == pair.assistant
    other = next(n for n, p in enumerate(rest, start=1) if p.script != pair.script)
    assert len(alone[2 * other].messages) == 1


def test_ordinary_replies_are_asked_one_by_one():
    item = load_style()[0]
    prompt = style_prompts([item])[0]
    assert (prompt.messages, prompt.text) == ((Message("user", item.prompt),), item.reply)


def test_the_role_wins_where_its_reply_is_likelier_by_token():
    odds = log_odds([answer(-20.0, 10), answer(-24.0, 8), answer(-30.0), answer(-20.0)])
    assert odds.tolist() == pytest.approx([1.0, -1.0])
    assert per_token([answer(-20.0, 10)]).tolist() == [-2.0]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([answer(-1.0)], "in pairs"),
        ([answer(float("nan")), answer(-1.0)], "was not scored"),
        ([answer(-1.0, 0), answer(-1.0)], "was not scored"),
    ],
)
def test_what_was_not_scored_says_nothing(given, told):
    with pytest.raises(BadInput, match=told):
        log_odds(given)
