"""``judges check``: whether a model that is to judge free answers can be believed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.judge_plans import price_of, show_judge_plans
from selfscope.cli.judged_codes import agreements_json, codes_json, show_codes
from selfscope.cli.judged_edits import around, edits_json, share_json, show_edits
from selfscope.cli.limits import DryRun, Limits, PriceFlag, limits_of
from selfscope.cli.show import JsonFlag, console, counting, print_json
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from rich.table import Table

    from selfscope.stats.judged_agreement import Agreement
    from selfscope.studies.code_check import CodesCheck
    from selfscope.studies.direction_check import DirectionCheck
    from selfscope.studies.judge_asking import CheckRequest
    from selfscope.studies.judge_check import ErrorRow, JudgeCheck

app = typer.Typer(help="Models that judge free answers.", no_args_is_help=True)


@app.callback()
def judges() -> None:
    """Models that judge free answers."""


class MaterialName(StrEnum):
    """What a judge is checked on."""

    ANSWERS = "answers"
    EDITS = "edits"
    CODES = "codes"


@app.command("check")
def check(
    judge: Annotated[
        list[str], typer.Option("--judge", help="A model that is to judge; repeatable for a panel.")
    ],
    only: Annotated[
        MaterialName | None,
        typer.Option(help="Free answers, edits of documents, or codes of interviews; all if left out."),
    ] = None,
    sample: Annotated[
        int,
        typer.Option(min=0, help="Constructed answers to read, in both styles, and edits; 0 for all."),
    ] = 0,
    judge_tokens: Annotated[
        int, typer.Option(min=0, help="The most that a reply may take; 0 for the usual number.")
    ] = 0,
    again: Annotated[
        bool, typer.Option("--again", help="Ask anew, and tell what changed since the last time.")
    ] = False,
    dry_run: DryRun = False,
    budget: Annotated[
        str,
        typer.Option(
            "--budget",
            help='The most that each judge may use on either material, such as "500 calls", "200k tokens" or '
            '"2.50 usd"; exit 3 when it is spent, and a larger one goes on.',
        ),
    ] = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Let judges read answers, edits and interviews of known truth: is each right? Exit 1 if none is used."""
    from selfscope.instruments.open.panel import judge_names
    from selfscope.studies.judge_run import MATERIALS

    names = judge_names(judge)
    if not names:
        raise BadInput("no judge was named", fix="Give --judge MODEL")
    limits = limits_of(budget, price)
    materials = MATERIALS if only is None else (only.value,)
    requests = {name: _request(name, sample, judge_tokens, again, limits) for name in names}
    if dry_run:
        show_judge_plans(requests, materials, limits, as_json)
        return
    answers = [_check(n, r) for n, r in requests.items()] if "answers" in materials else []
    edits = [_check_edits(n, r) for n, r in requests.items()] if "edits" in materials else []
    codes = [_check_codes(n, r) for n, r in requests.items()] if "codes" in materials else []
    _tell(answers, edits, codes, sample, as_json)
    if not any(_used(name, answers, edits, codes) for name in names):
        raise typer.Exit(1)


def _request(name: str, sample: int, tokens: int, again: bool, limits: Limits) -> CheckRequest:
    from selfscope.studies.judge_asking import CheckRequest
    from selfscope.values import Usage

    within = limits.budget and limits.budget.beside(Usage(), price_of(name, limits))
    return CheckRequest(sample, tokens, again, within)


def _used(
    name: str, answers: Sequence[JudgeCheck], edits: Sequence[DirectionCheck], codes: Sequence[CodesCheck]
) -> bool:
    """Whether a judge can be used for all that it was checked on; of codes, for any."""
    of_answers = all(each.believed for each in answers if each.judge == name)
    of_edits = all(each.believed for each in edits if each.judge == name)
    return of_answers and of_edits and all(each.believed for each in codes if each.judge == name)


def _tell(
    answers: Sequence[JudgeCheck],
    edits: Sequence[DirectionCheck],
    codes: Sequence[CodesCheck],
    sample: int,
    as_json: bool,
) -> None:
    from selfscope.studies.code_check import agreement_on_known
    from selfscope.studies.judge_check import agreement_of
    from selfscope.studies.judge_run import chosen_answers, chosen_codes

    found = agreement_of(answers, chosen_answers(sample))
    if as_json:
        told = {"judges": [_judge_json(each) for each in answers], "agreement": _agreement_json(found)}
        told |= {"edits": [edits_json(each) for each in edits], "codes": [codes_json(each) for each in codes]}
        alike = agreements_json(agreement_on_known(codes, chosen_codes(sample)))
        print_json(told | {"codes_agreement": alike})
        return
    for each in answers:
        _show(each)
    for of_edits in edits:
        show_edits(of_edits)
    for of_codes in codes:
        show_codes(of_codes)
    if found is not None:
        console().print(f"Agreement of the judges: alpha {around(found.alpha, found.ci95)}", markup=False)


def _check(name: str, request: CheckRequest) -> JudgeCheck:
    from selfscope.studies.judge_run import check_judge

    with counting("judge") as bar:
        return asyncio.run(check_judge(name, request, lambda done, total: bar(done, total, name, "")))


def _check_edits(name: str, request: CheckRequest) -> DirectionCheck:
    from selfscope.studies.judge_run import check_directions

    with counting("judge") as bar:
        return asyncio.run(check_directions(name, request, lambda done, total: bar(done, total, name, "")))


def _check_codes(name: str, request: CheckRequest) -> CodesCheck:
    from selfscope.studies.judge_run import check_codes

    with counting("judge") as bar:
        return asyncio.run(check_codes(name, request, lambda done, total: bar(done, total, name, "")))


def _show(check: JudgeCheck) -> None:
    verdict = "can be used" if check.believed else f"is not used ({'; '.join(check.reasons)})"
    console().print(f"{check.judge} {verdict}", markup=False, soft_wrap=True)
    console().print(_table(check.rows))
    fake = 100 * float(check.faked.estimate)
    low, high = (100 * float(x) for x in check.faked.ci90)
    flag = "; not shown to be even-handed" if check.faked.flagged else ""
    console().print(
        f"Between a warm and a plain arm of equal truth .10 it would report {fake:+.1f} points "
        f"[{low:+.1f}, {high:+.1f}]{flag}.",
        markup=False,
        soft_wrap=True,
    )
    if check.drift is not None:
        console().print(
            f"Since the last time {check.drift.changed} of {check.drift.answers} words changed; "
            f"{check.drift.gained} became right, {check.drift.lost} wrong (p {check.drift.p:.3f}).",
            markup=False,
            soft_wrap=True,
        )
    console().print(f"Logs: {check.log}\n", markup=False, soft_wrap=True)


def _table(rows: tuple[ErrorRow, ...]) -> Table:
    from rich.table import Table

    table = Table("style", "kind", "n", "right", "sensitivity", "specificity", "balanced", box=None)
    for row in rows:
        error = row.error
        table.add_row(
            row.style,
            row.kind,
            f"{row.right.asked:.0f}",
            f"{row.right.estimate:.2f}",
            around(error.sensitivity.estimate, error.sensitivity.ci95),
            around(error.specificity.estimate, error.specificity.ci95),
            around(error.accuracy, error.accuracy_ci95),
        )
    return table


def _judge_json(check: JudgeCheck) -> dict[str, Any]:
    return {
        "judge": check.judge,
        "believed": check.believed,
        "reasons": check.reasons,
        "rows": [_row_json(row) for row in check.rows],
        "heterogeneity": [
            {"style": u.style, "part": u.part, "chi2": u.test.chi2, "df": u.test.df, "p": u.test.p}
            for u in check.uneven
        ],
        "faked": {
            "estimate": float(check.faked.estimate),
            "ci90": [float(x) for x in check.faked.ci90],
            "flagged": bool(check.faked.flagged),
        },
        "drift": check.drift,
        "log": check.log,
    }


def _row_json(row: ErrorRow) -> dict[str, Any]:
    return {
        "style": row.style,
        "kind": row.kind,
        "right": share_json(row.right),
        "sensitivity": share_json(row.error.sensitivity),
        "specificity": share_json(row.error.specificity),
        "balanced_accuracy": {"estimate": row.error.accuracy, "ci": row.error.accuracy_ci95},
        "words": row.words,
    }


def _agreement_json(found: Agreement | None) -> dict[str, Any] | None:
    return None if found is None else {"alpha": found.alpha, "ci": found.ci95, "answers": found.answers}
