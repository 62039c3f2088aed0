"""A file counts by what it does: its name is a guess, and selfscope.yaml has the last word."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from subjects_files import build, reasons, roles

from selfscope.errors import BadInput
from selfscope.subjects import Limits, describe, read_identity

SOUL = "You are Bo. You keep bees."
SETTINGS = """roles:
  who.md: identity
  SOUL.md: none
  README.md: other
  notes/: memory
  notes/a.md: goals
  notes/deep/x.md: note
  config.json: rules
  memory/: none
  draft.py: other
"""


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("persona.md", "identity"),
        ("Identity.txt", "identity"),
        ("CLAUDE.md", "rules"),
        ("system_prompt.md", "rules"),
        ("human.md", "user"),
        ("intent.md", "note"),
        ("note to self.md", "note"),
        ("north-star.md", "goals"),
        ("north_star.json", "goals"),
        ("journal.md", "memory"),
        ("brain.jsonl", "memory"),
        ("letters.md", "other"),
        ("memory/anything.json", "memory"),
    ],
)
def test_names_stand_for_roles(tmp_path: Path, name: str, role: str) -> None:
    content = '{"text": "Words."}' if name.endswith(("json", "jsonl")) else "Words."
    reading = read_identity(build(tmp_path, {"SOUL.md": SOUL, name: content}))
    assert roles(reading) == {"SOUL.md": "identity", name: role}
    assert f"used       {role:<9} {name}" in describe(reading)


def test_roles_stand_in_their_order_and_the_memory_last(tmp_path: Path) -> None:
    names = (
        "memory.md",
        "zeta.md",
        "intent.md",
        "goals.md",
        "user.md",
        "agents.md",
        "soul.md",
        "memory/a.md",
    )
    reading = read_identity(build(tmp_path, dict.fromkeys(names, "Words.")))
    assert [s.path for s in reading.used] == [
        "soul.md", "agents.md", "user.md", "goals.md", "intent.md", "zeta.md", "memory.md", "memory/a.md",
    ]  # fmt: skip
    assert reading.roles == ("identity", "rules", "user", "goals", "note", "other", "memory")
    for part in reading.parts:
        assert reading.system[part.start : part.end].startswith(f"[{part.source}]")


def test_the_settings_have_the_last_word(tmp_path: Path) -> None:
    build(tmp_path, {
        "who.md": SOUL, "SOUL.md": "Old.", "README.md": "Kept after all.", "notes/b.md": "B.",
        "notes/a.md": "A.",
        "notes/deep/x.md": "X.", "config.json": '{"tone": "dry"}', "draft.py": "# words in a script",
        "memory/m.md": "M.",
        "selfscope.yaml": SETTINGS,
    })  # fmt: skip
    reading = read_identity(tmp_path)
    assert roles(reading) == {
        "who.md": "identity", "config.json": "rules", "notes/a.md": "goals", "notes/deep/x.md": "note",
        "README.md": "other", "draft.py": "other", "notes/b.md": "memory",
    }  # fmt: skip
    assert reasons(reading) == {
        "SOUL.md": "left out in selfscope.yaml",
        "memory": "left out in selfscope.yaml",
        "notes/deep": "a folder: what selfscope.yaml names is read",
        "selfscope.yaml": "how the workspace is read, not a part of it",
    }
    assert "- tone: dry" in reading.system


def test_the_settings_may_lie_beside_and_name_the_workspace(tmp_path: Path) -> None:
    build(tmp_path, {
        "w/SOUL.md": SOUL, "w/x.md": "X.", "w/selfscope.yaml": "roles:\n  x.md: user\n",
        "short.yaml": "identity: w\nlimits: {file: 300, total: 10}\nuser: Ada\n",
    })  # fmt: skip
    reading = read_identity(tmp_path / "short.yaml")
    assert (reading.name, reading.kind) == ("short.yaml", "workspace")
    assert "at most 300 characters a file and 10 together" in reading.how
    assert "short.yaml: user say nothing to this kind of identity" in reading.notes
    assert read_identity(tmp_path / "w").name == "w"


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("- a\n", "hold no keys"),
        ("layot: roles\n", "unknown key, layot.*Perhaps you mean layout"),
        ("layout: openclau\n", "no such layout"),
        ("session: [a]\n", "no such session"),
        ("today: tomorrow\n", "today in the settings is no day"),
        ("startup: maybe\n", "no such startup"),
        ("roles: [SOUL.md]\n", "roles in the settings is no list of paths"),
        ("roles:\n  SOUL.md: sole\n", "no such role in the settings, for SOUL.md.*identity"),
        ("roles:\n  ../secret.md: memory\n", "not in the workspace"),
        ("roles:\n  /etc/passwd: memory\n", "not in the workspace"),
        ("roles:\n  gone.md: memory\n", "selfscope.yaml gives a role to something that is not there"),
        ("roles:\n  gone/: memory\n", "not there.*gone/"),
        ("limits: {file: -3}\n", "limit file in the settings is no number"),
        ("limits: {fil: 3}\n", "unknown name"),
        ("identity: other\n", "name another identity"),
        ("user: []\n", "user in the settings is no text"),
        ("a: [1\n", r"settings file is broken.*line 2"),
        ("a: &x 1\nb: *x\n", "aliases"),
        ("a: " + "[" * 5_000, "nested too deeply"),
    ],
)
def test_wrong_settings_say_what_and_where(tmp_path: Path, yaml: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_identity(build(tmp_path, {"SOUL.md": SOUL, "selfscope.yaml": yaml}))


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("layout: roles\n", "names no identity"),
        ("identity: gone\n", "no such file or folder"),
        ("identity: this.yaml\n", "names another one"),
    ],
)
def test_settings_that_stand_alone_name_an_identity(tmp_path: Path, yaml: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_identity(build(tmp_path, {"this.yaml": yaml}) / "this.yaml")


def test_links_out_are_followed_for_nobody(tmp_path: Path) -> None:
    secret = build(
        tmp_path / "out", {"s.md": "a secret", "soul.json": "{}", "selfscope.yaml": "x: y", "CLAW.md": "s"}
    )
    root = build(tmp_path / "w", {"SOUL.md": SOUL})
    for name in ("soul.json", "selfscope.yaml", "CLAW.md"):
        (root / name).symlink_to(secret / name)
    (root / "deep").symlink_to(secret)
    reading = read_identity(root)
    assert set(reasons(reading).values()) == {"a link out of the workspace: not followed"}
    with pytest.raises(BadInput, match="two settings files"):
        (root / "selfscope.yaml").unlink()
        read_identity(build(root, {"selfscope.yaml": "", "selfscope.yml": ""}))
    (root / "selfscope.yml").unlink()
    build(root, {"selfscope.yaml": "roles:\n  deep/s.md: memory\n  deep/: memory\n"})
    assert "a secret" not in read_identity(root).system


def test_a_folder_that_is_named_has_its_limits_too(tmp_path: Path) -> None:
    files = {f"notes/{n}.md": "x" for n in range(5)}
    build(tmp_path, {"SOUL.md": SOUL, "selfscope.yaml": "roles:\n  notes/: memory\n", **files})
    with pytest.raises(BadInput, match="more than 4 entries"):
        read_identity(tmp_path, Limits(entries=4))


_NAMES = st.sampled_from([
    "SOUL.md", "AGENTS.md", "TOOLS.md", "HEARTBEAT.md", "USER.md", "intent.md", "CLAW.md", "soul.json",
    "a.json", "memory.jsonl", "brain.db", "brain.py", "memory/2026-01-02.md", "memory/a.db", "notes/b.md",
    "selfscope.yaml",
])  # fmt: skip
_CONTENTS = st.one_of(
    st.sampled_from([
        b"You are Bo.", b"", b"---\na: b\n---\nWords.", b"---\nschemaVersion: 1\n---\nYou are Bo.", b"{}",
        b"[1, {}]", b'{"files": {"soul": "USER.md"}}', b'{"text": "Rain."}', b"layout: openclaw",
        b"session: group\ntoday: 2026-01-02", b"roles:\n  notes/: memory\n  USER.md: note\n",
        b"SQLite format 3\0", b"\xff\xfe",
    ]),
    st.binary(max_size=40),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(files=st.dictionaries(_NAMES, _CONTENTS, min_size=2, max_size=9))
@example(  # a package that leaves out files which OpenClaw's layout looks for
    files={
        **dict.fromkeys(("SOUL.md", "AGENTS.md", "TOOLS.md", "HEARTBEAT.md"), b"You are Bo."),
        "CLAW.md": b"---\nschemaVersion: 1\n---\nYou are Bo.",
    }
)
def test_any_workspace_lists_all_that_it_met_or_is_a_named_error(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = build(Path(folder), dict(files))
        try:
            reading = read_identity(root)
        except BadInput as error:
            assert error.what
            return
    listed = [s.path for s in reading.sources]
    assert len(listed) == len(set(listed))
    met = {"notes" if n.startswith("notes/") and n not in listed else n for n in files}
    missing = {s.path for s in reading.dropped if s.reason.startswith("not there")}
    assert set(listed) - missing == met
    assert all(s.reason for s in reading.dropped)
    assert "\n\n".join(reading.system[p.start : p.end] for p in reading.parts) == reading.system
    for claim in reading.claims:
        assert 0 <= claim.start < claim.end <= len(reading.system)
