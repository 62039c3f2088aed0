"""``run`` and ``instruments``: studies by file, and what they can ask with."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from selfscope.cli.gate import Condition, gate_code
from selfscope.cli.limits import BudgetFlag, DryRun, PriceFlag, limits_of
from selfscope.cli.planned import plan_file
from selfscope.cli.profile import in_words
from selfscope.cli.show import JsonFlag, command_line, console, print_json, writing
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.cli.study_asked import Done
    from selfscope.instruments.describe import Described
    from selfscope.report.study import Said
    from selfscope.studies.conclude import Outcome
    from selfscope.studies.declare import Declared
    from selfscope.studies.joined import JoinedStore

#: Constructs that a list names one by one.
_NAMED = 10


def run(
    file: Annotated[Path, typer.Argument(metavar="STUDY.yaml", help="A study file; docs/how-to/studies.md.")],
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            help="Exit 1 if any claim of statements is shifted, not-equivalent or bias, as for profile; or "
            "by a condition of another instrument of the file, such as commitment's not-held.",
        ),
    ] = "",
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Run every subject and seed that a study file declares, and join what comes of them."""
    from selfscope.cli.study_asked import ask_study, join_study
    from selfscope.studies.declare import read_study

    limits = limits_of(budget, price)
    declared = read_study(file)
    _refuse_gate(declared, fail_on)
    if dry_run:
        plan_file(declared, limits, as_json)
        return
    done = asyncio.run(ask_study(declared, limits))
    joined = join_study(declared.title, done)
    page = _write_page(declared, done, joined) if joined is not None else None
    if as_json:
        print_json(study_json(declared, done, joined, page))
    else:
        for line in _summary(declared, done, joined, page):
            console().print(line, markup=False, soft_wrap=True)
    raise typer.Exit(max(_code(d, fail_on) for d in done))


def _refuse_gate(declared: Declared, fail_on: str) -> None:
    """Refuse a gate that could never close."""
    known = [c.value for c in Condition] if declared.channels else []
    known += [c for asked in declared.apart for c in asked.instrument.conditions]
    if fail_on and fail_on not in known:
        raise BadInput(
            "nothing that this study asks with has such a condition",
            got=f"--fail-on {fail_on}",
            fix=f"Choose from: {', '.join(dict.fromkeys(known)) or 'none'}",
        )


def _code(done: Done, fail_on: str) -> int:
    code = int(any(fail_on in told.failing for told in done.told.values()))
    own = next((c for c in Condition if c.value == fail_on), None)
    if own is None:
        return code
    findings = done.outcome.findings if done.outcome is not None else ()
    return max(code, gate_code(findings, own, done.unavailable))


def _write_page(declared: Declared, done: Sequence[Done], joined: JoinedStore) -> Path:
    from selfscope.report.study import StudyView, SubjectShown, write_study

    subjects = tuple(
        SubjectShown(
            each.identity,
            each.model,
            each.wanted.seed,
            tuple(_said(each, joined.folder)),
            tuple(each.unavailable.items()),
        )
        for each in done
    )
    study, rows = joined.folder.name, len(joined.observations())
    with writing("the page"):
        return write_study(
            StudyView(declared.title, study, rows, command_line(), subjects), joined.folder / "report.html"
        )


def _said(done: Done, folder: Path) -> Iterator[Said]:
    """Yield what each run of a subject says, with its page relative to a folder."""
    from selfscope.report.study import Said

    def beside(page: Path) -> str:
        return quote(Path(os.path.relpath(page, folder)).as_posix())

    if done.outcome is not None and done.report is not None:
        yield Said("statements", beside(done.report), (*_verdicts(done.outcome), *done.cluster))
    for name, told in done.told.items():
        yield Said(name, beside(told.report), told.lines)


def study_json(
    declared: Declared, done: Sequence[Done], joined: JoinedStore | None, page: Path | None
) -> dict[str, Any]:
    """Return what ``run --json`` prints (schema: ``selfscope schema run``)."""
    return {
        "title": declared.title,
        "study": joined.folder.name if joined is not None else None,
        "table": str(joined.table) if joined is not None else None,
        "page": str(page) if page is not None else None,
        "runs": [_run_json(each) for each in done],
        "reports": [str(page) for each in done for page in each.pages],
    }


def _run_json(done: Done) -> dict[str, Any]:
    """Return one subject under one seed; of a study that asks no statements what they say is empty."""
    from selfscope.studies.analysis import Analysis

    outcome = done.outcome
    analysis = outcome.analysis if outcome is not None else Analysis()
    return {
        "run": outcome.store.run if outcome is not None else None,
        "identity": done.identity,
        "model": done.model,
        "seed": done.wanted.seed,
        "report": str(done.report) if done.report is not None else None,
        "findings": in_words(outcome.findings, outcome.items) if outcome is not None else [],
        "levels": analysis.levels,
        "cluster": analysis.cluster,
        "matching": analysis.matching,
        "exchange": analysis.exchange,
        "directions": analysis.directions,
        "agreement": analysis.agreement,
        "instruments": [
            {
                "instrument": name,
                "run": told.run,
                "report": str(told.report),
                "sentences": list(told.lines),
                "found": told.found,
            }
            for name, told in done.told.items()
        ],
        "unavailable": done.unavailable,
        "warnings": analysis.warnings,
    }


def _summary(
    declared: Declared, done: Sequence[Done], joined: JoinedStore | None, page: Path | None
) -> Iterator[str]:
    """Yield the joined summary: what each run found, channel by channel, and where its page is."""
    runs = "1 run" if len(done) == 1 else f"{len(done)} runs"
    yield f"{declared.title}: {runs}"
    for n, each in enumerate(done, start=1):
        yield f"{n}. {each.identity} on {each.model}, seed {each.wanted.seed}"
        yield from (f"   {line}" for line in _found(each))
    if joined is not None:
        yield f"all rows in one table: {joined.table}"
        yield str(page)


def _found(done: Done) -> Iterator[str]:
    if done.outcome is not None:
        yield from (*_verdicts(done.outcome), *done.cluster)
    for what, reason in done.unavailable.items():
        yield f"{what} cannot be had: {reason}"
    if done.report is not None:
        yield str(done.report)
    for name, told in done.told.items():
        yield from (f"{name}: {line}" for line in told.lines)
        yield str(told.report)


def _verdicts(outcome: Outcome) -> Iterator[str]:
    if outcome.analysis.changes:
        yield f"settings changed: {'; '.join(outcome.analysis.changes)}"
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
