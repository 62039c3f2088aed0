import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.reliability import (
    alternate,
    generalizability,
    grade,
    parallel_forms,
    profile_reliability,
    split_half,
)
from selfscope.stats.sensitivity import sensitivity
from selfscope.stats.verdicts import FAIL, PASS, UNKNOWN

KEYED = np.array([1, -1] * 6)


def panel(rng: np.random.Generator, objects: int, dimensions: int, share: float, m: int = 12) -> np.ndarray:
    """D of characters whose true Eρ² over m statements is `share`: (object, dimension, m)."""
    error = m * (1 - share) / share
    true = rng.normal(size=(objects, dimensions, 1))
    return (
        true + rng.normal(0, np.sqrt(error), (objects, dimensions, m)) + rng.normal(size=(1, dimensions, m))
    )


def test_planted_reliability_is_covered() -> None:
    found = generalizability(panel(np.random.default_rng(0), 24, 2000, 0.7), KEYED)
    covers = (found.ci95[:, 0] <= 0.7) & (found.ci95[:, 1] >= 0.7)
    assert covers.mean() == pytest.approx(0.95, abs=0.015)
    assert np.median(found.coefficient) == pytest.approx(0.7, abs=0.03)
    assert found.error_variance.mean() == pytest.approx(3 / 7, abs=0.02)


def test_difference_of_keyings_is_no_error() -> None:
    rng = np.random.default_rng(1)
    d = panel(rng, 20, 3, 0.7)
    apart = d + rng.normal(0, 5, (20, 3, 1)) * KEYED
    assert generalizability(apart, KEYED).coefficient == pytest.approx(generalizability(d, KEYED).coefficient)


def test_few_objects_are_not_estimated() -> None:
    found = generalizability(panel(np.random.default_rng(2), 11, 2, 0.7), KEYED)
    assert np.isnan(found.coefficient).all()
    assert np.isnan(found.ci95).all()
    with pytest.raises(BadInput, match="no object axis"):
        generalizability(np.zeros((3, 12)), KEYED)


def test_objects_alike_give_a_negative_estimate_and_say_so() -> None:
    d = np.random.default_rng(3).normal(size=(12, 40, 12))
    found = generalizability(d, KEYED)
    assert (found.coefficient < 0).any()


def test_statement_that_one_object_lacks_is_left_out() -> None:
    d = panel(np.random.default_rng(4), 14, 1, 0.7, m=12)
    holed = d.copy()
    holed[3, 0, [0, 1]] = np.nan
    found = generalizability(holed, KEYED)
    assert found.statements.tolist() == [10]
    assert found.coefficient == pytest.approx(generalizability(d[..., 2:], KEYED[2:]).coefficient)


def test_grades() -> None:
    assert [grade(x) for x in (0.85, 0.7, 0.5, float("nan"))] == [
        "good",
        "acceptable",
        "low",
        "not estimated",
    ]


def test_split_half_agrees_with_reliability() -> None:
    d = panel(np.random.default_rng(5), 400, 2, 0.7)
    assert split_half(d, KEYED, splits=50) == pytest.approx([0.7, 0.7], abs=0.08)
    assert split_half(d, KEYED, splits=5) == pytest.approx(split_half(d, KEYED, splits=5))


def test_parallel_forms_correlate_as_planted() -> None:
    rng = np.random.default_rng(6)
    d = rng.normal(size=(500, 1, 1, 1)) + rng.normal(0, np.sqrt(6), (500, 1, 12, 2))
    assert parallel_forms(d, KEYED, alternate(2)) == pytest.approx([1 / 1.5], abs=0.07)
    one = d.copy()
    one[:, :, KEYED > 0, 1] = np.nan
    assert np.isnan(parallel_forms(one, KEYED, alternate(2))).all()


def test_profile_reliability() -> None:
    rng = np.random.default_rng(7)
    true = rng.normal(0, 1, (300, 21))
    seen = true + rng.normal(0, 0.5, true.shape)
    assert profile_reliability(seen, np.full(true.shape, 0.5)).mean() == pytest.approx(0.8, abs=0.03)
    assert np.isnan(profile_reliability([0.1, 0.2], [0.1, 0.1]))


def test_sensitivity_needs_size_and_certainty() -> None:
    rng = np.random.default_rng(8)
    noise = rng.normal(0, 0.3, (2, 3, 12))
    wordings = np.full((2, 3, 12), np.nan)
    first = np.repeat([True, False], 6)
    high, low = wordings.copy(), wordings.copy()
    level = np.array([1.5, 0.3, 1.5])[:, None]
    high[0][:, first] = (level + noise[0])[:, first]
    high[1][:, ~first] = (level + noise[0])[:, ~first]
    low[0][:, first], low[1][:, ~first] = noise[1][:, first], noise[1][:, ~first]
    low[:, 2] += 20 * rng.normal(size=(1, 12))
    found = sensitivity(high, low, KEYED, sesoi=0.5)
    assert found.state.tolist() == [PASS, FAIL, FAIL]
    assert found.contrast.n.tolist() == [12, 12, 12]
    assert found.lower == pytest.approx(found.contrast.ci90[:, 0])


def test_sensitivity_of_the_blind_fails_and_of_the_unasked_is_unknown() -> None:
    blind = np.zeros((2, 1, 12))
    assert sensitivity(blind, blind, KEYED, sesoi=0.5).state.tolist() == [FAIL]
    asked = np.full((2, 1, 12), np.nan)
    asked[:, :, :2] = 1.0
    assert sensitivity(asked, 0 * asked, KEYED, sesoi=0.5).state.tolist() == [UNKNOWN]
