"""A tree that somebody hostile has made is refused, or stored as it was when it was looked at."""

import os
import socket
import stat
import time
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from selfscope.archive.journal.disk import Disk
from selfscope.archive.journal.events import ContentAdded
from selfscope.archive.store.archive import Archive
from selfscope.archive.store.bring import bring
from selfscope.archive.store.filenames import folded, refuse_collisions
from selfscope.errors import BadInput, CouldNot


@pytest.fixture
def tree(tmp_path):
    top = tmp_path / "tree"
    (top / "sub").mkdir(parents=True)
    (top / "a.txt").write_text("first")
    (top / "sub" / "b.txt").write_text("second")
    return top


def link_to_file(top):
    (top / "link").symlink_to("/etc/passwd")


def link_to_directory(top):
    (top / "link").symlink_to("/etc")


def link_to_nothing(top):
    (top / "link").symlink_to("nowhere")


def link_to_itself(top):
    (top / "link").symlink_to(top)


def fifo(top):
    os.mkfifo(top / "sub" / "pipe")


def listening(top):
    here = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(f"/proc/self/fd/{here}/socket")  # the path itself may be too long for a socket
    os.close(here)


def newline(top):
    (top / "a\nb").write_text("x")


def backslash(top):
    (top / "..\\x").write_text("x")


def no_text(top):
    (top / os.fsdecode(b"\xff\xfe")).write_text("x")


def other_case(top):
    (top / "A.TXT").write_text("x")


def other_normalisation(top):
    (top / "\u00e9").write_text("x")
    (top / "e\u0301").write_text("x")


def directory_of_other_case(top):
    (top / "SUB").mkdir()
    (top / "SUB" / "c.txt").write_text("x")


@pytest.mark.parametrize(
    "make",
    [
        link_to_file, link_to_directory, link_to_nothing, link_to_itself, fifo, listening, newline, backslash,
        no_text, other_case, other_normalisation, directory_of_other_case,
    ],
)  # fmt: skip
def test_what_is_no_plain_file_with_a_plain_name_is_refused(tree, make, tmp_path):
    make(tree)
    archive = Archive.create(tmp_path / "root")
    with pytest.raises(BadInput):
        archive.add(tree)
    assert not any(isinstance(event, ContentAdded) for event in archive.events())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device")
def test_a_device_is_refused(tree):
    os.mknod(tree / "null", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    with pytest.raises(BadInput, match="neither a file nor a directory"):
        bring(tree)


def test_a_link_is_refused_as_the_path_itself(tree, tmp_path):
    (tmp_path / "link").symlink_to(tree)
    (tmp_path / "file").symlink_to(tree / "a.txt")
    for path in (tmp_path / "link", tmp_path / "file", tmp_path / "nothing"):
        with pytest.raises(BadInput):
            bring(path)


def test_two_names_of_one_file_are_two_files(tree, tmp_path):
    os.link(tree / "a.txt", tree / "same.txt")
    archive = Archive.create(tmp_path / "root")
    archive.get(archive.add(tree).content, tmp_path / "out")
    assert (tmp_path / "out" / "same.txt").read_text() == "first"
    assert (tmp_path / "out" / "same.txt").stat().st_ino != (tmp_path / "out" / "a.txt").stat().st_ino


def test_the_longest_name_and_a_deep_path_are_kept(tree, tmp_path):
    deep = tree.joinpath(*["d" * 50] * 30)
    deep.mkdir(parents=True)
    (deep / ("ü" * 127 + "x")).write_text("deep")
    archive = Archive.create(tmp_path / "root")
    archive.get(archive.add(tree).content, tmp_path / "out")
    assert (tmp_path / "out").joinpath(deep.relative_to(tree), "ü" * 127 + "x").read_text() == "deep"


def grow(path):
    with path.open("a") as file:
        file.write("more")


def shrink(path):
    os.truncate(path, 2)


def rewrite_and_put_the_time_back(path):
    seen = path.stat()
    time.sleep(0.02)  # the system's own time of change has steps of some milliseconds
    path.write_text("FIRST")
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def replace_with_a_file(path):
    seen = path.stat()
    path.rename(path.with_name("aside"))
    path.write_text("FIRST")
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def replace_with_a_link(path):
    path.rename(path.with_name("aside"))
    path.symlink_to("aside")


def replace_with_a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def remove(path):
    path.unlink()


CHANGES = [
    grow, shrink, rewrite_and_put_the_time_back, replace_with_a_file, replace_with_a_link,
    replace_with_a_pipe, remove,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changed_after_it_was_found_is_not_read(tree, change):
    found = bring(tree)
    change(tree / "a.txt")
    source = next(each for each in found.sources if each.path == "a.txt")
    with pytest.raises((BadInput, CouldNot)), contextmanager(source.read)() as read:
        read(source.seen.st_size)
    with pytest.raises((BadInput, CouldNot)):
        found.recheck()


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_while_another_is_stored_leaves_nothing(tree, change, tmp_path):
    """The change comes when the last file is already being written: only looking again can find it."""
    save_file({"w": np.arange(400_000, dtype=np.float32)}, tree / "z.safetensors")

    class Watched(Disk):
        changed = False

        def step(self, name, path):
            if name == "write" and path.parent.parent.name == "staging" and not self.changed:
                self.changed = True
                change(tree / "a.txt")

    disk = Watched()
    archive = Archive.create(tmp_path / "root")
    with pytest.raises((BadInput, CouldNot)):
        Archive.open(archive.root, disk=disk).add(tree)
    assert disk.changed
    assert not any(isinstance(event, ContentAdded) for event in archive.events())


def test_a_directory_that_is_swapped_for_a_link_is_not_followed(tree, tmp_path):
    found = bring(tree)
    (tmp_path / "elsewhere").mkdir()
    os.link(tree / "sub" / "b.txt", tmp_path / "elsewhere" / "b.txt")
    (tree / "sub").rename(tmp_path / "aside")
    (tree / "sub").symlink_to(tmp_path / "elsewhere")
    source = next(each for each in found.sources if each.path == "sub/b.txt")
    with pytest.raises(CouldNot), contextmanager(source.read)() as read:
        read(1)


@pytest.mark.parametrize(
    "paths",
    [
        ["a", "a"], ["a", "A"], ["a/b", "A/c"], ["a", "a/b"], ["a/b", "a"], ["A", "a/b"],
        ["stra\u00dfe", "STRASSE"], ["\u00e9", "e\u0301"], ["\u212b", "\u00e5"],
    ],
)  # fmt: skip
def test_names_that_are_one_elsewhere_are_refused(paths):
    with pytest.raises(BadInput, match="one name on some systems"):
        refuse_collisions(paths)


PATHS = st.lists(st.lists(st.sampled_from("aAbé"), min_size=1, max_size=3).map("/".join), max_size=6)


@given(PATHS)
def test_collisions_are_what_folding_every_part_finds(paths):
    """Against the slow way: make all the names, and see whether two things would have to be one."""
    made: dict[str, set[tuple[str, str]]] = {}
    for number, path in enumerate(paths):
        parts = path.split("/")
        for depth in range(1, len(parts)):
            made.setdefault(folded("/".join(parts[:depth])), set()).add(
                ("directory", "/".join(parts[:depth]))
            )
        made.setdefault(folded(path), set()).add((f"file {number}", path))
    collide = any(len(things) > 1 for things in made.values())
    if collide:
        with pytest.raises(BadInput):
            refuse_collisions(paths)
    else:
        refuse_collisions(paths)
