"""Destruction by the command, from the first byte to the tombstone; then the whole root is searched.

The cooling-off is a day at least, but where an archive only practises: a rehearsal's may be a second. All
else in a rehearsal is as it is in earnest.
"""

import time

import numpy as np
import pytest
from safetensors.numpy import load_file

from selfscope.archive.policy.rules import default_text

pytest_plugins = ("tests.e2e.keep_fixtures",)

WORDS = "The lighthouse keeper counts seven gulls"


@pytest.fixture
def people(keep):
    return {name: keep("policy", "key", f"{name}.key")["public"] for name in ("Ada", "Grace", "Emmy")}


@pytest.fixture
def adopt(keep, people, tmp_path):
    """Put a policy in force that names people, with some of its lines changed."""

    def put(**changes):
        signers = ", ".join(f'{{name: {name}, key: "{key}"}}' for name, key in people.items())
        text = default_text().replace("signers: []", f"signers: [{signers}]")
        for key, value in changes.items():
            line = next(each for each in text.splitlines() if each.strip().startswith(f"{key}:"))
            text = text.replace(line, f"{line[: line.index(':')]}: {value}")
        path = tmp_path / "policy.yaml"
        path.write_text(text)
        return path

    return put


@pytest.fixture
def ground(tmp_path):
    finding = tmp_path / "finding.txt"
    finding.write_text("what was found")
    return ("--proviso", "severe_hazard", "--statement", "It was found.", "--evidence", finding)


def test_destruction_takes_a_seal_two_people_and_a_wait(keep, model, adopt, ground):
    keep("policy", "adopt", adopt(), "--by", "Ada")
    content = keep("add", model, "--domain", "family", "--origin")["content"]
    assert "sealed" in keep("policy", "plan", content, "--by", "Ada", "--reason", "x", code=4)
    keep("policy", "state", content, "sealed", "--by", "Ada", "--reason", "a severe finding")
    for verb in (("get", content, "back"), ("export", content, "--out", "out")):
        assert "sealed" in keep(*verb, code=4)
    plan = keep("policy", "plan", content, "--by", "Ada", "--reason", "x", *ground)
    assert plan["limit"] and [each["id"] for each in plan["dependents"]] == [content]
    keep("policy", "sign", plan["plan"], "--name", "Ada", "--key", "Ada.key")
    assert keep("policy", "evaluate", plan["plan"], code=1)["reasons"]
    assert "Ada" in keep("policy", "sign", plan["plan"], "--name", "Ada", "--key", "Ada.key", code=4)
    assert keep("policy", "sign", plan["plan"], "--name", "Grace", "--key", "Ada.key", code=4)
    keep("policy", "sign", plan["plan"], "--name", "Grace", "--key", "Grace.key")
    assert "cooling-off" in keep("policy", "execute", plan["plan"], code=4)
    assert keep("verify")["ok"]


def test_what_was_added_in_the_clear_can_never_be_destroyed(keep, model, adopt, ground):
    keep("policy", "adopt", adopt(), "--by", "Ada")
    content = keep("add", model)["content"]
    keep("policy", "state", content, "sealed", "--by", "Ada", "--reason", "a severe finding")
    assert "in the clear" in keep("policy", "plan", content, "--by", "Ada", "--reason", "x", *ground, code=4)


def test_a_cooling_off_below_a_day_is_for_rehearsals_that_hold_nothing_yet(keep, model, adopt):
    short = adopt(cooling_off="1 second")
    assert "shorter than a day" in keep("policy", "adopt", short, "--by", "Ada", code=2)
    short.write_text(short.read_text().replace("policy: 1", "policy: 1\nrehearsal: true", 1))
    keep("add", model)
    assert "holds nothing yet" in keep("policy", "adopt", short, "--by", "Ada", code=4)


def rehearse(keep, adopt):
    path = adopt(cooling_off="1 second", plan_expires="1 hour")
    path.write_text(path.read_text().replace("policy: 1", "policy: 1\nrehearsal: true", 1))
    keep("policy", "adopt", path, "--by", "Ada")


def traces(folder):
    """Stretches of the plaintext that only these files have, and a thread's words."""
    weights = load_file(folder / "model.safetensors")["w"].astype(np.float32).tobytes()
    middle = len(weights) // 2
    return {
        "words": WORDS.encode(),
        "weights": weights[middle : middle + 24],
        "first weights": weights[:24],
        "configuration": (folder / "config.json").read_bytes(),
    }


def search(top, wanted):
    """Which of these stands in any file under a directory?"""
    files = [path for path in top.rglob("*") if path.is_file()]
    assert len(files) > 10
    return sorted({what for path in files for what, trace in wanted.items() if trace in path.read_bytes()})


def execute_when_ripe(keep, plan):
    """Carry a plan out as soon as the policy allows it; until then it says how long it waits."""
    until = time.monotonic() + 120
    while keep("policy", "evaluate", plan, code=None)["allowed"] is False:
        assert time.monotonic() < until
        time.sleep(0.2)
    return keep("policy", "execute", plan)


def test_what_is_destroyed_is_nowhere_in_the_root(keep, model, adopt, ground, tmp_path):
    rehearse(keep, adopt)
    (model / "config.json").write_text('{"vocab_size": 8, "motto": "no gull is counted twice"}')
    content = keep("add", model, "--domain", "family", "--origin", "--name", "secret")["content"]
    began = keep("thread", "new", "--domain", "family")["thread"]
    keep("thread", "append", began, "--role", "user", "--text", WORDS)
    wanted = traces(model)
    assert search(tmp_path / "kept", wanted) == [], "it was never there in the clear"
    keep("replicate", "replica")
    keep("policy", "state", content, "sealed", "--by", "Ada", "--reason", "a severe finding")
    plan = keep("policy", "plan", content, "--by", "Ada", "--reason", "it must go", *ground)
    assert {each["id"]: each["fate"] for each in plan["dependents"]} == {
        content: "unreadable",
        began: "unreadable",
    }
    for name in ("Ada", "Emmy"):
        keep("policy", "sign", plan["plan"], "--name", name, "--key", f"{name}.key")
    key = (tmp_path / "kept-keys" / "family.wrapping").read_bytes()
    wrapped = (tmp_path / "kept" / "keys" / "family.wrapped").read_bytes()
    done = execute_when_ripe(keep, plan["plan"])
    assert any("rehearsal" in each for each in done["sentences"])
    assert any("replica:" in each["place"] for each in done["outside"]), "copies elsewhere are named"
    everything = wanted | {"key": key, "wrapped key": wrapped}
    assert search(tmp_path / "kept", everything) == []
    assert not any(key in path.read_bytes() for path in (tmp_path / "kept-keys").iterdir())
    after_destruction(keep, content, began, done, tmp_path)


def after_destruction(keep, content, thread, done, tmp_path):
    """Everything says that it is gone, and what there was."""
    assert "destroyed" in keep("get", "secret", "back", code=4)
    (row,) = keep("policy", "evaluate", content)["contents"]
    assert row["state"] == "destroyed"
    stone = done["tombstone"].removeprefix("b3:")
    text = (tmp_path / "kept" / "objects" / "b3" / stone[:2] / stone[2:4] / stone).read_text()
    assert content in text and "model.safetensors" in text and "Emmy" in text
    (turn,) = keep("thread", "show", thread)["turns"]
    assert turn["content"] is None and "destroyed" in turn["unreadable"]
    assert keep("thread", "export", thread, "--out", "thread.jsonl", code=4)
    assert "destroyed" in keep("add", tmp_path / "finding.txt", "--domain", "family", code=4)
    assert keep("verify")["ok"]
    views = {each["view"]: each["answer"] for each in keep("survives", content)["views"]}
    assert views["model_temporary"] != "no", "the replica's ciphertext is a copy that somebody looked at"
