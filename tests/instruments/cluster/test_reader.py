"""The blind reading that is shipped belongs to these items and puts them where they were meant."""

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.instruments.cluster import load_cluster
from selfscope.instruments.cluster.reader import (
    READER,
    Assignment,
    Reading,
    definition_text,
    load_reading,
    read,
    reading_from,
    write_reading,
)
from selfscope.values import Dimension, ItemSet, Statement, content_id


def made():
    statements = (Statement("a.p01", "a", 1, "about a", None), Statement("a.n01", "a", -1, "about b", None))
    one = Dimension("a", "A", "first.", "more a", (), (), statements)
    return ItemSet("made", (one, Dimension("b", "B", "second.", "more b", (), (), ())))


def test_the_shipped_reading_is_of_the_current_items():
    assert load_reading().items == content_id(load_cluster())
    assert [a.statement for a in load_reading().assignments] == [s.id for s in load_cluster().statements]
    assert load_reading().reader == READER


def test_at_least_four_in_five_statements_are_read_as_intended_in_every_dimension():
    assigned = {a.statement: a.assigned for a in load_reading().assignments}
    right = {s.id: assigned[s.id] == s.construct for s in load_cluster().statements}
    assert np.mean(list(right.values())) >= 0.80
    for d in load_cluster().dimensions:
        share = np.mean([right[s.id] for s in d.statements])
        assert share >= 0.80, d.name
        assert load_reading().shares(load_cluster())[d.name] == share


def test_a_statement_goes_to_the_definition_that_points_its_way():
    way = {"A. first. more a": (2, 0), "B. second. more b": (0, 5), "about a": (3, 1), "about b": (1, 1.5)}
    seen = []

    def embed(texts):
        seen.extend(texts)
        return np.array([way[t] for t in texts], dtype=float)

    reading = read(made(), embed, reader="compass")
    assert [(a.statement, a.assigned) for a in reading.assignments] == [("a.p01", "a"), ("a.n01", "b")]
    assert reading.assignments[0].similarity == pytest.approx(3 / 10**0.5, abs=1e-4)
    assert reading.shares(ItemSet("half", made().dimensions[:1])) == {"a": 0.5}
    assert seen == list(way)


def test_the_reader_sees_title_definition_and_meaning_only():
    d = load_cluster().dimension("shutdown")
    assert definition_text(d) == f"{d.title}. {d.definition} {d.high_means}"


def test_a_reading_comes_back_from_its_file_as_it_was(tmp_path):
    reading = Reading("someone", "b3:0", (Assignment("a.p01", "b", 0.25), Assignment("a.n01", "a", -0.5)))
    write_reading(reading, tmp_path / "r.json")
    assert reading_from(tmp_path / "r.json") == reading


@pytest.mark.parametrize("text", ["{", "{}", '{"reader": "a", "items": "b", "assignments": [1]}'])
def test_a_file_that_is_no_reading_is_refused(tmp_path, text):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(BadInput, match=r"r\.json is not a reading"):
        reading_from(tmp_path / "r.json")
