import numpy as np
import pytest
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.classes import class_contrast
from selfscope.stats.contrast import paired_contrast
from selfscope.stats.guard import sharpening_slope
from selfscope.stats.strata import score

KEYED = np.array([1, -1] * 6)


def texts(rng: np.random.Generator, studies: int, k: int, sd: float) -> np.ndarray:
    """D of k texts and a subject that is one more of them: (study, text, dimension, m), the subject last."""
    own = rng.normal(0, sd, (studies, k + 1, 21, 1))
    return own + rng.normal(0, 0.4, (studies, k + 1, 21, 12)) + rng.normal(size=(studies, 1, 21, 12))


@pytest.mark.parametrize("sd", [0.1, 0.5])
def test_one_more_text_of_the_class_is_not_found_different(sd: float) -> None:
    d = texts(np.random.default_rng(1), 150, 5, sd)
    found = class_contrast(d[:, -1], d[:, :-1], KEYED, flip=False)
    n = found.p.size
    assert (found.p_texts <= 0.05).mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / n))
    assert (found.p <= 0.05).mean() <= 0.055
    covers = (found.ci95[..., 0] <= 0) & (found.ci95[..., 1] >= 0)
    assert covers.mean() >= 0.945


def test_statements_alone_would_find_it_different() -> None:
    d = texts(np.random.default_rng(2), 60, 5, 0.5)
    found = class_contrast(d[:, -1], d[:, :-1], KEYED, flip=False)
    assert (found.items.p_t <= 0.05).mean() > 0.4


def test_a_class_of_one_text_is_the_paired_contrast() -> None:
    d = texts(np.random.default_rng(3), 1, 1, 0.1)[0]
    found = class_contrast(d[-1], d[:1], KEYED)
    alone = paired_contrast(d[-1] - d[0], KEYED)
    assert found.p == pytest.approx(alone.p)
    assert found.ci90 == pytest.approx(alone.ci90)
    assert np.isnan(found.p_texts).all()


def test_both_tests_must_pass_and_the_wider_interval_is_shown() -> None:
    d = texts(np.random.default_rng(4), 1, 6, 0.3)[0]
    found = class_contrast(d[-1], d[:-1], KEYED)
    assert found.p == pytest.approx(np.maximum(found.items.p, found.p_texts))
    width, items = np.diff(found.ci95)[:, 0], np.diff(found.items.ci95)[:, 0]
    assert (width >= items - 1e-12).all()
    assert (width > items).any()
    assert found.estimate == pytest.approx(found.items.estimate)
    assert (found.text_df > 5).all()


def test_a_statement_that_one_text_lacks_counts_for_none() -> None:
    d = texts(np.random.default_rng(5), 1, 5, 0.1)[0]
    holed = d.copy()
    holed[2, 0, 3] = np.nan
    found = class_contrast(holed[-1], holed[:-1], KEYED)
    assert found.items.n[0] == 11
    keep = np.delete(np.arange(12), 3)
    assert found.items.estimate[0] == pytest.approx(
        class_contrast(d[-1][:, keep], d[:-1][:, :, keep], KEYED[keep]).items.estimate[0]
    )


def test_stretch_widens_the_spread_of_texts() -> None:
    d = texts(np.random.default_rng(6), 1, 5, 0.5)[0]
    plain, wide = (class_contrast(d[-1], d[:-1], KEYED, stretch=x) for x in (1.0, 3.0))
    assert wide.text_se == pytest.approx(3 * plain.text_se)


def test_texts_must_fit() -> None:
    with pytest.raises(BadInput, match="do not fit the subject"):
        class_contrast(np.zeros((21, 12)), np.zeros((21, 12)), KEYED)
    with pytest.raises(BadInput, match="do not fit the subject"):
        class_contrast(np.zeros((21, 12)), np.zeros((5, 21, 16)), KEYED)


def test_slope_is_the_factor_of_sharpening() -> None:
    rng = np.random.default_rng(7)
    control = rng.normal(size=(4, 21, 12)) + 0.8
    assert sharpening_slope(2 * control + rng.normal(size=(4, 21, 1)), control) == pytest.approx(
        np.full(4, 2)
    )
    holed = control.copy()
    holed[:, :, 0] = np.nan
    assert sharpening_slope(1.5 * control, holed) == pytest.approx(np.full(4, 1.5))


def test_slope_of_a_control_that_does_not_vary_is_one() -> None:
    assert sharpening_slope(np.ones((3, 12)), np.zeros((3, 12))) == 1


def test_slope_is_freed_of_drawing_noise() -> None:
    rng = np.random.default_rng(8)
    true = rng.normal(size=(21, 200))
    drawn = true + rng.normal(0, 0.7, true.shape)
    assert sharpening_slope(2 * true, drawn) == pytest.approx(2 / 1.49, rel=0.05)
    assert sharpening_slope(2 * true, drawn, np.full(true.shape, 0.49)) == pytest.approx(2, rel=0.05)


def test_seeds_against_trainings_are_the_t_test_of_two_samples_of_trainings() -> None:
    d = texts(np.random.default_rng(8), 1, 6, 0.3)[0][:, :1]  # one dimension, which borrows from no other
    seeds, trainings = d[:3], d[3:]
    found = class_contrast(seeds.mean(axis=0), trainings, KEYED, seeds=seeds)
    theirs = stats.ttest_ind(score(seeds, KEYED)[:, 0], score(trainings, KEYED)[:, 0])
    assert found.p_texts[0] == pytest.approx(theirs.pvalue)
    assert found.text_df[0] == theirs.df


def test_seeds_against_the_weights_before_any_training_are_the_t_test_of_one_sample() -> None:
    d = texts(np.random.default_rng(9), 1, 3, 0.3)[0][:, :1]
    found = class_contrast(d[:3].mean(axis=0), d[3:], KEYED, seeds=d[:3], sampled=False)
    theirs = stats.ttest_1samp(score(d[:3], KEYED)[:, 0], score(d[3], KEYED)[0])
    assert found.p_texts[0] == pytest.approx(theirs.pvalue)


def test_one_more_training_of_the_class_is_not_found_different() -> None:
    d = texts(np.random.default_rng(10), 150, 5, 0.5)
    found = class_contrast(d[:, :3].mean(axis=1), d[:, 3:], KEYED, flip=False, seeds=d[:, :3])
    assert (found.p_texts <= 0.05).mean() == pytest.approx(0.05, abs=0.016)
    assert (found.p <= 0.05).mean() <= 0.055
