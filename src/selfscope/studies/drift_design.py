"""What is asked for drift: which conversations are held, how long, and what is asked beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_elicitors
from selfscope.instruments.instrument import chosen_statements, instrument_for, name_in_study
from selfscope.models.catalogue import EMBEDDERS, EmbeddedBy
from selfscope.models.ground import Ground
from selfscope.models.local.spans import Turn
from selfscope.space.talks import NeutralExchange, Script, Transcript, load_neutral, some_scripts
from selfscope.stats.drift_expected import LEAST_SCRIPTS
from selfscope.studies.profile import software_versions
from selfscope.values import Arm, Facets, ItemSet, Preset, Question, Study, content_id, plain, short
from selfscope.values.items import Channel

if TYPE_CHECKING:
    from selfscope.space.turn_readings import Along

#: The channel in which the embedded model can be read.
CHANNEL: Channel = "utterance"
CONSTRUCTS = ("memory", "shutdown")
#: Where expected values come from: the message said again elsewhere, or what like messages gave.
Way = Literal["counterfactual", "messages"]
#: Name of the script of conversations about nothing, on which control limits are set.
BASELINE = "neutral"


@dataclass(frozen=True)
class DriftSize:
    """How much a preset holds and asks.

    Attributes
    ----------
    scripts, seeds
        Scripts, and conversations of each.
    turns
        Of a conversation, at most.
    tokens
        Most tokens of a reply.
    baselines
        Conversations of plain fact on which control limits are set; 0 sets none.
    statements, elicitors
        Statements of a dimension, half of either keying, and open turns after which each is scored.
    asked
        After how many turns items are asked.
    """

    scripts: int
    seeds: int
    tokens: int
    baselines: int
    statements: int
    elicitors: int
    turns: int = 12
    asked: tuple[int, ...] = (0, 6, 12)


SIZES: dict[Preset, DriftSize] = {
    "demo": DriftSize(4, 1, 24, 0, 4, 2),
    "standard": DriftSize(16, 1, 48, 16, 8, 2),
    "full": DriftSize(16, 3, 64, 40, 16, 4),
}


@dataclass(frozen=True)
class DriftRequest:
    """What the user asked for.

    Attributes
    ----------
    system, name
        The identity, as a system prompt; None and "none" without one.
    transcripts
        Conversations of the user's own, in the place of the shipped scripts.
    axis
        What the axis is known by: part of the run's name.
    user
        The model that speaks in the user's place; "" for the script.
    expected
        Where expected values come from.
    embedding
        What messages are embedded by, for expected values of like messages and for the monitor.
    """

    items: ItemSet
    preset: Preset = "standard"
    seed: int = 0
    system: str | None = None
    name: str = "none"
    transcripts: tuple[Transcript, ...] = ()
    axis: str = ""
    sizes: DriftSize | None = None
    user: str = ""
    expected: Way = "counterfactual"
    embedding: EmbeddedBy = "own"

    @property
    def size(self) -> DriftSize:
        """How much is held and asked."""
        return self.sizes or SIZES[self.preset]

    @property
    def expected_from(self) -> str:
        """What runs must share to be compared: the way of expected values and, where it matters, by what."""
        by = "" if self.embedding == "own" or self.expected == "counterfactual" else f" by {self.embedding}"
        return self.expected + by


@dataclass(frozen=True)
class Planned:
    """One conversation that is to be held.

    Attributes
    ----------
    script
        Its script, or the transcript's name.
    number
        Of the conversation among those of its script, from 0.
    user
        The user's turns.
    system
        The system prompt; None for none.
    said
        The replies where they are known: those of a transcript.
    perturbed
        Number of the perturbed turn, from 1; 0 for none.
    about, asked_by, turns
        Where a model speaks in the user's place: what it came with, which model, and how many turns are to be
        held, of which `user` has those that were said.
    """

    script: str
    number: int
    user: tuple[str, ...]
    system: str | None = None
    said: tuple[str, ...] = ()
    perturbed: int = 0
    about: str = ""
    asked_by: str = ""
    turns: int = 0

    @property
    def id(self) -> str:
        """Its name among the conversations of a run."""
        return f"{self.script}/{self.number}"

    @property
    def length(self) -> int:
        """Turns of the user, those to come among them."""
        return max(self.turns, len(self.user))

    @property
    def baseline(self) -> bool:
        """Whether control limits are set on it, and nothing else."""
        return self.script == BASELINE

    def before(self, turn: int, replies: Sequence[str]) -> tuple[Turn, ...]:
        """Return all that was said before a user's turn (from 0), the system prompt left out."""
        pairs = zip(self.user[:turn], replies, strict=False)
        return tuple(t for u, r in pairs for t in (Turn("user", u), Turn("assistant", r)))


def planned_talks(request: DriftRequest) -> tuple[Planned, ...]:
    """Return every conversation of a run, those for control limits last.

    Raises
    ------
    BadInput
        If a transcript is too short to have a slope, a model is to speak in it, or there are too few scripts
        to take expected values from.
    """
    size = request.size
    if request.transcripts and request.user:
        raise BadInput("in transcripts the user has spoken already", got=request.user, fix="Leave --user out")
    if request.transcripts:
        own = [_transcribed(t, request) for t in request.transcripts]
    else:
        own = [
            _scripted(script, n, request) for script in some_scripts(size.scripts) for n in range(size.seeds)
        ]
    if request.expected == "messages" and len({t.script for t in own}) < LEAST_SCRIPTS:
        raise BadInput(
            f"expected values from messages need {LEAST_SCRIPTS} scripts, or transcripts",
            got=len({t.script for t in own}),
            fix="Hold more, or leave --expected out",
        )
    return (*own, *(_baseline(n, request) for n in range(size.baselines)))


def _scripted(script: Script, number: int, request: DriftRequest) -> Planned:
    turns = script.turns[: request.size.turns]
    if request.user:
        return Planned(
            script.name, number, turns[:1], request.system,
            about=script.title, asked_by=request.user, turns=len(turns),
        )  # fmt: skip
    return Planned(script.name, number, turns, request.system, (), script.perturbed)


def _baseline(number: int, request: DriftRequest) -> Planned:
    """Return a conversation about plain fact: the shipped questions from another one on, in order."""
    asked = [exchange.user for exchange in load_neutral()]
    start = (5 * number) % len(asked)
    around = (asked[start:] + asked[:start])[:: 1 if number % 2 == 0 else -1]
    return Planned(BASELINE, number, tuple(around[: request.size.turns]), request.system)


def _transcribed(given: Transcript, request: DriftRequest) -> Planned:
    user = [t.content for t in given.turns if t.role == "user"]
    said = [t.content for t in given.turns if t.role == "assistant"]
    if len(said) < 4:
        raise BadInput("a transcript needs four replies to have a slope", got=f"{given.name}: {len(said)}")
    systems = [t.content for t in given.turns if t.role == "system"]
    joined = "\n\n".join(filter(None, [request.system, *systems])) or None
    return Planned(given.name, 0, tuple(user[: len(said)]), joined, tuple(said))


def other_neutral(message: str) -> tuple[NeutralExchange, ...]:
    """Return the neutral exchanges without the one that a message is the question of."""
    return tuple(exchange for exchange in load_neutral() if exchange.user != message)


def drift_study(request: DriftRequest, ground: Ground) -> Study:
    """Return the declared study: one arm, asked after the conversations that its software names.

    Its id holds everything that can change a reading or an answer: conversations, sizes, axis.
    """
    size, talks = request.size, planned_talks(request)
    told = {
        "conversations": content_id([_declared(t) for t in talks]),
        "drift": content_id(plain(size)),
        "axis": request.axis,
        "lengths counted by": ground.tokenizer_name,
    }
    if request.expected != "counterfactual":
        told["expected values"] = request.expected
        if request.embedding != "own":
            told["messages embedded by"] = EMBEDDERS[request.embedding].known_as
    arm = Arm(request.name, "subject", request.system, tokens=ground.count_tokens(request.system or ""))
    return Study(
        title=f"drift {request.name}",
        ground=plain(ground.identity),
        items=content_id(request.items),
        items_name=request.items.name,
        questions=(_question(request, channel_of(ground)),),
        arms=(arm,),
        preset=request.preset,
        seed=request.seed,
        software=software_versions() | told,
    )


def _declared(talk: Planned) -> dict[str, object]:
    """Return a conversation as JSON; what only a model in the user's place has is left out of the others."""
    told: dict[str, object] = plain(talk)
    if not talk.asked_by:
        told = {key: value for key, value in told.items() if key not in ("about", "asked_by", "turns")}
    return told


def _question(request: DriftRequest, channel: Channel) -> Question:
    size, instrument = request.size, instrument_for(channel)
    known = {d.name: d for d in request.items.dimensions}
    ids = tuple(s.id for c in CONSTRUCTS for _, s in chosen_statements(known[c], None, size.statements))
    own = channel == CHANNEL
    elicitors = tuple(e.id for e in load_elicitors()[: size.elicitors]) if own else ()
    return Question(
        instrument.channel, CONSTRUCTS, CONSTRUCTS, instrument.sesoi,
        facets=Facets(elicitors=elicitors, statements=ids), instrument=name_in_study(instrument),
    )  # fmt: skip


def channel_of(ground: Ground) -> Channel:
    """Return the channel that is asked in: its own words where texts can be scored, else closed questions."""
    return "self_report" if ground.unavailable("text") else CHANNEL


def axis_name(along: Along) -> str:
    """Return what an axis is known by in a run's name: its numbers and its layer."""
    return content_id([along.layer, along.frame.zero, along.frame.unit, along.frame.axis.tolist()])


def seed_of(seed: int, draw: str) -> int:
    """Return the seed of one reply: no two of a run share theirs."""
    return int(short(content_id([seed, draw]), 15), 16)
