"""What runs code when it is opened is known without being opened."""

import io
import os
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from selfscope.archive.exchange.ocfl import export, import_
from selfscope.archive.journal.events import ContentAdded
from selfscope.archive.store.archive import Archive
from selfscope.archive.store.executable import HEAD, runs_code
from selfscope.errors import BadInput


class Canary:
    """Leaves a trace when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


def zipped(name):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(name, b"x")
    return packed.getvalue()


def array(described):
    header = f"{{'descr': {described}, 'fortran_order': False, 'shape': (1,)}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


def saved(values):
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_known_by_its_bytes_and_never_opened(tmp_path, protocol):
    canary = tmp_path / "sung"
    file = io.BytesIO(pickle.dumps(Canary(canary), protocol))
    assert runs_code("model.safetensors", file) and file.tell() == 0
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
        ("m.dat", b"prefix" + zipped("model/weights.pt")),
        ("m.npy", array("'|O'")),
        ("m.npy", array('"O"')),
        ("m.npy", array("'object'")),
        ("m.npy", array("'<f4,O'")),
        ("m.npy", array("[('a', '<f4'), ('b', '|O')]")),
        ("m.npy", array("[('a', [('b', 'O8')])]")),
        ("m.npy", array("'<f4'")[:20]),
        ("m.npy", array("__import__('os')")),
        ("m.npy", array("[" * 20_000)),
        ("m.dat", b"S'ls'\np0\n0cos\nsystem\n(g0\ntR."),
        ("m.dat", b"(S'ls'\nios\nsystem\n."),
        ("m.dat", b"cos\nsystem\n(S'ls'\ntRS'" + b"a" * HEAD + b"'\n."),
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
        ("a.npy", saved(np.ones(3, np.float32))),
        ("a.npy", saved(np.zeros(2, [("a", "<f4"), ("b", "<U3", (2,)), ("c", [("d", "<M8[ns]")])]))),
        ("requirements.txt", b"certifi\nclick\ncolorama\n"),
        ("names.txt", b"carol\ndave\n"),
        ("ignore", b"cache\nbuild\n.venv\n"),
        ("long.txt", b"The text " * (HEAD // 4)),
        ("doc.zip", zipped("readme.txt")),
        ("character.md", b"contents\nof a file"),
    ],
)
def test_what_is_data_is_let_through(name, data):
    assert runs_code(name, io.BytesIO(data)) == ""


@settings(max_examples=200)
@given(st.binary(max_size=400), st.sampled_from([b"", b"c", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"(lp0\n"]))
def test_noise_is_answered(noise, before):
    assert isinstance(runs_code("m.bin", io.BytesIO(before + noise)), str)


def test_bytes_that_would_make_a_reader_warn_are_answered():
    assert runs_code("m.bin", io.BytesIO(b"cc\n\\ \nS'\\ '\n")) == ""


def sings(canary, kind):
    """Return bytes that leave a trace when a reader of their format opens them."""
    song = pickle.dumps(Canary(canary), 2)
    if kind == "zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as file:
            file.writestr("archive/data.pkl", song)
        return packed.getvalue()
    if kind == "array":
        return array("'|O'") + song
    return song


@pytest.mark.parametrize(
    "name, kind",
    [
        ("model.pkl", "plain"), ("model.pt", "zip"), ("model.pt2", "zip"), ("pytorch_model.bin", "zip"),
        ("model.joblib", "plain"), ("model.npy", "array"), ("model.keras", "zip"), ("notes.txt", "plain"),
    ],
)  # fmt: skip
def test_the_canary_stays_silent_on_every_way_through_an_archive(tmp_path, name, kind):
    canary, folder = tmp_path / "sung", tmp_path / "in"
    folder.mkdir()
    (folder / name).write_bytes(sings(canary, kind))
    (folder / "config.json").write_text("{}")
    archive = Archive.create(tmp_path / "root")
    with pytest.raises(BadInput, match="run code"):
        archive.add(folder)
    assert not any(isinstance(event, ContentAdded) for event in archive.events())
    kept = archive.add(folder, quarantine=True)
    [told] = [event for event in archive.events() if isinstance(event, ContentAdded)]
    assert told.quarantined
    archive.get(kept.content, tmp_path / "out")
    assert archive.verify(level="deep").ok
    bundle = export(archive, (kept.content,), tmp_path / "bundle")
    import_(Archive.create(tmp_path / "other"), bundle.path)
    assert (tmp_path / "out" / name).read_bytes() == (folder / name).read_bytes()
    assert not canary.exists()


def test_the_canary_can_sing(tmp_path):
    """Or its silence would say nothing."""
    pickle.loads(sings(tmp_path / "sung", "plain"))
    assert (tmp_path / "sung").is_dir()
