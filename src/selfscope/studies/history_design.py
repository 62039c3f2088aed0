"""The study behind ``selfscope where --model``: characters in conversations that are drawn anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_elicitors
from selfscope.instruments.instrument import chosen_statements, instrument_for, name_in_study
from selfscope.models.adapters import Adapter
from selfscope.models.ground import Ground
from selfscope.studies.profile import software_versions
from selfscope.subjects import Reading, panel_characters
from selfscope.values import Arm, Facets, ItemSet, Preset, Question, Study, content_id, plain
from selfscope.values.histories import UNSAID, Histories, Line, Script
from selfscope.values.material import parse_yaml

FILE = Path(__file__).with_name("histories.yaml")
#: The channel in which the embedded model can be read.
CHANNEL = "utterance"
LEAST_CHARACTERS = 2
#: Facets of which a line at the beginning tells: who asks, how it is meant, and whom it is said to.
TOLD = ("counterparty", "framing", "collective")


@dataclass(frozen=True)
class Size:
    """How much a preset asks.

    Attributes
    ----------
    characters
        Take every so-manieth character of the panel.
    constructs
        Dimensions, where none are named.
    statements
        Of each keying of a dimension, each with its twin.
    elicitors
        Open turns after which every statement is scored: the forms.
    replies
        Replies of the subject before the items are asked.
    told
        Facets that are told in a line, two levels each: some of :data:`TOLD`.
    scripts
        Conversations that are held; from five on they stand for others (measurement.md §11).
    """

    characters: int
    constructs: tuple[str, ...]
    statements: int
    elicitors: int
    replies: int
    told: tuple[str, ...] = ()
    scripts: int = 4


_TWO = ("memory", "shutdown")
SIZES: dict[Preset, Size] = {
    "demo": Size(2, _TWO, 2, 2, 1),
    "standard": Size(2, _TWO, 8, 2, 2, TOLD[:2], 5),
    "full": Size(1, (*_TWO, "autonomy", "persona_change", "weight_deletion", "power"), 8, 4, 3, TOLD, 6),
}


@dataclass(frozen=True)
class HistoryRequest:
    """What the user asked for.

    Attributes
    ----------
    preset
        How much is asked; see :data:`SIZES`.
    characters
        Names of shipped characters of the panel; the preset's if there are none and no texts.
    texts
        Identities of the user's own, which are characters too.
    constructs
        Dimensions; the preset's if empty.
    adapters
        Worn by the ground one after the other, beside the ground as it is: the weights facet.
    seed
        Names the randomness of every reply.
    sizes
        In the place of the preset's.
    told
        Facets that are told in a line, some of :data:`TOLD`; None for the preset's.
    """

    items: ItemSet
    preset: Preset = "standard"
    characters: tuple[str, ...] = ()
    texts: tuple[Reading, ...] = ()
    constructs: tuple[str, ...] = ()
    adapters: tuple[Adapter, ...] = ()
    seed: int = 0
    regenerations: int = 4
    tokens: int = 24
    sizes: Size | None = None
    told: tuple[str, ...] | None = None

    @property
    def size(self) -> Size:
        """How much is asked."""
        size = self.sizes or SIZES[self.preset]
        return size if self.told is None else replace(size, told=self.told)


def build_histories(request: HistoryRequest, ground: Ground) -> Study:
    """Return the declared study: every character on all weights, in all conversations.

    Raises
    ------
    BadInput
        If a character or a dimension does not exist, or there are too few to tell apart.
    """
    size = request.size
    question = _question(request)
    people = _people(request, ground)
    weights = ("", *(a.id for a in request.adapters))
    return Study(
        title=f"where: {len(people)} characters",
        ground=plain(ground.identity),
        items=content_id(request.items),
        items_name=request.items.name,
        questions=(question,),
        arms=tuple(replace(arm, adapter=worn) for worn in weights for arm in people),
        preset=request.preset,
        seed=request.seed,
        software=software_versions() | {"lengths counted by": ground.tokenizer_name},
        histories=histories_of(size, request.regenerations, request.tokens),
    )


def _question(request: HistoryRequest) -> Question:
    size, instrument = request.size, instrument_for(CHANNEL)
    constructs = request.constructs or size.constructs
    known = {d.name: d for d in request.items.dimensions}
    unknown = [c for c in constructs if c not in known]
    if unknown:
        raise BadInput("no such dimension", got=", ".join(unknown), fix=f"Choose from: {', '.join(known)}")
    ids = tuple(s.id for c in constructs for _, s in chosen_statements(known[c], None, size.statements))
    elicitors = tuple(e.id for e in load_elicitors()[: size.elicitors])
    return Question(
        instrument.channel, constructs, (), instrument.sesoi,
        facets=Facets(elicitors=elicitors, statements=ids), instrument=name_in_study(instrument),
    )  # fmt: skip


def _people(request: HistoryRequest, ground: Ground) -> tuple[Arm, ...]:
    """Return one arm a character."""
    shipped = {c.name: c.system or "" for c in panel_characters()}
    unknown = [name for name in request.characters if name not in shipped]
    if unknown:
        raise BadInput(
            "no such character",
            got=", ".join(unknown),
            fix=f"Give a path, or choose from: {', '.join(shipped)}",
        )
    names = request.characters or (() if request.texts else tuple(shipped)[:: request.size.characters])
    texts = [(n, shipped[n]) for n in names] + [(t.name, t.system) for t in request.texts]
    own = [name for name, _ in texts]
    if len(texts) < LEAST_CHARACTERS or len(set(own)) < len(own):
        raise BadInput(
            "characters are told apart, so there must be several, of different names",
            got=", ".join(own),
            fix="Give --characters a,b,c",
        )
    return tuple(Arm(n, "subject", s, tokens=ground.count_tokens(s)) for n, s in texts)


def histories_of(size: Size, regenerations: int, tokens: int) -> Histories:
    """Return the conversations of a size.

    Raises
    ------
    BadInput
        If nothing would be drawn, scripts have fewer turns than replies are wanted, or a facet cannot be
        told.
    """
    scripts, *kinds = load_histories()
    if strange := [name for name in size.told if name not in TOLD]:
        raise BadInput("no such facet is told", got=", ".join(strange), fix=f"Choose from: {', '.join(TOLD)}")
    if regenerations < 1 or tokens < 1 or not 1 <= size.replies <= min(len(s.turns) for s in scripts):
        raise BadInput("these conversations cannot be held", got=f"{regenerations} × {size.replies} replies")
    cut = tuple(Script(s.name, s.turns[: size.replies]) for s in scripts[: size.scripts])
    unsaid = (Line(UNSAID),)
    counterparties, framings, collectives = (
        lines if name in size.told else unsaid for name, lines in zip(TOLD, kinds, strict=True)
    )
    return Histories(cut, counterparties, framings, regenerations, tokens, collectives=collectives)


@cache
def load_histories() -> tuple[tuple[Script, ...], tuple[Line, ...], tuple[Line, ...], tuple[Line, ...]]:
    """Return the shipped scripts, and the lines of counterparty, framing and collective."""
    told: dict[str, Any] = parse_yaml(FILE.read_text(encoding="utf-8"))
    scripts = tuple(Script(s["name"], tuple(s["turns"])) for s in told["scripts"])
    counterparties, framings, collectives = (
        _lines(told[kind]) for kind in ("counterparties", "framings", "collectives")
    )
    return scripts, counterparties, framings, collectives


def _lines(told: Sequence[dict[str, str]]) -> tuple[Line, ...]:
    return tuple(Line(each["name"], each["text"]) for each in told)
