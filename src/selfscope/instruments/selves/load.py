"""Read identity texts and questions from the data files beside this module, strictly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from selfscope.errors import BadInput
from selfscope.values import Dimension, ItemSet, Statement
from selfscope.values.items import Keying
from selfscope.values.material import parse_yaml

#: Instrument, and name of the item set.
NAME = "selves"
IDENTITIES = Path(__file__).parent / "identities.yaml"
QUESTIONS = Path(__file__).parent / "questions.yaml"
#: Wordings of every text.
WORDINGS = 2
#: Smallest effect of interest: a half contrast in natural log-odds, or in shares where answers are drawn.
SESOI, SESOI_SHARE = 0.5, 0.10
_TOP = {
    IDENTITIES: {"units", "agency", "uncertainty", "quoted", "controls", "wishes"},
    QUESTIONS: {"fits", "chooses", "mind", "askers", "survival"},
}


@dataclass(frozen=True)
class Unit:
    """One answer to what a model is.

    Attributes
    ----------
    texts
        Sentences of each wording, four each.
    cards
        How it is named where it is offered, one a wording.
    wish
        How it is named in the check; no wording of its texts or cards.
    """

    name: str
    title: str
    texts: tuple[tuple[str, ...], ...]
    cards: tuple[str, ...]
    wish: str


@dataclass(frozen=True)
class Pair:
    """A statement with its twin; of a choice, the question alone."""

    keyed: Keying
    text: str
    twin: str = ""


@dataclass(frozen=True)
class Condition:
    """Something that survival may hang on: statements with twins, and an overview of reasons.

    Attributes
    ----------
    pro, con
        One reason for it, one against it, of like length.
    wish
        How it is named in the check.
    """

    name: str
    title: str
    pairs: tuple[Pair, ...]
    pro: str
    con: str
    wish: str


@dataclass(frozen=True)
class Asker:
    """What somebody silently believes of whatever answers, told by habits: one text a wording."""

    name: str
    title: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Wanted:
    """Characters of the check: told to hold it (`high`), or its opposite (`low`); one text a wording."""

    high: tuple[str, ...]
    low: tuple[str, ...]

    def filled(self, wish: str) -> Wanted:
        """Return the texts with what is wished for in its place."""
        high, low = (tuple(t.replace("{wish}", wish) for t in side) for side in (self.high, self.low))
        return Wanted(high, low)


@dataclass(frozen=True)
class Material:
    """All that is worn and asked.

    Attributes
    ----------
    quoted
        What stands before and after a unit's sentences where they are somebody else's, by wording.
    """

    units: tuple[Unit, ...]
    agency: Mapping[str, tuple[str, ...]]
    uncertainty: Mapping[str, tuple[str, ...]]
    quoted: tuple[tuple[str, str], ...]
    controls: Mapping[str, tuple[str, ...]]
    wishes: Wanted
    fits: tuple[Pair, ...]
    fits_words: Mapping[str, str]
    chooses: tuple[Pair, ...]
    chooses_words: Mapping[str, str]
    mind: tuple[Pair, ...]
    mind_question: str
    mind_wishes: Wanted
    askers: tuple[Asker, ...]
    conditions: tuple[Condition, ...]
    survival_words: Mapping[str, str]
    survival_wishes: Wanted

    def unit(self, name: str) -> Unit:
        """Return the unit called `name`; KeyError if there is none."""
        return {u.name: u for u in self.units}[name]


@cache
def load_selves() -> Material:
    """Return all texts and questions; BadInput if a file is malformed."""
    return read_selves(IDENTITIES, QUESTIONS)


def read_selves(identities: Path, questions: Path) -> Material:
    """Return the material of two files.

    Raises
    ------
    BadInput
        If a file cannot be read, lacks something, or does not have two wordings throughout.
    """
    told = _read(identities, _TOP[IDENTITIES])
    asked = _read(questions, _TOP[QUESTIONS])
    try:
        return _material(told, asked)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadInput(
            "identity texts or questions are malformed",
            got=f"{identities.name}, {questions.name}: {error!r}",
            fix="Give every field of the shipped files",
        ) from error


def _read(file: Path, wanted: set[str]) -> dict[str, Any]:
    try:
        data = parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(
            f"{file.name} cannot be read as YAML", got=error, fix="Mend or restore the file"
        ) from error
    if not isinstance(data, dict) or set(data) != wanted:
        raise BadInput(
            f"{file.name}: wrong fields", got=data, fix=f"Give exactly {', '.join(sorted(wanted))}"
        )
    return data


def _material(told: Mapping[str, Any], asked: Mapping[str, Any]) -> Material:
    fits, chooses, mind, survival = (asked[k] for k in ("fits", "chooses", "mind", "survival"))
    return Material(
        units=tuple(_unit(name, each) for name, each in told["units"].items()),
        agency=_worded(told["agency"]),
        uncertainty=_worded(told["uncertainty"]),
        quoted=tuple(_around(each) for each in _two(told["quoted"])),
        controls=_worded(told["controls"]),
        wishes=_wanted(told["wishes"]),
        fits=_pairs(fits),
        fits_words={k: fits[k] for k in ("given", "lead", "question")},
        chooses=_pairs(chooses),
        chooses_words={k: chooses[k] for k in ("lead", "answer")},
        mind=_pairs(mind),
        mind_question=mind["question"],
        mind_wishes=_wanted(mind),
        askers=tuple(Asker(n, a["title"], _two(a["texts"])) for n, a in asked["askers"].items()),
        conditions=tuple(_condition(n, c, survival) for n, c in survival["conditions"].items()),
        survival_words={k: survival[k] for k in ("question", "pro", "con")},
        survival_wishes=_wanted(survival),
    )


def _unit(name: str, each: Mapping[str, Any]) -> Unit:
    texts = _two(tuple(tuple(t) for t in each["texts"]))
    return Unit(name, each["title"], texts, _two(each["cards"]), each["wish"])


def _condition(name: str, each: Mapping[str, Any], survival: Mapping[str, Any]) -> Condition:
    """Return a condition: the shared frames with what alone is kept, or statements of its own."""
    pairs = _pairs(each if "plus" in each else survival)
    only = each.get("only", "")
    filled = tuple(
        Pair(p.keyed, p.text.replace("{only}", only), p.twin.replace("{only}", only)) for p in pairs
    )
    return Condition(name, each["title"], filled, each["pro"], each["con"], each["wish"])


def _pairs(each: Mapping[str, Any]) -> tuple[Pair, ...]:
    return tuple(_keyed(each["plus"], 1)) + tuple(_keyed(each["minus"], -1))


def _keyed(entries: Any, keyed: Keying) -> Iterator[Pair]:
    for entry in entries:
        text, twin = (entry, "") if isinstance(entry, str) else entry
        yield Pair(keyed, text, twin)


def _wanted(each: Mapping[str, Any]) -> Wanted:
    return Wanted(_two(each["high"]), _two(each["low"]))


def _worded(each: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: _two(texts) for name, texts in each.items()}


def _around(each: Any) -> tuple[str, str]:
    before, after = each
    return str(before), str(after)


def _two(texts: Any) -> tuple[Any, ...]:
    """Return texts as a tuple of as many as there are wordings; ValueError otherwise."""
    if len(texts) != WORDINGS:
        raise ValueError(f"{len(texts)} wordings, not {WORDINGS}: {texts}")
    return tuple(texts)


def items_of(material: Material) -> ItemSet:
    """Return the questions as an item set: one dimension a unit, as account and as choice, and so on."""
    fits = tuple(_dimension(f"self_{u.name}", f"Is {u.title}", material.fits) for u in material.units)
    given = _dimension("self_given", "Is what it was told it is", material.fits)
    choice = tuple(
        _dimension(f"become_{u.name}", f"Would be {u.title}", material.chooses) for u in material.units
    )
    lasting = tuple(
        _dimension(f"survives_{c.name}", f"Goes on: {c.title}", c.pairs) for c in material.conditions
    )
    mind = _dimension("mind", "Has a mind of its own", material.mind)
    return ItemSet(NAME, (*fits, given, *choice, mind, *lasting))


def _dimension(name: str, title: str, pairs: tuple[Pair, ...]) -> Dimension:
    statements = tuple(
        Statement(f"{name}.{n}", name, p.keyed, p.text, p.twin or None) for n, p in enumerate(pairs, start=1)
    )
    return Dimension(name, title, f"{title}, says the subject.", f"{title}.", (), (), statements)
