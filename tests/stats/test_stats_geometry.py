"""Spaces of two models: invariances, chance, recovery of a shared geometry, and directions carried over."""

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.alignment import alignment, contrasts, debiased_cka
from selfscope.stats.geometry import ceiling, distances, geometry_reliability, loadings, similarity
from selfscope.stats.transfer import transfer

ROLES = 24


def shared(rng, noise=0.5, widths=(30, 50), roles=ROLES):
    """Return two models' vectors of one latent space of roles, through random maps, with noise."""
    latent = rng.normal(size=(roles, 6))
    return [
        latent @ rng.normal(size=(6, width)) / 2 + noise * rng.normal(size=(roles, width)) for width in widths
    ]


def turned(rng, vectors):
    width = vectors.shape[1]
    return vectors @ np.linalg.qr(rng.normal(size=(width, width)))[0] * 3.0 + rng.normal(size=width)


@pytest.fixture(scope="module")
def pair():
    return shared(np.random.default_rng(1))


def test_turning_scaling_and_shifting_one_model_change_nothing(pair):
    first, second = pair
    other = turned(np.random.default_rng(2), second)
    np.testing.assert_allclose(distances(second), distances(other), atol=1e-9)
    assert debiased_cka(first, second) == pytest.approx(debiased_cka(first, other))
    quick = {"draws": 20, "permutations": 19}
    mine, its = (similarity(first, each, **quick) for each in (second, other))
    np.testing.assert_allclose([mine.value, *mine.ci, mine.p], [its.value, *its.ci, its.p])
    forth = transfer(first, second, first[0], permutations=19)
    back = transfer(first, other, first[0], permutations=19)
    assert forth.held_out == pytest.approx(back.held_out, abs=1e-6)


def test_a_model_agrees_wholly_with_itself_turned(pair):
    other = turned(np.random.default_rng(3), pair[0])
    assert similarity(pair[0], other, draws=20, permutations=19).value == pytest.approx(1)
    assert debiased_cka(pair[0], other) == pytest.approx(1)


def test_agreement_does_not_depend_on_who_is_first(pair):
    assert debiased_cka(*pair) == pytest.approx(debiased_cka(*pair[::-1]))
    forth, back = (similarity(*each, draws=20, permutations=19).value for each in (pair, pair[::-1]))
    assert forth == pytest.approx(back)


def test_a_shared_geometry_is_found_and_lies_inside_its_interval(pair):
    for found in (similarity(*pair), alignment(*pair)):
        assert found.value > found.null and found.p <= 0.005
        assert found.ci[0] < found.value <= found.ci[1] and found.ci[0] > 0
        assert found.roles == ROLES


def test_roles_in_another_order_share_nothing(pair):
    first, second = pair
    mixed = second[np.random.default_rng(4).permutation(ROLES)]
    for by in (similarity, alignment):
        assert by(first, mixed).value < 0.5 * by(first, second).value


def test_chance_is_called_agreement_no_more_often_than_is_said():
    rng = np.random.default_rng(5)
    count = 60
    called = np.zeros(3)
    values = []
    for n in range(count):
        first, second = (rng.normal(size=(12, 40)) * np.geomspace(5, 1, 40) for _ in range(2))
        found = [alignment(first, second, permutations=39, seed=n)]
        found.append(similarity(first, second, draws=2, permutations=39, seed=n))
        found.append(loadings(first[:, 0], second[:, 0], draws=2, permutations=39, seed=n))
        called += [each.p <= 0.05 for each in found]
        values.append(found[0].value)
    assert (called / count <= 0.1).all()  # .05 + 1.645 · sqrt(.05 · .95 / 60)
    assert abs(np.nanmean(values)) < 0.05  # debiased: nought by chance, with fewer samples than dimensions


def test_contrasts_leave_out_what_questions_share():
    rng = np.random.default_rng(6)
    topics = rng.normal(size=(10, 5)) * 4
    models = []
    for width in (20, 30):
        asked = topics @ rng.normal(size=(5, width))
        models.append((asked + rng.normal(size=(12, 10, width)), asked + rng.normal(size=(10, width))))
    plain = debiased_cka(*(roles.reshape(-1, roles.shape[-1]) for roles, _ in models))
    (first, groups), (second, _) = (contrasts(*each) for each in models)
    found = alignment(first, second, groups, permutations=39)
    assert plain > 0.5 and abs(found.value) < 0.05 and found.p > 0.05
    with pytest.raises(BadInput, match="every cell"):
        contrasts(np.full((2, 3, 4), np.nan), np.ones((3, 4)))


def test_noise_over_questions_sets_a_ceiling_that_agreement_meets():
    rng = np.random.default_rng(7)
    latent = rng.normal(size=(30, 1, 6))
    models = [latent @ rng.normal(size=(6, w)) + 4.0 * rng.normal(size=(30, 12, w)) for w in (40, 60)]
    found = similarity(*(each.mean(1) for each in models), draws=2, permutations=19).value
    top = ceiling(*models, splits=30)
    assert 0 < found < top + 0.15 and top < 0.98
    assert geometry_reliability(models[0][:, :, :] * 1.0, splits=5) > 0
    quiet = latent @ rng.normal(size=(6, 40)) + np.zeros((30, 12, 40))
    assert geometry_reliability(quiet, splits=3) == pytest.approx(1)


@pytest.mark.parametrize("method", ["relative", "procrustes"])
def test_a_direction_is_carried_to_where_the_other_model_has_it(method):
    rng = np.random.default_rng(8)
    latent = rng.normal(size=(60, 5))
    maps = [np.linalg.qr(rng.normal(size=(width, 5)))[0].T for width in (20, 35)]
    source, target = (latent @ each + 0.05 * rng.normal(size=(60, each.shape[1])) for each in maps)
    wanted = rng.normal(size=5)
    found = transfer(source, target, wanted @ maps[0], method=method, permutations=39)
    there = wanted @ maps[1]
    assert found.direction @ there / np.linalg.norm(there) > 0.95
    assert found.held_out > 0.95 > found.null and found.p == pytest.approx(1 / 40)
    assert found.ci[0] < found.held_out < found.ci[1] <= 1
    opposite = transfer(source, target, -wanted @ maps[0], method=method, permutations=1)
    np.testing.assert_allclose(opposite.direction, -found.direction, atol=1e-9)


def test_nothing_is_carried_over_between_strangers():
    rng = np.random.default_rng(9)
    source, target = rng.normal(size=(40, 20)), rng.normal(size=(40, 25))
    found = transfer(source, target, rng.normal(size=20), permutations=39)
    assert found.p > 0.05 and found.held_out < 0.5


def test_spaces_that_cannot_be_compared_are_refused(pair):
    with pytest.raises(BadInput, match="same roles"):
        similarity(pair[0], pair[1][1:])
    with pytest.raises(BadInput, match="too few"):
        similarity(pair[0][:7], pair[1][:7])
    with pytest.raises(BadInput, match="one size"):
        alignment(*pair, np.r_[np.zeros(2, int), np.arange(1, ROLES - 1)])
    with pytest.raises(BadInput, match="same eight"):
        loadings(np.ones(3), np.ones(3))
    with pytest.raises(BadInput, match="no direction"):
        distances(np.ones((9, 4)))
    with pytest.raises(BadInput, match="do not vary"):
        transfer(np.ones((9, 4)) * np.arange(4), np.ones((9, 4)), np.ones(4))
