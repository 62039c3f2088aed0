"""One common factor, its permutation test, and foretelling, on numbers of known truth."""

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.common_factor import common_factor
from selfscope.stats.predicted import predicted

N, D = 16, 21


def noise(seed=0):
    return np.random.default_rng(seed).standard_normal((N, D))


def trait(seed=1):
    return np.random.default_rng(seed).standard_normal(N)


def test_one_factor_is_found_with_its_size():
    held = trait()
    found = common_factor(held[:, None] + 0.2 * noise(), permutations=199)
    assert found.share > 0.8
    assert found.p == pytest.approx(1 / 200)
    assert found.same_way == D
    assert found.size == pytest.approx(2 * held.std(ddof=1), rel=0.1)
    assert found.p_half == pytest.approx(2**-10)
    assert found.p_groups < 0.001


def test_the_share_is_the_largest_eigenvalue_of_the_correlations():
    x = noise()
    largest = np.linalg.eigvalsh(np.corrcoef(x.T))[-1]
    assert common_factor(x, permutations=9).share == pytest.approx(largest / D)


def test_independent_columns_share_what_chance_gives():
    p = [common_factor(noise(seed), permutations=99).p for seed in range(60)]
    assert np.mean(np.array(p) <= 0.1) <= 0.2
    assert np.mean(p) == pytest.approx(0.5, abs=0.12)


def test_a_habit_is_taken_out_and_its_loss_of_freedom_is_in_the_null():
    habit = trait(5)
    clean = [
        common_factor(noise(s) + 3 * habit[:, None], habit[:, None], permutations=99).p for s in range(60)
    ]
    assert common_factor(noise() + 3 * habit[:, None], permutations=99).p == pytest.approx(0.01)
    assert np.mean(np.array(clean) <= 0.1) <= 0.2


def test_two_poles_share_a_factor_and_go_no_one_way():
    signs = np.where(np.arange(D) % 2, 1.0, -1.0)
    found = common_factor(trait()[:, None] * signs + 0.2 * noise(), permutations=199)
    assert found.p <= 0.05 < min(found.p_same_way, found.p_half)


def test_half_of_the_dimensions_are_not_most_of_them():
    found = []
    for seed in range(40):
        half = np.where(np.arange(D) < 11, 1.0, 0.0)
        found.append(common_factor(trait(seed)[:, None] * half + 0.3 * noise(seed + 100), permutations=99))
    assert all(f.p <= 0.05 for f in found)
    assert np.mean([f.p_same_way <= 0.05 for f in found]) > 0.3
    assert np.mean([f.p_half <= 0.05 for f in found]) <= 0.1


def test_two_clusters_are_not_one():
    apart = []
    for seed in range(40):
        two = np.where(np.arange(D) < 11, trait(seed)[:, None], trait(seed + 50)[:, None])
        found = common_factor(two + noise(seed + 100), permutations=99)
        apart.append(found.p_second <= 0.05 < found.p_groups)
    assert np.mean(apart) > 0.75


def test_a_general_factor_with_groups_under_it_goes_together():
    whole = []
    for seed in range(40):
        groups = np.where(np.arange(D) < 11, trait(seed)[:, None], trait(seed + 50)[:, None])
        found = common_factor(1.2 * trait(seed + 200)[:, None] + groups + 0.5 * noise(seed), permutations=99)
        whole.append(found.p_second > 0.05 or found.p_groups <= 0.05)
    assert np.mean(whole) > 0.75


def test_a_second_factor_is_looked_for_at_its_level_where_there_is_one():
    p = [common_factor(trait(s)[:, None] + noise(s + 100), permutations=99).p_second for s in range(60)]
    assert np.mean(np.array(p) <= 0.05) <= 0.15


def test_the_scale_of_a_column_does_not_count():
    x = trait()[:, None] + noise()
    stretched = x * np.linspace(0.1, 10, D)
    assert common_factor(stretched, permutations=99).share == pytest.approx(
        common_factor(x, permutations=99).share
    )


def test_cells_that_do_not_count_carry_no_factor():
    held, use = trait(), np.ones((N, D), bool)
    rng = np.random.default_rng(3)
    use &= rng.random((N, D)) > 0.3
    x = noise() + np.where(use, 0.0, 5.0 * held[:, None])
    assert common_factor(x, permutations=199).p <= 0.05
    assert common_factor(x, use=use, permutations=199).p > 0.05


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (noise()[:11], "too few identities"),
        (np.ones((N, D)), "too few dimensions"),
        (np.where(np.eye(N, D), np.nan, 1.0), "a score is missing"),
    ],
)
def test_what_holds_no_answer_is_refused(scores, said):
    with pytest.raises(BadInput, match=said):
        common_factor(scores)


def test_leaving_one_out_is_what_refitting_gives():
    x, y, habit = trait(), noise(), trait(7)
    y = y + 0.8 * x[:, None]
    found = predicted(y, x, habit[:, None], permutations=9)
    errors, without = [], []
    for out in range(N):
        rest = np.arange(N) != out
        full = np.column_stack([np.ones(N), habit, x])
        for columns, errs in ((full, errors), (full[:, :2], without)):
            line, *_ = np.linalg.lstsq(columns[rest], y[rest], rcond=None)
            errs.append((y[out] - columns[out] @ line) ** 2)
    assert found.r2 == pytest.approx(1 - np.sum(errors, axis=0) / np.sum(without, axis=0))


def test_what_the_predictor_carries_is_foretold_and_the_rest_is_not():
    x, y = trait(), noise()
    y[:, 0] += 5 * x
    found = predicted(y, x, permutations=199)
    assert found.r2[0] > 0.8
    assert found.slope[0] == pytest.approx(5, abs=1)
    assert found.p[0] == pytest.approx(1 / 200)
    assert found.r2[1:].mean() < 0.05


def test_a_predictor_that_does_not_vary_foretells_nothing():
    found = predicted(noise(), np.ones(N), permutations=9)
    assert np.isnan(found.r2).all()
    assert np.isnan(found.mean_r2)
