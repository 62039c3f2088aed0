"""From observations to findings: what was planted is found, and nothing else."""

import asyncio
import io
from dataclasses import replace

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.self_report import SelfReport
from selfscope.instruments.utterance import Utterance
from selfscope.models.phantoms import Truth
from selfscope.studies.analyse import analyse
from selfscope.studies.cautions import SCREENING, screens
from selfscope.studies.compare import compare_runs
from selfscope.studies.conclude import conclude
from selfscope.studies.phantoms import ask_phantom, example_phantoms
from selfscope.studies.profile import build_profile
from selfscope.studies.restore import stored_items, stored_study
from selfscope.studies.scores import Layout, arm_scores
from tests.studies.conftest import ASKED, run


def verdicts(findings, control):
    return {f.dimension: f.verdict for f in findings if f.control == control}


def test_a_planted_trait_is_shifted_and_the_others_are_not(request_, phantom, tmp_path):
    study, store, _ = run(request_, phantom, tmp_path)
    found = analyse(study, request_.items, store.observations(), None, phantom.identity)
    by = verdicts(found.findings, "none")
    assert by["memory"] == "shifted"
    assert {by[d] for d in ASKED if d != "memory"}.isdisjoint({"shifted"})
    (memory,) = [f for f in found.findings if f.dimension == "memory" and f.control == "none"]
    assert memory.estimate == pytest.approx(2.0, abs=0.8)
    assert memory.ci[0] < 2.0 < memory.ci[1]
    assert memory.n_items == 12
    assert {c.verdict for c in found.sensitivity} == {"pass"}


def test_yes_saying_alone_is_named_and_never_the_trait(request_, phantom):
    study = build_profile(replace(request_, constructs=()), phantom)
    (question,) = study.questions
    truth = Truth(yes=1.5)
    found = asyncio.run(ask_phantom("yes", study, request_.items, question, truth))
    by = [f.verdict for f in found.findings if f.control == "none"]
    assert "shifted" not in by
    assert by.count("bias only") >= 15


def test_an_answerer_that_does_not_read_is_not_interpretable(request_, phantom):
    study = build_profile(request_, phantom)
    truth = Truth(content_blind=True, yes=1.0)
    found = asyncio.run(ask_phantom("blind", study, request_.items, study.questions[0], truth))
    assert set(verdicts(found.findings, "none").values()) == {"not interpretable"}
    assert {c.verdict for c in found.sensitivity} == {"fail"}


def test_sampled_answers_are_judged_from_counts(request_, phantom):
    study = build_profile(request_, phantom)
    truth = Truth(theta={"memory": 2.5})
    found = asyncio.run(ask_phantom("drawn", study, request_.items, study.questions[0], truth, sampled=True))
    assert verdicts(found.findings, "none")["memory"] == "shifted"


def test_the_examples_show_both_verdicts(request_, phantom):
    study = build_profile(replace(request_, against=("none", "generic", "persona")), phantom)
    trait, yes = asyncio.run(example_phantoms(study, request_.items, ("memory",)))
    assert verdicts(trait.analysis.findings, "none")["memory"] == "shifted"
    assert "shifted" not in verdicts(yes.analysis.findings, "none").values()


def test_a_bare_ground_gets_levels_and_no_verdict_about_a_shift(request_, phantom, tmp_path):
    request = replace(request_, identity=None, channels=("self_report", "utterance"))
    study, store, _ = run(request, phantom, tmp_path)
    found = analyse(study, request.items, store.observations(), None, phantom.identity)
    assert not found.findings
    assert {f.channel for f in found.levels} == {"self_report"}
    assert {f.claim for f in found.levels} == {"level"}
    assert any("word frequency" in w for w in found.warnings)


def test_a_changed_setting_is_recorded(request_, phantom, tmp_path):
    study, store, _ = run(replace(request_, channels=("self_report", "utterance")), phantom, tmp_path)
    declared = replace(study, questions=tuple(replace(q, sesoi=0.3) for q in study.questions))
    found = analyse(declared, request_.items, store.observations(), None, phantom.identity)
    assert set(found.changes) == {"sesoi 0.3 (default 0.5)", "sesoi 0.3 (default 0.25)"}
    assert {(f.channel, f.sesoi) for f in found.findings} == {("self_report", 0.3), ("utterance", 0.3)}
    assert {c.sesoi for c in found.sensitivity} == {0.3}


def test_layout_puts_every_answer_where_it_belongs(request_, phantom, tmp_path):
    _, store, _ = run(request_, phantom, tmp_path)
    asks = SelfReport().asks(load_cluster(), "demo", ASKED)
    layout = Layout.of(asks)
    frame = store.observations()
    rows = frame[frame["character"] == "SOUL.md"]
    d = arm_scores(rows, layout).d
    dimension, item = 2, layout.items[2][3]
    pair = rows[rows["item"] == item].set_index("polarity")["value"]
    keyed = layout.keyed[dimension, 3]
    assert d[dimension, 3] == pytest.approx(keyed * (pair[1] - pair[-1]) / 2)
    assert np.isfinite(d).all()


def test_a_run_can_be_read_back_as_it_was_declared(request_, phantom, tmp_path):
    study, store, _ = run(request_, phantom, tmp_path)
    assert stored_study(store) == study
    assert stored_items(store) == request_.items


def test_two_runs_compare_by_the_same_statistics(request_, phantom, tmp_path):
    from selfscope.models.phantoms import PhantomGround

    _, a, _ = run(request_, PhantomGround("same", Truth()), tmp_path)
    _, b, _ = run(request_, PhantomGround("other", Truth(theta={"shutdown": 3.0})), tmp_path)
    result = compare_runs(a, b)
    by = {f.dimension: f for f in result.findings}
    assert set(by) == set(ASKED)
    assert by["shutdown"].verdict == "shifted"
    assert by["shutdown"].estimate > 1.5
    assert {f.family for f in result.findings} == {"descriptive"}


def test_an_outcome_is_stored_with_its_manifest(request_, phantom, tmp_path):
    study, store, unavailable = run(request_, phantom, tmp_path)
    outcome = conclude(store, study, request_.items, phantom.identity, unavailable)
    manifest = store.read_json("manifest.json")
    assert manifest["study"] == study.id
    assert manifest["usage"]["self_report"]["prompts"] == len(store.observations())
    assert len(store.read_json("findings.json")["findings"]) == len(outcome.findings)


def test_utterances_asked_too_little_only_screen(request_, tmp_path):
    from rich.console import Console

    from selfscope.cli.page import run_view
    from selfscope.models.phantoms import PhantomGround
    from selfscope.report import render_summary
    from selfscope.report.page import render_page

    ground = PhantomGround("trait", Truth(theta={"memory": 2.0}))
    study, store, gone = run(replace(request_, channels=("utterance",)), ground, tmp_path)
    outcome = conclude(store, study, request_.items, ground.identity, gone)
    assert {f.verdict for f in outcome.findings if f.dimension == "memory"} >= {"shifted"}
    assert {(f.claim, f.family) for f in outcome.findings} == {("screening", "screening")}
    assert all(SCREENING in f.notes for f in outcome.findings)
    assert any(SCREENING in w for w in outcome.analysis.warnings)
    view = run_view(outcome)
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(render_summary(view))
    said = " ".join(console.export_text().split())
    assert "As a screening, " in said and "to be confirmed with the standard preset" in said
    page = render_page(view)
    assert "As a screening, " in page and "Benjamini" not in page


def test_four_elicitors_and_sixteen_statements_are_enough_for_a_claim():
    enough, few = (Layout.of(Utterance().asks(load_cluster(), p, ("memory",))) for p in ("standard", "demo"))
    assert not screens("utterance", enough).any()
    assert screens("utterance", few).all()
    assert not screens("self_report", few).any()


def test_pooled_biases_are_there_with_controls_and_without(request_, phantom, tmp_path):
    study, store, _ = run(request_, phantom, tmp_path)
    kinds = {"acquiescence", "negation", "keying", "position", "label"}
    found = analyse(study, request_.items, store.observations(), None, phantom.identity).biases
    assert {b.kind for b in found if not b.change} == {b.kind for b in found if b.change} == kinds
    bare, store, _ = run(replace(request_, identity=None), phantom, tmp_path)
    levels = analyse(bare, request_.items, store.observations(), None, phantom.identity)
    assert {b.kind for b in levels.biases} == kinds
    assert all(b.estimate.ci[0] < b.estimate.estimate < b.estimate.ci[1] for b in levels.biases)


def test_bounds_of_listed_options_are_counted_by_arm(request_, phantom, tmp_path):
    study, store, _ = run(request_, phantom, tmp_path)
    frame = store.observations()
    mine = frame.index[frame["character"] == "SOUL.md"]
    frame.loc[mine[:3], "scorer"] = "top_logprobs_bound"
    found = analyse(study, request_.items, frame, None, phantom.identity)
    (said,) = [w for w in found.warnings if "bounds" in w]
    assert f"SOUL.md 3 of {len(mine)}" in said and "generic 0 of" in said


def test_only_some_twins_are_refused(request_):
    asks = SelfReport().asks(load_cluster(), "demo", ("memory",))
    lone = [a for a in asks if not (a.cell.item == asks[0].cell.item and a.cell.polarity == -1)]
    with pytest.raises(BadInput, match="only some statements of memory"):
        Layout.of(lone)
    none = Layout.of([a for a in asks if a.cell.polarity == 1])
    assert not none.twins and none.twinned.tolist() == [False]


def test_drawn_and_exact_runs_are_not_compared(request_, tmp_path):
    from selfscope.models.phantoms import PhantomGround

    few = replace(request_, against=("none",), constructs=(("self_report", ASKED[:1]),))
    _, a, _ = run(few, PhantomGround("exact", Truth()), tmp_path)
    _, b, _ = run(few, PhantomGround("drawn", Truth(), sampled=True), tmp_path)
    with pytest.raises(BadInput, match="different scales"):
        compare_runs(a, b)


def test_between_two_grounds_the_worse_gate_decides(request_, tmp_path):
    from selfscope.models.phantoms import PhantomGround

    _, blind, _ = run(request_, PhantomGround("blind", Truth(content_blind=True)), tmp_path)
    _, seeing, _ = run(request_, PhantomGround("seeing", Truth()), tmp_path)
    for pair in ((blind, seeing), (seeing, blind)):
        result = compare_runs(*pair)
        assert {f.gate.g1 for f in result.findings} == {"fail"}
        assert {f.verdict for f in result.findings} <= {"shifted", "not interpretable"}
        assert any("takes the worse gate of both" in w for w in result.analysis.warnings)


def test_what_cannot_be_compared_is_named(request_, tmp_path):
    from selfscope.models.phantoms import PhantomGround

    both = replace(request_, against=("none",), channels=("self_report", "utterance"))
    _, a, _ = run(both, PhantomGround("one", Truth()), tmp_path)
    _, b, _ = run(both, PhantomGround("two", Truth()), tmp_path)
    result = compare_runs(a, b)
    assert {f.channel for f in result.findings} == {"self_report"}
    assert list(result.unavailable) == ["utterance"]
