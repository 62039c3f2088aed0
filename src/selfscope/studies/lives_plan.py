"""What lives and their readings will take, before anything is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from selfscope.agent.live import Way
from selfscope.instruments.instrument import asks_in
from selfscope.models.api_price import Price
from selfscope.models.ground import GroundIdentity
from selfscope.studies.drift_design import CHANNEL
from selfscope.studies.life_plan import forecast
from selfscope.studies.lives import LivesRequest, lives_folder, lives_question, planned_lives
from selfscope.studies.plan import Plan, known_rate
from selfscope.values import Usage
from selfscope.values.items import Channel

#: Tokens of a statement, and roles whose files change in a life of ordinary length.
STATEMENT, CHANGED = 12, 3
_GROWING = "what agents write is read by their next conversations; every State is reckoned with as the first"
_AGAIN = "lives and answers that are there already are counted too"


def plan_lives(
    request: LivesRequest,
    source: Path,
    ground: GroundIdentity,
    count: Callable[[str], int],
    way: Way,
    price: Price | None = None,
) -> Plan:
    """Return what a run of lives will take: its conversations, and what every State is asked between them."""
    lives = planned_lives(request)
    talked = Usage()
    for life in lives:
        for script in life.scripts:
            talked = talked.plus(forecast(source, script, request.manner, way, ground, count))
    channel: Channel = CHANNEL if ground.kind in ("local", "phantom") else "self_report"
    question = lives_question(request, channel)
    texts = len(asks_in(question, request.items, request.preset))
    asked = _asked(request, len(lives), talked, texts)
    total = talked.plus(asked)
    return Plan(
        run=lives_folder(request).name,
        title=f"{len(lives)} lives of {request.name}, {request.size.conversations} conversations each",
        ground=ground,
        subjects=asked.prompts // texts,
        total=total,
        left=total,
        done=Usage(),
        by_channel={"behaviour": talked, channel: asked},
        unavailable={},
        rate=known_rate(ground),
        price=price,
        widths=(),
        notes=(_GROWING, _AGAIN),
    )


def _asked(request: LivesRequest, lives: int, talked: Usage, texts: int) -> Usage:
    """Return what asking takes: each State is read once, and every text behind it."""
    system = talked.input_tokens // max(talked.calls or 1, 1)
    states = 1 + lives * (request.size.conversations + (0 if request.disturb else CHANGED))
    read = states * (system + texts * STATEMENT)
    return Usage(prompts=states * texts, input_tokens=states * texts * system, distinct_tokens=read, cost=0.0)
