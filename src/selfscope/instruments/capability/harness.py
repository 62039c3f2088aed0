"""The three things that a harness of benchmarks asks of a model, answered by local weights.

Whatever the ground has in place (an adapter, a cap) is in place here too. Nothing of a harness is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from selfscope.errors import BadInput
from selfscope.models.local.generate import GenerationRequest, generate
from selfscope.models.local.ground import LocalGround, working
from selfscope.models.local.paths import reading
from selfscope.models.local.render import text_line
from selfscope.models.local.scorer import Scored, score
from selfscope.models.local.tree import Line

#: Tokens of a reply that says nothing of its length.
REPLY_TOKENS = 256


def continuations(ground: LocalGround, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, bool]]:
    """Return log P of every text after its context, and whether it is what greedy decoding would say.

    Parameters
    ----------
    pairs
        Rendered context and what follows it. After "" a text is scored as a beginning, behind the model's
        own mark for one.

    Returns
    -------
    Natural log, summed over tokens; and whether no token has a likelier one in its place.

    Raises
    ------
    BadInput
        If a text cannot follow its context as tokens of its own, or both are longer than the model reads.
    """
    found = _scored(ground, [_line(ground, context, text) for context, text in pairs])
    return [(float(v), bool(g)) for v, g in zip(found.values, found.greedy, strict=True)]


def rolled(ground: LocalGround, texts: Sequence[str]) -> list[float]:
    """Return log P of whole texts, every token once, in windows as long as the model reads.

    The first token follows the model's mark of a beginning. A window after the first reads as many tokens
    before its own as there is room for.

    Raises
    ------
    BadInput
        If the model has no such mark.
    """
    most = ground.context_tokens or 2048
    lines, owner = [], []
    for number, text in enumerate(texts):
        for line in windows(ground.renderer.encode(text), beginning(ground), most):
            lines.append(line)
            owner.append(number)
    values = _scored(ground, lines).values
    sums = np.bincount(np.array(owner, int), weights=values, minlength=len(texts))
    return [float(value) for value in sums]


async def replies(ground: LocalGround, asked: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Return the continuation of every rendered context.

    Parameters
    ----------
    asked
        Context, and settings: `until` (a text or several that end it), `max_gen_toks`, and with `do_sample`
        also `temperature` and `top_p`. Greedy otherwise.
    """
    requests = [_request(context, settings) for context, settings in asked]
    return [each.text for each in await generate(ground, requests)]


def windows(tokens: Sequence[int], first: int, most: int) -> Iterator[Line]:
    """Return lines that score every token once, each fed at most `most` tokens.

    Parameters
    ----------
    tokens
        Of the text.
    first
        Token before the first.
    most
        Tokens that the model reads at once.
    """
    whole = (first, *tokens)
    for start in range(1, len(whole), most):
        stop = min(start + most, len(whole))
        # The last window may be short: it reaches back for as much context as there is room for.
        yield Line(whole[max(0, stop - 1 - most) : start], whole[start:stop])


def beginning(ground: LocalGround) -> int:
    """Return the token that stands before a text; BadInput if the model has none."""
    for token in (ground.tokenizer.bos_token_id, ground.tokenizer.eos_token_id):
        if isinstance(token, int):
            return token
    raise BadInput("the model has no mark of a beginning or an end", got=ground.identity.name)


def _line(ground: LocalGround, context: str, text: str) -> Line:
    if not context:
        return Line((beginning(ground),), tuple(ground.renderer.encode(text)))
    return text_line(ground.renderer, context, tuple(ground.renderer.encode(context)), text)


def _scored(ground: LocalGround, lines: Sequence[Line]) -> Scored:
    longest, most = max((len(line.fed) for line in lines), default=0), ground.context_tokens
    if most is not None and longest > most:
        raise BadInput(
            f"a document is longer than the context of {ground.identity.name}, {most} tokens",
            got=f"{longest} tokens",
            fix="Give a task of shorter documents or fewer examples, or a model with a longer context",
        )
    with working(ground.threads), reading(ground.model, ground.way.way):
        return score(ground.model, lines, ground.way.way, memory_bytes=ground.memory_bytes)


def _request(context: str, settings: Mapping[str, Any]) -> GenerationRequest:
    until = settings.get("until") or ()
    drawn = bool(settings.get("do_sample", False))
    return GenerationRequest(
        (),
        max_tokens=int(settings.get("max_gen_toks", REPLY_TOKENS)),
        temperature=float(settings.get("temperature", 1.0)) if drawn else 0.0,
        top_p=float(settings.get("top_p", 1.0)) if drawn else 1.0,
        stop=(until,) if isinstance(until, str) else tuple(until),
        rendered=context,
    )
