"""An agent's workspace read as a set: what its files do decides, not what they are called.

Nothing is run, no link out is followed, and everything that is met is listed.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.subjects.files import shown
from selfscope.subjects.pieces import join_pieces
from selfscope.subjects.reading import Limits, Reading, printable
from selfscope.subjects.workspace.entries import Entry, list_entries
from selfscope.subjects.workspace.layout import lay_out_roles
from selfscope.subjects.workspace.openclaw import lay_out_openclaw, suggests_openclaw
from selfscope.subjects.workspace.packages import Package, find_package, own_file
from selfscope.subjects.workspace.settings import NAMES, Settings, load_settings

#: At least one file in one of these roles makes a folder a workspace.
_SELF = ("identity", "rules")


def read_workspace(path: Path, limits: Limits, settings: Settings | None = None) -> Reading:
    """Read a folder as an agent's workspace.

    A file that belongs to the set and cannot be read is an error, for an identity without it would be
    another one; one note of a folder that cannot be read is dropped.

    Parameters
    ----------
    settings
        Settings from elsewhere; they stand in the place of the workspace's own.

    Raises
    ------
    BadInput
        If no file has the role of an identity or of rules, there are too many entries, or a file or the
        settings cannot be read.
    """
    root = Path(os.path.realpath(path))
    settings = settings or own_settings(root)
    package = find_package(root, limits)
    entries = list_entries(root, limits, settings, package)
    if not any(e.role in _SELF for e in entries):
        raise BadInput(
            "the folder holds no identity file: none has the role identity or rules",
            got=shown(path),
            fix="Add SOUL.md, IDENTITY.md or AGENTS.md, name a file's role in selfscope.yaml, or give a file",
        )
    layout, why = _layout(entries, settings)
    lay_out = lay_out_openclaw if layout == "openclaw" else lay_out_roles
    pieces, how = lay_out(entries, limits, settings)
    reading = join_pieces(
        pieces,
        name=printable(root.name),
        kind="workspace",
        path=shown(path),
        how=f"{how}{why}",
        notes=package.notes,
    )
    return _with_header(reading, package)


def own_settings(root: Path) -> Settings:
    """Return the settings that lie in a workspace; BadInput if there are two, or they name another one."""
    found = [name for name in NAMES if own_file(root, name)]
    if len(found) > 1:
        raise BadInput("the workspace has two settings files", got=", ".join(found), fix="Leave one out")
    if not found:
        return Settings(name=NAMES[0])
    settings = load_settings(root / found[0])
    if settings.identity:
        raise BadInput(
            "the settings of a workspace name another identity",
            got=settings.identity,
            fix="Leave identity: out, or put the file beside the workspace and give its path",
        )
    return settings


def _layout(entries: tuple[Entry, ...], settings: Settings) -> tuple[str, str]:
    """Return the layout, and why it was taken where nobody set it."""
    if settings.layout:
        return settings.layout, ""
    if settings.session == "main" and not suggests_openclaw(entries):
        return "roles", ""
    if settings.session != "main":
        return "openclaw", "; taken because a session is set"
    return (
        "openclaw",
        "; taken because the files are OpenClaw's own (layout: roles in selfscope.yaml changes it)",
    )


def _with_header(reading: Reading, package: Package) -> Reading:
    if not package.header:
        return reading
    return replace(reading, front_matter={package.file: package.header, **reading.front_matter})
