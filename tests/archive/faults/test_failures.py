"""A disk that is full, broken or read-only, at steps drawn from all of them."""

import ctypes
import os
import random

import pytest

from .failures import ERRORS
from .place import new_place
from .scenes import SCENES


def refused(zygote, gallows, ground, scene, trials):
    whole = gallows.before.copy_to(ground / "counted")
    steps = zygote.call("failures.steps", scene=scene, path=str(whole.path)).value()
    for at, code, ever in trials(steps):
        place = gallows.before.copy_to(ground / f"{at}-{code}-{ever}")
        yield zygote.call(
            "failures.refused", scene=scene, path=str(place.path), reference=gallows.reference,
            at=at, code=code, ever=ever,
        ).value()  # fmt: skip


@pytest.mark.parametrize("scene", SCENES)
def test_a_refusal_is_said_and_leaves_nothing_half_done(scene, zygote, gallows_of, ground):
    rng = random.Random(scene)

    def trials(steps):
        for code in rng.sample(sorted(ERRORS), 2):
            yield rng.randint(1, len(steps) - 2), code, True
        yield steps.index("sync") + 1, "EIO", False
        yield steps.index("sync_dir") + 1, "EIO", False

    for found in refused(zygote, gallows_of(scene), ground, scene, trials):
        assert found["wrong"] == []


@pytest.fixture
def small(tmp_path):
    """A place whose archive has a file system of its own, of two megabytes."""
    place = new_place(tmp_path / "small")
    place.root.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() or libc.mount(b"tmpfs", str(place.root).encode(), b"tmpfs", 0, b"size=2m"):
        pytest.skip("no file system can be mounted here")
    yield place
    assert libc.umount2(str(place.root).encode(), 2) == 0


def test_a_disk_that_is_really_full(small, zygote):
    zygote.call("scenes.prepare_archive", path=str(small.path)).value()
    found = zygote.call("failures.full", path=str(small.path)).value()
    assert found["said"] and all("No space left" in each for each in found["said"])
    assert found["wrong"] == [] and {"base", "letter"} <= set(found["contents"])
