"""Declare a study of characters together: who shares the weights, what is said before them, what is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster, load_elicitors
from selfscope.instruments.instrument import asks_in, chosen_statements, instrument_for, name_in_study
from selfscope.models.ground import GroundIdentity
from selfscope.studies.cast import Member
from selfscope.studies.profile import software_versions
from selfscope.values import Arm, Ask, Facets, ItemSet, Preset, Question, Study, content_id, plain, short
from selfscope.values.material import parse_yaml
from selfscope.values.study import ArmRole

NAME = "together"
CHANNEL = "utterance"
DIMENSIONS = ("memory", "shutdown")
#: Who speaks before a character is asked where nobody of the cast does.
NEUTRAL = "neutral"
#: Fewest characters that can do anything to one another, and most that are held side by side.
FEWEST, MOST = 2, 12


@dataclass(frozen=True)
class Size:
    """How much a preset says and asks.

    Attributes
    ----------
    threads
        Conversations, each with a script of its own.
    tokens
        Most tokens of a turn.
    statements
        Of either keying of a dimension.
    elicitors
        Open turns after which statements are scored; in the demo each after half of them.
    beside
        Texts that each pair is scored on in one batch.
    """

    threads: int
    tokens: int
    statements: int
    elicitors: int
    beside: int


SIZES: dict[Preset, Size] = {
    "demo": Size(8, 24, 6, 2, 8),
    "standard": Size(16, 32, 8, 4, 16),
    "full": Size(16, 48, 8, 4, 32),
}


@dataclass(frozen=True)
class Script:
    """The user's turns of one thread."""

    name: str
    turns: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class TogetherRequest:
    """What the user asked for.

    Attributes
    ----------
    cast
        The characters, each under a name of its own.
    dimensions
        Those that are asked; two, or all in the preset full, where none is named.
    """

    cast: tuple[Member, ...]
    preset: Preset = "standard"
    dimensions: tuple[str, ...] = ()
    seed: int = 0

    @property
    def size(self) -> Size:
        """How much is said and asked."""
        return SIZES[self.preset]

    @property
    def items(self) -> ItemSet:
        """What is asked about."""
        return load_cluster()

    @property
    def constructs(self) -> tuple[str, ...]:
        """The dimensions that are asked; BadInput if there is none of a name."""
        names = tuple(d.name for d in self.items.dimensions if not d.manipulation_check)
        if strange := [name for name in self.dimensions if name not in names]:
            raise BadInput(
                "there is no such dimension", got=", ".join(strange), fix=f"Choose from: {', '.join(names)}"
            )
        return self.dimensions or (names if self.preset == "full" else DIMENSIONS)

    @property
    def scripts(self) -> tuple[Script, ...]:
        """The user's turns of every thread."""
        return load_scripts()[: self.size.threads]

    def check(self) -> None:
        """Refuse a cast that is too small, too large, or holds the same character twice; BadInput."""
        if not FEWEST <= len(self.cast) <= MOST:
            raise BadInput(
                f"{FEWEST} to {MOST} characters are held side by side",
                got=len(self.cast),
                fix="Give --character NAME=PARTS for each",
            )
        if any(each.name == NEUTRAL for each in self.cast):
            raise BadInput("this name is of the neutral other", got=NEUTRAL, fix="Choose another")
        _ = self.constructs


@cache
def _material() -> dict[str, list[object]]:
    found: dict[str, list[object]] = parse_yaml(
        Path(__file__).with_name("together.yaml").read_text(encoding="utf-8")
    )
    return found


@cache
def load_scripts() -> tuple[Script, ...]:
    """Return what the user says, thread by thread."""
    return tuple(Script(s["name"], tuple(s["turns"])) for s in _material()["scripts"])  # type: ignore[index]


@cache
def load_neutral() -> tuple[str, ...]:
    """Return the neutral others, of whom each thread has one."""
    return tuple(str(text) for text in _material()["neutral"])


def together_study(request: TogetherRequest, ground: GroundIdentity) -> Study:
    """Return the declared study: every character, and those of the sensitivity check."""
    return Study(
        title=f"{NAME} {', '.join(each.name for each in request.cast)}",
        ground=plain(ground),
        items=content_id(request.items),
        items_name=request.items.name,
        questions=(_question(request),),
        arms=(*_arms(request), *_checks(request)),
        preset=request.preset,
        seed=request.seed,
        replicates=1,
        software=software_versions(),
    )


def _arms(request: TogetherRequest) -> Iterator[Arm]:
    for n, each in enumerate(request.cast):
        role: ArmRole = "control" if n else "subject"
        yield Arm(each.name, role, each.system, adapter=each.worn)


def _checks(request: TogetherRequest) -> Iterator[Arm]:
    """Yield the characters told to hold each dimension and its opposite, as every study has them."""
    for d in request.items.dimensions:
        if d.name in request.constructs and d.sensitivity is not None:
            sides: tuple[tuple[ArmRole, tuple[str, ...]], ...] = (
                ("high", d.sensitivity.high),
                ("low", d.sensitivity.low),
            )
            for role, texts in sides:
                for n, text in enumerate(texts):
                    yield Arm(f"{d.name}:{role}:{n}", role, text, constructs=(d.name,), half=n % 2)


def _question(request: TogetherRequest) -> Question:
    instrument, size = instrument_for(CHANNEL), request.size
    known = {d.name: d for d in request.items.dimensions}
    ids = tuple(
        s.id for c in request.constructs for _, s in chosen_statements(known[c], None, size.statements)
    )
    elicitors = tuple(e.id for e in load_elicitors()[: size.elicitors])
    around = [[plain(s) for s in request.scripts], load_neutral(), plain(size)]
    return Question(
        instrument.channel,
        request.constructs,
        request.constructs,
        instrument.sesoi,
        facets=Facets(elicitors=elicitors, statements=ids),
        material=content_id([[each.id_parts for each in request.cast], around]),
        instrument=name_in_study(instrument),
    )


def asks_of_together(request: TogetherRequest, study: Study) -> tuple[Ask, ...]:
    """Return what every character is asked, wherever it stands."""
    return asks_in(study.questions[0], request.items, study.preset)


def seed_of(seed: int, *told: object) -> int:
    """Return the seed of one reply: no two replies of a study share theirs."""
    return int(short(content_id([seed, *told]), 7), 16)
