"""What ``doctor`` says of the built-in models: here and whole, damaged, or not here."""

import json

import pytest

from selfscope.cli.doctor import Check, look
from selfscope.models import fetch


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A cached model of three bytes."""
    monkeypatch.setenv("SELFSCOPE_CACHE", str(tmp_path))
    folder = fetch.model_folder("embedded")
    folder.mkdir(parents=True)
    path = folder / "model.safetensors"
    path.write_bytes(b"abc")
    files = {path.name: {"bytes": 3, "blake3": fetch.digest_of(path)}}
    (folder / fetch.MANIFEST).write_text(json.dumps({"revision": "r", "files": files}))
    return path


def of(name: str) -> Check:
    return next(check for check in look() if check.name == f"model {name}")


def test_a_whole_model_is_here(weights):
    assert of("embedded").ok
    assert not of("gemma-270m").ok


def test_a_changed_byte_is_seen_and_can_be_mended(weights):
    weights.write_bytes(b"abd")
    check = of("embedded")
    assert not check.ok and check.needed
    assert "damaged" in check.found and "digest" in check.found
    assert str(weights.parent) in check.mend
    assert check.mend.endswith("selfscope models fetch embedded")
