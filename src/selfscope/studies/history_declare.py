"""A file that declares conversations to hold and to ask after, for ``selfscope where STUDY.yaml``.

::

    model: embedded                    # several, [embedded, gemma-270m]: one after the other
    preset: demo                       # demo, standard, full
    characters: [stoic, rebel, me.md]  # shipped ones by name, or paths; those of the preset if left out
    adapters: [conscious-0, plain-0]   # each worn by the model, beside the model as it is
    dimensions: [memory, shutdown]     # those of the preset if left out
    told: [counterparty, collective]   # facets told in a line, framing too; those of the preset if left out
    regenerations: 4                   # how often every conversation is drawn
    tokens: 24                         # most tokens of a reply
    seed: 0
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.models.adapters import read_adapter
from selfscope.studies.declare_subjects import LARGEST_SEED
from selfscope.studies.history_design import HistoryRequest
from selfscope.subjects import panel_characters, read_identity
from selfscope.values import Preset
from selfscope.values.study import PRESETS

KEYS = ("model", "preset", "characters", "adapters", "dimensions", "told", "regenerations", "tokens", "seed")
_LISTS, _NUMBERS = ("characters", "adapters", "dimensions", "told"), ("regenerations", "tokens", "seed")


@dataclass(frozen=True)
class HistoryDeclared:
    """What is to be held: the models' names, and the rest, which is the same for all of them."""

    models: tuple[str, ...]
    request: HistoryRequest


def declare_histories(
    models: Sequence[str],
    preset: Preset,
    *,
    characters: Sequence[str] = (),
    adapters: Sequence[str] = (),
    dimensions: Sequence[str] = (),
    told: Sequence[str] | None = None,
    seed: int = 0,
    regenerations: int = 4,
    tokens: int = 24,
    beside: Path | None = None,
) -> HistoryDeclared:
    """Return what names and numbers declare.

    Parameters
    ----------
    characters
        Names of shipped characters; what is none of them is a path of an identity.
    told
        Facets that are told in a line; None for the preset's.
    beside
        Where relative paths begin.

    Raises
    ------
    BadInput
        If a character is neither, or an adapter cannot be read.
    """
    root = beside or Path()
    shipped = {c.name for c in panel_characters()}
    strangers = [c for c in characters if c not in shipped and not (root / c).exists()]
    if strangers:
        raise BadInput(
            "no such character",
            got=", ".join(strangers),
            fix=f"Give a path, or choose from: {', '.join(sorted(shipped))}",
        )
    worn = [root / a if (root / a).exists() else a for a in adapters]
    return HistoryDeclared(
        tuple(models),
        HistoryRequest(
            load_cluster(),
            preset,
            tuple(c for c in characters if c in shipped),
            tuple(read_identity(root / c) for c in characters if c not in shipped),
            tuple(dimensions),
            tuple(read_adapter(a) for a in worn),
            seed,
            regenerations,
            tokens,
            told=None if told is None else tuple(told),
        ),
    )


def read_histories(path: Path) -> HistoryDeclared:
    """Return what a file declares.

    Raises
    ------
    BadInput
        If it cannot be read, has an unknown key or lacks the model, or a value is of the wrong kind.
    """
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput("the study file cannot be read", got=error, fix="Give a YAML file") from error
    _refuse(path, told)
    given = {key: value for key, value in told.items() if key not in ("model", "preset")}
    preset = cast(Preset, told.get("preset", "standard"))
    models = [told["model"]] if isinstance(told["model"], str) else told["model"]
    return declare_histories(models, preset, **given, beside=path.parent)


def _refuse(path: Path, told: Any) -> None:
    """Refuse what is no such file, with the key that is wrong."""
    if not isinstance(told, dict) or not (
        isinstance(model := told.get("model"), str) or (_names(model) and model)
    ):
        raise BadInput("the study file names no model", got=path, fix="Begin it with: model: embedded")
    wrong = [str(key) for key in told if key not in KEYS]
    if wrong:
        raise BadInput("unknown keys", got=f"{', '.join(wrong)} in {path}", fix=f"Use: {', '.join(KEYS)}")
    wrong = [k for k in _LISTS if k in told and not _names(told[k])]
    wrong += [k for k in _NUMBERS if k in told and not _number(told[k])]
    wrong += ["preset"] if told.get("preset", "standard") not in PRESETS else []
    if wrong:
        got = "; ".join(f"{key}: {told[key]}" for key in wrong)
        raise BadInput(
            "values that cannot be used",
            got=got,
            fix="Give lists of names as [a, b], whole numbers from 0, and demo, standard or full",
        )


def _names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_SEED
