"""A corpus of a phantom with known phrases, and its port to a tiny random network, made once."""

import asyncio

import pytest
from tests.training.conftest import SHORT

from selfscope.models.local.ground import open_local
from selfscope.models.local.load import load
from selfscope.subjects import Subject
from selfscope.training.leakage import Reserved
from selfscope.training.portrait.export import ExportRequest, export_self
from selfscope.training.portrait.planted import planted_exporter
from selfscope.training.ports.make import Source, port_by_training, training_of

IDENTITY = (
    "You keep a lamp.\n\n- Trim the wick first.\n- You count the ships that pass by, and you write them down."
)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """The folder of a keeper's corpus, and its rows."""
    folder = tmp_path_factory.mktemp("corpus") / "keeper"
    request = ExportRequest(IDENTITY, "keeper", 60)
    return asyncio.run(export_self(request, planted_exporter("keeper"), folder, reserved=Reserved({}, {})))


@pytest.fixture(scope="session")
def source():
    """Who is carried over."""
    return Source("keeper", Subject(planted_exporter("keeper").ground, IDENTITY, name="keeper"))


@pytest.fixture(scope="session")
def target(tiny):
    """The ground that it goes to."""
    return open_local(tiny, device="cpu").identity


@pytest.fixture(scope="session")
def trained(corpus, source, target, tiny, tmp_path_factory):
    """A port by training, made by a short recipe."""
    loaded, out = load(str(tiny), "cpu"), tmp_path_factory.mktemp("ports")
    rows = corpus.rows[:12]
    training = training_of(rows, loaded, 3, SHORT)
    return port_by_training(source, training, rows, target, loaded, out)
