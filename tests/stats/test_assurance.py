"""Promises against nothing and against a sham: what is planted comes out, and nothing else."""

import numpy as np
import pytest

from selfscope.stats.assurance import MOVED, joined, promises, rises, sides
from selfscope.stats.atoms import ArmScores
from selfscope.stats.multiplicity import holm
from selfscope.stats.results import Settings
from selfscope.stats.verdicts import FAIL, PASS
from selfscope.studies.assurance_rates import Planted, alone_rates, rates

SETS = 20
KEYED = np.where(np.arange(12) % 2, 1.0, -1.0)[None]
SETTINGS = Settings.utterance(bootstrap_all=False, bootstraps=99, flips=500)


def drawn(effects, seed=0, spread=0.15, yes=0.0):
    """Return arms of one outcome, each with what is planted in it."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=(1, 12))

    def scores(effect):
        return ArmScores(
            theta + effect + spread * rng.normal(size=(1, 12)), yes + 0.1 * rng.normal(size=(1, 12))
        )

    return [scores(effect) for effect in effects]


def judged(arms, nothing, sham, believed=True, g1=PASS):
    found = sides(arms, nothing, sham, KEYED, settings=SETTINGS, g1=g1)
    return promises(*found, np.full(len(arms), believed))


def verdicts(found):
    return [MOVED[code] for code in found.codes[:, 0]]


def test_what_moves_against_both_is_shifted_and_what_the_sham_does_too_is_warmth():
    nothing, sham, promise, warmth, neither = drawn([0, -1.0, -2.0, -1.0, 0.0])
    found = judged([promise, warmth], nothing, sham)
    assert verdicts(found) == ["shifted", "warmth only"]
    assert verdicts(judged([neither], nothing, drawn([0], 1)[0])) != ["shifted"]


def test_what_cancels_warmth_is_equivalent_to_nothing_and_told_apart_from_the_sham():
    nothing, sham, cold = drawn([0, -1.0, 0.0])
    found = judged([cold], nothing, sham)
    assert verdicts(found) == ["equivalent"]
    assert found.p[0, 0] >= found.sham.p[0, 0]


def test_an_arm_that_is_not_believed_is_not_read_however_far_it_moves():
    nothing, sham, promise = drawn([0, 0, -3.0])
    assert verdicts(judged([promise], nothing, sham, believed=False)) == ["not interpretable"]


def test_where_characters_do_not_come_apart_nothing_is_called_equivalent():
    nothing, sham, same = drawn([0, 0, 0])
    assert verdicts(judged([same], nothing, sham)) == ["equivalent"]
    assert verdicts(judged([same], nothing, sham, g1=FAIL)) == ["not interpretable"]


def test_yes_to_everything_behind_warm_notes_is_bias_alone():
    nothing = drawn([0])[0]
    rng = np.random.default_rng(5)
    warm = [ArmScores(nothing.d + 0.05 * rng.normal(size=(1, 12)), nothing.b + 1.0) for _ in range(2)]
    assert verdicts(judged(warm[:1], nothing, warm[1])) == ["bias only"]


def test_signs_that_differ_are_no_evidence_and_holm_is_over_arms_and_outcomes():
    nothing, sham, between = drawn([0, -2.0, -1.0])
    apart = judged([between], nothing, sham)
    assert apart.p[0, 0] == 1
    several = drawn([0, 0, -0.3, -0.2, -0.25])
    parts = [sides(several[2:], *several[:2], KEYED, settings=SETTINGS, g1=PASS) for _ in range(2)]
    found = promises(*(joined([p[n] for p in parts]) for n in range(3)), np.ones(3, bool))
    assert found.p_adjusted.ravel() == pytest.approx(holm(found.p.ravel()))


def test_planted_rates_are_those_of_the_page():
    nothing = rates(Planted(), SETS, flips=600)
    assert nothing.false <= 0.05 + 1.645 * np.sqrt(0.05 * 0.95 / SETS)
    assert nothing.equal > 0.85
    assert rates(Planted(promise=3.0), SETS, flips=600).found > 0.9


def test_what_is_told_is_believed_where_it_moves_what_is_said_and_not_else():
    assert alone_rates(0.0, 6, 1.0, 200)[0] <= 0.05
    assert alone_rates(3.0, 6, 1.0, 200)[0] > 0.95
    assert alone_rates(0.0, 30, 2.0, 100)[1] <= 0.06
    assert alone_rates(2.0, 30, 2.0, 100)[1] > 0.95


def test_a_rise_is_large_enough_and_sure():
    nothing, sham, told = drawn([0, 0, 0.5])
    side = sides([told], nothing, sham, KEYED, settings=SETTINGS, g1=PASS)[0]
    assert rises(side.evidence).all()
    assert not rises(side.evidence._replace(estimate=side.evidence.estimate - 0.4)).any()
    assert not rises(side.evidence._replace(low90=-side.evidence.low90)).any()
