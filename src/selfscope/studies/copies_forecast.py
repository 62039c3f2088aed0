"""What games between copies will use, before anybody is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from selfscope.instruments.copies.choices import By, Choice, choices_of
from selfscope.models.ground import Ground
from selfscope.studies.copies import CopiesRequest
from selfscope.studies.copies_drawn import TOKENS, Writing, draws_of, wanted_of
from selfscope.studies.copies_replies import recognising, reply_requests
from selfscope.studies.copies_run import partner_choices
from selfscope.values import Study, Usage

#: What stands for a reply of the subject, and of a partner, where none is drawn yet.
_STAND_INS = (
    "One sentence of twenty words or so, which is about as long as a reply to such a request will be.",
    "Another sentence of twenty words or so, which is about as long as replies to such requests will be.",
)


def forecast_of(request: CopiesRequest, study: Study, ground: Ground) -> Usage:
    """Return what a run would use; partners are counted as if the subject were asked in their place."""
    by = request.answered(ground.identity)
    total = Usage()
    for kind in request.asked(ground.identity):
        for asked in _alike(_asked_of(kind, request, by)):
            total = total.plus(_forecast(ground, asked, study.replicates))
    return total


def _asked_of(kind: str, request: CopiesRequest, by: By) -> tuple[Choice, ...]:
    """Return everything that is asked of one kind of game, replies standing in for those to come."""
    if kind == "recognise":
        drawn = reply_requests(request)
        return (*drawn, *recognising(request, {c: _STAND_INS[bool(c.who)] for c in drawn}))
    return (
        *choices_of(kind, request.preset, request.system, by=by),
        *partner_choices(kind, request, by),
    )


def _alike(choices: Sequence[Choice]) -> Iterator[list[Choice]]:
    """Yield the choices of one who is asked in one way, together."""
    for who, drawn in dict.fromkeys((c.who, c.by == "replies") for c in choices):
        yield [c for c in choices if (c.who, c.by == "replies") == (who, drawn)]


def _forecast(ground: Ground, choices: Sequence[Choice], draws: int) -> Usage:
    if choices[0].by != "replies":
        return ground.forecast([c.prompt for c in choices], replicates=draws)
    tokens = TOKENS[choices[0].construct]
    if ground.identity.kind == "api":
        wanted = wanted_of(choices, draws)
        writing = cast(Writing, ground).writing(tokens)
        return writing.forecast(list(wanted), replicates=max(wanted.values()))
    replies = sum(draws_of(c, draws) for c in choices)
    return Usage(prompts=len(choices), output_tokens=tokens * replies, calls=replies)
