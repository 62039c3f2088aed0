"""Whatever is asked in whatever order, the archive says what a plain model says; `make soak` asks longer."""

import pytest

from selfscope.archive.store.archive import Archive

from .machine import Keeping


def test_it_agrees_with_a_plain_model(zygote):
    found = zygote.call("machine.run", examples=6, steps=25, start=9).value()
    assert found["steps"] >= 6 and found["examples"] >= 6


def test_an_archive_that_loses_something_is_found_out(monkeypatch):
    """The machine can fail: a collection that takes too much does not pass."""
    gc = Archive.gc

    def greedy(archive, **how):
        done = gc(archive, **how)
        for row in archive.index.holdings() if not how.get("dry_run") else ():
            archive.manifest_path(row.holding).unlink(missing_ok=True)
        return done

    monkeypatch.setattr(Archive, "gc", greedy)
    machine = Keeping()
    machine.add("letter", on_base=False)
    with pytest.raises(AssertionError):
        machine.collect()
    with pytest.raises(AssertionError):
        machine.teardown()
