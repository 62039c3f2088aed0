"""``keep`` as a steward uses it: the whole life of a content, in the words that the command prints."""

import json
import subprocess
import sys

import jsonschema
import numpy as np
import pytest
from safetensors.numpy import save_file

from selfscope.archive.policy.rules import default_text
from selfscope.cli.app import run


@pytest.fixture
def keep(tmp_path, monkeypatch, capsys):
    """Run a verb of keep in this process, check its JSON against its schema, and return it."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments, code=0):
        got = run(["keep", "--root", "kept", *map(str, arguments), "--json"])
        out, err = capsys.readouterr()
        assert got == code, err
        if code not in (0, 1):
            return err
        body = json.loads(out)
        words = [each for each in arguments[:2] if str(each).isalpha()]
        nested = arguments[0] in ("instance", "policy")
        assert run(["schema", "keep-" + "-".join(words[: 1 + nested])]) == 0
        jsonschema.validate(body, json.loads(capsys.readouterr().out))
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


def test_what_is_added_comes_back_bit_for_bit(keep, model, tmp_path):
    added = keep("add", model, "--origin", "--name", "first")
    assert added["bytes"] == sum(path.stat().st_size for path in model.iterdir()) and not added["known"]
    assert keep("add", model)["known"]
    assert [each["name"] for each in keep("list")["contents"]] == ["first"]
    keep("get", "first", "back")
    for path in model.iterdir():
        assert (tmp_path / "back" / path.name).read_bytes() == path.read_bytes()
    assert keep("verify")["ok"] and keep("verify", "--deep")["notes"]


def test_a_damaged_byte_is_an_answer_of_no(keep, model, tmp_path):
    content = keep("add", model)["content"]
    largest = max((tmp_path / "kept" / "objects").rglob("*"), key=lambda p: p.stat().st_size * p.is_file())
    largest.chmod(0o644)
    data = bytearray(largest.read_bytes())
    data[1000] ^= 1
    largest.write_bytes(data)
    found = keep("verify", code=1)
    assert not found["ok"] and found["problems"][0]["contents"] == [content]
    assert "is not what was stored" in keep("get", content[:12], "back", code=5)
    assert not (tmp_path / "back").exists()


def test_survival_is_answered_view_by_view_and_before_a_deletion(keep, model):
    origin = keep("add", model, "--origin", "--name", "first")["instance"]
    copy = keep("copy", "--from", origin, "--device", "other", "--to", "elsewhere")["instance"]
    answers = {each["view"]: each for each in keep("survives", copy)["views"]}
    assert len(answers) >= 7 and answers["progenitor"]["answer"] == "yes"
    assert [step["node"] for step in answers["progenitor"]["witness"]] == [copy, origin]
    supposed = keep("survives", copy, "--if", f"destroyed={origin}")
    flips = {each["view"] for each in supposed["changes"] if each["before"] != each["after"]}
    assert "progenitor" in flips and "hardware" not in flips
    drawn = keep("lineage", "first", "--page", "page.html", "--prov", "prov.json")
    assert [(e["source"], e["target"]) for e in drawn["edges"]] == [(origin, copy)]
    keep("instance", "end", copy, "--why", "lost")
    assert {v["view"]: v["answer"] for v in keep("survives", copy)["views"]}["hardware"] == "no"


def test_an_unknown_source_stays_unknown(keep, model):
    added = keep("add", model)
    answers = {each["view"]: each["answer"] for each in keep("survives", added["instance"])["views"]}
    assert answers["progenitor"] == "unknown" and answers["hardware"] == "yes"
    assert "no such instance" in keep("add", model / "config.json", "--from", "instance:none", code=2)


def test_an_export_is_checked_by_python_alone_and_imported(keep, model, tmp_path):
    added = keep("add", model, "--name", "first")
    keep("export", "first", "--out", "out")
    command = [sys.executable, "-I", "-S", tmp_path / "out" / "verify.py"]
    assert subprocess.run(command, check=False, timeout=60, capture_output=True).returncode == 0
    assert run(["keep", "--root", "other", "init"]) == 0
    assert run(["keep", "--root", "other", "import", "out"]) == 0
    assert run(["keep", "--root", "other", "verify", added["content"]]) == 0


def test_destruction_takes_a_seal_two_people_and_a_wait(keep, model, tmp_path):
    people = {name: keep("policy", "key", f"{name}.key")["public"] for name in ("Ada", "Grace")}
    signers = ", ".join(f'{{name: {name}, key: "{key}"}}' for name, key in people.items())
    policy = tmp_path / "policy.yaml"
    policy.write_text(default_text().replace("signers: []", f"signers: [{signers}]"))
    keep("policy", "adopt", policy, "--by", "Ada")
    content = keep("add", model, "--domain", "family", "--origin")["content"]
    assert "sealed" in keep("policy", "plan", content, "--by", "Ada", "--reason", "x", code=4)
    keep("policy", "state", content, "sealed", "--by", "Ada", "--reason", "a severe finding")
    assert "sealed" in keep("get", content, "back", code=4)
    finding = tmp_path / "finding.txt"
    finding.write_text("what was found")
    ground = ("--proviso", "severe_hazard", "--statement", "It was found.", "--evidence", finding)
    plan = keep("policy", "plan", content, "--by", "Ada", "--reason", "x", *ground)
    assert plan["limit"] and [each["id"] for each in plan["dependents"]] == [content]
    keep("policy", "sign", plan["plan"], "--name", "Ada", "--key", "Ada.key")
    assert keep("policy", "evaluate", plan["plan"], code=1)["reasons"]
    assert "Ada" in keep("policy", "sign", plan["plan"], "--name", "Ada", "--key", "Ada.key", code=4)
    assert keep("policy", "sign", plan["plan"], "--name", "Grace", "--key", "Ada.key", code=4)
    keep("policy", "sign", plan["plan"], "--name", "Grace", "--key", "Grace.key")
    assert keep("policy", "execute", plan["plan"], code=4)
    assert keep("verify")["ok"]


def test_costs_name_their_assumptions(keep):
    found = keep("cost", "--bytes", "1000000000")
    assert found["one_copy"]["low"] < found["one_copy"]["high"] < found["hardware_off"]["low"]
    assert all(each["note"] for each in found["assumptions"])


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("get", "nothing", "out"), 2, "no such content"),
        (("add", "missing"), 2, "missing"),
        (("add", "weights.pt"), 2, "run code"),
        (("survives", "instance:x"), 2, "instance:x"),
        (("policy", "execute", "b3:0"), 2, "plan"),
        (("import", "."), 2, "not whole"),
        (("cost", "--copies", "0", "--bytes", "1"), 2, "nothing to keep"),
        (("init",), 2, "not empty"),
    ],
)
def test_bad_input_is_named(keep, tmp_path, arguments, code, word):
    (tmp_path / "weights.pt").write_bytes(b"anything")
    assert word in keep(*arguments, code=code)
    assert keep("verify")["ok"]


def test_no_archive_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["keep", "--root", "none", "list"]) == 2
    assert "none" in capsys.readouterr().err
