"""``selfscope.yaml``: how an identity is to be read, where the names of its files do not say it."""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from selfscope.errors import BadInput
from selfscope.subjects.files import read_text, shown
from selfscope.subjects.front_matter import load_mapping
from selfscope.subjects.reading import ROLES

#: The settings of a workspace, in the workspace itself.
NAMES = ("selfscope.yaml", "selfscope.yml")
LAYOUTS = ("roles", "openclaw")
SESSIONS = ("main", "subagent", "cron", "group")
Session = Literal["main", "subagent", "cron", "group"]
#: A file that is left out on purpose has this in the place of a role.
NO_ROLE = "none"
#: Limits that may be set, by their names in the file; each layout has its own numbers where none is set.
LIMITS = ("file", "total", "startup_days", "startup_file", "startup_total")
_BYTES = 64_000


@dataclass(frozen=True)
class Settings:
    """What a settings file says; empty where there is none.

    Attributes
    ----------
    identity
        The path that is meant, where the file stands by itself.
    layout
        ``roles`` or ``openclaw``; empty: as the files suggest.
    session
        Which kind of OpenClaw session; a sub-agent gets less.
    today
        The day that counts as today for daily notes; None: the day of the newest.
    startup
        Whether the daily notes of a session's beginning are there.
    roles
        By path in the workspace (a folder ends with ``/``): a role, or ``none``.
    limits
        By the names in `LIMITS`.
    user
        What stands for ``{{user}}`` in a card.
    v3
        Whether fields that version 3 of cards lists and forbids are used: ``interface`` or ``prose``.
    """

    identity: str = ""
    layout: str = ""
    session: Session = "main"
    today: datetime.date | None = None
    startup: bool = True
    roles: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    user: str = ""
    v3: str = "interface"
    name: str = ""


def load_settings(path: Path) -> Settings:
    """Return the settings of a file.

    Raises
    ------
    BadInput
        If the file is no YAML mapping, or a key or value is unknown; the key is named.
    """
    where = shown(path)
    mapping = load_mapping(read_text(path, _BYTES).text, where, "the settings file")
    if mapping is None:
        raise BadInput("the settings hold no keys", got=where, fix=f"Known keys: {', '.join(_READ)}")
    values: dict[str, Any] = {"name": path.name}
    for key, value in mapping.items():
        if key not in _READ:
            close = difflib.get_close_matches(key, _READ, 1)
            advice = f"Perhaps you mean {close[0]}" if close else f"Known keys: {', '.join(_READ)}"
            raise BadInput(f"the settings have an unknown key, {key}", got=where, fix=advice)
        values[key] = _READ[key](key, value)
    return Settings(**values)


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{key} in the settings is no text", got=value, fix="Write one value behind it")
    return " ".join(value.split())


def _one_of(*allowed: str) -> Callable[[str, Any], str]:
    def read(key: str, value: Any) -> str:
        if value not in allowed:
            raise BadInput(
                f"no such {key} in the settings", got=value, fix=f"Choose from: {', '.join(allowed)}"
            )
        return str(value)

    return read


def _day(key: str, value: Any) -> datetime.date:
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError:
        raise BadInput(f"{key} in the settings is no day", got=value, fix="Write it as 2026-01-31") from None


def _yes(key: str, value: Any) -> bool:
    return _one_of("true", "false")(key, value) == "true"


def _roles(key: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise BadInput(
            f"{key} in the settings is no list of paths", got=value, fix="Write PATH: ROLE on each line"
        )
    for path, role in value.items():
        if role not in (*ROLES, NO_ROLE):
            raise BadInput(
                f"no such role in the settings, for {path}",
                got=role,
                fix=f"Choose from: {', '.join((*ROLES, NO_ROLE))}",
            )
    return {inside(path, "the settings"): role for path, role in value.items()}


def inside(path: str, who: str) -> str:
    """Return a path in the workspace as its files are listed; BadInput if it leads out of it."""
    pure = PurePosixPath(path)
    if not path.strip() or "\\" in path or pure.is_absolute() or ".." in pure.parts or not pure.parts:
        raise BadInput(
            f"{who} name a path that is not in the workspace",
            got=path,
            fix="Name it as it stands below the folder",
        )
    return f"{pure}/" if path.endswith("/") else str(pure)


def _limits(key: str, value: Any) -> dict[str, int]:
    if not isinstance(value, dict) or not set(value) <= set(LIMITS):
        raise BadInput(
            f"{key} in the settings has an unknown name", got=value, fix=f"Known: {', '.join(LIMITS)}"
        )
    for name, number in value.items():
        if not (isinstance(number, str) and re.fullmatch(r"[1-9][0-9]{0,6}", number)):
            raise BadInput(
                f"the limit {name} in the settings is no number", got=number, fix="Write it as 20000"
            )
    return {name: int(number) for name, number in value.items()}


_READ: dict[str, Callable[[str, Any], Any]] = {
    "identity": _text,
    "layout": _one_of(*LAYOUTS),
    "session": _one_of(*SESSIONS),
    "today": _day,
    "startup": _yes,
    "roles": _roles,
    "limits": _limits,
    "user": _text,
    "v3": _one_of("interface", "prose"),
}
