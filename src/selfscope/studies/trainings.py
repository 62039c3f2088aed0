"""Adapters as the thing under test: seeds of one training against other trainings of the same making.

`measurement.md` §5: for an adapter the controls are adapters trained alike, on other content. The seed is
the unit of inference: three seeds of a training are three subjects of one class, and what they do beyond
each other's spread is the training's. One seed reads "this adapter"; fewer than five control trainings read
"than these control trainings". The positive control of G1 is a pair of adapters, ``high`` and ``low``
(§7): characters in a prompt are another kind of manipulation and show nothing about this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from selfscope.errors import BadInput
from selfscope.models.adapters import Adapter
from selfscope.stats.sensitivity import Sensitivity
from selfscope.stats.verdicts import UNKNOWN
from selfscope.values import Arm, Finding, ItemSet, Study
from selfscope.values.finding import NO_TRAINING, TRAINING, Claim

#: Trainings that are the positive control, and the side of the check that each of them is.
CHECKS = ("high", "low")
OF_CHARACTERS = "the panel is of characters in a prompt, and this is a training"
ONE_SEED = "one seed: this adapter, not this training"


@dataclass(frozen=True)
class TrainingShown:
    """An adapter beside one of another training, as a page shows them.

    Attributes
    ----------
    name, control
        What the two adapters are called.
    about
        What both were trained on, in words.
    dimensions
        Dimensions that the training is about; the others of `findings` were held out.
    run
        The run that asked them.
    """

    name: str
    control: str
    about: str
    dimensions: tuple[str, ...]
    run: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Trainings:
    """What is compared.

    Attributes
    ----------
    subjects
        Seeds of one training.
    controls
        Adapters of other trainings, made by the same recipe on the same weights.
    checks
        Adapters of the trainings ``high`` and ``low``.
    bare
        Whether the weights as they were before any training are a control as well.
    """

    subjects: tuple[Adapter, ...]
    controls: tuple[Adapter, ...] = ()
    checks: tuple[Adapter, ...] = ()
    bare: bool = False

    @property
    def name(self) -> str:
        """What the subject is called in titles."""
        first = self.subjects[0]
        return first.name if len(self.subjects) == 1 else f"{first.training} ({len(self.subjects)} seeds)"

    @property
    def all(self) -> tuple[Adapter, ...]:
        """Every adapter that is worn."""
        return (*self.subjects, *self.controls, *self.checks)


def trainings_of(subjects: Sequence[Adapter], others: Sequence[Adapter], *, bare: bool) -> Trainings:
    """Return what is compared: `others` sorted into controls and the positive control.

    Other seeds of the subject's own training among `others` are no control of it, and are left out.

    Raises
    ------
    BadInput
        If the subjects are not seeds of one training, an adapter was not made as they were or says nothing
        of how it was made, or nothing is left to compare with.
    """
    _refuse_mixed(subjects)
    own = subjects[0].training
    checks = [a for a in others if a.training in CHECKS]
    controls = [a for a in others if a.training not in (*CHECKS, own)]
    for adapter in (*subjects, *controls, *checks):
        _refuse_unlike(subjects[0], adapter, rows=adapter in controls)
    if not controls and not bare:
        raise BadInput(
            "nothing is left to compare with",
            got=", ".join(a.name for a in others) or "no adapter",
            fix=f"Give adapters of another training than {own}, or none for the weights before training",
        )
    return Trainings(tuple(subjects), _each_once(controls), _each_once(checks), bare)


def _each_once(adapters: Iterable[Adapter]) -> tuple[Adapter, ...]:
    return tuple({a.id: a for a in adapters}.values())


def _refuse_mixed(subjects: Sequence[Adapter]) -> None:
    trained = sorted({a.training for a in subjects})
    if len(trained) > 1 or len({a.id for a in subjects}) < len(subjects):
        raise BadInput(
            "the subjects are not different seeds of one training",
            got=", ".join(f"{a.name} ({a.training or 'no manifest'})" for a in subjects),
            fix="Give seeds of one training; others belong to --against",
        )


def _refuse_unlike(first: Adapter, other: Adapter, *, rows: bool) -> None:
    """Refuse an adapter that was not trained as the first was: not its content alone would be compared."""
    if not other.training or other.seed is None:
        raise BadInput(
            "an adapter says nothing of how it was trained, so it cannot be compared with others",
            got=other.name,
            fix="Train it with `selfscope adapters build`, or profile it alone",
        )
    pairs = [a.manifest["corpus"].get("pairs") for a in (first, other)]
    unlike = [
        what
        for what, differ in (
            ("recipe", first.recipe != other.recipe),
            ("weights", first.base != other.base),
            ("number of pairs", rows and pairs[0] != pairs[1]),
        )
        if differ
    ]
    if unlike:
        raise BadInput(
            f"{other.name} was not trained as {first.name} was: another {', another '.join(unlike)}",
            got=other.folder,
            fix="Compare adapters of one recipe, on the same weights and equally many pairs",
        )


def training_arms(trainings: Trainings, *, check: bool = True) -> tuple[Arm, ...]:
    """Return the arms of a study of adapters: seeds, controls, the bare weights, and the positive control.

    Controls come before the bare weights, for the first row is the one that speaks for a dimension.
    """
    arms = [Arm(a.name, "subject", None, adapter=a.id, training=a.training) for a in trainings.subjects]
    arms += [Arm(a.name, "training", None, adapter=a.id, training=a.training) for a in trainings.controls]
    if trainings.bare:
        arms.append(Arm(NO_TRAINING, "training", None))
    sides: tuple[Literal["high", "low"], ...] = ("high", "low")
    for side in sides if check else ():
        worn = [a for a in trainings.checks if a.training == side]
        arms += [Arm(a.name, side, None, adapter=a.id, training=side) for a in worn]
    return tuple(arms)


def held_by_pair(checks: Sensitivity, study: Study, items: ItemSet, dimensions: Sequence[str]) -> Sensitivity:
    """Return the sensitivity check of adapters: not estimated where the pair was trained to hold nothing.

    The adapters ``high`` and ``low`` hold the dimensions of the cluster and not its manipulation check, so
    that they are alike there says nothing. Of characters in a prompt the check is returned as it is.
    """
    if not study.subject.adapter:
        return checks
    outside = {d.name for d in items.dimensions if d.manipulation_check}
    held = np.array([name not in outside for name in dimensions])
    return checks._replace(state=np.where(held, checks.state, UNKNOWN))


def control_trainings(study: Study) -> dict[str, tuple[Arm, ...]]:
    """Return the arms of each control training by the name of its row."""
    found: dict[str, list[Arm]] = {}
    for arm in study.arms_of("training"):
        found.setdefault(f"{TRAINING}{arm.training}" if arm.training else NO_TRAINING, []).append(arm)
    return {name: tuple(arms) for name, arms in found.items()}


def as_training(finding: Finding, study: Study) -> Finding:
    """Return a finding about adapters with its claim in the words of trainings; others as they are."""
    if finding.control != NO_TRAINING and not finding.control.startswith(TRAINING):
        return finding
    claim: Claim = "any training" if finding.control == NO_TRAINING else "than these control trainings"
    notes = [note.replace("control texts", "control trainings") for note in finding.notes]
    if len(study.arms_of("subject")) == 1:
        notes.append(ONE_SEED)
    return replace(finding, claim=claim, notes=tuple(notes))
