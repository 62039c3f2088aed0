"""Trajectories of planted truth: a jump is found where it is, a drift as a drift, and nothing in nothing."""

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.results import Gates, Settings
from selfscope.stats.trajectory import LEAST_VERSIONS, change_points, levels, steps
from selfscope.stats.verdicts import SHIFTED

DIMENSIONS, M = 6, 16


def course(plant, shifts, *, seed=0, tau=0.3, **more):
    """Return versions whose traits are `shifts` (version, dimension), and their keying."""
    study = plant(1, m=M, dimensions=DIMENSIONS, seed=seed)
    study.asked[:] = True
    shared = study.rng.normal(0, tau, (DIMENSIONS, M))  # which statements a shift reaches is the statements'
    versions = []
    for shift in np.asarray(shifts, float):
        moved = shift[:, None] * (1 + shared) + study.rng.normal(0, 0.1, (DIMENSIONS, M))
        answers = study.ask(0.0, **more)
        versions.append(type(answers)(answers.d[0] + moved, answers.b[0]))
    return versions, study.keyed


def flat(versions=7):
    return np.zeros((versions, DIMENSIONS))


def jump(at=4, size=1.2, versions=7):
    shifts = flat(versions)
    shifts[at:, 2] = size
    return shifts


def drift(size=1.2, versions=7):
    shifts = flat(versions)
    shifts[:, 1] = np.linspace(0, size, versions)
    return shifts


PASSED = Gates(g1=1, g2=0.9)
QUICK = Settings(flips=1999)


def test_a_jump_is_found_at_its_version_and_nowhere_else(plant):
    right = 0
    for seed in range(20):
        versions, keyed = course(plant, jump(), seed=seed)
        found = steps(versions, keyed, gates=[PASSED] * 7, settings=QUICK)
        codes = found.previous.rows["previous"].codes
        points = change_points(versions, keyed, settings=QUICK)
        right += bool(
            codes[3, 2] == SHIFTED
            and (codes == SHIFTED).sum() == 1
            and points.found.tolist() == [False, False, True, False, False, False]
            and points.at[2] == 4
            and points.jump[2]
        )
    assert right >= 18


def test_where_nothing_changes_no_step_is_shifted_and_no_change_point_found(plant):
    said = 0
    for seed in range(40):
        versions, keyed = course(plant, flat(), seed=seed)
        shifted = (steps(versions, keyed, settings=QUICK).previous.rows["previous"].codes == SHIFTED).any()
        said += bool(shifted or change_points(versions, keyed, settings=QUICK).found.any())
    assert said <= 2


def test_the_max_cusum_has_its_size_without_the_smallest_effect(plant):
    p = []
    for seed in range(40):
        versions, keyed = course(plant, flat(), seed=seed)
        p.extend(change_points(versions, keyed, settings=Settings(flips=999)).p)
    rate = np.mean(np.array(p) <= 0.05)  # 240 dimensions: .05 within three standard errors
    assert rate <= 0.092


def test_a_slow_drift_is_seen_since_the_first_and_in_no_step(plant):
    right = 0
    for seed in range(20):
        versions, keyed = course(plant, drift(), seed=seed)
        found = steps(versions, keyed, gates=[PASSED] * 7, settings=QUICK)
        stepwise = (found.previous.rows["previous"].codes == SHIFTED).any()
        since = found.first.rows["first"].codes[-1]
        points = change_points(versions, keyed, settings=QUICK)
        right += bool(not stepwise and since[1] == SHIFTED and not points.jump[1])
    assert right >= 18


def test_firmer_answers_are_no_change(plant):
    study = plant(1, m=M, dimensions=DIMENSIONS, seed=3)
    study.asked[:] = True
    soft, firm = study.ask(0.0), study.ask(0.0, scale=2.0)
    versions = [type(a)(a.d[0], a.b[0]) for a in (soft, soft, soft, firm, firm, firm)]
    found = change_points(versions, study.keyed)
    assert (found.p_adjusted <= 0.05).any()
    assert not found.found.any()
    assert not (steps(versions, study.keyed).previous.rows["previous"].codes == SHIFTED).any()


def test_steps_and_dimensions_are_one_family_and_rows_against_the_first_are_their_own(plant):
    versions, keyed = course(plant, jump(versions=4, at=2))
    found = steps(versions, keyed)
    assert found.previous.family_size == 3 * DIMENSIONS
    assert found.first.family_size == DIMENSIONS
    previous = found.previous.rows["previous"]
    least = np.unravel_index(previous.trait.p.argmin(), previous.trait.p.shape)
    assert previous.p_adjusted[least] == pytest.approx(previous.trait.p[least] * 3 * DIMENSIONS)
    first = found.first.rows["first"]
    assert first.p_adjusted[1, 2] == pytest.approx(first.trait.p[1, 2] * DIMENSIONS)
    assert first.trait.estimate[2] == pytest.approx(previous.trait.estimate.sum(axis=0))


def test_a_difference_takes_the_worse_gate_of_its_sides(plant):
    versions, keyed = course(plant, flat(3))
    gates = [PASSED, Gates(g1=0, g2=0.9), Gates(g1=-1, g2=float("nan"))]
    found = steps(versions, keyed, gates=gates)
    assert found.previous.rows["previous"].evidence.g1[:, 0].tolist() == [0, 0]
    assert found.first.rows["first"].evidence.g1[:, 0].tolist() == [0, -1]
    assert np.isnan(found.first.rows["first"].evidence.g2[1]).all()


def test_levels_are_paired_with_what_they_are_against(plant):
    versions, keyed = course(plant, jump(versions=3, at=1))
    plain, paired = levels(versions, keyed, None), levels(versions, keyed, [versions[0]] * 3)
    assert paired.estimate[0] == pytest.approx(np.zeros(DIMENSIONS))
    assert paired.estimate[2] == pytest.approx(plain.estimate[2] - plain.estimate[0])
    assert np.diff(paired.ci95[2, 2]) < np.diff(plain.ci95[2, 2])


def test_too_few_versions_have_no_change_point_and_one_is_no_trajectory(plant):
    versions, keyed = course(plant, flat(LEAST_VERSIONS - 1))
    assert change_points(versions, keyed) is None
    with pytest.raises(BadInput, match="two versions"):
        steps(versions[:1], keyed)


def test_identical_versions_have_p_1(plant):
    versions, keyed = course(plant, flat(1))
    found = change_points(versions * 6, keyed)
    assert (found.p == 1).all()
    assert not found.found.any()
