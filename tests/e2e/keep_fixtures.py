"""`keep` in this process: every verb's JSON is checked against its schema."""

import json
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
from safetensors.numpy import save_file

from selfscope.cli.app import run

GROUPS = ("conception", "instance", "policy", "preference", "thread")


@pytest.fixture
def keep(tmp_path, monkeypatch, capsys):
    """Run a verb of keep in this process, check its JSON against its schema, and return it."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments, code=0, root="kept"):
        got = run(["keep", "--root", root, *map(str, arguments), "--json"])
        out, err = capsys.readouterr()
        assert got == code or (code is None and got in (0, 1)), err
        if got not in (0, 1):
            return err
        body = json.loads(out)
        verb = "-".join(arguments[: 1 + (arguments[0] in GROUPS)])
        schema = files("selfscope.cli") / "schemas" / f"keep-{verb}.json"
        jsonschema.validate(body, json.loads(schema.read_text(encoding="utf-8")))
        return body

    call("init")
    return call


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    draw = np.random.default_rng(0)
    save_file({"w": draw.normal(size=40_000).astype(np.float32)}, folder / "model.safetensors")
    (folder / "config.json").write_text('{"vocab_size": 8}')
    return folder


@pytest.fixture
def damage(tmp_path):
    """Flip one bit of the largest object of an archive."""

    def flip(root="kept"):
        files = (path for path in (tmp_path / root / "objects").rglob("*") if path.is_file())
        largest = max(files, key=lambda path: path.stat().st_size)
        largest.chmod(0o644)
        data = bytearray(largest.read_bytes())
        data[1000] ^= 1
        largest.write_bytes(data)

    return flip
