"""A replica is whole, repairs what is damaged here, and is itself never believed without a look."""

import pytest

from selfscope.archive.store.archive import Archive
from selfscope.errors import SelfscopeError


@pytest.fixture
def archive(tmp_path):
    made = Archive.create(tmp_path / "root")
    (tmp_path / "file").write_bytes(bytes(range(256)) * 20_000)
    made.add(tmp_path / "file", origin=True)
    return made


def damage(root):
    largest = max(root.joinpath("objects").rglob("*"), key=lambda p: p.stat().st_size * p.is_file())
    largest.chmod(0o644)
    data = bytearray(largest.read_bytes())
    data[5000] ^= 1
    largest.write_bytes(data)


def test_a_damaged_object_is_repaired_from_a_replica(archive, tmp_path):
    archive.replicate(tmp_path / "replica")
    damage(archive.root)
    assert not archive.verify().ok
    archive.repair(tmp_path / "replica")
    assert archive.verify(level="deep").ok


def test_a_damaged_replica_repairs_nothing(archive, tmp_path):
    archive.replicate(tmp_path / "replica")
    damage(archive.root)
    damage(tmp_path / "replica")
    archive.repair(tmp_path / "replica")
    assert not archive.verify().ok and not Archive.open(tmp_path / "replica").verify().ok


def test_what_nothing_names_is_collected_and_a_dry_run_says_so(archive):
    loose = archive.put(b"nothing names this")
    planned = archive.gc(grace=0, dry_run=True)
    assert archive.objects.find(loose) is not None
    done = archive.gc(grace=0)
    assert planned.objects == done.objects == (loose,)
    assert archive.objects.find(loose) is None and archive.verify(level="deep").ok


def test_a_scrub_attests_what_it_found(archive):
    archive.scrub()
    assert any(type(each).__name__ == "Attested" and each.holds for each in archive.events())


def test_the_last_copy_is_not_dropped(archive):
    [row] = archive.index.holdings()
    with pytest.raises(SelfscopeError):
        archive.drop(row.instance, why="no room")
    assert archive.index.holdings()
