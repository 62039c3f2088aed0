"""One Inspect task on one model: how it is run, what goes wrong in our words, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.errors import CouldNot, Stopped
from selfscope.models.api_errors import setup_error
from selfscope.models.api_run import quieten
from selfscope.values import Usage

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.log import EvalLog
    from inspect_ai.model import Model, ModelUsage


async def run_task(
    task: Task, model: Model, folder: Path, *, who: str, metadata: Mapping[str, Any]
) -> EvalLog:
    """Return the header of a task's log, kept in `folder`; its status is ``success`` or ``error``.

    Parameters
    ----------
    who
        Who is asked, as a sentence names it.

    Raises
    ------
    Stopped
        If it was interrupted.
    CouldNot
        If the log cannot be written.
    BadInput
        If the provider refuses what it is told.
    """
    from inspect_ai import eval_async

    quieten()
    try:
        logs = await eval_async(
            task,
            model=model,
            log_dir=str(folder),
            log_format="eval",
            log_level="critical",
            log_realtime=False,
            log_header_only=True,
            ctl_server=False,
            metadata=dict(metadata),
        )
    except OSError as error:
        raise CouldNot(
            "the log could not be written", got=error, fix=f"See whether {folder.parent} can be written to"
        ) from error
    except Exception as error:
        raise setup_error(str(model), error) from error
    if not logs or logs[0].status in ("cancelled", "started"):
        raise Stopped(f"stopped while {who} was asked", fix="The same command goes on")
    return logs[0]


def usage_of_log(log: EvalLog) -> Usage:
    """Return what a log cost; replies from the cache cost nothing and are counted as answers."""
    spent = list(log.stats.model_usage.values())
    costs = [u.total_cost for u in spent if u.total_cost is not None]
    answers = len(log.samples or [])
    return Usage(
        prompts=answers,
        input_tokens=sum(map(put_in, spent)),
        output_tokens=sum(u.output_tokens for u in spent),
        seconds=_seconds(log.stats.started_at, log.stats.completed_at),
        cost=sum(costs) if costs else None,
        path="inspect",
        calls=answers,
    )


def put_in(usage: ModelUsage) -> int:
    """Return the tokens that went in, those among them that the provider had kept from earlier calls."""
    return usage.input_tokens + (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0)


def _seconds(start: str, end: str) -> float:
    """Return the seconds between two moments as Inspect writes them; 0 where one is missing."""
    if not start or not end:
        return 0.0
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
