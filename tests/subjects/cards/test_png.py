"""Cards in pictures: chunks, checksums, packed texts, two cards in one file."""

from __future__ import annotations

import base64
import json
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from subjects_cards import V1, chunk, itext, png, text, v2, v3

from selfscope.errors import BadInput
from selfscope.subjects import Reading, read_identity

JSON = json.dumps(v3()).encode()
BASE64 = base64.b64encode(JSON)


def read(folder: Path, data: bytes, name: str = "ilse.png") -> Reading:
    (folder / name).write_bytes(data)
    return read_identity(folder / name)


@pytest.mark.parametrize(
    ("data", "how"),
    [
        (png(text("chara", V1)), "version 1, from PNG (chara)"),
        (png(text("chara", v2())), "version 2, from PNG (chara)"),
        (png(text("Chara", v2())), "version 2, from PNG (chara)"),
        (png(text("ccv3", v3())), "version 3, from PNG (ccv3)"),
        (png(itext("ccv3", BASE64)), "version 3, from PNG (ccv3)"),
        (png(itext("ccv3", JSON, packed=True)), "version 3, from PNG (ccv3)"),
        (png(chunk(b"zTXt", b"ccv3\0\0" + zlib.compress(BASE64))), "version 3, from PNG (ccv3)"),
        (
            png(chunk(b"tEXt", b"ccv3\0" + b"\n".join([BASE64[:40], BASE64[40:]]))),
            "version 3, from PNG (ccv3)",
        ),
    ],
)
def test_cards_are_found_wherever_a_png_holds_text(tmp_path: Path, data: bytes, how: str) -> None:
    reading = read(tmp_path, data)
    assert how in reading.how
    assert reading.system.startswith("You are Ilse.\n\nIlse keeps a lighthouse")
    assert read(tmp_path, data, "ilse.APNG").system == reading.system


def test_of_two_cards_the_newer_is_read_and_the_difference_said(tmp_path: Path) -> None:
    same = read(tmp_path, png(text("chara", v2()), text("ccv3", v3())))
    assert any("they say the same; ccv3 is read" in note for note in same.notes)
    apart = read(tmp_path, png(text("chara", v2(description="Another.")), text("ccv3", v3())))
    assert any("they differ in description; ccv3 is read" in note for note in apart.notes)
    assert apart.system == same.system


def test_a_keyword_with_the_wrong_version_is_said(tmp_path: Path) -> None:
    assert any("ccv3 holds a card of version 2" in n for n in read(tmp_path, png(text("ccv3", v2()))).notes)
    assert any("chara holds a card of version 3" in n for n in read(tmp_path, png(text("chara", v3()))).notes)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "does not begin as a PNG"),
        (b"GIF89a", "does not begin as a PNG"),
        (png(), "carries no character card.*no texts at all"),
        (png(chunk(b"tEXt", b"Comment\0hello")), "carries no character card.*Comment"),
        (png(text("chara", v2()))[:-20], "cut off"),
        (png(text("chara", v2()))[:200], "cut off"),
        (png(text("chara", v2()))[:-12], "cut off"),
        (png(chunk(b"tEXt", b"chara\0" + BASE64, crc=1)), "damaged: its checksum"),
        (png(chunk(b"tEXt", b"nokeyword")), "no keyword"),
        (png(chunk(b"tEXt", b"chara\0!!!!")), "not valid base64"),
        (png(chunk(b"tEXt", b"chara\0" + base64.b64encode(b"\xff\xfe\xfa"))), "not valid UTF-16"),
        (png(chunk(b"tEXt", b"chara\0" + base64.b64encode(b"{"))), "not JSON.*chara"),
        (png(text("chara", v2()), text("chara", v2(name="Bo"))), "2 different cards named chara"),
        (png(text("chara", v2()), chunk(b"tEXt", b"ccv3\0!")), "not valid base64.*ccv3"),
        (png(chunk(b"zTXt", b"chara\0\0abc")), "packed text of the PNG is damaged"),
        (png(chunk(b"zTXt", b"chara\0\0" + zlib.compress(BASE64)[:-9])), "cut off"),
        (png(chunk(b"12\0!", b"")), "no chunk begins"),
        (png()[:8] + b"\xff\xff\xff\xffIHDR", "cut off"),
    ],
)
def test_damage_says_what_is_wrong(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read(tmp_path, data)


def test_a_packed_text_that_would_never_end_is_stopped(tmp_path: Path) -> None:
    bomb = zlib.compress(b"A" * 60_000_000, 9)
    began = time.process_time()
    with pytest.raises(BadInput, match="larger than 2,000,000 bytes"):
        read(tmp_path, png(chunk(b"zTXt", b"chara\0\0" + bomb)))
    assert time.process_time() - began < 5


def test_a_damaged_picture_with_a_whole_card_is_read_and_said(tmp_path: Path) -> None:
    data = png(text("ccv3", v3()), chunk(b"eXIf", b"x", crc=0)) + b"trailing"
    notes = read(tmp_path, data).notes
    assert any("the picture itself is damaged (eXIf)" in n for n in notes)
    assert any("8 bytes after the end" in n for n in notes)


def test_many_chunks_are_walked_in_time(tmp_path: Path) -> None:
    began = time.process_time()
    read(tmp_path, png(chunk(b"zTXt", b"k\0\0v") * 190_000 + text("ccv3", v3())))
    with pytest.raises(BadInput, match="more than 200,000 chunks"):
        read(tmp_path, png(chunk(b"aaAa", b"") * 2_000_000))
    assert time.process_time() - began < 5


def test_bombs_under_other_names_are_not_unpacked_and_many_cards_are_refused(tmp_path: Path) -> None:
    bomb = zlib.compress(b"A" * 2_000_000, 9)
    began = time.process_time()
    assert read(tmp_path, png(chunk(b"zTXt", b"other\0\0" + bomb) * 2_000, text("ccv3", v3()))).system
    with pytest.raises(BadInput, match="more than 4 cards"):
        read(tmp_path, png(chunk(b"zTXt", b"chara\0\0" + bomb) * 2_000))
    assert time.process_time() - began < 5


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 3_000), byte=st.integers(0, 255), end=st.integers(0, 3_000))
def test_any_changed_byte_and_any_cut_is_a_reading_or_a_named_error(
    tmp_path: Path, at: int, byte: int, end: int
) -> None:
    whole = png(text("chara", v2()), text("ccv3", v3()))
    changed = bytearray(whole)
    changed[at % len(whole)] = byte
    for data in (bytes(changed), whole[: end % len(whole)]):
        try:
            assert read(tmp_path, data).system
        except BadInput as error:
            assert error.what
