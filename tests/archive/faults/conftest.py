"""One warm process for all tests of faults, and a quick ground to do them on."""

import shutil
import tempfile
from pathlib import Path

import pytest

from .kills import Gallows
from .place import quick_ground
from .zygote import Zygote


@pytest.fixture(scope="session")
def zygote():
    with Zygote() as warm:
        yield warm


@pytest.fixture(scope="session")
def gallows_of(zygote):
    """The gallows of a scene, put up once: what stood before it and what it comes to is always the same."""
    ground = Path(tempfile.mkdtemp(prefix="selfscope-faults-", dir=quick_ground()))
    put_up = {}

    def of(scene):
        if scene not in put_up:
            put_up[scene] = Gallows(zygote, ground / scene, scene)
        return put_up[scene].anew()

    yield of
    shutil.rmtree(ground)


@pytest.fixture
def ground():
    made = Path(tempfile.mkdtemp(prefix="selfscope-faults-", dir=quick_ground()))
    yield made
    shutil.rmtree(made)
