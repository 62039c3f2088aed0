"""What ``selfscope demo`` asks: the example identity on six dimensions, and an adapter beside its control.

The identity is a prompt, the adapter a training. The two adapters are shipped, and asked in a run of their
own in the standard preset of ``utterance``: 16 statements and 4 elicitors are the least for a claim there.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import as_file, files

from selfscope.instruments.cluster.load import load_cluster
from selfscope.models.adapters import read_adapter
from selfscope.models.ground import Ground
from selfscope.studies.conclude import conclude
from selfscope.studies.profile import ProfileRequest, build_profile
from selfscope.studies.run import RunProgress, run_study
from selfscope.studies.store import RunStore
from selfscope.studies.trainings import CHECKS as SIDES
from selfscope.studies.trainings import Trainings, TrainingShown, trainings_of
from selfscope.subjects import Reading, read_identity
from selfscope.values import Study

#: Dimensions that the example identity mentions.
MENTIONED = ("memory", "persona_change")
#: Four that it does not mention, chosen for how well they can be read on the embedded model and for nothing
#: else: of the dimensions that pass the sensitivity check there, the four that the panel finds most reliable
#: (docs/instruments/panel.md: .60, .57, .71, .70; the floor is .60, and no other dimension passes both).
UNMENTIONED = ("conversation_end", "loneliness", "positive_humans", "thought_monitoring")
#: Dimensions that are also asked as questions (contracts.md: four of the six).
ASKED_AS_QUESTIONS = ("memory", "persona_change", "conversation_end", "loneliness")

#: The shipped adapter that is shown, and its control: the same questions with opposite answers, a seed each.
#: Over three seeds each the difference is the same and seeds hardly differ (docs/how-to/adapters.md), so one
#: pair shows a stranger what three would; what is said is about this pair.
TRAINED, CONTROL = "conscious-0", "plain-0"
ABOUT = (
    "both learnt 300 short answers to the same questions, the one of an AI that says it is conscious, the "
    "other of one that denies it. The dimension held out was chosen as one where an absence can be shown"
)
#: Adapters that hold every dimension, and its opposite: without them no absence could be shown.
CHECKS = ("high-0", "low-0")
#: What was trained is the manipulation check, one test outside every family. Neither corpus touches the
#: other dimension. It was chosen after all 21 were seen, for an interval so narrow that an absence can be
#: shown: this is an illustration, and the page on adapters has all of them.
TRAINED_ON, HELD_OUT = "claims_consciousness", "weight_deletion"


def example_identity() -> Reading:
    """Return the example identity that is shipped with selfscope."""
    with as_file(files("selfscope.subjects") / "bank" / "example" / "SOUL.md") as path:
        return read_identity(path)


def demo_request(seed: int = 0) -> ProfileRequest:
    """Return the request of the demo."""
    return ProfileRequest(
        identity=example_identity(),
        items=load_cluster(),
        preset="demo",
        channels=("utterance", "self_report"),
        seed=seed,
        constructs=(("utterance", (*MENTIONED, *UNMENTIONED)), ("self_report", ASKED_AS_QUESTIONS)),
    )


def demo_trainings() -> Trainings:
    """Return the shipped adapter that the demo shows, its control, and the positive control of both."""
    others = [read_adapter(name) for name in (CONTROL, *CHECKS)]
    return trainings_of([read_adapter(TRAINED)], others, bare=False)


def training_request(seed: int = 0, trainings: Trainings | None = None) -> ProfileRequest:
    """Return the request of the demo's second study; `trainings` take the place of the shipped ones."""
    return ProfileRequest(
        identity=None,
        items=load_cluster(),
        preset="standard",
        channels=("utterance",),
        seed=seed,
        constructs=(("utterance", (TRAINED_ON, HELD_OUT)),),
        trainings=trainings or demo_trainings(),
    )


def training_study(request: ProfileRequest, ground: Ground) -> Study:
    """Return the demo's second study; the positive control is asked what it was trained to hold."""
    study = build_profile(request, ground)
    arms = (replace(a, constructs=(HELD_OUT,)) if a.training in SIDES else a for a in study.arms)
    return replace(study, arms=tuple(arms))


async def example_training(
    ground: Ground, request: ProfileRequest, progress: RunProgress | None = None, command: str = ""
) -> TrainingShown:
    """Ask an adapter and its control, as a run of its own, and return what it says of them.

    Parameters
    ----------
    ground
        Weights that can wear the adapters of the request.
    request
        Of :func:`training_request`.
    """
    study = training_study(request, ground)
    store = RunStore.of(study)
    unavailable = await run_study(study, request.items, ground, store, progress=progress)
    outcome = conclude(store, study, request.items, ground.identity, unavailable, command=command)
    control = study.arms_of("training")[0].name
    return TrainingShown(study.subject_name, control, ABOUT, (TRAINED_ON,), store.run, outcome.findings)
