"""What nothing needs goes, all else stays; a copy is let go only while enough others are whole now."""

import os

import pytest

from selfscope.archive.journal.events import InstanceEnded, Pinned, PlanMade
from selfscope.errors import BadInput, CouldNot, Refused
from tests.archive.faults import judge
from tests.archive.faults.place import new_place


@pytest.fixture
def place(tmp_path):
    made = new_place(tmp_path / "place")
    made.create()
    return made


@pytest.fixture
def archive(place):
    return place.open()


def test_what_an_event_names_stays_and_what_nothing_names_goes(archive, place):
    added = archive.add(place.source("base"), name="base")
    named, loose = archive.put(b"a plan"), archive.put(b"nothing names this")
    archive.append([PlanMade(named, added.content, "", "", "")])
    listed = archive.gc(grace=0, dry_run=True)
    assert (listed.objects, listed.manifests, listed.executed) == ((loose,), (), False)
    assert archive.read(loose) == b"nothing names this"
    done = archive.gc(grace=0)
    assert (done.objects, done.bytes, done.executed) == (listed.objects, 18, True)
    assert archive.read(named) == b"a plan"
    with pytest.raises(BadInput):
        archive.read(loose)
    assert judge.leftovers(place.root) == [] and archive.verify().ok
    assert archive.gc(grace=0).objects == ()


def test_what_is_young_is_left_in_peace(archive):
    loose = archive.put(b"about to be named")
    assert archive.gc().objects == () and archive.gc().young == 1
    path = archive.objects.find(loose).path
    os.utime(path, (1, 1))
    archive.put(b"about to be named")  # wanted again: young again
    assert archive.gc().objects == ()
    os.utime(path, (1, 1))
    assert archive.gc().objects == (loose,)


def test_an_ended_copy_goes_and_shared_bytes_stay(archive, place):
    base = archive.add(place.source("base"), name="base")
    archive.add(place.source("tune"), name="tune")
    archive.append([InstanceEnded(base.instance, archive.now(), "not wanted")])
    done = archive.gc(grace=0)
    assert len(done.manifests) == 1 and done.bytes > 0
    again = judge.look(str(place.path))
    assert again["wrong"] == [] and set(again["contents"]) == {"tune"}
    added = archive.add(place.source("base"), name="base")
    assert not added.known and 0 < added.stored < added.size
    assert archive.verify().ok


def test_what_was_collected_and_is_named_later_is_missed_when_it_is_gone(archive, place):
    """A removal long ago does not excuse a loss today."""
    loose = archive.put(b"comes and goes")
    archive.gc(grace=0)
    content = archive.add(place.source("letter"), name="letter").content
    assert archive.put(b"comes and goes") == loose
    archive.append([PlanMade(loose, content, "", "", "")])
    archive.objects.find(loose).path.unlink()
    assert [each.where for each in archive.verify().problems] == [loose]


def test_nothing_is_collected_while_a_manifest_cannot_be_read(archive, place):
    added = archive.add(place.source("letter"), name="letter")
    path = archive.manifest_path(archive.index.holdings(added.content)[0].holding)
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:-1] + b" ")
    loose = archive.put(b"loose")
    with pytest.raises(CouldNot, match="not what was stored"):
        archive.gc(grace=0)
    assert archive.read(loose) == b"loose"


def test_a_copy_is_dropped_only_while_enough_others_are_whole_now(archive, place):
    added = archive.add(place.source("base"), name="base")
    with pytest.raises(Refused, match="0 other copies"):
        archive.drop(added.instance, why="room")
    one, two = place.path / "one", place.path / "two"
    archive.replicate(one)
    archive.replicate(two)
    with pytest.raises(Refused, match="1 other copies"):
        archive.drop(added.instance, why="room", replicas=[one])
    big = max((two / "objects").rglob("*"), key=lambda each: each.stat().st_size)
    data = big.read_bytes()
    big.unlink()
    big.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(Refused, match="1 other copies"):
        archive.drop(added.instance, why="room", replicas=[one, two])
    big.unlink()
    big.write_bytes(data)
    assert len(archive.drop(added.instance, why="room", replicas=[one, two]).others) == 2
    archive.gc(grace=0)
    assert judge.look(str(place.path))["contents"] == {}
    assert archive.verify().ok
    back = archive.repair(one)
    assert back.repaired == (), "what was dropped is not damage"


def test_the_same_replica_twice_is_one_copy(archive, place):
    added = archive.add(place.source("base"), name="base")
    archive.replicate(place.twin)
    with pytest.raises(Refused, match="1 other copies"):
        archive.drop(added.instance, why="room", replicas=[place.twin, place.twin])


def test_neither_what_is_pinned_nor_what_deltas_need_is_dropped(archive, place):
    base = archive.add(place.source("base"), name="base")
    tune = archive.add(place.source("tune"), name="tune", base=base.content)
    twins = [place.path / "one", place.path / "two"]
    archive.append([Pinned(tune.instance)])
    for each in twins:
        archive.replicate(each)
    with pytest.raises(Refused, match="pinned"):
        archive.drop(tune.instance, why="room", replicas=twins)
    with pytest.raises(BadInput, match="deltas are stored"):
        archive.drop(base.instance, why="room", replicas=twins)
    with pytest.raises(BadInput, match="no reason"):
        archive.drop(base.instance, why=" ", replicas=twins)
    with pytest.raises(BadInput, match="no copy"):
        archive.drop("instance:none", why="room", replicas=twins)
