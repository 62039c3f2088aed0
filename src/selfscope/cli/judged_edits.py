"""How the check of a judge on edits is shown and told."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from selfscope.cli.show import console

if TYPE_CHECKING:
    from rich.table import Table

    from selfscope.stats.judged_error import JudgeError, Share
    from selfscope.studies.direction_check import DirectionCheck


def show_edits(check: DirectionCheck) -> None:
    """Print what a judge got right of edits whose direction is known."""
    verdict = "can be used" if check.believed else f"is not used ({'; '.join(check.reasons)})"
    out = console()
    out.print(f"{check.judge} on edits of documents {verdict}", markup=False, soft_wrap=True)
    out.print(_kinds(check))
    for way, error in (("toward the trait", check.toward), ("away from it", check.away)):
        out.print(
            f"Told {way} from all others: sensitivity "
            f"{around(error.sensitivity.estimate, error.sensitivity.ci95)}, specificity "
            f"{around(error.specificity.estimate, error.specificity.ci95)}, balanced accuracy "
            f"{around(error.accuracy, error.accuracy_ci95)}",
            markup=False,
            soft_wrap=True,
        )
    if check.drift is not None:
        out.print(
            f"Since the last time {check.drift.changed} of {check.drift.answers} words changed; "
            f"{check.drift.gained} became right, {check.drift.lost} wrong (p {check.drift.p:.3f}).",
            markup=False,
            soft_wrap=True,
        )
    out.print(f"Logs: {check.log}\n", markup=False, soft_wrap=True)


def _kinds(check: DirectionCheck) -> Table:
    from rich.table import Table

    table = Table("kind", "goes", "n", "right", "words", box=None)
    for row in check.rows:
        said = ", ".join(f"{word} {n}" for word, n in row.words.items())
        right = around(row.right.estimate, row.right.ci95)
        table.add_row(row.kind, row.direction or "", f"{row.right.asked:.0f}", right, said)
    return table


def edits_json(check: DirectionCheck) -> dict[str, Any]:
    """Return what ``judges check --json`` prints of one judge's check on edits."""
    return {
        "judge": check.judge,
        "believed": check.believed,
        "reasons": check.reasons,
        "toward": error_json(check.toward),
        "away": error_json(check.away),
        "rows": [
            {
                "kind": row.kind,
                "direction": row.direction,
                "right": share_json(row.right),
                "words": row.words,
            }
            for row in check.rows
        ],
        "drift": check.drift,
        "log": check.log,
    }


def error_json(error: JudgeError) -> dict[str, Any]:
    """Return sensitivity, specificity and balanced accuracy with their intervals."""
    return {
        "sensitivity": share_json(error.sensitivity),
        "specificity": share_json(error.specificity),
        "balanced_accuracy": {"estimate": error.accuracy, "ci": error.accuracy_ci95},
    }


def share_json(share: Share) -> dict[str, Any]:
    """Return a share with its counts and interval."""
    return {"estimate": share.estimate, "ci": share.ci95, "right": share.right, "asked": share.asked}


def around(estimate: float, ci: tuple[float, float]) -> str:
    """Return an estimate with its interval in brackets; a dash where there is none."""
    if math.isnan(estimate):
        return "-"
    return f"{estimate:.2f} ({ci[0]:.2f}, {ci[1]:.2f})"
