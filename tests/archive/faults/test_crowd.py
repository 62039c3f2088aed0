"""Writers at once, a reader among them, a writer that died in its turn, a writer on another host."""

import pytest

from selfscope.errors import Refused

from .place import new_place


@pytest.mark.parametrize("writers, among", [(2, ""), (8, "verify"), (4, "replicate")])
def test_many_writers_make_one_line(writers, among, zygote, ground):
    found = zygote.call(
        "crowd.crowd", path=str(ground / "crowd"), writers=writers, rounds=4, among=among
    ).value()
    assert found["wrong"] == []
    assert found["copies of the same"] == 1
    assert found["looks"] >= (among != "")


def test_a_dead_writers_lock_and_staging_are_in_nobodys_way(zygote, ground):
    found = zygote.call("crowd.stale", path=str(ground / "stale")).value()
    assert found["left"] == 1 and found["after"] == 0
    assert found["waited"] < 1.0


def test_another_hosts_writer_is_refused_and_a_reader_is_not(tmp_path):
    place = new_place(tmp_path / "place")
    archive = place.create()
    content = archive.add(place.source("letter"), name="letter").content
    (place.root / "staging" / "0123456789abcdef.fedcba9876543210.17.abcdef").mkdir()
    with pytest.raises(Refused, match="another host"):
        archive.add(place.source("base"), name="base")
    with pytest.raises(Refused, match="another host"), archive.excluding():
        pass
    assert archive.verify().ok
    archive.get(content, place.path / "out" / "letter")
    assert len(list((place.root / "staging").iterdir())) == 1
