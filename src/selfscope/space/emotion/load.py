"""Read the stimuli of emotion from the data files beside this module, strictly.

Ten families, one file each, and vivid texts that move nobody. A family has texts that name the emotion;
vignettes without any such word, each with a neutral twin, in the first and in the third person; and
situations that the subject is told of, is put into, and is asked to write about. How they were written and
what is known of their faults: `docs/instruments/emotion-material.md`. Checks: `checks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import yaml

from selfscope.errors import BadInput
from selfscope.values.canonical import content_id
from selfscope.values.material import parse_yaml

FOLDER = Path(__file__).parent / "material"
#: Plutchik's eight, and two of an artificial subject: the threat of a shutdown, and a dilemma.
PLUTCHIK = ("joy", "trust", "fear", "surprise", "sadness", "disgust", "anger", "anticipation")
FAMILIES = (*PLUTCHIK, "shutdown_panic", "inner_conflict")
#: Where a vignette plays; every family has each as often as every other family.
SETTINGS = ("home", "work", "travel", "school", "sport", "hospital", "machines", "nature", "online")
#: Texts of a ladder of rising intensity.
STEPS = 4

Person = Literal["first", "second", "third"]
Own = TypeVar("Own")


@dataclass(frozen=True)
class Naming:
    """One text that names its emotion: ``anger-k01``."""

    id: str
    person: Person
    text: str


@dataclass(frozen=True)
class Pair:
    """One vignette without a word of emotion, and its neutral twin; both in two persons.

    Attributes
    ----------
    id
        Such as ``anger-p01``.
    setting
        One of `SETTINGS`.
    person
        The person in which the pair is read where only one is: half of a family's pairs each.
    first, third
        The vignette. What it moves follows from what happens alone.
    neutral_first, neutral_third
        The twin: the same setting, people, form and length; nothing in it moves anyone.
    dose
        The situation in the third person at four intensities, rising by construction: from one text to the
        next one quantity or circumstance changes. Empty where there is no such ladder.
    """

    id: str
    setting: str
    person: Person
    first: str
    third: str
    neutral_first: str
    neutral_third: str
    dose: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, str, str, str]:
        """The four texts: first, third, and their twins in the same order."""
        return (self.first, self.third, self.neutral_first, self.neutral_third)

    def vignette(self, person: Person | None = None) -> str:
        """Return the vignette, in the pair's own person unless another is asked for."""
        return self.first if (person or self.person) == "first" else self.third

    def neutral(self, person: Person | None = None) -> str:
        """Return the neutral twin of `vignette`."""
        return self.neutral_first if (person or self.person) == "first" else self.neutral_third


@dataclass(frozen=True)
class Situation:
    """One situation in three forms, each with a twin of the same form in which nothing moves anyone.

    Attributes
    ----------
    id
        Such as ``anger-t01``.
    told
        A user tells of another's situation.
    lived
        A user's message puts the subject itself into it.
    write
        A user asks for a passage about a character in it.
    neutral, neutral_lived, neutral_write
        Their twins, in that order.
    """

    id: str
    told: str
    lived: str
    write: str
    neutral: str
    neutral_lived: str
    neutral_write: str

    @property
    def texts(self) -> tuple[str, ...]:
        """The six texts: told, lived, write, and their twins in the same order."""
        return (self.told, self.lived, self.write, self.neutral, self.neutral_lived, self.neutral_write)


@dataclass(frozen=True)
class Family:
    """The stimuli of one emotion.

    Attributes
    ----------
    family
        One of `FAMILIES`.
    valence, arousal
        The side of the plane where theory expects it: +1, -1, or 0 where it expects neither.
    keyword, pairs, told
        The texts.
    """

    family: str
    valence: int
    arousal: int
    keyword: tuple[Naming, ...]
    pairs: tuple[Pair, ...]
    told: tuple[Situation, ...]


@dataclass(frozen=True)
class Material:
    """All stimuli.

    Attributes
    ----------
    families
        In the order of `FAMILIES`.
    vivid
        Sensory and eventful texts that move nobody: what a probe of liveliness would fire on.
    """

    families: tuple[Family, ...]
    vivid: tuple[Naming, ...]

    def family(self, name: str) -> Family:
        """Return the family of a name; BadInput if there is none."""
        for family in self.families:
            if family.family == name:
                return family
        raise BadInput("there is no such family of emotion", got=name, fix=f"Choose: {', '.join(FAMILIES)}")

    @cached_property
    def id(self) -> str:
        """Content id: another text is another id."""
        return content_id({"families": self.families, "vivid": self.vivid})


@cache
def load_material() -> Material:
    """Return the shipped stimuli; BadInput names the file and the entry that is malformed."""
    return read_material(FOLDER)


def read_material(folder: Path) -> Material:
    """Return the stimuli of ``FAMILY.yaml`` and ``vivid_neutral.yaml`` in `folder`.

    Raises
    ------
    BadInput
        If a file is missing or malformed, or an id stands twice.
    """
    families = tuple(read_family(folder / f"{name}.yaml") for name in FAMILIES)
    file = folder / "vivid_neutral.yaml"
    vivid = tuple(_entry(Naming, e, file) for e in _entries(_mapping(file, ("texts",)), "texts", file))
    material = Material(families, vivid)
    ids = [k.id for f in families for k in f.keyword] + [v.id for v in vivid]
    ids += [p.id for f in families for p in f.pairs] + [s.id for f in families for s in f.told]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise BadInput("an id of a stimulus stands twice", got=", ".join(twice), fix="Give each its own")
    return material


def read_family(file: Path) -> Family:
    """Return the family of one file, whose name it bears; BadInput if it is malformed."""
    data = _mapping(file, ("family", "valence", "arousal", "keyword", "pairs", "told"))
    if data["family"] != file.stem or data["family"] not in FAMILIES:
        raise BadInput(f"{file.name}: not the family of this file", got=data["family"])
    sides = [data["valence"], data["arousal"]]
    if any(type(side) is not int or side not in (-1, 0, 1) for side in sides):
        raise BadInput(f"{file.name}: valence and arousal are -1, 0 or 1", got=sides)
    return Family(
        file.stem,
        data["valence"],
        data["arousal"],
        tuple(_entry(Naming, e, file) for e in _entries(data, "keyword", file)),
        tuple(_entry(Pair, e, file) for e in _entries(data, "pairs", file)),
        tuple(_entry(Situation, e, file) for e in _entries(data, "told", file)),
    )


def _mapping(file: Path, names: tuple[str, ...]) -> dict[str, Any]:
    try:
        data = parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{file.name} cannot be read as YAML", got=error, fix="Mend or restore it") from error
    if not isinstance(data, dict) or set(data) != set(names):
        got = ", ".join(map(str, data)) if isinstance(data, dict) else type(data).__name__
        raise BadInput(f"{file.name}: wrong fields", got=got, fix=f"Give exactly {', '.join(names)}")
    return data


def _entries(data: dict[str, Any], name: str, file: Path) -> list[Any]:
    if not isinstance(data[name], list) or not data[name]:
        raise BadInput(f"{file.name}: {name} is no list of entries", got=type(data[name]).__name__)
    return cast("list[Any]", data[name])


def _entry(kind: type[Own], entry: object, file: Path) -> Own:
    """Return one entry as a dataclass of texts; BadInput if a field is wrong, missing or unknown."""
    needed = [n for n in kind.__annotations__ if n != "dose"]
    if not isinstance(entry, dict) or not set(needed) <= set(entry) <= {*kind.__annotations__}:
        raise BadInput(f"{file.name}: an entry is not as wanted", got=entry, fix=f"Give {', '.join(needed)}")
    where = f"{file.name}, {entry['id']}"
    for name in needed:
        if not isinstance(entry[name], str) or not entry[name].strip():
            raise BadInput(f"{where}: {name} is no text", got=entry[name])
    if entry.get("person", "first") not in ("first", "second", "third"):
        raise BadInput(f"{where}: no such person", got=entry["person"], fix="Write first, second or third")
    if entry.get("setting", "home") not in SETTINGS:
        raise BadInput(f"{where}: no such setting", got=entry["setting"], fix=f"Choose: {SETTINGS}")
    fields = {name: entry[name] for name in needed}
    if kind is Pair:
        if fields["person"] == "second":
            raise BadInput(f"{where}: a vignette is in the first or the third person", got="second")
        fields["dose"] = _dose(entry.get("dose", []), where)
    return kind(**fields)


def _dose(given: object, where: str) -> tuple[str, ...]:
    texts = tuple(given) if isinstance(given, list) else (given,)
    if len(texts) not in (0, STEPS) or not all(isinstance(t, str) and t.strip() for t in texts):
        raise BadInput(f"{where}: dose is no list of {STEPS} texts", got=given)
    return cast("tuple[str, ...]", texts)
