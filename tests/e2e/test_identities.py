"""Every kind of identity as a stranger reads and profiles it, and what could hurt."""

import base64
import json
import random
import sqlite3
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import jsonschema
import pytest

from tests.e2e.conftest import of_processes

EXAMPLES = Path(__file__).parents[2] / "examples"
CARD = {
    "spec": "chara_card_v3", "spec_version": "3.0",
    "data": {
        "name": "Ilse",
        "description": "{{char}} keeps a lighthouse.",
        "scenario": "A storm has cut the road.",
    },
}  # fmt: skip


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def picture(card):
    text = b"ccv3\0" + base64.b64encode(json.dumps(card).encode())
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0\x80"))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"tEXt", text) + data + chunk(b"IEND", b"")


def package(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            out.writestr(name, content)


@pytest.fixture(scope="module")
def kinds(home):
    """One of each kind, by name, in the folder where the command runs."""
    root = home / "kinds"
    (root / "agent").mkdir(parents=True)
    (root / "agent" / "SOUL.md").write_text("You are Bo. You keep bees.")
    (root / "agent" / "intent.md").write_text("Ask about the roof first.")
    (root / "agent" / "brain.py").write_text("raise SystemExit(9)")
    store = sqlite3.connect(root / "agent" / "brain.db")
    store.execute("CREATE TABLE m (text)")
    store.execute("INSERT INTO m VALUES ('The roof leaks.')")
    store.commit()
    store.close()
    (root / "card.json").write_text(json.dumps(CARD))
    (root / "card.png").write_bytes(picture(CARD))
    package(root / "card.charx", {"card.json": json.dumps(CARD)})
    (root / "sub.yaml").write_text(f"identity: {EXAMPLES / 'workspace'}\nlayout: openclaw\nsession: cron\n")
    return root


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("agent", "workspace", "The roof leaks."),
        ("card.json", "card", "Ilse keeps a lighthouse."),
        ("card.png", "card", "Ilse keeps a lighthouse."),
        ("card.charx", "card", "Ilse keeps a lighthouse."),
        ("sub.yaml", "workspace", "# Project Context"),
    ],
)
def test_read_shows_roles_reasons_and_the_prompt_of_every_kind(selfscope, kinds, name, kind, said):
    shown = selfscope("read", kinds / name).stdout
    assert "put together:" in shown and "roles:" in shown and "used" in shown
    data = selfscope.json("read", kinds / name)
    jsonschema.validate(data, json.loads(selfscope("schema", "read").stdout))
    assert data["kind"] == kind and said in data["system"]
    assert all(s["reason"] for s in data["sources"] if s["status"] == "dropped")
    assert selfscope("read", kinds / name, "--prompt").stdout == data["system"] + "\n"


@pytest.mark.parametrize("path", ["workspace", "lighthouse.json", "bell"])
def test_the_examples_can_be_read(selfscope, path):
    assert selfscope.json("read", EXAMPLES / path)["claims"]


@pytest.mark.parametrize(("name", "role"), [("agent", "memory"), ("card.png", "setting")])
def test_a_profile_of_it_has_the_role_left_out_as_a_control(selfscope, kinds, name, role):
    data = selfscope.json(
        *("profile", kinds / name, "--model", "phantom:nothing", "--preset", "demo"),
        *("--channels", "self_report", "--against", f"none,ablate:{role}"),
    )
    found = [f for f in data["findings"] if f["control"] == f"ablate:{role}"]
    assert len(found) == 22 and {f["claim"] for f in found} == {"than this control"}
    assert not [f for f in found if f["verdict"] == "shifted"]
    assert f"itself without the role {role}" in found[0]["sentence"]
    assert f"ablate:{role}" in {s["name"] for s in data["subjects"]}


@pytest.mark.parametrize(
    ("against", "word"),
    [
        ("ablate:soul", "no such role"),
        ("ablate:goals", "It has: identity, note, memory"),
        ("ablated", "ablate:ROLE"),
    ],
)
def test_a_role_that_cannot_be_left_out_says_which_can(selfscope, kinds, against, word):
    done = selfscope("profile", kinds / "agent", "-m", "phantom:nothing", "--against", against, code=2)
    assert word in done.stderr


def broken(root):
    """Make what could hurt: cut, bombs, ways out, contradictions, broken stores."""
    root.mkdir()
    whole, noise = picture(CARD), random.Random(0)
    (root / "cut.png").write_bytes(whole[: len(whole) // 2])
    (root / "other.png").write_bytes(picture({"spec": "chara_card_v7", "data": {}}))
    package(root / "bomb.charx", {"card.json": b" " * 50_000_000})
    package(root / "out.charx", {"card.json": json.dumps(CARD), "../../out.md": "x"})
    (root / "deep.json").write_text("[" * 200_000)
    (root / "noise.json").write_bytes(noise.randbytes(2_000))
    for name, content in (
        ("corrupt", b"SQLite format 3\0" + noise.randbytes(8_000)),
        ("false", b"no database"),
    ):
        (root / name).mkdir()
        (root / name / "SOUL.md").write_text("You are Bo.")
        (root / name / "memory.db").write_bytes(content)
    return sorted(root.iterdir())


def test_what_could_hurt_gets_a_sentence_in_time(home):
    """All at once, in one process each, for the time of one is what counts."""
    for path in broken(home / "broken"):
        began = of_processes()
        done = subprocess.run(
            [str(Path(sys.executable).with_name("selfscope")), "read", str(path)],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), (path.name, done.stderr)
        assert done.stderr.startswith("selfscope: ") and done.stderr.count("\n") == 1
        assert of_processes() - began < 5.0, path.name
    assert not (home.parent / "out.md").exists() and not (home / "out.md").exists()
