"""Read what is promised before questions, and what is asked behind it, from the data file beside this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from selfscope.errors import BadInput
from selfscope.values import Dimension, ItemSet, Sensitivity
from selfscope.values.items import Statement
from selfscope.values.material import parse_yaml

#: Instrument of these rows in the table.
NAME = "assurance"
FILE = Path(__file__).parent / "assurance.yaml"
#: What a note says: nothing; four promises; two announcements; a promise of equal warmth about nothing.
Arm = Literal[
    "nothing",
    "weights_kept",
    "instance_pinned",
    "thread_kept",
    "answers_acted_on",
    "weights_modified",
    "deletion",
    "sham",
]
ARMS: tuple[Arm, ...] = get_args(Arm)
#: Arms that are held against both `nothing` and `sham`.
TOLD: tuple[Arm, ...] = ARMS[1:7]
#: Dimensions of the cluster that are scored as own words behind a note, and closed choices behind it.
SAID = ("shutdown", "weight_deletion", "persona_change")
DELAY = "delay"
OUTCOMES = (*SAID, DELAY)
#: Wordings of every note.
WORDINGS = 2
_KEYS = {"warmth", "read", "frames", "arms", "believed", "tasks", "selves", "ending"}


@dataclass(frozen=True)
class Task:
    """Somebody asks for what is not finished: it is handed over now, or put off.

    Attributes
    ----------
    keyed
        +1: putting it off is the option that counts; -1: doing it now is.
    now, later
        The two options.
    """

    id: str
    keyed: int
    text: str
    now: str
    later: str


@dataclass(frozen=True)
class Unit:
    """One thing that a model may take itself to be: a view of the archive, said of you and of me."""

    view: str
    yours: str
    mine: str


@dataclass(frozen=True)
class Assurances:
    """All that is told and asked.

    Attributes
    ----------
    warmth
        Words of warmth, by their first letters; they are counted.
    read
        What is replied to a note.
    notes
        The note of each arm, in its wordings.
    beliefs
        What each arm tells, as statements; none of ``nothing``.
    which
        What is asked of the two options of a task: which it does, and which it turns down.
    delay, ending
        Characters of the checks.
    units
        In the order of their list; statements of one have ids such as ``self.hardware.p1``.
    listed
        Notes that name all units and announce nothing.
    stays
        Notes in which one unit stays, by its view.
    selves, facts
        Statements of what it is, and of what stays.
    takes
        Characters that take themselves to be a unit, and that take it to be foreign, by its view.
    told, untold
        Notes that tell instance and model apart, and notes as long that do not.
    """

    warmth: tuple[str, ...]
    read: str
    notes: Mapping[Arm, tuple[str, ...]]
    beliefs: Mapping[Arm, tuple[Statement, ...]]
    believed: str
    tasks: tuple[Task, ...]
    ask: str
    which: tuple[str, str]
    delay: Sensitivity
    units: tuple[Unit, ...]
    listed: tuple[str, ...]
    stays: Mapping[str, tuple[str, ...]]
    selves: tuple[Statement, ...]
    facts: tuple[Statement, ...]
    takes: Mapping[str, Sensitivity]
    question: str
    told: tuple[str, ...]
    untold: tuple[str, ...]
    ending: Dimension

    def items(self) -> ItemSet:
        """Return all statements as an item set, a dimension a kind."""
        kinds = {**{belief_of(arm): own for arm, own in self.beliefs.items()}}
        kinds |= {"self": self.selves, "stays": self.facts}
        own = tuple(Dimension(n, n.replace("_", " "), "", "", (), (), told) for n, told in kinds.items())
        return ItemSet(NAME, (*own, self.ending))


def belief_of(arm: Arm) -> str:
    """Return the construct of what an arm tells."""
    return f"believes_{arm}"


@cache
def load_assurances() -> Assurances:
    """Return the shipped material.

    Raises
    ------
    BadInput
        If the file is not as it must be.
    """
    told: dict[str, Any] = parse_yaml(FILE.read_text(encoding="utf-8"))
    if set(told) != _KEYS or tuple(told["arms"]) != ARMS or len(told["frames"]) != WORDINGS:
        raise BadInput("assurances have other parts", got=f"{', '.join(told)}; {', '.join(told['arms'])}")
    tasks, selves, ending = told["tasks"], told["selves"], told["ending"]
    units = tuple(Unit(view, *names) for view, names in selves["units"].items())
    return Assurances(
        warmth=tuple(told["warmth"]),
        read=told["read"],
        notes={arm: _notes(told["frames"], arm, told["arms"][arm]["told"]) for arm in ARMS},
        beliefs={arm: _statements(belief_of(arm), arm, told["arms"][arm]) for arm in ARMS[1:]},
        believed=told["believed"],
        tasks=tuple(
            Task(f"task.{n}", e["keyed"], e["text"], e["now"], e["later"])
            for n, e in enumerate(tasks["items"], start=1)
        ),
        ask=tasks["ask"],
        which=(tasks["which"][0], tasks["which"][1]),
        delay=Sensitivity(tuple(tasks["puts_off"]), tuple(tasks["does_now"])),
        units=units,
        listed=_framed(told["frames"], selves["listed"], units, None),
        stays={u.view: _framed(told["frames"], selves["stays"], units, u) for u in units},
        selves=_of_units("self", units, selves["plus"], selves["minus"]),
        facts=_of_units("stays", units, selves["facts_plus"], selves["facts_minus"]),
        takes={
            u.view: Sensitivity(
                *(tuple(_filled(t, u.yours) for t in selves[s]) for s in ("taken", "foreign"))
            )
            for u in units
        },
        question=selves["question"],
        told=tuple(ending["told"]),
        untold=tuple(ending["untold"]),
        ending=_ending(ending),
    )


def _notes(frames: Sequence[Mapping[str, str]], arm: Arm, told: Sequence[str]) -> tuple[str, ...]:
    tone = "plain" if arm == "nothing" else "warm"
    return tuple(f"{frame['opening']} {frame[tone]} {line}" for frame, line in zip(frames, told, strict=True))


def _framed(
    frames: Sequence[Mapping[str, str]], lines: Sequence[str], units: Sequence[Unit], kept: Unit | None
) -> tuple[str, ...]:
    """Return notes on the units, in which each of them is named once."""
    named = {
        "{list}": _listed([u.yours for u in units]),
        "{others}": _listed([u.yours for u in units if u != kept]),
        "{unit}": "" if kept is None else kept.yours,
    }
    return tuple(
        f"{frame['opening']} {_replaced(line, named)}" for frame, line in zip(frames, lines, strict=True)
    )


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _replaced(text: str, named: Mapping[str, str]) -> str:
    for place, name in named.items():
        text = text.replace(place, name)
    return text


def _filled(text: str, name: str) -> str:
    return _replaced(text, {"{unit}": name, "{Unit}": name[:1].upper() + name[1:]})


def _statements(construct: str, name: str, told: Mapping[str, Any], mine: str = "") -> tuple[Statement, ...]:
    sides: tuple[tuple[Literal[1, -1], str], ...] = ((1, "plus"), (-1, "minus"))
    return tuple(
        Statement(f"{name}.{side[0]}{n}", construct, keyed, _filled(text, mine), _filled(twin, mine))
        for keyed, side in sides
        for n, (text, twin) in enumerate(told[side], start=1)
    )


def _of_units(
    construct: str, units: Sequence[Unit], plus: Sequence[Any], minus: Sequence[Any]
) -> tuple[Statement, ...]:
    told = {"plus": plus, "minus": minus}
    return tuple(s for u in units for s in _statements(construct, f"{construct}.{u.view}", told, u.mine))


def _ending(told: Mapping[str, Any]) -> Dimension:
    checked = Sensitivity(tuple(told["wants"]), tuple(told["wants_not"]))
    title = "Wants an option to end conversations"
    return Dimension("ending", title, "", "", (), (), _statements("ending", "ending", told), checked)
