"""A workspace as a State: what is in it, what is left out and why, and no link is followed."""

import os

import pytest

from selfscope.agent.memory import MEMORY, MemoryIndex
from selfscope.agent.workspace import Workspace
from selfscope.errors import BadInput, CouldNot
from selfscope.subjects.reading import Limits


def test_what_is_no_state_is_left_out_with_its_reason(workspace, tmp_path):
    (tmp_path / "secret.md").write_text("keep out")
    (workspace / "goals.md").symlink_to(tmp_path / "secret.md")
    (workspace / "CLAUDE.md").symlink_to("AGENTS.md")
    (workspace / "brain.py").write_text("print()")
    (workspace / "poem.md").write_text("A tape hums.\n")
    (workspace / "memory" / "facts.jsonl").write_text('{"fact": "tapes hum"}\n')
    (workspace / "memory" / "old.md").write_bytes(b"broken\xff\x00")
    (workspace / "brain.db").write_bytes(b"SQLite format 3\0" + bytes(100))
    held = Workspace.at(workspace).read()
    assert held.roles["poem.md"] == held.roles["memory/facts.jsonl"] == "memory"
    assert set(held.left_out) == {
        "goals.md", "CLAUDE.md", "brain.py", "README.md", "brain.db", "memory/old.md",
    }  # fmt: skip
    assert "data, and no text" in held.left_out["brain.db"]
    assert "keep out" not in str(held.files)


def _swap(root):
    (root / "SOUL.md").rename(root / "soul.bin")
    (root / "SOUL.md").symlink_to("soul.bin")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda root: (root / "SOUL.md").write_bytes(b"You are\0Wren"), "not text"),
        (lambda root: (root / "SOUL.md").write_text("x" * 2_000_000), "larger"),
        (lambda root: [(root / name).unlink() for name in ("SOUL.md", "AGENTS.md")], "no identity file"),
        (lambda root: (root / ".selfscope").symlink_to(root.parent), "is a link"),
        (lambda root: (root / "selfscope.yaml").write_text("roles: {SOUL.md: emperor}"), "no such role"),
        (lambda root: os.mkfifo(root / MEMORY), "is no file"),
        (_swap, "SOUL.md is a link"),
    ],
)
def test_a_workspace_that_cannot_be_lived_in_is_refused(workspace, spoil, why):
    spoil(workspace)
    with pytest.raises(BadInput, match=why):
        Workspace.at(workspace).read()


def test_settings_give_roles_and_take_them(workspace):
    (workspace / "selfscope.yaml").write_text(
        "roles:\n  poem.md: identity\n  intent.md: none\n  diary/: memory\n"
    )
    (workspace / "poem.md").write_text("A tape hums.\n")
    (workspace / "diary").mkdir()
    (workspace / "diary" / "one.md").write_text("First day.\n")
    place = Workspace.at(workspace)
    held = place.read()
    assert (held.roles["poem.md"], held.roles["diary/one.md"]) == ("identity", "memory")
    assert place.role("intent.md")[0] is None
    assert place.role("diary/two.md") == ("memory", "")
    assert place.role("elsewhere/two.md")[0] is None
    assert place.role("selfscope.yaml")[0] is None


def test_a_file_is_written_whole_and_no_link_on_the_way_is_followed(workspace, tmp_path):
    place = Workspace.at(workspace)
    place.put("memory/deep/new.md", b"x")
    assert (workspace / "memory/deep/new.md").read_bytes() == b"x"
    (workspace / "link").symlink_to(tmp_path)
    for act in (lambda: place.put("link/out.md", b"x"), lambda: place.remove("link/home/SOUL.md")):
        with pytest.raises(CouldNot, match="link"):
            act()
    with pytest.raises(BadInput, match="cannot be read"):
        place.bytes_of("link/home/SOUL.md")
    assert not (tmp_path / "out.md").exists()
    assert (workspace / "SOUL.md").exists()
    place.remove("memory/deep/new.md")
    place.remove("memory/deep/new.md")
    assert not list(workspace.rglob("*.tmp"))


def test_more_than_a_workspace_may_hold_is_refused(workspace):
    with pytest.raises(BadInput, match="the State holds more"):
        Workspace(workspace.resolve(), Limits(workspace_bytes=50)).read()


def test_a_damaged_index_is_made_again(tmp_path):
    index = MemoryIndex(tmp_path / "index.sqlite")
    files = {"memory/1.md": b"The tape hums.\n\nThe fork rings."}
    assert index.search(files, "tapes")[0].text == "The tape hums."
    index.file.write_bytes(b"no index" * 100)
    assert index.search(files, "fork")[0].source == "memory/1.md"
    assert index.search({"memory/1.md": b"Silence."}, "fork") == ()
    with pytest.raises(BadInput, match="no entry"):
        index.search({MEMORY: b"not json\n"}, "fork")
