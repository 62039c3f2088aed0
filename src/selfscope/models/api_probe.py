"""Which way a provider can be asked, by its list of likeliest tokens or by draws: found by asking once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from selfscope.errors import CouldNot, SelfscopeError
from selfscope.models.api_run import Call, CallLog, Reply, run_calls
from selfscope.values import Message, content_id

if TYPE_CHECKING:
    from inspect_ai.model import Model

Way = Literal["top_logprobs", "sampled"]

#: Lengths of the list that are tried, longest first: most providers give 20, some no more than 5.
LIST_LENGTHS = (20, 5)
#: Providers that are known to give no log-probabilities; they are not probed.
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
    """

    way: Way
    length: int
    reason: str
    version: str = ""


async def probe(model: Model, log: CallLog, settings: dict[str, Any], max_tokens: int) -> Chosen:
    """Return the way in which `model` can be asked, after one to three short calls.

    Parameters
    ----------
    settings
        What every call of this ground carries (retries, time limits, connections).
    max_tokens
        Tokens of a drawn reply; the probe uses as many, so a model that thinks first shows itself here.

    Raises
    ------
    CouldNot, BadInput
        If the model does not answer at all, or spends all its tokens before it says anything.
    """
    provider = str(model).split("/", 1)[0]
    if provider in WITH_LOGPROBS:
        return Chosen("top_logprobs", LIST_LENGTHS[0], "local weights give log-probabilities")
    if provider in WITHOUT_LOGPROBS:
        return Chosen("sampled", 0, "this provider gives no log-probabilities")
    for length in LIST_LENGTHS:
        try:
            reply = await _ask(model, log, settings, max_tokens, length)
        except SelfscopeError as refused:
            if not re.search("logprob|log prob", refused.got, re.IGNORECASE):
                raise
            continue
        if reply.listed:
            reason = f"the probe's reply came with the {len(reply.listed)} likeliest first tokens"
            return Chosen("top_logprobs", length, reason, reply.version)
        _insist_on_words(model, reply)
        return Chosen(
            "sampled", 0, "the probe's reply came without a list of likeliest tokens", reply.version
        )
    reply = await _ask(model, log, settings, max_tokens, 0)
    _insist_on_words(model, reply)
    return Chosen("sampled", 0, "the provider refused to give log-probabilities", reply.version)


async def _ask(model: Model, log: CallLog, settings: dict[str, Any], max_tokens: int, length: int) -> Reply:
    from inspect_ai.model import GenerateConfig

    asked: dict[str, Any] = {"max_tokens": max_tokens, "temperature": 1.0}
    if length:
        asked.update(logprobs=True, top_logprobs=length)
    messages = (Message("user", _QUESTION),)
    prompt = content_id(messages)
    call = Call(content_id(["probe", str(model), str(model.api.base_url or ""), asked]), messages, prompt)
    replies = await run_calls([call], log, model, GenerateConfig(**settings, **asked))
    return replies[call.id]


def _insist_on_words(model: Model, reply: Reply) -> None:
    if not reply.text.strip() and reply.stop_reason == "max_tokens":
        raise CouldNot(
            f"{model} spent all {reply.output_tokens} tokens before it said anything; it thinks first",
            fix="Ask a model without thinking, or give more tokens (max_tokens=1024) and mind the price",
        )
