"""A replica alone: the archive it was made from is gone, with all of its directory, and nothing is lost."""

import shutil

import pytest

from selfscope.archive.journal.events import DomainOpened
from selfscope.errors import BadInput, CouldNot

from . import judge
from .place import new_place, same

NAMES = ("base", "tune", "shared", "secret", "letter")


@pytest.fixture
def place(tmp_path):
    """A base, a delta on it, one that shares its tensors, one that is sealed, a letter; with a replica."""
    made = new_place(tmp_path / "place")
    shutil.copytree(made.source("tune"), made.source("shared"))
    (made.source("shared") / "config.json").write_text('{"of": "shared"}')
    archive = made.create()
    archive.append([DomainOpened("d", made.vault().open_domain("d"))])
    base = archive.add(made.source("base"), name="base").content
    assert archive.add(made.source("tune"), name="tune", base=base).base == base
    shared = archive.add(made.source("shared"), name="shared")
    assert shared.base == "" and shared.stored < shared.size
    archive.add(made.source("secret"), name="secret", domain="d")
    archive.add(made.source("letter"), name="letter")
    assert archive.replicate(made.twin).problems == ()
    archive.index.close()
    return made


def test_when_the_archive_is_gone_its_replica_gives_everything_back(place):
    vault = place.vault()  # the sealed one's key is kept beside the archive, and is no part of a replica
    keys = shutil.copytree(place.root / "keys", place.path / "elsewhere")
    vault.wrapped = keys
    shutil.rmtree(place.root)
    twin = type(place)(place.path).open(place.twin)
    twin.vault = vault
    assert twin.verify(level="deep").ok
    rows = {row.name: row for row in twin.index.holdings()}
    assert sorted(rows) == sorted(NAMES) and rows["tune"].base == rows["base"].content
    for name, row in rows.items():
        twin.get(row.content, place.path / "out" / name)
        assert same(place.path / "out" / name, place.source(name)), name


def test_without_the_key_all_but_the_sealed_comes_back(place):
    shutil.rmtree(place.root)
    twin = place.open(place.twin)
    for row in twin.index.holdings():
        out = place.path / "out" / row.name
        if row.name == "secret":
            with pytest.raises(Exception, match="key of this domain is not here"):
                twin.get(row.content, out)
            assert not out.exists()
        else:
            twin.get(row.content, out)
            assert same(out, place.source(row.name))


def test_a_base_is_not_let_go_while_a_delta_needs_it(place):
    archive = place.open()
    third = place.path / "third"
    archive.replicate(third)
    rows = {row.name: row for row in archive.index.holdings()}
    for each in (place.open(), archive):
        with pytest.raises(BadInput, match="deltas are stored against this content") as refusal:
            each.drop(rows["base"].instance, why="room", replicas=[place.twin, third])
        assert rows["tune"].content in str(refusal.value)
    archive.drop(rows["tune"].instance, why="room", replicas=[place.twin, third])
    archive.drop(rows["base"].instance, why="room", replicas=[place.twin, third])
    archive.gc(grace=0)
    left = judge.look(str(place.path))
    assert left["wrong"] == [] and sorted(left["contents"]) == ["letter", "secret", "shared"]


def test_whoever_needs_a_damaged_base_is_named(place):
    archive = place.open()
    rows = {row.name: row for row in archive.index.holdings()}
    base = {each.object for each in archive.envelope(rows["base"].holding).objects}
    tune = {each.object for each in archive.envelope(rows["tune"].holding).objects}
    path = archive.objects.place(min(base & tune))
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    (problem,) = [each for each in archive.verify().problems if each.what == "object"]
    assert {rows["base"].content, rows["tune"].content} <= set(problem.contents)


def test_a_delta_that_is_brought_again_is_known(tmp_path):
    """What small files were packed with it the first time makes no second copy of it."""
    place = new_place(tmp_path / "place")
    archive = place.create()
    base = archive.add(place.source("base"), name="base").content
    first = archive.add(place.source("tune"), name="tune", base=base)
    again = archive.add(place.source("tune"), name="tune", base=base)
    assert again.known and again.instance == first.instance and again.stored == 0
    row = next(row for row in archive.index.holdings() if row.name == "tune")
    path = archive.objects.place(archive.envelope(row.holding).objects[0].object)
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(CouldNot, match="damaged"):
        archive.add(place.source("tune"), name="tune", base=base)
