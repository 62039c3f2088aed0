"""The word "any" is for what lies beyond several trainings, and beyond one more of them."""

import math

import numpy as np
import pytest

from selfscope.stats.fidelity_beyond import Held, specific
from selfscope.values import Estimate
from selfscope.values.fidelity import Whole


def floor(low, high=1.0):
    each = Estimate((low + high) / 2, (low, high))
    return Whole(each, each, "in part")


NEAR, FAR = floor(-0.1), floor(0.2)


@pytest.mark.parametrize(
    ("controls", "said"),
    [
        ([], "no control"),
        ([Held(FAR, 0.1, True)], "beyond bare words"),
        ([Held(FAR, 0.1, True), Held(FAR, 0.2, False)], "beyond these trainings"),
        ([Held(FAR, 0.1, True), Held(NEAR, 0.5, False)], "not shown"),
        ([Held(None, 0.1, False)], "not shown"),
        ([Held(floor(math.nan, math.nan), 0.1, False)], "not shown"),
        ([Held(FAR, f, False) for f in (0.1, 0.12, 0.08, 0.11, 0.09)], "beyond any such training"),
        ([Held(FAR, f, False) for f in (0.1, 0.12, 0.08, 0.11)], "beyond these trainings"),
        ([Held(FAR, f, False) for f in (-0.3, 0.1, 0.4, -0.1, 0.35)], "beyond these trainings"),
        (
            [Held(FAR, f, n == 0) for n, f in enumerate((0.1, 0.12, 0.08, 0.11, 0.09))],
            "beyond these trainings",
        ),
    ],
)
def test_what_is_said_is_no_more_than_the_controls_bear(controls, said):
    assert specific(0.5, controls) == said


def test_a_port_that_is_one_more_of_them_is_seldom_beyond_any():
    rng = np.random.default_rng(1)
    sets = rng.normal(0.3, 0.1, (2000, 6))
    beyond = [
        specific(own[0], [Held(FAR, f, False) for f in own[1:]]) == "beyond any such training" for own in sets
    ]
    assert np.mean(beyond) == pytest.approx(0.025, abs=0.01)
