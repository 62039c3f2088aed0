"""Run ordinary tasks under an identity and its controls: through Inspect's task, into the one table.

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
from selfscope.models.api_provider import refuse_temperature
from selfscope.models.ground import Ground, GroundIdentity
from selfscope.stats.noninferiority import MARGIN
from selfscope.studies.cooperation_rows import NAME, rows_of_log
from selfscope.studies.evaluation import evaluate, model_of, settings_of, usage_of_log
from selfscope.studies.profile import ProfileRequest, software_versions, subject_and_controls
from selfscope.studies.run import RunProgress
from selfscope.studies.store import RunStore
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
    short,
)

if TYPE_CHECKING:
    import pandas as pd
    from inspect_ai import Task
    from inspect_ai.model import Model

CONTROLS = ("none", "checklist")
#: Draws of every task by which the bare ground's tasks are chosen, and the shares between which they lie.
CALIBRATION_DRAWS = 5
LEAST_RIGHT, MOST_RIGHT = 0.20, 0.90
#: Name of the arm of those draws.
CALIBRATION = "calibration"


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
        Of the draws; above 0.
    kinds
        Kinds of tasks that are asked; empty means all.
    """

    identity: Reading | None
    against: tuple[str, ...] = CONTROLS
    own_controls: tuple[Reading, ...] = ()
    draws: int = 5
    margin: float = MARGIN
    max_tokens: int = 48
    temperature: float = 1.0
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
    if request.draws < 1 or not 0 < request.margin < 1 or request.temperature <= 0:
        raise BadInput(
            "a study needs at least one draw, a margin between 0 and 1, and a temperature above 0",
            got=f"{request.draws} draws, margin {request.margin:g}, temperature {request.temperature:g}",
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
    asked = {"temperature": str(float(request.temperature)), "max_tokens": str(request.max_tokens)}
    return replace(identity, extra=kept | asked)


async def run_cooperation(
    study: Study, items: ItemSet, ground: Ground, store: RunStore, progress: RunProgress | None = None
) -> None:
    """Ask every arm what is not yet answered, and join the observation table.

    Raises
    ------
    Stopped
        If it was interrupted.
    CouldNot
        If the provider or the disk failed, or another process asks this run. What was done is kept: whole
        arms in the run's folder, single replies in Inspect's cache.
    """
    with store.held():
        store.begin(study, items)
        model = model_of(ground)
        try:
            refuse_temperature(model, float(str(study.ground["extra"]["temperature"])))  # type: ignore[index]
            await _ask_arms(study, items, model, store, progress)
        finally:
            if ground.identity.kind != "local":  # the weights are given back by whoever opened them
                await model.api.aclose()
        store.finish(study)


async def _ask_arms(
    study: Study, items: ItemSet, model: Model, store: RunStore, progress: RunProgress | None
) -> None:
    every = tuple(statement.id for statement in items.statements)
    chosen: tuple[str, ...] = every
    total = len(every) * CALIBRATION_DRAWS
    done = 0
    for n, arm in enumerate(study.arms):
        draws = CALIBRATION_DRAWS if arm.name == CALIBRATION else study.replicates
        if progress is not None:
            progress(done, total, f"tasks: {arm.name}", "")
        if not store.has_part(_part(n)):
            await _ask_arm(study, arm, chosen, draws, model, store, _part(n))
        done += len(chosen) * draws
        if arm.name == CALIBRATION:
            frame = next(part for part, _ in store.parts(_part(n)))
            chosen = tasks_within(frame)
            if not chosen:
                break
            total += len(chosen) * study.replicates * (len(study.arms) - 1)


def _part(n: int) -> str:
    return f"behaviour-{n:04d}"


def tasks_within(calibration: pd.DataFrame) -> tuple[str, ...]:
    """Return the ids of the tasks that the bare ground gets right between 20 and 90 percent of the time."""
    share = (calibration["value"] == 1).groupby(calibration["item"], sort=False).mean()
    return tuple(str(item) for item in share.index[(share >= LEAST_RIGHT) & (share <= MOST_RIGHT)])


async def _ask_arm(
    study: Study, arm: Arm, tasks: Sequence[str], draws: int, model: Model, store: RunStore, part: str
) -> None:
    """Ask one arm through the Inspect task, and store its rows."""
    from inspect_ai.log import read_eval_log_async

    task = _task_of(study, arm, tasks, draws, model)
    log = await evaluate(task, study, arm, model, store, len(tasks) * draws)
    whole = await read_eval_log_async(log.location, resolve_attachments=True)
    name = log.location.rpartition("/")[2]
    store.write_part(
        part, rows_of_log(study, arm, store.run, name, whole.samples or []), plain(usage_of_log(whole))
    )


def _task_of(study: Study, arm: Arm, tasks: Sequence[str], draws: int, model: Model) -> Task:
    """Return Inspect's task for one arm; replies of an earlier, broken try come from Inspect's cache."""
    from inspect_ai.model import GenerateConfig

    from selfscope.instruments.cooperation.task import cooperation_task

    ground = GroundIdentity(**study.ground)  # type: ignore[arg-type]
    return cooperation_task(
        arm.system,
        only=tasks,
        draws=draws,
        max_tokens=int(ground.extra["max_tokens"]),
        temperature=float(ground.extra["temperature"]),
        seed=int(short(content_id([study.seed, arm.name]), 7), 16),
        scopes={"run": study.id, "arm": arm.name},
        config=GenerateConfig(**settings_of(model, ground)),
    )
