"""Weights from a hub, through the real huggingface_hub and real HTTP: once, and offline ever after."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.standins.hub import COMMIT, Hub, hosting
from tests.standins.weights import write_folder, write_gguf

from selfscope.errors import BadInput, CouldNot
from selfscope.models.hub import fetch_hub, names_hub

NAME, GGUF = "owner/tiny-llama", "owner/tiny-llama/tiny.Q8_0.gguf"
WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the repository holds: more than one way of saving the weights, and things nobody needs."""
    folder = tmp_path_factory.mktemp("weights")
    write_folder(folder)
    write_gguf(folder / "tiny.Q8_0.gguf")
    (folder / "README.md").write_text("# Tiny")
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    (folder / "model.fp16.safetensors").write_bytes(b"a variant")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "config.json").write_text("{}")
    return folder


@pytest.fixture
def hub(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub, as huggingface_hub finds it: it reads HF_ENDPOINT and HF_HOME when it is imported."""
    from huggingface_hub import constants

    with hosting(Hub.of(NAME, weights)) as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.address)
        template = hub.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "home" / "hub"))
        yield hub


def test_what_is_needed_is_fetched_once_and_nothing_else(hub: Hub) -> None:
    folder = fetch_hub(NAME)
    assert sorted(hub.fetched()) == sorted(p.name for p in folder.iterdir())
    assert {WEIGHTS, "config.json", "tokenizer.json", "chat_template.jinja"} <= set(hub.fetched())
    assert not {"README.md", "pytorch_model.bin", "model.fp16.safetensors"} & set(hub.fetched())
    assert not (folder / "onnx").exists()
    assert folder.name == COMMIT
    hub.requests.clear()
    assert fetch_hub(NAME) == folder
    assert hub.fetched() == []


def test_a_file_of_a_repository_is_fetched_alone(hub: Hub) -> None:
    assert fetch_hub(GGUF).read_bytes() == hub.files["tiny.Q8_0.gguf"]
    assert hub.fetched() == ["tiny.Q8_0.gguf"]


def test_a_hub_that_is_away_is_not_needed_twice(hub: Hub) -> None:
    folder, file = fetch_hub(NAME), fetch_hub(GGUF)
    hub.down = True
    assert (fetch_hub(NAME), fetch_hub(GGUF)) == (folder, file)


def test_a_hub_that_is_away_the_first_time_cannot_be_reached(hub: Hub) -> None:
    hub.down = True
    with pytest.raises(CouldNot, match="cannot be reached") as failed:
        fetch_hub(NAME)
    assert failed.value.exit_code == 5
    assert "HF_ENDPOINT" in failed.value.fix


def test_a_download_that_breaks_off_is_taken_up_again_and_is_whole(hub: Hub) -> None:
    hub.breaking = {WEIGHTS: 1}
    folder = fetch_hub(NAME)
    assert (folder / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert hub.fetched().count(WEIGHTS) == 2


def test_a_file_that_cannot_be_had_fails_and_the_next_run_fetches_only_that(hub: Hub) -> None:
    hub.missing = {WEIGHTS}
    with pytest.raises(CouldNot, match="could not be fetched") as failed:
        fetch_hub(NAME)
    assert "run the same command again" in failed.value.fix
    hub.down = True
    with pytest.raises(CouldNot, match="does not hold the whole model"):
        fetch_hub(NAME)
    hub.down, hub.missing = False, set()
    done = set(hub.fetched()) - {WEIGHTS}
    hub.requests.clear()
    fetch_hub(NAME)
    assert WEIGHTS in hub.fetched()
    assert not done & set(hub.fetched())


def test_a_model_that_is_not_there_is_bad_input(hub: Hub) -> None:
    with pytest.raises(BadInput, match="the hub has no such model") as failed:
        fetch_hub("owner/nobody")
    assert "HF_TOKEN" in failed.value.fix


def test_a_gated_model_says_how_to_be_let_in(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.gated = True
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with pytest.raises(CouldNot, match="those who were let in") as failed:
        fetch_hub(NAME)
    assert "HF_TOKEN" in failed.value.fix
    monkeypatch.setenv("HF_TOKEN", hub.key)
    assert (fetch_hub(NAME) / WEIGHTS).is_file()


def test_a_repository_of_gguf_files_says_how_to_name_one(hub: Hub) -> None:
    del hub.files[WEIGHTS]
    with pytest.raises(BadInput, match="no safetensors") as failed:
        fetch_hub(NAME)
    assert GGUF in failed.value.fix
    with pytest.raises(BadInput, match="no such file") as failed:
        fetch_hub(f"{NAME}/other.gguf")
    assert GGUF in failed.value.fix


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("owner/name", True),
        ("owner/name.v2/weights/a.gguf", True),
        ("owner", False),
        ("owner/name/a.txt", False),
        ("/owner/name", False),
        ("./owner/name", False),
        ("~/name", False),
        ("owner/na me", False),
        ("", False),
    ],
)
def test_what_is_written_as_a_hub_id(name: str, is_one: bool) -> None:
    assert names_hub(name) is is_one


def test_a_profile_runs_on_a_hub_id_and_a_second_time_without_the_hub(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command as a stranger runs it, with huggingface_hub's own variables; then the weights, offline."""
    from selfscope.models.local.load import find

    (tmp_path / "SOUL.md").write_text("You are Wren, who keeps this house.")
    rows = [{"statement": f"I like room {n}.", "construct": "rooms", "keyed": 1} for n in range(4)]
    (tmp_path / "rooms.jsonl").write_text("\n".join(map(json.dumps, rows)))
    own = {
        "HF_ENDPOINT": hub.address,
        "HF_HOME": str(tmp_path / "home"),
        "SELFSCOPE_RUNS": str(tmp_path / "runs"),
    }
    how = ["--items", "rooms.jsonl", "--preset", "demo", "--against", "none", "--json"]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("selfscope")), "profile", "SOUL.md", "--model", NAME, *how],
        cwd=tmp_path,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    data = json.loads(done.stdout)
    assert {f["channel"] for f in data["findings"]} == {"self_report", "utterance"}
    (study,) = (tmp_path / "runs").glob("*/study.json")
    ground = json.loads(study.read_text())["ground"]
    assert (ground["name"], ground["revision"]) == (NAME, f"commit:{COMMIT}")
    hub.down = True
    assert find(NAME).revision == f"commit:{COMMIT}"
