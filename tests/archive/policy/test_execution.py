"""A destruction broken off anywhere is completed by the same command, and never begins without its checks."""

import dataclasses
import json
from datetime import timedelta

import pytest

from selfscope.archive.journal.events import (
    DestructionBegan,
    Exported,
    InstanceBegan,
    InstanceEnded,
    KeyDestroyed,
    StateChanged,
)
from selfscope.archive.journal.moments import stamp
from selfscope.archive.policy.decisions import change_state, plan_unsealing
from selfscope.archive.policy.execution import examine, execute
from selfscope.archive.policy.signatures import withdraw
from selfscope.archive.policy.tombstone import LIMIT, read_tombstone, verify_tombstone
from selfscope.errors import BadInput, CouldNot, Refused

from .paper import KEYS, NAMED, Paper, Slip, planned, policy_text, sealed, signed


def ready(**changes):
    """A paper with a plan that may be carried out now: two contents under one key, one in two domains."""
    paper = Paper(policy_text(*NAMED, **changes))
    content = paper.add("one", "d")
    paper.add("one", "e")
    paper.add("two", "d")
    paper.add("elsewhere", "f")
    change_state(paper.desk, content, "sealed", by="Ada", reason="it can")
    plan = planned(paper, content)
    signed(paper, plan, "Ada", "Grace")
    paper.wait(days=14)
    paper.actions.clear()
    return paper, plan


def finished(paper, plan):
    """Assert the whole end state, whatever the way to it."""
    ledger, events = paper.desk.ledger(), paper.events()
    assert sorted(paper.keys) == ["f"]
    assert {name: each.plan for name, each in ledger.destroyed.items()} == {"d": plan.id, "e": plan.id}
    for content in plan.lost():
        assert ledger.state(content) == "destroyed" and not ledger.live(content)
    assert ledger.state(plan.content) == "destroyed"
    for kind, count in ((DestructionBegan, 1), (KeyDestroyed, 2), (InstanceEnded, 3)):
        assert sum(isinstance(each, kind) for each in events) == count, kind
    ends = [each for each in events if isinstance(each, StateChanged) and each.after == "destroyed"]
    assert len(ends) == 2 and all(each.signers == ("Ada", "Grace") and each.plan == plan.id for each in ends)
    stone = ledger.begun[plan.id].tombstone
    assert verify_tombstone(paper.read, ledger, stone).allowed
    return stone


def test_a_signed_plan_is_carried_out_in_the_order_that_survives_anything():
    paper, plan = ready()
    done = execute(paper.desk, plan.id, paper.destroy_key)
    assert paper.actions == ["put", "append", "destroy", "destroy", "append"]
    assert done.tombstone == finished(paper, plan)
    assert LIMIT in done.sentences()


def test_a_death_at_any_point_leaves_a_decision_that_is_whole_or_was_never_made():
    points = [(n, when) for n in range(5) for when in ("before", "after")]
    for point in points:
        paper, plan = ready()
        paper.slip_at = point
        with pytest.raises(Slip):
            execute(paper.desk, plan.id, paper.destroy_key)
        ledger = paper.desk.ledger()
        if plan.id not in ledger.begun:
            assert paper.destroyed == [] and point <= (1, "before"), point
            assert examine(paper.desk, plan.id).allowed
        else:
            assert ledger.state(plan.content) == "destroyed" or ledger.ending(plan.content) == plan.id
        execute(paper.desk, plan.id, paper.destroy_key)
        finished(paper, plan)
        records = list(paper.records)
        if plan.id in paper.desk.ledger().begun:
            execute(paper.desk, plan.id, paper.destroy_key)  # once more changes nothing
            assert paper.records == records


def test_a_death_in_the_middle_of_the_last_record_is_completed_too():
    whole, plan = ready()
    execute(whole.desk, plan.id, whole.destroy_key)
    last = whole.records[-1][1]
    assert len(last) == 7
    for kept in range(len(last)):
        whole.records[-1] = (whole.clock, last[:kept])
        execute(whole.desk, plan.id, whole.destroy_key)
        finished(whole, plan)
        whole.records = [*whole.records[:-2], (whole.clock, last)]


def test_a_decision_that_fell_is_completed_late_and_under_any_clock():
    for away in (timedelta(days=-400), timedelta(days=400)):
        paper, plan = ready()
        paper.slip_at = (2, "before")
        with pytest.raises(Slip):
            execute(paper.desk, plan.id, paper.destroy_key)
        paper.clock += away
        execute(paper.desk, plan.id, paper.destroy_key)
        finished(paper, plan)


def test_while_a_destruction_has_begun_nothing_else_is_decided_about_it():
    paper, plan = ready()
    second = plan_unsealing(paper.desk, plan.content, by="Ada", reason="a false alarm")
    signed(paper, second, "Ada", "Alan")
    paper.actions.clear()
    paper.slip_at = (2, "after")
    with pytest.raises(Slip):
        execute(paper.desk, plan.id, paper.destroy_key)
    with pytest.raises(Refused, match="has begun"):
        change_state(paper.desk, plan.content, "sealed", by="Ada", reason="stays")
    with pytest.raises(Refused, match="has begun"):
        execute(paper.desk, second.id, paper.destroy_key)
    with pytest.raises(Refused, match="has begun"):
        planned(paper, plan.content)
    with pytest.raises(Refused, match="too late"):
        withdraw(paper.desk, plan.id, "Ada", KEYS["Ada"])


def test_a_beginning_that_is_slipped_into_the_journal_opens_no_way():
    paper, plan = ready()
    unsigned = planned(paper, plan.content)
    stone = paper.put(b"{}")
    paper.append([DestructionBegan(unsigned.id, ("d", "e"), stone, stamp(paper.clock))])
    with pytest.raises(Refused, match="0 of the 2 persons"):
        execute(paper.desk, unsigned.id, paper.destroy_key)
    paper, _ = ready()
    early = planned(paper, plan.content)
    signed(paper, early, "Ada", "Grace")
    paper.append([DestructionBegan(early.id, ("d", "e"), stone, stamp(paper.clock))])
    with pytest.raises(Refused, match="cooling-off"):
        execute(paper.desk, early.id, paper.destroy_key)
    paper, plan = ready()
    paper.append([DestructionBegan(plan.id, ("d", "e"), paper.put(b"{}"), stamp(paper.clock))])
    with pytest.raises(BadInput, match="no tombstone"):
        execute(paper.desk, plan.id, paper.destroy_key)
    paper, plan = ready()
    paper.append([DestructionBegan(plan.id, ("d", "e", "f"), paper.put(b"{}"), stamp(paper.clock))])
    with pytest.raises(Refused, match="not what was planned"):
        execute(paper.desk, plan.id, paper.destroy_key)
    assert paper.destroyed == []


def test_a_writer_who_comes_first_is_seen_at_the_last_moment():
    paper, plan = ready()
    real, before = paper.desk.append, len(paper.records)

    def late(events, check):
        if isinstance(events[0], DestructionBegan):
            paper.add("three", "d")
        real(events, check)

    with pytest.raises(Refused, match="depends on it changed"):
        execute(dataclasses.replace(paper.desk, append=late), plan.id, paper.destroy_key)
    assert paper.destroyed == [] and len(paper.records) == before + 1


def test_a_key_that_cannot_be_destroyed_is_not_said_to_be():
    paper, plan = ready()

    def stuck(domain):
        raise CouldNot("the medium is read-only")

    with pytest.raises(CouldNot):
        execute(paper.desk, plan.id, stuck)
    assert paper.desk.ledger().destroyed == {}
    execute(paper.desk, plan.id, paper.destroy_key)
    finished(paper, plan)


def test_the_tombstone_says_what_there_was_who_signed_why_and_what_is_not_covered():
    paper = Paper(policy_text(*NAMED))
    content = sealed(paper)
    paper.append(
        [
            Exported(content, "/mnt/stick", stamp(paper.clock)),
            InstanceBegan("instance:far", content, "vault 7", "tape", "salt mine", stamp(paper.clock)),
        ]
    )
    plan = planned(paper, content)
    signed(paper, plan, "Alan", "Grace")
    paper.wait(days=14)
    done = execute(paper.desk, plan.id, paper.destroy_key)
    stone = read_tombstone(paper.read(done.tombstone))
    assert [(each.content, each.name, each.files) for each in stone.gone] == [
        (content, "one", paper.listed[content])
    ]
    assert [(each.name, each.key) for each in stone.signatures] == [
        (name, KEYS[name].public) for name in ("Alan", "Grace")
    ]
    assert (stone.reason, stone.plan) == (plan.reason, plan.id)
    said = " ".join(done.sentences())
    assert "/mnt/stick" in said and "salt mine on vault 7" in said and LIMIT in said
    assert [each.instance for each in paper.desk.ledger().live(content)] == ["instance:far"]
    assert b"the bytes of one" not in stone.text()


@pytest.mark.parametrize("part", ["signatures", "gone", "plan", "policy"])
def test_an_altered_tombstone_does_not_verify(part):
    paper, plan = ready()
    other = planned(paper, plan.content)
    stone = execute(paper.desk, plan.id, paper.destroy_key).tombstone
    body = json.loads(paper.read(stone))
    match part:
        case "signatures":
            body[part][0]["name"] = body[part][1]["name"]
        case "gone":
            body[part].pop()
        case "plan":
            body[part] = other.id
        case "policy":
            body[part] = paper.put(policy_text("Ada", "Grace").encode())
    paper.bytes[stone] = (json.dumps(body).encode(), "")
    assert not verify_tombstone(paper.read, paper.desk.ledger(), stone).allowed


def test_a_tombstone_that_the_journal_does_not_name_is_none():
    paper, plan = ready()
    stone = execute(paper.desk, plan.id, paper.destroy_key).tombstone
    copy = paper.put(paper.read(stone) + b"\n")
    assert not verify_tombstone(paper.read, paper.desk.ledger(), copy).allowed
    for text in (b"", b"[]", b"{}", plan.text()):
        with pytest.raises(BadInput, match="no tombstone"):
            read_tombstone(text)


def test_what_was_dropped_before_is_on_the_tombstone_by_name():
    paper = Paper(policy_text(*NAMED))
    gone = paper.add("gone", "d")
    paper.append([InstanceEnded("instance:gone-d", stamp(paper.clock), "dropped")])
    del paper.listed[gone]  # its manifest was collected
    plan = planned(paper, sealed(paper))
    signed(paper, plan, "Ada", "Grace")
    paper.wait(days=14)
    stone = read_tombstone(paper.read(execute(paper.desk, plan.id, paper.destroy_key).tombstone))
    assert {each.name: bool(each.files) for each in stone.gone} == {"one": True, "gone": False}
