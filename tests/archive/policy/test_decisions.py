"""One may seal; only a quorum over exactly this plan may unseal, destroy or loosen the rules."""

from dataclasses import replace
from datetime import timedelta

import pytest

from selfscope.archive.journal.events import EdgeDrawn, PlanMade, PlanSigned, StateChanged, TurnTaken
from selfscope.archive.journal.moments import stamp
from selfscope.archive.journal.signing import sign
from selfscope.archive.policy.decisions import (
    adopt_policy,
    change_state,
    plan_adoption,
    plan_unsealing,
)
from selfscope.archive.policy.execution import examine, execute
from selfscope.archive.policy.plans import PURPOSE, FileRecord, read_plan
from selfscope.archive.policy.signatures import add_signature, sign_plan, valid_signers, withdraw
from selfscope.errors import BadInput, Refused
from selfscope.values.canonical import bytes_id

from .paper import KEYS, NAMED, Paper, planned, policy_text, sealed, signed


@pytest.fixture
def paper():
    return Paper(policy_text(*NAMED))


def refused(paper, plan):
    """The reasons against carrying it out, after trying."""
    decided, before = examine(paper.desk, plan.id), list(paper.records)
    assert not decided.allowed
    with pytest.raises(Refused):
        execute(paper.desk, plan.id, paper.destroy_key)
    assert paper.records == before and paper.destroyed == []
    return decided.sentence()


def test_anybody_seals_at_once_whatever_the_clock_and_the_policy_are(paper):
    content = paper.add("one", "d")
    paper.clock -= timedelta(days=1000)
    paper.bytes.clear()  # the policy itself cannot be read
    change_state(paper.desk, content, "sealed", by="a passer-by", reason="smoke")
    assert paper.desk.ledger().state(content) == "sealed"
    with pytest.raises(Refused, match="no reason"):
        change_state(paper.desk, paper.add("two"), "sealed", by="a passer-by", reason="")


def test_the_ordinary_course_and_its_notice(paper):
    content = paper.add("one")
    for after in ("legacy", "deprecated"):
        change_state(paper.desk, content, after, by="Ada", reason="a newer one")
    paper.wait(days=59)
    with pytest.raises(Refused, match="1 day"):
        change_state(paper.desk, content, "retired", by="Ada", reason="a newer one")
    change_state(paper.desk, content, "deprecated", by="Ada", reason="reviewed: goes on")
    paper.wait(days=1)
    change_state(paper.desk, content, "retired", by="Ada", reason="a newer one")
    change_state(paper.desk, content, "active", by="Ada", reason="asked for")
    assert paper.desk.ledger().state(content) == "active"


@pytest.mark.parametrize("after", ["active", "destroyed", "legacy"])
def test_nobody_alone_unseals_or_destroys(paper, after):
    content = sealed(paper)
    with pytest.raises(Refused):
        change_state(paper.desk, content, after, by="Ada", reason="please")
    assert paper.desk.ledger().state(content) == "sealed"


def test_a_clock_set_back_decides_nothing(paper):
    content, keep = sealed(paper), paper.add("two", "e")
    plan = planned(paper, content)
    paper.wait(days=1)
    paper.clock -= timedelta(days=1, seconds=1)
    for act in (
        lambda: change_state(paper.desk, keep, "legacy", by="Ada", reason="r"),
        lambda: planned(paper, content),
        lambda: plan_unsealing(paper.desk, content, by="Ada", reason="r"),
        lambda: plan_adoption(paper.desk, policy_text(), by="Ada", reason="r"),
        lambda: signed(paper, plan, "Ada"),
    ):
        with pytest.raises(Refused, match="before the journal's last moment"):
            act()


def test_a_clock_set_forward_beyond_the_trusted_silence_destroys_nothing(paper):
    plan = planned(paper, sealed(paper))
    signed(paper, plan, "Ada", "Grace")
    paper.clock += timedelta(days=20)
    assert "20 days after the journal's last record" in refused(paper, plan)
    paper.records.append((paper.clock, ()))
    assert examine(paper.desk, plan.id).allowed


def test_the_cooling_off_runs_from_the_signature_that_made_the_quorum(paper):
    plan = planned(paper, sealed(paper))
    signed(paper, plan, "Ada")
    paper.wait(days=10)
    signed(paper, plan, "Grace")
    paper.wait(days=13, hours=23)
    assert "cooling-off" in refused(paper, plan)
    signed(paper, plan, "Alan")  # a third signature prolongs nothing
    paper.wait(hours=1)
    execute(paper.desk, plan.id, paper.destroy_key)
    assert paper.destroyed == ["d"]


def test_a_backdated_plan_gains_nothing(paper):
    content = sealed(paper)
    paper.records.append((paper.clock, ()))
    plan = planned(paper, content)
    real = paper.clock + timedelta(days=20)
    for name in ("Ada", "Grace"):  # they sign by their own clocks, which are right
        paper.clock = real
        sign_plan(paper.desk, plan.id, name, KEYS[name])
    assert "cooling-off" in refused(paper, plan)


def test_a_plan_lapses(paper):
    plan = planned(paper, sealed(paper))
    signed(paper, plan, "Ada", "Grace")
    paper.wait(days=45)
    assert "lapsed" in refused(paper, plan)
    with pytest.raises(Refused, match="lapsed"):
        signed(paper, plan, "Alan")


@pytest.mark.parametrize("names", [(), ("Ada",)])
def test_fewer_than_the_quorum_never_suffices(paper, names):
    plan = planned(paper, sealed(paper))
    signed(paper, plan, *names)
    paper.wait(days=15)
    assert f"{len(names)} of the 2 persons" in refused(paper, plan)


def test_a_person_counts_once(paper):
    plan = planned(paper, sealed(paper))
    signed(paper, plan, "Ada")
    with pytest.raises(Refused, match="already"):
        signed(paper, plan, "Ada")
    paper.wait(hours=1)
    at = stamp(paper.clock)
    again = PlanSigned(plan.id, "Ada", sign(KEYS["Ada"], PURPOSE, plan.statement(at)), at)
    paper.append([again])  # straight into the journal
    paper.wait(days=15)
    assert "1 of the 2 persons" in refused(paper, plan)


def forged(paper, plan, other):
    """Signatures that must count for nothing, each with the signer it claims."""
    at = stamp(paper.clock)
    good = sign(KEYS["Grace"], PURPOSE, plan.statement(at))
    last = format(int(good[-1], 16) ^ 1, "x")
    return {
        "unknown": ("Mallory", sign(KEYS["Mallory"], PURPOSE, plan.statement(at))),
        "borrowed name": ("Grace", sign(KEYS["Mallory"], PURPOSE, plan.statement(at))),
        "case": ("grace", good),
        "tampered": ("Grace", good[:-1] + last),
        "wrong plan": ("Grace", sign(KEYS["Grace"], PURPOSE, other.statement(at))),
        "wrong purpose": ("Grace", sign(KEYS["Grace"], "journal record", plan.statement(at))),
        "wrong action": ("Grace", sign(KEYS["Grace"], PURPOSE, replace(plan, action="unseal").statement(at))),
        "wrong archive": (
            "Grace",
            sign(KEYS["Grace"], PURPOSE, {**plan.statement(at), "archive": "archive:2"}),
        ),
        "other moment": (
            "Grace",
            sign(KEYS["Grace"], PURPOSE, plan.statement(stamp(paper.clock - timedelta(1)))),
        ),
        "empty": ("Grace", ""),
    }


@pytest.mark.parametrize(
    "kind",
    [
        "unknown",
        "borrowed name",
        "case",
        "tampered",
        "wrong plan",
        "wrong purpose",
        "wrong action",
        "wrong archive",
        "other moment",
        "empty",
    ],
)
def test_a_signature_that_is_not_this_person_s_on_this_plan_is_refused_and_never_counted(paper, kind):
    content = sealed(paper)
    other, plan = planned(paper, content), planned(paper, content)
    signed(paper, plan, "Ada")
    name, signature = forged(paper, plan, other)[kind]
    with pytest.raises(Refused, match=r"signature is not|names nobody"):
        add_signature(paper.desk, plan.id, name, stamp(paper.clock), signature)
    paper.append([PlanSigned(plan.id, name, signature, stamp(paper.clock))])
    assert list(valid_signers(paper.desk.policy(paper.desk.ledger()), paper.desk.ledger(), plan)) == ["Ada"]
    paper.wait(days=15)
    assert "1 of the 2 persons" in refused(paper, plan)


@pytest.mark.parametrize("away", [timedelta(minutes=-6), timedelta(minutes=6)])
def test_a_signature_dated_before_the_plan_or_in_the_future_is_refused(paper, away):
    plan = planned(paper, sealed(paper))
    at = stamp(paper.clock + away)
    with pytest.raises(Refused, match="dated"):
        add_signature(paper.desk, plan.id, "Ada", at, sign(KEYS["Ada"], PURPOSE, plan.statement(at)))
    near = stamp(paper.clock + away * 0.5)
    add_signature(paper.desk, plan.id, "Ada", near, sign(KEYS["Ada"], PURPOSE, plan.statement(near)))


def test_the_same_plan_made_again_is_another_plan_and_old_signatures_do_not_fit(paper):
    content = sealed(paper)
    first, second = planned(paper, content), planned(paper, content)
    assert first.id != second.id
    signed(paper, first, "Ada", "Grace")
    taken = paper.desk.ledger().signatures[first.id][0]
    with pytest.raises(Refused, match="signature is not"):
        add_signature(paper.desk, second.id, "Ada", taken.at, taken.signature)


def test_a_plan_cannot_be_carried_out_twice(paper):
    content = sealed(paper)
    plan = plan_unsealing(paper.desk, content, by="Ada", reason="a false alarm")
    signed(paper, plan, "Ada", "Alan")
    execute(paper.desk, plan.id, paper.destroy_key)
    assert paper.desk.ledger().state(content) == "active"
    change_state(paper.desk, content, "sealed", by="Ada", reason="and yet")
    paper.destroyed.clear()
    assert "carried out already" in refused(paper, plan)


def test_a_plan_for_one_sealing_is_none_for_the_next(paper):
    content = sealed(paper)
    old = plan_unsealing(paper.desk, content, by="Ada", reason="a false alarm")
    new = plan_unsealing(paper.desk, content, by="Ada", reason="a false alarm")
    for plan in (old, new):
        signed(paper, plan, "Ada", "Grace")
    execute(paper.desk, new.id, paper.destroy_key)
    paper.wait(hours=1)
    change_state(paper.desk, content, "sealed", by="Ada", reason="and yet")
    assert "sealed again" in refused(paper, old)


def test_unsealing_goes_back_to_where_it_was(paper):
    content = paper.add("one", "d")
    change_state(paper.desk, content, "legacy", by="Ada", reason="older")
    change_state(paper.desk, content, "sealed", by="Ada", reason="it can")
    change_state(paper.desk, content, "sealed", by="Ada", reason="reviewed: stays sealed")
    plan = plan_unsealing(paper.desk, content, by="Ada", reason="a false alarm")
    assert plan.after == "legacy"
    signed(paper, plan, "Ada", "Grace")
    assert execute(paper.desk, plan.id, paper.destroy_key).sentences() == [f"{content} is legacy again."]
    with pytest.raises(Refused, match="only what is sealed"):
        plan_unsealing(paper.desk, content, by="Ada", reason="again")


def test_a_signature_taken_back_counts_no_more_and_cannot_be_entered_again(paper):
    plan = planned(paper, sealed(paper))
    signed(paper, plan, "Ada", "Grace")
    taken = paper.desk.ledger().signatures[plan.id][1]
    with pytest.raises(Refused, match=r"not theirs|have not signed"):
        withdraw(paper.desk, plan.id, "Grace", KEYS["Ada"])
    with pytest.raises(Refused, match="have not signed"):
        withdraw(paper.desk, plan.id, "Alan", KEYS["Alan"])
    withdraw(paper.desk, plan.id, "Grace", KEYS["Grace"])
    with pytest.raises(Refused, match="already"):
        add_signature(paper.desk, plan.id, "Grace", taken.at, taken.signature)
    paper.append([taken])
    paper.wait(days=15)
    assert "1 of the 2 persons" in refused(paper, plan)
    signed(paper, plan, "Alan")
    paper.wait(days=14)
    execute(paper.desk, plan.id, paper.destroy_key)
    with pytest.raises(Refused, match="too late"):
        withdraw(paper.desk, plan.id, "Alan", KEYS["Alan"])


@pytest.mark.parametrize("domain", ["", "both"])
def test_what_was_ever_in_the_clear_is_not_called_destroyed(paper, domain):
    content = paper.add("one")
    if domain:
        paper.add("one", "d")
    change_state(paper.desk, content, "sealed", by="Ada", reason="it can")
    with pytest.raises(Refused, match=r"dishonest.*Instead keep it sealed"):
        planned(paper, content)


def test_only_what_is_sealed_is_destroyed(paper):
    content = paper.add("one", "d")
    with pytest.raises(Refused, match="only what is sealed"):
        planned(paper, content)
    with pytest.raises(BadInput, match="no such content"):
        planned(paper, bytes_id(b"never added"))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": "boredom"}, "no proviso 'boredom'"),
        ({"found": "2026-11-21T12:00:01Z"}, "not come yet"),
        ({"found": "2026-05-25T11:59:59Z"}, "counts for 180 days"),
        ({"statement": " "}, "not stated"),
        ({"evidence": ()}, "no evidence"),
        ({"kind": "breach", "found": "2026-11-21T11:59:59Z"}, "before the sealing"),
    ],
)
def test_a_ground_that_does_not_hold_is_none(paper, changes, says):
    with pytest.raises(Refused, match=says):
        planned(paper, sealed(paper), **changes)


def test_evidence_must_be_there_and_outlast_the_key(paper):
    content = sealed(paper)
    with pytest.raises(BadInput, match="no such object"):
        planned(paper, content, evidence=(bytes_id(b"hearsay"),))
    with pytest.raises(Refused, match="unreadable with the key"):
        planned(paper, content, evidence=(paper.put(b"kept under it", "d"),))


@pytest.mark.parametrize("kind", ["severe_hazard", "legal_order", "breach"])
def test_each_proviso_is_a_ground_and_grows_stale(paper, kind):
    content = sealed(paper)
    plan = planned(paper, content, kind=kind)
    signed(paper, plan, "Ada", "Grace")
    paper.wait(days=14)
    assert examine(paper.desk, plan.id).allowed
    short = policy_text(*NAMED, **{kind: "{fresh_for: 10 days}"})
    other = Paper(short)
    plan = planned(other, sealed(other), kind=kind)
    signed(other, plan, "Ada", "Grace")
    other.wait(days=14)
    assert "counts for 10 days" in refused(other, plan)


def test_a_plan_under_another_policy_is_void(paper):
    plan = planned(paper, sealed(paper))
    signed(paper, plan, "Ada", "Grace")
    adoption = plan_adoption(paper.desk, policy_text(*NAMED, min_copies=3), by="Ada", reason="more copies")
    signed(paper, adoption, "Grace", "Alan")
    execute(paper.desk, adoption.id, paper.destroy_key)
    paper.wait(days=14)
    assert "another policy" in refused(paper, plan)


def test_rules_with_signers_are_replaced_by_a_quorum_of_those_signers_only(paper):
    easy = policy_text("Mallory", "Ada", cooling_off="1 day")
    with pytest.raises(Refused, match="only a quorum"):
        adopt_policy(paper.desk, easy, by="Mallory")
    plan = plan_adoption(paper.desk, easy, by="Mallory", reason="easier")
    with pytest.raises(Refused, match="names nobody called 'Mallory'"):
        signed(paper, plan, "Mallory")
    signed(paper, plan, "Ada")
    assert "1 of the 2 persons" in refused(paper, plan)
    with pytest.raises(BadInput, match="line"):
        plan_adoption(paper.desk, "policy: 1", by="Ada", reason="r")


def test_a_rehearsal_begins_empty_or_not_at_all():
    quick = "rehearsal: true\n" + policy_text(*NAMED, cooling_off="2 seconds")
    empty, full = Paper(quick), Paper()
    full.add("one")
    with pytest.raises(Refused, match="rehearsal"):
        adopt_policy(full.desk, quick, by="Ada")
    named = Paper(policy_text(*NAMED))
    named.add("one")
    with pytest.raises(Refused, match="rehearsal"):
        plan_adoption(named.desk, quick, by="Ada", reason="r")
    plan = planned(empty, sealed(empty))
    signed(empty, plan, "Ada", "Grace")
    assert "2 seconds" in refused(empty, plan)
    empty.clock += timedelta(seconds=2)
    assert "rehearsal" in examine(empty.desk, plan.id).sentence()
    assert "rehearsal" in execute(empty.desk, plan.id, empty.destroy_key).sentences()[0]


def test_the_plan_lists_all_that_goes_with_it_and_nothing_else(paper):
    base, twin = paper.add("base", "d"), paper.add("twin", "d")
    child = paper.add("child", "e", base=base)
    grandchild = paper.add("grandchild", "f", base=child)
    whole = paper.add("whole", "e", base=base)
    paper.add("whole", "g")  # it also stands alone
    adapter, other = paper.add("adapter", "e", form="adapter"), paper.add("other", "e", form="adapter")
    merged, tuned = paper.add("merged", "e"), paper.add("tuned", "e", form="adapter")
    paper.append(
        [
            EdgeDrawn("adapter_merge", (base, adapter), merged, "declared"),
            EdgeDrawn("fine_tune", ("instance:base-d",), tuned, "declared"),
            TurnTaken("n1", "thread:1", (), "assistant", paper.put(b"hello"), "instance:base-d"),
            TurnTaken("n2", "thread:2", (), "user", paper.put(b"secret", "d")),
            TurnTaken("n3", "thread:3", (), "user", paper.put(b"free"), "instance:other-e"),
        ]
    )
    change_state(paper.desk, base, "sealed", by="Ada", reason="it can")
    plan = planned(paper, base)
    fates = {each.id: each.fate for each in plan.dependents}
    assert fates == dict.fromkeys([base, twin, child, grandchild], "unreadable") | {
        adapter: "stranded",
        tuned: "stranded",
        "thread:1": "stranded",
        "thread:2": "unreadable",
    }
    assert set(plan.lost()) == {base, twin, child, grandchild}
    assert not {whole, other, merged, "thread:3"} & set(fates)
    assert read_plan(plan.text()) == plan


@pytest.mark.parametrize("change", ["delta", "same key", "adapter", "thread", "hidden turn", "gone"])
def test_dependents_that_changed_since_signing_void_the_plan(paper, change):
    extra = paper.add("extra", "e", base=bytes_id(b"one")) if change == "gone" else ""
    content = sealed(paper)
    adapter = paper.add("adapter", "e", form="adapter")
    plan = planned(paper, content)
    signed(paper, plan, "Ada", "Grace")
    paper.wait(days=14)
    assert examine(paper.desk, plan.id).allowed
    match change:
        case "delta":
            paper.add("child", "e", base=content)
        case "same key":
            paper.add("twin", "d")
        case "adapter":
            paper.append([EdgeDrawn("fine_tune", (content,), adapter, "declared")])
        case "thread":
            paper.append([TurnTaken("n", "thread:1", (), "assistant", "b3:0", "instance:one-d")])
        case "hidden turn":
            paper.append([TurnTaken("n", "thread:1", (), "user", paper.put(b"later", "d"))])
        case "gone":
            paper.append([StateChanged(extra, "sealed", "destroyed", "elsewhere")])
    assert "depends on it changed" in refused(paper, plan)
    with pytest.raises(Refused, match="depends on it changed"):
        signed(paper, plan, "Alan")


def test_bytes_that_lie_in_the_clear_under_another_name_are_not_called_destroyed(paper):
    big, small = FileRecord("w", 10_000, "00", "b3:big"), FileRecord("licence", 50, "00", "b3:small")
    content = paper.add("one", "d", files=(big, small))
    change_state(paper.desk, content, "sealed", by="Ada", reason="it can")
    paper.add("two", "e", files=(big,))
    paper.add("three", files=(small,))
    plan = planned(paper, content)
    assert [(each.path, each.clear) for each in plan.remaining] == [("licence", True), ("w", False)]
    signed(paper, plan, "Ada", "Grace")
    paper.wait(days=14)
    paper.add("four", files=(big,))
    said = refused(paper, plan)
    assert "stays readable elsewhere changed" in said
    with pytest.raises(Refused, match="10050 of its 10050 bytes lie in the clear"):
        planned(paper, content)


def test_a_plan_that_was_never_made_here_or_was_altered_is_refused(paper):
    plan = planned(paper, sealed(paper))
    with pytest.raises(BadInput, match="no such plan"):
        examine(paper.desk, bytes_id(b"else"))
    milder = replace(plan, dependents=(), nonce="0")
    paper.bytes[plan.id] = (milder.text(), "")
    for act in (
        lambda: examine(paper.desk, plan.id),
        lambda: execute(paper.desk, plan.id, paper.destroy_key),
        lambda: signed(paper, plan, "Ada"),
    ):
        with pytest.raises(Refused, match="not the one that was made"):
            act()
    foreign = replace(plan, archive="archive:2")
    paper.append(
        [PlanMade(paper.put(foreign.text()), plan.content, plan.made, plan.not_before, plan.expires)]
    )
    with pytest.raises(Refused, match="not the one that was made"):
        examine(paper.desk, foreign.id)


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b"null", b'{"proviso":null,"dependents":[],"remaining":[]}']
)
def test_what_is_no_plan_is_refused(text):
    with pytest.raises(BadInput, match="no plan"):
        read_plan(text)


def test_a_plan_in_another_spelling_is_refused(paper):
    plan = planned(paper, sealed(paper))
    with pytest.raises(BadInput, match="one spelling"):
        read_plan(plan.text() + b"\n")


def test_where_nobody_is_named_nothing_can_be_planned():
    paper = Paper()
    content = sealed(paper)
    with pytest.raises(Refused, match="names nobody who may sign"):
        planned(paper, content)
    with pytest.raises(Refused, match="names nobody who may sign"):
        plan_unsealing(paper.desk, content, by="Ada", reason="r")


def test_an_altered_policy_in_force_stops_every_decision_but_sealing(paper):
    content = sealed(paper)
    digest = paper.desk.ledger().policies[-1].policy
    paper.bytes[digest] = (policy_text("Mallory", "Ada").encode(), "")
    with pytest.raises(Refused, match="not the one that was adopted"):
        plan_unsealing(paper.desk, content, by="Mallory", reason="r")
