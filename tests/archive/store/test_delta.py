"""A delta gives back exactly what went in, or nothing."""

import struct

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from selfscope.archive.store import delta
from selfscope.errors import BadInput, CouldNot


@given(st.binary(max_size=300), st.sampled_from(delta.WIDTHS), st.randoms())
def test_what_went_in_comes_out(base, width, chance):
    target = bytes(each ^ chance.choice([0, 0, 1, 255]) for each in base)
    assert delta.decode(delta.encode(target, base, width), base) == target


def test_a_small_fine_tune_takes_few_bytes():
    draw = np.random.default_rng(0)
    base = draw.normal(0, 0.02, 100_000).astype(np.float32)
    tuned = base + draw.normal(0, 1e-6, base.size).astype(np.float32)
    as_bf16 = [(each.view(np.uint32) >> 16).astype(np.uint16).tobytes() for each in (base, tuned)]
    frame = delta.encode(as_bf16[1], as_bf16[0], 2)
    assert len(frame) < 0.05 * len(as_bf16[1])


@pytest.mark.parametrize("place", range(0, 140, 3))
def test_a_flipped_bit_is_found(place):
    base = bytes(range(256)) * 4
    frame = bytearray(delta.encode(base[::-1], base, 2))
    frame[place % len(frame)] ^= 1
    with pytest.raises(CouldNot):
        delta.decode(bytes(frame), base)


def test_another_base_is_refused():
    frame = delta.encode(b"abcd", b"abce", 2)
    with pytest.raises(CouldNot, match="another base"):
        delta.decode(frame, b"abcf")


def test_a_frame_that_lies_about_its_size_is_not_unpacked():
    frame = delta.encode(b"a" * 64, b"b" * 64, 1)
    bomb = zstandard.ZstdCompressor().compress(bytes(10_000_000))
    start = len(frame) - len(zstandard.ZstdCompressor(level=delta.LEVEL).compress(bytes(64)))
    head = frame[: 16 + struct.calcsize("<QQB32s32s")]
    assert start > 0
    with pytest.raises(CouldNot, match="lies about its size"):
        delta.decode(head + bomb, b"b" * 64)


def test_unequal_sizes_are_no_delta():
    with pytest.raises(BadInput):
        delta.encode(b"abc", b"ab", 1)
