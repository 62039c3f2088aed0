"""How many threads weights are computed with where nobody says."""

import os

import pytest
import torch

from selfscope.models.local.ground import usual_threads, working

CORES = len(os.sched_getaffinity(0))


@pytest.fixture(autouse=True)
def threads_of_the_suite():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("said", "used"),
    [("1", 1), ("3", 3), ("2,1", 2), ("", CORES), ("0", CORES), ("-4", CORES), ("all", CORES)],
)
def test_what_the_environment_asks_for_and_otherwise_every_core(said, used, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert usual_threads() == used


def test_what_is_given_outright_goes_first(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with working(None):
        assert torch.get_num_threads() == 1
    with working(2):
        assert torch.get_num_threads() == 2
