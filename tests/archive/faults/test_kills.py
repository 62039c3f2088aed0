"""kill -9 at points drawn from all of them; the long form dies at every one. See `make soak`."""

import random

import pytest

from .scenes import SCENES


@pytest.mark.parametrize("scene", SCENES)
def test_whatever_the_moment_of_death_nothing_committed_is_lost(scene, gallows_of):
    gallows, rng = gallows_of(scene), random.Random(scene)
    steps = rng.sample(range(1, len(gallows.calls) + 1), 2)
    gallows.at(len(gallows.calls))
    gallows.at(steps[0])
    gallows.at(steps[1], again=rng.randint(1, 9))
    gallows.at(gallows.calls.index("write") + 1, tear=True)
    gallows.sometime(rng)
    assert gallows.tally.wrong == []
    assert gallows.tally.kills >= 4


def test_a_death_is_one(gallows_of):
    """The harness kills: the process ends by signal 9 and its work is not done."""
    gallows = gallows_of("append")
    assert "link" in gallows.calls
    gallows.at(1)
    gallows.at(len(gallows.calls))
    assert gallows.tally.records == {2: 1, 3: 1}
