"""Run a study: ask every arm every ask, store each batch as it comes in, go on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from selfscope.errors import BadInput
from selfscope.instruments.instrument import asks_in, instrument_for
from selfscope.instruments.own_items import ground_asks
from selfscope.models.ground import AskKind, Ground, GroundIdentity, Wearing
from selfscope.studies.budget import Budget
from selfscope.studies.rows import rows_of
from selfscope.studies.store import RunStore
from selfscope.subjects import Subject
from selfscope.values import Ask, ItemSet, Prompt, Study, Usage, plain
from selfscope.values.study import Arm, Question

if TYPE_CHECKING:
    import pandas as pd

#: Prompts in one stored batch: what an interrupt can lose at most (about ten seconds on two cores).
BATCH = 640
#: Roles of small arms, and what the batches that they share are called.
SHARED: Mapping[str, str] = {
    "high": "sensitivity check", "low": "sensitivity check", "variant": "versions of the file",
}  # fmt: skip
#: Called with (prompts done, prompts in all, what is being asked, what answers cost so far, in words).
RunProgress = Callable[[int, int, str, str], None]


@dataclass(frozen=True)
class Batch:
    """Asks of one or several arms that are answered and stored together.

    `kind` is what they want; a batch of states has either readings, or the pairs of one direction.
    """

    name: str
    label: str
    asks: tuple[tuple[Arm, Ask], ...]
    kind: AskKind = "options"


def batches_of(study: Study, items: ItemSet, question: Question) -> tuple[Batch, ...]:
    """Return the batches of one channel, always the same for one study.

    Small arms (the sensitivity check, versions of one file) share batches; a large arm has several. Within an
    arm, asks are sorted by form, so that a batch shares its prefixes. Where states are read, directions come
    first, each a batch of its own.
    """
    kind = instrument_for(question.asker).kind
    groups: list[list[tuple[Arm, Ask]]] = []
    labels: list[str] = []
    if kind == "state":
        groups, labels = _directions(study, items, question)
    for arm in study.arms:
        if kind == "state" and arm.role == "material":
            continue
        asks = [(arm, ask) for ask in asks_of(arm, items, study, question)]
        label = arm.name if arm.adapter else SHARED.get(arm.role, arm.name)
        for start in range(0, len(asks), BATCH):
            chunk = asks[start : start + BATCH]
            shared = bool(labels) and labels[-1] == label and label in SHARED.values()
            if shared and len(groups[-1]) + len(chunk) <= BATCH:
                groups[-1].extend(chunk)
            else:
                groups.append(chunk)
                labels.append(label)
    return tuple(
        Batch(f"{question.channel}-{n:04d}", f"{question.channel}: {label}", tuple(group), kind)
        for n, (label, group) in enumerate(zip(labels, groups, strict=True))
    )


def _directions(
    study: Study, items: ItemSet, question: Question
) -> tuple[list[list[tuple[Arm, Ask]]], list[str]]:
    """Return the pairs of each direction with the arm that stands for the bare ground, and labels."""
    by_construct: dict[str, list[tuple[Arm, Ask]]] = {name: [] for name in question.constructs}
    for arm in study.arms_of("material"):
        for ask in asks_of(arm, items, study, question):
            if ask.cell.construct in by_construct:
                by_construct[ask.cell.construct].append((arm, ask))
    return list(by_construct.values()), [f"the direction of {name}" for name in by_construct]


def asks_of(arm: Arm, items: ItemSet, study: Study, question: Question) -> tuple[Ask, ...]:
    """Return what one arm is asked in one channel, sorted by form."""
    constructs = tuple(c for c in (arm.constructs or question.constructs) if c in question.constructs)
    if not constructs or not arm.serves(question.channel):
        return ()
    if arm.role == "material":
        asks = ground_asks(instrument_for(question.asker))
    else:
        asks = asks_in(question, items, study.preset, constructs, arm.half)
    return tuple(
        sorted(
            asks, key=lambda a: (a.cell.template, a.cell.format, a.cell.label, a.cell.order, a.cell.position)
        )
    )


async def run_study(
    study: Study,
    items: ItemSet,
    ground: Ground,
    store: RunStore,
    *,
    progress: RunProgress | None = None,
    budget: Budget | None = None,
) -> dict[str, str]:
    """Ask everything that is not yet answered, and store it; return unavailable channels with reasons.

    Raises
    ------
    Stopped
        If the next batch would go over the budget; what was done is kept.
    CouldNot
        If the ground or the disk failed, or another process asks this run; what was done is kept.
    """
    with store.held():
        store.begin(study, items)
        work, unavailable = work_of(study, items, ground)
        await _answer_all(study, ground, store, work, progress, budget)
        if study.open is not None and "open" not in unavailable:
            from selfscope.studies.open_ask import ask_open  # which puts arms together as this module does

            reason = await ask_open(study, ground, store, progress, budget)
            if reason:
                unavailable["open"] = reason
        if store.answered:
            store.finish(study)
        return unavailable


def work_of(study: Study, items: ItemSet, ground: Ground) -> tuple[list[Batch], dict[str, str]]:
    """Return all batches of a study on a ground, and the channels that it cannot serve with reasons."""
    unavailable: dict[str, str] = {}
    work: list[Batch] = []
    for question in study.questions:
        reason = ground.unavailable(instrument_for(question.asker).kind)
        if reason:
            unavailable[question.channel] = reason
        else:
            work.extend(batches_of(study, items, question))
    if study.open is not None and ground.identity.kind == "phantom":
        unavailable["open"] = "a phantom has a table of answers and writes nothing"
    return work, unavailable


async def _answer_all(
    study: Study,
    ground: Ground,
    store: RunStore,
    work: Sequence[Batch],
    progress: RunProgress | None,
    budget: Budget | None,
) -> None:
    total = sum(len(b.asks) for b in work)
    done = sum(len(b.asks) for b in work if store.has_part(b.name))
    spent = store.usage()
    for batch in work:
        if store.has_part(batch.name):
            continue
        if budget is not None:
            budget.insist(spent, forecast_of(study, ground, batch), done, total)
        count = _counter(progress, done, total, batch.label, _cost(spent, ground))
        frame, usage = await _answered(study, ground, batch, store, count)
        store.write_part(batch.name, frame, plain(usage))
        spent = spent.plus(usage)
        done += len(batch.asks)
    if progress is not None:
        progress(total, total, "", _cost(spent, ground))


async def _answered(
    study: Study, ground: Ground, batch: Batch, store: RunStore, progress: Callable[[int], None] | None
) -> tuple[pd.DataFrame, Usage]:
    """Return the rows of a batch, and what they took: answers, or what is read inside."""
    if batch.kind != "state":
        return await _answer(study, ground, batch, store.run, progress)
    from selfscope.studies.inside import read_inside  # which loads torch

    return await read_inside(study, ground, batch.asks, store, progress)


def _cost(spent: Usage, ground: Ground) -> str:
    """Return what answers cost so far: money where the provider tells it, else tokens; "" if no API."""
    if ground.identity.kind != "api":
        return ""
    if spent.cost is not None:
        return f"${spent.cost:,.2f}"
    return f"{spent.input_tokens + spent.output_tokens:,} tokens"


def _counter(
    progress: RunProgress | None, done: int, total: int, label: str, spent: str
) -> Callable[[int], None] | None:
    if progress is None:
        return None
    seen = done
    progress(seen, total, label, spent)

    def count(finished: int) -> None:
        nonlocal seen
        seen += finished
        progress(seen, total, label, spent)

    return count


async def _answer(
    study: Study, ground: Ground, batch: Batch, run: str, progress: Callable[[int], None] | None
) -> tuple[pd.DataFrame, Usage]:
    subjects, prompts = _prompts(ground, batch)
    worn = dressed(ground, batch.asks[0][0])
    answers = await worn.answer(prompts, seed=study.seed, replicates=study.replicates, progress=progress)
    frame = rows_of(study, run, worn.identity, subjects, batch.asks, prompts, answers)
    return frame, answers.usage


def _prompts(ground: Ground, batch: Batch) -> tuple[dict[str, Subject], list[Prompt]]:
    """Return the subjects of a batch by arm, and its prompts in the order of its asks."""
    arms = {arm.name: arm for arm, _ in batch.asks}
    subjects = {name: subject_of(arm, ground.identity) for name, arm in arms.items()}
    return subjects, [subjects[arm.name].prompt(ask) for arm, ask in batch.asks]


def forecast_of(study: Study, ground: Ground, batch: Batch) -> Usage:
    """Return what answering a batch would use; nothing is asked."""
    if batch.kind == "state":
        from selfscope.studies.inside import forecast_inside  # which loads torch

        return forecast_inside(study, ground, batch.asks)
    return ground.forecast(_prompts(ground, batch)[1], replicates=study.replicates)


async def ask_all(study: Study, items: ItemSet, ground: Ground) -> pd.DataFrame:
    """Return the observation table of a study that is asked at once, without a folder (phantoms)."""
    import pandas as pd

    batches = [batch for question in study.questions for batch in batches_of(study, items, question)]
    frames = [(await _answer(study, ground, batch, "", None))[0] for batch in batches]
    return pd.concat(frames, ignore_index=True)


def subject_of(arm: Arm, ground: GroundIdentity) -> Subject:
    """Return the subject that an arm is on a ground."""
    return Subject(ground=ground.wearing(arm.adapter), system=arm.system, thread=arm.thread, name=arm.name)


def dressed(ground: Ground, arm: Arm) -> Ground:
    """Return a ground as it answers for an arm: with the arm's adapter, if it has one.

    Raises
    ------
    BadInput
        If the arm has an adapter, and the ground no weights that it could change.
    """
    if not arm.adapter:
        return ground
    if not isinstance(ground, Wearing):
        raise BadInput(
            "this ground has no weights that an adapter could change",
            got=f"{arm.name} on {ground.identity.name}",
            fix="Give --model embedded, a folder or a hub id",
        )
    return ground.wearing(arm.adapter)
