import numpy as np
import pytest

from selfscope.stats.claims import weakest_many
from selfscope.stats.verdicts import (
    FAIL,
    PASS,
    RULES,
    UNKNOWN,
    Evidence,
    at,
    decide,
    decide_many,
    gate_reasons,
)
from selfscope.values.finding import VERDICTS

CLEAR = Evidence(
    estimate=1.0,
    p=0.001,
    low90=0.7,
    high90=1.3,
    plus=0.9,
    minus=1.1,
    opposed=False,
    guard=True,
    resampled=True,
    resampled_small=True,
    skewed=False,
    separated=True,
    saturated=False,
    g1=PASS,
    g2=float("nan"),
    mass=0.9,
    refused_subject=0.0,
    refused_control=0.0,
    bias=0.0,
    bias_p=1.0,
    position=float("nan"),
    position_p=float("nan"),
    label=float("nan"),
    label_p=float("nan"),
    merged=float("nan"),
    merged_p=float("nan"),
    points=float("nan"),
    sesoi=0.5,
    least_points=10.0,
    alpha=0.05,
)
SMALL = CLEAR._replace(estimate=0.1, p=0.6, low90=-0.2, high90=0.4, plus=0.1, minus=0.1)


def test_the_rules_are_the_verdicts() -> None:
    assert set(RULES) == set(VERDICTS)


@pytest.mark.parametrize(
    ("change", "verdict", "note"),
    [
        ({}, "shifted", ""),
        ({"g1": FAIL}, "shifted", ""),
        ({"g2": 0.3}, "shifted", "low reliability"),
        ({"skewed": True}, "shifted", "skewed"),
        ({"skewed": True, "resampled": False}, "inconclusive", "bootstrap"),
        ({"p": 0.051}, "inconclusive", ""),
        ({"p": float("nan")}, "inconclusive", ""),
        ({"estimate": 0.49, "low90": 0.3, "high90": 0.6}, "inconclusive", ""),
        ({"plus": -0.1, "minus": 2.1}, "inconclusive", "keyings disagree"),
        ({"opposed": True}, "inconclusive", "forms disagree"),
        ({"guard": False}, "inconclusive", "sharpening"),
        ({"points": 9.9}, "inconclusive", "percentage points: +9.9, fewer than 10"),
        ({"points": -10.0}, "shifted", ""),
        ({"separated": False}, "inconclusive", "cannot be separated"),
        ({"guard": False, "bias": 0.8, "bias_p": 0.01}, "bias only", "yes-saying moved by +0.80"),
    ],
)
def test_a_clear_shift_and_what_takes_it_away(change: dict[str, float], verdict: str, note: str) -> None:
    decision = decide(CLEAR._replace(**change))
    assert decision.verdict == verdict
    assert note in "; ".join(decision.notes)


@pytest.mark.parametrize(
    ("change", "verdict", "note"),
    [
        ({}, "equivalent", ""),
        ({"p": 0.01}, "equivalent", "detectable, below the smallest effect of interest"),
        ({"high90": 0.5}, "inconclusive", ""),
        ({"g1": UNKNOWN}, "inconclusive", "sensitivity not estimated"),
        ({"skewed": True}, "equivalent", "skewed"),
        ({"skewed": True, "resampled_small": False}, "inconclusive", "may be larger than the smallest"),
        ({"resampled_small": False, "bias": 0.8, "bias_p": 0.01}, "bias only", "moved less than the bias"),
        ({"g1": FAIL}, "not interpretable", ""),
        ({"g2": 0.59}, "not interpretable", ""),
        ({"g2": 0.60}, "equivalent", ""),
        ({"mass": 0.0009}, "not interpretable", ""),
        ({"refused_control": 0.21, "refused_subject": 0.15}, "not interpretable", ""),
        ({"refused_control": 0.12}, "not interpretable", ""),
        ({"g1": FAIL, "bias": 0.8, "bias_p": 0.01}, "not interpretable", "yes-saying moved"),
        ({"bias": 0.8, "bias_p": 0.01}, "bias only", "the trait is equivalent"),
        ({"bias": -0.8, "bias_p": 0.01, "high90": 0.6}, "bias only", "moved less than the bias"),
        ({"bias": 0.49, "bias_p": 0.01}, "equivalent", ""),
        ({"bias": 0.8, "bias_p": 0.06}, "equivalent", ""),
        ({"position": 0.9, "position_p": 0.01}, "bias only", "position moved by +0.90"),
        ({"label": -0.9, "label_p": 0.01}, "bias only", "label moved by -0.90"),
        ({"merged": 0.9, "merged_p": 0.01}, "bias only", "label or position moved by +0.90"),
    ],
)
def test_no_shift(change: dict[str, float], verdict: str, note: str) -> None:
    decision = decide(SMALL._replace(**change))
    assert decision.verdict == verdict
    assert note in "; ".join(decision.notes)


def test_fluency_is_named() -> None:
    decision = decide(SMALL._replace(bias=0.8, bias_p=0.01), bias_name="fluency")
    assert decision.notes[0].startswith("fluency moved")


def test_reasons_are_in_words() -> None:
    reasons = gate_reasons(SMALL._replace(g1=FAIL, g2=0.2, mass=1e-4, refused_subject=0.5))
    assert len(reasons) == 5
    assert "G1" in reasons[0] and "0.20" in reasons[1] and "50 points" in reasons[4]
    assert gate_reasons(SMALL) == ()


def test_both_spellings_of_the_rule_agree() -> None:
    rng = np.random.default_rng(0)
    n = 4000
    choose = rng.choice
    nan = float("nan")
    low = rng.normal(0, 0.5, n)
    many = Evidence(
        estimate=choose([0, 0.2, -0.6, 0.8, nan], n),
        p=choose([0.001, 0.05, 0.2, nan], n, p=[0.4, 0.3, 0.2, 0.1]),
        low90=low,
        high90=low + rng.uniform(0, 1, n),
        plus=choose([0.4, 0.4, -0.1, nan], n),
        minus=choose([0.4, -0.1, nan], n),
        opposed=rng.random(n) < 0.1,
        guard=rng.random(n) < 0.9,
        resampled=rng.random(n) < 0.9,
        resampled_small=rng.random(n) < 0.9,
        skewed=rng.random(n) < 0.2,
        separated=rng.random(n) < 0.9,
        saturated=rng.random(n) < 0.2,
        g1=choose([PASS, PASS, PASS, FAIL, UNKNOWN], n),
        g2=choose([nan, nan, 0.7, 0.5], n),
        mass=choose([nan, 0.5, 0.5, 1e-4], n),
        refused_subject=choose([0, 0, 0.15, 0.3], n),
        refused_control=choose([0, 0, 0.15, 0.12], n),
        bias=choose([nan, 0, 0.9, -0.9], n),
        bias_p=choose([nan, 0.01, 0.3], n),
        position=choose([nan, 0, 0.9], n),
        position_p=choose([nan, 0.01, 0.3], n),
        label=choose([nan, 0, 0.9], n),
        label_p=choose([nan, 0.01, 0.3], n),
        merged=choose([nan, nan, 0, 0.9], n),
        merged_p=choose([nan, 0.01, 0.3], n),
        points=choose([nan, nan, 4.0, -25.0], n),
        sesoi=np.full(n, 0.5),
        least_points=np.full(n, 10.0),
        alpha=np.full(n, 0.05),
    )
    codes = decide_many(many)
    assert [RULES[c] for c in codes] == [decide(at(many, i)).verdict for i in range(n)]
    assert set(codes) == set(range(5))


def weakest(*verdicts: str) -> str:
    return RULES[weakest_many(np.array([RULES.index(v) for v in verdicts]))]  # type: ignore[arg-type]


def test_a_claim_is_as_weak_as_its_weakest_class() -> None:
    assert weakest(*["equivalent"] * 3) == "equivalent"
    assert weakest("shifted", "equivalent", "equivalent") == "inconclusive"
    assert weakest("shifted", "bias only", "equivalent") == "bias only"
    assert weakest("shifted", "inconclusive", "bias only") == "inconclusive"
    assert weakest("shifted", "not interpretable", "shifted") == "not interpretable"
    assert weakest("shifted", "shifted", "shifted") == "inconclusive"


def test_claims_on_arrays_are_those_of_each_column() -> None:
    every = np.array(np.meshgrid(*[np.arange(5)] * 3)).reshape(3, -1)
    alone = [int(weakest_many(column)) for column in every.T]
    assert weakest_many(every).tolist() == alone
    assert set(alone) == {RULES.index(v) for v in RULES if v != "shifted"}
