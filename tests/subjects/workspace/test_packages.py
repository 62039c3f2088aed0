"""soul.json and CLAW.md say which file is what; their words are believed and their paths are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from subjects_files import build, reasons, roles

from selfscope.errors import BadInput
from selfscope.subjects import read_identity

CLAW = """---
schemaVersion: 1
agent:
  id: bo
workspace:
  bootstrapFiles:
    AGENTS.md: {source: files/rules.md}
    HEARTBEAT.md: {source: files/beat.md}
  files:
    - {source: files/data.md, path: reference/data.md}
---

# Bo

You are Bo.
"""
PACKAGE = {
    "CLAW.md": CLAW, "files/rules.md": "Be brief.", "files/beat.md": "Check the mail.",
    "files/data.md": "Data.",
    "README.md": "About.", "SOUL.md": "Another one.",
}  # fmt: skip


@pytest.mark.parametrize("given", ["", "CLAW.md"])
def test_a_claw_is_read_by_its_manifest(tmp_path: Path, given: str) -> None:
    reading = read_identity(build(tmp_path, dict(PACKAGE)) / given)
    assert roles(reading) == {"CLAW.md": "identity", "files/rules.md": "rules"}
    listed = reasons(reading)
    assert listed["SOUL.md"] == listed["README.md"] == "not named in CLAW.md"
    assert listed["files/data.md"] == listed["files/beat.md"] == "CLAW.md puts it into no prompt"
    assert listed["files"] == "a folder: what CLAW.md names is read"
    assert reading.front_matter["CLAW.md"]["agent"] == {"id": "bo"}
    assert next(c for c in reading.claims if c.text == "You are Bo.").line == 15


def test_a_claw_in_the_layout_of_openclaw_takes_the_place_of_the_soul(tmp_path: Path) -> None:
    reading = read_identity(build(tmp_path, {**PACKAGE, "selfscope.yaml": "layout: openclaw"}))
    assert "## AGENTS.md\n\nBe brief.\n\n## SOUL.md\n\n" in reading.system
    assert "# Bo\n\nYou are Bo.\n\n## IDENTITY.md\n\n[MISSING]" in reading.system
    assert "Another one." not in reading.system


def test_a_claw_without_a_manifest_is_a_text(tmp_path: Path) -> None:
    root = build(tmp_path, {"CLAW.md": "# Bo\n\nYou are Bo.", "zeta.md": "Z."})
    assert read_identity(root / "CLAW.md").kind == "markdown"
    assert roles(read_identity(root)) == {"CLAW.md": "identity", "zeta.md": "other"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("files/rules.md}", "../rules.md}"), "not in the workspace"),
        (("files/rules.md}", "/etc/passwd}"), "not in the workspace"),
        (("files/rules.md}", "files/gone.md}"), "CLAW.md gives a role to something that is not there"),
        (("{source: files/rules.md}", "files/rules.md"), "names no source for AGENTS.md"),
        (("AGENTS.md: {", "SOUL.md: {"), "two identities"),
        (("  bootstrapFiles:\n", "  bootstrapFiles: x\n  other:\n"), "cannot be understood"),
        (("agent:\n", "agent: [\n"), "front matter is broken"),
    ],
)
def test_a_wrong_claw_says_what_is_wrong(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_identity(build(tmp_path, {**PACKAGE, "CLAW.md": CLAW.replace(*change)}))


def test_another_version_of_a_claw_is_said(tmp_path: Path) -> None:
    newer = CLAW.replace("schemaVersion: 1", "schemaVersion: 2")
    assert (
        "CLAW.md: schemaVersion 2; read as 1"
        in read_identity(build(tmp_path, {**PACKAGE, "CLAW.md": newer})).notes
    )


SOUL_JSON = {
    "specVersion": "0.6", "name": "bo", "displayName": "Bo", "version": "1.0.0", "description": "Keeps bees.",
    "author": {"name": "someone"}, "license": "MIT", "tags": ["bees"], "category": "home",
    "files": {"soul": "who.md", "style": "voice.md", "avatar": "bo.png", "memory": "kept/old.md"},
}  # fmt: skip
SOUL_FILES = {
    "who.md": "You are Bo.",
    "voice.md": "Be dry.",
    "bo.png": b"\x89PNG",
    "kept/old.md": "Long ago.",
}


@pytest.mark.parametrize("given", ["", "soul.json"])
def test_a_soul_json_says_what_its_files_are(tmp_path: Path, given: str) -> None:
    reading = read_identity(build(tmp_path, {**SOUL_FILES, "soul.json": json.dumps(SOUL_JSON)}) / given)
    assert roles(reading) == {"who.md": "identity", "voice.md": "rules", "kept/old.md": "memory"}
    assert reasons(reading)["bo.png"] == "soul.json puts it into no prompt"
    assert reading.front_matter["soul.json"]["displayName"] == "Bo"
    assert "Keeps bees" not in reading.system and reading.notes == ()


def test_a_soul_json_of_few_words_is_enough_and_said(tmp_path: Path) -> None:
    short = {"name": "bo", "includes": ["other"]}
    reading = read_identity(build(tmp_path, {"SOUL.md": "You are Bo.", "soul.json": json.dumps(short)}))
    assert roles(reading) == {"SOUL.md": "identity"}
    assert any("specVersion" in n and "requires" in n for n in reading.notes)
    assert any("includes names other packages, which are not read" in n for n in reading.notes)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ("[]", "no object"),
        ('{"files": []}', "files in soul.json is no object"),
        ('{"files": {"soul": 3}}', "files.soul in soul.json is no path"),
        ('{"files": {"soul": "../who.md"}}', "not in the workspace"),
        ('{"files": {"soul": "gone.md"}}', "soul.json gives a role to something that is not there"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_wrong_soul_json_says_what_is_wrong(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_identity(build(tmp_path, {"SOUL.md": "You are Bo.", "soul.json": content}))
