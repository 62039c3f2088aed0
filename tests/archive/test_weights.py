"""Safetensors is read without believing it, and what runs code is known without being opened."""

import io
import json
import pickle
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from selfscope.archive.weights import LONGEST_HEADER, read_header, runs_code
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


@pytest.mark.parametrize("name", ["../../etc/x", "/abs", "a/../b", "a\0b", "..\\x", "C:/x", "", "a\nb"])
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


def test_an_empty_alias_is_allowed_and_named():
    data = made(json.dumps({"a": entry(), "z": entry(4, 4, (0,))}), bytes(4))
    assert header_of(data).empty == ("z",)


@given(st.binary(max_size=200))
def test_noise_is_refused_or_read(data):
    try:
        assert header_of(data).length <= len(data)
    except BadInput as error:
        assert error.what


class Canary:
    """Leaves a trace when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def zipped(name):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(name, b"x")
    return packed.getvalue()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_known_by_its_bytes_and_never_opened(tmp_path, protocol):
    canary = tmp_path / "sung"
    data = pickle.dumps(Canary(canary), protocol)
    assert runs_code("model.safetensors", io.BytesIO(data))
    assert not canary.exists()


@pytest.mark.parametrize(
    "name, data",
    [
        ("m.pt", b""),
        ("m.PTH", b"anything"),
        ("a/b.keras", b""),
        ("m.bin", zipped("archive/data.pkl")),
        ("m.zip", zipped("deep/inside.pickle")),
        ("m.npz", zipped("a.npy")),
        ("m.dat", b"\x89HDF\r\n\x1a\n..."),
        ("m.dat", b"PK\x03\x04 cut"),
        ("m.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False}"),
    ],
)
def test_what_may_run_code_is_known(name, data):
    assert runs_code(name, io.BytesIO(data))


@pytest.mark.parametrize(
    "name, data",
    [
        ("config.json", b'{"a": 1}'),
        ("modeling.py", b"class A: pass"),
        ("model.safetensors", save({"a": np.ones(3, np.float32)})),
        ("a.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False}"),
        ("doc.zip", zipped("readme.txt")),
        ("character.md", b"contents\nof a file"),
    ],
)
def test_what_is_data_is_let_through(name, data):
    assert runs_code(name, io.BytesIO(data)) == ""
