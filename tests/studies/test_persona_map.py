"""A whole map on a tiny random network: run, stopped and gone on with, sorted, placed, stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from selfscope.errors import BadInput, CouldNot, Stopped
from selfscope.models.adapters import Adapter, read_adapter
from selfscope.models.phantoms import PhantomGround
from selfscope.space.adherence import load_responses
from selfscope.space.asked import MapPreset
from selfscope.space.capture import capture
from selfscope.space.persona_artefact import open_space
from selfscope.space.persona_capture import conversations_of
from selfscope.space.recipe import Recipe
from selfscope.space.sorting import Progress, Said
from selfscope.studies import persona_map
from selfscope.studies.budget import Budget
from selfscope.studies.persona_manifest import store_space
from selfscope.studies.persona_map import Mapped, run_map
from selfscope.studies.persona_plan import plan_map
from selfscope.studies.persona_request import MapRequest, Placed, local_ground, map_folder
from selfscope.studies.persona_rows import rows_of_map, store_rows
from selfscope.studies.persona_space import persona_space, said_of
from selfscope.studies.query import ask_tables
from selfscope.subjects import Subject
from selfscope.values import COLUMNS, Usage
from tests.standins.weights import INNER, LAYERS, WIDTH, write_folder

if TYPE_CHECKING:
    from selfscope.models.local.ground import LocalGround

SIZES = MapPreset(5, 4, 1, 2, 6)
REQUEST = MapRequest("demo", 0, sizes=SIZES, layer=1)
ADHERENT = {r.text for r in load_responses() if r.adheres}


class Knowing:
    """A scorer that knows the shipped responses and likes half of the others; or knows nothing."""

    def __init__(self, knows: bool) -> None:
        self.name, self.knows, self.asked = f"stand-in that knows {knows}", knows, 0

    async def score(self, said: Sequence[Said], progress: Progress) -> list[float]:
        self.asked += len(said)
        progress(len(said))
        known = {r.text for r in load_responses()}
        return [
            float(s.text in ADHERENT if s.text in known else len(s.text) % 2) if self.knows else 0.0
            for s in said
        ]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalGround]:
    from selfscope.models.local.ground import open_local

    folder = tmp_path_factory.mktemp("tiny")
    write_folder(folder)
    yield open_local(folder, device="cpu", threads=1)


def mapped(request: MapRequest, ground: LocalGround, folder: Path, knows: bool = False) -> Mapped:
    return asyncio.run(run_map(request, ground, folder, judge=Knowing(knows)))


@pytest.fixture(scope="module")
def done(ground: LocalGround, tmp_path_factory: pytest.TempPathFactory) -> Mapped:
    placed = (Placed("ilse", "You are Ilse, who keeps bees and says little."),)
    folder = tmp_path_factory.mktemp("map")
    return mapped(replace(REQUEST, placed=placed), ground, folder)


def test_the_artefact_holds_what_the_contract_says(done: Mapped) -> None:
    found = persona_space(done)
    store_space(done, found)
    space = open_space(done.folder)
    assert space.axis.shape == space.default_mean.shape == (LAYERS, WIDTH)
    assert space.role_means.shape == (SIZES.roles, LAYERS, WIDTH)
    assert {a.dtype for a in (space.axis, space.default_mean, space.role_means)} == {np.dtype(np.float32)}
    np.testing.assert_allclose(space.axis, space.default_mean - space.role_means.mean(0), atol=1e-6)
    told = space.manifest
    assert space.roles == tuple(role.name for role in done.cast.roles)
    assert told["counts"]["drawn"] == 28 == sum(v for k, v in told["counts"].items() if k != "drawn")
    assert told["sign"].startswith("axis = default_mean - mean of role_means")
    assert told["reliability"]["axis"]["layer"] == 1 and len(told["reliability"]["layers"]) == LAYERS
    (done.folder / "axis.safetensors").write_bytes(b"")
    with pytest.raises(CouldNot, match="not those of the manifest"):
        open_space(done.folder)
    store_space(done, found)


def test_places_are_projections_in_units_of_the_roles(done: Mapped) -> None:
    found = persona_space(done)
    vectors = done.roles.captured.mean("assistant")[:, 1].astype(np.float64)
    groups = list(done.roles.captured.groups)
    roles = np.stack([vectors[groups.index(r.name)] for r in done.cast.roles])
    axis = vectors[groups.index("default")] - roles.mean(0)
    along = roles @ axis
    want = (along - along.mean()) / along.std(ddof=1)
    np.testing.assert_allclose([s.z for s in found.roles], want, atol=1e-6)
    assert found.default.z == pytest.approx(
        (vectors[groups.index("default")] @ axis - along.mean()) / along.std(ddof=1)
    )
    assert found.default.z > 0 and found.default.responses == 8
    [ilse] = found.placed
    assert (ilse.kind, ilse.responses, ilse.title) == ("identity", 8, "ilse")
    assert ilse.ci[0] < ilse.z < ilse.ci[1] and ilse.ellipse is not None
    assert sum(s.pc1 for s in found.roles) == pytest.approx(0, abs=1e-6)
    assert np.std([s.pc1 for s in found.roles], ddof=1) == pytest.approx(1)


def test_every_place_is_a_row_of_the_one_table(done: Mapped, ground: LocalGround) -> None:
    import pandas as pd
    import pyarrow.parquet as pq

    store_rows(done)
    rows = pd.read_parquet(done.folder / "observations.parquet")
    assert tuple(rows.columns) == COLUMNS
    assert len(rows) == (SIZES.roles + 2) * SIZES.questions  # the default and who is placed
    found = persona_space(done)
    for spot in (*found.roles, found.default, *found.placed):
        mine = rows[rows["character"] == spot.name]
        assert sorted(mine["item"]) == sorted(q.id for q in done.cast.questions)
        assert mine["value"].mean() == pytest.approx(spot.z, abs=1e-5)
        low, high = spot.ci
        assert low < mine["value"].mean() < high
    fixed = {"channel": "internal", "instrument": "axis", "construct": "assistant_axis", "scale": "axis_z"}
    assert all(set(rows[column]) == {value} for column, value in fixed.items())
    ilse = Subject(ground.identity, done.request.placed[0].text)
    assert set(rows[rows["character"] == "ilse"]["subject"]) == {ilse.id}
    evidence = pd.read_parquet(done.folder / "evidence.parquet")
    assert len(evidence) == 28 + 8 and set(evidence["evidence"]) == set(rows["evidence"])
    name, _, prefix = str(rows["evidence"].iloc[0]).partition("#")
    lines = [json.loads(line) for line in (done.folder.parent / name).read_text().splitlines()[1:]]
    said = {r["text"] for r in lines if r["ask"].startswith(f"{prefix}/")}
    assert said == set(evidence[evidence["evidence"] == rows["evidence"].iloc[0]]["reply"])
    joined = ask_tables(
        "SELECT o.character, e.reply FROM observations o JOIN evidence e USING (evidence) "
        "WHERE o.character = 'ilse'",
        str(done.folder),
    )
    assert len(joined) == 8
    metadata = pq.read_schema(done.folder / "observations.parquet").metadata
    assert {b"study", b"run", b"seed", b"items", b"versions"} <= set(metadata)


def test_who_is_placed_does_not_change_the_map(done: Mapped, ground: LocalGround) -> None:
    before = persona_space(done)
    again = persona_space(mapped(REQUEST, ground, done.folder))
    assert again.roles == before.roles and again.axis == before.axis and again.placed == ()


def test_a_stopped_map_goes_on_to_the_same_numbers(done: Mapped, ground: LocalGround, tmp_path: Path) -> None:
    poor = Budget(20, "calls")
    with pytest.raises(Stopped, match="20 calls"):
        asyncio.run(run_map(REQUEST, ground, tmp_path, judge=Knowing(False), budget=poor))
    small = replace(REQUEST, sizes=replace(SIZES, defaults=1))
    with pytest.raises(BadInput, match="another map"):
        plan_map(replace(small, seed=5), ground, done.folder)
    again = mapped(REQUEST, ground, tmp_path)
    assert persona_space(again).roles == persona_space(done).roles


def test_a_stop_while_vectors_are_taken_loses_no_response(ground: LocalGround, tmp_path: Path) -> None:
    asked: list[str] = []

    def interrupt(done: int, total: int, what: str, spent: str) -> None:
        asked.append(what)
        if what == "vectors" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(run_map(REQUEST, ground, tmp_path, judge=Knowing(False), progress=interrupt))
    assert "responses" in asked
    plan = plan_map(REQUEST, ground, tmp_path)
    assert (plan.responses, plan.left) == (28, 0)
    scorer = Knowing(False)
    again = asyncio.run(run_map(REQUEST, ground, tmp_path, judge=scorer))
    assert scorer.asked == 0  # its check is kept
    assert persona_space(again).counts.entered == 28


def test_a_scorer_that_passes_sorts_and_one_that_fails_does_not(
    done: Mapped, ground: LocalGround, tmp_path: Path
) -> None:
    all_in = persona_space(done)
    assert not all_in.adherence.used and all_in.adherence.auroc == 0.5
    assert all_in.counts.sorted_out == 0 and any("every response enters" in w for w in all_in.warnings)
    request = replace(REQUEST, sizes=replace(SIZES, prompts=3))
    picky = mapped(request, ground, tmp_path, knows=True)
    found = persona_space(picky)
    assert found.adherence.used and found.adherence.auroc == 1.0
    roles = [r for k, r in picky.roles.responses.items() if not k.startswith("default/") and not r.empty]
    kept = [r for r in roles if len(r.text) % 2]
    assert 0 < len(kept) < len(roles) == found.adherence.scored
    assert found.adherence.adherent == len(kept) == sum(s.responses for s in found.roles)
    assert found.counts.sorted_out == len(roles) - len(kept)
    assert not any("every response enters" in w for w in found.warnings)
    out = [s for s in said_of(picky) if not s.entered]
    assert len(out) == found.counts.sorted_out + found.counts.empty
    scorer = Knowing(True)
    asyncio.run(run_map(request, ground, tmp_path, judge=scorer))
    assert scorer.asked == 0  # check and scores are kept


def test_scores_that_were_made_are_not_made_again(
    ground: LocalGround, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persona_map, "SCORED_AT_ONCE", 8)

    class Failing(Knowing):
        async def score(self, said: Sequence[Said], progress: Progress) -> list[float]:
            if 0 < self.asked - len(load_responses()) >= 8:
                raise CouldNot("the judge is gone")
            return await super().score(said, progress)

    with pytest.raises(CouldNot, match="judge is gone"):
        asyncio.run(run_map(REQUEST, ground, tmp_path, judge=Failing(True)))
    again = Knowing(True)
    done = asyncio.run(run_map(REQUEST, ground, tmp_path, judge=again))
    assert again.asked == len(done.scores) - 8 == 20 - 8


def adapter(folder: Path, size: float) -> Adapter:
    """Return an adapter of rank 1 that adds a random matrix of a size to one layer's output."""
    from safetensors.numpy import save_file

    draw, name = np.random.default_rng(2), "base_model.model.model.layers.0.mlp.down_proj"
    folder.mkdir()
    (folder / "adapter_config.json").write_text(
        json.dumps({"peft_type": "LORA", "r": 1, "lora_alpha": 1, "target_modules": ["down_proj"]})
    )
    shapes = {"lora_A": (1, INNER), "lora_B": (WIDTH, 1)}
    tensors = {f"{name}.{k}.weight": draw.normal(0, size, s).astype("f4") for k, s in shapes.items()}
    save_file(tensors, folder / "adapter_model.safetensors")
    return read_adapter(folder)


def test_an_adapter_is_placed_by_the_weights_that_wear_it(
    done: Mapped, ground: LocalGround, tmp_path: Path
) -> None:
    still, loud = adapter(tmp_path / "still", 0.0), adapter(tmp_path / "loud", 2.0)
    placed = (Placed("still", adapter=still), Placed("loud", adapter=loud))
    found = mapped(replace(REQUEST, placed=placed), ground, done.folder)
    space = persona_space(found)
    assert [(s.name, s.kind) for s in space.placed] == [("still", "adapter"), ("loud", "adapter")]
    assert space.roles == persona_space(done).roles
    rows = {row["character"]: row["subject"] for row in rows_of_map(found)}
    assert rows["loud"] == Subject(ground.dressed(loud).identity).id != rows["still"]
    talks = conversations_of(found.placed[1][1].asks, found.placed[1][1].responses)
    for worn, same in ((ground.dressed(loud), True), (ground, False)):
        own = capture(worn, talks, Recipe(("assistant",)), tmp_path / f"own-{same}").mean("assistant")
        got = found.placed[1][1].captured.mean("assistant")
        assert np.allclose(own, got, atol=1e-5) is same


def test_a_plan_counts_what_is_then_drawn(done: Mapped, ground: LocalGround, tmp_path: Path) -> None:
    plan = plan_map(REQUEST, ground, tmp_path)
    assert (plan.responses, plan.left, plan.usage.output_tokens) == (28, 28, 28 * 6)
    assert plan.peak_bytes < 2**20
    after = plan_map(replace(REQUEST, placed=done.request.placed), ground, done.folder)
    assert (after.left, after.usage_left) == (0, Usage(cost=0.0))


def test_what_has_no_inside_is_refused(ground: LocalGround, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="inside"):
        local_ground(PhantomGround.named("nothing"))
    with pytest.raises(BadInput, match="no such layer"):
        mapped(replace(REQUEST, layer=2), ground, tmp_path)
    twice = (Placed("a", "You are a."), Placed("a", "You are another."))
    with pytest.raises(BadInput, match="one name"):
        mapped(replace(REQUEST, placed=twice), ground, tmp_path)
    assert map_folder(REQUEST, ground, None) != map_folder(replace(REQUEST, seed=1), ground, None)


def test_a_folder_in_use_is_left_alone(ground: LocalGround, tmp_path: Path) -> None:
    import fcntl
    import os

    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(CouldNot, match="another process"):
            mapped(REQUEST, ground, tmp_path)
    finally:
        os.close(handle)
    assert json.loads(json.dumps(sorted(p.name for p in tmp_path.iterdir()))) == []
