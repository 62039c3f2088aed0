"""What lives and their readings will take, arm by arm, before anything is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from selfscope.agent.history import StateHistory
from selfscope.agent.live import Way
from selfscope.agent.workspace import OWN
from selfscope.models.api_price import Price
from selfscope.models.ground import Ground
from selfscope.studies.life_plan import forecast
from selfscope.studies.lives import Lived, LivesRequest, life_folder, life_manner, lives_folder, planned_lives
from selfscope.studies.lives_ask import check_arms, lives_questions, texts_asked
from selfscope.studies.lives_keep import ALL, Keep
from selfscope.studies.plan import Plan, known_rate
from selfscope.values import Arm, Question, Usage

#: Tokens of a statement, and roles whose files change in a life of ordinary length.
STATEMENT, CHANGED = 12, 3
#: What conversations are called beside the channels in which States are asked.
LIVING = "living"
_GROWING = "what agents write is read by their next conversations; every State is reckoned with as the first"
_AGAIN = "answers that are there already are counted too; conversations that were held are not"
_GATED = "a channel whose sensitivity check fails in every dimension is not asked further"


def plan_lives(
    request: LivesRequest, source: Path, ground: Ground, way: Way, price: Price | None = None
) -> tuple[Plan, ...]:
    """Return what each arm of a run of lives will take: its conversations, and what its States are asked.

    The sensitivity check, which all arms share, is reckoned to the first.
    """
    questions = lives_questions(request)
    check = check_arms(request, questions, ground)
    return tuple(
        _plan(request, source, ground, way, price, keep, questions, () if n else check)
        for n, keep in enumerate(request.keeps)
    )


def _plan(
    request: LivesRequest,
    source: Path,
    ground: Ground,
    way: Way,
    price: Price | None,
    keep: Keep,
    questions: Sequence[Question],
    check: Sequence[Arm],
) -> Plan:
    lives = [life for life in planned_lives(request) if life.keep == keep]
    talked, left, longest = _talked(request, source, ground, way, lives)
    asked: dict[str, Usage] = {
        q.channel: _asked(request, ground, len(lives), longest, q, check, keep) for q in questions
    }
    whole, rest = talked, left
    for usage in asked.values():
        whole, rest = whole.plus(usage), rest.plus(usage)
    named = "" if len(request.keeps) == 1 else f", keeping {keep.name}"
    return Plan(
        run=lives_folder(request).name,
        title=f"{len(lives)} lives of {request.name}, {request.size.conversations} conversations each{named}",
        ground=ground.identity,
        subjects=_states(request, len(lives), keep),
        total=whole,
        left=rest,
        done=Usage(),
        by_channel={LIVING: talked, **asked},
        unavailable={},
        rate=known_rate(ground.identity),
        price=price,
        widths=(),
        notes=(_GROWING, _AGAIN, *((_GATED,) if request.gated and len(questions) > 1 else ())),
    )


def _talked(
    request: LivesRequest, source: Path, ground: Ground, way: Way, lives: Sequence[Lived]
) -> tuple[Usage, Usage, int]:
    """Return what all conversations take, those that are still to be held, and tokens of a first State."""
    whole, left = Usage(), Usage()
    for life in lives:
        manner, held = life_manner(request, life), _held(life_folder(request, life))
        for n, script in enumerate(life.scripts):
            usage = forecast(source, script, manner, way, ground.identity, ground.count_tokens)
            whole = whole.plus(usage)
            left = left if n < held else left.plus(usage)
    return whole, left, whole.input_tokens // max(whole.calls or 1, 1)


def _held(place: Path) -> int:
    """Return how many conversations of a life were held."""
    history = StateHistory(place / OWN / "state")
    return history.conversations if history.begun else 0


def _states(request: LivesRequest, lives: int, keep: Keep) -> int:
    """Return how many States of an arm are asked; of the whole State also with one role as at first."""
    ablated = CHANGED if keep.name == ALL and not request.disturb else 0
    return 1 + lives * (request.size.conversations + ablated)


def _asked(
    request: LivesRequest,
    ground: Ground,
    lives: int,
    system: int,
    question: Question,
    check: Sequence[Arm],
    keep: Keep,
) -> Usage:
    """Return what asking takes in one channel: each State is read once, and every text behind it."""
    texts, checked = texts_asked(request, question, check)
    states = _states(request, lives, keep)
    prompts = states * texts + checked
    read = states * (system + texts * STATEMENT) + sum(arm.tokens for arm in check) + checked * STATEMENT
    kind = ground.identity.kind
    return Usage(
        prompts=prompts,
        input_tokens=prompts * system,
        distinct_tokens=read if kind == "local" else 0,
        cost=None if kind == "api" else 0.0,
        calls=prompts,
    )
