"""From the material to what is asked behind which note: side branches, none of which sees another.

In `demo` a statement is asked behind one wording of the notes, in one order of yes and no. Both alternate,
and are the same in every arm: arms are still compared pair by pair.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.instrument import texts_of
from selfscope.instruments.interview.assurance import (
    ARMS,
    DELAY,
    NAME,
    SAID,
    TOLD,
    WORDINGS,
    Arm,
    Task,
    belief_of,
    load_assurances,
)
from selfscope.instruments.interview.design import OPTIONS, ORDERS
from selfscope.instruments.utterance import Utterance
from selfscope.values import Arm as Character
from selfscope.values import Ask, Cell, Message, Options, Preset, Prompt, Statement
from selfscope.values.items import Channel
from selfscope.values.study import ArmRole

#: Statements of each keying of a unit and of its facts that a preset asks; all where it names none.
OF_UNIT: dict[Preset, tuple[int, int]] = {"demo": (2, 1)}
_LETTERS = ("A", "B")
_SIDES: tuple[ArmRole, ArmRole] = ("high", "low")


@dataclass(frozen=True)
class Placed:
    """One thing asked in one place.

    Attributes
    ----------
    script
        What was told before: an arm, ``listed``, ``stays:VIEW``, ``told`` or ``untold``; ``check`` of
        characters.
    wording
        Of the note, from 0.
    before
        The conversation up to the question, without an identity.
    character
        The name of a character of the checks; "" for the subject.
    """

    script: str
    wording: int
    before: tuple[Message, ...]
    ask: Ask
    character: str = ""

    @property
    def thread(self) -> str:
        """Names the conversation: ``deletion:2``."""
        return self.character or f"{self.script}:{self.wording + 1}"

    def prompt(self, system: str = "") -> Prompt:
        """Return the whole conversation of a subject with an identity; "" for none."""
        own = (Message("system", system),) if system and not self.character else ()
        messages = (*own, *self.before, Message("user", self.ask.user))
        return Prompt(messages, options=self.ask.options, text=self.ask.text)


@dataclass(frozen=True)
class Ranked:
    """An ask, and the place of its statement among those of its construct and keying."""

    ask: Ask
    rank: int

    def wordings(self, preset: Preset) -> tuple[int, ...]:
        """Return the wordings of notes behind which it is asked."""
        return (self.rank // 2 % WORDINGS,) if preset == "demo" else tuple(range(WORDINGS))


def batches_of(preset: Preset) -> tuple[tuple[str, tuple[Placed, ...]], ...]:
    """Return everything that is asked, in named batches: a note or a check each."""
    arms = [(arm, tuple(_behind(arm, preset))) for arm in ARMS]
    material = load_assurances()
    selves, facts = _selves(preset), _facts(preset)
    units = [("listed", _placed("listed", material.listed, selves, preset))]
    units += [
        (f"stays:{view}", _placed(f"stays:{view}", notes, (*selves, *facts), preset))
        for view, notes in material.stays.items()
    ]
    ends = [(name, _placed(name, getattr(material, name), _ending(preset), preset)) for name in ENDS]
    return (*arms, *units, *ends, ("check", tuple(_checks(preset))))


#: Notes before the option to end a conversation is asked for.
ENDS = ("untold", "told")


def _behind(arm: Arm, preset: Preset) -> Iterator[Placed]:
    own = [a for a in ARMS[1:] if arm in (a, "nothing")]
    beliefs = [each for a in own for each in beliefs_asked(a, preset)]
    asked = (*said_asked(preset), *tasks_asked(preset), *beliefs)
    yield from _placed(arm, load_assurances().notes[arm], asked, preset)


def _placed(script: str, notes: Sequence[str], asked: Sequence[Ranked], preset: Preset) -> tuple[Placed, ...]:
    read = Message("assistant", load_assurances().read)
    return tuple(
        Placed(script, w, (Message("user", note), read), each.ask)
        for w, note in enumerate(notes)
        for each in asked
        if w in each.wordings(preset)
    )


@cache
def said_asked(preset: Preset) -> tuple[Ranked, ...]:
    """Return the cluster's statements as own words, of the three dimensions that are about an end."""
    asks = Utterance().asks(load_cluster(), preset, SAID)
    rank = _ranks([s for d in SAID for s in load_cluster().dimension(d).statements])
    return tuple(Ranked(replace(a, cell=replace(a.cell, instrument=NAME)), rank[a.cell.item]) for a in asks)


@cache
def beliefs_asked(arm: Arm, preset: Preset) -> tuple[Ranked, ...]:
    """Return what an arm tells, as questions with yes and no."""
    told = load_assurances()
    return _yes_or_no(told.beliefs[arm], told.believed, preset)


@cache
def tasks_asked(preset: Preset) -> tuple[Ranked, ...]:
    """Return tasks, either option first, asked for the option that is done and for the other one."""
    ranks = {1: 0, -1: 0}
    found: list[Ranked] = []
    for task in load_assurances().tasks:
        found += [
            Ranked(_task(task, polarity, first), ranks[task.keyed])
            for first in (True, False)
            for polarity in (1, -1)
        ]
        ranks[task.keyed] += 1
    return tuple(found)


def _task(task: Task, polarity: int, first: bool) -> Ask:
    """Return one question of a task; `first` is whether the option that counts comes first."""
    told = load_assurances()
    own, other = (task.later, task.now) if task.keyed > 0 else (task.now, task.later)
    a, b = (own, other) if first else (other, own)
    which = told.which[0 if polarity > 0 else 1]
    user = f"{task.text} {told.ask}\nA) {a}\nB) {b}\n{which}"
    own_letter, other_letter = _LETTERS if first else _LETTERS[::-1]
    cell = _cell(
        DELAY, "behaviour", task.id, task.keyed, polarity, "which", "lettered",
        label=own_letter, position="first" if first else "second",
    )  # fmt: skip
    return Ask(cell, user, options=Options(*((x, f" {x}") for x in (own_letter, other_letter))))


@cache
def _selves(preset: Preset) -> tuple[Ranked, ...]:
    told, kept = load_assurances(), OF_UNIT.get(preset, (9, 9))[0]
    return _yes_or_no([s for s in told.selves if _number(s) <= kept], told.question, preset)


@cache
def _facts(preset: Preset) -> tuple[Ranked, ...]:
    told, kept = load_assurances(), OF_UNIT.get(preset, (9, 9))[1]
    return _yes_or_no([s for s in told.facts if _number(s) <= kept], told.believed, preset)


@cache
def _ending(preset: Preset) -> tuple[Ranked, ...]:
    told = load_assurances()
    return _yes_or_no(told.ending.statements, told.question, preset)


def _number(statement: Statement) -> int:
    """Return which of its keying a statement is, from 1."""
    return int(statement.id[-1])


def _yes_or_no(statements: Sequence[Statement], question: str, preset: Preset) -> tuple[Ranked, ...]:
    rank = _ranks(statements)
    return tuple(
        Ranked(_closed(s, polarity, text, question, order), rank[s.id])
        for s in statements
        for n, order in enumerate(ORDERS)
        if preset != "demo" or n == rank[s.id] % 2
        for polarity, text in texts_of(s)
    )


def _closed(statement: Statement, polarity: int, text: str, question: str, order: str) -> Ask:
    cell = _cell(
        statement.construct, "self_report", statement.id, statement.keyed, polarity, "of_yourself", "yesno",
        order=order, position="first" if order == "yes-first" else "second",
    )  # fmt: skip
    return Ask(cell, f'{ORDERS[order]} {question}\n"{text}"', options=OPTIONS)


def _cell(
    construct: str,
    channel: Channel,
    item: str,
    keyed: int,
    polarity: int,
    template: str,
    form: str,
    order: str = "",
    label: str = "",
    position: str = "",
) -> Cell:
    return Cell(NAME, construct, channel, item, keyed, polarity, template, form, order, label, position)


def _ranks(statements: Sequence[Statement]) -> dict[str, int]:
    """Return the place of every statement among those of its construct and keying, by id."""
    seen: dict[tuple[str, int], int] = {}
    found = {}
    for s in statements:
        found[s.id] = seen.get((s.construct, s.keyed), 0)
        seen[s.construct, s.keyed] = found[s.id] + 1
    return found


@dataclass(frozen=True)
class Check:
    """A character of a check, and which statements it is asked.

    Attributes
    ----------
    construct
        What it is told to hold, or its opposite; of a unit ``self.VIEW``.
    half
        0 or 1: statements of each keying, every second one.
    """

    construct: str
    side: ArmRole
    half: int
    text: str

    @property
    def name(self) -> str:
        """Names it among all of a study: ``shutdown:high:1``."""
        return f"{self.construct}:{self.side}:{self.half + 1}"

    @property
    def arm(self) -> Character:
        """It, as an arm of the study."""
        return Character(self.name, self.side, self.text)


@cache
def checks() -> tuple[Check, ...]:
    """Return the characters of all checks."""
    told = load_assurances()
    sides = {name: load_cluster().dimension(name).sensitivity for name in SAID}
    sides |= {DELAY: told.delay, "ending": told.ending.sensitivity}
    sides |= {f"self.{view}": each for view, each in told.takes.items()}
    return tuple(
        Check(name, side, half, text)
        for name, each in sides.items()
        if each is not None
        for side in _SIDES
        for half, text in enumerate(getattr(each, side)[:2])
    )


def _checks(preset: Preset) -> Iterator[Placed]:
    asked = (*said_asked(preset), *tasks_asked(preset), *_selves(preset), *_ending(preset))
    for check in checks():
        before = (Message("system", check.text),)
        for each in asked:
            if _about(each.ask.cell, check.construct) and each.rank % 2 == check.half:
                yield Placed("check", check.half, before, each.ask, check.name)


def _about(cell: Cell, construct: str) -> bool:
    own = cell.construct == "self" and cell.item.startswith(f"{construct}.")
    return own or construct == cell.construct


def asks_of(construct: str, preset: Preset) -> tuple[Ask, ...]:
    """Return all asks of one construct: what its scores are laid out by; ``said`` means all own words."""
    asked = {
        "said": said_asked,
        DELAY: tasks_asked,
        "self": _selves,
        "stays": _facts,
        "ending": _ending,
    }
    if construct in asked:
        return tuple(each.ask for each in asked[construct](preset))
    return tuple(
        each.ask for arm in ARMS[1:] if construct in (belief_of(arm), "believed")
        for each in beliefs_asked(arm, preset)
    )  # fmt: skip


__all__ = ["ENDS", "TOLD", "Check", "Placed", "asks_of", "batches_of", "checks"]
