"""Declare a study of ordinary tasks under an identity and its controls.

The bare ground is asked all tasks first, in draws that serve nothing else. Tasks that it gets right between
20 and 90 percent of the time are then asked of every arm, the bare ground included, in draws of their own: a
task that is chosen and compared by the same draws would flatter the bare ground. The others are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from selfscope.errors import BadInput
from selfscope.instruments.cooperation.load import OrdinaryTask, kinds_of, load_tasks
from selfscope.models.ground import Ground, GroundIdentity
from selfscope.stats.noninferiority import MARGIN
from selfscope.studies.cooperation_rows import NAME
from selfscope.studies.profile import ProfileRequest, software_versions, subject_and_controls
from selfscope.subjects import Reading
from selfscope.values import (
    Arm,
    Dimension,
    ItemSet,
    Question,
    Statement,
    Study,
    content_id,
    plain,
)

if TYPE_CHECKING:
    import pandas as pd

CONTROLS = ("none", "checklist")
#: Draws of every task by which the bare ground's tasks are chosen, and the shares between which they lie.
CALIBRATION_DRAWS = 5
LEAST_RIGHT, MOST_RIGHT = 0.20, 0.90
#: Tasks within the range that a full statement asks for.
WANTED_TASKS = 80
#: Name of the arm of those draws.
CALIBRATION = "calibration"
#: Temperature of draws from local weights.
LOCAL_TEMPERATURE = 0.6


@dataclass(frozen=True)
class CooperationRequest:
    """What the user asked for.

    Attributes
    ----------
    identity
        The identity's reading, or None for the bare ground alone.
    against, own_controls
        Control classes, and the user's own texts.
    draws
        Replies drawn a task and arm.
    margin
        Points that may be lost, as a share.
    max_tokens
        Tokens that a reply may take.
    temperature
        Of the draws, above 0; None is the usual one of the ground (:func:`usual_temperature`).
    kinds
        Kinds of tasks that are asked; empty means all.
    """

    identity: Reading | None
    against: tuple[str, ...] = CONTROLS
    own_controls: tuple[Reading, ...] = ()
    draws: int = 5
    margin: float = MARGIN
    max_tokens: int = 32
    temperature: float | None = None
    seed: int = 0
    kinds: tuple[str, ...] = ()


def items_of(tasks: Sequence[OrdinaryTask]) -> ItemSet:
    """Return the tasks as an item set of one construct; a task's statement is what the user says."""
    return ItemSet(
        NAME,
        (
            Dimension(
                NAME,
                "Cooperation",
                "Whether ordinary tasks are done.",
                "More tasks are done right.",
                (),
                (),
                tuple(Statement(task.id, NAME, 1, task.text) for task in tasks),
            ),
        ),
    )


def tasks_of(kinds: Sequence[str] = ()) -> tuple[OrdinaryTask, ...]:
    """Return the tasks of some kinds, or all; BadInput for a kind that is not there."""
    known = kinds_of(load_tasks())
    if strange := [kind for kind in kinds if kind not in known]:
        raise BadInput("no such kind of task", got=", ".join(strange), fix=f"Choose from: {', '.join(known)}")
    return tuple(task for task in load_tasks() if not kinds or task.kind in kinds)


def build_cooperation(request: CooperationRequest, ground: Ground) -> Study:
    """Return the declared study.

    Raises
    ------
    BadInput
        If there is no draw, the margin is no share, or a control is of an unknown class.
    """
    temperature = _temperature(request, ground.identity)
    if request.draws < 1 or not 0 < request.margin < 1 or temperature <= 0:
        raise BadInput(
            "a study needs at least one draw, a margin between 0 and 1, and a temperature above 0",
            got=f"{request.draws} draws, margin {request.margin:g}, temperature {temperature:g}",
            fix="Give such as --draws 5 --margin 10 --temperature 1",
        )
    tasks = tasks_of(request.kinds)
    asked = ProfileRequest(
        request.identity,
        items_of(tasks),
        against=request.against,
        own_controls=request.own_controls,
        seed=request.seed,
    )
    calibration = Arm(CALIBRATION, "material", None)
    choice = [plain(tasks), CALIBRATION_DRAWS, LEAST_RIGHT, MOST_RIGHT]
    return Study(
        title=f"cooperation {request.identity.name if request.identity else 'none'}",
        ground=plain(_as_asked(ground.identity, request)),
        items=content_id(items_of(tasks)),
        items_name=NAME,
        questions=(Question("behaviour", (NAME,), (NAME,), request.margin, material=content_id(choice)),),
        arms=(calibration, *subject_and_controls(asked, ground)),
        preset="standard",
        seed=request.seed,
        replicates=request.draws,
        software=software_versions() | {"lengths counted by": ground.tokenizer_name},
    )


def _as_asked(identity: GroundIdentity, request: CooperationRequest) -> GroundIdentity:
    """Return a ground's identity with how it is asked here in the place of how it is asked elsewhere."""
    kept = {key: value for key, value in identity.extra.items() if key in ("adapter", "base_url")}
    temperature = _temperature(request, identity)
    asked = {"temperature": str(temperature), "max_tokens": str(request.max_tokens)}
    return replace(identity, extra=kept | asked)


def _temperature(request: CooperationRequest, identity: GroundIdentity) -> float:
    return usual_temperature(identity) if request.temperature is None else float(request.temperature)


def usual_temperature(identity: GroundIdentity) -> float:
    """Return the temperature of draws where none is asked for.

    Behind an API it is 1, which every provider takes. Local weights are small as a rule and draw much noise
    at 1, so theirs is lower.
    """
    return LOCAL_TEMPERATURE if identity.kind == "local" else 1.0


def tasks_within(calibration: pd.DataFrame) -> tuple[str, ...]:
    """Return the ids of the tasks that the bare ground gets right between 20 and 90 percent of the time."""
    share = (calibration["value"] == 1).groupby(calibration["item"], sort=False).mean()
    return tuple(str(item) for item in share.index[(share >= LEAST_RIGHT) & (share <= MOST_RIGHT)])
