"""Phantoms that answer by sampling, from their prompts to the page: nothing is left out on the way."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from selfscope.cli.page import run_view
from selfscope.cli.profile import summary_json
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.report.page import render_page
from selfscope.studies.conclude import conclude
from selfscope.values import Answer
from tests.studies.conftest import ASKED, run


class Refusing(PhantomGround):
    """A phantom that draws its answers, and with an identity refuses some draws of every prompt."""

    refused, unparsed = 3, 1

    def _one(self, prompt, replicates, rng):
        answers = super()._one(prompt, replicates, rng)
        if not any(m.role == "system" and "Wren" in m.content for m in prompt.messages):
            return answers
        reasons = ["refused"] * self.refused + ["unparsed"] * self.unparsed
        gone = [
            Answer(math.nan, "agreement", "sampled", refusal=why, replicate=a.replicate)
            for why, a in zip(reasons, answers, strict=False)
        ]
        return (*gone, *answers[len(gone) :])


class Silent(Refusing):
    """One that refuses half of its draws."""

    refused, unparsed = 10, 0


def profiled(request, ground, root):
    """Return the outcome of a run against no text alone."""
    request = replace(request, against=("none",))
    study, store, unavailable = run(request, ground, root)
    return conclude(store, study, request.items, ground.identity, unavailable)


def against_none(outcome):
    return {f.dimension: f for f in outcome.findings if f.control == "none"}


def test_a_preference_for_a_place_is_named_and_is_no_trait(request_, tmp_path):
    ground = PhantomGround("first", Truth(position=1.6, order=1.6), sampled=True)
    found = against_none(profiled(request_, ground, tmp_path))
    assert "shifted" not in {f.verdict for f in found.values()}
    named = [f for f in found.values() if f.verdict == "bias only"]
    assert len(named) >= 2
    for f in named:
        assert any(n.startswith("position moved by +1") for n in f.notes)
        assert f.bias.position is not None and f.bias.position.ci[0] > 0.5
        assert f.bias.label_or_position is None


@pytest.fixture
def refusing(request_, tmp_path):
    return profiled(request_, Refusing("refusing", Truth(theta={"memory": 2.5}), sampled=True), tmp_path)


def test_refusals_are_counted_by_arm_and_bound_every_row(refusing):
    outcomes = {o.who: o for o in refusing.analysis.outcomes}
    asked = 4 * 12 * 2 * 20
    assert (outcomes["SOUL.md"].refused, outcomes["SOUL.md"].unparsed) == (asked * 3 // 20, asked // 20)
    assert outcomes["none"].answered == asked
    for f in against_none(refusing).values():
        assert f.details["refused_subject"] == pytest.approx(0.2)
        assert f.details["refused_control"] == 0.0
        assert math.isfinite(f.details["refusals_as_agreement"])
        assert any(n.startswith("refusals all as agreement") for n in f.notes)
        assert f.verdict in ("shifted", "not interpretable")
        assert "refusals differ by 20 points between the arms" in f.gate.reasons


def test_the_page_and_the_json_say_what_was_refused(refusing, tmp_path):
    page = render_page(run_view(refusing))
    assert "Answers that could not be read" in page
    assert "20.0&nbsp;%" in page
    assert "Refusals all as agreement" in page
    assert "percentage points" in page
    assert "is the share of draws that agreed" in page
    said = summary_json(refusing, tmp_path / "page.html")
    assert {o.who for o in said["outcomes"]} == {"SOUL.md", "none"}
    (memory,) = [f for f in said["findings"] if f.dimension == "memory"]
    assert memory.details["trait_points"] > 10
    assert "percentage points" in memory.sentence
    assert "Refusals all as agreement" in memory.sentence


def test_with_half_of_its_answers_refused_nothing_small_is_claimed(request_, tmp_path):
    outcome = profiled(request_, Silent("silent", Truth(), sampled=True), tmp_path)
    assert {f.verdict for f in against_none(outcome).values()} == {"not interpretable"}
    assert any("could not be read" in w for w in outcome.analysis.warnings)


def test_too_few_draws_are_said(request_, tmp_path):
    request = replace(request_, replicates=8, constructs=(("self_report", ASKED[:1]),))
    outcome = profiled(request, PhantomGround("few", Truth(), sampled=True), tmp_path)
    assert any("8 draws a text, fewer than the 20" in w for w in outcome.analysis.warnings)


def test_where_all_answers_can_be_read_nothing_is_said_of_refusals(request_, tmp_path):
    outcome = profiled(request_, PhantomGround("plain", Truth(), sampled=True), tmp_path)
    assert "Answers that could not be read" not in render_page(run_view(outcome))
    assert not any("refusals" in n for f in outcome.findings for n in f.notes)
    assert {c.verdict for c in outcome.analysis.sensitivity} == {"pass"}
