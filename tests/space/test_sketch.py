"""Quantiles in fixed memory, against numpy on everything at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfscope.errors import BadInput
from selfscope.space.moments import Floats
from selfscope.space.sketch import QuantileSketch, sketch_bytes

SHARES = (0.0, 0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 1.0)


def streams() -> dict[str, Floats]:
    draw = np.random.default_rng(4)
    normal = draw.normal(0, 1, 20_000)
    return {
        "normal": normal,
        "ascending": np.sort(normal),
        "descending": np.sort(normal)[::-1],
        "heavy tails": draw.standard_t(1.5, 20_000),
        "two humps": np.concatenate([normal[:10_000] - 9, normal[10_000:] + 9]),
    }


def sketched(values: Floats, block: int = 700) -> QuantileSketch:
    sketch = QuantileSketch()
    for cut in range(0, len(values), block):
        sketch.add(values[cut : cut + block])
    return sketch


def rank_error(sketch: QuantileSketch, values: Floats, share: float) -> float:
    """How far the share of values below the answer is from the share asked for."""
    found = sketch.quantile(share)
    low, high = (values < found).mean(), (values <= found).mean()
    return float(max(low - share, share - high, 0.0))


@pytest.mark.parametrize("name", streams())
def test_ranks_are_right_within_three_in_a_thousand_and_closer_at_the_ends(name: str) -> None:
    values = streams()[name]
    sketch = sketched(values)
    assert sketch.count == len(values)
    assert sketch.quantile(0) == values.min()
    assert sketch.quantile(1) == values.max()
    for share in SHARES:
        assert rank_error(sketch, values, share) < 0.0005 + 0.01 * share * (1 - share), share


def test_memory_does_not_grow_with_the_stream() -> None:
    sizes = []
    for times in (1, 4):
        sketch = sketched(np.tile(streams()["normal"], times))
        sizes.append(sum(array.nbytes for array in sketch.arrays().values()))
        assert sizes[-1] <= sketch_bytes()
    assert abs(sizes[1] - sizes[0]) < 5 * 8 * 1000


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.floats(0, 1))
def test_few_numbers_are_interpolated_as_numpy_does(values: list[float], share: float) -> None:
    exact = np.quantile(values, share, method="hazen")
    if 0.5 / len(values) <= share <= 1 - 0.5 / len(values):
        assert sketched(np.asarray(values)).quantile(share) == pytest.approx(exact, rel=1e-9, abs=1e-6)


def test_merged_sketches_are_as_good_as_one() -> None:
    values = streams()["two humps"]
    left, right = sketched(values[:5000]), sketched(values[5000:])
    left.merge(right)
    assert left.count == len(values)
    assert max(rank_error(left, values, share) for share in SHARES) < 0.004


def test_going_on_from_a_file_changes_nothing() -> None:
    values = streams()["normal"][:5000]
    whole, broken = sketched(values, 130), sketched(values[:2600], 130)
    broken = QuantileSketch.of(broken.arrays())
    for cut in range(2600, 5000, 130):
        broken.add(values[cut : cut + 130])
    assert [whole.quantile(s) for s in SHARES] == [broken.quantile(s) for s in SHARES]


def test_nothing_and_nan_are_refused() -> None:
    with pytest.raises(BadInput, match="no such quantile"):
        QuantileSketch().quantile(0.5)
    with pytest.raises(BadInput, match="finite"):
        QuantileSketch().add(np.asarray([1.0, np.nan]))
