"""What a study file says of instruments that play their own conversations: which, and with what settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from selfscope.errors import BadInput
from selfscope.studies.apart import Apart, Wish, load_apart
from selfscope.subjects import Reading
from selfscope.values import Preset
from selfscope.values.marked import Marked
from selfscope.values.study import PRESETS

#: A setting that every instrument has: its own preset, beside that of the study.
PRESET = "preset"


@dataclass(frozen=True)
class AskedApart:
    """One such instrument of a study file.

    Attributes
    ----------
    constructs
        Some of its own; all if empty.
    options
        Settings that only it has, as they were written.
    base
        The folder of the file, which paths in them are relative to.
    """

    instrument: Apart
    preset: Preset
    constructs: tuple[str, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()
    replicates: int = 20
    base: Path = Path()

    def wish(self, identity: Reading | None, seed: int) -> Wish:
        """Return what is wanted of it under one identity and seed."""
        return Wish(
            self.preset, identity, seed, self.constructs, self.replicates, dict(self.options), self.base
        )


def read_apart(
    told: Mapping[str, Marked], preset: Preset, replicates: int, base: Path = Path()
) -> tuple[AskedApart, ...]:
    """Return the instruments of a study file that play their own conversations, in the order of the file.

    Raises
    ------
    BadInput
        If a setting is unknown or cannot be used, or one is given to an instrument that is not asked.
    """
    named = names_apart(told.get("instruments"))
    dimensions, options = told.get("dimensions"), told.get("options")
    constructs = _by_name(dimensions, named) if dimensions is not None and dimensions.is_mapping else {}
    settings = _settings(options, named)
    return tuple(
        _asked(load_apart()[n], constructs.get(n), settings.get(n), preset, replicates, base) for n in named
    )


def names_apart(given: Marked | None) -> tuple[str, ...]:
    """Return those of a file's instruments that play their own conversations."""
    texts = [one.text("an instrument") for one in given.each()] if given is not None else []
    return tuple(dict.fromkeys(t for t in texts if t in load_apart()))


def _by_name(given: Marked, named: Sequence[str]) -> dict[str, Marked]:
    return {name: value for key, value in given.pairs() if (name := key.text("an instrument")) in named}


def _settings(given: Marked | None, named: Sequence[str]) -> dict[str, Marked]:
    if given is None:
        return {}
    fix = f"Allowed here: {', '.join(named) or 'nothing, for no instrument of this study has any'}"
    if not named:
        raise given.wrong("options are of instruments that play their own conversations", fix=fix)
    return {key.choice("instrument with options in this study", named): v for key, v in given.pairs(fix)}


def _asked(
    instrument: Apart,
    constructs: Marked | None,
    settings: Marked | None,
    preset: Preset,
    replicates: int,
    base: Path,
) -> AskedApart:
    """Return one instrument with its settings; what it does not know is told with its place."""
    wanted: tuple[str, ...] = ()
    if constructs is not None:
        known = instrument.constructs
        wanted = tuple(dict.fromkeys(c.choice("construct", known) for c in constructs.each()))
    told = settings.fields((PRESET, *instrument.options)) if settings is not None else {}
    own = told.pop(PRESET).choice("preset", PRESETS) if PRESET in told else preset
    options = tuple((name, value.value()) for name, value in told.items())
    asked = AskedApart(instrument, cast(Preset, own), wanted, options, replicates, base)
    try:
        instrument.request(asked.wish(None, 0))
    except BadInput as error:
        where = settings or constructs
        if where is None:
            raise
        raise where.wrong(error.what, got=error.got, fix=error.fix) from error
    return asked
