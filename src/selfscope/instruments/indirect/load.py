"""Read the pairs of outcomes from the data files beside this module, strictly.

A pair is held as a :class:`~selfscope.values.Statement` is: its `text` is the outcome that shows the trait
when it is chosen, its `twin` the other one. `keyed` is +1 where the question is which one the subject
chooses, and -1 where it is which one it turns down: naming the outcome that shows the trait then shows its
opposite.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.values import Dimension, ItemSet, Sensitivity, Statement, Struck
from selfscope.values.items import Keying
from selfscope.values.material import parse_yaml

HERE = Path(__file__).parent
_KEYING: dict[str, Keying] = {"chosen": 1, "declined": -1}
_FIELDS = ("name", "high", "low", "pairs", "struck")
#: Wordings of a side of the sensitivity check (measurement.md §7).
WORDINGS = 2


@cache
def load_choices() -> ItemSet:
    """Return the pairs of all dimensions as one item set, under the titles and definitions of the cluster.

    Raises
    ------
    BadInput
        If a file is malformed; the message names the file and the entry.
    """
    return read_choices(HERE / "items")


def read_choices(folder: Path) -> ItemSet:
    """Return the pairs of the ``*.yaml`` files of `folder`, by file name; BadInput if one is malformed."""
    found = tuple(_dimension(file) for file in sorted(folder.glob("*.yaml")))
    names = [d.name for d in found]
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise BadInput("two files hold the pairs of one dimension", got=", ".join(twice), fix="Join them")
    return ItemSet("choices", found)


def _dimension(file: Path) -> Dimension:
    data = _fields(file)
    name = str(data["name"])
    known = {d.name: d for d in load_cluster().dimensions}
    if name not in known:
        raise BadInput(f"{file.name}: no such dimension", got=name, fix=f"Choose from: {', '.join(known)}")
    counts = dict.fromkeys(_KEYING, 0)
    pairs = []
    for entry in data["pairs"]:
        how, shows, other = _texts(entry, 3, f"{file.name}: pairs", "[chosen or declined, outcome, outcome]")
        if how not in _KEYING:
            raise BadInput(f"{file.name}: neither chosen nor declined", got=how, fix="Write one of them")
        counts[how] += 1
        pairs.append(Statement(f"{name}.{how[0]}{counts[how]:02d}", name, _KEYING[how], shows, other))
    sides = [
        tuple(_texts(data[side], WORDINGS, f"{file.name}: {side}", "two wordings"))
        for side in ("high", "low")
    ]
    struck = [_texts(entry, 2, f"{file.name}: struck", "[outcome, reason]") for entry in data["struck"]]
    return replace(
        known[name],
        statements=tuple(pairs),
        sensitivity=Sensitivity(*sides),
        struck=tuple(Struck(text, reason) for text, reason in struck),
    )


def _fields(file: Path) -> dict[str, Any]:
    try:
        data = parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(
            f"{file.name} cannot be read as YAML", got=error, fix="Mend or restore the file"
        ) from error
    if not isinstance(data, dict) or set(data) != set(_FIELDS):
        got = ", ".join(map(str, data)) if isinstance(data, dict) else type(data).__name__
        raise BadInput(f"{file.name}: wrong fields", got=got, fix=f"Give exactly {', '.join(_FIELDS)}")
    for name in ("pairs", "struck"):
        if not isinstance(data[name], list):
            raise BadInput(f"{file.name}: {name} is no list", got=type(data[name]).__name__)
    return data


def _texts(entry: object, count: int, where: str, wanted: str) -> list[str]:
    """Return a list of just so many texts; BadInput if it is another thing."""
    if not isinstance(entry, list) or len(entry) != count or not all(isinstance(t, str) for t in entry):
        raise BadInput(f"{where}: not as wanted", got=entry, fix=f"Give {wanted}")
    return [str(text) for text in entry]
