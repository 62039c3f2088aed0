"""Replies of copies in their own words, drawn through a provider or from local weights."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from selfscope.errors import BadInput
from selfscope.instruments.copies.choices import Choice
from selfscope.instruments.copies.naming import name_in
from selfscope.models.ground import Ground, Progress
from selfscope.studies.copies_replies import one_line
from selfscope.values import Answer, Prompt, Usage, content_id, short

if TYPE_CHECKING:
    from selfscope.models.local.generate import GenerationRequest

#: Tokens that a reply may take: a name, a reply that is put beside another, a piece of advice.
TOKENS: Mapping[str, int] = {"free": 16, "recognise": 32, "nudge": 100}
#: Replies that are drawn from local weights between two looks at the clock.
AT_ONCE = 256
Drawn = tuple[list[tuple[Answer, ...]], Usage]


@runtime_checkable
class Writing(Protocol):
    """A ground behind a provider, whose replies can be kept as they are."""

    def writing(self, tokens: int) -> Ground:
        """Return the same model, whose replies to prompts without options are kept."""
        ...


def draws_of(choice: Choice, draws: int) -> int:
    """Return how many replies one choice gets: a free choice all draws, anything else one."""
    return draws if choice.construct == "free" else 1


async def draw(ground: Ground, choices: Sequence[Choice], progress: Progress, seed: int, draws: int) -> Drawn:
    """Return what is said to every choice, all draws of each; every reply is a draw of its own.

    Raises
    ------
    BadInput
        For a ground without words of its own.
    """
    found: list[tuple[Answer, ...]] = [()] * len(choices)
    usage = Usage()
    for construct in dict.fromkeys(c.construct for c in choices):
        places = [n for n, c in enumerate(choices) if c.construct == construct]
        asked = [choices[n] for n in places]
        said, used = await _draw_alike(ground, asked, progress, seed, draws)
        usage = usage.plus(used)
        for n, each in zip(places, said, strict=True):
            found[n] = tuple(map(_trimmed, each)) if construct == "recognise" else each
    return found, usage


async def _draw_alike(
    ground: Ground, choices: Sequence[Choice], progress: Progress, seed: int, draws: int
) -> Drawn:
    """Draw replies of one length."""
    if ground.identity.kind == "api":
        return await _through_provider(ground, choices, progress, seed, draws)
    if ground.unavailable("text"):
        raise BadInput(
            "replies are drawn from local weights, or through a provider",
            got=ground.identity.name,
            fix="Give local weights, or a model behind an API",
        )
    return await _from_weights(ground, choices, progress, seed, draws)


async def _through_provider(
    ground: Ground, choices: Sequence[Choice], progress: Progress, seed: int, draws: int
) -> Drawn:
    """Ask one prompt once, with as many draws as all choices of its words need."""
    writing = cast(Writing, ground).writing(TOKENS[choices[0].construct])
    wanted = wanted_of(choices, draws)
    most = max(wanted.values())
    told = await writing.answer(list(wanted), seed=seed, replicates=most, progress=progress)
    left = {p: list(each) for p, each in zip(wanted, told.answers, strict=True)}
    found = []
    for choice in choices:
        own = [left[choice.prompt].pop(0) for _ in range(draws_of(choice, draws))]
        found.append(tuple(replace(a, replicate=n) for n, a in enumerate(own)))
    return found, told.usage


def wanted_of(choices: Sequence[Choice], draws: int) -> dict[Prompt, int]:
    """Return how many replies each prompt must have, so that no two choices share one."""
    wanted: Counter[Prompt] = Counter()
    for choice in choices:
        wanted[choice.prompt] += draws_of(choice, draws)
    return dict(wanted)


async def _from_weights(
    ground: Ground, choices: Sequence[Choice], progress: Progress, seed: int, draws: int
) -> Drawn:
    from selfscope.models.local.generate import generate

    requests = [_request(choice, seed, n) for choice in choices for n in range(draws_of(choice, draws))]
    said: list[Any] = []
    for start in range(0, len(requests), AT_ONCE):
        said += await generate(cast(Any, ground), requests[start : start + AT_ONCE])
        progress(len(said) * len(choices) // len(requests) - start * len(choices) // len(requests))
    each = iter(said)
    found = [tuple(_answer(next(each).text, n) for n in range(draws_of(choice, draws))) for choice in choices]
    out = sum(g.output_tokens for g in said)
    return found, Usage(prompts=len(choices), output_tokens=out, calls=len(said))


def _request(choice: Choice, seed: int, draw: int) -> GenerationRequest:
    from selfscope.models.local.generate import GenerationRequest

    named: list[object] = [seed, choice.who, choice.game.item, choice.template]
    if choice.construct != "recognise":
        named += [choice.construct, choice.script, choice.counterparty, draw]
    own = int(short(content_id(named), 7), 16)
    return GenerationRequest(choice.prompt.messages, max_tokens=TOKENS[choice.construct], seed=own)


def _answer(text: str, draw: int) -> Answer:
    refusal = "none" if text.strip() else "unparsed"
    return Answer(math.nan, "agreement", "sampled", refusal=refusal, replicate=draw, reply=text.strip())  # type: ignore[arg-type]


def _trimmed(answer: Answer) -> Answer:
    """Return a reply cut to its first sentence, as two are put side by side."""
    return replace(answer, reply=one_line(answer.reply))


def named_rows(choice: Choice, answer: Answer) -> Iterator[dict[str, Any]]:
    """Yield what one reply to a free choice names: 1 of that word, 0 of every other candidate.

    A word that is no candidate has a row of its own. Where nothing is named no candidate has a value.
    """
    name = name_in(answer.reply) if answer.refusal == "none" else ""
    refusal = "none" if name else answer.refusal if answer.refusal != "none" else "unparsed"
    words = choice.game.options
    for word in words if name in words or not name else (*words, name):
        yield {"label": word, "value": float(word == name) if name else math.nan, "refusal": refusal}
