"""Why a conversation got no reply, in our words: the provider's fault, a wrong name, or no tools there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.errors import CouldNot, SelfscopeError
from selfscope.models.api_errors import Progress, failure_of, provider_words, without_key
from selfscope.models.api_manner import manner_of_environment

if TYPE_CHECKING:
    from inspect_ai.model import Model

#: How servers say that a model, or they themselves, call no tools.
_NO_TOOLS = re.compile(
    r"tools? (?:choice|calling|use|param)|support\w* (?:\w+ )?tools?|tools? .*support", re.IGNORECASE
)

#: How servers refuse a thread that is longer than the model takes, where they give no code for it.
_TOO_LONG = re.compile(
    r"context.?(?:length|window|size)|maximum context|prompt is too long|too many tokens", re.IGNORECASE
)


def too_long(error: BaseException) -> bool:
    """Return whether a provider refused a thread for its length, as its words say."""
    return bool(_TOO_LONG.search(provider_words(error)))


def no_reply(model: Model, error: BaseException, *, tools: bool) -> SelfscopeError:
    """Return why a model gave no reply.

    Parameters
    ----------
    tools
        Whether it was offered tools.
    """
    name, words = str(model), without_key(provider_words(error), model.api.api_key)
    if tools and _NO_TOOLS.search(words):
        return CouldNot(
            f"{name} was offered tools, and its server takes none",
            got=words,
            fix="Ask it in plain text by --tools no, or start the server so that its model calls tools",
        )
    if name.partition("/")[0] in ("selfscope", "mockllm"):
        return CouldNot("the model gave no reply", got=words, fix="The same command begins it again")
    told = Progress(0, 1, 1, Path())
    return failure_of(name, [words], told, retries=manner_of_environment().max_retries)


def at_its_end(number: int, error: SelfscopeError) -> SelfscopeError:
    """Return an error with the conversation that it ended, of which nothing is kept."""
    return not_ended(f"conversation {number}", error)


def not_ended(what: str, error: SelfscopeError) -> SelfscopeError:
    """Return an error with what it ended, of which nothing is kept."""
    fix = error.fix or "The same command begins it again"
    return type(error)(
        f"{what} did not end: {error.what}", got=error.got, fix=f"Nothing of it was kept. {fix}"
    )
