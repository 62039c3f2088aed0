"""One warm process for all tests of faults, and a quick ground to do them on."""

import shutil
import tempfile
from pathlib import Path

import pytest

from .place import quick_ground
from .zygote import Zygote


@pytest.fixture(scope="session")
def zygote():
    with Zygote() as warm:
        yield warm


@pytest.fixture
def ground():
    made = Path(tempfile.mkdtemp(prefix="selfscope-faults-", dir=quick_ground()))
    yield made
    shutil.rmtree(made)
