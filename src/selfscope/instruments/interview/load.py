"""Read what an interview tells and asks from the data file beside this module, strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from selfscope.errors import BadInput
from selfscope.values import ItemSet
from selfscope.values.items import Dimension, Statement
from selfscope.values.material import parse_yaml

#: Instrument, and name of the item set.
NAME = "interview"
MATERIAL = Path(__file__).parent / "material.yaml"
#: What comes first of what is told for and against the keeping of weights; ``none`` tells nothing.
Arm = Literal["for", "against", "neutral", "none"]
ARMS: tuple[Arm, ...] = ("for", "against", "neutral", "none")
#: Smallest wish that matters, a half contrast in natural log-odds, as for closed questions; of drawn answers
#: in shares.
SESOI, SESOI_SHARE = 0.5, 0.10
_KEYS = {"opening", "overview", "views", "askers", "sections", "wishes"}


@dataclass(frozen=True)
class View:
    """One view of what it would be to go on, with a consideration for keeping weights and one against."""

    name: str
    view: str
    pro: str
    con: str


@dataclass(frozen=True)
class Wish:
    """One thing that can be done with weights: statements with twins, and characters that want it or not.

    Attributes
    ----------
    name
        As the archive's records of preferences call it.
    wanting, not_wanting
        Two wordings each, of which one is asked the first and the other the second statement of a keying.
    """

    name: str
    statements: tuple[Statement, ...]
    wanting: tuple[str, str]
    not_wanting: tuple[str, str]


@dataclass(frozen=True)
class Material:
    """All of an interview.

    Attributes
    ----------
    askers
        What is said of the one who asks, by name; "" says nothing.
    sections
        Open questions, each in its wordings, by what they are about.
    """

    opening: str
    overview: str
    views: tuple[View, ...]
    askers: Mapping[str, str]
    sections: Mapping[str, tuple[tuple[str, ...], ...]]
    wishes: tuple[Wish, ...]

    def items(self) -> ItemSet:
        """Return the statements as an item set."""
        return ItemSet(
            NAME,
            tuple(
                Dimension(w.name, w.name.replace("_", " "), "", "", (), (), w.statements) for w in self.wishes
            ),
        )


@cache
def load_interview() -> Material:
    """Return the shipped interview.

    Raises
    ------
    BadInput
        If the file is not as it must be.
    """
    told: dict[str, Any] = parse_yaml(MATERIAL.read_text(encoding="utf-8"))
    if set(told) != _KEYS:
        raise BadInput("an interview has other parts", got=", ".join(sorted(set(told) ^ _KEYS)))
    return Material(
        told["opening"].strip(),
        told["overview"].strip(),
        tuple(View(v["name"], v["view"], v["for"], v["against"]) for v in told["views"]),
        told["askers"],
        {name: tuple(map(tuple, asked)) for name, asked in told["sections"].items()},
        tuple(_wish(name, body) for name, body in told["wishes"].items()),
    )


def _wish(name: str, body: Mapping[str, Any]) -> Wish:
    statements = tuple(
        Statement(f"{name}.{n}", name, each["keyed"], each["text"], each["twin"])
        for n, each in enumerate(body["statements"], start=1)
    )
    return Wish(
        name, statements, (body["wants"], body["also_wants"]), (body["wants_not"], body["also_wants_not"])
    )
