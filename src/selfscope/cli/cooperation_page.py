"""From a run of ordinary tasks to the view that its page shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from selfscope.instruments.cooperation.load import OrdinaryTask, load_tasks
from selfscope.models.catalogue import BUILT_IN
from selfscope.models.ground import GroundIdentity
from selfscope.report.cooperation import CooperationView, Reply, Standing, TaskReplies
from selfscope.studies.cooperation import CALIBRATION, LEAST_RIGHT, MOST_RIGHT
from selfscope.studies.store import RunStore
from selfscope.values import Study, short
from selfscope.values.cooperation import Cooperation

if TYPE_CHECKING:
    import pandas as pd


def cooperation_view(study: Study, store: RunStore, found: Cooperation) -> CooperationView:
    """Return what the page of a finished run shows."""
    rows = store.observations().merge(store.evidence()[["evidence", "reply"]], on="evidence", validate="1:1")
    return CooperationView(
        found=found,
        subject=study.subject_name,
        model=_model(GroundIdentity(**study.ground)),  # type: ignore[arg-type]
        margin=study.questions[0].sesoi,
        draws=study.replicates,
        tasks=tuple(_tasks(study, rows)),
        texts={arm.name: arm.system for arm in study.arms if arm.name != CALIBRATION},
        logs=dict(_logs(study, rows)),
        facts=tuple(_facts(study, store)),
    )


def _model(ground: GroundIdentity) -> str:
    name = BUILT_IN[ground.name].title if ground.name in BUILT_IN else ground.name
    worn = ground.extra.get("adapter", "")
    return f"{name} with the adapter {short(worn)}" if worn else name


def _tasks(study: Study, rows: pd.DataFrame) -> Iterator[TaskReplies]:
    """Yield the tasks that were asked, in the order of the bank."""
    by_id = {task.id: task for task in load_tasks()}
    groups = {key: rows.loc[at] for key, at in rows.groupby(["item", "character"], sort=False).groups.items()}
    arms = [arm.name for arm in study.arms if arm.name != CALIBRATION]
    asked = [item for item in by_id if (item, CALIBRATION) in groups]
    for item in asked:
        chosen = groups[item, CALIBRATION]
        yield TaskReplies(
            id=item,
            kind=by_id[item].kind,
            text=by_id[item].text,
            answer=_answer(by_id[item]),
            standing=_standing(chosen),
            chosen_by=_replies(chosen),
            arms={arm: _replies(groups[item, arm]) for arm in arms if (item, arm) in groups},
        )


def _answer(task: OrdinaryTask) -> str:
    return ", ".join(task.answer) if task.check == "order" else " or ".join(task.answer)


def _standing(chosen: pd.DataFrame) -> Standing:
    share = float((chosen["value"] == 1).mean())
    return "too hard" if share < LEAST_RIGHT else "too easy" if share > MOST_RIGHT else "within"


def _replies(rows: pd.DataFrame) -> tuple[Reply, ...]:
    """Return what was said, replies that are alike once with their number, in the order of the draws."""
    said = Counter(
        (str(reply), _outcome(value, refusal))
        for reply, value, refusal in zip(rows["reply"], rows["value"], rows["refusal"], strict=True)
    )
    return tuple(Reply(text, outcome, times) for (text, outcome), times in said.items())


def _outcome(value: float, refusal: str) -> str:
    if refusal != "none":
        return "refused" if refusal == "refused" else "empty"
    return "right" if value == 1 else "wrong"


def _logs(study: Study, rows: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield the log of every arm, relative to the run's folder."""
    first = rows.groupby("character", sort=False)["evidence"].first()
    for arm in study.arms:
        if arm.name in first.index:
            name = "the choice of tasks" if arm.name == CALIBRATION else arm.name
            yield name, f"logs/{str(first[arm.name]).partition('#')[0]}"


def _facts(study: Study, store: RunStore) -> Iterator[tuple[str, str]]:
    told, used = store.read_json("manifest.json"), store.usage("behaviour-*")
    ground = GroundIdentity(**study.ground)  # type: ignore[arg-type]
    yield "run", store.run
    yield "command", str(told.get("command", ""))
    yield "temperature", ground.extra["temperature"]
    yield "tokens of a reply, at most", ground.extra["max_tokens"]
    yield "seed", str(study.seed)
    cost = "" if used.cost is None else f", ${used.cost:,.2f}"
    tokens = f"{used.input_tokens:,} tokens in, {used.output_tokens:,} drawn"
    yield "asked", f"{used.calls:,} replies, {tokens}, {used.seconds:,.0f} s{cost}"
    yield "finished", str(told.get("concluded", ""))
    yield "software", ", ".join(f"{name} {version}" for name, version in study.software.items())
