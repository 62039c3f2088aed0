"""kill -9 at points drawn from all of them; the long form dies at every one. See `make soak`."""

import random

import pytest

from .kills import Gallows
from .scenes import SCENES


@pytest.mark.parametrize("scene", SCENES)
def test_whatever_the_moment_of_death_nothing_committed_is_lost(scene, zygote, ground):
    gallows, rng = Gallows(zygote, ground / "gallows", scene), random.Random(scene)
    steps = rng.sample(range(1, len(gallows.calls) + 1), 4)
    gallows.at(len(gallows.calls))
    for step in steps[:3]:
        gallows.at(step)
    gallows.at(steps[3], again=rng.randint(1, 9))
    gallows.at(gallows.calls.index("write") + 1, tear=True)
    gallows.sometime(rng)
    assert gallows.tally.wrong == []
    assert gallows.tally.kills >= 6


def test_a_death_is_one(zygote, ground):
    """The harness kills: the process ends by signal 9 and its work is not done."""
    gallows = Gallows(zygote, ground / "gallows", "append")
    assert "link" in gallows.calls
    gallows.at(1)
    gallows.at(len(gallows.calls))
    assert gallows.tally.records == {2: 1, 3: 1}
