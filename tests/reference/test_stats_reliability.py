"""Reliability against pingouin, where the designs coincide."""

import warnings

import numpy as np
import pandas as pd
import pytest

from selfscope.stats.reliability import generalizability

RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    return RNG.normal(size=(14, 1)) + RNG.normal(size=(14, 10)) + RNG.normal(size=10)


def test_one_keying_is_cronbachs_alpha(table: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pingouin

        alpha, interval = pingouin.cronbach_alpha(pd.DataFrame(table))
    found = generalizability(table[:, None, :], np.ones(10))
    assert found.coefficient[0] == pytest.approx(alpha)
    assert found.ci95[0] == pytest.approx(interval, abs=5e-4)


def test_one_keying_is_the_consistency_icc_of_the_mean(table: np.ndarray) -> None:
    long = pd.DataFrame(table).stack().rename_axis(["object", "item"]).rename("x").reset_index()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pingouin

        icc = pingouin.intraclass_corr(long, targets="object", raters="item", ratings="x")
    row = icc[icc["Type"].str.startswith("ICC(C,k)") | (icc["Type"] == "ICC3k")].iloc[0]
    assert generalizability(table[:, None, :], np.ones(10)).coefficient[0] == pytest.approx(row["ICC"])


def test_worked_anova_with_two_keyings() -> None:
    """Mean squares by hand: 12 objects; the o×k interaction must not count as error."""
    objects, keyings = RNG.normal(size=12), RNG.normal(size=(12, 2))
    d = np.concatenate([np.repeat((objects + keyings[:, i])[:, None], 3, axis=1) for i in range(2)], axis=1)
    noise = RNG.normal(size=(12, 6))
    keyed = np.array([1, 1, 1, -1, -1, -1])
    scores = d + noise
    left = []
    for part in (scores[:, :3], scores[:, 3:]):
        left.append(part - part.mean(1, keepdims=True) - part.mean(0) + part.mean())
    error = (np.concatenate(left, axis=1) ** 2).sum() / (11 * 4)
    between = 6 * (0.5 * (scores[:, :3].mean(1) + scores[:, 3:].mean(1))).var(ddof=1)
    found = generalizability(scores[:, None, :], keyed)
    assert found.coefficient[0] == pytest.approx(1 - error / between)
    assert found.error_variance[0] == pytest.approx(error / 6)
