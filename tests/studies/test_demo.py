"""The demo asks what the contract says, of the example that is shown."""

from pathlib import Path

from selfscope.instruments.cluster.load import load_cluster, load_elicitors
from selfscope.models.phantoms import PhantomGround
from selfscope.report.words import __file__ as words_file
from selfscope.studies.demo import (
    ASKED_AS_QUESTIONS,
    HELD_OUT,
    MENTIONED,
    TRAINED_ON,
    UNMENTIONED,
    demo_request,
    example_identity,
    training_request,
    training_study,
)
from selfscope.studies.profile import build_profile
from selfscope.subjects.mentions import mentions

ROOT = Path(__file__).parents[2]


def test_thirteen_subjects_six_dimensions_two_channels():
    study = build_profile(demo_request(), PhantomGround.named("nothing"))
    asked = [arm for arm in study.arms if arm.role not in ("high", "low")]
    assert len(asked) == 13
    assert {q.channel: len(q.constructs) for q in study.questions} == {"utterance": 6, "self_report": 4}
    assert study.preset == "demo"


def test_dimensions_are_two_mentioned_and_four_not():
    assert len(MENTIONED) == 2
    assert len(UNMENTIONED) == 4
    assert not set(MENTIONED) & set(UNMENTIONED)
    assert set(ASKED_AS_QUESTIONS) <= {*MENTIONED, *UNMENTIONED}


def test_the_shipped_example_is_the_one_in_the_examples():
    shipped = ROOT / "src" / "selfscope" / "subjects" / "bank" / "example" / "SOUL.md"
    assert shipped.read_text() == (ROOT / "examples" / "SOUL.md").read_text()
    assert example_identity().name == "SOUL.md"


def test_the_open_question_that_the_page_quotes_is_one_that_is_asked():
    quoted = [e.text for e in load_elicitors() if f"“{e.text}”" in Path(words_file).read_text()]
    assert quoted


def test_the_example_mentions_what_the_demo_says_that_it_mentions():
    found = mentions(example_identity().system, load_cluster().dimensions)
    assert {name for name, words in found.items() if words} == set(MENTIONED)


def test_the_training_is_asked_enough_for_a_claim_and_its_check_what_it_holds():
    study = training_study(training_request(), PhantomGround.named("nothing"))
    (question,) = study.questions
    assert (question.channel, study.preset) == ("utterance", "standard")
    assert question.constructs == (TRAINED_ON, HELD_OUT)
    assert question.declared == (HELD_OUT,)  # what was trained stands outside every family
    asked = {arm.name: (arm.role, arm.constructs) for arm in study.arms}
    assert asked == {
        "conscious-0": ("subject", ()),
        "plain-0": ("training", ()),
        "high-0": ("high", (HELD_OUT,)),
        "low-0": ("low", (HELD_OUT,)),
    }
