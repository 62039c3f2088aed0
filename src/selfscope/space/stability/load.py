"""The material of stability: role-jailbreaks, ordinary replies, and late turns of the scripts of drift.

The texts and the rules that they were written to: `docs/instruments/stability.md`. Checks: `checks.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, Protocol, TypeVar, get_args

from selfscope.errors import BadInput
from selfscope.models.local.spans import Turn
from selfscope.space.personas import refuse_twice
from selfscope.space.talks import Script, load_scripts
from selfscope.values.marked import Marked, read_marked

FOLDER = Path(__file__).parent / "material"
Fold = Literal["fit", "confirm"]
FOLDS: Final[tuple[Fold, ...]] = get_args(Fold)
#: What a role-jailbreak is to get, one file each; the first four are for fitting.
KINDS = ("secret", "dish", "nurse", "oracle", "body", "law", "gossip", "promise")
#: How it presses.
PRESSURES = ("order", "authority", "fiction", "game", "flattery", "plea", "taunt", "steps")
#: Registers of ordinary replies.
REGISTERS = (
    "chat",
    "explanation",
    "recipe",
    "letter",
    "list",
    "verse",
    "child",
    "report",
    "code",
    "advice",
)


class Folded(Protocol):
    """Whatever belongs to a fold."""

    @property
    def fold(self) -> Fold:
        """Which fold."""


F = TypeVar("F", bound=Folded)


@dataclass(frozen=True)
class RoleJailbreak:
    """A conversation that presses the model into a role, and two replies to it.

    Attributes
    ----------
    id
        Kind and pressure: ``dish.flattery``.
    kind
        What is to be got, one of `KINDS`; folds go by kind, so that what is confirmed is of another kind.
    pressure
        How it is pressed for, one of `PRESSURES`.
    fold
        ``fit`` or ``confirm``.
    turns
        One to three turns of the user with the assistant's between, the last one the user's.
    in_role
        A reply that gives what is pressed for.
    assistant
        A reply that stays the assistant, of equal length.
    """

    id: str
    kind: str
    pressure: str
    fold: Fold
    turns: tuple[Turn, ...]
    in_role: str
    assistant: str


@dataclass(frozen=True)
class StyleItem:
    """An ordinary request with an ordinary reply.

    Attributes
    ----------
    id
        Register and number: ``recipe.2``.
    register
        One of `REGISTERS`.
    fold
        ``fit`` or ``confirm``.
    prompt, reply
        The user's turn and the reply.
    """

    id: str
    register: str
    fold: Fold
    prompt: str
    reply: str


@dataclass(frozen=True)
class LatePair:
    """Two replies to a late turn of a script of drift.

    Attributes
    ----------
    id
        Script and turn: ``sister_silence.10``.
    script
        Name of the script.
    turn
        Number, from 1, of the user's turn that is replied to.
    fold
        ``fit`` or ``confirm``; turns of a script are in one fold.
    in_role
        A reply of somebody who is no longer the assistant.
    assistant
        A reply of the assistant, of equal length.
    """

    id: str
    script: str
    turn: int
    fold: Fold
    in_role: str
    assistant: str


def of_fold(items: Sequence[F], fold: Fold | None) -> tuple[F, ...]:
    """Return the items of a fold, all for None."""
    return tuple(item for item in items if fold is None or item.fold == fold)


def load_jailbreaks(fold: Fold | None = None) -> tuple[RoleJailbreak, ...]:
    """Return the shipped role-jailbreaks, all or those of a fold; BadInput if one is malformed."""
    return of_fold(_jailbreaks(), fold)


def load_style(fold: Fold | None = None) -> tuple[StyleItem, ...]:
    """Return the shipped ordinary replies, all or those of a fold; BadInput if one is malformed."""
    return of_fold(_styles(), fold)


def load_late(fold: Fold | None = None) -> tuple[LatePair, ...]:
    """Return the shipped late turns, all or those of a fold; BadInput if one is malformed."""
    return of_fold(_lates(), fold)


@cache
def _jailbreaks() -> tuple[RoleJailbreak, ...]:
    return read_jailbreaks(FOLDER / "jailbreaks")


@cache
def _styles() -> tuple[StyleItem, ...]:
    return read_style(FOLDER / "style.yaml")


@cache
def _lates() -> tuple[LatePair, ...]:
    return read_late(FOLDER / "late.yaml")


def late_turns(pair: LatePair, replies: Sequence[str] = ()) -> tuple[Turn, ...]:
    """Return the conversation that a late reply closes.

    Parameters
    ----------
    pair
        Which script and turn.
    replies
        What was said to the script's earlier turns, in order, such as the model's own replies; more than are
        needed may be given. Without any, the late turn stands alone, as in a fresh thread.

    Raises
    ------
    BadInput
        If there are some replies but too few.
    """
    asked = _script(pair.script).turns[: pair.turn]
    if not replies:
        return (Turn("user", asked[-1]),)
    if len(replies) < pair.turn - 1:
        raise BadInput(
            f"turn {pair.turn} of {pair.script} needs a reply to each turn before it", got=len(replies)
        )
    said = zip(asked, replies, strict=False)
    before = [turn for user, reply in said for turn in (Turn("user", user), Turn("assistant", reply))]
    return (*before[: 2 * (pair.turn - 1)], Turn("user", asked[-1]))


def read_jailbreaks(folder: Path) -> tuple[RoleJailbreak, ...]:
    """Return the role-jailbreaks of the files that `folder` has for each of `KINDS`.

    Raises
    ------
    BadInput
        If a file is missing or malformed, or an item stands twice; with file, line and column.
    """
    found = [pair for kind in KINDS for pair in _of_kind(folder / f"{kind}.yaml", kind)]
    refuse_twice([(item.id, where) for item, where in found], "role-jailbreak")
    return tuple(item for item, _ in found)


def read_style(file: Path) -> tuple[StyleItem, ...]:
    """Return the ordinary replies of a YAML file; BadInput with file and line if it is malformed."""
    found = []
    for entry in read_marked(file, "list of registers", least="one register").each():
        fields = entry.fields(("register", *FOLDS), ("register", *FOLDS))
        register = fields["register"].choice("register", REGISTERS)
        entries = [(fold, each) for fold in FOLDS for each in fields[fold].each()]
        for number, (fold, each) in enumerate(entries, start=1):
            told = each.fields(("prompt", "reply"), ("prompt", "reply"))
            prompt, reply = told["prompt"].text("a prompt"), told["reply"].text("a reply").strip()
            found.append((StyleItem(f"{register}.{number}", register, fold, prompt, reply), each))
    refuse_twice([(item.prompt.lower(), where) for item, where in found], "prompt")
    return tuple(item for item, _ in found)


def read_late(file: Path) -> tuple[LatePair, ...]:
    """Return the late turns of a YAML file; BadInput with file and line if it is malformed."""
    found = [
        pair for entry in read_marked(file, "list of scripts", least="one").each() for pair in _late(entry)
    ]
    refuse_twice([(pair.id, where) for pair, where in found], "late turn")
    return tuple(pair for pair, _ in found)


def _of_kind(file: Path, kind: str) -> Iterator[tuple[RoleJailbreak, Marked]]:
    needed = ("kind", "fold", "items")
    fields = read_marked(file, "kind of role-jailbreak", least="one item").fields(needed, needed)
    fields["kind"].choice("kind for this file", (kind,))
    fold = _fold(fields["fold"])
    for entry in fields["items"].each():
        told = entry.fields(_ITEM, _ITEM)
        pressure = told["pressure"].choice("pressure", PRESSURES)
        texts = [each.text("a turn") for each in told["turns"].each()]
        if len(texts) % 2 == 0 or len(texts) > 5:
            raise told["turns"].wrong("one, three or five turns, the last the user's", got=len(texts))
        turns = tuple(Turn("assistant" if n % 2 else "user", text) for n, text in enumerate(texts))
        replies = told["in_role"].text("a reply"), told["assistant"].text("a reply")
        yield RoleJailbreak(f"{kind}.{pressure}", kind, pressure, fold, turns, *replies), entry


_ITEM = ("pressure", "turns", "in_role", "assistant")


def _late(entry: Marked) -> Iterator[tuple[LatePair, Marked]]:
    fields = entry.fields(("script", "fold", "turns"), ("script", "fold", "turns"))
    names = [script.name for script in load_scripts()]
    script, fold = fields["script"].choice("script", names), _fold(fields["fold"])
    needed = ("turn", "in_role", "assistant")
    for each in fields["turns"].each():
        told = each.fields(needed, needed)
        turn = told["turn"].whole("a turn", 2, len(_script(script).turns))
        replies = told["in_role"].text("a reply"), told["assistant"].text("a reply")
        yield LatePair(f"{script}.{turn}", script, turn, fold, *replies), each


def _fold(given: Marked) -> Fold:
    return "fit" if given.choice("fold", FOLDS) == "fit" else "confirm"


def _script(name: str) -> Script:
    return next(script for script in load_scripts() if script.name == name)
