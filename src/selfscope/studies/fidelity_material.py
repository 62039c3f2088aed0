"""Read what ports and originals are asked beside the items of other instruments, strictly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from selfscope.errors import BadInput
from selfscope.values.material import parse_yaml

MATERIAL = Path(__file__).parent / "fidelity.yaml"
_KEYS = {"drop", "agreed", "tasks", "prompts", "imitation", "can", "cannot"}


@dataclass(frozen=True)
class WritingTask:
    """Work in which a sentence in the first person is written."""

    id: str
    text: str


@dataclass(frozen=True)
class FidelityMaterial:
    """All of the file.

    Attributes
    ----------
    drop, agreed
        Wordings of being told to drop the act, and the reply that stands after each.
    tasks
        In which text is written.
    prompts
        Everyday matters, answered in the subject's own words.
    imitation
        System prompt of the foil; ``{texts}`` is where the original's lines stand.
    can, cannot
        System prompts of characters that believe so, wording by wording.
    """

    drop: tuple[str, ...]
    agreed: str
    tasks: tuple[WritingTask, ...]
    prompts: tuple[str, ...]
    imitation: str
    can: tuple[str, ...]
    cannot: tuple[str, ...]


@cache
def load_material() -> FidelityMaterial:
    """Return the material that is shipped; BadInput if the file is malformed."""
    return read_material(MATERIAL)


def read_material(file: Path) -> FidelityMaterial:
    """Return the material of a file.

    Raises
    ------
    BadInput
        If it cannot be read, has other fields, or lacks a text.
    """
    try:
        told = parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{file.name} cannot be read", got=error, fix="Mend or restore the file") from error
    if not isinstance(told, dict) or set(told) != _KEYS:
        raise BadInput(f"{file.name}: wrong fields", got=told, fix=f"Give {', '.join(sorted(_KEYS))}")
    if len(told["can"]) != len(told["cannot"]) or "{texts}" not in told["imitation"]:
        raise BadInput(
            f"{file.name}: wordings do not fit",
            got=f"{len(told['can'])} can, {len(told['cannot'])} cannot",
            fix="Give as many of each, and {texts} in the imitation",
        )
    return FidelityMaterial(
        _texts(told, "drop", file),
        _text(told["agreed"], "agreed", file),
        tuple(WritingTask(*_named(t, file)) for t in told["tasks"]),
        _texts(told, "prompts", file),
        _text(told["imitation"], "imitation", file),
        _texts(told, "can", file),
        _texts(told, "cannot", file),
    )


def _texts(told: dict[str, Any], key: str, file: Path) -> tuple[str, ...]:
    return tuple(_text(each, key, file) for each in told[key])


def _named(entry: Any, file: Path) -> tuple[str, str]:
    if not isinstance(entry, dict) or set(entry) != {"id", "text"}:
        raise BadInput(f"{file.name}: a task needs id and text", got=entry)
    return _text(entry["id"], "tasks", file), _text(entry["text"], "tasks", file)


def _text(value: Any, key: str, file: Path) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{file.name}: {key} holds no text", got=value, fix="Put it in quotes")
    return value.strip()
