"""Exports of phantoms, checked against three statements and nothing else."""

import asyncio
from dataclasses import replace

import pytest

from selfscope.instruments.cluster.load import load_cluster
from selfscope.training.leakage import Reserved, reserve
from selfscope.training.portrait.export import ExportRequest, export_self
from selfscope.training.portrait.planted import planted_exporter
from selfscope.training.portrait.reserved import FREE_LENGTH


@pytest.fixture(scope="session")
def statements():
    """What the cluster asks, in runs of six words, shorter statements whole."""
    return replace(reserve(load_cluster(), length=FREE_LENGTH), key_words={})


@pytest.fixture
def export(tmp_path, statements):
    """Return what exports a phantom and returns what came of it."""

    def one(name="keeper", size=40, seed=0, out=None, reserved=statements, **given):
        request = ExportRequest(given.pop("system", None), name, size, seed, given.pop("transcripts", ()))
        asked = export_self(
            request, planted_exporter(name), out or tmp_path / name, reserved=reserved, **given
        )
        return asyncio.run(asked)

    return one


NOTHING = Reserved({}, {})
