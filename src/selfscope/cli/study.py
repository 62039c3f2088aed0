"""``run`` and ``instruments``: studies by file, and what they can ask with."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.gate import FailOn, gate_code
from selfscope.cli.limits import BudgetFlag, DryRun, Limits, PriceFlag, limits_of
from selfscope.cli.planned import plan_file
from selfscope.cli.profile import in_words
from selfscope.cli.show import JsonFlag, command_line, console, counting, print_json, writing

if TYPE_CHECKING:
    from selfscope.instruments.describe import Described
    from selfscope.models.ground import Ground
    from selfscope.studies.conclude import Outcome
    from selfscope.studies.declare import Declared, Wanted
    from selfscope.values import Usage

#: Constructs that a list names one by one.
_NAMED = 10


@dataclass(frozen=True)
class Done:
    """One run of a study that is finished, with the page that was written and the cluster in sentences."""

    wanted: Wanted
    outcome: Outcome
    report: Path
    cluster: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """The identity's name; none for the bare model."""
        return self.wanted.identity.name if self.wanted.identity is not None else "none"


def run(
    file: Annotated[Path, typer.Argument(metavar="STUDY.yaml", help="A study file; docs/how-to/studies.md.")],
    fail_on: FailOn = None,
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Run every subject and seed that a study file declares, and join what comes of them."""
    from selfscope.studies.declare import read_study

    limits = limits_of(budget, price)
    declared = read_study(file)
    if dry_run:
        plan_file(declared, limits, as_json)
        return
    done = asyncio.run(_ask(declared, limits))
    if as_json:
        print_json(study_json(declared, done))
    else:
        for line in _summary(declared, done):
            console().print(line, markup=False, soft_wrap=True)
    raise typer.Exit(max(gate_code(d.outcome.findings, fail_on, d.outcome.unavailable) for d in done))


async def _ask(declared: Declared, limits: Limits) -> list[Done]:
    """Run model by model, so that weights are loaded once; return the runs in the order of the file."""
    from selfscope.models.choose import choose_ground
    from selfscope.studies.store import runs_folder
    from selfscope.values import Usage

    found: dict[int, Done] = {}
    spent = Usage()
    for model, adapter in dict.fromkeys((w.model, w.adapter) for w in declared.runs):
        ground = choose_ground(model, log_folder=runs_folder() / "logs", adapter=adapter)
        try:
            for n, wanted in enumerate(declared.runs):
                if (wanted.model, wanted.adapter) == (model, adapter):
                    found[n] = await _run(declared, wanted, ground, limits, spent)
                    spent = spent.plus(found[n].outcome.store.usage())
        finally:
            await ground.close()
    return [found[n] for n in sorted(found)]


async def _run(declared: Declared, wanted: Wanted, ground: Ground, limits: Limits, spent: Usage) -> Done:
    from selfscope.cli.page import run_view
    from selfscope.report import cluster_lines, write_report
    from selfscope.studies.conclude import conclude
    from selfscope.studies.phantoms import teach
    from selfscope.studies.run import run_study
    from selfscope.studies.store import RunStore

    items = declared.items
    study = declared.study(wanted, ground)
    teach(ground, study, items)
    store = RunStore.of(study)
    budget = limits.budget_on(ground, spent)
    with counting(study.title) as progress:
        unavailable = await run_study(study, items, ground, store, progress=progress, budget=budget)
    command = command_line()
    outcome = conclude(store, study, items, ground.identity, unavailable, (), command)
    view = run_view(outcome)
    with writing("the page"):
        report = write_report(view, store.report)
    return Done(wanted, outcome, report, cluster_lines(view))


def study_json(declared: Declared, done: list[Done]) -> dict[str, Any]:
    """Return what ``run --json`` prints (schema: ``selfscope schema run``)."""
    return {
        "title": declared.title,
        "runs": [
            {
                "run": d.outcome.store.run,
                "identity": d.identity,
                "model": d.outcome.ground.name,
                "seed": d.wanted.seed,
                "report": str(d.report),
                "findings": in_words(d.outcome.findings, d.outcome.items),
                "levels": d.outcome.analysis.levels,
                "cluster": d.outcome.analysis.cluster,
                "matching": d.outcome.analysis.matching,
                "exchange": d.outcome.analysis.exchange,
                "directions": d.outcome.analysis.directions,
                "agreement": d.outcome.analysis.agreement,
                "unavailable": d.outcome.unavailable,
                "warnings": d.outcome.analysis.warnings,
            }
            for d in done
        ],
        "reports": [str(d.report) for d in done],
    }


def _summary(declared: Declared, done: list[Done]) -> Iterator[str]:
    """Yield the joined summary: what each run found, channel by channel, and where its page is."""
    runs = "1 run" if len(done) == 1 else f"{len(done)} runs"
    yield f"{declared.title}: {runs}"
    for n, each in enumerate(done, start=1):
        yield f"{n}. {each.identity} on {each.outcome.ground.name}, seed {each.wanted.seed}"
        yield from (f"   {line}" for line in (*_verdicts(each.outcome), *each.cluster))
        yield f"   {each.report}"


def _verdicts(outcome: Outcome) -> Iterator[str]:
    if outcome.analysis.changes:
        yield f"settings changed: {'; '.join(outcome.analysis.changes)}"
    for channel, reason in outcome.unavailable.items():
        yield f"{channel} cannot be had: {reason}"
    inside = [f for f in outcome.findings if f.family != "outside"]
    judged = [f for f in inside if f.control == "all"] or inside
    for channel in dict.fromkeys(f.channel for f in judged):
        own = [f for f in judged if f.channel == channel]
        counts = Counter(f.verdict for f in own)
        moved = dict.fromkeys(f.dimension for f in own if f.verdict == "shifted")
        names = f" ({', '.join(moved)})" if moved else ""
        words = (f"{n} {verdict}{names if verdict == 'shifted' else ''}" for verdict, n in counts.items())
        yield f"{channel}: {', '.join(words)}"
    if not judged:
        yield f"levels of {len(outcome.analysis.levels)} dimensions; nothing was compared"


def instruments(as_json: JsonFlag = False) -> None:
    """List the instruments there are: channel, what each needs of a model, constructs, cost, package."""
    from selfscope.instruments.describe import describe_instruments
    from selfscope.studies.apart import describe_apart

    found = (*describe_instruments(), *describe_apart())
    if as_json:
        print_json({"instruments": found})
        return
    for one in found:
        console().print(f"{one.name}: {one.channel}, from {one.package} {one.version}", markup=False)
        for line in _described(one):
            console().print(f"  {line}", markup=False)


def _described(one: Described) -> Iterator[str]:
    yield one.reference
    yield f"needs {one.needs}"
    few = f"{len(one.constructs)} constructs" if len(one.constructs) > _NAMED else ", ".join(one.constructs)
    asks = ", ".join(f"{preset} {count:,}" for preset, count in one.cost.items())
    yield f"{few}; prompts a subject: {asks}; smallest effect of interest {one.sesoi}"
    for name, says in one.options.items():
        yield f"option {name}: {says}"
    if one.phantoms:
        yield f"phantoms of its own: {', '.join(one.phantoms)}"
