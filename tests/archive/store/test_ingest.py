"""Large files: pieces that are new, that are here, and that differ from a base, in any order."""

import hashlib
import threading

import numpy as np
import pytest

from selfscope.archive.store.archive import Archive
from selfscope.archive.store.vault import Vault
from selfscope.errors import CouldNot
from tests.archive.faults.place import safetensors

LENGTH = 700_001
"""Numbers in a tensor: its bytes are more than is held back, and no whole pages."""


def tensor(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1 << 16, LENGTH, dtype=np.uint16)


def write(path, **tensors: int):
    path.write_bytes(safetensors({name: tensor(seed) for name, seed in tensors.items()}))
    return path


@pytest.fixture
def archive(tmp_path):
    vault = Vault(tmp_path / "root" / "keys", tmp_path / "unwrapping")
    made = Archive.create(tmp_path / "root", vault=vault)
    made.add(write(tmp_path / "first.safetensors", a=1, b=2))
    return made


@pytest.mark.parametrize(
    ("tensors", "new"),
    [
        ({"a": 3, "b": 1, "c": 4}, 2),
        ({"a": 1, "b": 5, "c": 2, "d": 6}, 2),
        ({"a": 7, "b": 7, "c": 8}, 2),
        ({"a": 2, "b": 1}, 0),
        ({"a": 9, "b": 10, "c": 11, "d": 12, "e": 13, "f": 14, "g": 1}, 6),
    ],
)
def test_what_is_new_is_stored_once_and_all_of_it_comes_back(archive, tmp_path, tensors, new):
    source = write(tmp_path / "next.safetensors", **tensors)
    added = archive.add(source)
    archive.get(added.content, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == source.read_bytes()
    assert archive.verify(level="deep").ok
    assert new * 2 * LENGTH <= added.stored < new * 2 * LENGTH + 20_000


def test_its_digests_are_those_of_the_whole_file(archive, tmp_path):
    source = write(tmp_path / "next.safetensors", a=3, b=1, c=4)
    added = archive.add(source)
    (file,) = archive.holding(archive.holdings(added.content)[0].holding).manifest.files
    assert file.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()


def test_a_delta_between_new_pieces_comes_back(archive, tmp_path):
    near = tensor(2) ^ np.uint16(1)
    source = tmp_path / "tune.safetensors"
    source.write_bytes(safetensors({"a": tensor(20), "b": near, "c": tensor(21)}))
    first = archive.index.holdings()[0].content
    added = archive.add(source, base=first)
    assert added.base == first and added.stored < 2.5 * 2 * LENGTH
    archive.get(added.content, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == source.read_bytes()


def test_in_a_domain_it_comes_back_and_shares_nothing_with_the_clear(archive, tmp_path):
    archive.open_domain("d")
    source = write(tmp_path / "secret.safetensors", a=1, b=30)
    added = archive.add(source, domain="d")
    assert added.stored > 2 * 2 * LENGTH
    archive.get(added.content, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == source.read_bytes()


def test_a_refused_write_of_the_other_thread_is_told_and_nothing_stays(archive, tmp_path):
    source, writes, threads = (
        write(tmp_path / "next.safetensors", a=3, b=4, c=5),
        [],
        threading.active_count(),
    )

    def step(name, path):
        if name == "write" and path.name.startswith("object"):
            writes.append(path)
            if len(writes) == 2:
                raise OSError(28, "No space left on device")

    archive.disk.step = step
    with pytest.raises(CouldNot, match="write"):
        archive.add(source)
    assert len(writes) == 2 and threading.active_count() == threads
    assert not list((archive.root / "staging").iterdir()) and len(archive.index.holdings()) == 1
    archive.disk.step = lambda name, path: None
    assert not archive.add(source).known and archive.verify().ok
