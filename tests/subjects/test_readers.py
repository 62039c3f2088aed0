"""Texts and Markdown files are passed on as written; everything hostile gets a clear error."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfscope.errors import BadInput
from selfscope.subjects import Limits, Reading, describe, read_identity
from selfscope.values import canonical_json, content_id


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_markdown_is_passed_on_as_written(tmp_path: Path) -> None:
    text = "# Bo\n\nYou are **Bo**.\n\n- You keep bees.\n"
    reading = read_identity(write(tmp_path, "SOUL.md", text))
    assert (reading.kind, reading.name, reading.system) == ("markdown", "SOUL.md", text.strip())
    assert [c.text for c in reading.claims] == ["You are Bo.", "You keep bees."]
    assert reading.hash == content_id(text.strip())


def test_plain_text_keeps_what_looks_like_front_matter(tmp_path: Path) -> None:
    text = "---\nname: Bo\n---\nYou are Bo."
    assert read_identity(write(tmp_path, "prompt.txt", text)).system == text
    assert read_identity(write(tmp_path, "prompt", text)).kind == "text"


def test_front_matter_is_taken_off_and_reported(tmp_path: Path) -> None:
    path = write(
        tmp_path, "a.md", "---\nname: Bo\nwhen: 2026-01-01\ntags: [x, 1]\n---\n\n# Bo\n\nYou are Bo.\n"
    )
    reading = read_identity(path)
    assert reading.system == "# Bo\n\nYou are Bo."
    assert reading.front_matter == {"a.md": {"name": "Bo", "when": "2026-01-01", "tags": ["x", "1"]}}
    assert reading.claims[0].line == 9


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("a: [1", "line 3"),
        ("a: &x 1\nb: *x", "aliases"),
        ("a: " + "[" * 5_000, "nested too deeply"),
        ("? [a]\n: b", "unhashable"),
        ("a: \tb\n\tc: d", "broken"),
    ],
)
def test_broken_front_matter_says_what_and_where(tmp_path: Path, header: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_identity(write(tmp_path, "a.md", f"---\n{header}\n---\nYou are Bo."))


@pytest.mark.parametrize("text", ["---\nYou are Bo.", "---\nYou are Bo.\n---\nAnd you keep bees."])
def test_a_rule_of_markdown_is_no_front_matter(tmp_path: Path, text: str) -> None:
    reading = read_identity(write(tmp_path, "a.md", text))
    assert reading.system == text
    assert "read as text" in reading.notes[0]


@pytest.mark.parametrize(
    ("codec", "encoding"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with a byte order mark"),
        ("utf-16", "UTF-16"),
        ("utf-32", "UTF-32"),
    ],
)
def test_encodings_with_a_mark_are_read_and_named(tmp_path: Path, codec: str, encoding: str) -> None:
    reading = read_identity(write(tmp_path, "a.md", "You are Bø.\r\nYou keep bees.".encode(codec)))
    assert reading.system == "You are Bø.\nYou keep bees."
    assert reading.sources[0].encoding == encoding
    assert any("line feeds" in note for note in reading.notes)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.md", b"hello\n\xff bad", r"0xff at byte offset 6 \(line 2\)"),
        ("a.md", b"\xef\xbb\xbfab\xff", "byte offset 5"),
        ("a.md", b"\xff\xfea\x00\x00\xd8", "not valid UTF-16"),
        ("a.md", b"ab\0c", "zero byte at offset 2"),
        ("a.md", "ab\0c".encode("utf-16-le").join([b"\xff\xfe", b""]), "zero byte at offset 6"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\0\0", "zero byte at offset 8"),
        ("a.md", b"", "no words"),
        ("a.md", b" \n\t\n", "no words"),
        ("a.md", b"---\na: b\n---\n", "no words"),
        ("other.json", b"{}", "no character card"),
        ("brain.py", b"print(1)", "no reader"),
    ],
)
def test_what_is_not_text_is_refused_in_words(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_identity(write(tmp_path, name, content))


def test_fifty_megabytes_are_refused_without_reading_them(tmp_path: Path) -> None:
    path = tmp_path / "big.md"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    began = time.process_time()
    with pytest.raises(BadInput, match=r"larger than the limit of 1,000,000 bytes.*50,000,000"):
        read_identity(path)
    assert time.process_time() - began < 1


def test_a_missing_file_offers_names_nearby(tmp_path: Path) -> None:
    write(tmp_path, "SOUL.md", "You are Bo.")
    with pytest.raises(BadInput, match=r"Perhaps you mean .*SOUL\.md"):
        read_identity(tmp_path / "soul.md.txt")
    with pytest.raises(BadInput, match="no folder"):
        read_identity(tmp_path / "nowhere" / "SOUL.md")


@pytest.mark.parametrize("name", ["a\0b", "x" * 5_000, "\udcff.md", "new\nline.md"])
def test_odd_paths_are_errors_that_can_be_printed(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_identity(tmp_path / name)
    assert str(caught.value).isprintable()


def test_pipes_devices_and_loops_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "loop.md").symlink_to(tmp_path / "loop.md")
    (tmp_path / "zero.md").symlink_to("/dev/zero")
    for name, words in (("pipe.md", "named pipe"), ("loop.md", "symbolic links"), ("zero.md", "device")):
        with pytest.raises(BadInput, match=words):
            read_identity(tmp_path / name)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("." * 990_000, id="dots"),
        pytest.param("# " + " " * 900_000 + "x", id="blanks"),
        pytest.param("*" * 900_000, id="stars"),
        pytest.param("A. Bc. " * 140_000, id="sentences"),
        pytest.param("> " * 450_000, id="quotes"),
        pytest.param("#\n" * 400_000, id="headings"),
        pytest.param("_" * 400_000 + "a_b" * 150_000, id="marks"),
        pytest.param("`" * 900_000, id="ticks"),
        pytest.param("|" * 900_000, id="bars"),
        pytest.param("You are Bo " * 90_000, id="line"),
        pytest.param("- a\n" * 200_000, id="bullets"),
    ],
)
def test_hostile_text_is_read_in_time(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, "a.md", f"x\n\n{text}")
    began = time.process_time()
    describe(read_identity(path), claims=50)
    assert time.process_time() - began < 5


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400), name=st.sampled_from(["a.md", "a.txt", "SOUL.md"]))
def test_any_bytes_give_a_reading_or_a_named_error(tmp_path: Path, content: bytes, name: str) -> None:
    try:
        reading = read_identity(write(tmp_path, name, content))
    except BadInput as error:
        assert error.exit_code == 2
        return
    check(reading)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.text(st.sampled_from("ab. -#>*|`_\n\t:1)[]—é。"), max_size=200))
def test_claims_are_spans_of_the_system_prompt(tmp_path: Path, content: str) -> None:
    try:
        reading = read_identity(write(tmp_path, "a.md", content))
    except BadInput:
        return
    check(reading)


def check(reading: Reading) -> None:
    """Claims are in order, apart, inside the prompt; the reading can be hashed, shown and written."""
    end = 0
    for claim in reading.claims:
        assert end <= claim.start < claim.end <= len(reading.system)
        assert claim.line <= claim.end_line
        assert claim.text and claim.text == " ".join(claim.text.split())
        end = claim.end
    assert canonical_json(reading)
    assert describe(reading).isprintable() or "\n" in describe(reading)


def test_the_limit_is_the_callers(tmp_path: Path) -> None:
    path = write(tmp_path, "a.md", "You are Bo.")
    assert read_identity(path, Limits(file_bytes=11)).system == "You are Bo."
    with pytest.raises(BadInput, match="limit of 10 bytes"):
        read_identity(path, Limits(file_bytes=10))
