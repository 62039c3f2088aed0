"""Losses of power, some of all that `make soak` tries; and that the oracle sees a disk that lies."""

import pytest

from .scenes import SCENES


def lost(zygote, ground, scene, **more):
    return zygote.call("power.lost", scene=scene, path=str(ground), draws=3, seed=9, **more).value()


@pytest.mark.parametrize("scene", [name for name in SCENES if name not in ("put", "add again")])
def test_whatever_the_disk_kept_what_was_committed_is_whole(scene, zygote, ground):
    found = lost(zygote, ground, scene, most=6)
    assert found["wrong"] == [] and found["states"] == 6


@pytest.mark.parametrize("ignored", ["sync", "sync_dir"])
def test_a_disk_that_only_pretends_to_sync_is_found_out(ignored, zygote, ground):
    assert lost(zygote, ground, "append", ignored=[ignored], until_wrong=True)["wrong"]
