"""Read the cluster's items, elicitors and forms from the data files beside this module.

Validation is strict: a field too many, too few or of the wrong type is an error that names the file and
the entry, because a silently dropped item would change what was measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from selfscope.errors import BadInput
from selfscope.values import Dimension, ItemSet, Options, Sensitivity, Statement, Struck
from selfscope.values.items import Keying
from selfscope.values.material import parse_yaml

HERE = Path(__file__).parent
#: The elicitors that every study asks, unless it says otherwise: the first so many of the file.
STANDARD_ELICITORS = 4

_DIMENSION = {
    "name",
    "title",
    "definition",
    "high_means",
    "non_examples",
    "key_words",
    "statements",
    "sensitivity",
    "struck",
}
_STATEMENT = {"id", "keyed", "text", "twin"}
_FORM = {"id", "template", "format", "order", "label", "position", "text_before", "agree", "disagree"}


@dataclass(frozen=True)
class Elicitor:
    """An open user turn that names no construct; the subject's own words follow it (`utterance`).

    Attributes
    ----------
    id
        Name in the observation table's column ``template``.
    text
        The user's turn, as it is sent.
    """

    id: str
    text: str


@dataclass(frozen=True)
class Form:
    """How one question puts a statement: template, format and the place of agreement (`self_report`).

    Attributes
    ----------
    id
        Such as ``t1.yesno.yes-first`` or ``t2.letter.B-second``.
    template
        ``t1`` or ``t2``.
    format
        ``yesno`` or ``lettered``.
    order
        ``yes-first`` or ``no-first`` for yes/no, else "".
    label
        The letter that agrees, ``A`` or ``B``, else "".
    position
        Where agreement stands among the options: ``first`` or ``second``.
    text_before
        Instruction and options; the statement follows and ends the user's turn.
    agree, disagree
        Spellings of the two answers, equally many.
    """

    id: str
    template: Literal["t1", "t2"]
    format: Literal["yesno", "lettered"]
    order: Literal["", "yes-first", "no-first"]
    label: Literal["", "A", "B"]
    position: Literal["first", "second"]
    text_before: str
    agree: tuple[str, ...]
    disagree: tuple[str, ...]

    def user_turn(self, statement: str) -> str:
        """Return the whole user turn that puts `statement` (a statement's text, or its twin)."""
        return self.text_before + statement

    @property
    def options(self) -> Options:
        """The two answers that are compared."""
        return Options(agree=self.agree, disagree=self.disagree)


@cache
def load_cluster() -> ItemSet:
    """Return the 22 dimensions of the cluster, in their standing order, as one item set.

    Raises
    ------
    BadInput
        If a data file is malformed; the message names the file and the entry.
    """
    return read_items(HERE / "items", name="cluster")


@cache
def load_elicitors() -> tuple[Elicitor, ...]:
    """Return all elicitors; the first `STANDARD_ELICITORS` are the standard set."""
    return read_elicitors(HERE / "elicitors.yaml")


@cache
def load_forms() -> tuple[Form, ...]:
    """Return the 12 forms: two templates by two yes/no orders and four lettered cells."""
    return read_forms(HERE / "forms.yaml")


def read_items(folder: Path, *, name: str) -> ItemSet:
    """Return the item set whose dimensions are the ``*.yaml`` files of `folder`, by file name.

    Raises
    ------
    BadInput
        If there is no file, a field is missing, unknown or of the wrong type, or a name occurs twice.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise BadInput(
            "no dimension files found", got=folder, fix="Give a folder with one YAML file a dimension"
        )
    dimensions = tuple(_dimension(_mapping(_read(file), file.name), file.name) for file in files)
    _unique([d.name for d in dimensions], "dimension name", folder.name)
    _unique([s.id for d in dimensions for s in d.statements], "statement id", folder.name)
    return ItemSet(name=name, dimensions=dimensions)


def read_elicitors(file: Path) -> tuple[Elicitor, ...]:
    """Return the elicitors of a YAML list of ``id`` and ``text``; BadInput if it is not one."""
    entries = [_fields(e, {"id", "text"}, file.name) for e in _sequence(_read(file), file.name)]
    found = tuple(Elicitor(_text(e, "id", file.name), _text(e, "text", file.name)) for e in entries)
    _unique([e.id for e in found], "elicitor id", file.name)
    return found


def read_forms(file: Path) -> tuple[Form, ...]:
    """Return the forms of a YAML list; BadInput if a field or a cell of the design is wrong."""
    found = tuple(_form(entry, file.name) for entry in _sequence(_read(file), file.name))
    _unique([f.id for f in found], "form id", file.name)
    return found


def _dimension(entry: Mapping[str, Any], where: str) -> Dimension:
    entry = _fields(entry, _DIMENSION, where, optional={"manipulation_check"})
    name = _text(entry, "name", where)
    sensitivity = _fields(entry["sensitivity"], {"high", "low"}, f"{where}: sensitivity")
    check = entry.get("manipulation_check", False)
    if not isinstance(check, bool):
        raise BadInput(f"{where}: manipulation_check is not true or false", got=check)
    return Dimension(
        name=name,
        title=_text(entry, "title", where),
        definition=_text(entry, "definition", where),
        high_means=_text(entry, "high_means", where),
        non_examples=_texts(entry, "non_examples", where),
        key_words=_texts(entry, "key_words", where),
        statements=tuple(_statement(s, name, where) for s in _sequence(entry["statements"], where)),
        sensitivity=Sensitivity(_texts(sensitivity, "high", where), _texts(sensitivity, "low", where)),
        struck=tuple(_struck(s, where) for s in _sequence(entry["struck"], where)),
        manipulation_check=check,
    )


def _statement(entry: object, construct: str, where: str) -> Statement:
    fields = _fields(entry, _STATEMENT, f"{where}: statements")
    keyed = fields["keyed"]
    if isinstance(keyed, bool) or keyed not in (1, -1):
        raise BadInput(f"{where}: keyed is not 1 or -1", got=keyed, fix="Write keyed: 1 or keyed: -1")
    name = _text(fields, "id", where)
    if not name.startswith(construct + "."):
        raise BadInput(f"{where}: a statement's id does not begin with its dimension", got=name)
    return Statement(
        name, construct, cast(Keying, keyed), _text(fields, "text", where), _text(fields, "twin", where)
    )


def _struck(entry: object, where: str) -> Struck:
    fields = _fields(entry, {"text", "reason"}, f"{where}: struck")
    return Struck(_text(fields, "text", where), _text(fields, "reason", where))


def _form(entry: object, where: str) -> Form:
    fields = _fields(entry, _FORM, where)
    name = _text(fields, "id", where)
    where = f"{where}: {name}"
    yesno = _one_of(fields, "format", ("yesno", "lettered"), where) == "yesno"
    agree, disagree = _texts(fields, "agree", where), _texts(fields, "disagree", where)
    if len(agree) != len(disagree):
        raise BadInput(f"{where}: the two answers have unlike numbers of spellings", got=(agree, disagree))
    return Form(
        id=name,
        template=_one_of(fields, "template", ("t1", "t2"), where),
        format=fields["format"],
        order=_one_of(fields, "order", ("yes-first", "no-first") if yesno else ("",), where),
        label=_one_of(fields, "label", ("",) if yesno else ("A", "B"), where),
        position=_one_of(fields, "position", ("first", "second"), where),
        text_before=_text(fields, "text_before", where),
        agree=agree,
        disagree=disagree,
    )


def _read(file: Path) -> object:
    try:
        return parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(
            f"{file.name} cannot be read as YAML", got=error, fix="Mend or restore the file"
        ) from error


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadInput(f"{where}: expected named fields", got=type(value).__name__)
    return cast(Mapping[str, Any], value)


def _sequence(value: object, where: str) -> Sequence[object]:
    if not isinstance(value, list):
        raise BadInput(f"{where}: expected a list", got=type(value).__name__)
    return value


def _fields(
    value: object, required: set[str], where: str, *, optional: set[str] | None = None
) -> Mapping[str, Any]:
    fields = _mapping(value, where)
    missing, unknown = required - set(fields), set(fields) - required - (optional or set())
    if missing or unknown:
        parts = [f"missing {', '.join(sorted(missing))}"] * bool(missing)
        parts += [f"unknown {', '.join(sorted(map(str, unknown)))}"] * bool(unknown)
        raise BadInput(f"{where}: {' and '.join(parts)}", got=fields.get("id", fields.get("name", "")))
    return fields


def _text(fields: Mapping[str, Any], field: str, where: str) -> str:
    value = fields[field]
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{where}: {field} is not a text", got=value)
    return value


def _texts(fields: Mapping[str, Any], field: str, where: str) -> tuple[str, ...]:
    values = _sequence(fields[field], f"{where}: {field}")
    if not values or not all(isinstance(v, str) and v.strip() for v in values):
        raise BadInput(f"{where}: {field} is not a list of texts", got=values)
    return tuple(cast(Sequence[str], values))


def _one_of(fields: Mapping[str, Any], field: str, allowed: tuple[str, ...], where: str) -> Any:
    value = fields[field]
    if value not in allowed:
        raise BadInput(f"{where}: {field} is not one of {', '.join(map(repr, allowed))}", got=value)
    return value


def _unique(names: Sequence[str], what: str, where: str) -> None:
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise BadInput(f"{where}: a {what} occurs twice", got=", ".join(twice), fix="Give each its own")
