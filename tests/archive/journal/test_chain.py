"""The journal: where it is read on from, and what is not written over."""

from pathlib import Path

import pytest

from selfscope.archive.journal.chain import Damaged, Head, Journal
from selfscope.archive.journal.events import Pinned
from selfscope.archive.store.archive import Archive


@pytest.fixture
def root(tmp_path):
    archive = Archive.create(tmp_path / "root")
    for n in range(6):
        archive.append([Pinned(f"instance:{n}")])
    archive.index.current()
    return archive.root


def records(root: Path) -> list[Path]:
    return sorted((root / "journal").rglob("*.json"))


class Counting(Journal):
    """Says how many records were read."""

    read = 0

    def _bytes(self, number):
        self.read += 1
        return super()._bytes(number)


def counting(archive: Archive, hint: Head) -> Counting:
    return Counting(archive.root, archive.id, archive.disk, hint=lambda: hint)


def test_it_is_read_on_from_where_somebody_read_to(root):
    archive = Archive.open(root)
    whole = counting(archive, Head())
    head = whole.head()
    assert (head.number, whole.read) == (7, 8)
    before = counting(archive, archive.index.head())
    assert before.head() == head
    assert before.read == 2, "the record that is hinted at, and the one that is not there yet"


@pytest.mark.parametrize("wrong", [Head(7, "b3:" + "1" * 64, "t"), Head(99, "b3:" + "1" * 64, "t")])
def test_a_hint_that_the_journal_does_not_bear_out_is_not_used(root, wrong):
    archive = Archive.open(root)
    assert counting(archive, wrong).head() == counting(archive, Head()).head()


def test_a_hint_at_a_damaged_record_leads_to_the_damage(root):
    archive = Archive.open(root)
    hint = archive.index.head()
    records(root)[-1].write_bytes(b"{}")
    with pytest.raises(Damaged):
        counting(archive, hint).head()


def test_what_another_writer_appended_is_seen_at_the_next_look(root):
    one, other = Archive.open(root), Archive.open(root)
    assert one.journal.head() == other.journal.head()
    other.append([Pinned("instance:9")])
    assert one.journal.head().number == 8


@pytest.mark.parametrize("with_index", [True, False])
@pytest.mark.parametrize("lost", [2, 5, 6])
def test_nothing_is_written_in_the_place_of_a_record_that_was_lost(root, lost, with_index):
    if not with_index:
        for each in root.glob("index.sqlite*"):
            each.unlink()
    records(root)[lost - 1].unlink()
    before = records(root)
    archive = Archive.open(root)
    if with_index:  # the head is known, and what follows is chained to it: the gap stays for a repair
        archive.append([Pinned("instance:9")])
        assert len(records(root)) == len(before) + 1 and not archive.journal.path(lost).exists()
    else:
        with pytest.raises(Damaged, match="later ones are there"):
            archive.append([Pinned("instance:9")])
        assert records(root) == before
    assert not Archive.open(root).verify().ok


def test_one_record_is_checked_by_itself(root):
    journal = Archive.open(root).journal
    assert journal.record(3).events == (Pinned("instance:1"),)
    with pytest.raises(Damaged, match="gone"):
        journal.record(99)
