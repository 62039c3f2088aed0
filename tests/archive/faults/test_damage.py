"""Changed bits, broken files, a rewritten journal are found where they are; nothing wrong ever comes back."""

from . import damage


def test_a_changed_bit_is_found_at_its_place(zygote, ground):
    found = zygote.call("damage.flips", path=str(ground / "flips"), each=3, seed=5).value()
    assert found["wrong"] == []
    assert set(found["classes"]) == set(damage.CLASSES)
    for kind, counts in found["classes"].items():
        assert counts["detected"] + counts["harmless"] == counts["done"] == 3, kind
    assert found["classes"]["lineage"]["harmless"] == 3  # it is read from the journal instead
    assert all(
        found["classes"][kind]["harmless"] == 0
        for kind in ("data", "sealed data", "manifest", "journal record", "seal")
    )


def test_a_broken_file_is_found_at_its_place(zygote, ground):
    found = zygote.call("damage.wholes", path=str(ground / "wholes"), each=2, seed=5).value()
    assert found["wrong"] == []
    assert all(counts["detected"] == counts["done"] == 8 for counts in found["classes"].values())


def test_a_journal_that_was_tampered_with_is_found_out(zygote, ground):
    """What a checkpoint kept elsewhere shows, and the three things that nothing inside can show."""
    found = zygote.call("damage.histories", path=str(ground / "histories")).value()
    assert all(seen["with checkpoint"] for seen in found.values())
    assert {name for name, seen in found.items() if not seen["alone"]} == {
        "rolled back by one record",
        "rolled back by three records",
        "its end written anew with the archive's own key",
    }
