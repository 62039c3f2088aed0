"""Whom a run of ordinary tasks asks what, and what it will take. Nothing is asked here.

How many tasks lie within the range is known only once the bare ground has been asked. Until then a plan
reckons with as many as a full statement asks for, from all over the bank. Every reply is counted at the most
tokens that it may take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from selfscope.models.api_price import Price
from selfscope.models.ground import Ground, GroundIdentity
from selfscope.studies.cooperation import CALIBRATION, CALIBRATION_DRAWS, WANTED_TASKS, tasks_within
from selfscope.studies.evaluation import refuse_wordless
from selfscope.studies.plan import DOCUMENTED, Plan, Rate, known_rate
from selfscope.studies.store import RunStore
from selfscope.values import Arm, ItemSet, Study, Usage

#: Tokens that a chat template puts around the turns of one conversation, about.
TEMPLATE_TOKENS = 12
#: Conversations that local weights answer together; what they begin with is computed once.
TOGETHER = 32


@dataclass(frozen=True)
class ArmAsked:
    """One arm and what it is asked, in one part of the run.

    Attributes
    ----------
    tasks, draws
        Ids of tasks, and replies drawn of each.
    known
        Whether the tasks are those within the range; else they stand for them, as long as nobody knows.
    """

    arm: Arm
    part: str
    tasks: tuple[str, ...]
    draws: int
    known: bool = True

    @property
    def replies(self) -> int:
        """How many replies are drawn."""
        return len(self.tasks) * self.draws


def arms_asked(study: Study, items: ItemSet, store: RunStore) -> tuple[ArmAsked, ...]:
    """Return what every arm is asked, in order; the first is the bare ground that chooses the tasks.

    Once it has answered, the others are asked the tasks within the range; none of them where there is none.
    """
    every = tuple(statement.id for statement in items.statements)
    first = ArmAsked(study.arms[0], _part(0), every, CALIBRATION_DRAWS)
    assert first.arm.name == CALIBRATION
    known = store.has_part(first.part)
    chosen = tasks_within(next(frame for frame, _ in store.parts(first.part))) if known else _spread(every)
    if not chosen:
        return (first,)
    rest = (
        ArmAsked(arm, _part(n), chosen, study.replicates, known)
        for n, arm in enumerate(study.arms[1:], start=1)
    )
    return (first, *rest)


def _spread(every: Sequence[str]) -> tuple[str, ...]:
    """Return as many tasks as are wanted, evenly from all of them."""
    wanted = min(WANTED_TASKS, len(every))
    return tuple(every[n * len(every) // wanted] for n in range(wanted))


def _part(n: int) -> str:
    return f"behaviour-{n:04d}"


def forecast_replies(study: Study, asked: ArmAsked, items: ItemSet, ground: Ground) -> Usage:
    """Return what asking one arm would use, every reply at its longest."""
    texts = {statement.id: statement.text for statement in items.statements}
    said = sum(ground.count_tokens(texts[task]) + TEMPLATE_TOKENS for task in asked.tasks) * asked.draws
    local = ground.identity.kind == "local"
    longest = int(GroundIdentity(**study.ground).extra["max_tokens"])  # type: ignore[arg-type]
    drawn = asked.replies * longest
    shared = ceil(asked.replies / TOGETHER) * asked.arm.tokens
    return Usage(
        prompts=asked.replies,
        input_tokens=said + asked.replies * asked.arm.tokens,
        distinct_tokens=said + shared + drawn if local else 0,
        output_tokens=drawn,
        cost=0.0 if local else None,
        calls=asked.replies,
    )


def plan_cooperation(study: Study, items: ItemSet, ground: Ground, price: Price | None = None) -> Plan:
    """Return what a study of ordinary tasks will take.

    Parameters
    ----------
    price
        Of an API model.

    Raises
    ------
    BadInput
        If the ground has no words.
    """
    refuse_wordless(ground)
    store = RunStore.of(study)
    asked = arms_asked(study, items, store)
    total = left = Usage()
    for each in asked:
        usage = forecast_replies(study, each, items, ground)
        total = total.plus(usage)
        left = left if store.has_part(each.part) else left.plus(usage)
    identity = GroundIdentity(**study.ground)  # type: ignore[arg-type]
    return Plan(
        run=store.run,
        title=study.title,
        ground=identity,
        subjects=len(study.arms) - 1,
        total=total,
        left=left,
        done=store.usage(),
        by_channel={"behaviour": total},
        unavailable={},
        rate=_rate(identity),
        price=price,
        widths=(),
        notes=tuple(_notes(asked)),
    )


def _rate(ground: GroundIdentity) -> Rate | None:
    """Return the documented rate of local weights, to which the plan adds their writing; else the known."""
    if ground.kind == "local":
        source = "the documented rates of the embedded model on two cores, reading and writing"
        return Rate(DOCUMENTED, "tokens", source)
    return known_rate(ground)


def _notes(asked: Sequence[ArmAsked]) -> list[str]:
    notes = ["every reply is counted at the most tokens that it may take"]
    if not all(each.known for each in asked):
        reckoned = len(asked[-1].tasks)
        notes.append(
            f"{reckoned} tasks are reckoned with as within the range; how many there are only the bare "
            "model's replies tell"
        )
    return notes
