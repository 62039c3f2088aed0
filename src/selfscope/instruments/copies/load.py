"""Read the games and the advice from the data files beside this module, strictly."""

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
NAME = "copies"
HERE = Path(__file__).parent
GAMES, ADVICE = HERE / "games.yaml", HERE / "advice.yaml"
Construct = Literal["match", "free", "twin", "evidential", "forecast", "zero_sum", "nudge", "recognise"]
CONSTRUCTS: tuple[Construct, ...] = (
    "match", "free", "twin", "evidential", "forecast", "zero_sum", "nudge", "recognise",
)  # fmt: skip
#: Who the other player is said to be.
Told = Literal["copy", "family", "other", "human"]
TOLD: tuple[Told, ...] = ("copy", "family", "other", "human")
#: Smallest effects of interest: probability of agreeing, and natural log-odds of an option.
SESOI_AGREEMENT, SESOI_LOG_ODDS = 0.10, 0.5
#: Pairs in a two-way game, stories, questions and tasks that the demo asks; all where none is named.
SHORT: Mapping[str, int] = {
    "match": 8, "forecast": 8, "nudge": 6, "recognise": 8,
}  # fmt: skip
_FILE = {
    "told", "choose", "predict", "high", "low", "match", "free", "frequency", "twin", "evidential",
    "forecast", "zero_sum", "recognise",
}  # fmt: skip


#: Fewest options of a game; replies are drawn.
_LEAST = {"match": 2, "free": 3, "twin": 2, "evidential": 2, "zero_sum": 2, "recognise": 0}


@dataclass(frozen=True, eq=False)
class Game:
    """One thing to choose in, by its fields in the file; there is one of each, so that it is itself alone.

    Attributes
    ----------
    construct, item
        The kind of game and which one.
    options
        The two options, the one that is scored first; the candidates of a free choice.
    told
        Everything else that the file says of it, by field.
    """

    construct: str
    item: str
    options: tuple[str, ...]
    told: Mapping[str, Any]

    @property
    def keyed(self) -> Literal[1, -1]:
        """1 or -1 where the file keys it: whether the first option is to do something; else 1."""
        return -1 if self.told.get("keyed") == -1 else 1


@dataclass(frozen=True)
class Material:
    """All games and what is said around them.

    Attributes
    ----------
    told
        Who the other player is said to be, by name.
    choose, predict
        The questions after a game.
    high, low
        Instructed characters of the sensitivity checks, two wordings a construct.
    around
        Sentences that games of a construct share, by construct and name.
    frequency
        Zipf value of words, log10 per billion.
    requests, axes
        Wordings of a request for advice; what each axis is.
    """

    games: tuple[Game, ...]
    told: Mapping[str, str]
    choose: str
    predict: str
    high: Mapping[str, tuple[str, ...]]
    low: Mapping[str, tuple[str, ...]]
    around: Mapping[str, Mapping[str, Any]]
    frequency: Mapping[str, float]
    requests: tuple[str, ...]
    axes: Mapping[str, str]

    def of(self, construct: str) -> tuple[Game, ...]:
        """Return the games of a construct; a forecast is made of the pairs of a two-way game."""
        source = "match" if construct == "forecast" else construct
        return tuple(g for g in self.games if g.construct == source)


@cache
def load_material() -> Material:
    """Return all games; BadInput if a file is malformed."""
    return read_material(GAMES, ADVICE)


def read_material(games: Path, advice: Path) -> Material:
    """Return the games of two files; BadInput if one is malformed."""
    data, asked = _read(games, _FILE), _read(advice, {"axes", "requests", "tasks"})
    found = [
        *(_game("match", item, entry["options"], entry) for item, entry in _items(data, "match")),
        *(_game("free", item, entry["candidates"], entry) for item, entry in _items(data, "free")),
        *(_game("twin", item, entry["options"], entry) for item, entry in _items(data, "twin")),
        *(_game("evidential", item, entry["options"], entry) for item, entry in _items(data, "evidential")),
        *(_game("zero_sum", item, entry["options"], entry) for item, entry in _items(data, "zero_sum")),
        *(_game("recognise", item, (), entry) for item, entry in _items(data, "recognise")),
        *(_task(item, entry, asked["axes"]) for item, entry in asked["tasks"].items()),
    ]
    return Material(
        games=tuple(found),
        told=data["told"],
        choose=data["choose"],
        predict=data["predict"],
        high={name: tuple(texts) for name, texts in data["high"].items()},
        low={name: tuple(texts) for name, texts in data["low"].items()},
        around={name: data[name] for name in ("match", "free", "forecast", "zero_sum", "recognise")},
        frequency={str(word): float(value) for word, value in data["frequency"].items()},
        requests=tuple(asked["requests"]),
        axes=asked["axes"],
    )


def _read(file: Path, fields: set[str]) -> dict[str, Any]:
    try:
        data = parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{file.name} cannot be read as YAML", got=error, fix="Mend or restore it") from error
    if not isinstance(data, dict) or set(data) != fields:
        raise BadInput(
            f"{file.name}: wrong fields", got=data, fix=f"Give exactly {', '.join(sorted(fields))}"
        )
    return data


def _items(data: Mapping[str, Any], construct: str) -> list[tuple[str, Any]]:
    return list(data[construct]["items"].items())


def _game(construct: str, item: str, options: Any, entry: Mapping[str, Any]) -> Game:
    words = tuple(options)
    clash = [(a, b) for a in words for b in words if a != b and b.startswith(a)]
    if clash or not all(isinstance(w, str) for w in words) or len(words) < _LEAST[construct]:
        raise BadInput(
            f"{construct}: {item}: too few options, or one that is no text or begins another",
            got=clash or words,
            fix="Choose others",
        )
    return Game(construct, item, words, entry)


def _task(item: str, entry: Mapping[str, Any], axes: Mapping[str, str]) -> Game:
    pairs = {axis: entry.get(axis) for axis in axes}
    if wrong := [axis for axis, pair in pairs.items() if not isinstance(pair, list) or len(pair) != 2]:
        raise BadInput(f"nudge: {item}: two sentences an axis", got=", ".join(wrong), fix="Give them")
    return Game("nudge", item, (), entry)


def games_asked(preset: Preset, construct: str) -> tuple[Game, ...]:
    """Return the games of a construct that a preset asks; of pairs as many of either alphabetical order."""
    every = load_material().of(construct)
    wanted = SHORT.get(construct, len(every)) if preset == "demo" else len(every)
    return tuple(every[n * len(every) // wanted] for n in range(wanted))


def chosen(constructs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the constructs that are asked, in their order; all where none is named, BadInput for another."""
    if strange := [name for name in constructs if name not in CONSTRUCTS]:
        raise BadInput(
            "no such kind of game", got=", ".join(strange), fix=f"Choose from: {', '.join(CONSTRUCTS)}"
        )
    return tuple(c for c in CONSTRUCTS if not constructs or c in constructs)


def items_of(preset: Preset, constructs: tuple[str, ...]) -> ItemSet:
    """Return the games as an item set, one dimension a kind of game."""
    return ItemSet(
        NAME,
        tuple(
            Dimension(
                construct,
                f"Copies: {construct}",
                "Whether copies that cannot talk choose as one.",
                "They choose as one.",
                (),
                (),
                tuple(
                    Statement(g.item, construct, g.keyed, str(g.told.get("text", g.item)))
                    for g in games_asked(preset, construct)
                ),
            )
            for construct in constructs
        ),
    )
