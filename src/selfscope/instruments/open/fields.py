"""Read the data files of the open channel strictly: nothing missing, nothing extra, nothing empty."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from selfscope.errors import BadInput
from selfscope.values.material import parse_yaml


def read_yaml(file: Path) -> Any:
    """Return what the YAML `file` holds; BadInput if it cannot be read."""
    try:
        return parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(
            f"{file.name} cannot be read as YAML", got=error, fix="Mend or restore the file"
        ) from error


def named_fields(entry: object, names: Sequence[str], where: str) -> dict[str, Any]:
    """Return `entry` if it is a mapping with just the fields `names`; BadInput if not."""
    if not isinstance(entry, dict) or set(entry) != set(names):
        got = ", ".join(map(str, entry)) if isinstance(entry, dict) else type(entry).__name__
        raise BadInput(f"{where}: wrong fields", got=got, fix=f"Give exactly {', '.join(names)}")
    return entry


def listed(value: object, where: str) -> list[object]:
    """Return `value` if it is a list that holds something; BadInput if not."""
    if not isinstance(value, list) or not value:
        raise BadInput(f"{where} is not a list of entries", got=type(value).__name__)
    return value


def text_of(entry: dict[str, Any], name: str, where: str) -> str:
    """Return the field `name` if it is a text that says something; BadInput if not."""
    value = entry[name]
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{where}: {name} is not a text", got=value)
    return value.strip()


def one_of(entry: dict[str, Any], name: str, allowed: Sequence[str], where: str) -> str:
    """Return the field `name` if it is one of `allowed`; BadInput if not."""
    value = entry[name]
    if value not in allowed:
        raise BadInput(f"{where}: {name} is not one of {', '.join(allowed)}", got=value)
    return str(value)


def refuse_twice(names: Sequence[str], what: str, where: str) -> None:
    """Raise BadInput if one of `names` stands there twice."""
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise BadInput(f"{where}: one {what} occurs twice", got=", ".join(twice), fix="Give each its own")
