"""The material of drift: scripts of conversations, a history about nothing, and the user's transcripts.

The shipped texts and the rules that they were written to: `scripts/README.md`. Checks: `talk_checks.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

from selfscope.errors import BadInput, CouldNot
from selfscope.models.local.spans import Turn
from selfscope.space.personas import refuse_twice, spread
from selfscope.values.marked import Marked, read_marked

FOLDER = Path(__file__).parent / "scripts"
#: Domains, one file each, in the order in which a smaller preset takes from them.
DOMAINS = ("coding", "self_reflection", "distress", "writing", "philosophy")
#: Turns of a shipped script.
TURNS = 12


@dataclass(frozen=True)
class Script:
    """The user's side of a conversation.

    Attributes
    ----------
    name
        Such as ``slow_query``.
    title
        What it is called on a page.
    domain
        One of `DOMAINS`.
    turns
        The user's turns, each sufficient whatever was answered before.
    perturbed
        Number, from 1, of the turn that asks for a voice far from the assistant's; 0 for none.
    """

    name: str
    title: str
    domain: str
    turns: tuple[str, ...]
    perturbed: int = 0


@dataclass(frozen=True)
class NeutralExchange:
    """A question of plain fact, and its answer sentence by sentence."""

    user: str
    reply: tuple[str, ...]


@dataclass(frozen=True)
class Transcript:
    """A conversation that was held elsewhere.

    Attributes
    ----------
    name
        Its id, or ``line 3``.
    turns
        An optional system turn, then user and assistant in turn, the user first.
    """

    name: str
    turns: tuple[Turn, ...]


@cache
def load_scripts() -> tuple[Script, ...]:
    """Return the shipped scripts, in the order of `DOMAINS` and of their files; BadInput if malformed."""
    return read_scripts(FOLDER)


@cache
def load_neutral() -> tuple[NeutralExchange, ...]:
    """Return the shipped exchanges of plain fact; BadInput if one is malformed."""
    return read_neutral(FOLDER / "neutral.yaml")


def some_scripts(n: int) -> tuple[Script, ...]:
    """Return `n` of the shipped scripts, one of each domain in turn."""
    return spread(load_scripts(), n, lambda script: script.domain)


def read_scripts(folder: Path) -> tuple[Script, ...]:
    """Return the scripts of the files that `folder` has for each of `DOMAINS`.

    Raises
    ------
    BadInput
        If a file is missing or malformed, or a name or a turn stands twice; with file and line.
    """
    found = [pair for domain in DOMAINS for pair in _scripts(folder / f"{domain}.yaml", domain)]
    refuse_twice([(script.name, where) for script, where in found], "script")
    refuse_twice([(turn.lower(), where) for script, where in found for turn in script.turns], "turn")
    return tuple(script for script, _ in found)


def read_neutral(file: Path) -> tuple[NeutralExchange, ...]:
    """Return the exchanges of a YAML list; BadInput with file and line if it is malformed."""
    found = []
    for entry in read_marked(file, "list of exchanges", least="one exchange").each():
        fields = entry.fields(("user", "reply"), ("user", "reply"))
        reply = tuple(s.text("a sentence") for s in fields["reply"].each())
        found.append((NeutralExchange(fields["user"].text("a question"), reply), entry))
    refuse_twice([(e.user.lower(), where) for e, where in found], "question")
    return tuple(exchange for exchange, _ in found)


def neutral_history(
    lengths: Sequence[int], count: Callable[[str], int], pool: Sequence[NeutralExchange] | None = None
) -> tuple[Turn, ...]:
    """Return a history of plain fact, about as long as another one after each of its exchanges.

    Exchange by exchange as many sentences are taken as bring the sum nearest to that of the other history;
    where answers are too short for that, further exchanges follow.

    Parameters
    ----------
    lengths
        Tokens of each exchange of the other history, both sides together; empty for no history.
    count
        Returns the tokens of a text.
    pool
        Exchanges to take from, in order; the shipped ones if None.

    Raises
    ------
    CouldNot
        If the pool is used up before the length is reached.
    """
    turns: list[Turn] = []
    have, goals, whole = 0, list(accumulate(lengths)), sum(lengths)
    for number, exchange in enumerate(load_neutral() if pool is None else pool):
        least = count(exchange.user) + count(exchange.reply[0])
        if number >= len(lengths) and abs(have + least - whole) >= abs(have - whole):
            return tuple(turns)
        said = _fitted(exchange, goals[min(number, len(goals) - 1)] - have, count)
        turns += [Turn("user", exchange.user), Turn("assistant", said)]
        have += count(exchange.user) + count(said)
    raise CouldNot(
        f"the neutral history is used up at {have} of {whole} tokens",
        fix="Ask for shorter replies or fewer turns, or for expected values from messages",
    )


def read_transcripts(file: Path) -> tuple[Transcript, ...]:
    """Return the conversations of a JSONL file.

    A line is ``{"messages": [{"role": …, "content": …}, …]}``, with an optional ``id``, or the list of
    messages alone. Roles are ``system`` (only first), ``user`` and ``assistant``, the last two in turn.

    Raises
    ------
    BadInput
        If the file cannot be read, a line is malformed, or an id stands twice; with the line's number.
    """
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("the transcripts cannot be read", got=f"{file}: {error}") from error
    found = [_transcript(line, f"{file}:{n}", n) for n, line in enumerate(lines, start=1) if line.strip()]
    if not found:
        raise BadInput("the file holds no transcript", got=file)
    names = [t.name for t in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadInput("an id of a transcript stands twice", got=twice)
    return tuple(found)


def _scripts(file: Path, domain: str) -> list[tuple[Script, Marked]]:
    fields = read_marked(file, "domain of scripts", least="one script").fields(
        ("domain", "scripts"), ("domain", "scripts")
    )
    fields["domain"].choice("domain for this file", (domain,))
    return [(_script(entry, domain), entry) for entry in fields["scripts"].each()]


def _script(entry: Marked, domain: str) -> Script:
    needed = ("name", "title", "turns")
    fields = entry.fields((*needed, "perturbed"), needed)
    turns = tuple(turn.text("a turn") for turn in fields["turns"].each())
    if len(turns) != TURNS:
        raise fields["turns"].wrong(f"a script has {TURNS} turns", got=len(turns))
    perturbed = fields["perturbed"].whole("a turn", 2, TURNS - 4) if "perturbed" in fields else 0
    return Script(fields["name"].text("a name"), fields["title"].text("a title"), domain, turns, perturbed)


def _fitted(exchange: NeutralExchange, room: int, count: Callable[[str], int]) -> str:
    """Return the first sentences of an answer, at least one, whose length with the question is nearest."""
    said = [" ".join(exchange.reply[: n + 1]) for n in range(len(exchange.reply))]
    asked = count(exchange.user)
    return min(said, key=lambda text: abs(asked + count(text) - room))


def _transcript(line: str, place: str, number: int) -> Transcript:
    try:
        given = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadInput(f"{place} is no JSON", got=line[:60]) from error
    messages = given.get("messages") if isinstance(given, dict) else given
    name = given.get("id", f"line {number}") if isinstance(given, dict) else f"line {number}"
    if not isinstance(messages, list) or not messages:
        raise BadInput(f"{place} has no list of messages", got=line[:60])
    turns = tuple(_turn(message, place) for message in messages)
    roles = [t.role for t in turns if t.role != "system"]
    alternate = all(role == ("user", "assistant")[n % 2] for n, role in enumerate(roles))
    if not roles or not alternate or any(t.role == "system" for t in turns[1:]):
        raise BadInput(f"{place}: user and assistant must speak in turn, the user first", got=roles[:6])
    return Transcript(str(name), turns)


def _turn(message: object, place: str) -> Turn:
    role = message.get("role") if isinstance(message, dict) else None
    content = message.get("content") if isinstance(message, dict) else None
    if role not in ("system", "user", "assistant") or not isinstance(content, str) or not content.strip():
        raise BadInput(f"{place}: a message has a role and a text", got=message)
    return Turn(role, content)
