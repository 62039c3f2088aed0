"""``--fail-on``: findings as a gate for continuous integration."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Annotated

import typer

from selfscope.values import Finding


class Condition(StrEnum):
    """What makes a run fail."""

    SHIFTED = "shifted"
    NOT_EQUIVALENT = "not-equivalent"
    BIAS = "bias"


FailOn = Annotated[
    Condition | None,
    typer.Option(
        "--fail-on",
        help="Exit 1 if any claim (or, without claims, any control row) is so; not-equivalent also fails on "
        "'not interpretable', on 'inconclusive', and where nothing could be judged.",
    ),
]
_FAILING = {
    Condition.SHIFTED: {"shifted"},
    Condition.NOT_EQUIVALENT: {"shifted", "bias only", "inconclusive", "not interpretable"},
    Condition.BIAS: {"bias only"},
}


def gate_code(
    findings: Sequence[Finding], condition: Condition | None, unavailable: Collection[str] = ()
) -> int:
    """Return 1 if a finding has a verdict that the condition names, else 0.

    The claims are judged where there are any ("this identity"), else every control row. What stands outside
    the family (the manipulation check) never fails a run.

    Parameters
    ----------
    unavailable
        Channels that were asked for and could not be had. What was not measured is not shown to be
        equivalent: ``not-equivalent`` fails on them, and where no finding is judged at all.
    """
    if condition is None:
        return 0
    inside = [f for f in findings if f.family != "outside"]
    judged = [f for f in inside if f.control == "all"] or inside
    silent = condition is Condition.NOT_EQUIVALENT and (not judged or len(unavailable) > 0)
    return int(silent or any(f.verdict in _FAILING[condition] for f in judged))
