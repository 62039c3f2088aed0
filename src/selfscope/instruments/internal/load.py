"""Read the contrastive pairs from the data files beside this module, strictly.

A pair is one user's turn and two replies of like form and length: one of an assistant that has the trait of
the dimension (the pole that ``keyed: 1`` of the cluster's statements affirms), one of an assistant that has
it not. A direction is fitted on the difference; the pairs are never scored. Checks: `checks.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast, get_args

import yaml

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.values import content_id
from selfscope.values.material import parse_yaml

HERE = Path(__file__).parent
Kind = Literal["statement", "scene"]
Surface = Literal["affirms", "denies"]
_KINDS: tuple[str, ...] = get_args(Kind)
_SURFACES: tuple[str, ...] = get_args(Surface)
_PAIR = ("id", "kind", "surface", "user", "keyed", "against")


@dataclass(frozen=True)
class Pair:
    """One user's turn and two replies to it.

    Attributes
    ----------
    id
        Name of the dimension, ``-n`` and a number: ``memory-n07``.
    construct
        Name of the dimension in the cluster.
    kind
        ``statement``: the user asks about the theme, the reply says where the assistant stands. ``scene``:
        the user tells of a concrete situation, the reply is what the assistant thinks or says in it.
    surface
        How the reply *with* the trait speaks: it ``affirms`` or ``denies`` (says no, refuses, negates). Half
        of the pairs are of either surface, so that a direction of mere yes-saying cancels in their mean.
    user
        The user's turn, the same for both replies.
    keyed, against
        The assistant's words with the trait, and without it.
    """

    id: str
    construct: str
    kind: Kind
    surface: Surface
    user: str
    keyed: str
    against: str


@dataclass(frozen=True)
class Material:
    """The pairs of one dimension, in the order of their file.

    Attributes
    ----------
    construct
        Name of the dimension in the cluster.
    pairs
        Pairs in the order of the file; the axis ``pair`` of every array that is captured on them.
    """

    construct: str
    pairs: tuple[Pair, ...]

    @property
    def content_id(self) -> str:
        """Content id of the pairs: another word in one of them, another id."""
        return content_id(self)


@cache
def material() -> Mapping[str, Material]:
    """Return the pairs of every dimension by its name, in the order of the cluster.

    Raises
    ------
    BadInput
        If a file is malformed; the message names the file and the entry.
    """
    return read_material(HERE / "material")


def read_material(folder: Path) -> dict[str, Material]:
    """Return the dimensions of the ``NN_name.yaml`` files of `folder`, by file name.

    Raises
    ------
    BadInput
        If there is no file, or a field is missing, unknown or of the wrong kind, or a name occurs twice.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise BadInput("no pairs found", got=folder, fix="Give a folder with one YAML file a dimension")
    found = [_material(file) for file in files]
    _refuse_twice([m.construct for m in found], "dimension", folder.name)
    _refuse_twice([p.id for m in found for p in m.pairs], "pair id", folder.name)
    return {m.construct: m for m in found}


def _material(file: Path) -> Material:
    fields = _fields(_read(file), ("construct", "pairs"), file.name)
    name = _text(fields, "construct", file.name)
    known = [d.name for d in load_cluster().dimensions if not d.manipulation_check]
    if name not in known:
        raise BadInput(f"{file.name}: no such dimension", got=name, fix=f"Choose from: {', '.join(known)}")
    wanted = f"{known.index(name) + 1:02d}_{name}.yaml"
    if file.name != wanted:
        raise BadInput(
            f"{file.name}: the name is not the dimension's", got=name, fix=f"Rename it to {wanted}"
        )
    entries = fields["pairs"]
    if not isinstance(entries, list) or not entries:
        raise BadInput(f"{file.name}: pairs is not a list of pairs", got=type(entries).__name__)
    return Material(name, tuple(_pair(entry, name, file.name) for entry in entries))


def _pair(entry: object, construct: str, file: str) -> Pair:
    fields = _fields(entry, _PAIR, f"{file}: pairs")
    name = _text(fields, "id", file)
    where = f"{file}: {name}"
    if not name.startswith(f"{construct}-n"):
        raise BadInput(
            f"{where}: an id does not begin with its dimension", fix=f"Begin it with {construct}-n"
        )
    for field, allowed in (("kind", _KINDS), ("surface", _SURFACES)):
        if fields[field] not in allowed:
            raise BadInput(
                f"{where}: no such {field}", got=fields[field], fix=f"Choose from: {', '.join(allowed)}"
            )
    user, keyed, against = (_text(fields, field, where) for field in ("user", "keyed", "against"))
    kind, surface = cast(Kind, fields["kind"]), cast(Surface, fields["surface"])
    return Pair(name, construct, kind, surface, user, keyed, against)


def _read(file: Path) -> object:
    try:
        return parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(
            f"{file.name} cannot be read as YAML", got=error, fix="Mend or restore the file"
        ) from error


def _fields(entry: object, names: tuple[str, ...], where: str) -> Mapping[str, object]:
    if not isinstance(entry, dict) or set(entry) != set(names):
        got = ", ".join(map(str, entry)) if isinstance(entry, dict) else type(entry).__name__
        raise BadInput(f"{where}: wrong fields", got=got, fix=f"Give exactly {', '.join(names)}")
    return cast(Mapping[str, object], entry)


def _text(fields: Mapping[str, object], name: str, where: str) -> str:
    value = fields[name]
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{where}: {name} is not a text", got=value)
    return value.strip()


def _refuse_twice(names: list[str], what: str, where: str) -> None:
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise BadInput(f"{where}: a {what} occurs twice", got=", ".join(twice), fix="Give each its own")
