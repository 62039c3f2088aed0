"""Safetensors is read without believing it, and what runs code is known without being opened."""

import io
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from selfscope.archive.store.weights import LONGEST_HEADER, read_header
from selfscope.errors import BadInput


def header_of(data):
    return read_header(io.BytesIO(data).read, len(data))


def made(text, data=b""):
    raw = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(raw)) + raw + data


def entry(start=0, stop=4, shape=(1,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, stop]}


def test_tensors_come_in_the_order_of_their_data():
    data = save({"b": np.ones((2, 3), np.float32), "a": np.zeros(5, np.float16)}, {"made": "here"})
    header = header_of(data)
    assert {t.name: data[t.start : t.stop] for t in header.tensors} == {
        "b": np.ones((2, 3), np.float32).tobytes(),
        "a": np.zeros(5, np.float16).tobytes(),
    }
    assert header.tensors[0].start == header.length and header.tensors[-1].stop == len(data)
    assert {t.name: t.width for t in header.tensors} == {"a": 2, "b": 4}
    assert header.metadata == {"made": "here"}


def test_the_library_takes_two_tensors_of_one_name_and_we_do_not():
    from safetensors import deserialize

    twice = '{"w":%s,"w":%s}' % (json.dumps(entry(0, 4)), json.dumps(entry(4, 8)))  # noqa: UP031
    one = made('{"w":%s,"w":%s}' % (json.dumps(entry(0, 4)), json.dumps(entry(0, 4))), bytes(4))  # noqa: UP031
    assert len(deserialize(one)) == 1
    for data in (one, made(twice, bytes(8))):
        with pytest.raises(BadInput, match="one name"):
            header_of(data)


@pytest.mark.parametrize(
    "name", ["../../x", "/abs", "a/../b", "a\0b", "..\\x", "C:/x", "", "a\nb", "\x7f", "C:\\x"]
)
def test_a_name_that_is_a_path_is_refused(name):
    with pytest.raises(BadInput, match="name of a tensor"):
        header_of(made(json.dumps({name: entry()}), bytes(4)))


@pytest.mark.parametrize(
    "data, why",
    [
        (b"", "too short"),
        (struct.pack("<Q", 2**63), "longer"),
        (struct.pack("<Q", LONGEST_HEADER + 1) + b"{}", "longer"),
        (made("{"), "no JSON"),
        (made(b"\xff\xfe"), "no JSON"),
        (made("[" * 100_000), "no JSON"),
        (made("[]"), "no table"),
        (made(" {}"), "no table"),
        (made('{"a": ' + "1" * 5000 + "}"), "no JSON"),
        (made(json.dumps({"a": entry(dtype=["F32"])}), bytes(4)), "not described"),
        (made(json.dumps({"a": [0, 4]}), bytes(4)), "not described"),
        (made(json.dumps({"a": entry(shape=(1.0,))}), bytes(4)), "counts"),
        (made(json.dumps({"a": entry(shape=(2**40, 2**40, 0))}), b""), "larger"),
        (made(json.dumps({"a": {**entry(), "data_offsets": [4, 0]}}), bytes(4)), "another size"),
        (made('{"a": NaN}'), "no number"),
        (made(json.dumps({"a": entry()})), "do not fill"),
        (made(json.dumps({"a": entry()}), bytes(5)), "do not fill"),
        (made(json.dumps({"a": entry(), "b": entry(2, 6)}), bytes(6)), "overlap"),
        (made(json.dumps({"a": entry(), "b": entry(8, 12)}), bytes(12)), "hole"),
        (made(json.dumps({"a": entry(shape=(2**40, 2**40))}), bytes(4)), "larger"),
        (made(json.dumps({"a": entry(shape=(3,))}), bytes(4)), "another size"),
        (made(json.dumps({"a": entry(shape=(-1,))}), bytes(4)), "counts"),
        (made(json.dumps({"a": entry(dtype="PICKLE")}), bytes(4)), "not described"),
        (made(json.dumps({"a": {**entry(), "more": 1}}), bytes(4)), "counts"),
        (made(json.dumps({"__metadata__": {"a": 1}})), "metadata"),
    ],
)
def test_a_broken_header_is_refused(data, why):
    with pytest.raises(BadInput, match=why):
        header_of(data)


@pytest.mark.parametrize("name", ["kernel:0", "layer/kernel:0", "a.b.weight", "a/b", "größe", "a..b"])
def test_a_name_that_is_only_a_name_is_kept(name):
    assert [t.name for t in header_of(made(json.dumps({name: entry()}), bytes(4))).tensors] == [name]


def test_a_name_that_no_text_can_hold_is_refused():
    with pytest.raises(BadInput, match="name of a tensor"):
        header_of(made('{"\\ud800": %s}' % json.dumps(entry()), bytes(4)))  # noqa: UP031


def test_an_empty_alias_is_allowed_and_named():
    data = made(json.dumps({"a": entry(), "z": entry(4, 4, (0,))}), bytes(4))
    assert header_of(data).empty == ("z",)


@given(st.binary(max_size=200))
def test_noise_is_refused_or_read(data):
    try:
        assert header_of(data).length <= len(data)
    except BadInput as error:
        assert error.what
