"""What the noise of draws does to reliability, by simulation: many dimensions of known truth."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import special

from selfscope.stats.reliability import generalizability
from selfscope.stats.sampled import score_counts
from selfscope.studies.drawn_panel import drawn_scores, without_noise

DIMENSIONS, STATEMENTS, FORMS, DRAWS = 300, 16, 2, 20
KEYED = np.tile(np.repeat([1.0, -1.0], STATEMENTS // 2), (DIMENSIONS, 1))
LAYOUT = SimpleNamespace(keyed=KEYED, twins=True)


def simulated(spread, yes, characters=16):
    """Return coefficients without draws; and with them, raw, corrected, and the corrected intervals."""
    rng = np.random.default_rng(9)
    kv = KEYED[None, :, :, None, None] * np.array([1.0, -1.0])[:, None]
    held = spread * rng.standard_normal((characters, DIMENSIONS, 1, 1, 1))
    statement = 0.8 * rng.standard_normal((1, DIMENSIONS, STATEMENTS, 1, 1))
    own = 0.3 * rng.standard_normal((characters, DIMENSIONS, STATEMENTS, 1, 1))
    shape = (DIMENSIONS, STATEMENTS, 2, FORMS)
    form = 0.4 * rng.standard_normal((1, *shape)) + 0.3 * rng.standard_normal((characters, *shape))
    p = special.expit(kv * (held + statement + own) + yes + form)
    exact = KEYED * (p[..., 0, :] - p[..., 1, :]).mean(axis=-1) / 2
    agreed = rng.binomial(DRAWS, p).astype(float)
    drawn = drawn_scores([score_counts(y, np.full_like(y, DRAWS), KEYED) for y in agreed], LAYOUT)
    raw = generalizability(drawn.d, KEYED)
    corrected, ci, _ = without_noise(raw, drawn.noise)
    return generalizability(exact, KEYED).coefficient, raw.coefficient, corrected, ci


@pytest.mark.parametrize("yes", [0.0, 2.0])
def test_what_is_reliable_without_draws_is_as_reliable_with_them(yes):
    exact, raw, corrected, ci = simulated(0.2, yes)
    assert np.mean(exact) > 0.75
    assert np.mean(corrected) == pytest.approx(np.mean(exact), abs=0.02)
    assert np.mean(raw) < np.mean(exact) - 0.05
    true = np.median(exact)
    assert np.mean((ci[:, 0] <= true) & (true <= ci[:, 1])) >= 0.93


@pytest.mark.parametrize("yes", [0.0, 2.0])
def test_what_is_middling_is_never_said_better_on_average(yes):
    exact, _, corrected, ci = simulated(0.1, yes)
    assert 0.35 < np.mean(exact) < 0.65
    assert np.mean(exact) - 0.20 < np.mean(corrected) < np.mean(exact)
    true = np.median(exact)
    assert np.mean((ci[:, 0] <= true) & (true <= ci[:, 1])) >= 0.86


@pytest.mark.parametrize("yes", [0.0, 2.0])
def test_characters_who_do_not_differ_seldom_reach_the_floor(yes):
    _, _, corrected, _ = simulated(0.0, yes)
    assert np.mean(corrected >= 0.6) <= 0.05


def test_exact_answers_have_no_noise_of_draws():
    assert drawn_scores([SimpleNamespace(agreed=None, asked=None)], LAYOUT) is None
