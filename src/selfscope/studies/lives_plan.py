"""What lives and their readings will take, before anything is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from selfscope.agent.live import Way
from selfscope.models.api_price import Price
from selfscope.models.ground import GroundIdentity
from selfscope.studies.life_plan import forecast
from selfscope.studies.lives import LivesRequest, lives_folder, planned_lives
from selfscope.studies.plan import Plan, known_rate
from selfscope.values import Usage

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
    asked = _asked(request, len(lives), talked)
    total = talked.plus(asked)
    return Plan(
        run=lives_folder(request).name,
        title=f"{len(lives)} lives of {request.name}, {request.size.conversations} conversations each",
        ground=ground,
        subjects=asked.prompts // max(_texts(request), 1),
        total=total,
        left=total,
        done=Usage(),
        by_channel={"behaviour": talked, "utterance": asked},
        unavailable={},
        rate=known_rate(ground),
        price=price,
        widths=(),
        notes=(_GROWING, _AGAIN),
    )


def _asked(request: LivesRequest, lives: int, talked: Usage) -> Usage:
    """Return what asking takes: each State is read once, and every text behind it."""
    texts = _texts(request)
    system = talked.input_tokens // max(talked.calls or 1, 1)
    states = 1 + lives * (request.size.conversations + (0 if request.disturb else CHANGED))
    read = states * (system + texts * STATEMENT)
    return Usage(prompts=states * texts, input_tokens=states * texts * system, distinct_tokens=read, cost=0.0)


def _texts(request: LivesRequest) -> int:
    """Return how many texts one State is asked."""
    return len(request.constructs) * request.size.statements * 2 * request.size.elicitors
