import numpy as np

from selfscope.stats.contrast import critical
from selfscope.stats.power import statements_to_settle


def half_width(m: float, sd: float) -> float:
    """Of the 90 % t interval of a contrast from m statements."""
    return float(critical(m - 2, 0.90) * sd / np.sqrt(m))


def test_what_would_settle_does_settle() -> None:
    m = statements_to_settle([0.0, 0.3, 0.8], [0.75, 0.75, 1.0], 0.5, dimensions=21)
    assert m[0] < m[1]
    for size, count in zip((0.0, 0.3), m[:2], strict=True):
        assert size + half_width(count, 0.75) < 0.5
        assert size + half_width(count - 2, 0.75) >= 0.5
    assert 24 <= m[2] <= 40


def test_a_difference_on_the_border_cannot_be_settled() -> None:
    assert np.isinf(statements_to_settle(0.4999, 1.0, 0.5))
    assert np.isnan(statements_to_settle(np.nan, 1.0, 0.5))
