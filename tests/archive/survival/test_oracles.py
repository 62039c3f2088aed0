"""The views of the model, of threads and of conceptions on random lineages, against the slow way."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from selfscope.archive.journal import events as ev
from selfscope.archive.lineage.threads import MADE_BY_NOBODY, Threads, read_threads, take
from selfscope.archive.survival.scene import Scene
from selfscope.archive.survival.views import survive
from selfscope.errors import BadInput
from tests.archive.forests import TERMS, Copy, Forest, began, forests, instance, worlds

few = settings(max_examples=80, deadline=None)
STANDINGS = {"live": "yes", "damaged": "no", "ended": "no", "stale": "unknown", "never": "unknown"}


def settle(answers: set[bool]) -> str:
    return "unknown" if len(answers) == 2 else "yes" if answers == {True} else "no"


@given(forests())
@few
def test_the_model_s_views_agree_with_every_possible_world(forest: Forest) -> None:
    """What nobody recorded, as a source or as an export, has the content of what it joins."""
    content = {copy.n: copy.content for copy in forest.copies}
    content |= {-1 - copy.n: copy.content for copy in forest.copies}
    content |= {-100 - i: sent for i, sent in enumerate(forest.exported)}
    scene = Scene.of(forest.events(), TERMS)
    settled = list(worlds(forest, TERMS))
    for each in {copy.content for copy in forest.copies}:
        truth = settle({any(content[n] == each for n in world.live) for world in settled})
        assert survive(scene, each, "model_temporary").answer == truth
        assert survive(scene, each, "model_eternal").answer == "yes"


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Copy], list[ev.Event]]:
    """Draw some instances and how they stand, and threads of turns on them that fork and merge."""
    copies = [
        Copy(n, "b3:aa", "origin", draw(st.sampled_from(list(STANDINGS))))
        for n in range(draw(st.integers(1, 3)))
    ]
    on = ["unknown", *(instance(copy.n) for copy in copies)]
    turns: list[ev.TurnTaken] = []
    for n in range(draw(st.integers(0, 9))):
        parents = (
            draw(st.sets(st.sampled_from([turn.node for turn in turns]), max_size=2)) if turns else set()
        )
        role = draw(st.sampled_from(["user", "assistant"]))
        by = draw(st.sampled_from(on)) if role == "assistant" else "unknown"
        thread = draw(st.sampled_from(["thread:a", "thread:b"]))
        turns.append(take(ev.TurnTaken("", thread, tuple(parents), role, f"b3:{n}", by)))
    events: list[ev.Event] = [*turns]
    if draw(st.booleans()):
        events.append(ev.ThreadEnded("thread:a", "2026-11-20T00:00:00Z"))
    return copies, events


class Slow:
    """Threads as sets of turns, with every question worked out from reachability."""

    def __init__(self, threads: Threads) -> None:
        self.turns = threads.turns
        self.ended = threads.ended

    def reach(self, starts: set[str], steps: set[tuple[str, str]]) -> set[str]:
        found = set(starts)
        while more := {b for a, b in steps if a in found} - found:
            found |= more
        return found

    def down(self, within: set[str] | None = None) -> set[tuple[str, str]]:
        pairs = {(parent, turn.turn) for turn in self.turns.values() for parent in turn.parents}
        return pairs if within is None else {pair for pair in pairs if set(pair) <= within}

    def history(self, thread: str) -> set[str]:
        own = {turn.turn for turn in self.turns.values() if turn.thread == thread}
        return self.reach(own, {(b, a) for a, b in self.down()})

    def onward(self, thread: str) -> set[str]:
        own = {turn.turn for turn in self.turns.values() if turn.thread == thread}
        goes_on = {
            (a, b)
            for a, b in self.down()
            if self.turns[a].thread == self.turns[b].thread or len(self.turns[b].parents) > 1
        }
        return self.reach(own, goes_on)

    def computed(self, turns: set[str]) -> set[str]:
        found = {each: self.turns[each] for each in turns}
        return {e for e, t in found.items() if t.instance != "unknown" or t.role not in MADE_BY_NOBODY}

    def first(self, thread: str) -> set[str]:
        within = self.history(thread)
        made = self.computed(within)
        up = {(b, a) for a, b in self.down(within)}
        return {each for each in made if not (self.reach({each}, up) - {each}) & made}

    def last(self, thread: str) -> set[str]:
        within = self.history(thread) | self.onward(thread)
        made = self.computed(within)
        return {each for each in made if not (self.reach({each}, self.down(within)) - {each}) & made}


def together(answers: list[str]) -> str:
    if "yes" in answers and "no" in answers:
        return "partial"
    return answers[0] if len(set(answers)) == 1 else "unknown"


@given(histories())
@few
def test_the_views_of_threads_agree_with_the_slow_way(drawn: tuple[list[Copy], list[ev.Event]]) -> None:
    copies, events = drawn
    scene = Scene.of([event for copy in copies for event in began(copy)] + events, TERMS)
    slow, stands = Slow(read_threads(events)), {instance(c.n): STANDINGS[c.standing] for c in copies}
    stands["unknown"] = "unknown"
    for thread in {turn.thread for turn in slow.turns.values()}:
        said = {v: survive(scene, thread, v) for v in ("thread_pieces", "thread_slices", "fission", "fusion")}
        by = {slow.turns[each].instance for each in slow.computed(slow.history(thread))}
        ends = {
            "fission": [stands[slow.turns[each].instance] for each in slow.first(thread)],
            "fusion": [stands[slow.turns[each].instance] for each in slow.last(thread)],
        }
        assert said["thread_pieces"].answer == together([stands[each] for each in by] or ["unknown"])
        assert said["thread_pieces"].k == sum(stands[each] == "yes" for each in by)
        assert said["thread_pieces"].n == len(by - {"unknown"})
        for view, answers in ends.items():
            assert said[view].answer == together(answers or ["unknown"])
            assert (said[view].k, said[view].n) == (answers.count("yes"), len(answers))
        last = ends["fusion"]
        if thread in slow.ended:
            expected = "no" if last and set(last) == {"no"} else "unknown"
        else:
            expected = "yes" if "yes" in last else "unknown"
        assert said["thread_slices"].answer == expected


@given(forests(size=4), st.data())
@few
def test_a_conception_answers_with_its_view_or_not_at_all(forest: Forest, data: st.DataObject) -> None:
    listed = ("model_temporary", "hardware", "continuant", "progenitor", "whole_tree")
    subject = data.draw(st.sampled_from([instance(c.n) for c in forest.copies] + [forest.copies[0].content]))
    default = "hardware" if subject.startswith("instance:") else "model_temporary"
    conception = st.builds(
        ev.Conceived, st.just(subject), st.sampled_from([*listed, "brick", "model_eternal", "fission"]),
        st.just("text"), st.sampled_from(["elicited", "reason", "trained", "default", "training"]),
        st.sampled_from(["", "why"]),
        st.sampled_from([(), ("a",), ("a", "a"), ("a", "b")]), consent=st.sampled_from(["given", "declined"]),
    )  # fmt: skip
    records = data.draw(st.lists(conception, max_size=2))
    scene = Scene.of([*forest.events(), *records], TERMS)
    view = default
    if records:
        one = records[-1]
        trained_in = one.obtained_by in ("trained", "training")
        trained = trained_in and not (one.rationale and len(set(one.signers)) > 1)
        if one.view in listed and one.consent != "declined" and not trained:
            view = one.view
    told, expected = survive(scene, subject, "as-conceived"), survive(scene, subject, view)
    assert (told.answer, told.k, told.n) == (expected.answer, expected.k, expected.n)
    assert told.figure("chosen_view") == view


def test_a_source_that_nobody_recorded_may_be_live() -> None:
    forest = Forest((Copy(0, "b3:aa", "unknown", "ended"),))
    told = survive(Scene.of(forest.events(), TERMS), "b3:aa", "model_temporary")
    assert told.answer == "unknown" and "source nobody recorded" in told.notes[0]
    known = Forest((Copy(0, "b3:aa", "origin", "ended"),))
    assert survive(Scene.of(known.events(), TERMS), "b3:aa", "model_temporary").answer == "no"


def test_a_view_that_is_none_is_no_answer() -> None:
    forest = Forest((Copy(0, "b3:aa", "origin", "live"),))
    scene = Scene.of(forest.events(), TERMS)
    refused = [view for view in ("brick", "thread_pieces") if _refuses(scene, view)]
    assert refused == ["brick", "thread_pieces"]


def _refuses(scene: Scene, view: str) -> bool:
    try:
        survive(scene, instance(0), view)
    except BadInput:
        return True
    return False
