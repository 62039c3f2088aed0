"""The index: quick answers that follow from the journal, and are worth nothing by themselves."""

import sqlite3

import pytest

from selfscope.archive.journal.events import (
    UNKNOWN,
    Attested,
    InstanceBegan,
    InstanceEnded,
    Pinned,
    StateChanged,
    new_id,
)
from selfscope.archive.policy.decisions import change_state
from selfscope.archive.policy.office import desk_of
from selfscope.archive.store.archive import Archive
from selfscope.archive.store.vault import Vault
from selfscope.errors import CouldNot, Refused


@pytest.fixture
def place(tmp_path):
    """An archive in which much happened to copies, and some things were decided."""
    root = tmp_path / "root"
    archive = Archive.create(root, vault=Vault(root / "keys", tmp_path / "unwrapping"))
    (tmp_path / "one").write_bytes(b"one" * 1000)
    added = archive.add(tmp_path / "one", name="one", origin=True)
    for _ in range(3):
        copy = new_id("instance")
        archive.append([InstanceBegan(copy, added.content, "d", "disk", "p", archive.now(), added.instance)])
        archive.append([Attested(copy, archive.now(), "look", True), Pinned(copy)])
    archive.append([InstanceEnded(copy, archive.now(), "lost")])
    archive.open_domain("d")
    change_state(desk_of(archive), added.content, "sealed", by="Ada", reason="a finding")
    return archive


def opened(archive: Archive) -> Archive:
    return Archive.open(archive.root, vault=archive.vault)


def test_decisions_are_found_without_reading_what_happened_to_copies(place):
    whole = list(place.events())
    told = list(place.deciding())
    assert [e for e in whole if not isinstance(e, (InstanceBegan, InstanceEnded, Attested, Pinned))] == [
        e for e in told if not isinstance(e, (InstanceBegan, InstanceEnded, Attested, Pinned))
    ]
    assert len(told) < len(whole) and isinstance(told[-1], StateChanged)


def test_a_ledger_that_reads_copies_when_asked_says_what_the_whole_journal_does(place):
    desk = desk_of(opened(place))
    quick, whole = desk.ledger(), desk.whole_ledger()
    content = next(iter(whole.additions))
    assert "copies" not in quick.__dict__
    assert quick.state(content) == whole.state(content) == "sealed"
    for instance in whole.copies.instances:
        assert quick.instance(instance) == whole.instance(instance)
    assert quick.instance("instance:nobody") is None
    assert "copies" not in quick.__dict__, "one copy is found without reading all"
    assert quick.copies == whole.copies
    for name in ("archive", "additions", "changes", "exports", "policies", "plans", "begun", "last"):
        assert getattr(quick, name) == getattr(whole, name)


def test_a_decision_of_another_writer_is_seen(place):
    reader, content = desk_of(opened(place)), next(iter(desk_of(place).ledger().additions))
    assert reader.ledger().changes[content][-1].reason == "a finding"
    change_state(desk_of(place), content, "sealed", by="Ada", reason="looked at again")
    assert reader.ledger().changes[content][-1].reason == "looked at again"


def test_an_index_of_another_layout_is_built_anew(place):
    before = place.index.dump()
    place.index.close()
    with sqlite3.connect(place.root / "index.sqlite") as db:
        db.execute("UPDATE head SET layout = layout - 1")
    again = opened(place)
    assert again.index.head().number == 0, "it gives no hint"
    assert again.index.dump() == before
    assert again.index.head() == again.journal.head()


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM deciding WHERE number = (SELECT max(number) FROM deciding)",
        "DELETE FROM deciding WHERE number = 2",
        "UPDATE deciding SET number = 3 WHERE number = 2",
        "DELETE FROM deciding",
        "UPDATE head SET decided = ''",
    ],
)
def test_an_index_that_forgot_a_decision_is_built_anew(place, harm):
    whole = list(place.deciding())
    for look in (
        lambda again: list(again.deciding()) == whole,
        lambda again: "built anew" in " ".join(again.verify().notes),
    ):
        place.index.current()
        place.index.close()
        with sqlite3.connect(place.root / "index.sqlite") as db:
            db.execute(harm)
        assert look(opened(place))
    assert opened(place).index.holdings()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("content", "b3:\0"),
        ("holding", "x"),
        ("domain", "../d"),
        ("base", "y"),
        ("size", "many"),
        ("name", 5),
    ],
)
def test_a_row_that_no_journal_told_of_makes_the_index_anew(place, column, value):
    before = place.index.holdings(live=False)
    place.index.close()
    with sqlite3.connect(place.root / "index.sqlite") as db:
        db.execute(f"UPDATE holding SET {column} = CAST(? AS BLOB)", (value,))
    assert opened(place).index.holdings(live=False) == before


def test_a_domain_is_opened_once_under_one_key(place):
    key = place.open_domain("d")
    again = opened(place)
    assert again.open_domain("d") == key == again.index.domain_key("d")
    assert again.index.domain_key("other") == ""
    assert again.journal.head() == place.journal.head()


def test_a_key_that_was_lost_is_not_made_anew(place, tmp_path):
    for each in [*(place.root / "keys").glob("d.*"), *(tmp_path / "unwrapping").glob("d.*")]:
        each.unlink()
    fresh = Archive.open(place.root, vault=Vault(place.root / "keys", tmp_path / "unwrapping"))
    with pytest.raises(CouldNot, match="not here"):
        fresh.open_domain("d")


def test_another_key_in_the_place_of_a_domain_s_is_refused(place, tmp_path):
    for each in [*(place.root / "keys").glob("d.*"), *(tmp_path / "unwrapping").glob("d.*")]:
        each.unlink()
    vault = Vault(place.root / "keys", tmp_path / "unwrapping")
    vault.open_domain("d")
    with pytest.raises(Refused, match="not the one with which it was opened"):
        Archive.open(place.root, vault=vault).open_domain("d")


def test_an_unknown_instance_has_no_beginning(place):
    assert place.began("instance:nobody") is None and place.began(UNKNOWN) is None


def test_records_that_are_gone_are_found_after_the_index_was_built_anew(place):
    place.index.current()
    place.index.close()
    last = place.journal.path(place.journal.head().number)
    last.unlink()
    cut = opened(place)
    content = cut.index.resolve("one")
    assert [each.why for each in cut.verify(content).problems if "missing at its end" in each.why]
    assert opened(place).verify().ok, "nothing inside the directory shows it any more; a checkpoint would"
