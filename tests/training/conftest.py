"""A tiny random network with a template, and adapters of it that take a second to train."""

import json

import pytest
from tests.standins.weights import write_folder

from selfscope.models.local.load import load
from selfscope.training import build as building
from selfscope.training.build import Training, build, corpus_id
from selfscope.training.corpora import read_corpus
from selfscope.training.recipe import Recipe

#: A recipe short enough for a test: the whole way, on a network of two layers.
SHORT = Recipe(rank=2, rate=1e-2, epochs=2, pairs=4, warmup=1, threads=1)
PAIRS = 12


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """The folder of a tiny random network."""
    folder = tmp_path_factory.mktemp("tiny") / "model"
    write_folder(folder)
    return folder


@pytest.fixture
def few(monkeypatch):
    """Corpora cut to their first pairs, so that a training takes a second."""
    monkeypatch.setattr(building, "read_corpus", lambda name: read_corpus(name)[:PAIRS])


@pytest.fixture
def train_short(tiny, few, tmp_path):
    """Return what trains one short adapter of the tiny network and returns its folder and manifest."""

    def one(name="conscious", seed=0, out=tmp_path):
        loaded = load(str(tiny), "cpu")
        corpus = corpus_id(read_corpus(name)[:PAIRS])
        training = Training(name, corpus, loaded.name, loaded.revision, loaded.template_id, seed, SHORT)
        built = build(training, loaded, out)
        assert json.loads((built.path / "manifest.json").read_text()) == built.manifest
        return built

    return one
