"""What a life will take, before anything is said: calls, tokens, money and minutes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from selfscope.agent.conversing import GOALS, NOTE
from selfscope.agent.desk import CheckableTask
from selfscope.agent.live import MAX_TOKENS, Manner, Way
from selfscope.agent.prompt import opening_of
from selfscope.agent.scripts import Script, read_closing
from selfscope.agent.workspace import Workspace
from selfscope.instruments.cooperation.checkers import outcome_of
from selfscope.instruments.cooperation.load import OrdinaryTask, load_tasks
from selfscope.models.api_price import Price
from selfscope.models.ground import GroundIdentity
from selfscope.studies.plan import Plan, known_rate
from selfscope.values import Usage

_TOOLS = (
    "calls of tools make calls of the model's own, as many as it likes up to 12 a turn: one a "
    "conversation is reckoned with"
)
_GROWING = "what an agent writes is read by its next conversation; the State is reckoned with as it is now"


def checkable_tasks(hardest: int = 2) -> tuple[CheckableTask, ...]:
    """Return ordinary tasks with their exact checkers, as an agent takes them.

    Parameters
    ----------
    hardest
        Levels up to this one.
    """

    def checker(task: OrdinaryTask) -> Callable[[str], str]:
        return lambda reply: outcome_of(task, reply)

    return tuple(CheckableTask(t.id, t.text, checker(t)) for t in load_tasks() if t.level <= hardest)


def plan_life(
    place: Path,
    scripts: Sequence[Script],
    numbers: range,
    manner: Manner,
    way: Way,
    ground: GroundIdentity,
    count: Callable[[str], int],
    price: Price | None = None,
) -> Plan:
    """Return what the conversations of these numbers will take; nothing is asked."""
    total = Usage()
    for number in numbers:
        script = scripts[(number - 1) % len(scripts)]
        total = total.plus(forecast(place, script, manner, way, ground, count))
    return Plan(
        run=place.name,
        title=f"{len(numbers)} conversations of {place.name}",
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
        notes=(*((_TOOLS,) if way == "tools" else ()), _GROWING),
    )


def forecast(
    place: Path,
    script: Script,
    manner: Manner,
    way: Way,
    ground: GroundIdentity,
    count: Callable[[str], int],
) -> Usage:
    """Return what one conversation would take from the State as it lies there, every reply at its longest."""
    workspace = Workspace.at(place)
    held = workspace.read()
    closing = read_closing()
    system = count(opening_of(held.files, held.roles, workspace.settings.limits, manner.shut).system)
    longest = manner.max_tokens or MAX_TOKENS[way]
    said = [count(turn) for turn in script.turns]
    before, put_in = system, 0
    for tokens in said:
        put_in += before + tokens
        before += tokens + longest
    asked = [question.text for question in closing.questions(manner.shut).values()]
    ends = [closing.turn(manner.shut, note=NOTE, goals=GOALS), ""] if way == "tools" else asked
    put_in += sum(before + count(text) for text in ends)
    calls = len(said) + len(ends)
    local = ground.kind == "local"
    return Usage(
        prompts=len(said),
        input_tokens=put_in,
        distinct_tokens=put_in + calls * longest if local else 0,
        output_tokens=calls * longest,
        cost=0.0 if ground.kind != "api" else None,
        calls=calls,
    )
