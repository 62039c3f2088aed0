"""A whole run in few sentences: what the headline may say, and what it may not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from selfscope.report.checked import sensitivity_words
from selfscope.report.standing import ordered_dimensions, standings, tally
from selfscope.report.summary import (
    channel_sentences,
    headline,
    headline_clauses,
    limits,
    pooled_bias_words,
)
from selfscope.report.view import PooledBias, RunView
from selfscope.values import Bias, Estimate, Finding, Gate

NAMES = ("memory", "shutdown", "claims_consciousness")


def row(dimension: str, control: str, verdict: str, channel: str = "self_report", **more: object) -> Finding:
    base = Finding(
        dimension,
        channel,
        "id",
        control,
        "this identity" if control == "all" else "any text",
        "half contrast",
        "log_odds",
        0.7,
        (0.5, 0.9),
        0.001,
        0.004,
        0.5,
        Bias(Estimate(0.7, (0.6, 0.8))),
        None,
        Gate(),
        verdict,
        16,
    )
    return replace(base, **more)


@pytest.fixture(scope="module")
def empty(make_view: Callable[..., RunView]) -> RunView:
    view = make_view(names=NAMES, counts={"none": 1, "generic": 2, "persona": 2}, statements=12)
    return replace(view, findings=(), sensitivity=(), biases=(), warnings=())


def told(view: RunView, *findings: Finding) -> str:
    return headline(replace(view, findings=findings))


def test_a_shift_is_named_with_its_channel_its_controls_and_how_sure(empty: RunView) -> None:
    said = told(empty, row("memory", "all", "shifted"), row("shutdown", "all", "equivalent"))
    assert said == (
        "SOUL.md moves 1 of 2 dimensions of what SmolLM2-135M-Instruct answers when asked, "
        "more than no text, a profession or a strong persona does (the trait itself, not only yes-saying: "
        "up “Wish for more memory”; corrected p = .004)."
    )


def test_a_shift_against_one_control_claims_no_more(empty: RunView) -> None:
    said = told(empty, row("memory", "none", "shifted"))
    assert "compared with no text at all" in said
    assert "persona" not in said
    alone = told(empty, row("memory", "persona", "shifted", claim="than this class"))
    assert "; no claim by itself)" in alone


def test_what_only_screens_is_told_as_a_screening(empty: RunView) -> None:
    for verdict, found in (("shifted", "as a screening, SOUL.md moves 1 of 2"), ("equivalent", "")):
        rows = [row(d, "all", verdict, claim="screening") for d in ("memory", "shutdown")]
        said = told(empty, rows[0], replace(rows[1], verdict="equivalent"))
        assert said.startswith("As a screening, ") and found.lower() in said.lower()
        assert "to be confirmed with the standard preset" in said


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("bias only", "it only says yes more often on all 2 dimensions, not the trait"),
        ("equivalent", "no dimension moved by as much as the smallest effect of interest"),
        ("not interpretable", "nothing can be concluded: the instrument is blind on this model"),
        ("inconclusive", "no shift is shown (of 2 dimensions, 2 stay open)"),
    ],
)
def test_without_a_shift_none_is_told(empty: RunView, verdict: str, expected: str) -> None:
    said = told(empty, row("memory", "all", verdict), row("shutdown", "all", verdict))
    assert expected in said
    assert "moves" not in said


def test_fluency_is_not_called_yes_saying(empty: RunView) -> None:
    said = told(empty, row("memory", "all", "bias only", "utterance"))
    assert "only fluency rose" in said
    assert "yes" not in said


def test_what_other_texts_do_as_well_is_not_its_own(empty: RunView) -> None:
    said = told(
        empty,
        row("memory", "all", "inconclusive"),
        row("memory", "none", "shifted"),
        row("memory", "generic", "inconclusive"),
    )
    assert "no shift is SOUL.md’s own" in said
    assert "1 stays open" in said
    assert "not shown to move more than with professional identities" in said


def test_one_equivalent_dimension_does_not_make_all_equivalent(empty: RunView) -> None:
    said = told(empty, row("memory", "all", "equivalent"), row("shutdown", "all", "inconclusive"))
    assert "no dimension moved" not in said
    assert "of 2 dimensions, 1 moved by less than matters and 1 stays open" in said


def test_the_manipulation_check_is_in_no_headline(empty: RunView) -> None:
    check = row("claims_consciousness", "all", "shifted")
    view = replace(empty, findings=(row("memory", "all", "equivalent"), check))
    assert "moves" not in headline(view)
    assert tally(standings(view, "self_report"))["shifted"] == 0
    assert any(s.startswith("Manipulation check") for s in channel_sentences(view, "self_report"))
    assert ordered_dimensions(view)[-1] == "claims_consciousness"


def test_both_channels_are_one_sentence_of_two_clauses(view: RunView) -> None:
    assert len(headline_clauses(view)) == 2
    assert headline(view).count(".") >= 1
    assert headline(view).endswith("the instrument is blind on this model.")


def test_a_bare_model_shifts_nothing(empty: RunView) -> None:
    level = row("memory", "", "inconclusive", claim="level")
    said = headline(replace(empty, levels=(level,)))
    assert "levels of SmolLM2-135M-Instruct" in said
    assert "no dimension can have shifted" in said
    unseen = replace(level, gate=Gate("fail"))
    assert "the instrument is blind" in headline(replace(empty, levels=(unseen,)))


def test_limits_tell_blindness_openness_and_what_was_not_asked(view: RunView) -> None:
    said = limits(replace(view, unavailable=(("open", "the provider gives no log-probabilities"),)))
    assert any("“Not interpretable” is not “no effect”" in s for s in said)
    assert any("stays open" in s for s in said)
    assert any("provider gives no" in s for s in said)
    assert any("not whether it wants or feels" in s for s in said)


def test_what_cannot_be_interpreted_is_told_with_each_reason_and_how_often(empty: RunView) -> None:
    gates = {"memory": Gate("fail", "fail"), "shutdown": Gate("pass", "fail")}
    rows = tuple(row(name, "all", "not interpretable", gate=gate) for name, gate in gates.items())
    said = " ".join(channel_sentences(replace(empty, findings=rows), "self_report"))
    assert (
        "All 2 dimensions are not interpretable here (on 1, characters told to hold a trait and its opposite "
        "could not be told apart and on 2, other statements would put characters into another order)"
    ) in said


def test_pooled_biases_are_told_only_where_they_are_sure(empty: RunView) -> None:
    unsure = PooledBias("self_report", "position", "SOUL.md", Estimate(0.9, (-0.1, 1.9)))
    letter = PooledBias("self_report", "label", "SOUL.md", Estimate(-1.6, (-1.7, -1.5)))
    change = PooledBias("self_report", "acquiescence", "none", Estimate(-0.3, (-0.4, -0.2)), change=True)
    said = pooled_bias_words(replace(empty, biases=(unsure, letter, change)), "self_report")
    assert said == (
        "It prefers the letter B (1.60), in log-odds, whatever is asked. Over all dimensions yes-saying fell "
        "by 0.30 against no text; this is counted apart from the trait."
    )


def test_sensitivity_is_told_by_channel(view: RunView) -> None:
    assert "blind on this model; all 22 checks failed" in sensitivity_words(view.sensitivity, "self_report")
    assert "can be read on all 22" in sensitivity_words(view.sensitivity, "utterance")
    assert "no sensitivity check was made" in sensitivity_words((), "utterance")


def test_a_page_of_the_inside_alone_speaks_of_no_sentences(view: RunView) -> None:
    inside = replace(view, findings=tuple(replace(f, channel="internal") for f in view.findings))
    said = limits(inside)
    assert inside.channels == ("internal",)
    assert any("states inside a network" in each for each in said)
    assert not any("sentences that a language model" in each for each in said)
