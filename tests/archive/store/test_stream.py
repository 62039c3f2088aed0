"""What goes to the disk past the system's cache is what would have gone through it, and refusals are told."""

import mmap
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfscope.archive.journal.disk import EARLY, Disk
from selfscope.archive.store.ring import Ring
from selfscope.archive.store.stream import PAGE, Stream
from selfscope.errors import CouldNot

LONG = bytes(range(251)) * (3 * EARLY // 251)
MOST = EARLY + PAGE + len(LONG)


class Counting(Disk):
    """Notes how many bytes each write gets, and refuses one of them."""

    def __init__(self, refused: int = 0) -> None:
        self.sizes: list[tuple[int, bool]] = []
        self.refused = refused

    def write(self, opened, data, *, past_cache=False):
        self.sizes.append((len(data), past_cache))
        if len(self.sizes) == self.refused:
            raise CouldNot("the disk is full")
        super().write(opened, data, past_cache=past_cache)


def streamed(disk, path, parts):
    """Write parts, each from a slot (True) or from anywhere (False); return what is then in the file."""
    opened, ring, at, whole = disk.create(path), Ring(2, MOST), 0, b""
    try:
        with ThreadPoolExecutor(1) as lane:
            stream = Stream(disk, opened, lane)
            for size, laid in parts:
                data = LONG[at % 97 :][:size]
                at, whole = at + 31, whole + data
                if laid:
                    slot = ring.take()
                    slot.memory[stream.room : stream.room + len(data)] = data
                    stream.write(slot, len(data))
                else:
                    stream.append(data)
            stream.end()
        disk.sync(opened)
    finally:
        disk.close(opened)
    assert path.read_bytes() == whole
    return whole


sizes = st.one_of(
    st.integers(0, 3 * PAGE),
    st.integers(EARLY - PAGE, EARLY + PAGE),
    st.sampled_from([2 * EARLY, 2 * EARLY + 1]),
)


@given(st.lists(st.tuples(sizes, st.sampled_from([True, True, True, False])), max_size=6))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_file_holds_what_was_written_in_its_order(tmp_path, parts):
    streamed(Disk(), tmp_path / "file", parts)
    (tmp_path / "file").unlink()


def test_whole_pages_go_past_the_cache_and_only_the_rest_through_it(tmp_path):
    disk = Counting()
    whole = streamed(disk, tmp_path / "file", [(2 * EARLY + 5, True), (9, True), (EARLY, True)])
    assert [past for _, past in disk.sizes] == [True, True, False]
    assert all(size % PAGE == 0 for size, past in disk.sizes if past)
    assert sum(size for size, _ in disk.sizes) == len(whole)


def test_after_a_refusal_nothing_more_is_written_and_it_is_told(tmp_path):
    disk = Counting(refused=2)
    with pytest.raises(CouldNot, match="full"):
        streamed(disk, tmp_path / "file", [(EARLY, True)] * 2 + [(10, True)])
    assert len(disk.sizes) == 2 and (tmp_path / "file").stat().st_size == EARLY


def test_borders_that_a_file_system_does_not_take_are_written_as_usual(tmp_path):
    disk, memory = Disk(), memoryview(mmap.mmap(-1, 4 * PAGE))
    memory[:] = LONG[: 4 * PAGE]
    opened = disk.create(tmp_path / "file")
    for part in (memory[1:PAGE], memory[: 2 * PAGE], memory[7 : PAGE + 8]):
        disk.write(opened, part, past_cache=True)
    disk.close(opened)
    assert (tmp_path / "file").read_bytes() == bytes(memory[1:PAGE]) + bytes(memory[: 2 * PAGE]) + bytes(
        memory[7 : PAGE + 8]
    )
