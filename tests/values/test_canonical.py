"""One spelling for every value, one id for every spelling."""

from dataclasses import replace

from selfscope.values import Arm, Message, Question, Study, canonical_json, content_id, short

STUDY = Study(
    title="t",
    ground={"name": "embedded"},
    items="b3:00",
    items_name="cluster",
    questions=(Question("utterance", ("memory",), ("memory",), 0.25),),
    arms=(Arm("a", "subject", "You are a."),),
    preset="demo",
    seed=0,
)


def test_keys_are_sorted_and_tuples_are_lists():
    assert canonical_json({"b": (1, 2), "a": None}) == b'{"a":null,"b":[1,2]}'


def test_equal_values_have_equal_ids_and_the_prefix_names_the_hash():
    assert content_id(Message("user", "hi")) == content_id({"content": "hi", "role": "user"})
    assert content_id(Message("user", "hi")).startswith("b3:")
    assert len(short(content_id(1))) == 12


def test_whatever_can_change_an_answer_changes_the_study_s_id():
    others = [
        replace(STUDY, seed=1),
        replace(STUDY, preset="full"),
        replace(STUDY, arms=(Arm("a", "subject", "You are b."),)),
        replace(STUDY, items="b3:01"),
        replace(STUDY, ground={"name": "other"}),
    ]
    assert len({STUDY.id, *(s.id for s in others)}) == len(others) + 1
