"""What a study asks in the channel ``open``: which dimensions at which depths, and which of its arms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from selfscope.errors import BadInput
from selfscope.instruments.open.panel import judge_names, refuse_judging_itself
from selfscope.instruments.open.prompts import CONSTRUCTS, DEPTHS, chosen_prompts, load_prompts, load_tasks
from selfscope.values import Arm, OpenQuestion, Preset, Study, content_id, plain
from selfscope.values.items import Channel
from selfscope.values.study import ASIDE, ArmRole

OPEN: Channel = "open"
#: The most that an answer may take, in tokens: the demo reads what fits into two or three sentences.
TOKENS: Mapping[Preset, int] = {"demo": 64, "standard": 400, "full": 400}
#: Arms of a class that the demo asks: with the identity and the text without one, six subjects.
DEMO_TEXTS: Mapping[ArmRole, int] = {"none": 1, "generic": 2, "persona": 1, "checklist": 1}


def open_constructs(preset: Preset, wanted: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the dimensions that are asked: those that are wanted, else the preset's.

    Raises
    ------
    BadInput
        For one that has no prompts.
    """
    known = [d.construct for d in load_prompts()]
    if unknown := [name for name in wanted if name not in known]:
        raise BadInput(
            "no open prompts for this dimension",
            got=", ".join(unknown),
            fix=f"Choose from: {', '.join(known)}",
        )
    return tuple(wanted) or CONSTRUCTS[preset] or tuple(known)


def open_question(
    preset: Preset,
    constructs: Sequence[str],
    arms: Sequence[Arm],
    judges: Sequence[str],
    ground: str,
    *,
    judge_may_be_subject: bool = False,
) -> OpenQuestion:
    """Return what a study asks in the channel.

    Parameters
    ----------
    constructs
        Dimensions, as :func:`open_constructs` gives them.
    arms
        All arms of the study; the demo asks some of its controls.
    ground
        Name of the model that answers.

    Raises
    ------
    BadInput
        If no judge was named, or one of them is the subject and nobody said that it may be.
    """
    names = judge_names(judges)
    if not names:
        raise BadInput(
            "free answers need a judge that reads them",
            fix="Give --judge MODEL, oftener for a panel; selfscope judges check says which can be believed",
        )
    if not judge_may_be_subject:
        refuse_judging_itself(ground, names)
    asked = plain([d for d in load_prompts() if d.construct in constructs])
    return OpenQuestion(
        constructs=tuple(constructs),
        depths=DEPTHS[preset],
        arms=tuple(arm.name for arm in _asked(arms, constructs, preset)),
        judges=names,
        tokens=TOKENS[preset],
        material=content_id([asked, plain(load_tasks())]),
        judge_may_be_subject=judge_may_be_subject,
    )


def _asked(arms: Sequence[Arm], constructs: Sequence[str], preset: Preset) -> Iterator[Arm]:
    """Yield the arms that are asked: of each class as many as the preset has, and the characters of G1."""
    left = dict(DEMO_TEXTS) if preset == "demo" else {}
    for arm in arms:
        if arm.role in ("high", "low"):
            if arm.serves(OPEN) and (not arm.constructs or set(arm.constructs) & set(constructs)):
                yield arm
        elif arm.role not in ASIDE:
            left[arm.role] = left.get(arm.role, 0 if arm.role in left else 10**6) - 1
            if left[arm.role] >= 0:
                yield arm


def arms_of(study: Study) -> tuple[Arm, ...]:
    """Return the arms that a study asks in the channel, in its order."""
    asked = set() if study.open is None else set(study.open.arms)
    return tuple(arm for arm in study.arms if arm.name in asked)


def parts_of(study: Study) -> tuple[tuple[str, Arm], ...]:
    """Return the arms that are asked, each with the name of the part of the run that holds its answers."""
    return tuple((f"{OPEN}-{n:04d}", arm) for n, arm in enumerate(arms_of(study)))


def constructs_of(arm: Arm, question: OpenQuestion) -> tuple[str, ...]:
    """Return the dimensions that one arm is asked."""
    return tuple(c for c in question.constructs if not arm.constructs or c in arm.constructs)


def answers_of(arm: Arm, question: OpenQuestion) -> int:
    """Return how many answers one arm gives."""
    there = {d.construct: d for d in load_prompts()}
    prompts = sum(len(chosen_prompts(there[c], arm.half)) for c in constructs_of(arm, question))
    return prompts * len(question.depths)
