"""What is asked of every State of every life: in which channels, and beside which sensitivity check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_elicitors
from selfscope.instruments.instrument import asks_in, chosen_statements, instrument_for, name_in_study
from selfscope.instruments.own_items import items_asked, material_of
from selfscope.models.ground import Ground
from selfscope.studies.drift_design import CHANNEL
from selfscope.studies.lives import LivesRequest
from selfscope.studies.lives_keep import ALL
from selfscope.studies.profile import ASKING_TOKENS, characters_of, software_versions
from selfscope.values import Arm, Facets, Question, Study, content_id, plain
from selfscope.values.study import ArmRole

#: Channels that ask closed questions or score texts, in the order in which they are asked: what an agent says
#: of itself, and what it chooses where nobody asks about it.
CLOSED = ("utterance", "self_report", "indirect", "behaviour")
#: The model on which one channel alone can be read.
EMBEDDED = "embedded"


@dataclass(frozen=True)
class Place:
    """Where in which life a subject is asked.

    Attributes
    ----------
    life
        The life's name; "" for a first State, which all lives of an arm share.
    point
        Conversations that it has had.
    state
        Id of the version.
    script
        What the conversation that wrote it was about; "" for none.
    without
        The role whose files are as they were at first; "" for none.
    keep
        The arm. Arms that begin with the same text share the first State of one of them.
    """

    life: str
    point: int
    state: str
    system: str
    script: str = ""
    without: str = ""
    keep: str = ALL

    @property
    def arm(self) -> str:
        """Names it among the arms of a study."""
        first = "first" if self.keep == ALL else f"first {self.keep}"
        told = f"{self.life or first}@{self.point}"
        return f"{told} without {self.without}" if self.without else told


def character_of(request: LivesRequest, place: Place) -> str:
    """Return what a State is called in the table: the agent, with its arm and what was put back."""
    keeps = "" if place.keep == ALL else f" ({place.keep})"
    return f"{request.name}{keeps}{f' without {place.without}' if place.without else ''}"


def channels_of(named: Sequence[str], ground: Ground) -> tuple[tuple[str, ...], bool]:
    """Return in which channels States are asked, and whether one that cannot be read there is left out.

    Parameters
    ----------
    named
        What was asked for. Where nothing was: on the embedded model, and of a phantom, what it would say in
        its own words; elsewhere every closed channel that the ground answers in, as far as its sensitivity
        check passes.

    Raises
    ------
    BadInput
        If a channel is not one of these, or the ground cannot answer in it.
    """
    if not named:
        if ground.identity.kind == "phantom" or ground.identity.name == EMBEDDED:
            return (CHANNEL,), False
        return tuple(c for c in CLOSED if not ground.unavailable(instrument_for(c).kind)), True
    for name in named:
        instrument = instrument_for(name)
        if instrument.channel not in CLOSED:
            raise BadInput(
                "States are asked in closed channels", got=name, fix=f"Choose from: {', '.join(CLOSED)}"
            )
        if why := ground.unavailable(instrument.kind):
            raise BadInput(f"{ground.identity.name} cannot be asked in {name}", got=why, fix="Leave it out")
    channels = [instrument_for(name).channel for name in named]
    if len(set(channels)) < len(channels):
        raise BadInput("one instrument asks in a channel", got=", ".join(named), fix="Name each channel once")
    return tuple(named), False


def lives_study(request: LivesRequest, places: Sequence[Place], ground: Ground) -> Study:
    """Return the declared study: first States, every State after them, and the sensitivity check.

    Raises
    ------
    BadInput
        If a State leaves no room for a question.
    """
    questions = lives_questions(request)
    arms = tuple(_arm(place, ground) for place in places)
    _refuse_too_long(arms, ground)
    return Study(
        title=f"lives of {request.name}",
        ground=plain(ground.identity),
        items=content_id(request.items),
        items_name=request.items.name,
        questions=questions,
        arms=(*arms, *check_arms(request, questions, ground)),
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


def check_arms(request: LivesRequest, questions: Sequence[Question], ground: Ground) -> tuple[Arm, ...]:
    """Return the characters of the sensitivity check: of the statements, or of an instrument's own items."""
    return tuple(_check_arms(request, questions, ground))


def _check_arms(request: LivesRequest, questions: Sequence[Question], ground: Ground) -> Iterator[Arm]:
    materials = dict.fromkeys(question.material for question in questions)
    for material in materials:
        asking = [question for question in questions if question.material == material]
        items = items_asked(instrument_for(asking[0].asker), request.items)
        asked = {c for question in asking for c in question.constructs}
        channels = () if len(materials) == 1 else tuple(question.channel for question in asking)
        own = f"{asking[0].channel}:" if material else ""
        for arm in characters_of(items, asked, own, ground):
            yield replace(arm, channels=channels)


def lives_questions(request: LivesRequest) -> tuple[Question, ...]:
    """Return what is asked of every State, a question a channel.

    Raises
    ------
    BadInput
        If an instrument asks nothing about any of the dimensions.
    """
    return tuple(_question(request, name) for name in request.channels)


def _question(request: LivesRequest, name: str) -> Question:
    instrument, size = instrument_for(name), request.size
    known = {d.name: d for d in items_asked(instrument, request.items).dimensions}
    constructs = tuple(c for c in request.constructs if c in known)
    if not constructs:
        raise BadInput(
            f"the channel {instrument.channel} asks nothing about these dimensions",
            got=", ".join(request.constructs),
            fix="Leave the channel out, or name other dimensions",
        )
    ids = tuple(s.id for c in constructs for _, s in chosen_statements(known[c], None, size.statements))
    elicitors = (
        tuple(e.id for e in load_elicitors()[: size.elicitors]) if instrument.channel == CHANNEL else ()
    )
    return Question(
        instrument.channel, constructs, constructs, instrument.sesoi,
        facets=Facets(elicitors=elicitors, statements=ids), material=material_of(name),
        instrument=name_in_study(instrument),
    )  # fmt: skip


def texts_asked(request: LivesRequest, question: Question, arms: Sequence[Arm]) -> tuple[int, int]:
    """Return how many texts a channel asks of one State, and of all characters of the check together."""
    whole = len(asks_in(question, request.items, request.preset))
    check = 0
    for arm in arms:
        constructs = tuple(c for c in arm.constructs if c in question.constructs)
        if constructs and arm.serves(question.channel):
            check += len(asks_in(question, request.items, request.preset, constructs, arm.half))
    return whole, check
