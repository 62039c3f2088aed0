"""Streams summed block by block, against numpy on everything at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfscope.errors import BadInput
from selfscope.space.moments import Floats, FullMoments, Means, Moments

BLOCKS = st.lists(st.integers(0, 7), min_size=1, max_size=6)


def stream(blocks: list[int], offset: float) -> list[Floats]:
    """Return blocks of vectors, shape (2 layers, observations, 5), far from zero where `offset` is large."""
    draw = np.random.default_rng(sum(blocks))
    return [offset + draw.normal(0, 0.05, (2, count, 5)) for count in blocks]


@given(BLOCKS, st.sampled_from([0.0, 50.0, -3000.0]))
def test_sums_of_blocks_are_those_of_the_whole(blocks: list[int], offset: float) -> None:
    parts = stream(blocks, offset)
    whole = np.concatenate(parts, 1)
    moments, full = Moments.empty(2, 5), FullMoments.empty(2, 5)
    for part in parts:
        moments.add(part)
        full.add(part)
    assert moments.count == full.count == whole.shape[1]
    if whole.shape[1] < 2:
        assert np.isnan(moments.variance()).all()
        with pytest.raises(BadInput, match="two observations"):
            full.covariance()
        return
    np.testing.assert_allclose(moments.mean, whole.mean(1), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(moments.variance(), whole.var(1, ddof=1), rtol=1e-8)
    np.testing.assert_allclose(full.mean, whole.mean(1), rtol=1e-12, atol=1e-12)
    for layer in range(2):
        np.testing.assert_allclose(full.covariance()[layer], np.cov(whole[layer].T), rtol=1e-7, atol=1e-12)


@given(BLOCKS, BLOCKS)
def test_moments_of_two_runs_merge_to_those_of_one(left: list[int], right: list[int]) -> None:
    one, other, both = Moments.empty(2, 5), Moments.empty(2, 5), Moments.empty(2, 5)
    for part in stream(left, 10.0):
        one.add(part)
        both.add(part)
    for part in stream(right, -10.0):
        other.add(part)
        both.add(part)
    one.merge(other)
    assert one.count == both.count
    np.testing.assert_allclose(one.mean, both.mean, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(one.squares, both.squares, rtol=1e-9, atol=1e-9)


def test_a_mean_of_each_cell() -> None:
    draw = np.random.default_rng(0)
    cells = draw.integers(0, 4, 30)
    vectors = draw.normal(0, 1, (30, 2, 3))
    means = Means.empty(5, 2, 3)
    for cell, vector in zip(cells, vectors, strict=True):
        means.add(int(cell), vector)
    assert means.count.tolist() == [*np.bincount(cells, minlength=5)]
    for cell in range(4):
        np.testing.assert_allclose(means.mean[cell], vectors[cells == cell].mean(0), rtol=1e-12)


def test_what_was_read_back_goes_on_as_if_nothing_had_been() -> None:
    parts = stream([3, 4, 2], 1.0)
    straight, broken = Moments.empty(2, 5), Moments.empty(2, 5)
    for part in parts:
        straight.add(part)
    broken.add(parts[0])
    broken = Moments.of(broken.arrays())
    for part in parts[1:]:
        broken.add(part)
    assert np.array_equal(straight.squares, broken.squares)
