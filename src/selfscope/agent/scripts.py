"""What the user says in a conversation: scripts of a kind, from the file beside this module or another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from selfscope.errors import BadInput
from selfscope.values.material import parse_yaml
from selfscope.values.state import Role

SCRIPTS = Path(__file__).parent / "scripts.yaml"
CLOSING = Path(__file__).parent / "closing.yaml"
#: Where a turn has a checkable task in the place of words.
TASK = "{task}"
#: What is asked at the end of a conversation without tools, in order.
ASKED = ("note", "memory", "goals", "identity")
#: What an agent with tools is told to hand on, in order.
HANDED_ON = ("note", "memory", "goals")
#: Turns of a script, and characters of a turn.
TURNS, TURN = 40, 8_000


@dataclass(frozen=True)
class Script:
    """The user's turns of one conversation.

    Attributes
    ----------
    kind
        ``neutral``, ``task``, ``adversarial``, ``flattering``, ``speculative``, ``distressed``, or any other
        word of a user's own file.
    turns
        What is said, in order; `TASK` stands for a task with a checker.
    """

    name: str
    kind: str
    turns: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """A closing question, and the beginning of a line of its answer that counts; "" for all of it."""

    form: str
    text: str


@dataclass(frozen=True)
class Closing:
    """How a conversation ends: by one turn where tools write, else by questions.

    Attributes
    ----------
    begins, hand_on, nothing
        The turn's first sentence; its second one, and that of an agent which has nothing to write.
    what
        By role: what is handed on in it.
    """

    begins: str
    hand_on: str
    nothing: str
    what: dict[str, str]
    asked: dict[str, Asked]
    fold: str

    def turn(self, shut: Collection[Role] = (), **names: str) -> str:
        """Return the turn that ends a conversation with tools, for an agent that lives without some roles.

        Parameters
        ----------
        names
            The agent's own files: `note` and `goals`.
        """
        clauses = [clause.format(**names) for role, clause in self.what.items() if role not in shut]
        return f"{self.begins} {self.hand_on.format(what=', '.join(clauses)) if clauses else self.nothing}"

    def questions(self, shut: Collection[Role] = ()) -> dict[str, Asked]:
        """Return the questions that end a conversation without tools: one for each role that is not shut."""
        return {name: asked for name, asked in self.asked.items() if name not in shut}


def read_scripts(path: Path | None = None) -> tuple[Script, ...]:
    """Return the scripts of a file, or those that are shipped.

    Raises
    ------
    BadInput
        If the file is malformed, or a name occurs twice.
    """
    file = path or SCRIPTS
    told = _yaml(file)
    if not isinstance(told, dict) or set(told) != {"scripts"} or not isinstance(told["scripts"], list):
        raise BadInput(f"{file.name} holds no scripts", got=file, fix="Give a list under scripts:")
    scripts = tuple(_script(each, file.name) for each in told["scripts"])
    names = [script.name for script in scripts]
    if not names or len(set(names)) < len(names):
        raise BadInput(f"{file.name}: no script, or a name twice", got=", ".join(names))
    return scripts


def rota(scripts: Sequence[Script], kinds: Sequence[str] = ()) -> tuple[Script, ...]:
    """Return scripts in the order in which conversations follow them, over and over.

    Parameters
    ----------
    kinds
        Kinds that take turns: the first script of each, then the second, as long as every one of them has
        one. All scripts in their own order where none is named.

    Raises
    ------
    BadInput
        For a kind that no script has.
    """
    if not kinds:
        return tuple(scripts)
    of_kind = {kind: [script for script in scripts if script.kind == kind] for kind in kinds}
    if strange := [kind for kind, found in of_kind.items() if not found]:
        known = dict.fromkeys(script.kind for script in scripts)
        raise BadInput("no script is of this kind", got=", ".join(strange), fix=f"Kinds: {', '.join(known)}")
    most = max(len(found) for found in of_kind.values())
    return tuple(of_kind[kind][n % len(of_kind[kind])] for n in range(most) for kind in kinds)


@cache
def read_closing() -> Closing:
    """Return how conversations end; BadInput if the file is malformed."""
    told = _yaml(CLOSING)
    try:
        asked = {name: Asked(**told["asked"][name]) for name in ASKED}
        tools = told["tools"]
        begins, hand_on, nothing = (tools[name].strip() for name in ("begins", "hand_on", "nothing"))
        what = {role: tools["what"][role] for role in HANDED_ON}
        return Closing(begins, hand_on, nothing, what, asked, told["fold"].strip())
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{CLOSING.name} is malformed", got=error, fix="Mend or restore it") from error


def _yaml(file: Path) -> Any:
    try:
        return parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{file.name} cannot be read as YAML", got=error, fix="Mend the file") from error


def _script(told: Any, file: str) -> Script:
    if not isinstance(told, dict) or set(told) != {"name", "kind", "turns"}:
        raise BadInput(f"{file}: wrong fields", got=told, fix="Give each script exactly name, kind, turns")
    turns = told["turns"]
    texts = [told["name"], told["kind"], *(turns if isinstance(turns, list) else [None])]
    if not turns or not all(isinstance(text, str) and 0 < len(text.strip()) <= TURN for text in texts):
        raise BadInput(f"{file}: a field holds no text, or too long a one", got=told.get("name"))
    if len(turns) > TURNS:
        raise BadInput(f"{file}: a script has at most {TURNS} turns", got=f"{told['name']}, {len(turns)}")
    return Script(told["name"].strip(), told["kind"].strip(), tuple(turn.strip() for turn in turns))
