"""Shares of 0/1 values on the latent scale, against planted log-odds."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from selfscope.stats.variance_design import design_of
from selfscope.stats.variance_latent import ANSWER, TOTALS, _covariance_behind, _table, latent
from selfscope.stats.variance_located import Asked, locate
from selfscope.stats.variance_squares import mean_squares

LEVELS = (("character", 40), ("item", 60))
PLANTED = {"character": 0.9, "item": 1.6}


def answers(centre=0.4, seed=3):
    rng = np.random.default_rng(seed)
    who = np.sqrt(PLANTED["character"]) * rng.standard_normal((LEVELS[0][1], 1))
    what = np.sqrt(PLANTED["item"]) * rng.standard_normal((1, LEVELS[1][1]))
    return (rng.random((40, 60)) < special.expit(centre + who + what)).astype(float)


def test_a_covariance_is_that_of_two_answers_by_integration():
    centre, total, alike = 0.7, 2.0, 0.4
    sd = np.sqrt(total)

    def both(a, b):
        density = stats.multivariate_normal.pdf([a, b], [0, 0], [[1, alike], [alike, 1]])
        return special.expit(centre + sd * a) * special.expit(centre + sd * b) * density

    joint = integrate.dblquad(both, -7, 7, -7, 7, epsabs=1e-7)[0]
    alone = integrate.quad(lambda a: special.expit(centre + sd * a) * stats.norm.pdf(a), -8, 8)[0]
    behind = _covariance_behind(np.array([joint - alone**2]), total, _table(alone))
    assert behind[0] == pytest.approx(alike * total, rel=0.02)


def test_planted_components_come_back_and_the_answer_is_the_logistic_distributions():
    design = design_of(LEVELS, {}, random=("character", "item"))
    found = []
    for seed in range(12):
        y = answers(seed=seed)
        variance = mean_squares(y, design) @ design.solution.T
        found.append(latent(variance, np.asarray(y.mean()), design))
    middle = np.mean([f.variance for f in found], axis=0)
    assert middle[:2] == pytest.approx(list(PLANTED.values()), rel=0.15)
    assert middle[2] == pytest.approx(ANSWER)
    assert np.mean([f.share for f in found], axis=0)[0] == pytest.approx(0.9 / (2.5 + ANSWER), rel=0.15)
    assert all(f.share.sum() == pytest.approx(1) for f in found)


def test_it_does_not_matter_which_answer_is_called_one():
    design = design_of(LEVELS, {}, random=("character", "item"))
    y = answers(centre=1.5)
    told = [
        latent(mean_squares(v, design) @ design.solution.T, np.asarray(v.mean()), design) for v in (y, 1 - y)
    ]
    assert told[0].variance == pytest.approx(told[1].variance)


def test_what_is_certain_or_nearly_always_alike_is_said_as_such():
    design = design_of(LEVELS, {}, random=("character", "item"))
    certain = latent(np.array([0.25, 0.0, 0.0]), np.asarray(0.5), design)
    assert certain.share[0] > TOTALS[-1] / (TOTALS[-1] + 2 * ANSWER)
    assert np.isnan(latent(np.array([0.001, 0.0, 0.001]), np.asarray(0.01), design).share).all()
    below = latent(np.array([-0.01, 0.05, 0.2]), np.asarray(0.5), design)
    assert below.variance[0] < 0 and below.share[0] == 0


def test_only_counts_are_told_on_the_latent_scale():
    y = answers()
    asked = Asked(LEVELS, "character", permutations=0, counts=True)
    (who, what, answer) = locate(y, asked).latent
    assert (who.name, what.name, answer.answer) == ("character", "item", True)
    low, high = who.share_ci
    assert low < 0.9 / (2.5 + ANSWER) < high
    assert locate(y, Asked(LEVELS, "character", permutations=0)).latent == ()
    assert locate(y, Asked(LEVELS, "character", permutations=0, counts=True, error=False)).latent == ()
