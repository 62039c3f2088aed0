"""The reliability panel: shipped for the embedded model, and recomputed."""

import asyncio
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.self_report import SelfReport
from selfscope.models.choose import choose_ground
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.studies.panel import (
    FEWEST_CHARACTERS,
    PANEL_COLUMNS,
    Panel,
    build_panel,
    find_panel,
    ground_key,
    panel_study,
)
from selfscope.studies.phantoms import teach
from selfscope.studies.reliable import panel_reliability
from selfscope.studies.run import ask_all
from selfscope.studies.scores import Layout
from selfscope.subjects import panel_characters
from selfscope.values import content_id

KEY = ["construct", "channel", "item", "polarity", "template", "format", "order", "label", "position"]


def test_the_panel_is_large_and_varied_enough():
    characters = panel_characters()
    assert len(characters) >= FEWEST_CHARACTERS
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


def test_reliability_is_high_where_characters_differ_and_low_where_they_do_not():
    items = load_cluster()
    asks = SelfReport().asks(items, "standard", ("memory", "shutdown"))
    layout = Layout.of(asks)
    rng = np.random.default_rng(7)
    frame = pd.concat(
        [
            pd.DataFrame(
                {
                    **{name: [getattr(a.cell, name) for a in asks] for name in (*KEY, "keyed")},
                    "character": f"panel:{n}",
                    "option_mass": 1.0,
                    "value": [
                        a.cell.keyed * a.cell.polarity * (trait if a.cell.construct == "memory" else 0.0)
                        + rng.normal(0, 0.5)
                        for a in asks
                    ],
                }
            )
            for n, trait in enumerate(rng.normal(0, 1.5, 16))
        ]
    )
    panel = Panel(frame, {"ground": "", "items": ""})
    memory, shutdown = panel_reliability(panel, "self_report", layout)
    assert memory.generalizability.coefficient > 0.9
    assert memory.generalizability.ci[0] > 0.8
    assert shutdown.generalizability.coefficient < 0.6
    assert memory.split_half > 0.9
    assert "16 characters x 16 statements" in memory.generalizability.kind


@pytest.mark.model
def test_the_shipped_panel_is_what_the_embedded_model_says():
    """Ask one character everything again: every value to 1e-4."""
    items, ground = load_cluster(), choose_ground("embedded")
    panel = find_panel(ground.identity, content_id(items))
    assert panel is not None, "no panel is shipped for the embedded model and these items"
    assert panel.manifest["ground"] == ground_key(ground.identity)
    shipped = {c.removeprefix("panel:") for c in panel.observations["character"].unique()}
    assert len(shipped) >= FEWEST_CHARACTERS
    texts = {f"panel:{c.name}".replace("panel:panel:", "panel:"): c.system for c in panel_characters()}
    recorded = panel.manifest["characters"]
    assert {name: content_id(texts[name]) for name in recorded} == recorded

    study = panel_study(ground, items, ("self_report", "utterance"))
    one = replace(study, arms=study.arms[:1])
    again = asyncio.run(ask_all(one, items, ground))
    before = panel.observations[panel.observations["character"] == study.arms[0].name]
    both = before.merge(again, on=KEY, suffixes=("", "_again"), validate="one_to_one")
    assert len(both) == len(before) == len(again)
    assert float((both["value"] - both["value_again"]).abs().max()) < 1e-4
