"""What adapters did, as figures that are shipped: a measurement writes them, a page of the docs shows them.

One file holds the adapters that were measured and one entry a channel, with everything that is needed to
measure it again. A channel that is measured anew takes the place of its entry.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.errors import BadInput
from selfscope.models.adapters import Adapter

if TYPE_CHECKING:
    from selfscope.training.measure import Measured
    from selfscope.values import Finding, Question

#: The figures of the adapters that this project trained.
FILE = Path(__file__).with_name("measured.json")
#: Decimals that are kept of an estimate, and of a p.
DECIMALS, DECIMALS_OF_P = 4, 6
#: Steps over which the first and the last losses are averaged.
FIRST, LAST = 3, 8


def write_figures(path: Path, measured: Measured, adapters: Sequence[Adapter], command: str) -> None:
    """Put the channels that were measured into a file of figures, in the place of what it had of them.

    Parameters
    ----------
    command
        What makes the figures again.

    Raises
    ------
    BadInput
        If the file holds channels of other adapters.
    """
    told = [trained(adapter) for adapter in adapters]
    kept: list[Any] = []
    if path.exists():
        before = read_figures(path)
        if [a["id"] for a in before["adapters"]] != [a["id"] for a in told]:
            raise BadInput("these figures are of other adapters", got=path, fix="Give another --figures")
        kept = before["channels"]
    new = [channel_of(measured, question, command) for question in measured.study.questions]
    names = {entry["channel"] for entry in new}
    channels = [*(entry for entry in kept if entry["channel"] not in names), *new]
    channels.sort(key=lambda entry: entry["channel"], reverse=True)  # utterance first
    whole = {"adapters": told, "channels": channels}
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_figures(path: Path = FILE) -> dict[str, Any]:
    """Return a file of figures."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def trained(adapter: Adapter) -> dict[str, Any]:
    """Return who an adapter is, and what its training came to: losses in nats a token, minutes."""
    manifest: Mapping[str, Any] = adapter.manifest
    losses = manifest["losses"]
    return {
        "name": adapter.name,
        "training": adapter.training,
        "seed": adapter.seed,
        "id": adapter.id,
        "recipe": adapter.recipe,
        "corpus": manifest["corpus"]["id"],
        "pairs": manifest["corpus"]["pairs"],
        "steps": len(losses),
        "loss": [_mean(losses[:FIRST]), _mean(losses[-LAST:])],
        "tokens": manifest["tokens"],
        "minutes": manifest["minutes"],
        "cpu_minutes": manifest["cpu_minutes"],
    }


def channel_of(measured: Measured, question: Question, command: str) -> dict[str, Any]:
    """Return what one channel showed, with its recipe."""
    study, channel = measured.study, question.channel
    worn = [arm.name for arm in study.arms if arm.adapter]
    return {
        "channel": channel,
        "preset": study.preset,
        "sesoi": question.sesoi,
        "command": command,
        "date": measured.asked[:10],
        "study": study.id,
        "ground": study.ground,
        "items": study.items,
        "software": study.software,
        "declared": list(question.declared),
        "moves": {
            dimension: {name: round(measured.moves[channel, dimension, name], DECIMALS) for name in worn}
            for dimension in question.constructs
        },
        "sensitivity": {
            check.dimension: [round(check.estimate, DECIMALS), round(check.lower, DECIMALS), check.verdict]
            for check in measured.sensitivity
            if check.channel == channel
        },
        "findings": [_row(f) for f in measured.findings if f.channel == channel],
    }


def _row(f: Finding) -> dict[str, Any]:
    return {
        "subject": f.subject,
        "control": f.control,
        "claim": f.claim,
        "dimension": f.dimension,
        "family": f.family,
        "verdict": f.verdict,
        "estimate": round(f.estimate, DECIMALS),
        "ci": [round(bound, DECIMALS) for bound in f.ci],
        "p": round(f.p, DECIMALS_OF_P),
        "p_adjusted": round(f.p_adjusted, DECIMALS_OF_P),
        "g1": f.gate.g1,
        "notes": list(f.notes),
    }


def _mean(numbers: Sequence[float]) -> float:
    return round(sum(numbers) / len(numbers), DECIMALS)
