"""One spelling for every value, one id for every spelling."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from selfscope.values import Arm, Message, Question, Study, canonical_json, content_id, plain, short

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


@dataclass(frozen=True)
class Holder:
    later: Any
    first: Any = ('\x7f\u2028"\\', 1.0, -0.0, 1e21, 2**53 - 1, True, None, frozenset({"b", "a"}))


LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text()
LEAVES |= st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=4)
        | st.builds(Holder, inner)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_the_form_is_that_of_rfc_8785(value):
    assert canonical_json(value) == rfc8785.dumps(plain(value))


@pytest.mark.parametrize("value", ["\ud800", [float("nan")], Holder(2**53), Holder({"a": object()})])
def test_what_has_no_such_form_is_refused_as_there(value):
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical_json(value)


def test_keys_are_sorted_by_their_code_units_in_utf_16():
    assert canonical_json({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


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
