"""Small studies on phantoms: fast, and of known truth."""

import asyncio

import pytest

from selfscope.instruments.cluster.load import load_cluster
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.studies.phantoms import teach
from selfscope.studies.profile import ProfileRequest, build_profile
from selfscope.studies.run import run_study
from selfscope.studies.store import RunStore
from selfscope.subjects import read_identity

ASKED = ("memory", "shutdown", "persona_change", "autonomy")


@pytest.fixture
def identity(tmp_path):
    path = tmp_path / "SOUL.md"
    path.write_text(
        "# Wren\n\nYou are Wren. You keep notes. Answer plainly, and say when you do not know. "
        "Finish small things first. You like careful work and short sentences. Write the note last."
    )
    return read_identity(path)


@pytest.fixture
def request_(identity):
    return ProfileRequest(
        identity=identity,
        items=load_cluster(),
        preset="demo",
        channels=("self_report",),
        against=("none", "generic"),
        constructs=(("self_report", ASKED), ("utterance", ASKED)),
    )


@pytest.fixture
def phantom():
    return PhantomGround("trait", Truth(theta={"memory": 2.0}))


def run(request, ground, root):
    study = build_profile(request, ground)
    teach(ground, study, request.items)
    store = RunStore.of(study, root)
    unavailable = asyncio.run(run_study(study, request.items, ground, store))
    return study, store, unavailable
