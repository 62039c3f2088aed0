"""The axis of a persona space: sign, what leaves it alone, recovery of a planted one, nulls and intervals."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from selfscope.errors import BadInput
from selfscope.stats.axis import (
    COSINE,
    axis_of,
    centred_interval,
    components_for,
    cosine,
    places,
    principal,
    role_vectors,
    sample_of,
)
from selfscope.stats.axis_read import Recipe, components, place_intervals, sensitivity
from selfscope.stats.halves import exchanged, full_length, pretenders, split_half, split_half_interval
from selfscope.stats.whitened import whitened

WIDTH = 16


def planted(rng, effect=3.0, roles=16, questions=10, noise=1.0, spread=1.0):
    """Role × question × noise: the default lies `effect` along the first coordinate."""
    each = rng.normal(size=(roles, 1, WIDTH)) * spread + rng.normal(size=(1, questions, WIDTH))
    asked = rng.normal(size=(questions, WIDTH)) * 0.5
    default = asked + noise * rng.normal(size=(questions, WIDTH))
    default[:, 0] += effect
    return each + noise * rng.normal(size=(roles, questions, WIDTH)), default


@pytest.fixture(scope="module")
def cells():
    return planted(np.random.default_rng(1), effect=8.0)


def test_the_axis_points_to_the_default(cells):
    roles, default = cells
    axis = axis_of(roles[None], default[None])[0]
    by_hand = default.mean(0) - roles.mean((0, 1))
    np.testing.assert_allclose(axis, by_hand)
    assert axis @ default.mean(0) > axis @ roles.mean((0, 1))
    assert cosine(axis, np.eye(WIDTH)[0]) > 0.85


def test_a_missing_cell_leaves_a_role_its_other_questions(cells):
    roles, default = cells
    holed = roles.copy()
    holed[2, 3] = np.nan
    expected = role_vectors(roles)
    expected[2] = np.delete(roles[2], 3, axis=0).mean(0)
    np.testing.assert_allclose(sample_of(holed, default).vectors, expected)
    holed[2] = np.nan
    sample = sample_of(holed, default)
    assert not sample.seen[2] and np.isnan(sample.vectors[2]).all()
    np.testing.assert_allclose(sample.axis, default.mean(0) - np.delete(expected, 2, axis=0).mean(0))


def test_weights_count_as_copies_do(cells):
    roles, default = cells
    by_role, by_question = np.arange(len(roles)) % 3, np.arange(len(default)) % 4
    copied = roles.repeat(by_role, axis=0).repeat(by_question, axis=1)
    sample = sample_of(roles, default, by_role.astype(float), by_question.astype(float))
    whole = sample_of(copied, default.repeat(by_question, axis=0))
    np.testing.assert_allclose(sample.axis, whole.axis)
    np.testing.assert_allclose(places(sample)[by_role > 0].repeat(by_role[by_role > 0]), places(whole))
    np.testing.assert_allclose(
        principal(sample.vectors, sample.weights).shares, principal(whole.vectors).shares, atol=1e-12
    )


def test_turning_and_scaling_the_states_change_nothing_that_is_told(cells):
    roles, default = cells
    rng = np.random.default_rng(2)
    turn = np.linalg.qr(rng.normal(size=(WIDTH, WIDTH)))[0] * 7.0
    shift = rng.normal(size=WIDTH)
    other_roles, other_default = roles @ turn + shift, default @ turn + shift
    for over in ("both", "roles", "questions"):
        np.testing.assert_allclose(
            split_half(roles[None], default[None], over=over, splits=20),
            split_half(other_roles[None], other_default[None], over=over, splits=20),
        )
    first, second = (components(r[None], d[None], draws=10) for r, d in (cells, (other_roles, other_default)))
    for mine, other in zip(first, second, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-9)
    np.testing.assert_allclose(
        places(sample_of(roles, default)), places(sample_of(other_roles, other_default)), atol=1e-9
    )


def test_swapping_default_and_roles_turns_the_axis_round():
    rng = np.random.default_rng(3)
    roles, default = rng.normal(size=(1, 5, WIDTH)), rng.normal(size=(5, WIDTH))
    forth = axis_of(roles[None], default[None])
    back = axis_of(default[None, None], roles)
    np.testing.assert_allclose(forth, -back)


def test_halves_share_what_is_not_split(cells):
    roles, default = planted(np.random.default_rng(4), effect=1.0)
    both, by_role, by_question = (
        split_half(roles[None], default[None], over=over)[0] for over in ("both", "roles", "questions")
    )
    assert both < by_role and both < by_question
    assert 0 < full_length(np.array(both)) < 1 and full_length(np.array(0.5)) == pytest.approx(2 / 3)


def test_without_noise_halves_agree_wholly_and_places_have_no_error():
    rng = np.random.default_rng(5)
    roles = np.tile(rng.normal(size=(1, 1, WIDTH)), (8, 6, 1))
    default = np.tile(rng.normal(size=(1, WIDTH)), (6, 1))
    assert split_half(roles[None], default[None])[0] == pytest.approx(1.0)


def test_components_of_a_plane_are_two():
    rng = np.random.default_rng(6)
    plane = rng.normal(size=(30, 2)) * [5, 3] @ np.linalg.qr(rng.normal(size=(WIDTH, 2)))[0].T
    found = principal(plane)
    assert len(found.shares) == 2 and found.shares.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(found.directions @ found.directions.T, np.eye(2), atol=1e-9)
    assert components_for(np.array([0.5, 0.2, 0.2, 0.1])) == 2
    with pytest.raises(BadInput, match="do not differ"):
        principal(np.ones((4, WIDTH)))


def test_what_is_asked_of_too_little_is_refused(cells):
    roles, default = cells
    for made in (split_half, components):
        with pytest.raises(BadInput, match="four"):
            made(roles[None, :3], default[None])
    with pytest.raises(BadInput, match="no such recipe"):
        sensitivity({"a": Recipe(roles, default)}, "b")
    with pytest.raises(BadInput, match="the same roles"):
        sensitivity({"a": Recipe(roles, default), "b": Recipe(roles[1:], default)}, "a")


def test_an_exchange_of_labels_forgets_the_axis_and_keeps_its_size():
    """Where nobody is anybody in particular, the observed cosine is one of the null’s."""
    rng = np.random.default_rng(7)
    below = 0
    for n in range(120):
        # Two large directions that all share make cosines high without any axis.
        cells = rng.normal(size=(9, 8, WIDTH)) * np.r_[6.0, 3.0, np.ones(WIDTH - 2)] + 20
        observed = split_half(cells[None, 1:], cells[None, 0], splits=4, seed=n)[0]
        null = exchanged(cells[1:], cells[0], draws=39, seed=n)
        below += (1 + (null >= observed).sum()) / 40 <= 0.05
    assert below / 120 <= 0.085  # .05 + 1.645 · sqrt(.05 · .95 / 120)


def test_a_planted_axis_is_beyond_the_null_raw_and_whitened(cells):
    roles, default = cells
    observed = split_half(roles[None], default[None])[0]
    assert observed > np.quantile(exchanged(roles, default, draws=60), 0.95)
    white = whitened(roles, default)
    seen = split_half(white.roles[None], white.default[None])[0]
    assert seen > np.quantile(exchanged(white.roles, white.default, draws=60), 0.95)


def test_whitening_lets_every_direction_vary_alike_and_knows_no_labels():
    rng = np.random.default_rng(8)
    roles, default = planted(rng, roles=60, questions=20, spread=0.0)
    scales = np.geomspace(1, 30, WIDTH)
    white = whitened(roles * scales, default * scales)
    left = (white.roles - white.roles.mean(0)).reshape(-1, WIDTH)
    spread = np.cov(left.T)
    assert np.linalg.cond(spread) < 4 < 100 < np.linalg.cond(np.cov((left * scales).T))
    everyone = np.concatenate([default[None], roles])
    order = rng.permuted(np.tile(np.arange(61)[:, None], (1, 20)), axis=0)
    mixed = everyone[order, np.arange(20)]
    again = whitened(mixed[1:], mixed[0])
    plain = whitened(roles, default)
    np.testing.assert_allclose(
        np.concatenate([plain.default[None], plain.roles])[order, np.arange(20)],
        np.concatenate([again.default[None], again.roles]),
        atol=1e-9,
    )


@pytest.mark.parametrize("questions", [3, 40])
def test_whitening_is_the_root_of_the_shrunken_covariance(questions):
    """Of few cells and of many: both ways to its directions give Σ^(−1/2) as SciPy does."""
    rng = np.random.default_rng(11)
    roles, default = planted(rng, roles=4, questions=questions)
    white = whitened(roles, default)
    everyone = np.concatenate([default[None], roles])
    residuals = (everyone - everyone.mean(0)).reshape(-1, WIDTH)
    covariance = residuals.T @ residuals / len(residuals)
    sphere = np.trace(covariance) / WIDTH * np.eye(WIDTH)
    root = sqrtm(np.linalg.inv((1 - white.shrinkage) * covariance + white.shrinkage * sphere))
    np.testing.assert_allclose(white.default, default @ root, atol=1e-8)
    np.testing.assert_allclose(white.roles, roles @ root, atol=1e-8)


def test_a_role_is_someone_too_but_the_planted_default_is_farther(cells):
    found = pretenders(*cells)
    assert found.cosines.shape == found.lengths.shape == (16,)
    assert found.lengths.max() < 1
    assert np.median(found.cosines) > 0.2  # an axis towards any role comes again


def test_other_recipes_are_held_against_the_reference(cells):
    roles, default = cells
    rng = np.random.default_rng(9)
    noisy = Recipe(rng.normal(size=roles.shape), rng.normal(size=default.shape))
    narrow = Recipe(roles[..., :9], default[..., :9])
    rows = sensitivity({"own": Recipe(roles, default), "noise": noisy, "narrow": narrow}, "own")
    own, noise, other = rows
    assert own.cosine == pytest.approx(1) and own.order == pytest.approx(1)
    assert abs(noise.cosine) < 0.8 and noise.split_half < own.split_half
    assert np.isnan(other.cosine) and other.order > 0.7


def test_ends_stand_about_the_estimate_within_bounds():
    drawn = np.array([[0.5, np.nan], [0.7, np.nan], [0.9, np.nan]])
    ends = centred_interval(np.array([0.95, 0.2]), drawn, COSINE)
    assert ends[0, 0] < 0.95 < ends[0, 1] < 1
    assert np.isnan(ends[1]).all()


def test_intervals_cover_in_a_model_of_roles_questions_and_noise():
    """What another sample of the size would give on average lies inside, about as often as is said.

    A short form of the simulation in docs; 60 data sets, so .95 may be .88 by chance.
    """
    rng = np.random.default_rng(10)
    truth = np.mean([split_half(*_layer(planted(rng)), splits=8, seed=n)[0] for n in range(300)])
    samples = [planted(rng) for _ in range(60)]
    found = [split_half_interval(*_layer(s), splits=50, draws=60, seed=n) for n, s in enumerate(samples)]
    inside = np.mean([each.ci[0, 0] <= truth <= each.ci[0, 1] for each in found])
    assert 0.88 <= inside <= 1.0
    placed = [place_intervals(*s, draws=60, seed=n) for n, s in enumerate(samples)]
    centre = np.mean([each.estimate[-1] for each in placed])
    assert 0.88 <= np.mean([each.ci[-1, 0] <= centre <= each.ci[-1, 1] for each in placed]) <= 1.0


def _layer(sample):
    return sample[0][None], sample[1][None]
