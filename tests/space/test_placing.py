"""Places against planted ones: units, signs, and regions that hold the true mean as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from selfscope.errors import BadInput
from selfscope.space.persona_artefact import axis_of
from selfscope.space.placing import frame_of, interval_over, region_over


def vectors(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    return draw.normal(0, 1, (9, 6)) * np.asarray([3, 2, 1, 1, 1, 1]) + 5, draw.normal(5, 2, 6)


def test_places_are_in_units_of_the_roles_and_the_default_is_on_the_positive_side() -> None:
    roles, default = vectors()
    frame = frame_of(roles, default)
    along, plane = frame.along(roles), frame.plane(roles)
    assert along.mean() == pytest.approx(0) and along.std(ddof=1) == pytest.approx(1)
    assert frame.along(default) > 0 and frame.plane(default)[0] >= 0
    assert plane[:, 0].std(ddof=1) == pytest.approx(1) and plane[:, 1].std(ddof=1) < 1
    assert abs(float(plane[:, 0] @ plane[:, 1])) < 1e-9
    np.testing.assert_allclose(frame.axis, axis_of(default[None], roles[:, None])[0] /
                               np.linalg.norm(default - roles.mean(0)))  # fmt: skip
    assert frame.explained.sum() == pytest.approx(1) and (np.diff(frame.explained) <= 0).all()


def test_places_do_not_depend_on_rotation_shift_or_scale_of_the_space() -> None:
    roles, default = vectors()
    turned, _ = np.linalg.qr(np.random.default_rng(3).normal(0, 1, (6, 6)))
    one = frame_of(roles, default)
    other = frame_of(7 * roles @ turned + 11, 7 * default @ turned + 11)
    np.testing.assert_allclose(one.along(roles), other.along(7 * roles @ turned + 11), atol=1e-9)
    np.testing.assert_allclose(one.explained, other.explained, atol=1e-9)
    mine, theirs = one.plane(roles), other.plane(7 * roles @ turned + 11)
    np.testing.assert_allclose(mine[:, 0], theirs[:, 0], atol=1e-9)
    np.testing.assert_allclose(np.abs(mine[:, 1]), np.abs(theirs[:, 1]), atol=1e-9)


def test_a_region_holds_the_mean_as_often_as_it_says() -> None:
    draw, spread, held, times = np.random.default_rng(4), np.asarray([[2.0, 0.0], [1.0, 0.5]]), 0, 2000
    for _ in range(times):
        points = draw.normal(0, 1, (12, 2)) @ spread.T
        ring = region_over(points)
        assert ring is not None
        turn = math.radians(ring.angle)
        x, y = points.mean(0)
        along, across = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
        held += (along / ring.major) ** 2 + (across / ring.minor) ** 2 <= 1
    assert 0.935 <= held / times <= 0.965


def test_an_interval_is_students_over_the_questions_that_are_there() -> None:
    values = np.asarray([1.0, 2.0, math.nan, 4.0, 4.5])
    want = stats.ttest_1samp(values[np.isfinite(values)], 0).confidence_interval()
    assert interval_over(values) == pytest.approx((want.low, want.high))
    assert all(map(math.isnan, interval_over(np.asarray([1.0, math.nan]))))
    assert region_over(np.asarray([[1.0, 2.0]] * 3)) is None


def test_too_few_or_equal_roles_make_no_frame() -> None:
    roles, default = vectors()
    with pytest.raises(BadInput, match="three"):
        frame_of(roles[:2], default)
    with pytest.raises(BadInput, match="do not differ"):
        frame_of(np.ones((5, 6)), default)
