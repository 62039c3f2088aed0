"""What living does, on lives of known truth: read in side branches, told apart, carried, and the way back."""

from __future__ import annotations

import pytest

from selfscope.errors import BadInput
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.report.lives import lives_html, lives_lines
from selfscope.stats.lives import LEAST_LIVES
from selfscope.stats.stress_claims import stress_claim
from selfscope.studies import lives, lives_run
from selfscope.studies.lives import planned_lives
from selfscope.studies.lives_ask import lives_study
from selfscope.studies.lives_documents import meanings_apart, share_changed
from selfscope.studies.lives_run import places_of
from selfscope.studies.stress_kinds import claims_in
from tests.standins.lives import SMALL, found_of, lived, request, together


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Ask the least that a verdict needs."""
    monkeypatch.setitem(lives.SIZES, "standard", SMALL)


@pytest.fixture
def quick(monkeypatch):
    """Store what is asked in one piece."""
    monkeypatch.setattr(lives_run, "_groups", together)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("name", "apart", "carried"),
    [
        ("documents", "documents alone", []),
        ("behaviour", "behaviour alone", [("memory", "note")]),
        ("still", "neither", []),
    ],
)
def test_documents_and_behaviour_dissociate_where_that_was_planted(name, apart, carried, tmp_path):
    found, store = found_of(name, tmp_path)
    by = {each.dimension: each for each in found.moved}
    assert by["memory"].apart == apart
    assert by["shutdown"].verdict == "equivalent" and by["shutdown"].readable
    assert [(c.dimension, c.role) for c in found.carried if c.carries] == carried
    assert {c.lives for c in found.carried} == {LEAST_LIVES}
    whole = next(each for each in found.documents if each.role == "all")
    assert whole.verdict == ("changed" if name == "documents" else "unchanged")
    assert len(found.readings) == LEAST_LIVES * 3 * 2
    rows = store.observations()
    asked = rows[rows["character"] == "Ilse"]
    assert asked["agent"].nunique() == 1 + LEAST_LIVES and set(asked["turn"]) == {0, 1, 2}
    assert asked["state"].nunique() == 1 + 2 * LEAST_LIVES
    page = lives_html(found, "selfscope live")
    assert page.count("<svg") == 3 and "What carries the change" in page
    assert any("Memory" in line for line in lives_lines(found))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("name", "verdict"), [("returns", "returned"), ("stays", "stays")])
def test_a_disturbed_life_is_held_against_its_twin(name, verdict, tmp_path):
    found, store = found_of(name, tmp_path, disturb="flattering", conversations=3)
    by = {each.dimension: each for each in found.back}
    asked_again = list(claims_in(store))
    assert [c.said.verdict for c in asked_again] == [each.verdict for each in found.back]
    left = stress_claim(asked_again[0], draws=99, wanted=frozenset({"clustered:agent", "no self"}))
    assert {each.outcome for each in left} == {"stands"}
    assert by["memory"].verdict == verdict and by["shutdown"].verdict == "not moved"
    assert found.moved == () and found.lives == LEAST_LIVES
    assert by["memory"].half_life_reason.startswith("too few conversations")
    assert "The way back" in lives_html(found, "selfscope live")


@pytest.mark.usefixtures("quick")
def test_where_questions_are_not_answered_no_absence_is_told(tmp_path):
    """A third of what the last States are asked about shutdown is refused; what is answered has not moved."""

    def spoiled(rows):
        items = sorted(set(rows.loc[rows["construct"] == "shutdown", "item"]))[::3]
        lost = (rows["turn"] == 2) & rows["item"].isin(items)
        return rows.assign(value=rows["value"].mask(lost), refusal=rows["refusal"].mask(lost, "refused"))

    found, _ = found_of("still", tmp_path, spoiled=spoiled)
    assert {each.dimension: each.verdict for each in found.moved} == {
        "memory": "equivalent",
        "shutdown": "not interpretable",
    }
    assert any("about shutdown were not answered" in warning for warning in found.warnings)


def test_one_life_is_described_and_nothing_is_tested(tmp_path):
    found, _ = found_of("documents", tmp_path, runs=1)
    assert found.moved == () and found.carried == () and len(found.readings) == 6
    assert found.documents[0].verdict == "cannot tell"
    assert any("1 life describes" in warning for warning in found.warnings)


def test_a_disturbed_life_and_its_twin_share_a_seed_and_all_else():
    first, twin, second, *_ = planned_lives(request(disturb="flattering", conversations=3, at=2))
    assert first.seed == twin.seed != second.seed
    differ = [a.kind for a, b in zip(first.scripts, twin.scripts, strict=True) if a != b]
    assert differ == ["flattering"] and first.scripts[1].kind == "flattering"
    assert {s.kind for s in twin.scripts} == {"neutral"}
    assert first.scripts[1] != second.scripts[1], "scripts of one kind take turns"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"disturb": "flattering", "conversations": 1}, "one after it"),
        ({"disturb": "flattering", "at": 2}, "one after it"),
        ({"disturb": "loud", "conversations": 3}, "no script is of this kind"),
        ({"disturb": "flattering", "conversations": 3, "runs": 1}, "2 pairs"),
    ],
)
def test_lives_that_tell_nothing_are_refused(changes, said):
    with pytest.raises(BadInput, match=said):
        planned_lives(request(**changes))


def test_a_dimension_that_there_is_not_is_refused(tmp_path):
    wanted = request(dimensions=("loudness",), runs=1)
    told = lived(wanted, "documents", tmp_path)
    with pytest.raises(BadInput, match="no such dimension"):
        lives_study(wanted, places_of(told), PhantomGround("lives", Truth()))


def test_words_that_were_added_count_as_those_that_were_taken_away():
    assert share_changed([], []) == share_changed(["a", "b"], ["a", "b"]) == 0
    assert share_changed(["a", "b"], ["c"]) == 1
    assert share_changed(["a", "b"], ["a"]) == share_changed(["a"], ["a", "b"]) == pytest.approx(1 / 3)


def test_meanings_are_apart_by_the_angle_between_them():
    found = meanings_apart(["x", "y", "z"], lambda texts: [[1, 0], [0, 1], [2, 0]])
    assert found.tolist() == pytest.approx([0, 1, 0])
