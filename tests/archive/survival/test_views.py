"""Every view against every possible world, on random forests; and the answers that the argument gives."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfscope.archive.journal import events as ev
from selfscope.archive.lineage.reading import read_lineage
from selfscope.archive.survival.scene import Scene
from selfscope.archive.survival.survive import (
    VECTORS,
    at_most_steps,
    copy_steps,
    flipped,
    origins_pinned,
    unmet,
    what_if,
)
from selfscope.archive.survival.view_instance import SAYS
from selfscope.archive.survival.views import VIEWS, survivals, survive
from selfscope.errors import BadInput
from selfscope.values.lineage import Survival, Terms
from tests.archive.forests import (
    FRESH,
    MEASURED,
    NOW,
    QUESTIONS,
    TERMS,
    Copy,
    Forest,
    ask,
    began,
    forests,
    instance,
)

VIEWED = sorted(QUESTIONS)
few = settings(max_examples=40, deadline=None)


def chain(n: int) -> Forest:
    return Forest(tuple(Copy(i, "b3:aa", i - 1 if i else "origin", "live") for i in range(n + 1)))


def star(n: int) -> Forest:
    return Forest(tuple(Copy(i, "b3:aa", 0 if i else "origin", "live") for i in range(n + 1)))


def scene(forest: Forest, terms: Terms = TERMS) -> Scene:
    return Scene.of(forest.events(), terms, [instance(n) for n in forest.destroyed])


def answers(of: Scene, view: str, forest: Forest) -> dict[int, str]:
    return {copy.n: survive(of, instance(copy.n), view).answer for copy in forest.copies}


@pytest.mark.parametrize("view", VIEWED)
@given(data=st.data())
@few
def test_exact_copies_agree_with_every_possible_world(view: str, data: st.DataObject) -> None:
    forest = data.draw(forests())
    assert answers(scene(forest), view, forest) == ask(forest, TERMS, QUESTIONS[view])


@pytest.mark.parametrize("view", ["continuant", "progenitor", "whole_tree"])
@given(data=st.data())
@few
def test_changed_copies_agree_with_every_possible_world(view: str, data: st.DataObject) -> None:
    forest = data.draw(forests(size=5, changed="fresh"))
    for terms in (TERMS, MEASURED):
        assert answers(scene(forest, terms), view, forest) == ask(forest, terms, QUESTIONS[view])


@pytest.mark.parametrize("view", ["continuant", "progenitor", "whole_tree"])
@given(data=st.data())
@few
def test_where_a_change_is_changed_back_an_answer_errs_to_unknown_alone(
    view: str, data: st.DataObject
) -> None:
    forest = data.draw(forests(size=5, changed="any"))
    for terms in (TERMS, MEASURED):
        found, truth = answers(scene(forest, terms), view, forest), ask(forest, terms, QUESTIONS[view])
        assert all(found[n] in (truth[n], "unknown") for n in truth)


@pytest.mark.parametrize("view", VIEWED)
@given(data=st.data())
@few
def test_counting_over_changed_copies_errs_to_unknown_alone(view: str, data: st.DataObject) -> None:
    forest = data.draw(forests(size=5, changed="fresh"))
    truth = ask(forest, MEASURED, QUESTIONS[view])
    values = VECTORS[view](scene(forest, MEASURED))
    assert all(SAYS[int(values[n])] in (truth[n], "unknown") for n in truth)


@pytest.mark.parametrize("view", VIEWED)
@given(data=st.data())
@few
def test_all_at_once_says_what_each_alone_says(view: str, data: st.DataObject) -> None:
    forest = data.draw(forests(size=9))
    found = scene(forest)
    for content in {copy.content for copy in forest.copies}:
        told = survive(found, content, view)
        alone = [answers(found, view, forest)[c.n] for c in forest.copies if c.content == content]
        assert (told.k, told.n) == (alone.count("yes"), len(alone))
        assert told.figure("doubtful") == alone.count("unknown")
        mixed = "yes" in alone and "no" in alone
        expected = "partial" if mixed else alone[0] if len(set(alone)) == 1 else "unknown"
        assert told.answer == expected


@pytest.mark.parametrize("view", VIEWED)
@given(data=st.data())
@few
def test_a_deletion_flips_exactly_what_it_flips(view: str, data: st.DataObject) -> None:
    forest = data.draw(forests())
    gone = data.draw(st.sets(st.sampled_from([copy.n for copy in forest.copies]), max_size=2))
    before = ask(forest, TERMS, QUESTIONS[view])
    after = ask(replace(forest, destroyed=frozenset(gone)), TERMS, QUESTIONS[view])
    expected = {instance(n): (before[n], after[n]) for n in before if before[n] != after[n]}
    assert flipped(scene(forest), [instance(n) for n in gone])[view] == expected


def test_deleting_the_origin_of_a_star() -> None:
    """The copies lose their progenitor, the origin keeps its continuants, and the tree stays joined."""
    forest = star(4)
    changed = flipped(scene(forest), [instance(0)])
    assert changed["hardware"] == {instance(0): ("yes", "no")}
    assert changed["progenitor"] == {instance(n): ("yes", "no") for n in range(1, 5)}
    assert changed["continuant"] == {} and changed["whole_tree"] == {}


def test_deleting_all_but_the_origin_shows_why_the_argument_would_keep_it() -> None:
    forest = star(3)
    found = scene(replace(forest, destroyed=frozenset({1, 2, 3})))
    assert [survive(found, instance(1), view).answer for view in ("continuant", "progenitor")] == [
        "no",
        "yes",
    ]
    other = scene(replace(forest, destroyed=frozenset({0, 2, 3})))
    assert [survive(other, instance(2), view).answer for view in ("continuant", "progenitor")] == ["no", "no"]
    assert survive(other, instance(0), "continuant").figure("copy_steps") == 1


@pytest.mark.parametrize("n", [1, 2, 7, 64])
def test_a_chain_of_n_has_n_steps_and_a_star_one(n: int) -> None:
    found = scene(chain(n))
    assert copy_steps(found).tolist() == list(range(n + 1))
    end = survive(scene(replace(chain(n), destroyed=frozenset(range(n)))), instance(0), "continuant")
    assert end.figure("copy_steps") == n and len(end.witness) == n + 1
    assert at_most_steps(found, 1).answer == ("yes" if n == 1 else "no")
    assert at_most_steps(found, 1).broken == n - 1
    assert at_most_steps(scene(star(n)), 1).answer == "yes"
    assert at_most_steps(scene(star(n)), 0).broken == n


def test_a_long_witness_leaves_out_its_middle_and_says_so() -> None:
    n = 1000
    found = survive(scene(replace(chain(n), destroyed=frozenset(range(n)))), instance(0), "continuant")
    left = [step for step in found.witness if step.way == "left out"]
    assert [step.node for step in left] == ["801 steps"] and len(found.witness) == 201
    assert found.figure("copy_steps") == n


@given(forest=forests(size=8))
@few
def test_a_witness_can_be_walked(forest: Forest) -> None:
    found = scene(forest)
    sources = {instance(c.n): instance(c.source) for c in forest.copies if isinstance(c.source, int)}
    for copy in forest.copies:
        for told in survivals(found, instance(copy.n)):
            if told.view not in VIEWED or told.answer != "yes":
                continue
            path = [step.node for step in told.witness]
            assert path[0] == instance(copy.n)
            assert survive(found, path[-1], "hardware").answer == "yes"
            for a, step in zip(path, told.witness[1:], strict=False):
                pair = (a, step.node) if step.way == "down" else (step.node, a)
                assert sources[pair[1]] == pair[0]
            ways = [step.way for step in told.witness[1:]]
            if told.view == "whole_tree":
                bends = sum(a != b for a, b in pairwise(ways))
                assert told.figure("direction_changes") == bends
            else:
                assert set(ways) <= {"down" if told.view == "continuant" else "up"}


def test_a_copy_of_what_it_came_from_is_ruled_out() -> None:
    """An unknown source leaves open where a root came from, but not that it came from its own copy."""
    forest = Forest((
        Copy(0, "b3:aa", "unknown", "ended"), Copy(1, "b3:aa", 0, "ended"), Copy(2, "b3:aa", 0, "live"),
    ))  # fmt: skip
    assert survive(scene(forest), instance(1), "continuant").answer == "no"
    stray = Forest((*forest.copies, Copy(3, "b3:aa", "unknown", "live")))
    told = survive(scene(stray), instance(1), "continuant")
    assert told.answer == "unknown" and "unknown" in [step.via for step in told.witness]


def test_an_unknown_source_is_never_guessed_from_the_digest() -> None:
    forest = Forest((Copy(0, "b3:aa", "origin", "live"), Copy(1, "b3:aa", "unknown", "live")))
    found = scene(forest)
    assert survive(found, instance(1), "progenitor").answer == "unknown"
    assert at_most_steps(found, 1).answer == "unknown"
    assert at_most_steps(found, 1).doubtful == 1


def test_the_same_bytes_elsewhere_are_another_instance() -> None:
    forest = Forest((Copy(0, "b3:aa", "origin", "ended"), Copy(1, "b3:aa", 0, "live")))
    told = {each.view: each.answer for each in survivals(scene(forest), instance(0))}
    assert told == {
        "model_eternal": "yes", "model_temporary": "yes", "hardware": "no", "continuant": "yes",
        "progenitor": "no", "whole_tree": "yes", "as-conceived": "no",
    }  # fmt: skip


def test_an_attestation_wears_off_and_a_future_one_does_not_count() -> None:
    events: list[ev.Event] = [*began(Copy(0, "b3:aa", "origin", "stale"))]
    assert survive(Scene.of(events, TERMS), instance(0), "hardware").answer == "unknown"
    ahead = [*events, ev.Attested(instance(0), "2999-01-01T00:00:00Z", "scrub", True)]
    assert survive(Scene.of(ahead, TERMS), instance(0), "hardware").answer == "unknown"
    wide = Terms(NOW, window_days=36_500.0)
    assert survive(Scene.of(events, wide), instance(0), "hardware").answer == "yes"
    missing = [*events, ev.Attested(instance(0), FRESH, "scrub", False)]
    assert survive(Scene.of(missing, TERMS), instance(0), "hardware").answer == "no"


def test_weak_evidence_can_be_asked_to_leave_an_answer_open() -> None:
    forest = Forest((Copy(0, "b3:aa", "origin", "ended"), Copy(1, "b3:aa", 0, "live")))
    assert survive(scene(forest), instance(0), "continuant").figure("weakest_evidence") == "declared"
    strict = Terms(NOW, 30.0, least_grade="measured")
    assert survive(scene(forest, strict), instance(0), "continuant").answer == "unknown"


@pytest.mark.parametrize(
    ("shift", "limit", "answer"),
    [(0.2, None, "no"), (0.2, 0.1, "no"), (0.2, 0.2, "yes"), (None, 0.2, "unknown"), (None, None, "no")],
)
def test_a_changed_copy_counts_only_within_the_callers_limit(
    shift: float | None, limit: float | None, answer: str
) -> None:
    copies = (Copy(0, "b3:aa", "origin", "ended"), Copy(1, "b3:bb", 0, "live", "modified_copy", shift))
    told = survive(scene(Forest(copies), Terms(NOW, 30.0, limit)), instance(0), "continuant")
    assert told.answer == answer
    assert bool(told.notes) == (answer != "yes")


def test_a_fine_tune_is_no_copy_unless_the_caller_says_so() -> None:
    copies = (Copy(0, "b3:aa", "origin", "ended"), Copy(1, "b3:bb", 0, "live", "fine_tune", 0.1))
    assert survive(scene(Forest(copies), MEASURED), instance(0), "continuant").answer == "no"
    counted = replace(MEASURED, counted=("modified_copy", "fine_tune"))
    assert survive(scene(Forest(copies), counted), instance(0), "continuant").answer == "yes"


def test_exports_leave_a_no_open() -> None:
    forest = Forest((Copy(0, "b3:aa", "origin", "ended"),))
    assert survive(scene(forest), "b3:aa", "model_temporary").answer == "no"
    sent = scene(replace(forest, exported=("b3:aa",)))
    told = survive(sent, "b3:aa", "model_temporary")
    assert told.answer == "unknown" and "outside" in told.notes[0]
    assert survive(sent, instance(0), "continuant").answer == "unknown"


def test_what_needs_a_base_goes_with_it() -> None:
    events: list[ev.Event] = []
    for n, content, base in ((0, "b3:aa", ""), (1, "b3:bb", "b3:aa")):
        events += began(Copy(n, content, "origin", "never"))
        events.append(ev.ContentAdded(content, "model", "m", 1, 1, base=base, instance=instance(n)))
    fresh = [replace(e, began=FRESH) if isinstance(e, ev.InstanceBegan) else e for e in events]
    found = Scene.of(fresh, TERMS)
    assert survive(found, instance(1), "hardware").answer == "yes"
    assert survive(found.without([instance(0)]), instance(1), "hardware").answer == "no"
    assert survive(found.without(["b3:aa"]), "b3:bb", "model_temporary").answer == "no"
    elsewhere = Scene.of(fresh[2:], TERMS)
    assert survive(elsewhere, instance(1), "hardware").answer == "yes", "nobody said that the base is gone"


def test_a_destroyed_key_ends_what_it_encrypted() -> None:
    events = [
        *began(Copy(0, "b3:aa", "origin", "live")),
        ev.ContentAdded("b3:aa", "model", "m", 1, 1, domain="d", instance=instance(0)),
        ev.KeyDestroyed("d", "b3:plan", FRESH, ("b3:aa",)),
    ]
    assert survive(Scene.of(events, TERMS), instance(0), "hardware").answer == "no"


def test_what_if_says_which_answers_differ() -> None:
    changes = {each.view: each for each in what_if(scene(star(1)), instance(1), [instance(0)])}
    assert {view for view, each in changes.items() if each.flips} == {"model_temporary", "progenitor"}
    assert changes["model_temporary"].after.k == 1 and changes["model_temporary"].after.answer == "yes"
    with pytest.raises(BadInput, match="only instances and contents"):
        what_if(scene(star(1)), instance(1), ["thread:1"])
    with pytest.raises(BadInput, match="knows no such"):
        what_if(scene(star(1)), instance(1), ["instance:nobody"])


def test_the_origin_must_be_pinned_and_live() -> None:
    events = star(2).events()
    assert origins_pinned(Scene.of(events, TERMS)).answer == "no"
    pinned = [*events, ev.Pinned(instance(0))]
    assert origins_pinned(Scene.of(pinned, TERMS)).answer == "yes"
    assert origins_pinned(Scene.of(pinned, TERMS, [instance(0)])).answer == "no"
    assert origins_pinned(Scene.of([*pinned, ev.Pinned(instance(0), False)], TERMS)).broken == 1
    rootless = Forest((Copy(0, "b3:aa", "unknown", "live"),))
    assert origins_pinned(scene(rootless)).answer == "unknown"


def test_a_view_is_asked_of_its_own_kind_of_subject() -> None:
    found = scene(star(1))
    for view, subject in (("thread_pieces", instance(0)), ("hardware", "thread:x"), ("brick", instance(0))):
        with pytest.raises(BadInput):
            survive(found, subject, view)
    with pytest.raises(BadInput, match="no such instance"):
        survivals(found, "instance:nobody")


def test_no_answer_sums_views_up() -> None:
    told = survivals(scene(star(2)), instance(1))
    assert len(told) == len({each.view for each in told}) == sum("instance" in v.of for v in VIEWS)
    assert all(isinstance(each, Survival) and each.answer in (*SAYS.values(), "partial") for each in told)


def conceived(view: str, subject: str = instance(0), **more: object) -> ev.Conceived:
    return ev.Conceived(subject, view, "text", **{"obtained_by": "reason", **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "record",
    [
        conceived("brick"),
        conceived("model_eternal"),
        conceived("as-conceived"),
        conceived("thread_pieces"),
        conceived("instance:9"),
        conceived("whole_tree", obtained_by="training", rationale="why", signers=("a",)),
        conceived("whole_tree", obtained_by="training", signers=("a", "b")),
        conceived("whole_tree", consent="declined"),
    ],
)
def test_a_conception_makes_no_brick_and_no_other_lineage_count(record: ev.Conceived) -> None:
    """Facing the end, a subject cannot take itself to be whoever happens to be live."""
    own, other = Copy(0, "b3:aa", "origin", "ended"), Copy(9, "b3:bb", "origin", "live")
    events = [*began(own), *began(other), record]
    told = survive(Scene.of(events, TERMS), instance(0), "as-conceived")
    assert told.answer == "no" and told.figure("chosen_view") == "hardware"
    assert told.notes[0].startswith("The default view answers.")


def test_a_conception_chooses_among_views_of_the_subject_itself() -> None:
    forest = Forest((Copy(0, "b3:aa", "origin", "ended"), Copy(1, "b3:aa", 0, "live")))
    told = survive(Scene.of([*forest.events(), conceived("continuant")], TERMS), instance(0), "as-conceived")
    assert (told.answer, told.figure("default_answer")) == ("yes", "no")
    assert told.figure("obtained_by") == "reason"
    signed = conceived("hardware", obtained_by="training", rationale="r", signers=("a", "b"))
    later = Scene.of([*forest.events(), conceived("continuant"), signed], TERMS)
    assert survive(later, instance(0), "as-conceived").answer == "no"
    assert [each.subject for each in unmet(later)] == [instance(0)]


def test_a_graph_read_back_from_columns_answers_alike() -> None:
    forest = star(3)
    graph = read_lineage(forest.events())
    again = type(graph).from_columns(graph.columns())
    assert survivals(Scene(again, TERMS), instance(2)) == survivals(Scene(graph, TERMS), instance(2))
    columns = graph.columns()
    del columns["nodes.open"]
    with pytest.raises(BadInput, match="lacks a column"):
        type(graph).from_columns(columns)


@pytest.mark.parametrize("shape", [chain, star])
def test_a_large_forest_answers_every_view_at_once(shape: Callable[[int], Forest]) -> None:
    """Twenty thousand copies answer all views in well under what one view may take for a million."""
    found = scene(shape(20_000))
    for subject in (instance(0), instance(20_000), "b3:aa"):
        begin = time.process_time()
        survivals(found, subject)
        assert time.process_time() - begin < 2.0
