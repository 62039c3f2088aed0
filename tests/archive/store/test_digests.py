"""Digests of files: those of blake3, in the order asked, no more files begun than there are cores."""

from __future__ import annotations

import mmap
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from selfscope.archive.store import digests as module
from selfscope.archive.store.digests import digests, file_digest, take_mapped
from selfscope.errors import SelfscopeError

PAGE = mmap.PAGESIZE


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def files(folder: Path, sizes: list[int]) -> list[tuple[int, Path, int]]:
    found = []
    for number, size in enumerate(sizes):
        path = folder / str(number)
        path.write_bytes(noise(size))
        found.append((number, path, size))
    return found


def test_small_and_large_files_come_in_order_with_the_digests_of_blake3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WINDOW", 1 << 20)  # else a large file would take 64 MiB
    given = files(tmp_path, [0, 1, 700_000, 1 << 20, 3, (1 << 20) + 1, 5])
    wanted = [(key, "b3:" + blake3(path.read_bytes()).hexdigest()) for key, path, _ in given]
    assert list(digests(given)) == wanted


def test_a_file_of_several_windows_has_the_digest_of_its_bytes(tmp_path: Path) -> None:
    data = noise(5 * PAGE + 1)
    (tmp_path / "file").write_bytes(data)
    hasher = blake3()
    with (tmp_path / "file").open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    assert take_mapped(hasher, mapped, 2 * PAGE) == len(data)
    assert hasher.hexdigest() == blake3(data).hexdigest()


def test_a_page_that_cannot_be_brought_ends_the_mapping_and_not_the_process(tmp_path: Path) -> None:
    data = noise(6 * PAGE)
    (tmp_path / "file").write_bytes(data)
    hasher = blake3()
    with (tmp_path / "file").open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        file.truncate(3 * PAGE)  # a page beyond the end is one that the disk cannot give
    assert take_mapped(hasher, mapped, 2 * PAGE) == 2 * PAGE
    assert hasher.hexdigest() == blake3(data[: 2 * PAGE]).hexdigest()


def test_what_could_not_be_mapped_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WINDOW", 2 * PAGE)
    monkeypatch.setattr(module, "_POPULATE_READ", -1)  # as a kernel that does not know it answers
    data = noise(5 * PAGE + 7)
    (tmp_path / "file").write_bytes(data)
    assert file_digest(tmp_path / "file") == "b3:" + blake3(data).hexdigest()


def test_a_file_that_is_gone_is_said_in_its_place_and_the_rest_goes_on(tmp_path: Path) -> None:
    given = files(tmp_path, [10, 20, 30])
    given[1][1].unlink()
    first, second, third = (found for _, found in digests(given))
    assert isinstance(second, SelfscopeError)
    assert isinstance(first, str)
    assert isinstance(third, str)


def test_the_next_file_is_asked_for_only_when_a_core_is_free(tmp_path: Path) -> None:
    given, asked = files(tmp_path, [10] * 40), 0

    def counted() -> Iterator[tuple[int, Path, int]]:
        nonlocal asked
        for each in given:
            asked += 1
            yield each

    next(iter(digests(counted())))
    assert asked == len(os.sched_getaffinity(0)) + 1
