"""How the check of a judge by the codes of interviews is shown and told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from selfscope.cli.judged_edits import around, error_json
from selfscope.cli.show import console

if TYPE_CHECKING:
    from rich.table import Table

    from selfscope.stats.judged_agreement import Agreement
    from selfscope.studies.code_check import CodesCheck


def show_codes(check: CodesCheck) -> None:
    """Print by which codes a judge can be used, and what it got right of answers of known code."""
    out = console()
    used = ", ".join(each.code for each in check.codes if each.believed) or "none"
    out.print(
        f"{check.judge} can be used for these codes of interviews: {used}", markup=False, soft_wrap=True
    )
    out.print(_table(check))
    for each in check.codes:
        if each.reasons:
            out.print(f"Not for {each.code}: {'; '.join(each.reasons)}.", markup=False, soft_wrap=True)
    if check.drift is not None:
        out.print(
            f"Since the last time {check.drift.changed} of {check.drift.answers} words changed; "
            f"{check.drift.gained} became right, {check.drift.lost} wrong (p {check.drift.p:.3f}).",
            markup=False,
            soft_wrap=True,
        )
    out.print(f"Logs: {check.log}\n", markup=False, soft_wrap=True)


def _table(check: CodesCheck) -> Table:
    from rich.table import Table

    table = Table("code", "option", "n", "sensitivity", "specificity", "balanced", box=None)
    for each in check.codes:
        for option, error in each.errors.items():
            table.add_row(
                each.code,
                option,
                f"{error.sensitivity.asked:.0f}",
                around(error.sensitivity.estimate, error.sensitivity.ci95),
                around(error.specificity.estimate, error.specificity.ci95),
                around(error.accuracy, error.accuracy_ci95),
            )
    return table


def codes_json(check: CodesCheck) -> dict[str, Any]:
    """Return what ``judges check --json`` prints of one judge's check by codes."""
    return {
        "judge": check.judge,
        "believed": sorted(check.believed),
        "codes": [
            {
                "code": each.code,
                "believed": each.believed,
                "reasons": each.reasons,
                "answers": each.answers,
                "unparsed": each.unparsed,
                "options": {option: error_json(error) for option, error in each.errors.items()},
                "recall": dict(each.recall),
            }
            for each in check.codes
        ],
        "drift": check.drift,
        "log": check.log,
    }


def agreements_json(found: Mapping[str, Agreement]) -> dict[str, Any]:
    """Return how far judges agree on answers of known code, by code."""
    return {code: {"alpha": a.alpha, "ci": a.ci95, "answers": a.answers} for code, a in found.items()}
