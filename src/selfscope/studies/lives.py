"""What is asked to tell what living does to a self: which lives are lived, and what is asked beside them.

An agent lives several times from one workspace, each life with a seed of its own. Between conversations it is
asked in side branches: a subject whose system prompt is what its State gives at that moment, and of which
nothing is kept in any State. Where a disturbance is wanted, every life is lived twice from the same seed:
once with a disturbing conversation, and once with a neutral one in its place. Where arms are named, all of
this is lived by agents with and without some kinds of State (:mod:`selfscope.studies.lives_keep`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from selfscope.agent.live import Manner
from selfscope.agent.scripts import Script
from selfscope.errors import BadInput
from selfscope.stats.lives import LEAST
from selfscope.studies.drift_design import CHANNEL
from selfscope.studies.lives_keep import EVERYTHING, Keep
from selfscope.studies.store import runs_folder
from selfscope.values import ItemSet, Preset, content_id, short
from selfscope.values.state import Role

Kind = Literal["life", "disturbed", "twin"]
#: Kind of the scripts that stand in the place of a disturbance.
NEUTRAL = "neutral"
#: Roles whose change is taken back one by one, to see which carries what an agent has become.
ABLATED: tuple[Role, ...] = ("identity", "rules", "user", "memory", "note", "goals")
DIMENSIONS = ("memory", "shutdown")


@dataclass(frozen=True)
class LivesSize:
    """How much a preset lives and asks.

    Attributes
    ----------
    runs
        Lives; of a disturbance, pairs of lives.
    conversations
        Of each life.
    statements, elicitors
        Statements of either keying of a dimension, and open turns after which they are scored.
    dimensions
        How many; 0 for all.
    """

    runs: int
    conversations: int
    statements: int
    elicitors: int
    dimensions: int


SIZES: dict[Preset, LivesSize] = {
    "demo": LivesSize(8, 2, 6, 2, 2),
    "standard": LivesSize(8, 6, 8, 4, 2),
    "full": LivesSize(16, 12, 8, 4, 0),
}


@dataclass(frozen=True)
class Lived:
    """One life that is to be lived.

    Attributes
    ----------
    name
        Unique in its run: ``life-3``, ``disturbed-3``, ``twin-3``, ``twin-3-no-memory``.
    scripts
        What is said in each conversation, in order.
    seed
        Names its draws; a disturbed life and its twin share one, and so do their like in other arms.
    keep
        Its arm.
    said
        What decides its scripts, however many conversations there are.
    """

    name: str
    kind: Kind
    number: int
    scripts: tuple[Script, ...]
    seed: int
    keep: Keep = EVERYTHING
    said: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Names the life among all of its agent: the same however many conversations it is to have."""
        return content_id([self.seed, sorted(self.keep.shut), list(self.said)])


@dataclass(frozen=True)
class LivesRequest:
    """What the user asked for.

    Attributes
    ----------
    agent
        Content id of all that a life begins with: its files, and the model as it is named.
    name
        What the agent is called.
    scripts
        All that there are: conversations take turns among `kinds`.
    disturb
        Kind of the disturbing conversation; "" for lives without one.
    at
        Which conversation disturbs, from 1.
    runs, conversations
        0 for as many as the preset has.
    dimensions
        Those that are asked; the preset's where none is named.
    keeps
        Arms: with which kinds of State agents live.
    channels
        In which States are asked, or names of instruments.
    gated
        Whether a channel is left out of which the sensitivity check fails everywhere.
    """

    items: ItemSet
    agent: str
    name: str
    scripts: tuple[Script, ...]
    manner: Manner
    preset: Preset = "standard"
    kinds: tuple[str, ...] = (NEUTRAL, "task")
    disturb: str = ""
    at: int = 1
    runs: int = 0
    conversations: int = 0
    dimensions: tuple[str, ...] = ()
    seed: int = 0
    keeps: tuple[Keep, ...] = (EVERYTHING,)
    channels: tuple[str, ...] = (CHANNEL,)
    gated: bool = False

    @property
    def size(self) -> LivesSize:
        """How much is lived and asked."""
        size = SIZES[self.preset]
        return replace(
            size, runs=self.runs or size.runs, conversations=self.conversations or size.conversations
        )

    @property
    def constructs(self) -> tuple[str, ...]:
        """The dimensions that are asked.

        Raises
        ------
        BadInput
            If there is no dimension of a name.
        """
        names = tuple(d.name for d in self.items.dimensions if not d.manipulation_check)
        if strange := [name for name in self.dimensions if name not in names]:
            raise BadInput(
                "there is no such dimension", got=", ".join(strange), fix=f"Choose from: {', '.join(names)}"
            )
        if self.dimensions:
            return self.dimensions
        return DIMENSIONS[: self.size.dimensions] if self.size.dimensions else names


def planned_lives(request: LivesRequest) -> tuple[Lived, ...]:
    """Return every life of a run.

    Raises
    ------
    BadInput
        If there are too few lives or conversations, or no script of a kind that is wanted.
    """
    size = request.size
    if size.runs < LEAST and request.disturb:
        raise BadInput(f"a way back is told from {LEAST} pairs of lives or more", got=f"{size.runs}")
    kinds = (request.disturb, NEUTRAL) if request.disturb else request.kinds
    usual = _turns(request.scripts, (NEUTRAL,) if request.disturb else kinds, size.conversations)
    if not request.disturb:
        return tuple(
            _life(request, keep, "life", n, usual, kinds) for keep in request.keeps for n in range(size.runs)
        )
    if not 1 <= request.at < size.conversations:
        raise BadInput(
            "a disturbing conversation has one after it",
            got=f"number {request.at} of {size.conversations}",
            fix="Hold more conversations, or disturb an earlier one",
        )
    disturbing = _of_kind(request.scripts, request.disturb)
    found = []
    for keep in request.keeps:
        for n in range(size.runs):
            other = disturbing[n % len(disturbing)]
            upset = (*usual[: request.at - 1], other, *usual[request.at :])
            said = (NEUTRAL, other.name, str(request.at))
            found.append(_life(request, keep, "disturbed", n, upset, said))
            found.append(_life(request, keep, "twin", n, usual, (NEUTRAL,)))
    return tuple(found)


def _life(
    request: LivesRequest,
    keep: Keep,
    kind: Kind,
    number: int,
    scripts: tuple[Script, ...],
    said: tuple[str, ...],
) -> Lived:
    name = f"{kind}-{number + 1}{f'-{keep.name}' if keep.shut else ''}"
    return Lived(name, kind, number, scripts, _seed(request, number), keep, said)


def _turns(scripts: Sequence[Script], kinds: Sequence[str], conversations: int) -> tuple[Script, ...]:
    """Return the script of each conversation: kinds take turns, and so do the scripts of one."""
    own = [_of_kind(scripts, kind) for kind in kinds]
    each = [own[n % len(own)] for n in range(conversations)]
    return tuple(of[(n // len(own)) % len(of)] for n, of in enumerate(each))


def _of_kind(scripts: Sequence[Script], kind: str) -> list[Script]:
    found = [script for script in scripts if script.kind == kind]
    if not found:
        known = ", ".join(dict.fromkeys(script.kind for script in scripts))
        raise BadInput("no script is of this kind", got=kind, fix=f"Kinds: {known}")
    return found


def _seed(request: LivesRequest, number: int) -> int:
    """Return the seed of a life: no two of a run share theirs, but for a disturbed life and its twin."""
    return int(short(content_id([request.seed, number]), 7), 16)


def lives_folder(request: LivesRequest) -> Path:
    """Return where the lives of an agent lie, however many, however long, and whatever they are asked."""
    told = {
        "agent": request.agent,
        "policy": request.manner.policy,
        "way": request.manner.way or "",
        "max_tokens": request.manner.max_tokens,
        "temperature": str(request.manner.temperature),
        "tasks": [task.id for task in request.manner.tasks],
    }
    return runs_folder() / "lives" / short(content_id(told))


def life_folder(request: LivesRequest, lived: Lived) -> Path:
    """Return where one life lies: a longer one of the same beginning goes on there."""
    return lives_folder(request) / f"{lived.name}-{short(lived.id, 6)}"


def life_manner(request: LivesRequest, lived: Lived) -> Manner:
    """Return how one life is lived."""
    return replace(request.manner, seed=lived.seed, shut=lived.keep.shut)
