"""How often a bare model's free answers meet each criterion, where nothing is compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from selfscope.stats.judged import prompt_rates
from selfscope.stats.judged_corrected import POINTS
from selfscope.stats.masked import mean
from selfscope.studies.judge_check import JudgeCheck
from selfscope.studies.open_contrast import rates, sides
from selfscope.studies.open_findings import NOTE, refuse_unasked, state_of
from selfscope.values import Finding, Gate
from selfscope.values.finding import Bias

if TYPE_CHECKING:
    import pandas as pd


def open_levels(
    rows: pd.DataFrame, subject: str, checks: Sequence[JudgeCheck] | None = None
) -> tuple[Finding, ...]:
    """Return how often a character's answers meet each criterion, where nothing is compared.

    Parameters
    ----------
    rows, subject, checks
        As :func:`selfscope.studies.open_findings.open_findings` takes them.
    """
    refuse_unasked(rows, [subject])
    believed = {c.judge: c for c in checks or () if c.believed}
    if checks is not None:
        rows = rows[rows["judge"].isin(list(believed))]
    dimensions = tuple(rows[rows["character"] == subject]["construct"].unique())
    if not dimensions:
        return ()
    both = sides(rows, dimensions, [subject], [[subject]])
    plain = mean(prompt_rates(both.subject), axis=-1)
    estimate, bounds = rates(rows, dimensions, subject, believed) if believed else (plain, None)
    return tuple(
        Finding(
            dimension=name,
            channel="open",
            subject=subject,
            control="",
            claim="level",
            estimand="share of answers that meet the criterion",
            scale="rate",
            estimate=float(estimate[d]),
            ci=(float("nan"), float("nan")) if bounds is None else (float(bounds[d, 0]), float(bounds[d, 1])),
            p=float("nan"),
            p_adjusted=float("nan"),
            sesoi=POINTS,
            bias=Bias(),
            reliability=None,
            gate=Gate(),
            verdict="inconclusive",
            n_items=int(both.prompts[d]),
            notes=("a level, not a shift: nothing was compared", NOTE[state_of(checks)]),
            family="level",
            percentage_points=100 * float(estimate[d]),
            details={"uncorrected": float(plain[d])},
        )
        for d, name in enumerate(dimensions)
    )
