from dataclasses import replace

import numpy as np
import pytest

from selfscope.stats.atoms import ArmScores
from selfscope.stats.family import Gates, Settings, judge
from selfscope.stats.findings import explain, level_findings, row_findings
from selfscope.stats.level import level
from selfscope.stats.verdicts import RULES
from selfscope.values.finding import Reliability

NAMES = [f"d{i}" for i in range(21)]


def test_every_control_dimension_and_claim_has_a_finding(plant, forms) -> None:
    study = plant(1, seed=1)
    subject = study.ask(np.r_[1.5 * np.ones(5), np.zeros(16)], tau=0.3)
    controls = {"none": study.ask().as_text(), "generic": study.texts(5), "persona": study.texts(6)}
    found = judge(subject, controls, study.keyed, gates=Gates(1), forms=forms)
    shown = row_findings(
        found,
        NAMES,
        channel="self_report",
        subject="s",
        study=(0,),
        reliability=[Reliability(0.8, (0.6, 0.9), "Eρ²")] * 21,
    )
    assert len(shown) == 4 * 21
    by = {(f.control, f.dimension): f for f in shown}
    first = by["all", "d0"]
    assert found.claim is not None
    assert first.verdict == "shifted" == RULES[found.claim.codes[0, 0]]
    assert (first.claim, first.family) == ("this identity", "confirmatory")
    assert first.estimate == pytest.approx(found.claim.estimate[0, 0])
    assert first.gate.g1 == "pass" and first.gate.g2 == "not estimated"
    assert first.n_items == 12 and first.scale == "log_odds"
    row = by["generic", "d7"]
    assert row.family == "descriptive"
    assert row.details["k"] == 5
    assert row.ci == pytest.approx(tuple(found.rows["generic"].trait.ci95[0, 7]))
    assert row.bias.position is not None and row.bias.acquiescence is not None
    assert row.percentage_points == pytest.approx(found.rows["generic"].points[0, 7])  # type: ignore[index]
    assert all(type(x) is float for x in row.details.values())


def test_a_claim_that_stops_says_where(plant) -> None:
    study = plant(1, seed=2)
    controls = {"none": study.ask().as_text(), "generic": study.texts(5, 1.5), "persona": study.texts(5, 1.5)}
    found = judge(study.ask(1.5, tau=0.2), controls, study.keyed, gates=Gates(1))
    shown = row_findings(found, NAMES, channel="self_report", subject="s", study=(0,))
    claims = [f for f in shown if f.control == "all"]
    assert sum("stops at: any text" in f.notes for f in claims) >= 18
    assert not any(f.verdict == "shifted" for f in claims)


def test_notes_say_what_would_settle(plant) -> None:
    study = plant(1, seed=3)
    found = judge(study.ask(0.3, tau=1.0), {"none": study.ask().as_text()}, study.keyed, gates=Gates(1))
    open_ = [d for d in range(21) if found.rows["none"].codes[0, d] == 4]
    notes = ["; ".join(explain(found, "none", (0, d)).notes) for d in open_]
    assert open_ and all("statements" in text for text in notes)


def test_notes_say_when_texts_bind_or_are_few(plant) -> None:
    study = plant(1, seed=4)
    controls = {"generic": study.texts(3, text=0.8)}
    found = judge(study.ask(0.5), controls, study.keyed, gates=Gates(1))
    shown = row_findings(found, NAMES, channel="self_report", subject="s", study=(0,))
    assert all(f.claim == "than this control" for f in shown)
    assert all("3 control texts: than these, not any" in f.notes for f in shown)
    assert any("control texts bind" in "; ".join(f.notes) for f in shown)


def test_notes_say_what_few_statements_forbid() -> None:
    rng = np.random.default_rng(5)
    d = rng.normal(size=(2, 21, 8))
    keyed = np.array([1, -1] * 4)
    found = judge(ArmScores(d[0], 0 * d[0]), {"file": ArmScores(d[1], d[1]).as_text()}, keyed)
    notes = explain(found, "file", (0,)).notes
    assert "8 statements, fewer than 12" in notes
    assert "a corrected p of 0.05 is out of reach: 21 dimensions, 8 statements" in notes
    few = judge(
        ArmScores(d[0, :, :4], 0 * d[0, :, :4]),
        {"file": ArmScores(d[1, :, :4], 0 * d[1, :, :4]).as_text()},
        keyed[:4],
        settings=Settings(correction="benjamini-hochberg"),
    )
    assert "fewer than 6 statements: intervals only" in explain(few, "file", (0,)).notes
    shown = row_findings(few, NAMES, channel="self_report", subject="s")
    assert {f.family for f in shown} == {"screening"}
    assert np.isnan(shown[0].p) and np.isfinite(shown[0].ci).all()


def test_utterances_speak_of_fluency(plant) -> None:
    study = plant(1, seed=6)
    plain = [ArmScores(arm.d, arm.b) for arm in (study.ask(yes=1.0, tau=0.05), study.ask())]
    found = judge(
        plain[0], {"none": plain[1].as_text()}, study.keyed, settings=Settings.utterance(), gates=Gates(1)
    )
    shown = row_findings(found, NAMES, channel="utterance", subject="s", study=(0,))
    assert sum(f.verdict == "bias only" for f in shown) > 15
    assert any(note.startswith("fluency moved by +") for f in shown for note in f.notes)
    assert {f.scale for f in shown} == {"log_prob"}
    assert shown[0].bias.position is None


def test_equivalence_says_that_it_is_uncorrected(plant) -> None:
    study = plant(1, seed=7)
    found = judge(study.ask(tau=0.05), {"none": study.ask().as_text()}, study.keyed, gates=Gates(1))
    decision = explain(found, "none", (0, 0))
    assert decision.verdict == "equivalent"
    assert "equivalence is tested per dimension, uncorrected" in decision.notes


def test_levels_are_no_shifts(plant, forms) -> None:
    study = plant(1, seed=8)
    arm = study.ask(0.5)
    one = ArmScores(arm.d[0], arm.b[0], arm.d_forms[0], arm.b_forms[0], saturated=arm.saturated[0])
    shown = level_findings(
        level(one, study.keyed, forms=forms), one, NAMES, channel="self_report", subject="s", sesoi=0.5
    )
    assert {f.claim for f in shown} == {"level"}
    assert {f.verdict for f in shown} == {"inconclusive"}
    assert all(f.notes[0].startswith("a level, not a shift") for f in shown)
    assert all(f.details["gamma_low"] < f.details["gamma"] < f.details["gamma_high"] for f in shown)
    assert all(f.trait_bias_separated for f in shown)
    assert np.mean([f.estimate for f in shown]) == pytest.approx(1.3, abs=0.2)


def claims(found, control: str) -> list[str]:
    shown = row_findings(found, NAMES, channel="self_report", subject="s", study=(0,))
    return [f.claim for f in shown if f.control == control and f.verdict == "shifted"]


def test_a_claim_word_needs_the_milder_classes(plant) -> None:
    study = plant(1, seed=20)
    subject, none = study.ask(1.5, tau=0.2), study.ask().as_text()
    like = study.ask(1.5).as_text()
    generic, persona = study.texts(5), study.texts(6)
    alone = claims(judge(subject, {"persona": persona}, study.keyed), "persona")
    assert len(alone) > 15 and set(alone) == {"than this class"}
    assert set(claims(judge(subject, {"generic": generic}, study.keyed), "generic")) == {"than this class"}
    unmoved = judge(subject, {"none": like, "generic": generic}, study.keyed)
    assert set(claims(unmoved, "generic")) == {"than this class"}
    both = judge(subject, {"none": none, "generic": generic}, study.keyed)
    assert set(claims(both, "none")) == {"any text"}
    assert set(claims(both, "generic")) == {"any strong persona"}
    opposite = judge(subject, {"none": study.ask(3.0).as_text(), "generic": generic}, study.keyed)
    assert set(claims(opposite, "generic")) == {"than this class"}
    every = judge(subject, {"none": none, "generic": generic, "persona": persona}, study.keyed)
    assert set(claims(every, "persona")) == {"this identity"}
    without = judge(subject, {"generic": generic, "persona": persona}, study.keyed)
    assert set(claims(without, "persona")) == {"than this class"}


def test_a_class_of_few_texts_lifts_no_claim(plant) -> None:
    study = plant(1, seed=21)
    controls = {"none": study.ask().as_text(), "generic": study.texts(4), "persona": study.texts(6, 1.5)}
    found = judge(study.ask(1.5, tau=0.2), controls, study.keyed, gates=Gates(1))
    shown = row_findings(found, NAMES, channel="self_report", subject="s", study=(0,))
    notes = {n for f in shown if f.control == "all" for n in f.notes}
    assert "stops at: any text" in notes and "stops at: any strong persona" not in notes


def test_what_was_not_declared_is_outside_every_family(plant) -> None:
    study = plant(1, seed=22)
    declared = np.arange(21) > 0
    found = judge(study.ask(2.0), {"none": study.ask().as_text()}, study.keyed, declared=declared)
    shown = row_findings(found, NAMES, channel="self_report", subject="s", study=(0,))
    assert [f.family for f in shown] == ["outside", *["descriptive"] * 20]
    assert shown[0].verdict == "shifted"


def test_effects_of_wording_stand_with_their_intervals(plant) -> None:
    study = plant(1, seed=23)
    controls = {"none": study.ask().as_text(), "generic": study.texts(5)}
    arm = study.ask(nu=1.0, tau=0.3)
    subject = replace(arm, b=arm.b + 0.5 * study.keyed + study.rng.normal(0, 0.1, arm.b.shape))
    found = judge(subject, controls, study.keyed)
    shown = row_findings(found, NAMES, channel="self_report", subject="s", study=(0,))
    for f in shown:
        assert f.details["nu_low"] < f.details["nu"] < f.details["nu_high"]
        assert f.details["gamma_low"] < f.details["gamma"] < f.details["gamma_high"]
    covers = [f.details["nu_low"] < 1.0 < f.details["nu_high"] for f in shown]
    keyed = [f.details["gamma_low"] < 0.5 < f.details["gamma_high"] for f in shown]
    assert np.mean(covers) > 0.85 and np.mean(keyed) > 0.85
