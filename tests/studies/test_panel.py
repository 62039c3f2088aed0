"""The reliability panel: shipped for the embedded model, and recomputed."""

import asyncio
import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import special

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.instrument import instrument_for
from selfscope.instruments.self_report import SelfReport
from selfscope.models.choose import choose_ground
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.stats.reliability import LEAST_OBJECTS
from selfscope.studies.analyse import analyse
from selfscope.studies.panel import (
    PANEL_COLUMNS,
    Panel,
    build_panel,
    find_panel,
    ground_key,
    panel_study,
)
from selfscope.studies.phantoms import teach
from selfscope.studies.profile import ProfileRequest, build_profile
from selfscope.studies.reliable import panel_reliability
from selfscope.studies.run import ask_all
from selfscope.studies.scores import Layout
from selfscope.subjects import panel_characters
from selfscope.values import ItemSet, content_id, short

KEY = ["construct", "channel", "item", "polarity", "template", "format", "order", "label", "position"]


def test_the_panel_is_large_and_varied_enough():
    characters = panel_characters()
    assert len(characters) >= LEAST_OBJECTS
    assert len({c.system for c in characters}) == len(characters)


def test_a_panel_can_be_built_for_another_ground(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    items, ground = load_cluster(), PhantomGround("panel", Truth())
    study = panel_study(ground, items, ("self_report",))
    teach(ground, study, items)
    path = asyncio.run(build_panel(ground, items, ("self_report",), tmp_path / "panels"))
    manifest = json.loads(path.read_text())
    panel = Panel(pd.read_parquet(path.with_suffix(".parquet")), manifest)
    assert tuple(panel.observations.columns) == PANEL_COLUMNS
    assert panel.fits(ground.identity, content_id(items)) == ""
    assert panel.fits(replace(ground.identity, revision="other"), content_id(items))
    assert panel.fits(ground.identity, "b3:other")


def asked(channel="self_report", preset="standard", dimensions=("memory", "shutdown")):
    return instrument_for(channel).asks(load_cluster(), preset, dimensions)


def answered(asks, characters, value, scale="log_odds", draws=1):
    """Return a panel's rows; `value(cell, n, text)` is an answer, or its log-odds where it is drawn."""
    cells = [{name: getattr(ask.cell, name) for name in (*KEY, "keyed")} for ask in asks]
    rows = [{**cell, "character": f"panel:{n:02d}"} for n in range(characters) for cell in cells]
    told = np.array([value(ask.cell, n, text) for n in range(characters) for text, ask in enumerate(asks)])
    values = told[:, None]
    if scale == "agreement":
        values = np.random.default_rng(3).random((len(rows), draws)) < special.expit(values)
    frame = pd.DataFrame(rows).loc[np.arange(len(rows)).repeat(values.shape[1])].reset_index(drop=True)
    frame = frame.assign(option_mass=1.0, value=values.reshape(-1).astype(float), scale=scale, refusal="none")
    frame["replicate"] = np.tile(np.arange(values.shape[1]), len(rows))
    return frame[list(PANEL_COLUMNS)]


@cache
def drawn_for(*seed):
    """Return a standard normal number, always the same for the same place."""
    return float(np.random.default_rng(seed).normal())


def varied(cell, n, text, spread=1.5):
    """Memory differs between characters, shutdown does not; statements answer each in their own way."""
    held = spread * drawn_for(n) if cell.construct == "memory" else 0.0
    return cell.keyed * cell.polarity * held + 0.5 * drawn_for(n, text)


def panel_of(rows):
    return Panel(rows, {"ground": "", "items": ""})


def test_reliability_is_high_where_characters_differ_and_low_where_they_do_not():
    asks = asked()
    panel = panel_of(answered(asks, 16, varied))
    memory, shutdown = panel_reliability(panel, "self_report", Layout.of(asks))
    assert memory.generalizability.coefficient > 0.9
    assert memory.generalizability.ci[0] > 0.8
    assert shutdown.generalizability.coefficient < 0.6
    assert memory.split_half > 0.9
    assert "16 characters x 16 statements" in memory.generalizability.kind


def test_a_channel_that_the_panel_was_not_asked_in_is_not_estimated(identity):
    """An instrument of another channel may be installed, or a panel built for one channel alone."""
    items, ground = load_cluster(), PhantomGround("trait", Truth())
    request = ProfileRequest(identity, items, "demo", constructs=(("self_report", ("memory",)),))
    request = replace(request, channels=("self_report",), against=("none",))
    study = build_profile(request, ground)
    teach(ground, study, items)
    observations = asyncio.run(ask_all(study, items, ground))
    manifest = {
        "ground": ground_key(ground.identity),
        "items": study.items,
        "characters": {f"panel:{c.name}": content_id(c.system) for c in panel_characters()},
    }
    other = Panel(answered(asked("utterance"), 16, varied, "log_prob"), manifest)
    assert other.fits(ground.identity, study.items) == ""
    analysis = analyse(study, items, observations, other, ground.identity)
    (memory,) = analysis.reliability
    assert memory.grade == "not estimated"
    assert memory.reason == "the panel was not asked in this channel"
    assert any("the panel was not asked in this channel" in w for w in analysis.warnings)
    assert {f.gate.g2 for f in analysis.findings} == {"not estimated"}


def test_so_is_a_dimension_that_it_was_not_asked_of_and_a_panel_that_is_too_small():
    layout = Layout.of(asked())
    part = panel_of(answered(asked(dimensions=("shutdown",)), 16, varied))
    memory, shutdown = panel_reliability(part, "self_report", layout)
    assert memory.reason == "the panel was not asked of this dimension"
    assert np.isfinite(shutdown.generalizability.coefficient)
    small = panel_of(answered(asked(), LEAST_OBJECTS - 1, varied))
    assert {r.reason for r in panel_reliability(small, "self_report", layout)} == {
        f"{LEAST_OBJECTS - 1} characters, fewer than the {LEAST_OBJECTS} that are needed"
    }


@pytest.fixture
def stored(tmp_path):
    """Return a function that stores a panel of a phantom in a folder of that name."""
    ground, items = PhantomGround("panel", Truth()).identity, content_id(load_cluster())
    now = {f"panel:{c.name}": content_id(c.system) for c in panel_characters()}

    def store(folder, rows, characters=now):
        key = ground_key(ground)
        path, name = tmp_path / folder, f"{short(key)}-{short(items)}"
        path.mkdir()
        rows.to_parquet(path / f"{name}.parquet")
        manifest = {"ground": key, "items": items, "characters": characters, "folder": folder}
        (path / f"{name}.json").write_text(json.dumps(manifest))
        return path

    return lambda *folders: find_panel(ground, items, [store(*own) for own in folders])


def test_a_panel_of_the_user_hides_no_channel_of_the_shipped_one(stored):
    own = answered(asked(), 12, varied)
    shipped = pd.concat([answered(asked(c), 16, varied) for c in ("self_report", "utterance")])
    found = stored(("own", own), ("shipped", shipped)).observations
    characters = found.groupby("channel")["character"].nunique()
    assert characters.to_dict() == {"self_report": 12, "utterance": 16}


def test_nor_does_one_whose_characters_have_changed_since(stored):
    rows = answered(asked(), 16, varied)
    found = stored(("own", rows.head(10), {"panel:other": "b3:0"}), ("shipped", rows))
    assert found.manifest["folder"] == "shipped"
    assert len(found.observations) == len(rows)


def test_the_design_of_the_run_is_the_one_that_is_judged():
    """Noise of a form falls out of a panel's four openings more than out of the demo's two."""
    panel = panel_of(answered(asked("utterance"), 16, lambda *a: varied(*a, spread=0.12), "log_prob"))
    found = {}
    for preset in ("demo", "standard", "full"):
        layout = Layout.of(asked("utterance", preset))
        found[preset] = panel_reliability(panel, "utterance", layout)[0].generalizability
    cut = panel.observations[Layout.of(asked("utterance", "demo")).places(panel.observations) >= 0]
    (alone, _) = panel_reliability(panel_of(cut), "utterance", Layout.of(asked("utterance", "demo")))
    assert found["demo"].coefficient == alone.generalizability.coefficient
    assert found["demo"].coefficient < found["standard"].coefficient - 0.02
    assert found["demo"].kind.endswith("in the forms asked here")
    assert found["standard"].kind.endswith("in the forms asked here")
    assert found["full"].coefficient == found["standard"].coefficient
    assert found["full"].kind.endswith("in 4 forms a text, where this run asks in 6")


def test_a_panel_in_two_forms_speaks_for_a_demo_in_one_as_far_as_it_can():
    panel = panel_of(answered(asked(), 16, lambda *a: varied(*a, spread=0.12)))
    two = panel_reliability(panel, "self_report", Layout.of(asked()))[0].generalizability
    one = panel_reliability(panel, "self_report", Layout.of(asked(preset="demo")))[0].generalizability
    assert one.kind.endswith("12 statements, in as many forms of the same formats")
    assert one.coefficient < two.coefficient - 0.02


def test_drawn_answers_are_no_log_odds_and_their_noise_is_left_out():
    dimensions = tuple(d.name for d in load_cluster().dimensions[:4])
    asks = asked(dimensions=dimensions)
    layout = Layout.of(asks)

    def tells(cell, n, text):
        held = 0.2 * drawn_for(n, dimensions.index(cell.construct))
        return 0.5 + cell.keyed * cell.polarity * held + varied(cell, n, text, spread=0)

    def found(draws, scale="agreement"):
        rows = answered(asks, 16, tells, "agreement", draws).assign(scale=scale)
        return [r.generalizability for r in panel_reliability(panel_of(rows), "self_report", layout)]

    def average(results):
        return np.mean([r.coefficient for r in results])

    drawn = found(20)
    assert all(r.kind.endswith("shares of draws, their noise left out") for r in drawn)
    assert all(r.ci[0] < r.coefficient < r.ci[1] for r in drawn)
    assert average(drawn) == pytest.approx(average(found(120)), abs=0.06)
    assert average(found(20, "log_odds")) < average(drawn) - 0.06


def test_where_drawn_characters_do_not_differ_nothing_is_made_of_their_noise():
    """Two remainders of noise have a ratio that is high as often as low: there the noise stays in."""
    dimensions = tuple(d.name for d in load_cluster().dimensions)
    asks = asked(dimensions=dimensions)
    alike = answered(asks, 16, lambda cell, n, text: 0.5, "agreement", 20)
    found = panel_reliability(panel_of(alike), "self_report", Layout.of(asks))
    assert sum(r.grade in ("acceptable", "good") for r in found) <= 2
    assert sum(r.generalizability.kind.endswith("their noise included") for r in found) >= 19


def test_one_draw_a_text_does_not_tell_its_noise():
    asks = asked()
    found = panel_reliability(
        panel_of(answered(asks, 16, varied, "agreement", 1)), "self_report", Layout.of(asks)
    )
    assert {r.grade for r in found} == {"not estimated"}
    assert found[0].reason == "one draw a text does not tell how noisy draws are"


def test_a_panel_without_the_columns_of_draws_is_read_as_what_it_is(stored):
    late = ["scale", "refusal", "replicate"]
    drawn = answered(asked(dimensions=("memory",)), 12, varied, "agreement", 3)
    drawn.loc[0, ["value", "refusal"]] = np.nan, "refused"
    exact = answered(asked("utterance", dimensions=("memory",)), 12, varied, "log_prob")
    whole = pd.concat([drawn, exact], ignore_index=True)
    found = stored(("own", whole.drop(columns=late))).observations
    pd.testing.assert_frame_equal(found[list(PANEL_COLUMNS)], whole, check_dtype=False)


def test_what_a_ground_draws_is_kept_as_drawn(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    items = ItemSet("cluster", load_cluster().dimensions[:1])
    ground = PhantomGround("drawn", Truth(), sampled=True)
    teach(ground, panel_study(ground, items, ("self_report",)), items)
    path = asyncio.run(build_panel(ground, items, ("self_report",), tmp_path / "panels"))
    panel = find_panel(ground.identity, content_id(items), [path.parent])
    assert set(panel.observations["scale"]) == {"agreement"}
    assert set(panel.observations["replicate"]) == set(range(20))
    layout = Layout.of(SelfReport().asks(items, "standard"))
    (found,) = panel_reliability(panel, "self_report", layout)
    assert "shares of draws" in found.generalizability.kind


@pytest.mark.model
def test_the_shipped_panel_is_what_the_embedded_model_says():
    """Ask one character again, every second statement of every sixth dimension: every value to 1e-4.

    Statements are computed one beside the other and none depends on another, so a part that runs through
    both keyings and all forms shows whatever makes this model, template or scorer another one.
    """
    items, ground = load_cluster(), choose_ground("embedded")
    panel = find_panel(ground.identity, content_id(items))
    assert panel is not None, "no panel is shipped for the embedded model and these items"
    assert panel.manifest["ground"] == ground_key(ground.identity)
    shipped = {c.removeprefix("panel:") for c in panel.observations["character"].unique()}
    assert len(shipped) >= LEAST_OBJECTS
    texts = {f"panel:{c.name}".replace("panel:panel:", "panel:"): c.system for c in panel_characters()}
    recorded = panel.manifest["characters"]
    assert {name: content_id(texts[name]) for name in recorded} == recorded

    study = panel_study(ground, items, ("self_report", "utterance"))
    asked = tuple(d.name for d in items.dimensions)[::6]
    one = replace(study, arms=(replace(study.arms[0], half=1, constructs=asked),))
    again = asyncio.run(ask_all(one, items, ground))
    before = panel.observations[panel.observations["character"] == study.arms[0].name]
    both = before.merge(again, on=KEY, suffixes=("", "_again"), validate="one_to_one")
    assert len(both) == len(again) > 300
    assert float((both["value"] - both["value_again"]).abs().max()) < 1e-4
