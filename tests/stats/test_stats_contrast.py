import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.contrast import paired_contrast
from selfscope.stats.masked import median
from selfscope.stats.resample import bootstrap_interval
from selfscope.stats.strata import score

KEYED = np.array([1, -1] * 6)
RNG = np.random.default_rng(21)


def test_negation_moves_nu_and_nothing_else() -> None:
    delta = RNG.normal(0.3, 1, 12)
    before, after = paired_contrast(delta, KEYED), paired_contrast(delta + 2 * KEYED, KEYED)
    assert after.nu == pytest.approx(before.nu + 2)
    for name in ("estimate", "se", "p_t", "p_flip", "skewness"):
        assert getattr(after, name) == pytest.approx(getattr(before, name))


def test_a_turned_sign_turns_the_contrast_over() -> None:
    delta = RNG.normal(0.3, 1, 12)
    one, other = paired_contrast(delta, KEYED), paired_contrast(-delta, KEYED)
    assert other.estimate == pytest.approx(-one.estimate)
    assert other.ci95 == pytest.approx(-one.ci95[::-1])
    assert other.p == pytest.approx(one.p)


def test_scaling_leaves_the_tests_alone() -> None:
    delta = RNG.normal(0.3, 1, 12)
    assert paired_contrast(50 * delta, KEYED).p == pytest.approx(paired_contrast(delta, KEYED).p)


def test_nothing_anywhere_is_p_of_one() -> None:
    found = paired_contrast(np.zeros(12), KEYED)
    assert (found.estimate, found.se, found.p_t, found.p_flip, found.p) == (0, 0, 1, 1, 1)
    rounding = paired_contrast(1e-13 * RNG.normal(size=12), KEYED)
    assert rounding.p == 1


def test_only_negation_is_p_of_one() -> None:
    found = paired_contrast(1.3 * KEYED, KEYED)
    assert found.p == 1
    assert found.nu == pytest.approx(1.3)


def test_a_shift_without_spread_has_the_least_p() -> None:
    found = paired_contrast(np.full(12, 0.8), KEYED)
    assert found.p_t == 0
    assert found.p == 2.0**-11
    assert found.ci95 == pytest.approx([0.8, 0.8])
    many = paired_contrast(np.full(16, 0.8), [1, -1] * 8)
    assert 1 / 20_001 <= many.p < 0.001


def test_rows_of_unequal_length_share_an_array() -> None:
    short, long = RNG.normal(size=8), RNG.normal(size=12)
    keyed = np.stack([np.r_[[1, -1] * 4, np.zeros(4)], KEYED])
    both = paired_contrast(np.stack([np.r_[short, [np.nan] * 4], long]), keyed)
    alone = [paired_contrast(short, [1, -1] * 4), paired_contrast(long, KEYED)]
    for name in both._fields:
        for i in range(2):
            assert getattr(both, name)[i] == pytest.approx(getattr(alone[i], name)), name


def test_studies_stack() -> None:
    delta = RNG.normal(size=(3, 4, 12))
    whole = paired_contrast(delta, KEYED)
    assert whole.p.shape == (3, 4)
    assert whole.ci95.shape == (3, 4, 2)
    assert whole.p[2, 1] == pytest.approx(paired_contrast(delta[2, 1], KEYED).p)


def test_below_six_statements_there_is_an_interval_but_no_p() -> None:
    found = paired_contrast([0.1, 0.2, 0.4, 0.3], [1, -1, 1, -1])
    assert np.isnan(found.p)
    assert np.isfinite(found.ci95).all()


def test_a_stratum_of_one_has_no_interval() -> None:
    found = paired_contrast([0.1, 0.2, 0.4, 0.3, 0.2, 0.1, 0.5], [1, -1, 1, 1, 1, 1, 1])
    assert np.isfinite(found.estimate)
    assert np.isnan(found.ci95).all()
    assert np.isnan(found.p)


def test_flips_are_left_out_only_where_they_cannot_matter() -> None:
    delta = RNG.normal(0.2, 1, (50, 12))
    full, lazy = paired_contrast(delta, KEYED), paired_contrast(delta, KEYED, flip_below=0.05)
    near = full.p_t <= 0.05
    assert near.any() and not near.all()
    assert lazy.p[near] == pytest.approx(full.p[near])
    assert (lazy.p[~near] > 0.05).all()


def test_keyings_are_checked() -> None:
    with pytest.raises(BadInput, match=r"\+1 or -1"):
        paired_contrast(np.zeros(3), [1, -1, 2])
    with pytest.raises(BadInput, match="do not fit"):
        paired_contrast(np.zeros(3), [1, -1])


@pytest.mark.parametrize("nu", [0.0, 1.0])
def test_size_under_no_shift(nu: float) -> None:
    delta = np.random.default_rng(1).normal(0, 0.6, (6000, 12)) + nu * KEYED
    found = paired_contrast(delta, KEYED)
    bound = 0.05 + 3 * np.sqrt(0.05 * 0.95 / 6000)
    assert 0.10 - bound < (found.p_t <= 0.05).mean() < bound
    assert 0.03 < (found.p <= 0.05).mean() < bound
    assert ((found.ci95[:, 0] <= 0) & (found.ci95[:, 1] >= 0)).mean() == pytest.approx(0.95, abs=0.01)


def test_heavy_tails_do_not_make_it_liberal() -> None:
    delta = np.random.default_rng(2).standard_t(4, (4000, 12))
    assert (paired_contrast(delta, KEYED).p <= 0.05).mean() < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4000)


def test_skewness_is_seen() -> None:
    rng = np.random.default_rng(3)
    even = paired_contrast(rng.normal(size=(400, 16)), [1, -1] * 8, flip=False).skewness
    odd = paired_contrast(rng.exponential(size=(400, 16)), [1, -1] * 8, flip=False).skewness
    assert abs(even.mean()) < 0.1
    assert odd.mean() > 1
    assert np.isnan(paired_contrast(rng.normal(size=12), KEYED, flip=False).p_flip)


def test_bootstrap_interval_covers_and_is_named_by_its_seed() -> None:
    delta = np.random.default_rng(4).normal(0.3, 0.6, (1500, 12))
    ci = bootstrap_interval(delta, KEYED, draws=599)
    assert ((ci[:, 0] < 0.3) & (ci[:, 1] > 0.3)).mean() == pytest.approx(0.95, abs=0.025)
    again = bootstrap_interval(delta[:3], KEYED, draws=599)
    assert again == pytest.approx(ci[:3])
    assert not np.allclose(again, bootstrap_interval(delta[:3], KEYED, draws=599, seed=5))


def test_bootstrap_interval_leans_with_the_skew_and_can_be_left_out() -> None:
    delta = np.random.default_rng(5).exponential(size=(2, 12))
    ci = bootstrap_interval(delta, KEYED, where=np.array([True, False]))
    estimate = score(delta, KEYED)
    assert ci[0, 1] - estimate[0] > estimate[0] - ci[0, 0]
    assert np.isnan(ci[1]).all()
    assert np.isnan(bootstrap_interval([0.1, 0.2, 0.3, 0.4], [1, 1, -1, -1])).all()


def test_medians_skip_what_is_missing() -> None:
    assert median([[3.0, np.nan, 1, 2], [np.nan, np.nan, 4, 8]]) == pytest.approx([2, 6])
    assert np.isnan(median([np.nan, np.nan]))
    assert median(np.arange(12.0).reshape(2, 3, 2), axis=(-2, -1)) == pytest.approx([2.5, 8.5])
