"""Holm and Benjamini-Hochberg against statsmodels."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from selfscope.stats.multiplicity import benjamini_hochberg, holm

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("n", [1, 2, 21])
def test_both_agree_with_statsmodels(n: int) -> None:
    p = RNG.uniform(0, 0.2, n) ** 2
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])


def test_what_was_not_tested_does_not_count() -> None:
    p = np.array([0.01, np.nan, 0.03, np.nan])
    assert holm(p)[[0, 2]] == pytest.approx(holm(p[[0, 2]]))
    assert benjamini_hochberg(p)[[0, 2]] == pytest.approx(benjamini_hochberg(p[[0, 2]]))
    assert np.isnan(holm(p)[[1, 3]]).all()


def test_studies_stack_along_any_axis() -> None:
    p = RNG.uniform(size=(4, 6))
    assert holm(p) == pytest.approx(np.stack([holm(row) for row in p]))
    assert holm(p.T, axis=0) == pytest.approx(holm(p).T)


def test_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])
