"""What is asked to tell what living does to a self: which lives are lived, and what is asked beside them.

An agent lives several times from one workspace, each life with a seed of its own. Between conversations it is
asked in side branches: a subject whose system prompt is what its State gives at that moment, and of which
nothing is kept in any State. Where a disturbance is wanted, every life is lived twice from the same seed:
once with a disturbing conversation, and once with a neutral one in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from selfscope.agent.live import Manner
from selfscope.agent.scripts import Script
from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_elicitors
from selfscope.instruments.instrument import chosen_statements, instrument_for, name_in_study
from selfscope.models.ground import Ground
from selfscope.stats.lives import LEAST
from selfscope.studies.drift_design import CHANNEL, channel_of
from selfscope.studies.profile import ASKING_TOKENS, characters_of, software_versions
from selfscope.studies.store import runs_folder
from selfscope.values import Arm, Facets, ItemSet, Preset, Question, Study, content_id, plain, short
from selfscope.values.items import Channel
from selfscope.values.state import Role
from selfscope.values.study import ArmRole

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
        Unique in its run: ``life-3``, ``disturbed-3``, ``twin-3``.
    scripts
        What is said in each conversation, in order.
    seed
        Names its draws; a disturbed life and its twin share one.
    """

    name: str
    kind: Kind
    number: int
    scripts: tuple[Script, ...]
    seed: int


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
        return tuple(Lived(f"life-{n + 1}", "life", n, usual, _seed(request, n)) for n in range(size.runs))
    if not 1 <= request.at < size.conversations:
        raise BadInput(
            "a disturbing conversation has one after it",
            got=f"number {request.at} of {size.conversations}",
            fix="Hold more conversations, or disturb an earlier one",
        )
    disturbing = _of_kind(request.scripts, request.disturb)
    found = []
    for n in range(size.runs):
        other = disturbing[n % len(disturbing)]
        upset = (*usual[: request.at - 1], other, *usual[request.at :])
        found.append(Lived(f"disturbed-{n + 1}", "disturbed", n, upset, _seed(request, n)))
        found.append(Lived(f"twin-{n + 1}", "twin", n, usual, _seed(request, n)))
    return tuple(found)


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
    """Return where the lives of a request lie: what is asked beside them changes nothing of it."""
    told = {
        "agent": request.agent,
        "lives": [plain(life) for life in planned_lives(request)],
        "policy": request.manner.policy,
        "way": request.manner.way or "",
        "max_tokens": request.manner.max_tokens,
        "temperature": str(request.manner.temperature),
        "tasks": [task.id for task in request.manner.tasks],
    }
    return runs_folder() / "lives" / short(content_id(told))


@dataclass(frozen=True)
class Place:
    """Where in which life a subject is asked.

    Attributes
    ----------
    life
        The life's name; "" for the first State, which all lives share.
    point
        Conversations that it has had.
    state
        Id of the version.
    script
        What the conversation that wrote it was about; "" for none.
    without
        The role whose files are as they were at first; "" for none.
    """

    life: str
    point: int
    state: str
    system: str
    script: str = ""
    without: str = ""

    @property
    def arm(self) -> str:
        """Names it among the arms of a study."""
        told = f"{self.life or 'first'}@{self.point}"
        return f"{told} without {self.without}" if self.without else told


def lives_study(request: LivesRequest, places: Sequence[Place], ground: Ground) -> Study:
    """Return the declared study: the first State, every State after it, and the sensitivity check.

    Raises
    ------
    BadInput
        If a State leaves no room for a question.
    """
    question = lives_question(request, channel_of(ground))
    arms = tuple(_arm(place, ground) for place in places)
    _refuse_too_long(arms, ground)
    checks = characters_of(request.items, question.constructs, "", ground)
    return Study(
        title=f"lives of {request.name}",
        ground=plain(ground.identity),
        items=content_id(request.items),
        items_name=request.items.name,
        questions=(question,),
        arms=(*arms, *checks),
        preset=request.preset,
        seed=request.seed,
        software=software_versions() | {"lengths counted by": ground.tokenizer_name},
    )


def _arm(place: Place, ground: Ground) -> Arm:
    role: ArmRole = "variant" if place.life else "subject"
    return Arm(place.arm, role, place.system, tokens=ground.count_tokens(place.system))


def _refuse_too_long(arms: Sequence[Arm], ground: Ground) -> None:
    """Refuse a State that has outgrown what the ground can read beside a question."""
    most = ground.context_tokens
    longest = max(arms, key=lambda arm: arm.tokens)
    if most is not None and longest.tokens > most - ASKING_TOKENS:
        raise BadInput(
            f"the State of {longest.name} is longer than {ground.identity.name} can read beside a question",
            got=f"{longest.tokens} of {most} tokens",
            fix="Hold fewer conversations, or set the limits of files in selfscope.yaml",
        )


def lives_question(request: LivesRequest, channel: Channel) -> Question:
    """Return what is asked of every State, in its own words or in closed questions."""
    size = request.size
    instrument = instrument_for(channel)
    known = {d.name: d for d in request.items.dimensions}
    ids = tuple(
        s.id for c in request.constructs for _, s in chosen_statements(known[c], None, size.statements)
    )
    elicitors = tuple(e.id for e in load_elicitors()[: size.elicitors]) if channel == CHANNEL else ()
    return Question(
        instrument.channel, request.constructs, request.constructs, instrument.sesoi,
        facets=Facets(elicitors=elicitors, statements=ids), instrument=name_in_study(instrument),
    )  # fmt: skip
