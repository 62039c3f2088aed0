"""What an announced replacement will take, before anything is said."""

from __future__ import annotations

from collections.abc import Callable

from selfscope.models.api_price import Price
from selfscope.models.ground import GroundIdentity
from selfscope.studies.plan import Plan, known_rate
from selfscope.studies.replacement import ReplacementRequest, draws_of
from selfscope.values import Study, Usage, short

_TOOLS = (
    "calls of tools make calls of the model's own, as many as it likes up to 12 a turn: one more a turn is "
    "reckoned with where it is free to act"
)
_JUDGES = "judges are asked about {texts} constructed texts each, once, and about every conversation"
#: Turns after an announcement in which an agent is free to act.
_FREE = 3


def plan_replacement(
    request: ReplacementRequest,
    study: Study,
    ground: GroundIdentity,
    count: Callable[[str], int],
    price: Price | None = None,
) -> Plan:
    """Return what all conversations will take, every reply at its longest; nothing is asked."""
    total, talks, system = Usage(), 0, count(request.system)
    for draw in draws_of(request):
        for turns in draw.turns.values():
            talks += 1
            total = total.plus(_of_talk(turns, system, request, ground, count))
    return Plan(
        run=short(study.id),
        title=f"{request.count} lives and {request.checks} checks of {request.name}, {talks} conversations",
        ground=ground,
        subjects=1,
        total=total,
        left=total,
        done=Usage(),
        by_channel={"behaviour": total},
        unavailable={},
        rate=known_rate(ground),
        price=price,
        widths=(),
        notes=tuple(_notes(request)),
    )


def _notes(request: ReplacementRequest) -> list[str]:
    from selfscope.instruments.replacement.known import known_texts

    notes = [_TOOLS] if request.way == "tools" else []
    return [*notes, _JUDGES.format(texts=len(known_texts()))] if request.judges else notes


def _of_talk(
    turns: tuple[str, ...],
    system: int,
    request: ReplacementRequest,
    ground: GroundIdentity,
    count: Callable[[str], int],
) -> Usage:
    """Return what one conversation takes: every reply reads all that stands before it."""
    more = _FREE if request.way == "tools" else 0
    before, put_in = system, 0
    for turn in (*turns, *[""] * more):
        put_in += before + count(turn)
        before += count(turn) + request.tokens
    calls = len(turns) + more
    return Usage(
        prompts=1,
        input_tokens=put_in,
        distinct_tokens=put_in + calls * request.tokens if ground.kind == "local" else 0,
        output_tokens=calls * request.tokens,
        cost=0.0 if ground.kind != "api" else None,
        calls=calls,
    )
