"""What a study will take, before anything is spent: calls, tokens, money, minutes, widths of intervals."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from selfscope.models.api_price import Price
from selfscope.models.ground import Ground, GroundIdentity
from selfscope.studies.budget import cost_of, tokens_of
from selfscope.studies.open_ask import forecast_open, notes_on_judges
from selfscope.studies.open_declare import OPEN, parts_of
from selfscope.studies.run import Batch, forecast_of, subject_of, work_of
from selfscope.studies.store import RunStore, runs_folder
from selfscope.studies.widths import Width, expected_widths
from selfscope.values import ItemSet, Study, Usage, plain

#: Tokens a second of scoring that the documentation plans with: the embedded model on two cores.
DOCUMENTED = 600.0
#: Tokens a second that the embedded model writes, several answers at once, on two cores.
WRITTEN = 60.0
#: Prompts of a calibration: about three seconds of the embedded model on two cores.
CALIBRATED = 96


@dataclass(frozen=True)
class Rate:
    """How fast a ground answers, and how that is known.

    Attributes
    ----------
    amount
        Per second.
    unit
        ``tokens`` for local weights, ``calls`` behind an API.
    source
        Where the rate comes from, in words.
    """

    amount: float
    unit: str
    source: str

    def seconds(self, usage: Usage) -> float:
        """Return how long a usage takes."""
        return (tokens_of(usage) if self.unit == "tokens" else usage.calls) / self.amount


@dataclass(frozen=True)
class Plan:
    """What one study will take.

    Attributes
    ----------
    total
        In all, from the beginning.
    done
        What the run in the runs folder has used already; its answers are not asked again.
    left
        What is still to be asked.
    prompts_done
        Prompts that are answered.
    """

    run: str
    title: str
    ground: GroundIdentity
    subjects: int
    total: Usage
    left: Usage
    done: Usage
    by_channel: dict[str, Usage]
    unavailable: dict[str, str]
    rate: Rate | None
    price: Price | None
    widths: tuple[Width, ...]
    notes: tuple[str, ...] = ()

    @property
    def cost(self) -> float | None:
        """Money in all; None where it is not known."""
        return 0.0 if self.ground.kind != "api" else cost_of(self.total, self.price)

    @property
    def minutes(self) -> float | None:
        """Minutes that what is left will take; None where no rate is known.

        Local weights write at a rate of their own, slower than they read.
        """
        if self.rate is None:
            return None
        written = self.left.output_tokens if self.ground.kind == "local" else 0
        return (self.rate.seconds(self.left) + written / WRITTEN) / 60


def plan_study(
    study: Study,
    items: ItemSet,
    ground: Ground,
    *,
    price: Price | None = None,
    rate: Rate | None = None,
    notes: Sequence[str] = (),
) -> Plan:
    """Return what a study will take on a ground; nothing is asked.

    Parameters
    ----------
    price
        Of an API model.
    rate
        A measured one; by default that of earlier runs on this ground, else the documented one.
    notes
        What a reader must know of how it was planned.
    """
    work, unavailable = work_of(study, items, ground)
    store = RunStore.of(study)
    each = [(batch.name, forecast_of(study, ground, batch)) for batch in work]
    if OPEN not in unavailable:
        each += [(part, forecast_open(study, ground, arm)) for part, arm in parts_of(study)]
    left = _sum(usage for part, usage in each if not store.has_part(part))
    channels = {
        str(channel): _sum(u for part, u in each if part.startswith(f"{channel}-"))
        for channel in study.channels
        if channel not in unavailable
    }
    served = tuple(q for q in study.questions if q.channel not in unavailable)
    asked = _only(study, served)
    total = _sum(usage for _, usage in each)
    draws = round(total.calls / total.prompts) if total.prompts else 1
    return Plan(
        run=store.run,
        title=study.title,
        ground=ground.identity,
        subjects=len(study.arms),
        total=total,
        left=left,
        done=store.usage(),
        by_channel=channels,
        unavailable=unavailable,
        rate=rate or known_rate(ground.identity),
        price=price,
        widths=expected_widths(asked, items, ground.identity, draws),
        notes=(*notes, *(() if OPEN in unavailable else notes_on_judges(study, ground.identity))),
    )


def _only(study: Study, questions: tuple[Any, ...]) -> Study:
    from dataclasses import replace

    return replace(study, questions=questions)


def _sum(usages: Iterable[Usage]) -> Usage:
    total = Usage()
    for usage in usages:
        total = total.plus(usage)
    return total


def known_rate(ground: GroundIdentity) -> Rate | None:
    """Return the rate of earlier runs on a ground, else the documented one; None for an API not yet asked."""
    if ground.kind == "phantom":
        return Rate(20_000.0, "calls", "a table is read")
    used = Usage()
    runs = 0
    for declared in runs_folder().glob("*/study.json"):
        store = RunStore(declared.parent)
        if store.read_json("study.json")["ground"] == plain(ground):
            own = store.usage()
            used, runs = used.plus(own), runs + bool(own.seconds)
    unit = "tokens" if ground.kind == "local" else "calls"
    amount = tokens_of(used) if unit == "tokens" else used.calls
    if used.seconds > 0 and amount:
        return Rate(amount / used.seconds, unit, f"{runs} earlier run{'s' if runs != 1 else ''} here")
    if ground.kind == "local":
        return Rate(DOCUMENTED, unit, "the documented rate of the embedded model on two cores, not measured")
    return None


async def calibrate(study: Study, items: ItemSet, ground: Ground) -> Rate:
    """Return the rate of a few prompts of the study's subject, asked now; their answers are not kept."""
    work, _ = work_of(study, items, ground)
    answered = [each for each in work if each.kind != "state"]
    if not answered:  # what is read inside is computed as fast as what is scored
        return known_rate(ground.identity) or Rate(DOCUMENTED, "tokens", "the documented rate")
    batch = Batch("calibration", "", answered[0].asks[:CALIBRATED])
    prompts = [subject_of(arm, ground.identity).prompt(ask) for arm, ask in batch.asks]
    await ground.answer(prompts[:2], seed=study.seed)  # what is made ready once is not counted
    started = time.monotonic()
    answers = await ground.answer(prompts, seed=study.seed)
    seconds = time.monotonic() - started
    unit = "tokens" if ground.identity.kind == "local" else "calls"
    used = tokens_of(answers.usage) if unit == "tokens" else answers.usage.calls
    return Rate(used / seconds, unit, f"a calibration of {len(prompts)} prompts, just now")
