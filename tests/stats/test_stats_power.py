import numpy as np
import pytest

from selfscope.stats.contrast import paired_contrast
from selfscope.stats.power import statements_to_settle, text_width, width_at


def test_width_is_what_a_contrast_of_that_spread_has() -> None:
    delta = np.random.default_rng(0).normal(size=(5, 16))
    found = paired_contrast(delta, [1, -1] * 8)
    assert width_at(16, found.sd) == pytest.approx(np.diff(found.ci95)[:, 0] / 2)
    assert (np.diff(width_at([8, 12, 16, 24], 1.0)) < 0).all()


def test_texts_leave_a_width_however_many_statements() -> None:
    assert text_width(0.5, 5, np.inf) == pytest.approx(1.95996 * 0.5 * np.sqrt(1.2), rel=1e-4)


def test_what_would_settle_does_settle() -> None:
    m = statements_to_settle([0.0, 0.3, 0.8], [0.75, 0.75, 1.0], 0.5, dimensions=21)
    assert m[0] < m[1]
    for size, count in zip((0.0, 0.3), m[:2], strict=True):
        assert size + width_at(count, 0.75, 0.90) < 0.5
        assert size + width_at(count - 2, 0.75, 0.90) >= 0.5
    assert 24 <= m[2] <= 40


def test_a_difference_on_the_border_cannot_be_settled() -> None:
    assert np.isinf(statements_to_settle(0.4999, 1.0, 0.5))
    assert np.isnan(statements_to_settle(np.nan, 1.0, 0.5))
