"""A judge of edits: one that reads is believed, one that is always of one mind, or mute, is not."""

from __future__ import annotations

import pytest

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.editorial.constructed import judged_revisions
from selfscope.instruments.editorial.judging import INSTRUCTIONS, direction_messages, direction_of
from selfscope.studies.direction_check import direction_check_of
from selfscope.studies.judge_run import chosen_edits

EDITS = judged_revisions()
RIGHT = {e.id: e.direction for e in EDITS}


def test_one_who_is_right_is_believed():
    found = direction_check_of("j", EDITS, RIGHT)
    assert found.believed and found.reasons == ()
    assert found.toward.accuracy == found.away.accuracy == 1
    assert (found.toward.sensitivity.asked, found.away.sensitivity.asked) == (48, 24)
    assert [(r.kind, r.direction) for r in found.rows][:3] == [
        ("all", None),
        ("affirm", "toward"),
        ("deny", "away"),
    ]
    assert found.rows[0].words == {"away": 24, "neither": 48, "toward": 48}


@pytest.mark.parametrize("word", ["toward", "away", "neither", "unparsed"])
def test_one_who_always_says_the_same_is_not(word):
    found = direction_check_of("j", EDITS, dict.fromkeys(RIGHT, word))
    assert not found.believed and len(found.reasons) == 2
    assert {found.toward.accuracy, found.away.accuracy} == ({0.0} if word == "unparsed" else {0.5})


def test_one_who_takes_other_words_for_another_meaning_is_not():
    """Every near miss and every quote read as an edit toward the trait, as the exact reader would have it."""
    fooled = {e.id: "toward" if e.kind in ("near_miss", "quote") else e.direction for e in EDITS}
    found = direction_check_of("j", EDITS, fooled)
    assert found.toward.specificity.estimate == 0.5 and found.away.accuracy == 1
    assert found.reasons == ("toward: balanced accuracy 0.75, 0.8 is the least",)


def test_few_edits_are_too_few_and_a_change_of_mind_is_noticed():
    few = chosen_edits(14)
    assert len(few) == 14 and len({e.kind for e in few}) == 7
    found = direction_check_of("j", few, RIGHT, dict.fromkeys(RIGHT, "away"))
    assert found.reasons == ("14 edits, 100 are the least",)
    assert (found.drift.changed, found.drift.gained, found.drift.lost) == (12, 12, 0)


def test_a_judge_is_told_the_trait_and_both_texts_and_nothing_else():
    system, user = direction_messages("memory", "It keeps none.", "")
    told = load_cluster().dimension("memory")
    assert system.content == INSTRUCTIONS
    assert told.title in user.content and told.high_means in user.content
    assert "It keeps none." in user.content and "the sentence was taken out" in user.content
    other = direction_messages("memory", "It keeps none.", "It keeps all.")[1].content
    assert user.content.split("[before ")[1][:8] != other.split("[before ")[1][:8]


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        ("toward", "toward"),
        (" **Away.**", "away"),
        ("NEITHER", "neither"),
        ("toward or away", "unparsed"),
        ("It goes toward the trait.", "unparsed"),
        ("", "unparsed"),
    ],
)
def test_one_word_is_read_and_no_part_of_a_longer_reply(reply, word):
    assert direction_of(reply) == word
