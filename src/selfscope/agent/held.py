"""How a conversation is held with a model, and what is kept of it beside the State."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.models.api_manner import manner_of_environment
from selfscope.models.api_provider import untold
from selfscope.models.task_run import usage_of_log
from selfscope.values import bytes_id
from selfscope.values.state import Conversation

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog
    from inspect_ai.model import Model

    from selfscope.agent.thread import Talk


def settings_of(model: Model) -> dict[str, Any]:
    """Return how calls to a model are made: with the environment's patience, where they leave the machine."""
    provider = str(model).partition("/")[0]
    if provider in ("selfscope", "mockllm"):
        return {}
    return {**untold(provider), **manner_of_environment().settings()}


def kept_of(talk: Talk, log: EvalLog, name: str) -> Conversation:
    """Return what is kept of a conversation.

    Parameters
    ----------
    name
        Who answered, as it is kept.
    """
    desk, file = talk.desk, Path(log.location)
    return Conversation(
        id=log.eval.eval_id,
        number=desk.number,
        script=talk.script.name,
        kind=talk.script.kind,
        model=name,
        way=talk.way,
        turns=len(talk.script.turns),
        calls=dict(desk.calls),
        attempts=tuple(desk.attempts),
        tasks=dict(desk.outcomes),
        unread=tuple(talk.unread),
        log=f".selfscope/logs/{file.name}",
        usage=replace(usage_of_log(log), prompts=len(talk.script.turns), calls=talk.replies),
        log_digest=bytes_id(file.read_bytes()),
        cut=talk.cut,
    )
