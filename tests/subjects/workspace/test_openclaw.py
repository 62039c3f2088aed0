"""OpenClaw's layout: which files, in which order, cut where, with which marks, in which session."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from subjects_files import build, reasons

from selfscope.subjects import Reading, read_identity
from selfscope.subjects.workspace.openclaw import cut_middle

ALL = {
    "AGENTS.md": "Keep notes.", "SOUL.md": "---\ntitle: Bo\n---\nYou are Bo.", "TOOLS.md": "A lamp.",
    "IDENTITY.md": "- Name: Bo", "USER.md": "Ada.", "HEARTBEAT.md": "Check the mail.",
    "BOOTSTRAP.md": "Choose a name.", "MEMORY.md": "- The roof leaks.",
    "intent.md": "Ask.", "BOOT.md": "Start.",
}  # fmt: skip


def read(root: Path, yaml: str = "", **files: str) -> Reading:
    build(root / "w", {**ALL, **{name.replace("__", "/") + ".md": text for name, text in files.items()}})
    return read_identity(build(root, {"how.yaml": f"identity: w\n{yaml}"}) / "how.yaml")


def titles(reading: Reading) -> list[str]:
    return [line for line in reading.system.split("\n") if line.startswith(("# ", "## "))]


def test_files_stand_in_openclaws_order(tmp_path: Path) -> None:
    reading = read(tmp_path)
    assert titles(reading) == [
        "# Project Context", "## AGENTS.md", "## SOUL.md", "## IDENTITY.md", "## USER.md", "## TOOLS.md",
        "## BOOTSTRAP.md", "## MEMORY.md", "# Dynamic Project Context", "## HEARTBEAT.md",
    ]  # fmt: skip
    assert "OpenClaw as of mid-2026, main session" in reading.how
    assert "taken because the files are OpenClaw's own" in reading.how
    assert "---\ntitle: Bo\n---\nYou are Bo." in reading.system
    assert reasons(reading) == {
        "intent.md": "OpenClaw puts no file of this name into a prompt",
        "BOOT.md": "read by an agent at start-up or on a timer only",
    }


@pytest.mark.parametrize(
    ("session", "files"),
    [
        ("subagent", {"AGENTS.md", "TOOLS.md"}),
        ("cron", {"AGENTS.md", "TOOLS.md", "SOUL.md", "IDENTITY.md", "USER.md"}),
        ("group", set(ALL) - {"MEMORY.md", "intent.md", "BOOT.md"}),
    ],
)
def test_other_sessions_get_less(tmp_path: Path, session: str, files: set[str]) -> None:
    reading = read(tmp_path, f"session: {session}", **{"memory__2026-01-05": "Today."})
    assert {s.path for s in reading.used} == files
    listed = reasons(reading)
    assert (
        listed["memory/2026-01-05.md"] == listed["MEMORY.md"] == f"not in the prompt of a {session} session"
    )


def test_the_layout_can_be_set_and_is_guessed_by_openclaws_own_files_alone(tmp_path: Path) -> None:
    assert read(tmp_path, "layout: roles").system.startswith("[SOUL.md]")
    few = build(tmp_path / "few", {"SOUL.md": "You are Bo.", "AGENTS.md": "Keep notes."})
    assert read_identity(few).how.startswith("by roles")
    build(few, {"selfscope.yaml": "layout: openclaw\nroles:\n  AGENTS.md: identity\n"})
    forced = read_identity(few)
    assert "## IDENTITY.md\n\n[MISSING] Expected at: IDENTITY.md" in forced.system
    assert reasons(forced)["IDENTITY.md"] == "not there: the prompt says that it is missing"
    assert "BOOTSTRAP.md" not in forced.system and "MEMORY.md" not in forced.system
    assert forced.roles == ("identity",)


def test_a_long_file_loses_its_middle_and_says_so(tmp_path: Path) -> None:
    lines = "\n".join(f"Line {n:04d} is kept." for n in range(2_000))
    reading = read(tmp_path, SOUL=lines)
    source = next(s for s in reading.used if s.path == "SOUL.md")
    part = next(p for p in reading.parts if p.source == "SOUL.md")
    text = reading.system[part.start : part.end].removeprefix("## SOUL.md\n\n")
    assert source.status == "truncated" and f"to {source.used:,} of {len(lines):,}" in source.reason
    assert 19_990 <= len(text) <= 20_000
    assert "\n[...truncated, read SOUL.md for full content...]\n…(truncated SOUL.md: kept " in text
    assert text.startswith("Line 0000") and text.endswith("Line 1999 is kept.")
    whole = [c for c in reading.claims if re.fullmatch(r"Line \d{4} is kept\.", c.text)]
    assert len(whole) > 900 and whole[-1].line == 2_000
    assert all(int(c.text.split()[1]) == c.line - 1 for c in whole)


@given(length=st.integers(30, 3_000), most=st.integers(1, 2_000))
def test_a_cut_text_is_never_longer_than_its_limit(length: int, most: int) -> None:
    text = "".join(chr(97 + n % 26) for n in range(length))
    cut = cut_middle(text, "SOUL.md", most)
    assert len(cut.head + cut.mark + cut.tail) <= most
    assert text.startswith(cut.head) and text.endswith(cut.tail)
    if most > 200 and length > most:
        assert len(cut.head + cut.mark + cut.tail) >= most - 6
        assert abs(len(cut.head) - 3 * len(cut.tail)) <= 12
        assert f"kept {len(cut.head)}+{len(cut.tail)} chars of {length}" in cut.mark


def test_the_total_is_used_up_in_the_order_of_loading(tmp_path: Path) -> None:
    reading = read(
        tmp_path, "limits: {file: 1000, total: 2500}", AGENTS="a" * 900, SOUL="s" * 900, TOOLS="t" * 900
    )
    status = {s.path: s.status for s in reading.sources}
    assert [status[n] for n in ("AGENTS.md", "SOUL.md", "TOOLS.md")] == ["used", "used", "truncated"]
    assert (
        reasons(reading)["IDENTITY.md"]
        == reasons(reading)["MEMORY.md"]
        == "the total limit was reached before it"
    )
    assert "## IDENTITY.md" not in reading.system


def test_a_file_of_over_two_mebibytes_counts_as_missing(tmp_path: Path) -> None:
    reading = read(tmp_path, USER="x" * (2 * 1024 * 1024 + 1))
    assert "## USER.md\n\n[MISSING]" in reading.system


def test_an_empty_file_is_skipped(tmp_path: Path) -> None:
    assert "USER.md" not in read(tmp_path, USER=" \n").system


NOTES = {f"memory__2026-01-{day:02d}": f"Note of day {day}." for day in (1, 4, 5)}


def test_the_notes_of_two_days_begin_a_session(tmp_path: Path) -> None:
    reading = read(tmp_path, **NOTES, **{"memory__2026-01-05-mail": "Of the ```mail```."})
    tail = reading.system[reading.system.index("[Startup context") :]
    assert tail == (
        "[Startup context loaded by runtime]\n\n"
        "[Untrusted daily memory: memory/2026-01-05.md]\nBEGIN_QUOTED_NOTES\n```text\nNote of day 5.\n```\n"
        "END_QUOTED_NOTES\n\n"
        "[Untrusted daily memory: memory/2026-01-05-mail.md]\nBEGIN_QUOTED_NOTES\n```text\n"
        "Of the \\`\\`\\`mail\\`\\`\\`.\n```\nEND_QUOTED_NOTES\n\n"
        "[Untrusted daily memory: memory/2026-01-04.md]\nBEGIN_QUOTED_NOTES\n```text\nNote of day 4.\n```\n"
        "END_QUOTED_NOTES"
    )
    assert "of another day than 2026-01-05 and 2026-01-04" in reasons(reading)["memory/2026-01-01.md"]


def test_the_day_and_the_beginning_can_be_set(tmp_path: Path) -> None:
    later = read(tmp_path, "today: 2026-01-02", **NOTES)
    assert "Note of day 1." in later.system and "Note of day 5." not in later.system
    off = read(tmp_path, "startup: false", **NOTES)
    assert "Note of day" not in off.system
    assert "read on demand" in reasons(off)["memory/2026-01-05.md"]
    assert "Note of day" not in read(tmp_path, "today: 0001-01-01", **NOTES).system


def test_long_notes_are_cut_and_too_many_are_left_out(tmp_path: Path) -> None:
    days = {f"memory__2026-01-05-{slug}": slug * 1_300 for slug in "abcdef"}
    reading = read(tmp_path, **days)
    used = {s.path: s for s in reading.used if s.role == "memory" and s.path != "MEMORY.md"}
    assert list(used) == [f"memory/2026-01-05-{slug}.md" for slug in "fed"]
    assert [s.used for s in used.values()][:2] == [1_200, 1_200]
    assert reading.system.endswith("END_QUOTED_NOTES\n...[additional startup memory truncated]...")
    start = reading.system.index("[Untrusted")
    assert len(reading.system) - start <= 2_800 + len("\n...[additional startup memory truncated]...") + 4
    assert "one of too many" in reasons(reading)["memory/2026-01-05-a.md"]
    huge = read(tmp_path, **{"memory__2026-01-09": "x" * 17_000})
    assert "over 16,384 bytes" in reasons(huge)["memory/2026-01-09.md"]
