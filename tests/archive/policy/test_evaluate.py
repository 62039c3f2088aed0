"""The policy answers in words: may it be done, why is it sealed, what is due, what is wanting."""

from datetime import date, timedelta

import pytest

from selfscope.archive.journal.events import (
    UNKNOWN,
    Attested,
    DestructionBegan,
    InstanceBegan,
    InstanceEnded,
    KeyDestroyed,
    Pinned,
)
from selfscope.archive.journal.moments import stamp
from selfscope.archive.policy.decisions import change_state
from selfscope.archive.policy.evaluate import Facts, copy_steps, evaluate, policy_due, standing
from selfscope.archive.policy.policy_file import parse_policy
from selfscope.errors import BadInput

from .paper import NAMED, START, Paper, policy_text


@pytest.fixture
def paper():
    return Paper(policy_text(*NAMED))


def ask(paper, facts, **rules):
    policy = parse_policy(policy_text(*NAMED, **rules))
    return evaluate(policy, paper.events(), facts, paper.clock)


def copy(paper, content, name, source=UNKNOWN, origin=False):
    paper.append([InstanceBegan(name, content, "m", "disk", "p", stamp(paper.clock), source, origin)])
    return name


def test_forms_are_encrypted_as_they_are_added_where_the_policy_asks(paper):
    rule = {"encrypt_at_ingest": "[model, thread]"}
    assert not ask(paper, Facts("add", form="model"), **rule).allowed
    assert ask(paper, Facts("add", form="model", domain="d"), **rule).allowed
    assert ask(paper, Facts("add", form="character"), **rule).allowed
    assert ask(paper, Facts("add", form="model")).allowed


def test_nothing_is_added_under_a_key_that_is_or_may_be_gone(paper):
    paper.append(
        [KeyDestroyed("d", "b3:p", stamp(START)), DestructionBegan("b3:q", ("e",), "", stamp(START))]
    )
    assert [ask(paper, Facts("add", form="model", domain=each)).allowed for each in "def"] == [0, 0, 1]


@pytest.mark.parametrize("asked", ["read", "export"])
def test_what_is_sealed_is_closed_and_the_answer_says_why(paper, asked):
    content = paper.add("one", "d")
    assert ask(paper, Facts(asked, content)).allowed
    change_state(paper.desk, content, "sealed", by="Ada", reason="it writes worms")
    said = ask(paper, Facts(asked, content)).sentence()
    assert said.startswith("Refused by the rule 'sealed'") and "by Ada, because: it writes worms" in said
    paper.append([DestructionBegan("b3:p", ("d",), "", stamp(START))])
    assert "has begun" in ask(paper, Facts(asked, content)).sentence()
    with pytest.raises(BadInput, match="no such content"):
        ask(paper, Facts(asked, "b3:none"))


def test_a_copy_stays_within_the_steps_that_the_policy_allows(paper):
    content = paper.add("one", source=UNKNOWN)
    root = copy(paper, content, "instance:0", "", origin=True)
    near = copy(paper, content, "instance:1", root)
    far = copy(paper, content, "instance:2", near)
    lost = copy(paper, content, "instance:3")
    ledger = paper.desk.ledger()
    assert [copy_steps(ledger, each) for each in (root, near, far, lost)] == [0, 1, 2, None]
    allowed = [
        ask(paper, Facts("copy", instance=each), max_copy_steps=1).allowed for each in (root, near, lost)
    ]
    assert allowed == [True, False, False]
    assert ask(paper, Facts("copy", instance=far)).allowed
    change_state(paper.desk, content, "sealed", by="Ada", reason="r")
    assert not ask(paper, Facts("copy", instance=root)).allowed
    with pytest.raises(BadInput, match="no such instance"):
        ask(paper, Facts("copy", instance="instance:none"))


def test_a_chain_that_bites_its_tail_has_no_length(paper):
    content = paper.add("one")
    copy(paper, content, "instance:a", "instance:b")
    copy(paper, content, "instance:b", "instance:a")
    assert copy_steps(paper.desk.ledger(), "instance:a") is None


def test_a_drop_counts_only_on_copies_that_were_looked_at_now(paper):
    content, other = paper.add("one"), paper.add("two")
    mine = "instance:one-"
    copies = [copy(paper, content, f"instance:{n}") for n in range(3)]
    paper.append([InstanceEnded(copies[2], stamp(START), "lost")])

    def drop(*seen, **rules):
        return ask(paper, Facts("drop", instance=mine, verified=frozenset(seen)), **rules)

    assert drop(*copies[:2]).allowed
    assert not drop(copies[0]).allowed
    assert not drop(copies[0], copies[2]).allowed, "one of them has ended"
    assert not drop(copies[0], mine).allowed, "it does not vouch for itself"
    assert not drop(copies[0], "instance:two-").allowed and other
    assert not drop(*copies[:2], min_copies=3).allowed
    assert not drop(*copies[:2], pin_origin="true").allowed, "it is the origin"
    paper.append([Pinned(mine)])
    assert "pinned" in drop(*copies[:2]).sentence()
    paper.append([Pinned(mine, False), InstanceEnded(mine, stamp(START), "dropped")])
    assert "ended already" in drop(*copies[:2]).sentence()


def test_a_move_is_judged_by_the_state_machine(paper):
    content = paper.add("one", "d")
    assert ask(paper, Facts("move", content, after="legacy", by="Ada", reason="r")).allowed
    assert not ask(paper, Facts("move", content, after="retired", by="Ada", reason="r")).allowed
    assert "seal first" in ask(paper, Facts("move", content, after="destroyed", by="Ada", reason="r")).rule
    change_state(paper.desk, content, "sealed", by="Ada", reason="r")
    for after in ("active", "destroyed"):
        assert "2 of 3" in ask(paper, Facts("move", content, after=after, by="Ada", reason="r")).sentence()
    with pytest.raises(BadInput, match="no state"):
        ask(paper, Facts("move", content, by="Ada", reason="r"))


def stand(paper, content, **rules):
    return standing(parse_policy(policy_text(*NAMED, **rules)), paper.desk.ledger(), content, paper.clock)


def test_reviews_fall_due_and_a_review_that_changes_nothing_counts(paper):
    content = paper.add("one", "d")
    assert stand(paper, content).due == START + timedelta(days=365)
    paper.wait(days=365)
    assert stand(paper, content).overdue
    change_state(paper.desk, content, "active", by="Ada", reason="reviewed: goes on")
    assert not stand(paper, content).overdue
    change_state(paper.desk, content, "sealed", by="Ada", reason="it can")
    paper.wait(days=90)
    found = stand(paper, content)
    assert found.overdue and "it went from active to sealed" in found.sentences()[0]
    assert any("SL3" in each for each in found.wanting)


def test_where_nothing_says_when_the_review_is_due_now(paper):
    content = paper.add("one", "d")
    paper.records = [
        (at, [e for e in events if not isinstance(e, InstanceBegan)]) for at, events in paper.records
    ]
    assert stand(paper, content).overdue and stand(paper, content).due is None


def test_what_is_wanting_is_said(paper):
    content = paper.add("one")
    rules = {"encrypt_at_ingest": "[model]", "pin_origin": "true", "max_copy_steps": 0}
    lost = copy(paper, content, "instance:lost")
    far = copy(paper, content, "instance:far", "instance:one-")
    said = " ".join(stand(paper, content, **rules).wanting)
    parts = ("0 copies", "of 3 known", "no origin", f"{far} is 1 copy steps", "although the policy")
    assert all(part in said for part in parts) and f"how far {lost} is" in said
    assert "never be destroyed honestly" in said
    paper.append([Pinned("instance:one-"), *(Attested(e, stamp(START), "look", True) for e in (lost, far))])
    said = " ".join(stand(paper, content, pin_origin="true").wanting)
    assert "copies were" not in said and "no origin" not in said


@pytest.mark.parametrize(
    ("days", "holds", "counts"),
    [(0, True, True), (90, True, True), (91, True, False), (0, False, False), (-1, True, False)],
)
def test_a_copy_is_live_for_as_long_as_the_policy_says_after_it_was_found_whole(paper, days, holds, counts):
    content = paper.add("one", "d")
    paper.clock += timedelta(days=200)
    at = stamp(paper.clock - timedelta(days=days))
    paper.append([Attested("instance:one-d", at, "look", holds)])
    assert any("copies were" in each for each in stand(paper, content, min_copies=1).wanting) != counts


def test_the_policy_itself_falls_due():
    text = policy_text(*NAMED).replace("  notice:", "  policy_by: 2026-11-22\n  notice:")
    policy = parse_policy(text)
    assert policy.review_policy_by == date(2026, 11, 22)
    assert policy_due(policy, START) == ""
    assert "2026-11-22" in policy_due(policy, START + timedelta(days=1))
    assert policy_due(parse_policy(policy_text()), START + timedelta(days=9999)) == ""


def test_what_was_destroyed_is_told_and_nothing_more_is_asked_of_it(paper):
    content = paper.add("one", "d")
    change_state(paper.desk, content, "sealed", by="Ada", reason="it can")
    from selfscope.archive.journal.events import StateChanged

    paper.append(
        [StateChanged(content, "sealed", "destroyed", "it could", "b3:p", ("Ada", "Grace"), stamp(START))]
    )
    found = stand(paper, content)
    assert found.wanting == () and found.due is None and not found.overdue
    assert "by Ada, Grace, under the plan b3:p, because: it could" in found.sentences()[0]
