"""A workspace on disk as the files of a State: read and written without following a link anywhere.

What has one of the State's roles is State, and nothing else is: files that the readers of identities leave
out, links, stores and other data are neither read nor written by an agent. Every folder on the way to a file
is opened by itself and may be no link, so that a folder that is swapped for a link while an agent lives leads
nowhere.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from selfscope.agent.memory import MEMORY
from selfscope.errors import BadInput, CouldNot
from selfscope.subjects.files import decode, shown
from selfscope.subjects.reading import Limits
from selfscope.subjects.workspace import Settings
from selfscope.subjects.workspace.entries import Entry, list_entries, role_at
from selfscope.subjects.workspace.packages import SOUL_JSON, Package, find_package
from selfscope.subjects.workspace.reader import own_settings
from selfscope.subjects.workspace.settings import NAMES
from selfscope.subjects.workspace.stores import is_store
from selfscope.values.state import GOVERNED, ROLES, Role

#: Everything that selfscope keeps in a workspace; no agent reads or writes it.
OWN = ".selfscope"
#: What is written to there by others than `Workspace.put`; none of it may lead elsewhere.
INNER = ("state", "state/objects", "state/versions", "state/incoming", "logs", "memory-index.sqlite")
#: Roles of a prompt that State has under another name: scenes and examples say who somebody is, and a text
#: of no known name is something that was written down.
_AS: Mapping[str, Role] = {"setting": "identity", "examples": "identity", "other": "memory"}
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Held:
    """The files of a State as they lie in a workspace.

    Attributes
    ----------
    left_out
        By path: why something that lies there is no State.
    """

    files: dict[str, bytes]
    roles: dict[str, Role]
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Workspace:
    """A folder in which an agent lives.

    Raises
    ------
    BadInput
        If its settings cannot be read, or ``.selfscope`` in it is a link.
    """

    root: Path
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def at(cls, path: Path) -> Workspace:
        """Return the workspace of a folder; BadInput if there is no folder."""
        root = Path(os.path.realpath(path))
        if not root.is_dir():
            raise BadInput("there is no such folder", got=shown(path), fix="Give an agent's workspace")
        for name in (OWN, *(f"{OWN}/{inner}" for inner in INNER)):
            if (root / name).is_symlink():
                raise BadInput(f"{name} is a link", got=shown(path), fix="Remove it")
        return cls(root)

    @cached_property
    def settings(self) -> Settings:
        """How its files are read, as they were when this was first asked."""
        return own_settings(self.root)

    @cached_property
    def package(self) -> Package:
        """The package that its files belong to, as it was when this was first asked."""
        return find_package(self.root, self.limits)

    @property
    def own(self) -> Path:
        """The folder of what selfscope keeps here."""
        return self.root / OWN

    def role(self, path: str) -> tuple[Role | None, str]:
        """Return the role that a path has in the State, or None and why it has none."""
        if path == MEMORY:
            return "memory", ""
        role, reason = role_at(self.root, path, self.limits, self.settings, self.package)
        return _state_role(role) if role else None, reason

    def read(self) -> Held:
        """Return the State as it lies here.

        Raises
        ------
        BadInput
            If no file has the role of an identity or of rules, or one of these cannot be read; if a file or
            all of them are larger than a workspace may be.
        """
        held = Held({}, {})
        every = list_entries(self.root, self.limits, self.settings, self.package)
        entries = [entry for entry in every if entry.name != OWN]
        links = [entry for entry in entries if (self.root / entry.name).is_symlink()]
        for entry in entries:
            if entry not in links:
                self._take(entry, held)
        for link in links:
            self._leave(link, held)
        if MEMORY not in held.files and (memory := self.found(MEMORY)) is not None:
            held.files[MEMORY], held.roles[MEMORY] = memory, "memory"
        if not set(held.roles.values()) & set(GOVERNED):
            raise BadInput(
                "the folder holds no identity file: none has the role identity or rules",
                got=shown(self.root),
                fix="Add SOUL.md, IDENTITY.md or AGENTS.md, or name a file's role in selfscope.yaml",
            )
        if (size := sum(map(len, held.files.values()))) > self.limits.workspace_bytes:
            raise BadInput(f"the State holds more than {self.limits.workspace_bytes:,} bytes", got=size)
        return held

    def _take(self, entry: Entry, held: Held) -> None:
        """Take one entry into a State, or note why it is none of it."""
        if not entry.role and entry.name != MEMORY:
            if entry.reason:
                held.left_out[entry.name] = entry.reason
            return
        role = "memory" if entry.name == MEMORY else _state_role(entry.role)
        try:
            data = self.bytes_of(entry.name)
            decode(data, Path(entry.name))
        except BadInput as error:
            if role in GOVERNED:
                raise
            data_only = f"data, and no text: put what is in it into {MEMORY}"
            held.left_out[entry.name] = data_only if is_store(entry.name) else error.what
            return
        held.files[entry.name], held.roles[entry.name] = data, role

    def _leave(self, link: Entry, held: Held) -> None:
        """Note that a link is no State; BadInput where it stands for an identity or rules kept elsewhere."""
        held.left_out[link.name] = link.reason or "a link: not followed"
        target = link.path.relative_to(self.root).as_posix() if not link.reason else ""
        if link.role and _state_role(link.role) in GOVERNED and target not in held.files:
            raise BadInput(f"{link.name} is a link", got=target, fix="Put the file itself there")

    def bytes_of(self, path: str) -> bytes:
        """Return a file's bytes; BadInput if it is no regular file, a link lies on the way, or it is huge."""
        try:
            with self._folder(path) as folder:
                handle = os.open(
                    Path(path).name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder
                )
        except OSError as error:
            raise BadInput(f"{path} cannot be read: {_why(error)}", fix="Put a file there") from error
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise BadInput(f"{path} is no file", fix="Put a file there")
            data = file.read(self.limits.file_bytes + 1)
        if len(data) > self.limits.file_bytes:
            raise BadInput(f"{path} is larger than {self.limits.file_bytes:,} bytes", fix="Put it shorter")
        return data

    def found(self, path: str) -> bytes | None:
        """Return a file's bytes, or None where nothing has this name; BadInput where `bytes_of` raises it."""
        return self.bytes_of(path) if os.path.lexists(self.root / path) else None

    def put(self, path: str, data: bytes) -> None:
        """Write a file whole or not at all, in the place of what has its name.

        Raises
        ------
        CouldNot
            If a link lies on the way, or the disk refuses.
        """
        name = Path(path).name
        temporary = f".{secrets.token_hex(8)}.tmp"
        try:
            with self._folder(path, make=True) as folder:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                handle = os.open(temporary, flags, 0o644, dir_fd=folder)
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(handle)
                os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
                os.fsync(folder)
        except OSError as error:
            raise _refused("written", path, error) from error

    def remove(self, path: str) -> None:
        """Remove a file; what is not there is no error."""
        try:
            with self._folder(path) as folder:
                os.unlink(Path(path).name, dir_fd=folder)
                os.fsync(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _refused("removed", path, error) from error

    @contextmanager
    def _folder(self, path: str, *, make: bool = False) -> Iterator[int]:
        """Lend the folder of a file, opened name by name so that no link is followed."""
        folder = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in Path(path).parts[:-1]:
                if make:
                    _make(part, folder)
                inner = os.open(part, _DIRECTORY, dir_fd=folder)
                os.close(folder)
                folder = inner
            yield folder
        finally:
            os.close(folder)


def copy_workspace(source: Workspace, out: Path, beside: Mapping[str, bytes] | None = None) -> Workspace:
    """Write the State of a workspace, and how it is read, into a folder that is empty or not there.

    Parameters
    ----------
    beside
        Further files of the copy, by path.

    Raises
    ------
    BadInput
        If the folder holds something, or lies in the workspace or around it.
    """
    out = Path(os.path.realpath(out))
    if out.is_relative_to(source.root) or source.root.is_relative_to(out):
        raise BadInput("a workspace and its copy are nested", got=shown(out), fix="Give another --out")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput("the folder for the copy holds something", got=shown(out), fix="Give another --out")
    files = {**source.read().files, **(beside or {})}
    files |= {name: source.bytes_of(name) for name in (*NAMES, SOUL_JSON) if (source.root / name).is_file()}
    part = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    try:
        part.mkdir(parents=True)
        copy = Workspace.at(part)
        for path, data in files.items():
            copy.put(path, data)
        part.rename(out)
    except OSError as error:
        raise CouldNot("the copy cannot be made", got=error, fix="Give another --out") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Workspace.at(out)


def _state_role(role: str) -> Role:
    return next((known for known in ROLES if known == role), None) or _AS[role]


def _make(part: str, folder: int) -> None:
    try:
        os.mkdir(part, dir_fd=folder)
        os.fsync(folder)
    except FileExistsError:
        return


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _refused(done: str, path: str, error: OSError) -> CouldNot:
    return CouldNot(
        f"{path} could not be {done}: {_why(error)}",
        fix="See whether a link or a folder lies there, and run the same command again",
    )
