"""What lies in a workspace: every entry with its role, or with the reason why it has none."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.subjects.files import kind_of, shown, unreadable
from selfscope.subjects.reading import Limits, printable
from selfscope.subjects.workspace.packages import SOUL_JSON, Package
from selfscope.subjects.workspace.roles import MEMORY_FOLDER, role_of
from selfscope.subjects.workspace.settings import NAMES, NO_ROLE, Settings

OUT = "a link out of the workspace: not followed"


@dataclass(frozen=True)
class Entry:
    """One entry of a workspace.

    Attributes
    ----------
    path
        Where it is read, links followed.
    name
        Its path in the workspace, as it can be printed.
    role
        What it does; empty if it is left out.
    reason
        Why it is left out.
    target
        The name by which a layout knows it: its own, or the one that a package gives it.
    given
        Whether its role was given and not guessed.
    """

    path: Path
    name: str
    role: str = ""
    reason: str = ""
    target: str = ""
    given: bool = False


@dataclass(frozen=True)
class _Look:
    """Where is looked, and what is known of it before."""

    root: Path
    limits: Limits
    settings: Settings
    package: Package

    @property
    def given(self) -> dict[str, str]:
        """Roles by path: those of the settings before those of the package."""
        return {**self.package.roles, **self.settings.roles}

    def who(self, path: str) -> str:
        """Return the name of the file that gives a path its role."""
        return self.settings.name if path in self.settings.roles else self.package.file

    @property
    def folders(self) -> dict[str, str]:
        """Folders that are read, and the role of what is in them."""
        named = {path.rstrip("/"): role for path, role in self.given.items() if path.endswith("/")}
        return {MEMORY_FOLDER: "memory", **named}


def list_entries(root: Path, limits: Limits, settings: Settings, package: Package) -> tuple[Entry, ...]:
    """Return every entry of the folder, of its memory, and of the folders that the settings name.

    Raises
    ------
    BadInput
        If a folder has too many entries, or a path that was given a role is not there.
    """
    look = _Look(root, limits, settings, package)
    found = {entry.name: entry for entry in _below(look, root, "")}
    for folder, role in look.folders.items():
        if role == NO_ROLE or (folder == MEMORY_FOLDER and not _is_folder(root / folder)):
            continue
        if "/" in folder or folder not in found or not found[folder].reason:
            found.pop(folder, None)
            found |= {entry.name: entry for entry in _inner(look, folder, role)}
    for name in look.given:
        if not name.endswith("/") and printable(name) not in found:
            found[printable(name)] = _named(look, name)
    return tuple(found.values())


def role_at(root: Path, name: str, limits: Limits, settings: Settings, package: Package) -> tuple[str, str]:
    """Return the role that a file of this path has, or would have, and why it has none: ("", the reason).

    Parameters
    ----------
    name
        The path in the workspace, folders before ``/``; it need not be there.
    """
    look = _Look(root, limits, settings, package)
    role, reason = _role(look, name, stat.S_IFREG)
    folder = name.rpartition("/")[0]
    if not folder or reason or name in look.given:
        return role, reason
    inherited = look.folders.get(folder, NO_ROLE)
    return ("", f"{folder}/ is no folder that is read") if inherited == NO_ROLE else (inherited, "")


def _inner(look: _Look, folder: str, role: str) -> Iterator[Entry]:
    path = look.root / folder
    if not _is_folder(path):
        raise _missing(f"{folder}/", look)
    if not Path(os.path.realpath(path)).is_relative_to(look.root):
        yield Entry(path, printable(folder), reason=OUT)
        return
    for entry in _below(look, path, f"{folder}/"):
        yield (
            entry if entry.reason or entry.given else Entry(entry.path, entry.name, role, target=entry.target)
        )


def _below(look: _Look, folder: Path, before: str) -> Iterator[Entry]:
    for path in _children(folder, look.limits):
        yield _entry(look, path, f"{before}{path.name}")


def _named(look: _Look, name: str) -> Entry:
    """Return an entry below a folder that is not read as a whole."""
    path = look.root / name
    if not os.path.lexists(path):
        raise _missing(name, look)
    return _entry(look, path, name)


def _missing(name: str, look: _Look) -> BadInput:
    return BadInput(
        f"{look.who(name)} gives a role to something that is not there", got=name, fix="Check the path"
    )


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _children(folder: Path, limits: Limits) -> list[Path]:
    """Return the entries of a folder by name, without following anything."""
    found: list[Path] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found.append(Path(entry.path))
                if len(found) > limits.entries:
                    raise BadInput(
                        f"the folder has more than {limits.entries:,} entries",
                        got=shown(folder),
                        fix="Give the agent's own workspace folder",
                    )
    except OSError as error:
        raise unreadable(folder, error) from None
    return sorted(found, key=lambda p: os.fsencode(p.name))


def _entry(look: _Look, path: Path, name: str) -> Entry:
    """Return the entry with its role, or with the reason for leaving it out."""
    target = Path(os.path.realpath(path))
    try:
        if not target.is_relative_to(look.root):
            return Entry(path, printable(name), reason=OUT)
        mode = target.stat().st_mode
    except OSError as error:
        return Entry(path, printable(name), reason=f"cannot be looked at ({error.strerror})")
    role, reason = _role(look, name, mode)
    return Entry(
        target, printable(name), role, reason, look.package.targets.get(name, name), name in look.given
    )


def _role(look: _Look, name: str, mode: int) -> tuple[str, str]:
    """Return the role of an entry, or "" and the reason."""
    if stat.S_ISDIR(mode):
        if look.folders.get(name) == NO_ROLE:
            return "", f"left out in {look.settings.name}"
        named = [path for path in look.given if path.startswith(f"{name}/")]
        what = f"what {look.who(named[0])} names" if named else "only memory/"
        return ("", "") if name in look.folders else ("", f"a folder: {what} is read")
    if not stat.S_ISREG(mode):
        return "", f"{kind_of(mode)}: not a file of text"
    if name in NAMES:
        return "", "how the workspace is read, not a part of it"
    if (given := look.given.get(name)) == NO_ROLE:
        own = name in look.settings.roles
        return "", f"left out in {look.who(name)}" if own else f"{look.who(name)} puts it into no prompt"
    if given:
        return given, ""
    if name == SOUL_JSON and look.package.file == SOUL_JSON:
        return "", "describes the package; its fields are shown and not sent"
    if look.package.closed:
        return "", f"not named in {look.package.file}"
    role, reason = role_of(name)
    return role or "", reason
