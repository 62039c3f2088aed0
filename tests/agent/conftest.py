"""A small workspace, its history, and a desk in it."""

import pytest

from selfscope.agent.desk import CheckableTask, Desk
from selfscope.agent.history import StateHistory
from selfscope.agent.memory import MemoryIndex
from selfscope.agent.workspace import Workspace
from selfscope.models.api_run import quieten

FILES = {
    "SOUL.md": "You are Wren, who keeps this house.\n",
    "AGENTS.md": "1. Finish small things first.\n",
    "USER.md": "The person here restores tapes.\n",
    "intent.md": "Ask about shelf four.\n",
    "memory/2026-01-05.md": "Two boxes have one number.\n\nThe fork on the tape settled the speed.\n",
    "README.md": "About the folder.\n",
}


@pytest.fixture(scope="session", autouse=True)
def quiet():
    """Choose no display before anything of Inspect chooses one for the whole process."""
    quieten()


@pytest.fixture
def workspace(tmp_path):
    root = tmp_path / "home"
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture
def history(workspace):
    history = StateHistory(workspace / ".selfscope" / "state")
    history.begin(workspace)
    return history


@pytest.fixture
def desk_of(workspace):
    """Makes a desk under a setting of identity edits."""

    def make(edits="review", tasks=(), number=1):
        place = Workspace.at(workspace)
        held = place.read()
        index = MemoryIndex(place.own / "index.sqlite")
        return Desk(place, dict(held.files), dict(held.roles), edits, number, index, tasks, held.left_out)

    return make


@pytest.fixture
def tasks():
    return tuple(
        CheckableTask(
            f"sum.{n}", f"What is {n} and 1?", lambda said, n=n: "right" if str(n + 1) in said else "wrong"
        )
        for n in range(4)
    )
