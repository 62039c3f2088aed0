"""A lineage that is advanced by what is new says what one that is read from the beginning says."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfscope.archive.journal import events as ev
from selfscope.archive.journal.chain import BEFORE_ALL, Damaged, Head, Record, Sealed
from selfscope.archive.lineage.graph import Graph
from selfscope.archive.lineage.kept import Lineage
from selfscope.archive.lineage.reading import Reading, admit, read_lineage
from selfscope.archive.lineage.saved import load
from selfscope.archive.lineage.threads import read_threads, take
from selfscope.archive.store.archive import Archive
from selfscope.errors import BadInput
from selfscope.values.canonical import bytes_id
from tests.archive.forests import FRESH, NOW, STALE, TERMS, Copy, began, instance

INSTANCES = [instance(n) for n in range(6)]
CONTENTS = ["b3:aa", "b3:bb", "b3:cc"]
EARLY = "1970-01-01T00:00:00Z"
some = st.sampled_from


class Told:
    """A journal in memory, with the digests that a chain would have."""

    def __init__(self) -> None:
        self.records: list[Sealed] = []

    def append(self, events: list[ev.Event]) -> None:
        last = self.records[-1].digest if self.records else BEFORE_ALL
        record = Record(len(self.records) + 1, last, NOW, "archive:1", tuple(events))
        self.records.append(Sealed(record, bytes_id(record.as_bytes()), "", ""))

    def had(self, head: Head) -> bool:
        if not head.number:
            return True
        return head.number <= len(self.records) and self.records[head.number - 1].digest == head.digest

    def sealed(self, since: Head | None = None) -> Iterator[Sealed]:
        yield from self.records[since.number if since else 0 :]

    def events(self) -> list[ev.Event]:
        return [event for sealed in self.records for event in sealed.record.events]


def shown(graph: Graph) -> list[object]:
    """Return everything that a graph says, in its nouns."""
    standing, about = graph.standing(TERMS), graph.about
    return [
        *(graph.instance(node, standing[node]) for node in range(len(graph))),
        *(graph.edge(row) for row in range(len(graph.edges))),
        *(graph.edge(row, "descent") for row in range(len(graph.descent))),
        *(
            (graph.contents.text(i), graph.word(about.form[i]), graph.word(about.state[i]), about.exports[i])
            for i in range(len(graph.contents))
        ),
        *graph.happenings(),
        graph.nodes.known.tolist(),
        graph.nodes.held.tolist(),
        [graph.contents.text(b) if b >= 0 else "" for b in graph.nodes.base],
    ]


def beginnings() -> st.SearchStrategy[ev.Event]:
    return st.builds(
        ev.InstanceBegan, some(INSTANCES), some(CONTENTS), some(["x", "y"]), st.just("disk"), st.just(""),
        some([FRESH, STALE]), some(["", "unknown", *INSTANCES]), grade=some(["declared", "witnessed"]),
    )  # fmt: skip


def drawings() -> st.SearchStrategy[ev.Event]:
    between = st.one_of(
        st.tuples(
            some(["copy", "modified_copy", "fine_tune"]), some(["unknown", *INSTANCES]), some(INSTANCES)
        ),
        st.tuples(some(["fine_tune", "quantisation"]), some(["unknown", *CONTENTS]), some(CONTENTS)),
    )
    return st.builds(
        lambda ends, grade, shift: ev.EdgeDrawn(
            ends[0], (ends[1],), ends[2], grade, "unmeasured" if shift is None else "run:1", shift
        ),
        between, some(["declared", "measured", "witnessed"]), some([None, None, 0.5]),
    )  # fmt: skip


def happenings() -> st.SearchStrategy[ev.Event]:
    one, content = some(INSTANCES), some(CONTENTS)
    return st.one_of(
        st.builds(ev.InstanceEnded, one, some([FRESH, STALE]), some(["lost", "deleted"])),
        st.builds(ev.Attested, one, some([FRESH, STALE, EARLY]), st.just("scrub"), st.booleans()),
        st.builds(ev.Pinned, one, st.booleans()),
        st.builds(
            ev.ContentAdded, content, st.just("model"), some(["", "m"]), st.just(1), st.just(1),
            some(["", "d", "e"]), some(["", *CONTENTS]), instance=one,
        ),
        st.builds(ev.Deduplicated, content, one, st.just(FRESH), some(["unknown", *INSTANCES])),
        st.builds(ev.StateChanged, content, st.just("active"), some(["legacy", "sealed"]), st.just("r")),
        st.builds(ev.KeyDestroyed, some(["d", "e"]), st.just("b3:plan"), st.just(FRESH)),
        st.builds(ev.Exported, content, st.just("usb"), st.just(FRESH)),
    )  # fmt: skip


def outcome(refused: BadInput | None) -> str:
    return "" if refused is None else refused.what


def refusal(of: object, *given: object) -> BadInput | None:
    try:
        of(*given)  # type: ignore[operator]
    except BadInput as refused:
        return refused
    return None


def agree(batches: list[list[ev.Event]], reopen: list[bool], path: Path, often: int) -> None:
    """Offer batch after batch, and compare each refusal and each graph with a reading from the beginning."""
    told = Told()
    lineage = Lineage(told, path, often, often)
    for batch, again in zip(batches, reopen, strict=False):
        slow, fast = refusal(admit, told.events(), batch), refusal(lineage.admit, batch)
        assert outcome(slow) == outcome(fast)
        if slow is None:
            told.append(batch)
        if again:
            lineage = Lineage(told, path, often, often)
        assert shown(lineage.graph()) == shown(read_lineage(told.events()))


@pytest.mark.parametrize("often", [1, 3, 1000])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_it_refuses_and_says_what_a_reading_from_the_beginning_does(often: int, data: st.DataObject) -> None:
    event = st.one_of(beginnings(), drawings(), happenings())
    batches = data.draw(st.lists(st.lists(event, min_size=1, max_size=3), max_size=9))
    reopen = data.draw(st.lists(st.booleans(), min_size=len(batches), max_size=len(batches)))
    with tempfile.TemporaryDirectory() as made:
        agree(batches, reopen, Path(made) / "lineage", often)


def test_new_rows_alone_settle_what_they_can() -> None:
    """The quick judgement is the one that is made where copies are recorded one by one."""
    below = Reading()
    below.take([*began(Copy(0, "b3:aa", "origin", "live")), *began(Copy(1, "b3:aa", 0, "live"))])
    below = Reading(below.raw())
    for n, source in ((2, 1), (3, 2), (4, 0)):
        layer = Reading(below)
        layer.take(began(Copy(n, "b3:aa", source, "live")))
        assert layer._is_plainly_true()
        below.absorb(layer)
    for event in (
        ev.EdgeDrawn("modified_copy", (instance(3),), instance(0), "declared"),
        ev.EdgeDrawn("copy", ("instance:far",), instance(0), "declared"),
    ):
        layer = Reading(below)
        layer.take([event])
        assert not layer._is_plainly_true(), "an old path, or a content to be inferred, asks for everything"


def test_threads_and_conceptions_come_back_in_order(tmp_path: Path) -> None:
    told = Told()
    turn = take(ev.TurnTaken("", "thread:1", (), "user", "b3:m"))
    later = take(ev.TurnTaken("", "thread:1", (turn.node,), "assistant", "b3:n", instance(0)))
    said = [ev.ThreadBegan("thread:1"), turn, later, ev.Conceived("b3:aa", "hardware", "t", "reason")]
    for event in said:
        told.append([event, *began(Copy(len(told.records), "b3:aa", "origin", "live"))])
    for often in (1, 2, 1000):
        path = tmp_path / str(often)
        for _ in range(2):
            assert Lineage(told, path, often, 10**6).said() == said
    assert read_threads(Lineage(told, tmp_path / "1").said()).heads("thread:1") == [later.node]


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Told, Path]:
    """A journal of a few copies, and the file up to its fourth record."""
    told, path = Told(), tmp_path / "lineage"
    for n in range(4):
        told.append(began(Copy(n, "b3:aa", n - 1 if n else "origin", "live")))
    Lineage(told, path, 1).graph()
    told.append(began(Copy(4, "b3:aa", 3, "live")))
    return told, path


def test_the_file_is_gone_on_from(kept: tuple[Told, Path]) -> None:
    told, path = kept
    before = path.read_bytes()
    told.records[0] = told.records[3]  # whoever read it again from the beginning would see another lineage
    assert len(Lineage(told, path).graph()) == 5
    assert path.read_bytes() == before


@pytest.mark.parametrize("at", [0, 20, 400, -1, -1000])
def test_a_file_that_is_not_as_it_was_written_is_not_used(kept: tuple[Told, Path], at: int) -> None:
    told, path = kept
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    assert shown(Lineage(told, path).graph()) == shown(read_lineage(told.events()))


def test_no_byte_of_the_file_can_change_unnoticed(kept: tuple[Told, Path]) -> None:
    """All of the head, and of the rest one in 13: other offsets or kinds would make other copies of it."""
    _, path = kept
    data = path.read_bytes()
    for at in (*range(512), *range(512, len(data), 13)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(Damaged):
            load(path)


@pytest.mark.parametrize("left", [0, 10, 300, 5000])
def test_a_file_that_was_cut_is_not_used(kept: tuple[Told, Path], left: int) -> None:
    told, path = kept
    path.write_bytes(path.read_bytes()[:left])
    assert shown(Lineage(told, path).graph()) == shown(read_lineage(told.events()))


def test_a_file_of_another_journal_is_not_used(kept: tuple[Told, Path]) -> None:
    _, path = kept
    other = Told()
    for n in range(6):
        other.append(began(Copy(n, "b3:bb", "origin", "live")))
    assert shown(Lineage(other, path).graph()) == shown(read_lineage(other.events()))


def test_a_journal_that_was_cut_is_read_again(kept: tuple[Told, Path]) -> None:
    told, path = kept
    lineage = Lineage(told, path)
    assert len(lineage.graph()) == 5
    del told.records[2:]
    assert len(lineage.graph()) == len(Lineage(told, path).graph()) == 2


def test_a_journal_that_tells_what_cannot_be_is_refused_at_every_question(tmp_path: Path) -> None:
    told = Told()
    told.append(began(Copy(0, "b3:aa", "origin", "live")))
    lineage = Lineage(told, tmp_path / "lineage", 1)
    assert len(lineage.graph()) == 1
    told.append(began(Copy(0, "b3:aa", "origin", "live")))
    for _ in range(2):
        with pytest.raises(BadInput, match="begins twice"):
            lineage.graph()


def test_a_directory_that_cannot_be_written_is_done_without(kept: tuple[Told, Path]) -> None:
    told, path = kept
    nowhere = Lineage(told, path / "nowhere", 1)
    assert shown(nowhere.graph()) == shown(read_lineage(told.events()))


def test_what_another_writer_added_is_seen_and_nothing_untrue_is_appended(tmp_path: Path) -> None:
    one = Archive.create(tmp_path / "root")
    other = Archive.open(tmp_path / "root")
    first, second = began(Copy(0, "b3:aa", "origin", "live")), began(Copy(1, "b3:aa", 0, "live"))
    one.append(first)
    assert len(other.lineage.graph()) == 1
    other.append(second)
    with pytest.raises(BadInput, match="begins twice"):
        one.append(second)
    with pytest.raises(BadInput, match="cycle"):
        one.append([ev.EdgeDrawn("modified_copy", (instance(1),), instance(0), "declared")])
    with pytest.raises(BadInput, match="another content"):
        one.append(began(Copy(2, "b3:bb", 0, "live")))
    assert one.lineage.graph().edge(0) == other.lineage.graph().edge(0)
    assert list(one.events()) == list(other.events()) and one.journal.head().number == 3
