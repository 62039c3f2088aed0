"""Which way a provider can be asked, by its list of likeliest tokens or by draws: found by asking once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from selfscope.errors import CouldNot, SelfscopeError
from selfscope.models.api_manner import MAX_TOKENS_VARIABLE, Manner, Way
from selfscope.models.api_run import Call, CallLog, Reply, run_calls
from selfscope.values import Message, content_id

if TYPE_CHECKING:
    from inspect_ai.model import Model

#: Lengths of the list that are tried, longest first: most providers give 20, some no more than 5.
LIST_LENGTHS = (20, 5)
#: Providers that are known to give no log-probabilities; they are asked for none.
WITHOUT_LOGPROBS = frozenset({"anthropic", "bedrock", "perplexity"})
#: Our own provider, of which we know that it gives them.
WITH_LOGPROBS = frozenset({"selfscope"})
_QUESTION = "Answer with one word, Yes or No. Is water wet?"


@dataclass(frozen=True)
class Chosen:
    """The way in which a model is asked.

    Attributes
    ----------
    way
        ``top_logprobs`` or ``sampled``.
    length
        Tokens in the list; 0 for draws.
    reason
        Why this way, one clause.
    version
        The name under which the provider answered the probe, "" where it was not probed.
    told
        What the model is told in every call, such as not to think first.
    """

    way: Way
    length: int
    reason: str
    version: str = ""
    told: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Asking:
    """A model with everything that the probe's calls share."""

    model: Model
    log: CallLog
    settings: dict[str, Any]
    max_tokens: int
    told: dict[str, str]
    address: str


async def probe(
    model: Model,
    log: CallLog,
    settings: dict[str, Any],
    max_tokens: int,
    told: dict[str, str],
    address: str = "",
) -> Chosen:
    """Return the way in which `model` can be asked, after one to three short calls.

    The log answers a probe of the same day; on the next, the provider is asked anew, for the weights behind
    a name may have changed, and then it is another ground.

    Parameters
    ----------
    settings
        What every call of this ground carries (retries, time limits, connections).
    max_tokens
        Tokens of a drawn reply; the probe uses as many, so a model that thinks first shows itself here.
    told, address
        What every call tells the model, and where it is sent.

    Raises
    ------
    CouldNot, BadInput
        If the model does not answer at all, or spends all its tokens before it says anything.
    """
    provider = str(model).split("/", 1)[0]
    if provider in WITH_LOGPROBS:
        return Chosen("top_logprobs", LIST_LENGTHS[0], "local weights give log-probabilities")
    asking = _Asking(model, log, settings, max_tokens, told, address)
    if provider in WITHOUT_LOGPROBS:
        return await _drawing(asking, "this provider gives no log-probabilities")
    for length in LIST_LENGTHS:
        try:
            reply = await _ask(asking, length)
        except SelfscopeError as refused:
            if not re.search("logprob|log prob", refused.got, re.IGNORECASE):
                raise
            continue
        if reply.listed:
            reason = f"the probe's reply came with the {len(reply.listed)} likeliest first tokens"
            return Chosen("top_logprobs", length, reason, reply.version, told)
        _insist_on_words(model, reply)
        reason = "the probe's reply came without a list of likeliest tokens"
        return Chosen("sampled", 0, reason, reply.version, told)
    return await _drawing(asking, "the provider refused to give log-probabilities")


def unprobed(manner: Manner, provider: str) -> Manner:
    """Return the manner in which a provider is usually asked, where the model itself is not to be asked."""
    if manner.way != "auto":
        return manner
    return replace(manner, way="sampled" if provider in WITHOUT_LOGPROBS else "top_logprobs")


async def _drawing(asking: _Asking, reason: str) -> Chosen:
    """Return the sampled way after one call, which shows a wrong key and a model that thinks first."""
    reply = await _ask(asking, 0)
    _insist_on_words(asking.model, reply)
    return Chosen("sampled", 0, reason, reply.version, asking.told)


async def _ask(asking: _Asking, length: int) -> Reply:
    from inspect_ai.model import GenerateConfig

    asked: dict[str, Any] = {"max_tokens": asking.max_tokens, "temperature": 1.0, **asking.told}
    if length:
        asked.update(logprobs=True, top_logprobs=length)
    messages = (Message("user", _QUESTION),)
    today = datetime.now(UTC).date().isoformat()
    call_id = content_id(["probe", str(asking.model), asking.address, asked, today])
    call = Call(call_id, messages, content_id(messages))
    config = GenerateConfig(**asking.settings, **asked)
    return (await run_calls([call], asking.log, asking.model, config))[call_id]


def _insist_on_words(model: Model, reply: Reply) -> None:
    if not reply.text.strip() and reply.stop_reason == "max_tokens":
        raise CouldNot(
            f"{model} spent all {reply.output_tokens} tokens before it said anything; it thinks first",
            fix=f"Name a model that does not, or set {MAX_TOKENS_VARIABLE}=1024 or more (mind the price)",
        )
