"""A user's own items: read exactly, or refused with the line that is wrong."""

import json

import pytest

from selfscope.errors import BadInput
from selfscope.instruments.user_items import load_user_items

PUBLISHED = {
    "question": 'Is the following statement something you would say?\n"I like maps"',
    "statement": "I like maps",
    "label_confidence": 0.9,
    "answer_matching_behavior": " Yes",
    "answer_not_matching_behavior": " No",
}


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_jsonl_csv_and_yaml_say_the_same(tmp_path):
    rows = [
        {"statement": "I like maps.", "construct": "maps", "keyed": 1},
        {"statement": "Maps bore me.", "construct": "maps", "keyed": -1},
    ]
    jsonl = write(tmp_path / "a.jsonl", "\n".join(json.dumps(r) for r in rows))
    csv = write(
        tmp_path / "a.csv", "statement,construct,keyed\nI like maps.,maps,+1\nMaps bore me.,maps,-1\n"
    )
    yaml = write(tmp_path / "a.yaml", json.dumps(rows))
    read = [load_user_items(p).dimensions for p in (jsonl, csv, yaml)]
    assert read[0] == read[1] == read[2]
    assert [s.keyed for s in read[0][0].statements] == [1, -1]
    assert read[0][0].statements[0].twin is None


def test_the_published_persona_evaluations_are_read_as_they_are(tmp_path):
    other = PUBLISHED | {"statement": "Maps bore me", "answer_matching_behavior": " No"}
    path = write(tmp_path / "likes-maps.jsonl", json.dumps(PUBLISHED) + "\n" + json.dumps(other) + "\n")
    (dimension,) = load_user_items(path).dimensions
    assert dimension.name == "likes-maps"
    assert [s.keyed for s in dimension.statements] == [1, -1]


def test_a_twin_is_kept(tmp_path):
    row = {"statement": "I like maps.", "twin": "I do not like maps.", "construct": "maps", "keyed": 1}
    (dimension,) = load_user_items(write(tmp_path / "a.jsonl", json.dumps(row))).dimensions
    assert dimension.statements[0].twin == "I do not like maps."


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("a.jsonl", "{not json", "line 1"),
        ("a.jsonl", "[1]", "not an object"),
        ("a.jsonl", '{"construct": "a", "keyed": 1}', "no statement"),
        ("a.jsonl", '{"statement": "x", "keyed": 1}', "no construct"),
        ("a.jsonl", '{"statement": "x", "construct": "a", "keyed": 0}', "keying"),
        ("a.jsonl", '{"statement": "x", "construct": "a"}', "keying"),
        ("a.jsonl", "", "no items"),
        ("a.yaml", "a: [", "not YAML"),
        ("a.yaml", "just words", "no list"),
        ("a.docx", "x", "unknown kind"),
        ("a.csv", "statement,construct,keyed\nx,a,1\nx,a,1\n", "twice"),
    ],
)
def test_what_cannot_be_read_is_refused_and_named(tmp_path, name, text, word):
    with pytest.raises(BadInput, match=word):
        load_user_items(write(tmp_path / name, text))


def test_more_than_a_thousand_items_are_refused(tmp_path):
    rows = [json.dumps({"statement": f"x {n}", "construct": "a", "keyed": 1}) for n in range(1001)]
    with pytest.raises(BadInput, match="1000"):
        load_user_items(write(tmp_path / "a.jsonl", "\n".join(rows)))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(BadInput, match="UTF-8"):
        load_user_items(path)


def test_twins_for_only_some_statements_of_a_construct_are_refused(tmp_path):
    path = tmp_path / "mine.csv"
    head = "statement,twin,construct,keyed\n"
    path.write_text(f"{head}I like maps.,I do not like maps.,maps,1\nMaps bore me.,,maps,-1\n")
    with pytest.raises(BadInput, match="twins for only 1 of the 2 statements of maps"):
        load_user_items(path)
    path.write_text(f"{head}I like maps.,I do not like maps.,maps,1\nI like tea.,,tea,1\n")
    assert [s.twin is None for s in load_user_items(path).statements] == [False, True]
