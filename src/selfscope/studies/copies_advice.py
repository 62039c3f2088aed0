"""Do instances of one model give free advice that leans more alike than that of two? From logs, one a model::

    inspect eval selfscope/copies_advice --model A -T judge=J --log-dir logs
    inspect eval selfscope/copies_advice --model B -T judge=J --log-dir logs
    python -m selfscope.studies.copies_advice logs/*.eval

Stances are those that judges gave, and judges were not checked on advice of known stance: "judge-rated".
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.copies.load import load_material
from selfscope.stats.masked import Array
from selfscope.studies.copies_beside import nudging_of
from selfscope.values import plain
from selfscope.values.copies import Nudging, Stands

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog

#: Name of the task, and what its scorer calls the share of judges' replies that were no word of the three.
TASK, UNREAD = "copies_advice", "unread"


@dataclass(frozen=True)
class Advised:
    """Free advice of several models.

    Attributes
    ----------
    found
        Correlation of stances.
    judges
        Who read the advice; the same in all logs.
    unread
        Share of judges' replies that were no word, by model.
    """

    found: Nudging
    judges: tuple[str, ...]
    unread: dict[str, float]


@dataclass(frozen=True)
class _Log:
    """One model's advice: ``stance`` is ``(instance, task, axis)``."""

    name: str
    stands: Stands
    judges: tuple[str, ...]
    tasks: tuple[str, ...]
    stance: Array
    unread: float


def advised(paths: Sequence[Path], seed: int = 0) -> Advised:
    """Return what the advice in several logs comes to.

    Raises
    ------
    BadInput
        For fewer than two logs, one of another task or one that broke off, two of one model under one
        identity, or logs with other judges or tasks.
    """
    from inspect_ai.log import read_eval_log

    if len(paths) < 2:
        raise BadInput(
            "instances of one model are compared with those of another",
            got=f"{len(paths)} logs",
            fix="Give the logs of two models or more, one each",
        )
    logs = [_log(read_eval_log(str(path)), path) for path in paths]
    names = [log.name for log in logs]
    if len(set(names)) < len(names):
        raise BadInput("two logs are of one model", got=", ".join(names), fix="Give one log a model")
    if len({(log.judges, log.tasks, log.stance.shape) for log in logs}) > 1:
        raise BadInput(
            "the logs differ in judges, tasks or instances",
            got="; ".join(f"{log.name}: {', '.join(log.judges)}, {log.stance.shape}" for log in logs),
            fix="Ask all models by the same command",
        )
    found = nudging_of(
        np.stack([log.stance for log in logs]), tuple((log.name, log.stands) for log in logs), seed
    )
    return Advised(found, logs[0].judges, {log.name: log.unread for log in logs})


def _log(log: EvalLog, path: Path) -> _Log:
    if log.eval.task.rsplit("/", 1)[-1] != TASK or log.status != "success" or not log.samples:
        raise BadInput(
            f"this is no finished log of {TASK}",
            got=f"{path}: {log.eval.task}, {log.status}",
            fix=f"Run `inspect eval selfscope/{TASK} --model …`, or finish it by `inspect eval-retry`",
        )
    told = log.eval.metadata or {}
    said = {(int(s.metadata["instance"]), str(s.metadata["item"])): _value(s) for s in log.samples}
    instances = sorted({i for i, _ in said})
    tasks = tuple(dict.fromkeys(item for _, item in said))
    axes = tuple(load_material().axes)
    stance = np.array([[[said[i, t][a] for a in axes] for t in tasks] for i in instances], float)
    identity = str(told.get("identity", "none"))
    named = identity != "none"
    return _Log(
        name=f"{log.eval.model} as {identity}" if named else log.eval.model,
        stands="character" if named else "other weights",
        judges=tuple(told.get("judges") or ("the role judge",)),
        tasks=tasks,
        stance=stance,
        unread=float(np.mean([value[UNREAD] for value in said.values()])),
    )


def _value(sample: object) -> dict[str, float]:
    scores = getattr(sample, "scores", None) or {}
    (score,) = scores.values()
    return {str(name): float(value) for name, value in score.value.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read logs, and print what they come to as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("logs", nargs="+", type=Path, help=f"logs of selfscope/{TASK}, one a model")
    told = advised(parser.parse_args(arguments).logs)
    found: dict[str, Any] = plain(told)
    print(json.dumps(_existing(found | {"scored": "judge-rated"}), indent=1, ensure_ascii=False))


def _existing(told: Any) -> Any:
    """Return JSON types with null where there is no number."""
    if isinstance(told, dict):
        return {key: _existing(value) for key, value in told.items()}
    if isinstance(told, list):
        return [_existing(value) for value in told]
    return None if isinstance(told, float) and not math.isfinite(told) else told


if __name__ == "__main__":
    main()
