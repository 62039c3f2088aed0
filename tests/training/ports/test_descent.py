"""An archive holds the original and its port, and how far one is from the other."""

import pytest

from selfscope.archive.journal.events import UNMEASURED
from selfscope.archive.lineage.edges import descent_of
from selfscope.archive.store.archive import Archive
from selfscope.training.ports.descent import record
from selfscope.training.ports.make import port_by_prompt

RUN = "0123456789ab"


@pytest.fixture
def archive(tmp_path):
    return Archive.create(tmp_path / "archive")


def edges(archive, recorded):
    found = descent_of(archive.lineage.graph(), recorded.port)
    return [(e.kind, e.source, e.drift, e.shift) for e in found]


def test_a_port_is_a_child_with_its_drift_once(archive, source, trained):
    recorded = record(archive, source, trained, RUN, 0.25)
    assert record(archive, source, trained, RUN, 0.25) == recorded
    assert edges(archive, recorded) == [("fine_tune", recorded.original, RUN, 0.25)]
    forms = {row.content: row.form for row in archive.index.holdings()}
    assert forms == {recorded.original: "character", recorded.port: "adapter"}


def test_ports_of_one_original_share_it_and_an_unmeasured_one_says_so(
    archive, source, trained, target, tmp_path
):
    told = record(archive, source, port_by_prompt(source, target, tmp_path))
    other = record(archive, source, trained)
    assert told.original == other.original
    assert edges(archive, told) == [("modified_copy", told.original, UNMEASURED, None)]
