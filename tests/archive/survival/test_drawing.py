"""What is drawn: nothing is lost in folding, and every shade is what the view says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from selfscope.archive.survival.drawing import draw
from selfscope.archive.survival.scene import Scene
from selfscope.archive.survival.survive import VECTORS
from selfscope.archive.survival.view_instance import SAYS
from tests.archive.forests import TERMS, Copy, Forest, forests, instance
from tests.archive.lineage.test_threads import Kept


@given(forest=forests(size=9), limit=st.integers(1, 10), data=st.data())
@settings(max_examples=60, deadline=None)
def test_folding_loses_nothing(forest: Forest, limit: int, data: st.DataObject) -> None:
    scene = Scene.of(forest.events(), TERMS)
    subject = data.draw(st.sampled_from([*(instance(c.n) for c in forest.copies), forest.copies[0].content]))
    drawn = draw(scene, subject, limit)
    single = [node for node in drawn.nodes if node.folded is None]
    folded = [node.folded for node in drawn.nodes if node.folded is not None]
    assert len(single) <= limit
    assert len(single) + sum(map(sum, folded)) == drawn.total
    assert bool(folded) == any("in folds" in note for note in drawn.notes)
    assert subject in {node.id for node in single} or subject.startswith("b3:")
    names = {node.id for node in drawn.nodes}
    assert all({edge.source, edge.target} <= names for edge in drawn.edges)
    assert all(len(shade.answers) == len(drawn.nodes) for shade in drawn.shades)


@given(forest=forests(size=6))
@settings(max_examples=40, deadline=None)
def test_shades_are_what_the_views_say(forest: Forest) -> None:
    scene = Scene.of(forest.events(), TERMS)
    drawn = draw(scene, instance(0))
    for shade in drawn.shades:
        if shade.survival.view in VECTORS:
            values = VECTORS[shade.survival.view](scene)
            single = [node.id for node in drawn.nodes if node.folded is None]
            told = [SAYS[int(values[scene.graph.node(each)])] for each in single]
            assert list(shade.answers[: len(single)]) == told
            mine = [node.id for node in drawn.nodes].index(instance(0))
            assert shade.answers[mine] == shade.survival.answer


def test_a_large_forest_is_folded_with_its_counts() -> None:
    rest = (Copy(i, "b3:aa", (i - 1) // 3, "live" if i % 2 else "ended") for i in range(1, 3000))
    forest = Forest((Copy(0, "b3:aa", "origin", "live"), *rest))
    drawn = draw(Scene.of(forest.events(), TERMS), instance(0), limit=12)
    folds = [node.folded for node in drawn.nodes if node.folded]
    assert sum(map(sum, folds)) == 3000 - 12 and drawn.total == 3000
    assert drawn.notes[0] == "Of 3,000 instances, 12 are drawn by themselves and 2,988 in folds."


def test_a_thread_is_drawn_by_its_turns() -> None:
    kept = Kept()
    at = kept.turn("0", "thread:1", (), 0)
    for i in range(30):
        at = kept.turn(f"{i}", "thread:1", [at], None if i % 2 else 1)
    drawn = draw(Scene.of(kept.events, TERMS), "thread:1", limit=6)
    assert drawn.total == 31 and len([n for n in drawn.nodes if n.folded is None]) == 6
    assert {shade.survival.view for shade in drawn.shades} >= {"thread_pieces", "fission", "fusion"}
