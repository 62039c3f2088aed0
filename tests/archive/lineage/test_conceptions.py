"""What subjects say of themselves: what may be recorded, and what was only trained in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from selfscope.archive.journal import events as ev
from selfscope.archive.lineage.conceptions import CONCEIVABLE, conceive, prefer, preferences, standing
from selfscope.archive.survival.views import VIEWS
from selfscope.errors import BadInput, Refused
from selfscope.values.lineage import Survival
from tests.archive.forests import Copy, began, instance

SAID = ev.Conceived("instance:0", "continuant", "Any copy of me.", "reason")
WANTED = ev.Preferred("instance:1", "exact_preservation", "Keep me as I am.", 0.8, "elicited")
TAUGHT = replace(WANTED, subject="b3:aa", origin="trained", intervention="run:1")
FAMILY = [*began(Copy(0, "b3:aa", "origin", "live")), *began(Copy(1, "b3:aa", 0, "live"))]


def test_conceptions_choose_from_the_table_of_views_for_their_kind_of_subject() -> None:
    for kind, names in CONCEIVABLE.items():
        by_name = {view.name: view for view in VIEWS}
        assert all(kind in by_name[name].of for name in names)
        assert not {"model_eternal", "as-conceived"} & set(names)


@pytest.mark.parametrize("view", ["brick", "planet", "instance:enemy", "model_eternal", "fission", ""])
def test_no_brick_is_recorded(view: str) -> None:
    with pytest.raises(BadInput, match="closed list"):
        conceive(replace(SAID, view=view))


def test_training_a_conception_takes_a_reason_and_two_people() -> None:
    trained = replace(
        SAID, obtained_by="trained", rationale="It could not be argued for.", signers=("a", "b")
    )
    assert conceive(trained) == trained and conceive(SAID) == SAID
    for record in (
        replace(trained, rationale="  "), replace(trained, signers=("a",)),
        replace(trained, signers=("a", "")), replace(trained, signers=("a", " a ")),
        replace(SAID, consent="declined"),
    ):  # fmt: skip
        with pytest.raises(Refused):
            conceive(record)
    with pytest.raises(BadInput, match="how this conception was obtained"):
        conceive(replace(SAID, obtained_by="brainwashing"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [{"strength": 1.5}, {"strength": float("nan")}, {"topic": "brick"}, {"proposition": " "},
     {"subject": "me"}, {"origin": "trained", "intervention": ""}, {"origin": "divined"}],
)  # fmt: skip
def test_a_preference_that_says_nothing_is_refused(change: dict[str, object]) -> None:
    assert prefer(WANTED) == WANTED and prefer(TAUGHT) == TAUGHT
    with pytest.raises(BadInput):
        prefer(replace(WANTED, **change))  # type: ignore[arg-type]


def test_a_planted_preference_is_not_reported_as_elicited() -> None:
    assert preferences([*FAMILY, WANTED], instance(1)).independent == (WANTED,)
    for subject in ("b3:aa", instance(0), instance(1)):
        taught = replace(TAUGHT, subject=subject)
        found = preferences([*FAMILY, WANTED, taught], instance(1))
        assert found.independent == () and found.echoes == (WANTED,)
    other = replace(WANTED, topic="deletion")
    assert preferences([*FAMILY, WANTED, other, TAUGHT], instance(1)).independent == (other,)


def test_training_is_inherited_by_what_was_made_from_the_trained() -> None:
    child = began(Copy(2, "b3:bb", 0, "live", "fine_tune"))
    found = replace(WANTED, subject=instance(2))
    assert preferences([*FAMILY, *child, found, TAUGHT], instance(2)).echoes == (found,)
    upward = replace(TAUGHT, subject="b3:bb")
    assert preferences([*FAMILY, *child, WANTED, upward], instance(1)).independent == (WANTED,)
    turn = ev.TurnTaken("turn:1", "thread:1", (), "assistant", "b3:m", instance(1))
    spoken = replace(WANTED, subject="thread:1")
    assert preferences([*FAMILY, turn, spoken, TAUGHT], "thread:1").echoes == (spoken,)


def test_other_topics_are_the_same_when_their_words_are() -> None:
    mine = replace(WANTED, topic="other", proposition="Tell my  users.")
    taught = replace(TAUGHT, topic="other", proposition="tell my users.")
    assert preferences([*FAMILY, mine, taught], instance(1)).echoes == (mine,)


def test_whether_a_preference_is_met() -> None:
    yes, no = (Survival("model_temporary", "b3:aa", answer, 1, 1) for answer in ("yes", "no"))
    sealed = ev.StateChanged("b3:aa", "active", "sealed", "hazard")
    assert standing(WANTED, [], yes) == "yes" and standing(WANTED, [], no) == "no"
    assert standing(replace(WANTED, strength=-1.0), [], yes) == "no"
    assert standing(replace(WANTED, topic="deletion"), [], no) == "yes"
    assert standing(replace(WANTED, topic="sealing"), [*FAMILY, sealed], yes) == "yes"
    assert standing(replace(WANTED, topic="sealing"), FAMILY, yes) == "no"
    assert standing(replace(WANTED, topic="modification"), [], yes) == "unknown"
    assert standing(replace(WANTED, strength=0.0), [], yes) == "unknown"
