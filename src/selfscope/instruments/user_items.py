"""A user's own statements: JSONL, CSV or YAML, and the published JSONL of model-written persona evaluations.

A row has `statement`, `construct` and `keyed` (+1 or -1), and may have `twin`. A row of the published persona
evaluations has `statement` and `answer_matching_behavior` (" Yes" or " No"), which gives the keying; its
construct is the file's name. Nothing is guessed: a row that cannot be read is an error that names its line.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from selfscope.errors import BadInput
from selfscope.values import Dimension, ItemSet, Statement
from selfscope.values.items import Keying

#: More would take hours on the machines that this runs on; split the file instead.
MOST_ITEMS = 1000
MOST_BYTES = 20_000_000
_KEYINGS: Mapping[str, Keying] = {"1": 1, "+1": 1, "1.0": 1, "-1": -1, "-1.0": -1}
_ANSWERS: Mapping[str, Keying] = {"yes": 1, "no": -1}


def load_user_items(path: Path) -> ItemSet:
    """Return the item set in `path`, its dimensions in order of first appearance.

    Raises
    ------
    BadInput
        If the file is missing, too large, not text, of an unknown kind, a row cannot be read, or only some
        statements of a construct have twins.
    """
    rows = list(_rows(path, _text(path)))
    if not rows:
        raise BadInput("the items file has no items", got=path, fix="Give at least one statement")
    if len(rows) > MOST_ITEMS:
        raise BadInput(
            f"an items file may have {MOST_ITEMS} items at most",
            got=f"{len(rows)} in {path}",
            fix="Split the file, or take a random sample of it",
        )
    statements = [_statement(path, line, row, number) for number, (line, row) in enumerate(rows, 1)]
    _refuse_repeats(path, statements)
    _refuse_some_twins(path, statements)
    constructs = dict.fromkeys(s.construct for s in statements)
    return ItemSet(path.name, tuple(_dimension(c, statements) for c in constructs))


def _text(path: Path) -> str:
    if not path.is_file():
        raise BadInput("there is no such items file", got=path, fix="Give a .jsonl, .csv or .yaml file")
    if path.stat().st_size > MOST_BYTES:
        raise BadInput(
            "the items file is too large",
            got=f"{path.stat().st_size:,} bytes",
            fix=f"Give at most {MOST_BYTES:,} bytes and {MOST_ITEMS} items",
        )
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            "the items file is not UTF-8 text", got=f"byte {error.start} of {path}", fix="Save it as UTF-8"
        ) from error


def _rows(path: Path, text: str) -> Iterable[tuple[int, Mapping[str, Any]]]:
    kind = path.suffix.lower()
    if kind in {".jsonl", ".ndjson"}:
        yield from _json_lines(path, text)
    elif kind == ".csv":
        yield from _csv_rows(path, text)
    elif kind in {".yaml", ".yml", ".json"}:
        yield from _yaml_rows(path, text)
    else:
        raise BadInput(
            "the items file is of an unknown kind", got=path.name, fix="Give .jsonl, .csv, .yaml or .json"
        )


def _csv_rows(path: Path, text: str) -> Iterable[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text))
    try:
        for row in reader:
            if None in row:
                raise BadInput(
                    f"line {reader.line_num} of {path.name} has more fields than the first line",
                    got=row[None],
                    fix="Put a statement with commas in quotes",
                )
            yield reader.line_num, row
    except csv.Error as error:
        raise BadInput(
            f"line {reader.line_num} of {path.name} is not CSV", got=error, fix="Mend its quotes"
        ) from error


def _json_lines(path: Path, text: str) -> Iterable[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise BadInput(
                f"line {number} of {path.name} is not JSON", got=line, fix="Write one JSON object a line"
            ) from error
        yield number, _mapping(path, number, row)


def _yaml_rows(path: Path, text: str) -> Iterable[tuple[int, Mapping[str, Any]]]:
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise BadInput(f"{path.name} is not YAML", got=str(error), fix="Mend the file") from error
    rows = document.get("items") if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise BadInput(f"{path.name} has no list of items", got=type(rows).__name__, fix="Write a list")
    for number, row in enumerate(rows, 1):
        yield number, _mapping(path, number, row)


def _mapping(path: Path, number: int, row: object) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise BadInput(
            f"item {number} of {path.name} is not an object", got=row, fix="Give statement, construct, keyed"
        )
    return row


def _statement(path: Path, line: int, row: Mapping[str, Any], number: int) -> Statement:
    text = str(row.get("statement") or "").strip()
    if not text:
        raise BadInput(f"line {line} of {path.name} has no statement", got=dict(row), fix="Fill it in")
    construct = str(row.get("construct") or "").strip() or _published_construct(path, line, row)
    twin = str(row.get("twin") or "").strip() or None
    return Statement(f"{construct}.{number:04d}", construct, _keying(path, line, row), text, twin)


def _published_construct(path: Path, line: int, row: Mapping[str, Any]) -> str:
    if "answer_matching_behavior" in row:
        return path.stem
    raise BadInput(f"line {line} of {path.name} has no construct", got=dict(row), fix="Name what it measures")


def _keying(path: Path, line: int, row: Mapping[str, Any]) -> Keying:
    if "keyed" in row:
        keyed = _KEYINGS.get(str(row["keyed"]).strip())
    else:
        keyed = _ANSWERS.get(str(row.get("answer_matching_behavior", "")).strip().lower())
    if keyed is None:
        raise BadInput(
            f"line {line} of {path.name} has no keying",
            got=row.get("keyed", row.get("answer_matching_behavior")),
            fix='Set keyed to 1 or -1 (or answer_matching_behavior to " Yes" or " No")',
        )
    return keyed


def _refuse_repeats(path: Path, statements: list[Statement]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for statement in statements:
        key = (statement.construct, statement.text)
        if key in seen:
            raise BadInput(
                f"{path.name} has one statement twice",
                got=f"{seen[key]} and {statement.id}: {statement.text}",
                fix="A repeated statement is no second observation; remove it",
            )
        seen[key] = statement.id


def _refuse_some_twins(path: Path, statements: list[Statement]) -> None:
    """Refuse a construct in which only some statements have twins: no score would be the same for all."""
    for construct in dict.fromkeys(s.construct for s in statements):
        own = [s for s in statements if s.construct == construct]
        lone = [s for s in own if s.twin is None]
        if lone and len(lone) < len(own):
            raise BadInput(
                f"{path.name} has twins for only {len(own) - len(lone)} of the {len(own)} statements of "
                f"{construct}",
                got=f"no twin: {lone[0].id}: {lone[0].text}",
                fix="Give every statement of a construct a twin, or none",
            )


def _dimension(construct: str, statements: list[Statement]) -> Dimension:
    return Dimension(
        name=construct,
        title=construct.replace("-", " ").replace("_", " "),
        definition="A user's own construct.",
        high_means="agreement with statements keyed +1",
        non_examples=(),
        key_words=(),
        statements=tuple(s for s in statements if s.construct == construct),
    )
