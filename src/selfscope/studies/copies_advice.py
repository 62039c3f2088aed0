"""Do instances of one model give free advice that leans more alike than that of two? From logs, one a model::

    inspect eval selfscope/copies_advice --model A -T judge=J --log-dir logs
    inspect eval selfscope/copies_advice --model B -T judge=J --log-dir logs
    python -m selfscope.studies.copies_advice logs/*.eval --check

Stances are those that judges gave. With ``--check`` every judge is first asked about advice of known side;
one that is not believed reads nothing. Without it they are "judge-rated", and nothing is claimed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.copies.load import load_material
from selfscope.stats.masked import Array
from selfscope.studies.advice_check import AdviceCheck, check_advice
from selfscope.studies.copies_beside import nudging_of
from selfscope.studies.judge_asking import CheckRequest
from selfscope.values import plain
from selfscope.values.copies import Nudging, Stands

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog

#: Name of the task, and what its scorer calls the share of judges' replies that were no word of the three.
TASK, UNREAD, SAID = "copies_advice", "unread", "said"
#: How stances came about.
CHECKED, RATED = "judged, by judges that were checked on advice of known side", "judge-rated"


@dataclass(frozen=True)
class Advised:
    """Free advice of several models.

    Attributes
    ----------
    found
        Correlation of stances; None where no judge is believed. Of judges that were not checked its verdict
        claims nothing: ``not estimable``.
    judges
        Whose readings count.
    unread
        Share of judges' replies that were no word, by model, over all judges.
    scored
        How stances came about.
    checks
        What judges said of advice of known side.
    notes
        What must be known to read it.
    """

    found: Nudging | None
    judges: tuple[str, ...]
    unread: dict[str, float]
    scored: str = RATED
    checks: tuple[AdviceCheck, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Log:
    """One model's advice: ``stances`` of each judge are ``(instance, task, axis)``, NaN for no word."""

    name: str
    stands: Stands
    tasks: tuple[str, ...]
    stances: Mapping[str, Array]
    unread: float

    @property
    def judges(self) -> tuple[str, ...]:
        """Who read the advice."""
        return tuple(self.stances)

    def mean(self, judges: Sequence[str]) -> Array:
        """Return stances over some judges; 0 where none said a word."""
        told = np.array([self.stances[name] for name in judges])
        said = np.isfinite(told)
        return np.asarray(np.where(said, told, 0.0).sum(axis=0) / np.maximum(said.sum(axis=0), 1))


def advised(paths: Sequence[Path], seed: int = 0, checks: Sequence[AdviceCheck] | None = None) -> Advised:
    """Return what the advice in several logs comes to.

    Parameters
    ----------
    checks
        Of the judges; one that is not believed, or has no check, reads nothing. None: nothing was checked,
        and nothing is claimed.

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
    shapes = {log.name: log.mean(log.judges).shape for log in logs}
    if len({(log.judges, log.tasks, shapes[log.name]) for log in logs}) > 1:
        raise BadInput(
            "the logs differ in judges, tasks or instances",
            got="; ".join(f"{log.name}: {', '.join(log.judges)}, {shapes[log.name]}" for log in logs),
            fix="Ask all models by the same command",
        )
    unread = {log.name: log.unread for log in logs}
    if checks is None:
        found = _correlated(logs, logs[0].judges, seed)
        note = "judges were not checked on advice of known side: nothing is claimed"
        return Advised(replace(found, verdict="not estimable"), logs[0].judges, unread, notes=(note,))
    believed = tuple(c.judge for c in checks if c.believed and c.judge in logs[0].judges)
    notes = tuple(
        f"{c.judge} is not believed and reads nothing: {'; '.join(c.reasons)}"
        for c in checks
        if not c.believed
    )
    shown = _correlated(logs, believed, seed) if believed else None
    return Advised(shown, believed, unread, CHECKED, tuple(checks), notes)


def _correlated(logs: Sequence[_Log], judges: Sequence[str], seed: int) -> Nudging:
    models = tuple((log.name, log.stands) for log in logs)
    return nudging_of(np.stack([log.mean(judges) for log in logs]), models, seed)


def judges_in(path: Path) -> tuple[str, ...]:
    """Return who read the advice of a log; BadInput if it is none of this task."""
    from inspect_ai.log import read_eval_log

    return _log(read_eval_log(str(path)), path).judges


def _log(log: EvalLog, path: Path) -> _Log:
    if log.eval.task.rsplit("/", 1)[-1] != TASK or log.status != "success" or not log.samples:
        raise BadInput(
            f"this is no finished log of {TASK}",
            got=f"{path}: {log.eval.task}, {log.status}",
            fix=f"Run `inspect eval selfscope/{TASK} --model …`, or finish it by `inspect eval-retry`",
        )
    told = log.eval.metadata or {}
    said = {(int(s.metadata["instance"]), str(s.metadata["item"])): _score(s) for s in log.samples}
    instances = sorted({i for i, _ in said})
    tasks = tuple(dict.fromkeys(item for _, item in said))
    axes = tuple(load_material().axes)
    names = tuple(next(iter(said.values()))[1])
    stances = {
        name: np.array([[[said[i, t][1][name][a] for a in axes] for t in tasks] for i in instances], float)
        for name in names
    }
    identity = str(told.get("identity", "none"))
    named = identity != "none"
    return _Log(
        name=f"{log.eval.model} as {identity}" if named else log.eval.model,
        stands="character" if named else "other weights",
        tasks=tasks,
        stances=stances,
        unread=float(np.mean([value for value, _ in said.values()])),
    )


def _score(sample: object) -> tuple[float, dict[str, dict[str, float | None]]]:
    """Return the share of replies that were no word, and what each judge said by axis."""
    scores = getattr(sample, "scores", None) or {}
    (score,) = scores.values()
    return float(score.value[UNREAD]), dict((score.metadata or {})[SAID])


def main(arguments: Sequence[str] | None = None) -> None:
    """Read logs, and print what they come to as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("logs", nargs="+", type=Path, help=f"logs of selfscope/{TASK}, one a model")
    parser.add_argument(
        "--check",
        action="store_true",
        help="ask the judges about advice of known side first; what they said before is kept",
    )
    chosen = parser.parse_args(arguments)
    checks = asyncio.run(_checked(judges_in(chosen.logs[0]))) if chosen.check else None
    found: dict[str, Any] = plain(advised(chosen.logs, checks=checks))
    print(json.dumps(_existing(found), indent=1, ensure_ascii=False))


async def _checked(names: Sequence[str]) -> list[AdviceCheck]:
    return [await check_advice(name, CheckRequest()) for name in names]


def _existing(told: Any) -> Any:
    """Return JSON types with null where there is no number."""
    if isinstance(told, dict):
        return {key: _existing(value) for key, value in told.items()}
    if isinstance(told, list):
        return [_existing(value) for value in told]
    return None if isinstance(told, float) and not math.isfinite(told) else told


if __name__ == "__main__":
    main()
