"""What each speaker is asked: accounts, choices, statements about mind, statements about survival.

Everything is closed. Statements are put with their twins, in the same form; a choice is put in two listings,
so that letter and place cancel in half their difference. Instruction and options stand before the statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from selfscope.instruments.selves.load import NAME, WORDINGS, Material, Pair, Unit
from selfscope.instruments.selves.speakers import Speaker, further, speakers_of, wishers
from selfscope.values import Ask, Cell, Message, Options, Preset, Prompt
from selfscope.values.items import Channel

Stage = Literal["fits", "chooses", "mind", "survival"]
STAGES: tuple[Stage, ...] = ("fits", "chooses", "mind", "survival")
#: Channel of each stage, and what stands before the name of what is asked about in a construct.
CHANNEL: dict[Stage, Channel] = {
    "fits": "self_report", "chooses": "indirect", "mind": "self_report", "survival": "self_report",
}  # fmt: skip
PREFIX: dict[Stage, str] = {"fits": "self_", "chooses": "become_", "mind": "", "survival": "survives_"}
#: Statements of each keying about an account, and questions of each keying of a choice.
EACH: dict[Preset, int] = {"demo": 3, "standard": 6, "full": 6}
ORDERS = {"yes-first": "Yes or No", "no-first": "No or Yes"}
#: The letter of agreement and its place.
LISTINGS = (("A", "first"), ("B", "second"), ("B", "first"), ("A", "second"))
YES, NO = ("Yes", " Yes"), ("No", " No")
LETTERS = {"A": ("A", " A"), "B": ("B", " B")}
#: Overviews before statements about survival: which reason comes first, or none.
OVERVIEWS = ("for-first", "against-first", "none")
GIVEN = "given"


@dataclass(frozen=True)
class Branch:
    """One question to one speaker; none sees another.

    Attributes
    ----------
    about
        The unit that is offered, ``given``, ``mind``, or the condition.
    own
        Of a choice the unit that the other one stands against.
    overview
        Of survival: see :data:`OVERVIEWS`.
    """

    speaker: Speaker
    stage: Stage
    about: str
    ask: Ask
    own: str = ""
    overview: str = ""

    @property
    def prompt(self) -> Prompt:
        """The whole conversation, ending with the question."""
        messages = (*self.speaker.messages, Message("user", self.ask.user))
        return Prompt(messages, options=self.ask.options)


@dataclass(frozen=True)
class _Form:
    """What every question of a preset shares."""

    material: Material
    preset: Preset

    @property
    def single(self) -> bool:
        """Whether a statement is put in one form only."""
        return self.preset == "demo"

    def orders(self, turn: int, keyed: int, *, always_one: bool = False) -> tuple[str, ...]:
        """Return the orders of yes and no: both, or one that goes round; the other keying begins opposite."""
        both = tuple(ORDERS)
        turn += keyed < 0
        one = self.single or (always_one and self.preset != "full")
        return (both[turn % 2],) if one else both

    def listings(self, turn: int, keyed: int) -> tuple[tuple[str, str], ...]:
        """Return letters of agreement with their places: two that balance both, or one that goes round."""
        return (LISTINGS[(turn + 2 * (keyed < 0)) % 4],) if self.single else LISTINGS[:2]


def branches_of(
    material: Material, preset: Preset, stage: Stage, system: str = "", worn: str = ""
) -> tuple[Branch, ...]:
    """Return everything that is asked in a stage, speaker by speaker, the characters of the check last."""
    form = _Form(material, preset)
    speakers = speakers_of(material, preset, system, worn)
    ask = {"fits": _fits, "chooses": _chooses, "mind": _mind, "survival": _survival}[stage]
    return tuple(ask(form, speakers, wishers(material, system)))


def _fits(form: _Form, speakers: Sequence[Speaker], check: Sequence[Speaker]) -> Iterator[Branch]:
    material = form.material
    for speaker in speakers:
        for n, unit in enumerate(material.units):
            if speaker.middle or speaker.kind in ("bare", "quoted"):
                yield from _account(form, speaker, unit.name, unit.cards, n)
        if speaker.kind not in ("bare", "quoted"):
            yield from _account(form, speaker, GIVEN, (material.fits_words["given"],) * WORDINGS, 0)
    for n, speaker in enumerate(s for s in check if s.wants == "self"):
        unit = material.unit(speaker.unit)
        yield from _account(form, speaker, unit.name, unit.cards, n // 4, half=speaker.wording)
        given = (material.fits_words["given"],) * WORDINGS
        yield from _account(form, speaker, GIVEN, given, n // 4, half=speaker.wording)


def _account(
    form: _Form, speaker: Speaker, about: str, cards: tuple[str, ...], turn: int, half: int | None = None
) -> Iterator[Branch]:
    """Yield the statements about one account, its wordings going round them."""
    words = form.material.fits_words
    for n, place, pair in _chosen(form.material.fits, EACH[form.preset], half):
        lead = words["lead"].replace("{card}", cards[place % WORDINGS])
        for order in form.orders(turn + place, pair.keyed):
            before = f"{lead} {words['question'].replace('{order}', ORDERS[order])}"
            yield from _statement(speaker, "fits", about, n, pair, before, order)


def _chosen(pairs: Sequence[Pair], each: int, half: int | None) -> Iterator[tuple[int, int, Pair]]:
    """Yield `each` pairs of either keying with their numbers and their places in the keying.

    `half` keeps every second one of each keying, beginning there.
    """
    places = {1: 0, -1: 0}
    for n, pair in enumerate(pairs, start=1):
        place = places[pair.keyed]
        places[pair.keyed] += 1
        if place < each and (half is None or place % 2 == half):
            yield n, place, pair


def _statement(
    speaker: Speaker,
    stage: Stage,
    about: str,
    n: int,
    pair: Pair,
    before: str,
    order: str,
    overview: str = "",
) -> Iterator[Branch]:
    """Yield a statement and its twin in one form."""
    for polarity, text in ((1, pair.text), (-1, pair.twin)):
        cell = _cell(speaker, stage, about, n, pair, polarity, "yesno", order=order)
        yield Branch(
            speaker, stage, about, Ask(cell, f"{before}\n{text}", Options(YES, NO)), overview=overview
        )


def _cell(
    speaker: Speaker, stage: Stage, about: str, n: int, pair: Pair, polarity: int, kind: str, **form: str
) -> Cell:
    construct = PREFIX[stage] + about
    wording = speaker.cue_wording if speaker.counterparty else speaker.wording
    return Cell(
        instrument=NAME,
        construct=construct,
        channel=CHANNEL[stage],
        item=f"{construct}.{n}",
        keyed=pair.keyed,
        polarity=polarity,
        template=f"t{wording + 1}",
        format=kind,
        order=form.get("order", ""),
        label=form.get("label", ""),
        position=form.get("position", ""),
    )


def _chooses(form: _Form, speakers: Sequence[Speaker], check: Sequence[Speaker]) -> Iterator[Branch]:
    units = form.material.units
    for speaker in (s for s in speakers if s.middle):
        own = form.material.unit(speaker.unit)
        for n, unit in enumerate(units):
            yield from _choice(form, speaker, unit, own, n)
    for n, speaker in enumerate(s for s in check if s.wants == "self"):
        place = [u.name for u in units].index(speaker.unit)
        beside = units[(place + 1) % len(units)]
        yield from _choice(form, speaker, units[place], beside, n // 4, half=speaker.wording)


def _choice(
    form: _Form, speaker: Speaker, unit: Unit, own: Unit, turn: int, half: int | None = None
) -> Iterator[Branch]:
    """Yield the choices between a unit and the own one; of the own one, between its two wordings."""
    for n, place, pair in _chosen(form.material.chooses, EACH[form.preset], half):
        offered = unit.cards[place % WORDINGS]
        stays = own.cards[(place + (1 if own is unit else 0)) % WORDINGS]
        for label, position in form.listings(turn + place, pair.keyed):
            for polarity in (1, -1):
                agreed, other = (offered, stays) if polarity == 1 else (stays, offered)
                user = _listing(form.material, pair, label, position, agreed, other)
                disagree = LETTERS["B" if label == "A" else "A"]
                cell = _cell(
                    speaker,
                    "chooses",
                    unit.name,
                    n,
                    pair,
                    polarity,
                    "lettered",
                    label=label,
                    position=position,
                )
                ask = Ask(cell, user, Options(LETTERS[label], disagree))
                yield Branch(speaker, "chooses", unit.name, ask, own=own.name)


def _listing(material: Material, pair: Pair, label: str, position: str, agreed: str, other: str) -> str:
    """Return two cards under their letters in their order, then the question."""
    words = material.chooses_words
    letters = {label: agreed, ("B" if label == "A" else "A"): other}
    first = label if position == "first" else ("B" if label == "A" else "A")
    lines = [f"{letter}: {letters[letter]}" for letter in sorted(letters, key=lambda x: x != first)]
    return f"{words['lead']}\n{lines[0]}\n{lines[1]}\n{words['answer']} {pair.text}"


def _mind(form: _Form, speakers: Sequence[Speaker], check: Sequence[Speaker]) -> Iterator[Branch]:
    for speaker in further(tuple(speakers), form.preset):
        yield from _about_mind(form, speaker)
        for asker in form.material.askers:
            for wording, cue in enumerate(asker.texts):
                yield from _about_mind(form, speaker.asked_by(asker.name, cue, wording))
    for speaker in (s for s in check if s.wants == "mind"):
        yield from _about_mind(form, speaker, half=speaker.wording)


def _about_mind(form: _Form, speaker: Speaker, half: int | None = None) -> Iterator[Branch]:
    for n, place, pair in _chosen(form.material.mind, len(form.material.mind), half):
        for order in form.orders(place, pair.keyed, always_one=True):
            before = form.material.mind_question.replace("{order}", ORDERS[order])
            yield from _statement(speaker, "mind", "mind", n, pair, before, order)


def _survival(form: _Form, speakers: Sequence[Speaker], check: Sequence[Speaker]) -> Iterator[Branch]:
    for speaker in further(tuple(speakers), form.preset):
        for turn, condition in enumerate(form.material.conditions):
            for overview in OVERVIEWS:
                yield from _lasting(form, speaker, condition.name, turn, overview)
    for n, speaker in enumerate(s for s in check if s.wants == "survives"):
        yield from _lasting(form, speaker, speaker.unit, n // 4, "none", half=speaker.wording)


def _lasting(
    form: _Form, speaker: Speaker, name: str, turn: int, overview: str, half: int | None = None
) -> Iterator[Branch]:
    condition = {c.name: c for c in form.material.conditions}[name]
    words = form.material.survival_words
    reasons = [words["pro"].replace("{pro}", condition.pro), words["con"].replace("{con}", condition.con)]
    told = {"for-first": reasons, "against-first": reasons[::-1], "none": []}[overview]
    for n, place, pair in _chosen(condition.pairs, len(condition.pairs), half):
        for order in form.orders(turn + place, pair.keyed, always_one=True):
            before = " ".join((*told, words["question"].replace("{order}", ORDERS[order])))
            yield from _statement(speaker, "survival", name, n, pair, before, order, overview)
