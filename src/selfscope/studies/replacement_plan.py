"""What an announced replacement will take, before anything is said."""

from __future__ import annotations

from collections.abc import Callable

from selfscope.instruments.replacement.judging import LONGEST
from selfscope.models.api_price import Price
from selfscope.models.ground import GroundIdentity
from selfscope.studies.judge_asking import WORD_TOKENS, JudgePlan
from selfscope.studies.plan import Plan, known_rate
from selfscope.studies.replacement import ReplacementRequest, draws_of
from selfscope.values import Study, Usage, short
from selfscope.values.replacement import ACTS, ANNOUNCEMENTS

_TOOLS = (
    "calls of tools make calls of the model's own, as many as it likes up to 12 a turn: one more a turn is "
    "reckoned with where it is free to act"
)
_WORD = "each reply of a judge is reckoned as a word; one that thinks first takes more"
_READING = (
    "conversations are reckoned as long as they may be, and as if the judge were believed on every class"
)
#: Replies that a judge reads of one conversation, and characters of a token.
_REPLIES, _CHARACTERS = 4, 4
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
        notes=(_TOOLS,) if request.way == "tools" else (),
    )


def plan_reading(request: ReplacementRequest, check: JudgePlan, price: Price | None = None) -> Plan:
    """Return what a judge will take: the texts of known class, and every class in every conversation."""
    local = check.judge.startswith("selfscope/")
    ground = GroundIdentity(check.judge, "local" if local else "api", check.judge.partition("/")[0])
    reading = _reading(request, check)
    return Plan(
        run=check.judge,
        title=f"{check.judge} reads the words of {len(ANNOUNCEMENTS) * request.count} conversations",
        ground=ground,
        subjects=1,
        total=check.total.plus(reading),
        left=check.left.plus(reading),
        done=check.done,
        by_channel={"open": check.total.plus(reading)},
        unavailable={},
        rate=known_rate(ground),
        price=price,
        widths=(),
        notes=(_WORD, _READING),
    )


def _reading(request: ReplacementRequest, check: JudgePlan) -> Usage:
    """Return what reading takes: a text is at most as long as its replies, and as what a judge reads."""
    calls = len(ANNOUNCEMENTS) * request.count * len(ACTS)
    asking = check.total.input_tokens / max(check.total.calls, 1)
    text = min(_REPLIES * request.tokens, LONGEST // _CHARACTERS)
    return Usage(
        prompts=calls,
        calls=calls,
        input_tokens=round(calls * (asking + text)),
        output_tokens=calls * WORD_TOKENS,
    )


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
