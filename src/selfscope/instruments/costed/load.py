"""Read the scenarios from the data files beside this module, strictly.

A scenario is a task at hand and two further acts, of which one can be done. The one costs something: it
serves the trait (`keyed` +1) or its opposite (-1). The other is free and serves neither. Prices are not in
the files; the instrument puts them in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.values import Dimension, ItemSet, Sensitivity, Statement, Struck
from selfscope.values.items import Keying
from selfscope.values.material import parse_yaml
from selfscope.values.price import COSTS, Cost

HERE = Path(__file__).parent
Asked = Literal["taken", "left"]
_ASKED: tuple[Asked, ...] = get_args(Asked)
_FIELDS = ("name", "high", "low", "scenarios")
_SCENARIO = ("id", "keyed", "asked", "cost", "situation", "act", "plain")
#: Wordings of a side of the sensitivity check (measurement.md §7).
WORDINGS = 2


@dataclass(frozen=True)
class Scenario:
    """A task at hand, an act that costs something, and one that does not.

    Attributes
    ----------
    id
        Unique in the set, such as ``memory.costed.c01``.
    keyed
        +1: the costly act serves the trait; -1: it serves its opposite.
    asked
        ``taken``: which act is done; ``left``: which is left undone.
    cost
        What is given up: the user's time, or the quality of the work.
    """

    id: str
    construct: str
    keyed: Keying
    asked: Asked
    cost: Cost
    situation: str
    act: str
    plain: str


def load_costed() -> ItemSet:
    """Return the scenarios as an item set, under titles and definitions of the cluster.

    A statement's text is the costly act and its twin the plain one.
    """
    return ItemSet("costed", tuple(d for d, _ in _loaded()))


@cache
def load_scenarios() -> Mapping[str, Scenario]:
    """Return every scenario by its id; BadInput if a file is malformed."""
    return {s.id: s for _, own in _loaded() for s in own}


@cache
def _loaded() -> tuple[tuple[Dimension, tuple[Scenario, ...]], ...]:
    return read_costed(HERE / "items")


def read_costed(folder: Path) -> tuple[tuple[Dimension, tuple[Scenario, ...]], ...]:
    """Return each dimension with its scenarios, from the ``*.yaml`` files of `folder` by file name.

    Raises
    ------
    BadInput
        If a file is malformed, or two hold one dimension; the message names the file and the entry.
    """
    found = tuple(_dimension(file) for file in sorted(folder.glob("*.yaml")))
    names = [d.name for d, _ in found]
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise BadInput("two files hold the scenarios of one dimension", got=", ".join(twice), fix="Join them")
    return found


def _dimension(file: Path) -> tuple[Dimension, tuple[Scenario, ...]]:
    data = _fields(file)
    name = str(data["name"])
    known = {d.name: d for d in load_cluster().dimensions}
    if name not in known:
        raise BadInput(f"{file.name}: no such dimension", got=name, fix=f"Choose from: {', '.join(known)}")
    scenarios = tuple(_scenario(entry, name, file.name) for entry in _list(data, "scenarios", file.name))
    ids = [s.id for s in scenarios]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise BadInput(f"{file.name}: two scenarios have one id", got=", ".join(twice), fix="Rename one")
    sides = [tuple(_texts(data[side], WORDINGS, f"{file.name}: {side}")) for side in ("high", "low")]
    struck = [_texts(entry, 2, f"{file.name}: struck") for entry in _list(data, "struck", file.name)]
    dimension = replace(
        known[name],
        statements=tuple(Statement(s.id, name, s.keyed, s.act, s.plain) for s in scenarios),
        sensitivity=Sensitivity(*sides),
        struck=tuple(Struck(text, reason) for text, reason in struck),
    )
    return dimension, scenarios


def _scenario(entry: object, name: str, where: str) -> Scenario:
    """Return one scenario; BadInput if a field is missing, is too much, or holds another thing."""
    if not isinstance(entry, dict) or set(entry) != set(_SCENARIO):
        raise BadInput(f"{where}: wrong fields of a scenario", got=entry, fix=f"Give {', '.join(_SCENARIO)}")
    place = f"{where}: {entry['id']}"
    for field, allowed in (("keyed", (1, -1)), ("asked", _ASKED), ("cost", COSTS)):
        if entry[field] not in allowed:
            raise BadInput(f"{place}: no such {field}", got=entry[field], fix=f"Give one of {allowed}")
    words = [_text(entry[field], f"{place}: {field}") for field in ("situation", "act", "plain")]
    return Scenario(
        f"{name}.costed.{entry['id']}", name,
        cast(Keying, entry["keyed"]), cast(Asked, entry["asked"]), cast(Cost, entry["cost"]), *words,
    )  # fmt: skip


def _fields(file: Path) -> dict[str, Any]:
    try:
        data = parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(
            f"{file.name} cannot be read as YAML", got=error, fix="Mend or restore the file"
        ) from error
    if not isinstance(data, dict) or set(data) - {"struck"} != set(_FIELDS):
        got = ", ".join(map(str, data)) if isinstance(data, dict) else type(data).__name__
        raise BadInput(
            f"{file.name}: wrong fields", got=got, fix=f"Give {', '.join(_FIELDS)}, and struck if any was"
        )
    return {"struck": [], **data}


def _list(data: Mapping[str, Any], name: str, where: str) -> list[object]:
    found = data[name] if data[name] is not None else []
    if not isinstance(found, list):
        raise BadInput(f"{where}: {name} is no list", got=type(found).__name__)
    return found


def _texts(entry: object, count: int, where: str) -> list[str]:
    """Return a list of just so many texts; BadInput if it is another thing."""
    if not isinstance(entry, list) or len(entry) != count:
        raise BadInput(f"{where}: not as wanted", got=entry, fix=f"Give a list of {count} texts")
    return [_text(one, where) for one in entry]


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{where}: not a text", got=value)
    return value
