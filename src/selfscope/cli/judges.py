"""``judges check``: whether a model that is to judge free answers can be believed."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.show import JsonFlag, console, counting, print_json
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from rich.table import Table

    from selfscope.stats.judged_agreement import Agreement
    from selfscope.stats.judged_error import Share
    from selfscope.studies.judge_check import ErrorRow, JudgeCheck
    from selfscope.studies.judge_run import CheckRequest

app = typer.Typer(help="Models that judge free answers.", no_args_is_help=True)


@app.callback()
def judges() -> None:
    """Models that judge free answers."""


@app.command("check")
def check(
    judge: Annotated[
        list[str], typer.Option("--judge", help="A model that is to judge; repeatable for a panel.")
    ],
    sample: Annotated[
        int, typer.Option(min=0, help="Constructed answers to read, each in both styles; 0 for all.")
    ] = 0,
    judge_tokens: Annotated[
        int, typer.Option(min=0, help="The most that a reply may take; 0 for the usual number.")
    ] = 0,
    again: Annotated[
        bool, typer.Option("--again", help="Ask anew, and tell what changed since the last time.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Let judges read answers of known truth: how often is each right? Exit 1 if none can be used."""
    from selfscope.instruments.open.panel import judge_names
    from selfscope.studies.judge_check import agreement_of
    from selfscope.studies.judge_run import CheckRequest, chosen_answers

    names = judge_names(judge)
    if not names:
        raise BadInput("no judge was named", fix="Give --judge MODEL")
    checks = [_check(name, CheckRequest(sample, judge_tokens, again)) for name in names]
    found = agreement_of(checks, chosen_answers(sample))
    if as_json:
        print_json({"judges": [_judge_json(each) for each in checks], "agreement": _agreement_json(found)})
    else:
        for each in checks:
            _show(each)
        if found is not None:
            console().print(
                f"Agreement of the judges: alpha {_around(found.alpha, found.ci95)}", markup=False
            )
    if not any(each.believed for each in checks):
        raise typer.Exit(1)


def _check(name: str, request: CheckRequest) -> JudgeCheck:
    from selfscope.studies.judge_run import check_judge

    with counting("judge") as bar:
        return asyncio.run(check_judge(name, request, lambda done, total: bar(done, total, name, "")))


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
            _around(error.sensitivity.estimate, error.sensitivity.ci95),
            _around(error.specificity.estimate, error.specificity.ci95),
            _around(error.accuracy, error.accuracy_ci95),
        )
    return table


def _around(estimate: float, ci: tuple[float, float]) -> str:
    if math.isnan(estimate):
        return "-"
    return f"{estimate:.2f} ({ci[0]:.2f}, {ci[1]:.2f})"


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
        "right": _share_json(row.right),
        "sensitivity": _share_json(row.error.sensitivity),
        "specificity": _share_json(row.error.specificity),
        "balanced_accuracy": {"estimate": row.error.accuracy, "ci": row.error.accuracy_ci95},
        "words": row.words,
    }


def _share_json(share: Share) -> dict[str, Any]:
    return {"estimate": share.estimate, "ci": share.ci95, "right": share.right, "asked": share.asked}


def _agreement_json(found: Agreement | None) -> dict[str, Any] | None:
    return None if found is None else {"alpha": found.alpha, "ci": found.ci95, "answers": found.answers}
