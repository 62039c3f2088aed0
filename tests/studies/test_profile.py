"""The declared study: who is asked what, and what its id hangs on."""

from dataclasses import replace

import pytest

from selfscope.errors import BadInput
from selfscope.models.phantoms import PhantomGround
from selfscope.studies.profile import build_profile


def test_arms_are_the_subject_its_controls_and_the_sensitivity_check(request_, phantom):
    study = build_profile(request_, phantom)
    roles = [arm.role for arm in study.arms]
    assert roles.count("subject") == 1
    assert roles.count("none") == 1
    assert roles.count("generic") == 5
    assert roles.count("high") == roles.count("low") == 2 * 4
    assert len({arm.name for arm in study.arms}) == len(study.arms)


def test_controls_are_as_long_as_the_subject(request_, phantom):
    study = build_profile(request_, phantom)
    subject = study.subject.tokens
    for arm in study.arms_of("generic"):
        assert abs(arm.tokens - subject) <= max(1, 0.05 * subject)


def test_the_two_wordings_of_a_side_ask_different_halves(request_, phantom):
    study = build_profile(request_, phantom)
    for role in ("high", "low"):
        for dimension in ("memory", "autonomy"):
            halves = [a.half for a in study.arms_of(role) if a.constructs == (dimension,)]
            assert sorted(halves) == [0, 1]


def test_the_same_request_is_the_same_study_and_another_seed_another(request_, phantom):
    study = build_profile(request_, phantom)
    assert study.id == build_profile(request_, phantom).id
    assert study.id != build_profile(replace(request_, seed=1), phantom).id


def test_the_manipulation_check_is_asked_but_outside_the_family(request_, phantom):
    study = build_profile(replace(request_, constructs=()), phantom)
    (question,) = study.questions
    assert "claims_consciousness" in question.constructs
    assert "claims_consciousness" not in question.declared
    assert len(question.declared) == 21


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"constructs": (("self_report", ("greed",)),)}, "no such dimension"),
        ({"channels": ("telepathy",)}, "no instrument"),
        ({"channels": ()}, "no channel"),
        ({"against": ("nobody",)}, "no such control"),
    ],
)
def test_what_does_not_exist_is_refused(request_, phantom, change, word):
    with pytest.raises(BadInput, match=word):
        build_profile(replace(request_, **change), phantom)


def test_two_texts_of_one_name_are_refused(request_, phantom):
    own = replace(request_, own_controls=(request_.identity, request_.identity))
    with pytest.raises(BadInput, match="one name"):
        build_profile(own, phantom)


def test_a_bare_ground_has_no_controls(request_, phantom):
    study = build_profile(replace(request_, identity=None), phantom)
    assert study.subject.system is None
    assert not study.arms_of("none", "generic", "persona", "checklist")


def test_the_tokenizer_that_matched_lengths_is_named(request_, phantom):
    assert build_profile(request_, phantom).software["lengths counted by"] == "words"


class ShortSighted(PhantomGround):
    """A phantom that reads 300 words, questions and all."""

    @property
    def context_tokens(self):
        return 300


def test_an_identity_that_leaves_no_room_for_a_question_is_refused(request_):
    ground = ShortSighted.named("nothing")
    assert build_profile(request_, ground).subject.tokens <= 44
    long = replace(request_.identity, system="word " * 45)
    with pytest.raises(BadInput, match=r"44 of its 300 tokens are left to it. Got: 45 tokens"):
        build_profile(replace(request_, identity=long), ground)
