"""CHARX: one entry of a zip is unpacked, in memory; everything that could hurt is refused first."""

from __future__ import annotations

import io
import json
import struct
import time
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from subjects_cards import charx, v2, v3

from selfscope.errors import BadInput
from selfscope.subjects import Reading, read_identity

CARD = json.dumps(v3())


def read(folder: Path, data: bytes) -> Reading:
    path = folder / "ilse.charx"
    path.write_bytes(data)
    return read_identity(path)


def test_the_card_is_read_and_the_rest_is_counted(tmp_path: Path) -> None:
    files = {"card.json": CARD, "assets/icon/images/main.png": b"x", "module.risum": b"y"}
    reading = read(tmp_path, charx(files))
    assert reading.system.startswith("You are Ilse.")
    assert "version 3, from CHARX" in reading.how
    assert {s.path: s.reason for s in reading.dropped}["2 further files"].endswith("not unpacked")
    assert [p.name for p in tmp_path.iterdir()] == ["ilse.charx"]


def test_stored_entries_and_older_cards_are_read(tmp_path: Path) -> None:
    reading = read(tmp_path, charx({"card.json": json.dumps(v2())}, zipfile.ZIP_STORED))
    assert any("a CHARX with a card of version 2" in note for note in reading.notes)


@pytest.mark.parametrize(
    "name", ["../out.md", "a/../../out.md", "/etc/out", "C:/out", "..\\out.md", "\\\\host\\x"]
)
def test_an_entry_that_leads_out_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(BadInput, match="leads out of it; nothing was unpacked"):
        read(inner, charx({"card.json": CARD, name: "pwned"}))
    assert [p.name for p in tmp_path.rglob("*")] == ["inner", "ilse.charx"]


@pytest.mark.parametrize("claimed", [None, 10])
def test_a_bomb_is_stopped_whatever_it_says_of_its_size(tmp_path: Path, claimed: int | None) -> None:
    data = charx({"card.json": b" " * 60_000_000 + CARD.encode()})
    if claimed is not None:
        at = data.rindex(b"PK\x01\x02") + 24
        data = data[:at] + struct.pack("<I", claimed) + data[at + 4 :]
    began = time.process_time()
    with pytest.raises(BadInput, match=r"unpacks to more than 1,000,000 bytes|cannot be unpacked|not JSON"):
        read(tmp_path, data)
    assert time.process_time() - began < 5


def test_a_bomb_beside_the_card_is_not_unpacked(tmp_path: Path) -> None:
    data = charx({"card.json": CARD, "assets/big": b"\0" * 60_000_000})
    began = time.process_time()
    assert read(tmp_path, data).system
    assert time.process_time() - began < 2


def test_a_million_entries_are_refused_before_they_are_listed(tmp_path: Path) -> None:
    whole = charx({"card.json": CARD, "a": ""})
    start, end = whole.rindex(b"PK\x01\x02"), whole.rindex(b"PK\x05\x06")
    began = time.process_time()
    with pytest.raises(BadInput, match="more than 20,000 entries"):
        read(tmp_path, whole[:end] + whole[start:end] * 1_000_000 + whole[end:])
    assert time.process_time() - began < 3


def with_flag(data: bytes) -> bytes:
    """Return a zip whose first entry says that it is encrypted."""
    changed = bytearray(data)
    changed[6] |= 1
    changed[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


def twice() -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as package:
        warnings.simplefilter("ignore")
        package.writestr("card.json", CARD)
        package.writestr("card.json", json.dumps(v2()))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "cannot be unpacked"),
        (b"PK\x03\x04" + b"\0" * 40, "cannot be unpacked"),
        (charx({"card.json": CARD})[:-30], "cannot be unpacked"),
        (charx({"a/card.json": CARD}), "holds no card.json at its root"),
        (charx({"CARD.JSON": CARD}), "holds no card.json"),
        (twice(), "holds 2 times card.json"),
        (with_flag(charx({"card.json": CARD})), "encrypted"),
        (charx({"card.json": CARD}, zipfile.ZIP_LZMA), "unusual way"),
        (charx({"card.json": "{"}), "not JSON"),
        (charx({"card.json": b"\xff"}), "not valid UTF-8"),
        (charx({"card.json": "[1]"}), "no JSON object"),
    ],
)
def test_what_is_broken_says_so(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read(tmp_path, data)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 3_000), byte=st.integers(0, 255), end=st.integers(0, 3_000))
def test_any_changed_byte_and_any_cut_is_a_reading_or_a_named_error(
    tmp_path: Path, at: int, byte: int, end: int
) -> None:
    whole = charx({"card.json": CARD, "assets/a": b"x"})
    changed = bytearray(whole)
    changed[at % len(whole)] = byte
    for data in (bytes(changed), whole[: end % len(whole)]):
        try:
            assert read(tmp_path, data).system
        except BadInput as error:
            assert error.what
