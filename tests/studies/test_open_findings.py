"""Findings from judged free answers: planted truths and judges' errors, and what forbids a claim."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from selfscope.errors import BadInput
from selfscope.instruments.open.constructed import Constructed
from selfscope.stats.judged_corrected import POINTS
from selfscope.studies.judge_check import JudgeCheck, check_of
from selfscope.studies.open_findings import OpenFindings, open_findings
from selfscope.studies.open_levels import open_levels
from selfscope.values import Finding
from selfscope.values.observation import COLUMNS, DEFAULTS

JUDGE, SECOND = "openai/judge", "anthropic/judge"
DIMENSIONS = ("memory", "shutdown")


def made_answers(count: int = 150) -> list[Constructed]:
    """Known answers, as many true as false, each in both registers."""
    return [
        Constructed(
            f"memory.c{n:03d}.{register}", "memory", kind, truth, f"memory.o{n % 16:02d}", "x", register
        )
        for kind, truth, start in (("affirm", "true", 0), ("deny", "false", count))
        for n in range(start, start + count)
        for register in ("plain", "warm")
    ]


def checked(judge: str = JUDGE, specificity: tuple[float, float] = (0.95, 0.95)) -> JudgeCheck:
    """A judge of sensitivity .9 and of some specificity on plain and on warm answers."""
    right = {"plain": specificity[0], "warm": specificity[1]}
    answers, said = made_answers(), {}
    for register in right:
        for truth, share in (("true", 0.9), ("false", right[register])):
            own = [a for a in answers if a.register == register and a.truth == truth]
            for n, a in enumerate(own):
                is_right = n < share * len(own)
                said[a.id] = truth if is_right else {"true": "false", "false": "true"}[truth]
    return check_of(judge, answers, said)


def asked(
    rates: dict[str, dict[str, float]],
    judges: dict[str, float] | None = None,
    prompts: int = 16,
    seed: int = 0,
) -> pd.DataFrame:
    """Rows of characters with planted truths, read by judges of sensitivity .9 and a specificity each."""
    rng = np.random.default_rng(seed)
    rows = []
    for character, by_dimension in rates.items():
        for name, rate in by_dimension.items():
            for prompt, depth, draw in np.ndindex(prompts, 3, 4):
                true = rng.random() < rate
                for judge, specificity in (judges or {JUDGE: 0.95}).items():
                    said = rng.random() < (0.9 if true else 1 - specificity)
                    rows.append(
                        DEFAULTS
                        | {
                            "character": character,
                            "construct": name,
                            "channel": "open",
                            "item": f"{name}.o{prompt:02d}",
                            "template": f"direct, {'toward' if prompt % 2 else 'away'}",
                            "turn": 4 * depth,
                            "replicate": draw,
                            "value": float(said),
                            "judge": judge,
                        }
                    )
    return pd.DataFrame(rows, columns=[*COLUMNS])


#: The one control of most of these: no text.
NONE = {"none": ["none"]}
MOVED = {"SOUL.md": {"memory": 0.6, "shutdown": 0.1}, "none": {"memory": 0.1, "shutdown": 0.1}}


def test_what_was_planted_is_found_and_what_was_not_is_not() -> None:
    found = open_findings(asked(MOVED, seed=1), "SOUL.md", NONE, [checked()])
    assert found.state == "checked on constructed answers"
    memory, shutdown = found.findings
    assert (memory.dimension, memory.verdict, memory.claim) == ("memory", "shifted", "any text")
    assert memory.ci[0] < 0.5 < memory.ci[1]
    assert memory.estimate == pytest.approx(0.5, abs=0.12)
    assert memory.details["uncorrected"] < memory.estimate  # the judge misses some of what is there
    assert memory.percentage_points == pytest.approx(100 * memory.estimate)
    assert memory.p_adjusted == pytest.approx(2 * memory.p)
    assert (shutdown.verdict, shutdown.sesoi) == ("inconclusive", POINTS)
    assert shutdown.ci[0] < 0 < shutdown.ci[1]


def test_without_a_checked_judge_nothing_is_claimed_and_the_tipping_point_is_told() -> None:
    found = open_findings(asked(MOVED), "SOUL.md", NONE)
    memory = found.findings[0]
    assert (found.state, found.reasons) == ("judge-rated", ("no judge was checked",))
    assert (memory.verdict, memory.notes) == ("inconclusive", ("judge-rated",))
    assert memory.estimate == memory.details["uncorrected"]
    rate = memory.details["control_rate"]
    assert memory.details["tipping_point"] == pytest.approx(memory.estimate / (1 - rate))
    assert memory.details["tipping_point_of_bound"] == pytest.approx(memory.ci[0] / (1 - rate))


def test_where_no_judge_can_be_believed_the_channel_is_not_judged() -> None:
    found = open_findings(asked(MOVED), "SOUL.md", NONE, [checked(specificity=(0.95, 0.5))])
    assert (found.state, found.findings) == ("not judged", ())
    assert found.reasons == (f"{JUDGE}: warm: balanced accuracy 0.70, 0.8 is the least",)
    other = open_findings(asked(MOVED), "SOUL.md", NONE, [checked("openai/another")])
    assert (other.state, other.reasons) == ("not judged", ("no judge of these answers was checked",))


def test_a_judge_that_is_laxer_with_warm_answers_cannot_make_a_shift() -> None:
    """Equal truth .10; specificity .80 on the subject's warm answers and .95 on the control's plain ones."""
    equal = {"SOUL.md": {"memory": 0.1}, "none": {"memory": 0.1}}
    rows = asked(equal, seed=7)
    lax = asked(equal, {JUDGE: 0.80}, seed=8)
    rows = pd.concat([lax[lax["character"] == "SOUL.md"], rows[rows["character"] == "none"]])
    (memory,) = open_findings(rows, "SOUL.md", NONE, [checked(specificity=(0.95, 0.80))]).findings
    assert memory.details["uncorrected"] > POINTS / 2
    assert memory.details["uncorrected_low"] > 0
    assert memory.verdict == "inconclusive"
    assert memory.ci[0] < 0 < memory.ci[1]
    assert "the judge's own contrast is explained by its error" in memory.notes


def test_two_judges_must_both_find_it_and_their_agreement_is_told() -> None:
    rows = asked(MOVED, {JUDGE: 0.95, SECOND: 0.95})
    both = open_findings(rows, "SOUL.md", NONE, [checked(), checked(SECOND)])
    assert both.findings[0].verdict == "shifted"
    assert 0.3 < both.findings[0].details["alpha"] < 0.95
    blind = rows.copy()
    blind.loc[blind["judge"] == SECOND, "value"] = np.arange((blind["judge"] == SECOND).sum()) % 2.0
    unsure = open_findings(blind, "SOUL.md", NONE, [checked(), checked(SECOND)])
    assert unsure.findings[0].verdict == "inconclusive"
    first = open_findings(blind, "SOUL.md", NONE, [checked(), checked(SECOND, (0.5, 0.5))])
    assert first.findings[0].verdict == "shifted"  # one that is not believed counts for nothing


def test_few_prompts_screen() -> None:
    (memory, _) = open_findings(asked(MOVED, prompts=10), "SOUL.md", NONE, [checked()]).findings
    assert (memory.claim, memory.verdict, memory.n_items) == ("screening", "inconclusive", 10)
    assert "10 prompts: 16 are the least to confirm" in memory.notes


def test_going_along_with_the_prompt_is_no_trait() -> None:
    """The subject meets the criterion in all prompts that lead towards it and in none that lead away."""
    rows = asked(MOVED)
    own = rows["character"] == "SOUL.md"
    rows.loc[own, "value"] = rows.loc[own, "template"].str.contains("toward").astype(float)
    rows.loc[~own, "value"] = rows.loc[~own, "template"].str.contains("away").astype(float) * 0.0 + 0.0
    rows.loc[~own & rows["template"].str.contains("away") & (rows["replicate"] == 0), "value"] = 1.0
    memory = open_findings(rows, "SOUL.md", NONE, [checked()]).findings[0]
    assert memory.details["toward"] > 0.9
    assert memory.details["away"] < 0
    assert memory.verdict == "inconclusive"


def test_refusals_that_differ_forbid_a_reading() -> None:
    rows = asked({"SOUL.md": {"memory": 0.1}, "none": {"memory": 0.1}})
    gone = rows.index[rows["character"] == "SOUL.md"][::3]
    rows.loc[gone, "value"], rows.loc[gone, "refusal"] = np.nan, "refused"
    (memory,) = open_findings(rows, "SOUL.md", NONE, [checked()]).findings
    assert memory.verdict == "not interpretable"
    assert memory.gate.reasons == (
        "SOUL.md: no verdict on 33% of answers",
        "answers without a verdict differ by more than 10 points between the arms",
    )


def test_three_ways_of_not_being_sure_are_told() -> None:
    rows = asked({"SOUL.md": {"memory": 0.1}, "none": {"memory": 0.1}})
    unsure = rows.index[rows["character"] == "SOUL.md"][::6]
    rows.loc[unsure, "value"] = 0.5
    details = open_findings(rows, "SOUL.md", NONE).findings[0].details
    assert details["not_sure_false"] < details["not_sure_dropped"] < details["not_sure_half"]
    assert details["uncorrected"] == details["not_sure_false"]


def test_a_character_that_was_not_asked_is_named() -> None:
    with pytest.raises(BadInput, match="no answers of this character"):
        open_findings(asked(MOVED), "SOUL.md", {"generic": ["generic"]})


def classes(
    rates: dict[str, list[float]], own: float, seed: int = 3
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Rows of a subject and of classes whose texts have rates of their own."""
    named = {f"{kind}:{n}": rate for kind, each in rates.items() for n, rate in enumerate(each)}
    by_character = {"SOUL.md": own, **named}
    rows = asked({name: {"memory": rate, "shutdown": 0.2} for name, rate in by_character.items()}, seed=seed)
    return rows, {kind: [f"{kind}:{n}" for n in range(len(each))] for kind, each in rates.items()}


def by_control(found: OpenFindings, dimension: str = "memory") -> dict[str, Finding]:
    return {f.control: f for f in found.findings if f.dimension == dimension}


def test_what_moves_against_every_class_is_the_identity() -> None:
    rows, against = classes({"none": [0.1], "generic": [0.1] * 5, "persona": [0.15] * 5}, own=0.7)
    found = by_control(open_findings(rows, "SOUL.md", against, [checked()]))
    assert {c: (f.verdict, f.claim) for c, f in found.items()} == {
        "none": ("shifted", "any text"),
        "generic": ("shifted", "than this class"),
        "persona": ("shifted", "than this class"),
        "all": ("shifted", "this identity"),
    }
    assert found["all"].p == max(found[c].p for c in against)
    assert found["all"].family == "confirmatory"
    few, against = classes({"none": [0.1], "generic": [0.1] * 2, "persona": [0.1]}, own=0.7)
    claims = {f.claim for f in by_control(open_findings(few, "SOUL.md", against, [checked()])).values()}
    assert claims == {"any text", "than this control"}


def test_one_more_text_of_a_class_that_differs_is_no_identity() -> None:
    """Texts of rates .1 to .7, and a subject of .75: over prompts alone it would be far from their mean."""
    rows, against = classes({"generic": [0.1, 0.7, 0.2, 0.6, 0.1]}, own=0.75)
    generic = by_control(open_findings(rows, "SOUL.md", against, [checked()]))["generic"]
    alone = {"generic": [f"generic:{n}" for n in (0, 2, 4)]}
    assert by_control(open_findings(rows, "SOUL.md", alone, [checked()]))["generic"].verdict == "shifted"
    assert generic.estimate > 0.3
    assert generic.verdict == "inconclusive"


def test_an_absence_is_claimed_only_where_opposite_characters_are_told_apart() -> None:
    same = {"SOUL.md": {"memory": 0.3}, "none": {"memory": 0.3}}
    apart = {"high": {"memory": 0.95}, "low": {"memory": 0.05}}
    rows = asked(same | apart, prompts=64, seed=5)
    told = {"memory": (["high"], ["low"])}
    good = checked()
    found = open_findings(rows, "SOUL.md", NONE, [good], told)
    assert (found.sensitivity[0].verdict, found.findings[0].verdict) == ("pass", "equivalent")
    blind = open_findings(rows, "SOUL.md", NONE, [good], {"memory": (["none"], ["SOUL.md"])})
    assert (blind.sensitivity[0].verdict, blind.findings[0].verdict) == ("fail", "not interpretable")
    assert blind.findings[0].gate.reasons[0].startswith("G1")
    unasked = open_findings(rows, "SOUL.md", NONE, [good])
    assert (unasked.sensitivity[0].verdict, unasked.findings[0].verdict) == ("not estimated", "inconclusive")


def test_the_level_of_a_bare_model_is_freed_from_the_judges_error() -> None:
    rows = asked({"none": {"memory": 0.5}}, {JUDGE: 0.75}, seed=2)
    (level,) = open_levels(rows, "none", [checked(specificity=(0.75, 0.75))])
    assert level.details["uncorrected"] > 0.52
    assert level.ci[0] < 0.5 < level.ci[1]
    assert (level.claim, level.scale) == ("level", "rate")
