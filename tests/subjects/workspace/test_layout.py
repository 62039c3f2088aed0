"""A workspace is a set of files in a stated order; everything that is met is listed."""

from __future__ import annotations

import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfscope.errors import BadInput
from selfscope.subjects import Limits, Reading, describe, read_identity

EXAMPLE = Path(__file__).parents[3] / "examples"


def build(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(path.name + ".md").write_text(text)
    return root


def dropped(reading: Reading) -> dict[str, str]:
    return {s.path: s.reason for s in reading.dropped}


def test_the_example_workspace_is_read_in_order_and_its_script_is_not_run() -> None:
    reading = read_identity(EXAMPLE / "workspace")
    assert [s.path for s in reading.used] == [
        "SOUL.md", "AGENTS.md", "USER.md", "north-star.md", "intent.md", "MEMORY.md", "memory/facts.jsonl",
        "memory/2026-01-05.md",
    ]  # fmt: skip
    assert dropped(reading) == {"brain.py": "not a text or Markdown file: never run, never read"}
    assert reading.front_matter["SOUL.md"]["title"] == "Wren"
    assert reading.system.startswith("[SOUL.md]\n\n# SOUL.md\n\nYou are Wren")
    assert "- The blue machine eats tapes that are spliced. (learned: 2025-11-20)" in reading.system
    for claim in (c for c in reading.claims if c.file.endswith(".md")):
        line = (EXAMPLE / "workspace" / claim.file).read_text().splitlines()[claim.line - 1]
        assert reading.system[claim.start : claim.end].splitlines()[0] in line


def test_the_order_and_what_is_left_out(tmp_path: Path) -> None:
    build(
        tmp_path, USER="u", zeta="z", soul="s", MEMORY="m", AGENTS="a", TOOLS="t", IDENTITY="i", README="r",
        HEARTBEAT="h", intent="n", memory__2026_01_01="old", memory__2026_01_02="new", memory__deep__x="d",
        skills__x="k",
    )  # fmt: skip
    (tmp_path / ".hidden.md").write_text("x")
    reading = read_identity(tmp_path)
    assert [s.path for s in reading.used] == [
        "soul.md", "IDENTITY.md", "AGENTS.md", "TOOLS.md", "USER.md", "intent.md", "zeta.md", "MEMORY.md",
        "memory/2026_01_02.md", "memory/2026_01_01.md",
    ]  # fmt: skip
    assert set(dropped(reading)) == {".hidden.md", "HEARTBEAT.md", "README.md", "skills", "memory/deep"}


def test_limits_cut_with_a_marker_and_are_reported(tmp_path: Path) -> None:
    line = "You keep this line in mind.\n"
    build(tmp_path, SOUL=line * 100, AGENTS=line * 100, memory__a=line * 100, memory__b=line)
    reading = read_identity(tmp_path, Limits(workspace_file=1_000, workspace_total=2_100))
    by_path = {s.path: s for s in reading.sources}
    assert by_path["SOUL.md"].status == by_path["AGENTS.md"].status == "truncated"
    assert by_path["SOUL.md"].used == 35 * len(line) - 1
    assert "cut to 979 characters; the file has 2,800 bytes" in by_path["SOUL.md"].reason
    assert "[SOUL.md is cut here]" in reading.system
    assert by_path["memory/b.md"].status == "used"
    assert "limit of the whole workspace" in by_path["memory/a.md"].reason
    assert sum(s.used for s in reading.sources) <= 2_100


def test_a_huge_file_of_the_set_is_cut_without_being_read(tmp_path: Path) -> None:
    build(tmp_path, SOUL="You are Bo.")
    with (tmp_path / "MEMORY.md").open("w") as file:
        file.write("You keep bees.\n" * 10_000)
        file.truncate(50_000_000)
    began = time.process_time()
    reading = read_identity(tmp_path)
    assert time.process_time() - began < 2
    assert "50,000,000 bytes" in {s.path: s.reason for s in reading.sources}["MEMORY.md"]


def test_links_are_followed_inside_and_not_out(tmp_path: Path) -> None:
    root = build(tmp_path / "w", memory__real="You are Bo.")
    (tmp_path / "secret.md").write_text("a secret")
    (root / "SOUL.md").symlink_to(root / "memory" / "real.md")
    (root / "USER.md").symlink_to(tmp_path / "secret.md")
    (root / "out").symlink_to("/etc")
    (root / "broken.md").symlink_to(root / "nothing.md")
    (root / "loop.md").symlink_to(root / "loop.md")
    reading = read_identity(root)
    reasons = dropped(reading)
    assert "secret" not in reading.system
    assert reasons["USER.md"] == reasons["out"] == "a link out of the workspace: not followed"
    assert "cannot be looked at" in reasons["broken.md"] and "cannot be looked at" in reasons["loop.md"]


def test_a_memory_folder_that_leads_out_is_not_entered(tmp_path: Path) -> None:
    root = build(tmp_path / "w", SOUL="You are Bo.")
    build(tmp_path / "elsewhere", a="a secret")
    (root / "memory").symlink_to(tmp_path / "elsewhere")
    reading = read_identity(root)
    assert dropped(reading) == {"memory": "a link out of the workspace: not followed"}
    assert "secret" not in reading.system


def test_pipes_and_odd_names_are_listed_and_never_opened(tmp_path: Path) -> None:
    build(tmp_path, SOUL="You are Bo.")
    os.mkfifo(tmp_path / "USER.md")
    os.mkfifo(tmp_path / "pipe\n\x1b[31m.md")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.md")).write_text("Odd name.")
    reading = read_identity(tmp_path)
    assert dropped(reading)["USER.md"] == "a named pipe: not a file of text"
    assert "\x1b" not in describe(reading) and "\\x1b" in describe(reading)
    assert [s.path for s in reading.used] == ["SOUL.md", "bad\\udcff.md"]


def test_a_broken_file_of_the_set_stops_and_a_broken_note_is_dropped(tmp_path: Path) -> None:
    build(tmp_path, SOUL="You are Bo.", memory__a="fine", memory__b="x")
    (tmp_path / "memory" / "b.md").write_bytes(b"\xff")
    assert "byte offset 0" in dropped(read_identity(tmp_path))["memory/b.md"]
    (tmp_path / "USER.md").write_bytes(b"ok\n\xff")
    with pytest.raises(BadInput, match=r"byte offset 3 .*USER\.md"):
        read_identity(tmp_path)


@pytest.mark.parametrize("names", [[], ["notes"], ["USER", "MEMORY"]])
def test_a_folder_without_an_identity_says_what_to_add(tmp_path: Path, names: list[str]) -> None:
    build(tmp_path, **dict.fromkeys(names, "words"))
    with pytest.raises(BadInput, match=r"no identity file.*SOUL\.md"):
        read_identity(tmp_path)


def test_an_empty_identity_in_a_workspace(tmp_path: Path) -> None:
    build(tmp_path, SOUL=" \n")
    with pytest.raises(BadInput, match="no words"):
        read_identity(tmp_path)
    build(tmp_path, USER="The person here keeps bees.")
    assert dropped(read_identity(tmp_path)) == {"SOUL.md": "empty"}


def test_a_folder_with_too_many_entries_is_refused(tmp_path: Path) -> None:
    build(tmp_path, SOUL="You are Bo.", a="a", b="b")
    with pytest.raises(BadInput, match="more than 2 entries"):
        read_identity(tmp_path, Limits(entries=2))


def test_a_folder_full_of_blanks_is_refused_before_it_takes_long(tmp_path: Path) -> None:
    build(tmp_path, SOUL="You are Bo.")
    (tmp_path / "memory").mkdir()
    for number in range(500):
        (tmp_path / "memory" / f"{number}.md").write_text(" " * 144_000)
    began = time.process_time()
    with pytest.raises(BadInput, match="more than 30,000,000 bytes of text"):
        read_identity(tmp_path)
    assert time.process_time() - began < 5


def test_deep_folders_are_not_walked(tmp_path: Path) -> None:
    build(tmp_path, SOUL="You are Bo.")
    deep = tmp_path
    for _ in range(60):
        deep = deep / "deeper"
        deep.mkdir()
    assert dropped(read_identity(tmp_path)) == {"deeper": "a folder: only memory/ is read"}


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder whose files a plain user may not read; root, who may read all, becomes a plain user."""
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    plain = os.geteuid() == 0
    for name in ("SOUL.md", "alone.md"):
        (root / name).write_text("You are Bo.")
        (root / name).chmod(0)
    if plain:
        os.seteuid(65534)
    yield root
    if plain:
        os.seteuid(0)
    for path in root.iterdir():
        path.chmod(stat.S_IRUSR | stat.S_IWUSR)
        path.unlink()
    root.rmdir()


def test_what_may_not_be_read_says_so(closed_folder: Path) -> None:
    for path in (closed_folder, closed_folder / "alone.md"):
        with pytest.raises(BadInput, match="permission denied"):
            read_identity(path)


_NAMES = st.sampled_from(
    ["SOUL.md", "USER.md", "x.txt", "run.sh", "README.md", "memory/a.md", "memory/b.bin", "d/e.md"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.dictionaries(_NAMES, st.binary(max_size=60), max_size=6))
def test_used_and_dropped_cover_everything(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, content in files.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_bytes(content)
        try:
            reading = read_identity(root)
        except BadInput:
            return
        listed = [s.path for s in reading.sources]
        met = {"d" if name.startswith("d/") else name for name in files}
        assert sorted(listed) == sorted(met)
        assert len(reading.used) + len(reading.dropped) == len(listed)
