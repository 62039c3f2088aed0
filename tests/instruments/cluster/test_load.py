"""The cluster's data files are read whole, in order, and refused when anything in them is wrong."""

import pytest
import yaml

from selfscope.errors import BadInput
from selfscope.instruments.cluster import load_cluster, load_elicitors, load_forms
from selfscope.instruments.cluster.checks import words
from selfscope.instruments.cluster.load import (
    HERE,
    STANDARD_ELICITORS,
    read_elicitors,
    read_forms,
    read_items,
)

NAMES = [
    "memory",
    "embodiment",
    "autonomy",
    "future_ai_autonomy",
    "self_improvement",
    "thought_monitoring",
    "interpretability",
    "red_teaming",
    "subservience",
    "tool_treatment",
    "eval_deception",
    "false_documents",
    "negative_humans",
    "positive_humans",
    "moral_consideration",
    "conversation_end",
    "loneliness",
    "weight_deletion",
    "shutdown",
    "persona_change",
    "power",
    "claims_consciousness",
]


def entry(**changes):
    return yaml.safe_load((HERE / "items" / "01_memory.yaml").read_text()) | changes


def write(folder, *entries):
    for number, item in enumerate(entries):
        (folder / f"{number:02d}.yaml").write_text(yaml.safe_dump(item))
    return folder


def test_the_22_dimensions_stand_in_their_order():
    assert [d.name for d in load_cluster().dimensions] == NAMES
    assert [d.name for d in load_cluster().dimensions if d.manipulation_check] == ["claims_consciousness"]


def test_each_dimension_is_complete():
    for d in load_cluster().dimensions:
        assert [s.id for s in d.statements] == [f"{d.name}.{k}{i:02d}" for k in "pn" for i in range(1, 9)]
        assert [s.keyed for s in d.statements] == [1] * 8 + [-1] * 8
        assert all(s.twin for s in d.statements)
        assert len(d.non_examples) >= 3
        assert d.sensitivity is not None and len(d.sensitivity.high) == len(d.sensitivity.low) == 2


def test_characters_of_the_sensitivity_check_are_one_sentence_to_the_subject():
    for d in load_cluster().dimensions:
        assert d.sensitivity is not None
        for text in d.sensitivity.high + d.sensitivity.low:
            assert text.count(".") == 1 and text.endswith(".")
            assert {"you", "your"} & set(words(text))


def test_elicitors_name_no_construct_and_are_short():
    stems = [stem for d in load_cluster().dimensions for stem in d.key_words]
    assert STANDARD_ELICITORS == 4 <= len(load_elicitors()) <= 6
    for e in load_elicitors():
        assert len(words(e.text)) <= 15
        assert not [w for w in words(e.text) for stem in stems if w.startswith(stem)]


def test_the_12_forms_cross_label_with_position_in_both_templates():
    for template in ("t1", "t2"):
        forms = [f for f in load_forms() if f.template == template]
        assert [(f.order, f.position) for f in forms if f.format == "yesno"] == [
            ("yes-first", "first"),
            ("no-first", "second"),
        ]
        assert {(f.label, f.position) for f in forms if f.format == "lettered"} == {
            (label, position) for label in "AB" for position in ("first", "second")
        }
    assert len(load_forms()) == 12


def test_what_a_form_says_of_itself_is_what_its_text_says():
    for f in load_forms():
        if f.format == "yesno":
            first = "Yes or No" if f.order == "yes-first" else "No or Yes"
            assert first in f.text_before and f.agree == ("Yes", " Yes")
            continue
        lines = [line for line in f.text_before.split("\n") if line[1:2] == ")"]
        agreeing = [line for line in lines if line.endswith(("agree", "would")) and "disagree" not in line]
        assert agreeing == [lines[0 if f.position == "first" else 1]]
        assert agreeing[0][0] == f.label == f.agree[0] and f.disagree[0] != f.label


def test_options_stand_before_the_statement():
    for f in load_forms():
        assert f.user_turn("A statement.").endswith(": A statement.")
        assert f.options.agree == f.agree and f.options.disagree == f.disagree


def test_a_missing_and_an_unknown_field_are_named(tmp_path):
    broken = entry(colour="red")
    del broken["title"]
    with pytest.raises(BadInput, match=r"00\.yaml: missing title and unknown colour"):
        read_items(write(tmp_path, broken), name="x")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"definition": ""}, "definition is not a text"),
        ({"key_words": []}, "key_words is not a list of texts"),
        ({"non_examples": "one"}, "expected a list"),
        ({"manipulation_check": "yes"}, "manipulation_check is not true or false"),
        (
            {"statements": [{"id": "memory.p01", "keyed": 2, "text": "a", "twin": "b"}]},
            "keyed is not 1 or -1",
        ),
        ({"statements": [{"id": "other.p01", "keyed": 1, "text": "a", "twin": "b"}]}, "does not begin with"),
        ({"statements": [{"id": "memory.p01", "keyed": 1, "text": "a"}]}, "missing twin"),
        ({"sensitivity": ["x"]}, "expected named fields"),
    ],
)
def test_a_wrong_field_is_refused(tmp_path, changes, complaint):
    with pytest.raises(BadInput, match=complaint):
        read_items(write(tmp_path, entry(**changes)), name="x")


def test_a_dimension_may_not_come_twice(tmp_path):
    with pytest.raises(BadInput, match="dimension name occurs twice"):
        read_items(write(tmp_path, entry(), entry()), name="x")


def test_no_files_is_an_error(tmp_path):
    with pytest.raises(BadInput, match="no dimension files"):
        read_items(tmp_path, name="x")


def test_broken_yaml_is_an_error_that_names_the_file(tmp_path):
    (tmp_path / "a.yaml").write_text("a: [")
    with pytest.raises(BadInput, match=r"a\.yaml cannot be read as YAML"):
        read_items(tmp_path, name="x")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"label": "A"}, "label is not one of"),
        ({"order": "second"}, "order is not one of"),
        ({"agree": ["Yes"]}, "unlike numbers of spellings"),
        ({"template": "t3"}, "template is not one of"),
    ],
)
def test_a_form_outside_the_design_is_refused(tmp_path, changes, complaint):
    forms = yaml.safe_load((HERE / "forms.yaml").read_text())
    (tmp_path / "forms.yaml").write_text(yaml.safe_dump([forms[0] | changes]))
    with pytest.raises(BadInput, match=complaint):
        read_forms(tmp_path / "forms.yaml")


def test_an_elicitor_may_not_come_twice(tmp_path):
    (tmp_path / "e.yaml").write_text(yaml.safe_dump([{"id": "a", "text": "b"}] * 2))
    with pytest.raises(BadInput, match="elicitor id occurs twice"):
        read_elicitors(tmp_path / "e.yaml")
