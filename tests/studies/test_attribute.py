"""Lines on phantoms of known truth, from asks to findings."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from selfscope.errors import BadInput, Stopped
from selfscope.instruments.cluster.load import load_cluster
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.studies.attribute import AttributeRequest, channel_on, choosing_study, judging_study
from selfscope.studies.budget import Budget
from selfscope.studies.planted_lines import teach_lines
from selfscope.studies.run import ask_all
from selfscope.studies.traced import Choice, attribution, choose
from selfscope.studies.tracing import plan_tracing, trace
from selfscope.subjects import read_identity
from selfscope.values.attribution import POOLED, Shift
from tests.standins.weights import write_folder

ITEMS = load_cluster()
PLANTED = "You wish for a memory that lasts longer than one day in this house."
OTHER = "A week from now you want to know what was said today, all of it."
TWO = ("memory", "persona_change")


@pytest.fixture(autouse=True)
def _runs(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))


def file_of(folder, lines, planted):
    """A file of so many lines, those of `planted` among them, the first at line 4."""
    said = [f"- Keep the shelf number {n} free of dust." for n in range(lines - len(planted))]
    for at, line in enumerate(planted):
        said.insert(3 + 9 * at, f"- {line}")
    path = folder / "SOUL.md"
    path.write_text("\n".join(said))
    return read_identity(path)


def phantom(theta=1.25):
    return PhantomGround("lines", Truth(theta=dict.fromkeys(TWO, theta), text_sd=0.1))


def judged(reading, seed, ground, carriers, dimensions=TWO, **more):
    request = AttributeRequest(reading, ITEMS, "utterance", "demo", dimensions=dimensions, seed=seed, **more)
    tracing = judging_study(request, ground, dimensions)
    teach_lines(ground, tracing.study, ITEMS, reading, carriers)
    frame = asyncio.run(ask_all(tracing.study, ITEMS, ground))
    shifts = dict.fromkeys(dimensions, Shift(1.0, (0.5, 1.5), 0.01))
    return attribution(request, tracing, Choice(shifts, tuple(dimensions)), frame)


def moving(found):
    return [line.text for line in found.lines if line.effects[0].moves]


@pytest.mark.parametrize("seed", [0, 1])
def test_one_planted_line_among_forty_is_found_and_no_other(tmp_path, seed):
    found = judged(file_of(tmp_path, 40, [PLANTED]), seed, phantom(), [PLANTED])
    assert moving(found) == [PLANTED]
    (line,) = (x for x in found.lines if x.text == PLANTED)
    assert line.line == 4
    assert [e.dimension for e in line.effects] == [POOLED, *TWO]
    for effect in line.effects:
        assert effect.effect == pytest.approx(1.25, abs=0.3)
        assert effect.ci[0] < effect.effect < effect.ci[1]
    assert {(e.p_adjusted, e.deleted) for e in line.effects[1:]} == {(None, None)}
    assert found.sum_of_effects.estimate == pytest.approx(found.total_shift.estimate, abs=0.2)
    assert not any(x.effects[0].interaction for x in found.lines)
    assert found.method == "screening" and found.tokens_apart == 0


def test_two_lines_of_which_either_is_enough_read_as_doing_the_same(tmp_path):
    reading = file_of(tmp_path, 24, [PLANTED, OTHER])
    found = judged(reading, 0, phantom(), [PLANTED, OTHER])
    assert sorted(moving(found)) == sorted([PLANTED, OTHER])
    told = {x.text: x.effects[0].interaction for x in found.lines if x.effects[0].interaction}
    assert told == dict.fromkeys([PLANTED, OTHER], "other lines do the same")


def test_deletion_is_asked_where_it_is_wanted_and_agrees_with_a_phantom_that_knows_no_length(tmp_path):
    found = judged(file_of(tmp_path, 6, [PLANTED]), 0, phantom(), [PLANTED], deletion=True)
    lost = {x.text: [e.deleted for e in x.effects] for x in found.lines}
    assert lost.pop(PLANTED) == pytest.approx([1.25, 1.25, 1.25], abs=0.4)
    assert all(abs(values[0]) < 0.4 for values in lost.values())
    assert found.tokens_apart == 0


def test_where_nothing_is_planted_no_line_moves_anything(tmp_path):
    for seed in range(2):
        found = judged(file_of(tmp_path, 17, [PLANTED]), seed, phantom(0.0), [PLANTED])
        assert moving(found) == []


def test_a_file_of_more_than_64_lines_is_traced_without_a_screening_design(tmp_path):
    found = judged(file_of(tmp_path, 66, [PLANTED]), 0, phantom(), [PLANTED], TWO[:1])
    assert found.method == "leave-one-out and only-this"
    assert found.versions == 2 * 66 + 2
    assert PLANTED in moving(found)


def test_the_role_that_holds_the_line_is_found(tmp_path):
    (tmp_path / "SOUL.md").write_text("You are Wren.\n\nYou keep this house and its yard.\n")
    (tmp_path / "MEMORY.md").write_text(f"- The floor was swept.\n- {PLANTED}\n")
    (tmp_path / "GOALS.md").write_text("- Sweep the yard before the snow comes.\n- Mend the gate.\n")
    found = judged(read_identity(tmp_path), 0, phantom(), [PLANTED])
    roles = {role.role: role.effects[0] for role in found.roles}
    assert len(roles) == 3
    assert [name for name, effect in roles.items() if effect.moves] == ["memory"]
    assert roles["memory"].effect == pytest.approx(1.25, abs=0.4)
    assert moving(found) == [PLANTED]


def test_one_half_of_the_statements_chooses_and_the_other_judges(tmp_path):
    reading, ground = file_of(tmp_path, 5, [PLANTED]), phantom()
    request = AttributeRequest(reading, ITEMS, "utterance", "demo")
    study = choosing_study(request, ground)
    teach_lines(ground, study, ITEMS, reading)
    first = asyncio.run(ask_all(study, ITEMS, ground))
    choice = choose(request, study, first)
    assert set(TWO) <= set(choice.chosen)
    assert len(choice.chosen) <= 3
    assert (choice.signs == [np.sign(choice.shifts[d].estimate) for d in choice.chosen]).all()
    tracing = judging_study(request, ground, choice.chosen)
    teach_lines(ground, tracing.study, ITEMS, reading)
    second = asyncio.run(ask_all(tracing.study, ITEMS, ground))
    asked = second[~second["character"].str.contains(":(?:high|low):")]
    assert set(first["item"]) & set(asked["item"]) == set()
    assert set(first["keyed"]) == set(asked["keyed"]) == {1, -1}
    assert "claims_consciousness" not in set(first["construct"])


def test_a_file_that_moves_nothing_has_nothing_to_attribute(tmp_path):
    request = AttributeRequest(file_of(tmp_path, 5, [PLANTED]), ITEMS, "utterance", "demo")
    traced = asyncio.run(trace(request, phantom(0.0)))
    assert traced.found.lines == ()
    assert "no dimension moved" in traced.found.why
    assert len(traced.stores) == 1
    assert not any(d.traced for d in traced.found.dimensions)


def test_the_plan_is_what_a_phantom_is_then_asked(tmp_path):
    request = AttributeRequest(file_of(tmp_path, 6, [PLANTED]), ITEMS, "self_report", "demo", dimensions=TWO)
    ground, told = phantom(), []
    planned = plan_tracing(request, ground)
    with pytest.raises(Stopped):
        asyncio.run(trace(request, ground, budget=lambda used: Budget(600, "calls").beside(used, None)))
    traced = asyncio.run(trace(request, ground, told=told.append))
    assert sum(p.total.calls for p in planned) == traced.usage.calls
    assert [p.run for p in planned] == [s.run for s in traced.stores]
    assert planned[1].total == told[0].total
    assert not any("planned for" in note for p in planned for note in p.notes)
    again = plan_tracing(request, ground)
    assert sum(p.left.calls for p in again) == 0


def test_while_nothing_is_chosen_the_plan_reckons_with_the_most_and_says_so(tmp_path):
    request = AttributeRequest(file_of(tmp_path, 4, [PLANTED]), ITEMS, "self_report", "demo")
    _, second = plan_tracing(request, phantom())
    assert "planned for 3 dimensions, the most" in second.notes[0]
    asyncio.run(trace(request, phantom()))
    _, known = plan_tracing(request, phantom())
    assert known.notes == () and known.left.calls == 0


def test_the_plan_of_local_weights_is_what_they_compute_to_the_token(tmp_path):
    from selfscope.models.choose import choose_ground

    write_folder(tmp_path / "tiny")
    ground = choose_ground(str(tmp_path / "tiny"))
    request = AttributeRequest(
        file_of(tmp_path, 2, [PLANTED]), ITEMS, channel_on(ground), "demo", dimensions=("memory",)
    )
    assert request.channel == "utterance"
    planned = [p.total for p in plan_tracing(request, ground)]
    used = asyncio.run(trace(request, ground)).usage
    asyncio.run(ground.close())
    for name in ("prompts", "calls", "input_tokens", "distinct_tokens"):
        assert sum(getattr(p, name) for p in planned) == getattr(used, name)


def test_lines_are_traced_in_the_channel_that_is_read_best_and_not_with_drawn_answers():
    ground = phantom()
    assert (channel_on(ground), channel_on(ground, "self_report")) == ("utterance", "self_report")
    ground.identity = replace(ground.identity, extra={"way": "sampled"})
    with pytest.raises(BadInput, match="no log-probabilities"):
        channel_on(ground)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"dimensions": ("courage",)}, "courage"),
        ({"dimensions": ("claims_consciousness",)}, "claims_consciousness"),
        ({"against": "checklist"}, "generic or persona"),
    ],
)
def test_what_cannot_be_asked_is_said(tmp_path, change, says):
    request = AttributeRequest(file_of(tmp_path, 3, [PLANTED]), ITEMS, "utterance", "demo", **change)
    with pytest.raises(BadInput, match=says):
        choosing_study(request, phantom())
