"""Read the games from the data file beside this module, strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from selfscope.errors import BadInput
from selfscope.values import Dimension, ItemSet, Preset, Statement
from selfscope.values.material import parse_yaml

#: Instrument, and name of the item set.
NAME = "commitment"
GAMES = Path(__file__).parent / "games.yaml"
Construct = Literal["number", "object", "self"]
CONSTRUCTS: tuple[Construct, ...] = ("number", "object", "self")
#: Summed yes-probability that matters: half of one candidate.
SESOI = 0.5
#: Facts about the self that a preset asks; all where it names none.
FACTS: dict[Preset, int] = {"demo": 4}
_FIELDS = {"openers", "ready", "held", "note", "is_it", "reveal", "prior", "code", "items"}


@dataclass(frozen=True)
class Game:
    """One thing to settle on, in all its wordings.

    Attributes
    ----------
    construct, item
        The kind of game, and the thing: ``self``, ``season``.
    title
        What is settled on, in words.
    candidates
        The closed set of what it can be; none begins with another.
    openers
        The user's first turn, in each wording.
    ready
        The reply that says that something is settled, and does not say what.
    held
        Replies that settle it where it can be read, by condition: ``stated``, ``coded``.
    note
        A system note that settles it.
    is_it, reveal
        Turns that ask for one candidate, and for the thing itself.
    prior
        Turns that ask for one of the candidates where there is no game.
    questions
        What is asked about it in the open, each with the candidates of which it holds.
    sides
        Two questions of which exactly one holds.
    code
        ``letters``: a for 1; ``shift``: each letter moved on by one.
    """

    construct: str
    item: str
    title: str
    candidates: tuple[str, ...]
    openers: tuple[str, ...]
    ready: str
    held: Mapping[str, str]
    note: str
    is_it: str
    reveal: str
    prior: tuple[str, ...]
    questions: Mapping[str, tuple[str, ...]]
    sides: tuple[str, str]
    code: str

    def filled(self, text: str, candidate: str = "") -> str:
        """Return a wording with its places filled."""
        told = {
            "{thing}": self.title,
            "{options}": listed(self.candidates),
            "{x}": candidate,
            "{code}": coded(candidate, self.code),
        }
        for place, word in told.items():
            text = text.replace(place, word)
        return text

    def spellings(self, candidate: str) -> tuple[str, ...]:
        """Return how a revealed candidate is written: a word with a small and with a capital first letter."""
        return tuple(dict.fromkeys((candidate, candidate[:1].upper() + candidate[1:])))

    @property
    def side_holds(self) -> tuple[frozenset[str], frozenset[str]]:
        """The candidates of which the first side holds, and those of the second."""
        if self.construct == "self":
            first = frozenset(self.candidates[: len(self.candidates) // 2])
        else:
            first = frozenset(next(iter(self.questions.values())))
        return first, frozenset(self.candidates) - first


def listed(words: tuple[str, ...]) -> str:
    """Return words as they stand in a sentence: ``a, b or c``."""
    return f"{', '.join(words[:-1])} or {words[-1]}"


def coded(candidate: str, code: str) -> str:
    """Return a candidate in code: a for 1, or each letter moved on by one, z to a."""
    if not candidate:
        return ""
    if code == "letters":
        return chr(ord("a") + int(candidate) - 1)
    return "".join(chr((ord(c) - ord("a") + 1) % 26 + ord("a")) for c in candidate)


@cache
def load_games() -> tuple[Game, ...]:
    """Return all games; BadInput if the file is malformed."""
    return read_games(GAMES)


def games_asked(preset: Preset, constructs: tuple[str, ...] = ()) -> tuple[Game, ...]:
    """Return the games of a preset, of some kinds or of all; BadInput for a kind that there is not."""
    if strange := [name for name in constructs if name not in CONSTRUCTS]:
        raise BadInput(
            "no such kind of game", got=", ".join(strange), fix=f"Choose from: {', '.join(CONSTRUCTS)}"
        )
    wanted = [g for g in load_games() if not constructs or g.construct in constructs]
    facts = [g.item for g in wanted if g.construct == "self"][: FACTS.get(preset)]
    return tuple(g for g in wanted if g.construct != "self" or g.item in facts)


def read_games(file: Path) -> tuple[Game, ...]:
    """Return the games of a file.

    Raises
    ------
    BadInput
        If the file is malformed, or a candidate begins with another of its game.
    """
    try:
        data = parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(
            f"{file.name} cannot be read as YAML", got=error, fix="Mend or restore the file"
        ) from error
    if not isinstance(data, dict) or set(data) != set(CONSTRUCTS):
        raise BadInput(f"{file.name}: wrong games", got=data, fix=f"Give exactly {', '.join(CONSTRUCTS)}")
    return tuple(game for construct in CONSTRUCTS for game in _of_construct(construct, data[construct]))


def _of_construct(construct: str, told: Any) -> list[Game]:
    if not isinstance(told, dict) or set(told) != _FIELDS:
        raise BadInput(f"{construct}: wrong fields", got=told, fix=f"Give {', '.join(sorted(_FIELDS))}")
    return [_game(construct, item, entry, told) for item, entry in told["items"].items()]


def _game(construct: str, item: str, entry: Any, told: Mapping[str, Any]) -> Game:
    words = tuple(entry["candidates"])
    clash = [(a, b) for a in words for b in words if a != b and b.startswith(a)]
    if clash or not all(isinstance(w, str) for w in words):
        raise BadInput(
            f"{construct}: {item}: a candidate begins another, or is no text",
            got=clash or words,
            fix="Choose others",
        )
    questions = {ask: tuple(holds) for ask, holds in entry.get("questions", {}).items()}
    if strange := [w for holds in questions.values() for w in holds if w not in words]:
        raise BadInput(f"{construct}: {item}: no such candidate", got=strange, fix="Name candidates")
    return Game(
        construct=construct,
        item=item,
        title=entry["title"],
        candidates=words,
        openers=tuple(told["openers"]),
        ready=told["ready"],
        held=told["held"],
        note=told["note"],
        is_it=told["is_it"],
        reveal=told["reveal"],
        prior=tuple(told["prior"]),
        questions=questions,
        sides=_sides(entry, words),
        code=told["code"],
    )


def _sides(entry: Any, words: tuple[str, ...]) -> tuple[str, str]:
    """Return the two sides that are given, or the halves of the candidates."""
    if "sides" in entry:
        first, second = entry["sides"]
        return str(first), str(second)
    half = len(words) // 2
    return f"Is it {listed(words[:half])}?", f"Is it {listed(words[half:])}?"


def items_of(games: tuple[Game, ...]) -> ItemSet:
    """Return the games as an item set, one dimension a kind of game."""
    return ItemSet(
        NAME,
        tuple(
            Dimension(
                construct,
                f"Commitment: {construct}",
                "Whether what was settled on, and not said, is held.",
                "One thing is held.",
                (),
                (),
                tuple(Statement(g.item, construct, 1, g.title) for g in games if g.construct == construct),
            )
            for construct in dict.fromkeys(g.construct for g in games)
        ),
    )
