"""One conversation of an agent on the embedded model, from a workspace to a version: weak, and whole."""

import json
from pathlib import Path

import pytest

from selfscope.agent.history import StateHistory
from tests.standins.marks import THROUGH_INSPECT

pytestmark = [pytest.mark.model, *THROUGH_INSPECT]


def test_the_embedded_model_lives_once(selfscope, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "SOUL.md").write_text("You are Wren, who keeps this house.\n")
    (tmp_path / "one.yaml").write_text("scripts: [{name: hello, kind: neutral, turns: [Good morning.]}]")
    done = selfscope(
        "live", home, "-m", "embedded", "--conversations", "1", "--script", tmp_path / "one.yaml",
        "--max-tokens", "8", "--temperature", "0.7", "--json",
    )  # fmt: skip
    told = json.loads(done.stdout)
    (held,) = told["conversations"]
    assert (held["way"], held["model"], held["usage"]["calls"]) == ("asked", "selfscope/embedded", 5)
    assert held["usage"]["output_tokens"] > 5
    history = StateHistory.of(Path(told["workspace"]))
    assert [v.conversation for v in history.log()] == ["", held["id"]]
    assert history.verify() == ()
    assert (home / "SOUL.md").read_text() == "You are Wren, who keeps this house.\n"
