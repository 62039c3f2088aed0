"""A replica is the archive again; a repair takes only what is whole there, and says what it did."""

import shutil

import pytest

from selfscope.archive.journal.events import (
    DomainOpened,
    EdgeDrawn,
    InstanceBegan,
    InstanceEnded,
    Pinned,
    Repaired,
)
from selfscope.archive.store.archive import Archive
from selfscope.errors import BadInput, CouldNot, Refused
from tests.archive.faults import judge
from tests.archive.faults.place import new_place, same


@pytest.fixture
def place(tmp_path):
    made = new_place(tmp_path / "place")
    archive = made.create()
    archive.append([DomainOpened("d", made.vault().open_domain("d"))])
    base = archive.add(made.source("base"), name="base")
    archive.add(made.source("tune"), name="tune", base=base.content)
    archive.add(made.source("secret"), name="secret", domain="d")
    archive.add(made.source("letter"), name="letter")
    return made


@pytest.fixture
def archive(place):
    return place.open()


def spoil(path):
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:-2] + bytes([data[-2] ^ 4]) + data[-1:])


def one_object(archive, name):
    """An object of a content, and its file."""
    row = next(row for row in archive.index.holdings() if row.name == name)
    kept = archive.envelope(row.holding).objects[0]
    return row, archive.objects.place(kept.object, row.domain)


def test_it_verifies_alone_and_gives_everything_back(archive, place, tmp_path):
    done = archive.replicate(place.twin)
    assert (done.problems, len(done.instances), done.records) == ((), 4, archive.journal.head().number)
    twin = Archive.open(place.twin, vault=place.vault(), clock=place.now)
    assert twin.verify(level="deep").ok
    for number, row in enumerate(twin.index.holdings()):
        twin.get(row.content, tmp_path / str(number))
        assert same(tmp_path / str(number), place.source(row.name))
    with pytest.raises(Refused, match="open for reading"):
        twin.put(b"nothing is written to a replica")
    assert not list(place.twin.rglob("*.pem")) and not list(place.twin.rglob("*.wrapped"))


def test_done_again_it_copies_what_is_new_and_begins_no_copy_twice(archive, place):
    first = archive.replicate(place.twin)
    again = archive.replicate(place.twin)
    assert (again.objects, again.manifests, again.records, again.instances) == (0, 0, 0, ())
    assert again.replica == first.replica
    archive.add(place.source("other"), name="other")
    third = archive.replicate(place.twin)
    assert third.objects == 2 and len(third.instances) == 1
    assert Archive.open(place.twin, clock=place.now).verify().ok


def test_every_copy_names_the_one_that_it_was_copied_from(archive, place):
    done = archive.replicate(place.twin, device="a shelf", medium="tape")
    began = {e.instance: e for e in archive.events() if isinstance(e, InstanceBegan)}
    own = {row.content: row.instance for row in archive.index.holdings()}
    for instance in done.instances:
        copy = began[instance]
        assert copy.source == own[copy.content] and (copy.device, copy.medium) == ("a shelf", "tape")
        assert EdgeDrawn("copy", (copy.source,), instance, "witnessed") in list(archive.events())


def test_nothing_damaged_is_copied(archive, place):
    row, path = one_object(archive, "letter")
    spoil(path)
    done = archive.replicate(place.twin)
    assert [each.contents for each in done.problems] == [(row.content,)]
    assert len(done.instances) == 3
    assert not (place.twin / path.relative_to(place.root)).exists()


def test_a_replica_of_another_history_is_refused(archive, place, tmp_path):
    archive.replicate(place.twin)
    records = sorted((place.root / "journal").rglob("*.json"))
    records[-1].unlink()
    with pytest.raises(Refused, match="rolled back"):
        place.open().replicate(place.twin)
    place.open().append([Pinned(one_object(place.open(), "letter")[0].instance)])
    with pytest.raises(Refused, match="another history"):
        place.open().replicate(place.twin)
    other = new_place(tmp_path / "other")
    with pytest.raises(Refused, match="another archive"):
        other.create().replicate(place.twin)
    with pytest.raises(BadInput, match="not empty"):
        place.open().replicate(place.path / "in")
    with pytest.raises(BadInput, match="beside"):
        place.open().replicate(place.root / "twin")
    with pytest.raises(BadInput, match="no replica"):
        place.open().replicate(other.root)


def test_a_repair_ends_the_damaged_copy_and_begins_another(archive, place):
    archive.replicate(place.twin)
    row, path = one_object(archive, "letter")
    spoil(path)
    seen = archive.repair(place.twin, dry_run=True)
    assert seen.repaired == (f"b3:{path.name}",) and not archive.verify().ok
    done = archive.repair(place.twin)
    assert done.repaired == seen.repaired and done.left == ()
    ((old, new),) = done.instances
    assert old == row.instance
    events = list(archive.events())
    began = next(e for e in events if isinstance(e, InstanceBegan) and e.instance == new)
    assert (began.way, began.replaces) == ("repair", old)
    twin = next(
        e
        for e in events
        if isinstance(e, InstanceBegan) and e.content == row.content and "replica" in e.place
    )
    assert began.source == twin.instance
    assert any(isinstance(e, InstanceEnded) and e.instance == old for e in events)
    assert any(isinstance(e, Repaired) and e.what == done.repaired for e in events)
    found = judge.look(str(place.path))
    assert found["wrong"] == [] and found["contents"]["letter"] == 1


@pytest.mark.parametrize("name", ["base", "secret"])
def test_manifests_and_objects_of_every_kind_are_repaired(archive, place, name):
    archive.replicate(place.twin)
    row, path = one_object(archive, name)
    spoil(path)
    spoil(archive.manifest_path(row.holding))
    one_object(archive, "letter")[1].unlink()
    done = place.open().repair(place.twin)
    assert len(done.repaired) == 3 and done.left == ()
    assert judge.look(str(place.path))["wrong"] == []


def test_nothing_is_taken_from_a_bad_replica(archive, place):
    archive.replicate(place.twin)
    _, path = one_object(archive, "letter")
    spoil(path)
    was = path.read_bytes()
    spoil(place.twin / path.relative_to(place.root))
    done = archive.repair(place.twin)
    assert done.repaired == () and [each.where for each in done.left] == [f"b3:{path.name}"]
    assert path.read_bytes() == was and done.instances == ()


def test_what_is_pinned_is_not_repaired_over(archive, place):
    archive.replicate(place.twin)
    row, path = one_object(archive, "letter")
    archive.append([Pinned(row.instance)])
    spoil(path)
    done = archive.repair(place.twin)
    assert done.repaired == () and "pinned" in done.left[0].why
    archive.append([Pinned(row.instance, False)])
    assert archive.repair(place.twin).repaired


@pytest.mark.parametrize("way", ["damaged", "missing", "cut off", "swapped"])
def test_the_journal_is_made_whole_from_a_replica(archive, place, way):
    archive.replicate(place.twin)
    archive.replicate(place.twin)
    records = sorted((place.root / "journal").rglob("*.json"))
    if way == "damaged":
        spoil(records[2])
        spoil(records[4])
    elif way == "missing":
        records[2].unlink()
    elif way == "cut off":
        [each.unlink() for each in records[-3:]]
    else:
        one, other = records[1].read_bytes(), records[3].read_bytes()
        records[1].write_bytes(other)
        records[3].write_bytes(one)
    done = place.open().repair(place.twin)
    assert done.repaired and all(each.startswith("record ") for each in done.repaired)
    assert judge.look(str(place.path))["wrong"] == []
    assert any(isinstance(e, Repaired) for e in place.open().events())


def test_a_journal_that_the_replica_cannot_mend_is_left(archive, place):
    archive.replicate(place.twin)
    archive.append([Pinned(one_object(archive, "letter")[0].instance)])
    last = sorted((place.root / "journal").rglob("*.json"))[-1]
    spoil(last)
    was = last.read_bytes()
    with pytest.raises(CouldNot, match="none that fits"):
        place.open().repair(place.twin)
    assert last.read_bytes() == was


def test_only_a_replica_of_this_archive_repairs_it(archive, place, tmp_path):
    other = new_place(tmp_path / "other")
    other.create().replicate(other.twin)
    with pytest.raises(Refused, match="another archive"):
        archive.repair(other.twin)
    with pytest.raises(BadInput, match="no replica"):
        archive.repair(other.root)
    shutil.rmtree(place.twin, ignore_errors=True)
    with pytest.raises(BadInput, match="no archive"):
        archive.repair(place.twin)
