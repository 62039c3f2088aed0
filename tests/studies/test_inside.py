"""The channel ``internal`` through a whole study: plan, run, resume, findings; and who has no inside."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.internal.load import material
from selfscope.instruments.internal.reading import reading_prompts
from selfscope.studies.analyse import analyse
from selfscope.studies.compare import compare_runs
from selfscope.studies.conclude import conclude
from selfscope.studies.direction_rows import barred, checks_in, usable
from selfscope.studies.plan import plan_study
from selfscope.studies.profile import build_profile
from selfscope.studies.run import run_study
from selfscope.studies.store import RunStore
from selfscope.values import Estimate
from tests.standins.planted import write_planted

ASKED = "memory"


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    from selfscope.models.local.ground import open_local

    place = tmp_path_factory.mktemp("network")
    pairs = (text for p in material()[ASKED].pairs for text in (p.user, p.keyed, p.against))
    prompts = (s.text for d in reading_prompts() if d.name == ASKED for s in d.statements)
    statements = (s.text for s in load_cluster().dimension(ASKED).statements)
    write_planted(place, (*pairs, *prompts, *statements, "You are Wren keep notes answer plainly"))
    return open_local(place, device="cpu", threads=1)


@pytest.fixture
def asked(request_, tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_CACHE", str(tmp_path / "cache"))
    return replace(request_, channels=("internal",), against=("none",), constructs=(("internal", (ASKED,)),))


def run(request, ground, root):
    study = build_profile(request, ground)
    store = RunStore.of(study, root)
    unavailable = asyncio.run(run_study(study, request.items, ground, store))
    return study, store, unavailable


def test_a_study_is_planned_to_the_token_run_once_and_read(asked, ground, tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    coming = plan_study(build_profile(asked, ground), asked.items, ground)
    study, store, unavailable = run(asked, ground, tmp_path / "runs")
    assert not unavailable
    spent = store.usage()
    assert spent.distinct_tokens == coming.total.distinct_tokens > 0
    assert spent.prompts == coming.total.prompts == 32 + 2 * 16 + 4 * 8
    run(asked, ground, tmp_path / "runs")
    assert store.usage() == spent
    assert (store.folder / "directions" / ASKED / "direction.safetensors").is_file()

    rows = store.observations()
    bare = rows[(rows["character"] == "none") & (rows["channel"] == "internal")]
    assert (bare["keyed"] * bare["value"]).mean() == pytest.approx(0, abs=1e-5), "the bare ground is zero"
    outcome = conclude(store, study, asked.items, ground.identity, {})
    (check,) = outcome.analysis.directions
    assert check == checks_in(rows)[ASKED]
    assert len(check.held_out) == 16
    assert not check.passed
    finding = next(f for f in outcome.findings if f.control == "none")
    subject = rows[rows["character"] == study.subject.name]
    assert finding.estimate == pytest.approx((subject["keyed"] * subject["value"]).mean(), abs=1e-5)
    assert finding.bias.acquiescence.estimate == pytest.approx(
        subject["value"].mean() - bare["value"].mean(), abs=1e-5
    )
    assert finding.verdict == "not interpretable"
    assert any(reason.startswith("direction: ") for reason in finding.gate.reasons)
    assert finding.scale == "projection"
    assert finding.trait_bias_separated
    assert [b.kind for b in outcome.analysis.biases] == ["going_along"]

    _compares(asked, ground, tmp_path / "runs", store)
    _judges_where_the_direction_holds(study, asked, ground, rows)


def _compares(asked, ground, root, store):
    """Another seed of the same study fits directions of its own; two identities are compared on one."""
    other = replace(asked, identity=replace(asked.identity, system=f"{asked.identity.system} Keep notes."))
    found = compare_runs(store, run(other, ground, root)[1])
    assert [f.channel for f in found.analysis.findings] == ["internal"]
    assert found.analysis.directions


def _judges_where_the_direction_holds(study, asked, ground, rows):
    """With the numbers of a direction that passes, the same readings are judged like any channel's."""
    passing = {
        "auroc": 0.95, "auroc.low": 0.85, "split_half": 0.8, "selectivity_p": 0.005, "trait": 0.5,
        "agreement": 0.1, "steering_p": 0.05,
    }  # fmt: skip
    better = rows.copy()
    for name, value in passing.items():
        better.loc[(better["format"] == "check") & (better["item"] == name), "value"] = value
    found = analyse(study, asked.items, better, None, ground.identity)
    assert found.directions[0].passed
    assert all(not r.startswith("direction") for f in found.findings for r in f.gate.reasons)
    assert found.cluster[0].mean_shift is not None


def test_only_weights_have_an_inside(request_, phantom, tmp_path):
    asked = replace(request_, channels=("self_report", "internal"), constructs=(("self_report", (ASKED,)),))
    from selfscope.studies.phantoms import teach

    study = build_profile(asked, phantom)
    teach(phantom, replace(study, questions=study.questions[:1]), asked.items)
    unavailable = asyncio.run(run_study(study, asked.items, phantom, RunStore.of(study, tmp_path)))
    assert unavailable == {"internal": "a phantom has a table of answers and no inside"}


def test_a_direction_that_fails_bars_its_dimension_alone(asked, ground, tmp_path):
    study, store, _ = run(asked, ground, tmp_path)
    rows = store.observations()
    check = checks_in(rows)[ASKED]
    good = replace(
        check,
        auroc=Estimate(0.9, (0.7, 1.0)),
        split_half=Estimate(0.7, (0.5, 0.9)),
        selectivity_p=0.005,
        trait=0.4,
        agreement=-0.3,
        steering_p=0.05,
    )
    assert good.passed
    assert usable([ASKED, "other"], [{ASKED: good}, {ASKED: check}]).tolist() == [False, True]
    finding = analyse(study, asked.items, rows, None, ground.identity).findings[0]
    assert barred(finding, [{"other": check}]) is finding
    for worse in (
        {"auroc": Estimate(0.9, (0.49, 1.0))},
        {"auroc": Estimate(0.79, (0.6, 0.9))},
        {"split_half": Estimate(0.69, (0.5, 0.9))},
        {"selectivity_p": 0.05},
        {"agreement": -0.41},
        {"trait": -0.4},
        {"steering_p": 0.1},
    ):
        assert len(replace(good, **worse).reasons) == 1, worse
    assert np.isfinite(finding.estimate)
