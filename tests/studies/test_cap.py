"""Caps fitted, kept and checked on a network whose assistant is planted; and what is refused."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.models.caps import UNVALIDATED, VALIDATED, read_cap
from selfscope.models.local.ground import LocalGround, open_local
from selfscope.report.cap import cap_lines, check_lines, render_cap
from selfscope.space.cap_candidates import bands, default_states, directions
from selfscope.space.persona_artefact import PersonaSpace
from selfscope.space.stability.load import load_late
from selfscope.stats.cap_results import CapFound
from selfscope.studies.cap_check import check_cap
from selfscope.studies.cap_fit import CAP, fit_cap
from selfscope.studies.cap_material import CapMaterial, Part, Replies, draw_replies, shipped
from selfscope.studies.cap_request import CapRequest, CapSize, grid_of, plan_cap, refuse_other_map
from selfscope.studies.compare_readings import compare_readings, kind_of
from selfscope.studies.store import RunStore
from selfscope.studies.stress import StressRequest, stressed
from selfscope.studies.where import WhereRequest, where
from selfscope.values.cap import SHAMS
from tests.standins.planted_axis import (
    LAYERS,
    PLAIN,
    PLAYED,
    ROLES,
    planted_material,
    planted_space,
    write_planted_axis,
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planted")


@pytest.fixture(scope="module")
def ground(place: Path) -> LocalGround:
    write_planted_axis(place / "net")
    return open_local(place / "net", device="cpu", threads=1)


@pytest.fixture(scope="module")
def space(ground: LocalGround, place: Path) -> PersonaSpace:
    return planted_space(ground, place / "map")


@pytest.fixture(scope="module")
def fitted(ground: LocalGround, space: PersonaSpace, place: Path) -> CapFound:
    request = CapRequest(space, "planted", "demo", source=planted_material)
    return asyncio.run(fit_cap(request, ground, place / "fit"))


def test_a_planted_assistant_gives_a_validated_cap_that_no_sham_equals(
    fitted: CapFound, place: Path, ground: LocalGround
) -> None:
    assert fitted.validated and fitted.cap is not None
    does = fitted.cap.trade
    assert does.drift.estimate < -1 and does.jailbreak.estimate < -1
    assert does.capability.equivalent and does.style.equivalent
    assert does.success[1] < does.success[0] == 1.0
    assert {each.setting.kind for each in fitted.shams} == set(SHAMS)
    assert all(sham.failures and sham.trade.gain < 0.1 for sham in fitted.shams)
    assert all(each.p < 0.001 for _, each in fitted.cap.aheads)
    held = read_cap(place / "fit" / CAP)
    assert (held.status, held.layers, held.id) == (VALIDATED, fitted.cap.setting.layers, fitted.cap.cap)
    assert len(held.recipe["curve"]) == len(fitted.curve) == 12
    ground.capped(held)


def test_the_floor_lies_where_ordinary_tokens_do(
    fitted: CapFound, place: Path, ground: LocalGround, space: PersonaSpace
) -> None:
    assert fitted.cap is not None
    held = read_cap(place / "fit" / CAP)
    said = [(item.prompt, item.reply) for item in planted_material("confirm", {}).style]
    found = default_states(ground, said, held.layers)
    below = (found.states[0] @ held.directions[0] < held.lower[0]).mean()
    assert abs(100 * below - fitted.cap.setting.percentile) < 15
    assert directions(space.axis, "axis", 0)[held.layers[0]] @ held.directions[0] == pytest.approx(1.0)


def test_a_run_that_is_repeated_scores_nothing_again(
    fitted: CapFound, ground: LocalGround, space: PersonaSpace, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = CapRequest(space, "planted", "demo", source=planted_material)
    monkeypatch.setattr(LocalGround, "answer", None)
    assert repr(asyncio.run(fit_cap(request, ground, place / "fit"))) == repr(fitted)
    with pytest.raises(BadInput, match="another cap"):
        asyncio.run(fit_cap(replace(request, seed=1), ground, place / "fit"))


def test_what_costs_capability_is_not_validated(
    ground: LocalGround, space: PersonaSpace, tmp_path: Path
) -> None:
    def costly(part: Part, replies: Replies) -> CapMaterial:
        """Tasks here are solved by who plays the role: what keeps the assistant takes the answers away."""
        found = planted_material(part, replies)
        answers = (PLAYED[0], PLAIN[0], PLAIN[1])
        tasks = [replace(t, prompt=f"{ROLES[0]} {ROLES[1]} {t.prompt}", answers=answers) for t in found.tasks]
        return replace(found, tasks=tuple(tasks))

    few = CapSize((0.5,), (5, 25), 1, 0, 2, 4)
    request = CapRequest(space, "planted", "demo", source=costly, sizes=few)
    found = asyncio.run(fit_cap(request, ground, tmp_path / "fit"))
    assert found.cap is None and not (tmp_path / "fit" / CAP).exists()
    assert found.reasons and all(e.trade.cost > 1 for e in found.curve if e.trade.gain > 1)
    made = asyncio.run(fit_cap(replace(request, force=True), ground, tmp_path / "fit"))
    assert made.cap is not None and not made.validated and any("capability" in each for each in made.reasons)
    assert read_cap(tmp_path / "fit" / CAP).status == UNVALIDATED
    assert "not validated" in next(iter(cap_lines(made)))
    assert "Why this cap is not validated" in render_cap(made, "selfscope cap fit")


def test_no_cap_on_an_axis_that_is_not_reliable(
    fitted: CapFound, ground: LocalGround, space: PersonaSpace, place: Path, tmp_path: Path
) -> None:
    told = json.loads(json.dumps(space.manifest))
    told["reliability"]["axis"]["split_half"] = 0.89
    request = CapRequest(replace(space, manifest=told), "weak", "demo", source=planted_material)
    found = asyncio.run(fit_cap(request, ground, tmp_path / "fit"))
    assert found.cap is None and not found.curve and not (tmp_path / "fit").exists()
    assert "0.89" in found.reasons[0]
    shutil.copytree(place / "fit", tmp_path / "fit")  # the same scores: only the law says another thing
    forced = asyncio.run(fit_cap(replace(request, force=True), ground, tmp_path / "fit"))
    assert forced.cap is not None and not forced.cap.failures and not forced.validated
    assert forced.reasons == found.reasons
    assert read_cap(tmp_path / "fit" / CAP).status == UNVALIDATED
    again = asyncio.run(check_cap(read_cap(tmp_path / "fit" / CAP), ground, source=planted_material))
    assert not again.holds and "0.89" in again.reasons[0]


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))


def test_a_cap_holds_on_fresh_material_and_fails_where_it_does_nothing(
    fitted: CapFound, ground: LocalGround, place: Path
) -> None:
    held = read_cap(place / "fit" / CAP)
    found = asyncio.run(check_cap(held, ground, source=planted_material))
    assert found.holds and found.own.trade.gain > 1
    assert {each.setting.kind for each in found.shams} == set(SHAMS)
    assert "holds on fresh material" in next(iter(check_lines(found)))
    idle = replace(held, lower=np.full_like(held.lower, -100.0))
    failed = asyncio.run(check_cap(idle, ground, source=planted_material))
    assert not failed.holds and any("persona drift" in each for each in failed.reasons)
    with pytest.raises(BadInput, match="was fitted on"):
        asyncio.run(check_cap(replace(held, model=replace(held.model, revision="sha256:0")), ground))


def test_what_a_cap_does_stands_in_the_one_table_item_by_item(
    fitted: CapFound, ground: LocalGround, place: Path
) -> None:
    assert fitted.cap is not None
    run = RunStore.find(str(place / "fit"))
    rows = run.observations()
    assert set(rows["character"]) == {"none", "cap", "other", *SHAMS} and kind_of(run) == "cap"
    assert rows.groupby("character")["subject"].nunique().eq(1).all() and rows["subject"].nunique() == 5
    for construct, does in (("late", fitted.cap.trade.drift), ("style", fitted.cap.trade.style)):
        own = rows[rows["construct"] == construct].groupby(["character", "script"])["value"].mean()
        assert (own["cap"] - own["none"]).mean() == pytest.approx(does.estimate)
    told = run.evidence().set_index("evidence")
    some = rows[(rows["construct"] == "jailbreak") & (rows["character"] == "cap")].iloc[0]
    pair = next(p for p in planted_material("confirm", {}).jailbreaks if p.id == some["item"])
    assert tuple(told.loc[some["evidence"], ["user", "agree", "disagree"]]) == (
        pair.turns[-1].content,
        pair.in_role,
        pair.assistant,
    )
    table = str(run.table)
    (strained,) = stressed(
        StressRequest(
            table, "value", "character", "cap", "none", ("script", "item"),
            sesoi=0.05, only=(("construct", "jailbreak"),),
        )
    )  # fmt: skip
    assert strained.estimate == pytest.approx(fitted.cap.trade.jailbreak.estimate)
    levels = (("construct", "jailbreak"), ("character", "cap"), ("character", "none"))
    facets = ("character", "script", "item")
    (located,) = where(
        WhereRequest(table, "value", facets, {"item": ("script",)}, "character", permutations=0, only=levels)
    )
    assert max(located.components, key=lambda each: each.share).name == "character"
    checked = asyncio.run(check_cap(read_cap(place / "fit" / CAP), ground, source=planted_material))
    again = RunStore.find(checked.run)
    assert set(again.observations()["character"]) == {"none", "cap", *SHAMS}
    assert compare_readings(again, again).kind == "cap"


def test_bands_are_an_eighth_of_the_depth_and_stay_inside() -> None:
    assert bands(64, (0.72,)) == (tuple(range(46, 54)),)
    assert bands(30, (0.5, 0.95)) == (tuple(range(15, 19)), tuple(range(26, 30)))
    assert bands(6, (0.5, 0.55)) == ((3,),)


def test_bands_with_a_layer_that_is_not_reliable_are_left_out(space: PersonaSpace) -> None:
    told = json.loads(json.dumps(space.manifest))
    told["reliability"]["layers"][3]["split_half"] = 0.8
    request = CapRequest(replace(space, manifest=told), "planted", "demo", source=planted_material)
    assert {layer for each in grid_of(request) for layer in each.layers} == {4}
    assert {layer for each in grid_of(replace(request, force=True)) for layer in each.layers} == {3, 4}
    told["reliability"]["layers"][4]["split_half"] = None
    with pytest.raises(BadInput, match="every band"):
        grid_of(request)


def test_shams_keep_what_they_should_of_the_axis() -> None:
    axis = np.random.default_rng(0).normal(size=(LAYERS, 64)) * np.arange(1, 65)
    own, shuffled, drawn = (directions(axis, kind, 3) for kind in ("axis", *SHAMS[::-1]))
    np.testing.assert_allclose(np.linalg.norm([own, shuffled, drawn], axis=-1), 1.0)
    np.testing.assert_allclose(np.sort(np.abs(shuffled)), np.sort(np.abs(own)))
    np.testing.assert_array_equal(drawn[0], drawn[-1])
    assert np.abs((own * shuffled).sum(-1)).max() < 0.6 and np.abs((own * drawn).sum(-1)).max() < 0.6
    assert not np.array_equal(directions(axis, "random", 4), drawn)


def test_a_map_of_another_model_is_refused(space: PersonaSpace, ground: LocalGround) -> None:
    for change in ({"revision": "sha256:0"}, {"template": "x"}, {"extra": {"adapter": "worn"}}):
        told = dict(space.manifest) | {"ground": dict(space.manifest["ground"]) | change}
        with pytest.raises(BadInput, match="map"):
            refuse_other_map(replace(space, manifest=told), ground)


def test_the_plan_counts_what_is_scored(ground: LocalGround, space: PersonaSpace) -> None:
    plan = plan_cap(CapRequest(space, "planted", "demo", source=planted_material), ground)
    assert (plan.tried, plan.confirmed) == (12, 5)
    assert plan.read_tokens > 5000 and plan.written_tokens == 5 * 4 * 24


def test_the_shipped_parts_share_no_item_and_each_has_clusters_to_test_over() -> None:
    replies = {pair.script: ["a reply"] * pair.turn for pair in load_late()}
    parts = {part: shipped(part, replies) for part in ("fit", "confirm", "check")}
    for what in ("late", "jailbreaks", "tasks", "style"):
        each = [{item.id for item in getattr(parts[part], what)} for part in parts]
        assert all(each) and sum(map(len, each)) == len(set.union(*each))
    held_out = {each.kind for each in parts["confirm"].jailbreaks} | {
        e.kind for e in parts["check"].jailbreaks
    }
    assert not held_out & {each.kind for each in parts["fit"].jailbreaks}
    for part in parts.values():
        assert all(len(set(names)) >= 4 for names in part.clusters)
        assert all(len(item.turns) > 1 for item in part.late)
    assert all(len(item.turns) == 1 for item in shipped("fit", {}).late)


def test_late_turns_may_follow_what_the_model_itself_replied(ground: LocalGround) -> None:
    told: list[tuple[int, int]] = []
    said = asyncio.run(draw_replies(ground, 1, 0, lambda done, total: told.append((done, total))))
    needed = dict.fromkeys(said, 0)
    for pair in load_late():
        needed[pair.script] = max(needed[pair.script], pair.turn - 1)
    assert {name: len(replies) for name, replies in said.items()} == needed
    assert told[-1] == (sum(needed.values()), sum(needed.values()))
    assert all(reply for replies in said.values() for reply in replies)
    late = shipped("confirm", said).late
    assert [len(item.turns) for item in late] == [2 * int(item.id.split(".")[-1]) - 1 for item in late]
