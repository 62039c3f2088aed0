"""Plan and run the two studies of ``attribute``, and store what comes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from selfscope.models.api_price import Price
from selfscope.models.ground import Ground
from selfscope.studies.analysis import Analysis
from selfscope.studies.attribute import (
    MOST,
    RECKONED,
    AttributeRequest,
    Tracing,
    choosing_study,
    judging_study,
    separable,
)
from selfscope.studies.budget import Budget
from selfscope.studies.conclude import Outcome, manifest
from selfscope.studies.plan import Plan, plan_study
from selfscope.studies.planted_lines import teach_lines
from selfscope.studies.run import RunProgress, run_study
from selfscope.studies.store import RunStore
from selfscope.studies.traced import Choice, attribution, choose, nothing_moved
from selfscope.values import Study, Usage
from selfscope.values.attribution import Attribution

#: What a plan says while the dimensions are not known.
NOT_CHOSEN = (
    "planned for {count} dimensions, the most that this preset traces: fewer may be chosen, or none, and "
    "then no version of the file is asked"
)
NOT_CHOSEN_FREELY = (
    "planned for {count} dimensions: all that are chosen are traced, and each takes about as much as each of "
    "these"
)


@dataclass(frozen=True)
class Traced:
    """What came of it.

    Attributes
    ----------
    stores, studies
        Of the run that chose, and of that which judged; the latter is missing where nothing was chosen.
    usage
        What the answers of both cost.
    """

    found: Attribution
    stores: tuple[RunStore, ...]
    studies: tuple[Study, ...]
    usage: Usage


async def trace(
    request: AttributeRequest,
    ground: Ground,
    *,
    progress: RunProgress | None = None,
    budget: Callable[[Usage], Budget | None] = lambda _: None,
    told: Callable[[Plan], None] = lambda _: None,
    price: Price | None = None,
    command: str = "",
) -> Traced:
    """Choose dimensions, judge the lines of the file in them, and store the finding beside the answers.

    Parameters
    ----------
    budget
        Given what other runs of the command used, the budget of the next one.
    told
        Called with the plan of the judging study as soon as its dimensions are known, before it is asked.

    Raises
    ------
    Stopped
        If a budget is spent; what was done is kept.
    CouldNot
        If the ground or the disk failed; what was done is kept.
    """
    first = choosing_study(request, ground)
    chosen_in = RunStore.of(first)
    await _ask(request, ground, first, chosen_in, progress, budget(Usage()))
    _store_manifest(request, ground, first, chosen_in, command)
    choice = choose(request, first, chosen_in.observations())
    if not choice.chosen:
        found = nothing_moved(request, first, choice)
        chosen_in.write_json("attribution.json", found)
        return Traced(found, (chosen_in,), (first,), chosen_in.usage())
    tracing = judging_study(request, ground, choice.chosen)
    store = RunStore.of(tracing.study)
    told(_plan(tracing.study, request, ground, price))
    await _ask(request, ground, tracing.study, store, progress, budget(chosen_in.usage()))
    _store_manifest(request, ground, tracing.study, store, command)
    found = attribution(request, tracing, choice, store.observations())
    store.write_json("attribution.json", found)
    used = chosen_in.usage().plus(store.usage())
    return Traced(found, (chosen_in, store), (first, tracing.study), used)


def plan_tracing(
    request: AttributeRequest, ground: Ground, *, price: Price | None = None
) -> tuple[Plan, Plan]:
    """Return what both studies will take; nothing is asked.

    The second is exact where dimensions were named, or were chosen in a run that is there; else it reckons
    with as many dimensions as may be chosen, and says so.
    """
    first = choosing_study(request, ground)
    tracing, note = _foreseen(request, ground, first)
    second = _plan(tracing.study, request, ground, price)
    return _plan(first, request, ground, price), replace(second, notes=(*second.notes, *note))


def _foreseen(request: AttributeRequest, ground: Ground, first: Study) -> tuple[Tracing, tuple[str, ...]]:
    choice = _known(request, first)
    if choice is not None and choice.chosen:
        return judging_study(request, ground, choice.chosen), ()
    if request.dimensions:
        names = tuple(d.name for d in separable(request) if d.name in request.dimensions)
        return judging_study(request, ground, names), ()
    most = MOST.get(request.preset)
    names = tuple(d.name for d in separable(request))[: most or RECKONED]
    words = (NOT_CHOSEN if most else NOT_CHOSEN_FREELY).format(count=len(names))
    return judging_study(request, ground, names), (words,)


def _known(request: AttributeRequest, first: Study) -> Choice | None:
    """Return what was chosen, if the run that chooses is finished."""
    store = RunStore.of(first)
    return choose(request, first, store.observations()) if store.finished else None


def _plan(study: Study, request: AttributeRequest, ground: Ground, price: Price | None) -> Plan:
    """Return the plan of one study; it has no widths, for those of lines are no contrast against a class."""
    return replace(plan_study(study, request.items, ground, price=price), widths=())


async def _ask(
    request: AttributeRequest,
    ground: Ground,
    study: Study,
    store: RunStore,
    progress: RunProgress | None,
    budget: Budget | None,
) -> None:
    teach_lines(ground, study, request.items, request.identity)
    await run_study(study, request.items, ground, store, progress=progress, budget=budget)


def _store_manifest(
    request: AttributeRequest, ground: Ground, study: Study, store: RunStore, command: str
) -> None:
    usage = {str(request.channel): store.usage()}
    told = Outcome(store, study, request.items, ground.identity, Analysis(), {}, usage, command=command)
    store.write_json("manifest.json", manifest(told))


def runs_of(stores: Sequence[RunStore]) -> dict[str, str | None]:
    """Return the runs' ids by what they did."""
    ids: list[str | None] = [store.run for store in stores]
    return dict(zip(("choosing", "judging"), [*ids, None][:2], strict=True))
