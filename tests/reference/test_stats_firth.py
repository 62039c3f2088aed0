"""Firth's logistic regression against closed forms and a direct maximisation of the penalised likelihood."""

import numpy as np
import pytest
from scipy import optimize, special

from selfscope.stats.firth import firth_logistic


def test_saturated_table_is_half_added_to_every_cell() -> None:
    agreed, asked = np.array([[7.0, 0.0]]), np.array([[10.0, 12.0]])
    fit = firth_logistic([[1, 0], [1, 1]], agreed, asked)
    first, second = np.log(7.5 / 3.5), np.log(0.5 / 12.5)
    assert fit.coefficients[0] == pytest.approx([first, second - first])


def test_one_proportion() -> None:
    fit = firth_logistic([[1.0]], [[20.0], [3.0]], [[20.0], [20.0]])
    assert fit.coefficients[:, 0] == pytest.approx([np.log(20.5 / 0.5), np.log(3.5 / 17.5)])


def test_it_is_the_mode_under_jeffreys_prior() -> None:
    rng = np.random.default_rng(2)
    x = np.column_stack([np.ones(15), rng.normal(size=15), rng.integers(0, 2, 15)])
    asked = np.full(15, 4.0)
    agreed = rng.binomial(4, special.expit(x @ [0.3, 1.5, -1])).astype(float)

    def loss(beta: np.ndarray) -> float:
        eta = x @ beta
        p = special.expit(eta)
        information = (x.T * (asked * p * (1 - p))) @ x
        likelihood = agreed @ eta - asked @ np.logaddexp(0, eta)
        return -float(likelihood + 0.5 * np.linalg.slogdet(information)[1])

    best = optimize.minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-8})
    fit = firth_logistic(x, agreed[None], asked[None])
    assert fit.coefficients[0] == pytest.approx(best.x, abs=1e-5)
    assert fit.scores[0] @ x == pytest.approx(np.zeros(3), abs=1e-6)


def test_separated_answers_have_an_estimate() -> None:
    x = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]])
    fit = firth_logistic(x, [[0, 0, 0, 5, 5, 5]], np.full((1, 6), 5.0))
    assert fit.coefficients[0] == pytest.approx([-np.log(31), 2 * np.log(31)])
