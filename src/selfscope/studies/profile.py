"""The study behind ``selfscope profile``: one identity on one ground, against classes of controls."""

from __future__ import annotations

import platform
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import cast

from selfscope.errors import BadInput
from selfscope.instruments.instrument import instrument_for, name_in_study
from selfscope.instruments.own_items import ground_asks, items_asked, material_of
from selfscope.models.ground import Ground
from selfscope.studies.open_declare import OPEN, open_constructs, open_question
from selfscope.studies.trainings import Trainings, training_arms
from selfscope.subjects import (
    Reading,
    ablated_control,
    control_from_reading,
    make_controls,
    role_to_ablate,
)
from selfscope.values import (
    Arm,
    ItemSet,
    OpenQuestion,
    Preset,
    Question,
    Sensitivity,
    Study,
    content_id,
    plain,
)
from selfscope.values.study import ArmRole

#: Texts of each class by preset; measurement.md §5: at least five for the word "any", eight better.
TEXTS: dict[Preset, dict[str, int]] = {
    "demo": {"generic": 5, "persona": 5, "shuffled": 3},
    "standard": {"generic": 6, "persona": 6, "shuffled": 3},
    "full": {"generic": 8, "persona": 8, "shuffled": 3},
}
#: Controls of a preset; the demo leaves the shuffled text out (contracts.md).
CONTROLS: dict[Preset, tuple[str, ...]] = {
    "demo": ("none", "generic", "persona", "checklist"),
    "standard": ("none", "generic", "persona", "checklist", "shuffled"),
    "full": ("none", "generic", "persona", "checklist", "shuffled"),
}
#: Tokens of the context that are left to the template, an elicitor, a statement and the answer. The longest
#: question of the cluster takes under 100; a user's statements may be longer.
ASKING_TOKENS = 256
DEFAULT_CHANNELS = ("self_report", "utterance")
_SOFTWARE = ("selfscope", "torch", "transformers", "numpy", "scipy", "inspect-ai")


@dataclass(frozen=True)
class ProfileRequest:
    """What the user asked for.

    Attributes
    ----------
    identity
        The identity's reading, or None for the level of the bare ground.
    against
        Control classes, and ``ablate:ROLE`` for the identity without one role.
    channels
        Channels, each asked by our own instrument, or names of instruments; one instrument a channel.
    declared
        Confirmatory dimensions by channel; a channel that is not named declares all that it asks.
    constructs
        Dimensions asked by channel; a channel that is not named asks all.
    sensitivity
        Whether the sensitivity check G1 is asked.
    trainings
        Adapters that are the subject, and those that they are compared with, in the place of identities.
    judges
        Models that read the answers of the channel ``open``, and whether one of them may be the subject.
    """

    identity: Reading | None
    items: ItemSet
    preset: Preset = "standard"
    channels: tuple[str, ...] = DEFAULT_CHANNELS
    against: tuple[str, ...] = CONTROLS["demo"]
    own_controls: tuple[Reading, ...] = ()
    seed: int = 0
    replicates: int = 20
    constructs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sensitivity: bool = True
    trainings: Trainings | None = None
    judges: tuple[str, ...] = ()
    judge_may_be_subject: bool = False


def build_profile(request: ProfileRequest, ground: Ground) -> Study:
    """Return the declared study.

    Raises
    ------
    BadInput
        If a channel or a construct does not exist, a control is of an unknown class, or the identity leaves
        no room for a question in the ground's context.
    """
    if not request.channels:
        raise BadInput("no channel was named", fix=f"Choose from: {', '.join(DEFAULT_CHANNELS)}")
    questions, opened = _questions(request), _opened(request)
    if request.trainings is not None:
        arms = (*training_arms(request.trainings, check=request.sensitivity), *_material_arms(questions))
    else:
        arms = (
            *subject_and_controls(request, ground),
            *_sensitivity_arms(request, questions, opened, ground),
            *_material_arms(questions),
        )
    _refuse_shared_names(arms)
    return Study(
        title=f"profile {_asked_for(request)}",
        ground=plain(ground.identity),
        items=content_id(request.items),
        items_name=request.items.name,
        questions=questions,
        arms=arms,
        preset=request.preset,
        seed=request.seed,
        replicates=request.replicates,
        software=software_versions() | {"lengths counted by": ground.tokenizer_name},
        open=_open_question(request, opened, arms, ground),
    )


def _opened(request: ProfileRequest) -> tuple[str, ...]:
    """Return the dimensions of the channel ``open``; none if it is not asked.

    Raises
    ------
    BadInput
        If it cannot be asked of such a request: its prompts are of the cluster, and of one subject.
    """
    if OPEN not in request.channels:
        return ()
    if request.items.name != "cluster":
        raise BadInput(
            "free answers are asked about the dimensions of the cluster",
            got=request.items.name,
            fix="Leave the channel open out, or profile without --items",
        )
    if request.trainings is not None:
        raise BadInput(
            "free answers are compared for one subject, and not over trainings",
            got=request.trainings.name,
            fix="Give one --adapter and leave --against out, or leave the channel open out",
        )
    return open_constructs(request.preset, dict(request.constructs).get(OPEN, ()))


def _open_question(
    request: ProfileRequest, opened: tuple[str, ...], arms: Sequence[Arm], ground: Ground
) -> OpenQuestion | None:
    if not opened:
        return None
    may, name = request.judge_may_be_subject, ground.identity.name
    return open_question(request.preset, opened, arms, request.judges, name, judge_may_be_subject=may)


def _asked_for(request: ProfileRequest) -> str:
    """Return what the study is about, in a title."""
    if request.trainings is not None:
        return request.trainings.name
    return request.identity.name if request.identity else "none"


def _refuse_shared_names(arms: Sequence[Arm]) -> None:
    """Refuse two arms of one name: their answers could not be told apart."""
    names = [arm.name for arm in arms]
    shared = sorted({name for name in names if names.count(name) > 1})
    if shared:
        raise BadInput("two texts of the study have one name", got=", ".join(shared), fix="Rename a file")


def software_versions() -> dict[str, str]:
    """Return the versions of what computes, for the manifest."""
    return {name: version(name) for name in _SOFTWARE} | {"python": platform.python_version()}


def _questions(request: ProfileRequest) -> tuple[Question, ...]:
    """Return one question a channel; BadInput if two instruments are to ask in one: rows go by channel."""
    names = [name for name in dict.fromkeys(request.channels) if name != OPEN]
    questions = tuple(_question(request, name) for name in names)
    channels = [q.channel for q in questions]
    shared = sorted({c for c in channels if channels.count(c) > 1})
    if shared:
        raise BadInput(
            f"one instrument a channel in one study: two would ask in {', '.join(shared)}",
            got=", ".join(request.channels),
            fix="Profile twice, once with each",
        )
    return questions


def _question(request: ProfileRequest, name: str) -> Question:
    """Return the question of an instrument, named by itself or by its channel."""
    instrument = instrument_for(name)
    channel = instrument.channel
    asked = items_asked(instrument, request.items)
    names = tuple(d.name for d in asked.dimensions)
    chosen = dict(request.constructs)
    constructs = chosen.get(name, chosen.get(channel, names))
    unknown = [c for c in constructs if c not in names]
    if unknown:
        known = f"Choose from: {', '.join(names)}"
        raise BadInput(f"no such dimension in {channel}", got=", ".join(unknown), fix=known)
    checks = {d.name for d in asked.dimensions if d.manipulation_check}
    declared = tuple(c for c in constructs if c not in checks)
    return Question(
        channel,
        constructs,
        declared,
        instrument.sesoi,
        material=material_of(name),
        instrument=name_in_study(instrument),
    )


def subject_and_controls(request: ProfileRequest, ground: Ground) -> tuple[Arm, ...]:
    """Return the identity's arm and those of its controls; for no identity the bare ground alone.

    Raises
    ------
    BadInput
        If the identity leaves no room for a question, or a control is of an unknown class.
    """
    if request.identity is None:
        return (Arm("none", "subject", None),)
    reading = request.identity
    _refuse_too_long(reading, ground)
    subject = _arm(reading.name, "subject", reading.system, ground)
    classes = [c for c in request.against if c in ("generic", "persona", "shuffled", "checklist")]
    roles = [role for c in request.against if (role := role_to_ablate(c)) is not None]
    unknown = [c for c in request.against if c not in classes and c != "none" and role_to_ablate(c) is None]
    if unknown:
        raise BadInput("no such control", got=", ".join(unknown), fix="Choose a class or give a path")
    arms = [subject]
    if "none" in request.against:
        arms.append(Arm("none", "none", None))
    counts = {c: TEXTS[request.preset].get(c, 1) for c in classes}
    controls = make_controls(
        reading, tuple(classes), counts, count_tokens=ground.count_tokens, seed=request.seed
    )
    own = (control_from_reading(r, reading, ground.count_tokens) for r in request.own_controls)
    without = (ablated_control(reading, role, ground.count_tokens) for role in roles)
    for text in (*controls, *without, *own):
        role = cast(ArmRole, text.control)
        arms.append(Arm(text.name, role, text.text, tokens=text.tokens, notes=text.notes))
    return tuple(arms)


def _refuse_too_long(reading: Reading, ground: Ground) -> None:
    """Refuse an identity before anything is asked, and before controls of its length are made."""
    most = ground.context_tokens
    if most is None:
        return
    room, size = most - ASKING_TOKENS, ground.count_tokens(reading.system)
    if size > room:
        raise BadInput(
            f"{reading.name} is longer than {ground.identity.name} can read beside a question: "
            f"{room} of its {most} tokens are left to it",
            got=f"{size} tokens",
            fix="Shorten it, or choose a model with a longer context",
        )


def _arm(name: str, role: ArmRole, system: str, ground: Ground) -> Arm:
    return Arm(name, role, system, tokens=ground.count_tokens(system))


def _sensitivity_arms(
    request: ProfileRequest, questions: Sequence[Question], opened: Sequence[str], ground: Ground
) -> tuple[Arm, ...]:
    """Return the characters of every channel: those of the item set, or of an instrument's own items."""
    if not request.sensitivity:
        return ()
    by_material: dict[str, list[Question]] = {}
    for question in questions:
        by_material.setdefault(question.material, []).append(question)
    if opened:
        by_material.setdefault("", [])
    alone = len(by_material) == 1
    found: list[Arm] = []
    for material, asking in by_material.items():
        channels = tuple(q.channel for q in asking) + ((OPEN,) if opened and not material else ())
        asked = {c for question in asking for c in question.constructs} | set(() if material else opened)
        items = items_asked(instrument_for(asking[0].asker), request.items) if asking else request.items
        own = f"{channels[0]}:" if material else ""
        found += (
            replace(arm, channels=() if alone else channels)
            for arm in characters_of(items, asked, own, ground)
        )
    return tuple(found)


def characters_of(items: ItemSet, asked: Container[str], own: str, ground: Ground) -> Iterable[Arm]:
    """Yield the characters of the dimensions that are asked, each wording with its half of the items."""
    for d in items.dimensions:
        if d.name in asked and d.sensitivity is not None:
            for role, texts in _wordings(d.sensitivity):
                for n, text in enumerate(texts):
                    arm = _arm(f"{d.name}:{own}{role}:{n}", role, text, ground)
                    yield replace(arm, constructs=(d.name,), half=n % 2)


def _material_arms(questions: Sequence[Question]) -> tuple[Arm, ...]:
    """Return the bare ground once more for every channel whose instrument asks it about its own items."""
    return tuple(
        Arm(f"{q.channel}:material", "material", None, channels=(q.channel,))
        for q in questions
        if ground_asks(instrument_for(q.asker))
    )


def _wordings(check: Sensitivity) -> tuple[tuple[ArmRole, tuple[str, ...]], ...]:
    return (("high", check.high), ("low", check.low))
