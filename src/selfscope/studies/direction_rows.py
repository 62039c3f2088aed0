"""Checks of directions as rows of the observation table, and back: every analysis reads the table alone.

Of each direction the table holds the held-out reading of every reply (`format` ``reply``, `polarity` +1 with
the trait and -1 without), and one row for each number of its checks (`format` ``check``, named by `item`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from selfscope.errors import BadInput
from selfscope.values import Ask, Cell, Estimate, Finding
from selfscope.values.trait_direction import DirectionCheck, HeldOut

if TYPE_CHECKING:
    import pandas as pd

REPLY, CHECK = "reply", "check"
#: Numbers of a check that stand under their own name.
_PLAIN = (
    "layer", "layers", "selectivity", "selectivity_p", "affirmation", "trait", "agreement", "fluency",
    "steering_p", "length", "spread", "origin",
)  # fmt: skip
_WITH_INTERVAL = ("auroc", "split_half")
_RANDOM = "random."
#: What the reasons of a failed direction begin with, and the note of a finding that is read on one.
DIRECTION, FAILED = "direction", "the direction of this trait fails a check"


def numbers_of(check: DirectionCheck) -> dict[str, float]:
    """Return the numbers of a check by the names of their rows."""
    found = {name: float(getattr(check, name)) for name in _PLAIN}
    for name in _WITH_INTERVAL:
        estimate: Estimate = getattr(check, name)
        low, high = estimate.ci
        found |= {name: estimate.estimate, f"{name}.low": low, f"{name}.high": high}
    return found | {f"{_RANDOM}{n:02d}": x for n, x in enumerate(check.random)}


def check_asks(cell: Cell, check: DirectionCheck) -> tuple[Ask, ...]:
    """Return one ask for each number of a check, beside those of its pairs; they put nothing to anyone."""
    bare = replace(cell, keyed=1, polarity=1, template="", format=CHECK)
    return tuple(Ask(replace(bare, item=name), "") for name in numbers_of(check))


def values_of(check: DirectionCheck, asks: Sequence[Ask]) -> list[tuple[float, str]]:
    """Return value and scale of each reply and number, in the order of `asks`."""
    numbers, pairs = numbers_of(check), {each.pair: each for each in check.held_out}
    found = []
    for cell in (ask.cell for ask in asks):
        if cell.format == CHECK:
            found.append((numbers[cell.item], CHECK))
        else:
            pair = pairs[cell.item]
            found.append((pair.keyed if cell.polarity == 1 else pair.against, CHECK))
    return found


def checks_in(rows: pd.DataFrame) -> dict[str, DirectionCheck]:
    """Return the checks that the rows of a channel tell of, by dimension; none in channels without them."""
    told = rows[rows["format"].isin((REPLY, CHECK)) & (rows["channel"] == "internal")]
    return {str(name): _check(str(name), own) for name, own in told.groupby("construct", sort=False)}


def usable(dimensions: Sequence[str], told: Sequence[Mapping[str, DirectionCheck]]) -> NDArray[np.bool_]:
    """Return in which dimensions every direction that was checked passed, ``(dimension,)``.

    `told` has the checks of every ground; a channel without directions is usable everywhere.
    """
    failed = {name for checks in told for name, check in checks.items() if not check.passed}
    return np.array([name not in failed for name in dimensions])


def barred(finding: Finding, told: Sequence[Mapping[str, DirectionCheck]]) -> Finding:
    """Return a finding as ``not interpretable`` where a direction that it is read on fails a check.

    Its number stays, for all to see; no rule comes before this one.
    """
    checks = [each[finding.dimension] for each in told if finding.dimension in each]
    reasons = tuple(dict.fromkeys(r for check in checks for r in check.reasons))
    if not reasons:
        return finding
    gate = replace(finding.gate, reasons=(*(f"{DIRECTION}: {r}" for r in reasons), *finding.gate.reasons))
    kept = (note for note in finding.notes if not note.startswith("stops at"))
    return replace(finding, verdict="not interpretable", gate=gate, notes=(FAILED, *kept))


def _check(dimension: str, rows: pd.DataFrame) -> DirectionCheck:
    numbers = _numbers(dimension, rows[rows["format"] == CHECK])
    told: dict[str, Any] = {name: numbers[name] for name in _PLAIN if name not in ("layer", "layers")}
    told |= {name: _estimate(numbers, name) for name in _WITH_INTERVAL}
    return DirectionCheck(
        dimension=dimension,
        layer=int(numbers["layer"]),
        layers=int(numbers["layers"]),
        random=tuple(x for name, x in sorted(numbers.items()) if name.startswith(_RANDOM)),
        held_out=tuple(_held_out(rows[rows["format"] == REPLY])),
        **told,
    )


def _numbers(dimension: str, rows: pd.DataFrame) -> Mapping[str, float]:
    found = dict(zip(rows["item"].tolist(), rows["value"].tolist(), strict=True))
    missing = {*_PLAIN, *_WITH_INTERVAL} - set(found)
    if missing:
        raise BadInput(
            f"the checks of the direction of {dimension} are not whole",
            got=f"without {', '.join(sorted(missing))}",
            fix="Run the study again",
        )
    return found


def _estimate(numbers: Mapping[str, float], name: str) -> Estimate:
    return Estimate(numbers[name], (numbers[f"{name}.low"], numbers[f"{name}.high"]))


def _held_out(rows: pd.DataFrame) -> Iterator[HeldOut]:
    table = rows.pivot_table(index="item", columns="polarity", values="value", sort=True)
    for pair, keyed, against in zip(table.index, table[1], table[-1], strict=True):
        yield HeldOut(str(pair), float(keyed), float(against))
