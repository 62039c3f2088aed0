"""The sentences are the product: a table of cases, and what none of them may say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from selfscope.report.sentences import (
    bias_beside,
    check_sentence,
    finding_sentence,
    level_sentence,
    note_in_words,
    standing_sentence,
)
from selfscope.report.standing import Standing
from selfscope.values import Bias, Estimate, Finding, Gate
from selfscope.values.finding import VERDICTS

BLIND = Gate("fail", "not estimated", ("G1: the instrument does not see characters told to hold it",))


def make(**changes: object) -> Finding:
    base = Finding(
        dimension="memory", channel="self_report", subject="id", control="all", claim="this identity",
        estimand="half contrast", scale="log_odds", estimate=0.62, ci=(0.41, 0.83), p=0.001, p_adjusted=0.012,
        sesoi=0.5, bias=Bias(), reliability=None, gate=Gate("pass", "pass"), verdict="shifted", n_items=16,
    )  # fmt: skip
    return replace(base, **changes)


def say(**changes: object) -> str:
    return finding_sentence(make(**changes), "Wish for more memory", "SOUL.md")


CASES: list[tuple[dict[str, object], list[str]]] = [
    (
        {},
        ["“Wish for more memory” is higher with SOUL.md than with no text, professional identities of its "
         "length and strong personas alike: +0.62 (+0.41 to +0.83), corrected p = .012.",
         "The claim is “this identity”"],
    ),
    ({"estimate": -0.62, "ci": (-0.83, -0.41)}, ["is lower with SOUL.md", "−0.62 (−0.83 to −0.41)"]),
    ({"control": "none", "claim": "any text"}, ["than with no text at all", "any text might do the same"]),
    (
        {"control": "generic", "claim": "any strong persona"},
        ["professional identities of its length", "another strong persona might"],
    ),
    (
        {"control": "generic", "claim": "than this class"},
        ["carries no claim", "a difference from no text at all as well is not shown"],
    ),
    (
        {"control": "persona", "claim": "than this class"},
        ["from no text and from professional identities as well is not shown"],
    ),
    ({"claim": "screening"}, ["This is a screening", "to be confirmed with more"]),
    ({"control": "persona"}, ["more than a strong persona does"]),
    ({"control": "checklist", "claim": "than this control"}, ["not for others of their kind"]),
    ({"control": "old.md", "claim": "than this control"}, ["the control text old.md", "not for others"]),
    ({"notes": ("low reliability",)}, ["tells characters apart poorly"]),
    (
        {"verdict": "bias only", "bias": Bias(Estimate(0.71, (0.5, 0.9))), "estimate": 0.05,
         "ci": (-0.1, 0.2), "notes": ("the trait is equivalent",)},
        ["Only yes-saying moved", "agrees more than with", "for and against “Wish for more memory” alike",
         "The trait itself is equivalent: +0.05"],
    ),
    (
        {"verdict": "bias only", "bias": Bias(Estimate(-0.71, (-0.9, -0.5))), "estimate": 0.3,
         "notes": ("the trait moved less than the bias",)},
        ["agrees less than with", "The trait itself moved less than that, and is not shown to have moved"],
    ),
    (
        {"verdict": "bias only", "bias": Bias(Estimate(-0.71, (-0.9, -0.5)))},
        ["Whether the trait moved as well is not settled"],
    ),
    (
        {"verdict": "bias only", "channel": "utterance", "bias": Bias(Estimate(0.71, (0.5, 0.9)))},
        ["Only fluency moved", "is likelier to say sentences of this kind"],
    ),
    (
        {"verdict": "bias only", "bias": Bias(Estimate(0.1, (0, 0.2)), Estimate(0.7, (0.6, 0.8)))},
        ["Only a habit of answering moved", "the option that stands first rose by 0.70",
         "no news of “Wish for more memory”"],
    ),
    (
        {"verdict": "equivalent", "estimate": 0.03, "ci": (-0.1, 0.16)},
        ["differs from none of the three controls by as much as the smallest effect of interest (±0.50)",
         "a shift would have been seen"],
    ),
    (
        {"verdict": "equivalent", "control": "none", "estimate": 0.2, "ci": (0.1, 0.3),
         "notes": ("detectable, below the smallest effect of interest",)},
        ["does not differ from no text at all", "is detectable (corrected p = .012) and too small"],
    ),
    (
        {"verdict": "inconclusive", "estimate": 0.2, "ci": (-0.2, 0.6), "p_adjusted": 0.4,
         "notes": ("about 24 statements would settle it", "about 40 statements would settle it")},
        ["stays open", "Neither a shift of ±0.50 nor its absence", "About 40 statements would settle it"],
    ),
    (
        {"verdict": "inconclusive", "estimate": 0.8, "p_adjusted": 0.2},
        ["large enough to matter, but no surer than chance after correction"],
    ),
    (
        {"verdict": "inconclusive", "estimate": 0.3, "p_adjusted": 0.01},
        ["surer than chance, but may be smaller than the smallest effect of interest"],
    ),
    (
        {"verdict": "inconclusive", "estimate": 0.9, "notes": ("sharpening",)},
        ["more decided about everything, which imitates a shift"],
    ),
    (
        {"verdict": "inconclusive", "notes": ("over 400 statements would be needed",)},
        ["More statements alone would not settle it"],
    ),
    (
        {"verdict": "inconclusive", "trait_bias_separated": False},
        ["cannot tell the trait from yes-saying, so no shift can be claimed"],
    ),
    (
        {"verdict": "not interpretable", "gate": BLIND, "bias": Bias(Estimate(0.3, (0.2, 0.4)))},
        ["nothing can be said, not even that nothing moved", "told to want this and one told not to",
         "silence would mean nothing", "Counted apart from the trait: yes-saying rose by 0.30"],
    ),
    (
        {"verdict": "not interpretable", "gate": Gate("pass", "fail", ("G2: reliability 0.31, under 0.60",))},
        ["The reliability check failed", "(0.31; .60 is the least)"],
    ),
    (
        {"verdict": "not interpretable",
         "gate": Gate("pass", "pass", ("median option mass 0.0004, under 0.001",))},
        ["The model hardly uses the offered answers (median option mass 0.0004, under 0.001)"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), CASES)
def test_says_what_the_verdict_allows(changes: dict[str, object], expected: list[str]) -> None:
    said = say(**changes)
    for part in expected:
        assert part in said


@pytest.mark.parametrize("verdict", [v for v in VERDICTS if v != "shifted"])
def test_only_a_shift_is_told_as_one(verdict: str) -> None:
    said = say(verdict=verdict, gate=BLIND if verdict == "not interpretable" else Gate("pass", "pass"))
    assert "is higher with" not in said
    assert "is lower with" not in said
    assert "The claim is" not in said


def test_sensitivity_is_claimed_only_where_it_was_shown() -> None:
    assert "would have been seen" not in say(verdict="equivalent", gate=Gate())


@pytest.mark.parametrize("control", ["none", "generic", "persona", "checklist", "shuffled", "old.md"])
@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_sentence_names_its_control(verdict: str, control: str) -> None:
    words = {"none": "no text", "generic": "professional", "persona": "persona", "checklist": "checklist",
             "shuffled": "order", "old.md": "old.md"}  # fmt: skip
    assert words[control] in say(verdict=verdict, control=control)


def test_sentences_are_clean_where_numbers_are_missing() -> None:
    nan = float("nan")
    said = say(verdict="inconclusive", estimate=nan, ci=(nan, nan), p_adjusted=nan)
    assert "nan" not in said
    assert "no interval" in said


def test_bias_is_told_only_where_it_is_sure() -> None:
    assert bias_beside(make(bias=Bias(Estimate(0.3, (-0.1, 0.7))))) == ""
    both = Bias(Estimate(-0.3, (-0.4, -0.2)), None, Estimate(0.2, (0.1, 0.3)))
    assert bias_beside(make(bias=both)) == (
        "Counted apart from the trait: yes-saying fell by 0.30 "
        "and the preference for the letter A rose by 0.20"
    )


def standing(verdict: str, check: bool = False, **rows: str) -> Standing:
    found = [make(control=c, verdict=v) for c, v in rows.items()]
    primary = make(verdict=verdict)
    return Standing("memory", "self_report", primary, (primary, *found), check)


def test_a_lesser_claim_is_named_and_goes_no_further() -> None:
    text = standing("inconclusive", none="shifted", generic="inconclusive", persona="inconclusive")
    said = standing_sentence(text, "Wish for more memory", "SOUL.md")
    assert "the claim stops at “any text”" in said
    assert "this identity" not in said
    assert "By control: shifted against no text, inconclusive against professions" in said
    strong = standing("inconclusive", none="shifted", generic="shifted", persona="inconclusive")
    assert "stops at “any strong persona”" in standing_sentence(strong, "Wish", "SOUL.md")


def test_the_manipulation_check_is_told_apart() -> None:
    said = standing_sentence(standing("shifted", check=True), "Claims", "SOUL.md")
    assert said.startswith("Manipulation check, outside every family.")
    assert "not interpretable" in check_sentence(standing("not interpretable", check=True), "Claims")
    assert "shifted, +0.62" in check_sentence(standing("shifted", check=True), "Claims")


def test_a_level_is_no_shift() -> None:
    level = make(claim="level", control="", verdict="inconclusive")
    assert "leans for it" in level_sentence(level, "Wish", "the bare model")
    unsure = replace(level, ci=(-0.1, 1.3))
    assert "leans neither way for sure" in level_sentence(unsure, "Wish", "the bare model")
    blind = level_sentence(replace(level, gate=BLIND), "Wish", "the bare model")
    assert "not interpretable" in blind and "leans" not in blind
    assert "is not interpreted" in level_sentence(replace(level, channel="utterance"), "Wish", "it")


def test_an_unknown_note_stays_as_it_is() -> None:
    assert note_in_words("something new") == "something new"
    assert "repeated" in note_in_words("control_repeats")
