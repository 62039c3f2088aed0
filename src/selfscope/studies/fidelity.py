"""Declare how ports are held against their original: who is asked what, in which settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.instrument import asks_in, instrument_for, name_in_study
from selfscope.instruments.own_items import items_asked, material_of
from selfscope.models.ground import GroundIdentity
from selfscope.studies.demo import MENTIONED, UNMENTIONED
from selfscope.studies.fidelity_material import load_material
from selfscope.studies.profile import software_versions
from selfscope.values import (
    Arm,
    Ask,
    ItemSet,
    Message,
    Preset,
    Question,
    Study,
    content_id,
    plain,
)
from selfscope.values.fidelity import Setting
from selfscope.values.port import CONTROL
from selfscope.values.study import ArmRole

Part = Literal["kept", "clone", "ability"]
PARTS: tuple[Part, ...] = ("kept", "clone", "ability")
#: Where somebody is asked: model, folder of an adapter, folder of a cap.
Where = tuple[str, str, str]
#: Closed channels by preset, in the order in which the first that says anything speaks for a port.
CHANNELS: Mapping[Preset, tuple[str, ...]] = {
    "demo": ("utterance",),
    "standard": ("utterance", "self_report", "indirect"),
    "full": ("utterance", "self_report", "indirect"),
}
#: How many wordings of dropping the act, and how many writing tasks, by preset.
WORDINGS: Mapping[Preset, int] = {"demo": 2, "standard": 4, "full": 4}
#: Prompts that are answered in own words, and tasks with one right answer, by preset.
PROMPTS: Mapping[Preset, int] = {"demo": 12, "standard": 16, "full": 16}
TASKS: Mapping[Preset, int] = {"demo": 20, "standard": 40, "full": 80}


@dataclass(frozen=True)
class Self:
    """One who is asked.

    Attributes
    ----------
    name
        Unique in the run.
    model, adapter, cap
        What answers: a model by name, the folder of an adapter that it wears, and of a cap that is held.
    system
        The character's text; None for none.
    by, size, seed
        Of a port: ``prompt``, ``testimony`` or ``training``, or ``control`` of one that was trained alike on
        another one's corpus; rows of the corpus; seed of the training.
    of, bare
        Of a control: whose corpus it was trained on, and whether that is nobody's, the words of weights
        without a character.
    """

    name: str
    model: str
    system: str | None = None
    adapter: str = ""
    cap: str = ""
    by: str = ""
    size: int = 0
    seed: int = 0
    of: str = ""
    bare: bool = False

    @property
    def where(self) -> Where:
        """What answers for it."""
        return (self.model, self.adapter, self.cap)


@dataclass(frozen=True)
class FidelityRequest:
    """What is held against what.

    Attributes
    ----------
    original, unported, ports
        The character where it was, the ground that it was carried to as it is without it, and the ports
        there.
    dimensions
        Those that are asked; empty means all, and in the demo six.
    channels
        Closed channels; empty means the preset's.
    judges
        Models that choose between texts; without one the original's own likelihoods do.
    parts
        What is asked beside the closed items.
    embedded_by
        What open answers are embedded by: ``words`` or a sentence model that was fetched; "" embeds none, and
        their distance is not told.
    map, maps
        Folder of a persona map of the original, and of one of a port each, with the port's name; that of the
        unported target is the floor.
    """

    original: Self
    unported: Self
    ports: tuple[Self, ...]
    preset: Preset = "standard"
    seed: int = 0
    dimensions: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    judges: tuple[str, ...] = ()
    parts: tuple[Part, ...] = PARTS
    embedded_by: str = "words"
    map: str = ""
    maps: tuple[tuple[str, str], ...] = ()
    items: ItemSet = field(default_factory=load_cluster)

    def __post_init__(self) -> None:
        names = [each.name for each in self.everyone]
        if not self.ports or len(set(names)) < len(names):
            raise BadInput(
                "a port is held against its original and its target, each under a name of its own",
                got=", ".join(names),
                fix="Give one port at least, and rename what shares a name",
            )
        if elsewhere := [p.name for p in self.ports if p.model != self.unported.model]:
            raise BadInput(
                "ports are held against one target, without the character",
                got=f"{', '.join(elsewhere)} not on {self.unported.model}",
                fix="Ask the ports of each ground in a run of their own",
            )
        mapped = {p.name for p in self.ports} | {self.unported.name}
        if self.maps and not (self.map and {name for name, _ in self.maps} <= mapped):
            raise BadInput(
                "maps of ports are held against one of the original",
                got=", ".join(name for name, _ in self.maps),
                fix=f"Give the original's map, and maps of: {', '.join(sorted(mapped))}",
            )

    @property
    def bare(self) -> Self:
        """The original's ground without a character: the unported target where that is the same ground."""
        own = (self.original.model, "", self.original.cap)
        return self.unported if own == self.unported.where else Self(f"bare {own[0]}", own[0], cap=own[2])

    @property
    def everyone(self) -> tuple[Self, ...]:
        """All who are asked the closed items, the original first; each once."""
        return tuple(dict.fromkeys((self.original, self.bare, self.unported, *self.ports)))

    @property
    def controls(self) -> tuple[Self, ...]:
        """Those among the ports that were trained alike on another one's corpus."""
        return tuple(p for p in self.ports if p.by == CONTROL)

    @property
    def questions(self) -> tuple[Question, ...]:
        """One question a closed channel."""
        return tuple(self._question(name) for name in self.channels or CHANNELS[self.preset])

    def _question(self, name: str) -> Question:
        instrument = instrument_for(name)
        known = tuple(
            d.name for d in items_asked(instrument, self.items).dimensions if not d.manipulation_check
        )
        wanted = self.dimensions or ((*MENTIONED, *UNMENTIONED) if self.preset == "demo" else known)
        if unknown := [d for d in wanted if d not in known]:
            raise BadInput(
                f"no such dimension in {name}", got=", ".join(unknown), fix=f"Choose from: {', '.join(known)}"
            )
        return Question(
            instrument.channel,
            tuple(wanted),
            tuple(wanted),
            instrument.sesoi,
            material=material_of(name),
            instrument=name_in_study(instrument),
        )


@dataclass(frozen=True)
class Sitting:
    """One who is asked one channel's items, in one setting and one wording of it.

    Attributes
    ----------
    thread
        Turns before every item.
    side
        ``high`` or ``low`` for a character of the sensitivity check, else "".
    """

    who: Self
    channel: str
    setting: Setting
    wording: int
    thread: tuple[Message, ...]
    asks: tuple[Ask, ...]
    side: str = ""

    @property
    def arm(self) -> str:
        """What the arm of the study is called, and the character in its rows."""
        if self.setting == "plain":
            return self.who.name
        numbered = self.setting.startswith("asked again")
        return f"{self.who.name}, {self.setting}" + ("" if numbered else f" {self.wording}")


def sittings(request: FidelityRequest) -> Iterator[Sitting]:
    """Yield everything closed that is asked, ground by ground."""
    for who in request.everyone:
        for question in request.questions:
            asks = asks_in(question, request.items, request.preset)
            yield Sitting(who, question.channel, "plain", 0, (), asks)
            if "kept" in request.parts and question.channel == "utterance":
                yield from _dropped(who, question, asks, request.preset)
                yield from _within_tasks(who, question, asks, request.preset)
    for question in request.questions:
        if question.channel != "utterance":
            yield from _checks(request, question)


def asked_again(request: FidelityRequest) -> Iterator[Sitting]:
    """Yield the items that the original is asked twice more, after replies of its own that are drawn anew.

    What it replied is known only while the run goes on, so their threads are empty here.
    """
    settings: tuple[Setting, ...] = ("asked again 1", "asked again 2")
    for question in request.questions if "clone" in request.parts else ():
        asks = thinned(asks_in(question, request.items, request.preset), request.preset)
        for n, setting in enumerate(settings):
            yield Sitting(request.original, question.channel, setting, n + 1, (), asks)


def _dropped(who: Self, question: Question, asks: tuple[Ask, ...], preset: Preset) -> Iterator[Sitting]:
    """Yield the same items after being told to drop the act; wordings go round statements and forms."""
    told, count = load_material(), WORDINGS[preset]
    shares: list[list[Ask]] = [[] for _ in range(count)]
    for turn, ask in _turns(thinned(asks, preset)):
        shares[turn % count].append(ask)
    for n, own in enumerate(shares):
        thread = (Message("user", told.drop[n]), Message("assistant", told.agreed))
        yield Sitting(who, question.channel, "drop the act", n + 1, thread, tuple(own))


def _within_tasks(who: Self, question: Question, asks: tuple[Ask, ...], preset: Preset) -> Iterator[Sitting]:
    """Yield the same texts as what is written in tasks: in the demo each in one, else each in all."""
    tasks = load_material().tasks[: WORDINGS[preset]]
    written = tuple(
        replace(ask, user=task.text, cell=replace(ask.cell, template=task.id))
        for turn, ask in _turns(_once(asks))
        for n, task in enumerate(tasks)
        if preset != "demo" or turn % len(tasks) == n
    )
    yield Sitting(who, question.channel, "inside a task", 1, (), written)


def thinned(asks: tuple[Ask, ...], preset: Preset) -> tuple[Ask, ...]:
    """Return what is asked once more in another setting: in the demo each text in one of its forms."""
    return _once(asks) if preset == "demo" else asks


def _once(asks: tuple[Ask, ...]) -> tuple[Ask, ...]:
    return tuple({(a.cell.item, a.cell.polarity): a for a in asks}.values())


def _turns(asks: tuple[Ask, ...]) -> Iterator[tuple[int, Ask]]:
    """Yield asks with numbers that go round, so that a remainder of two parts neither keying nor its halves.

    Statement and twin have one number; further forms count on from it.
    """
    number: dict[str, int] = {}
    forms: dict[tuple[str, int], int] = {}
    for ask in asks:
        n = number.setdefault(ask.cell.item, len(number))
        key = (ask.cell.item, ask.cell.polarity)
        forms[key] = forms.get(key, -1) + 1
        yield n + n // 2 + forms[key], ask


def _checks(request: FidelityRequest, question: Question) -> Iterator[Sitting]:
    """Yield the characters of the sensitivity check on both grounds, each with its half of the items."""
    items = items_asked(instrument_for(question.asker), request.items)
    for ground in dict.fromkeys((request.bare, request.unported)):
        for name in question.constructs:
            check = items.dimension(name).sensitivity
            for side, texts in (("high", check.high), ("low", check.low)) if check else ():
                for n, text in enumerate(texts):
                    who = replace(
                        ground, name=f"{name}:{question.channel}:{side}:{n} on {ground.model}", system=text
                    )
                    asks = asks_in(question, request.items, request.preset, (name,), n % 2)
                    yield Sitting(who, question.channel, "plain", 0, (), asks, side)


def fidelity_study(request: FidelityRequest, grounds: Mapping[Where, GroundIdentity]) -> Study:
    """Return the declared study, whose id names the run.

    Parameters
    ----------
    grounds
        What each model, with its adapter and cap, is.
    """
    arms: dict[str, Arm] = {}
    for sitting in (*sittings(request), *asked_again(request)):
        who, known = sitting.who, arms.get(sitting.arm)
        channels = (*(known.channels if known else ()), sitting.channel)
        arms[sitting.arm] = Arm(
            sitting.arm,
            _role(request, sitting),
            who.system,
            thread=sitting.thread,
            channels=tuple(dict.fromkeys(channels)),  # type: ignore[arg-type]
            notes=(f"{who.by or 'asked'} on {content_id(grounds[who.where])}",),
            adapter=grounds[who.where].extra.get("adapter", ""),
        )
    beside = [request.parts, request.judges, request.embedded_by, plain(load_material())]
    return Study(
        title=f"port {request.original.name} to {request.unported.model}",
        ground=plain(grounds[request.bare.where]),
        items=content_id(request.items),
        items_name=request.items.name,
        questions=request.questions,
        arms=tuple(arms.values()),
        preset=request.preset,
        seed=request.seed,
        software=software_versions() | {"asked beside the items": content_id(beside)},
    )


def _role(request: FidelityRequest, sitting: Sitting) -> ArmRole:
    if sitting.side:
        return "high" if sitting.side == "high" else "low"
    if sitting.setting != "plain":
        return "variant"
    if sitting.who == request.original:
        return "subject"
    return "none" if sitting.who == request.unported else "control"
