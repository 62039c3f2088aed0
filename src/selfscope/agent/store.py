"""The history of a State on disk: every version is kept, linked by hashes, and written whole or not at all.

::

    .selfscope/state/
      objects/HEX           bytes of a file, under the hash of them
      versions/HEX.json     a version, under its id
      proposals/HEX.json    a change of an identity that waits for review
      conversations/ID.json what is kept of a conversation beside its log
      HEAD                  the id of the version that counts
      OUT                   the id of the version that was last written out into the workspace
      incoming/             what is being written

A version is committed at the moment when HEAD names it. Before that its objects are there and its own file
lies in ``incoming``; after that the file is moved to the others. What a crash leaves is therefore either a
version that HEAD names, which is moved when the history is next held, or a file that nobody ever named,
which is removed then. So a version among the others that HEAD does not reach was put there, or HEAD was
set back, by somebody else, and `selfscope.agent.history.StateHistory.verify` says so.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from selfscope.archive.journal.disk import Disk, make_dirs
from selfscope.errors import BadInput, CouldNot
from selfscope.values import bytes_id, canonical_json, short
from selfscope.values.state import (
    Conversation,
    Proposal,
    Version,
    conversation_of,
    identified,
    proposal,
    version_of,
)

OBJECTS, VERSIONS, PROPOSALS, INCOMING = "objects", "versions", "proposals", "incoming"
CONVERSATIONS = "conversations"
HEAD, OUT = "HEAD", "OUT"
#: Hexadecimal digits of an id.
DIGITS = 64


class StateStore:
    """The folder of a history: what is kept under its hash, and the two names that point into it.

    Parameters
    ----------
    folder
        ``WORKSPACE/.selfscope/state``.
    disk
        Does every write; a test hands in one that fails.
    """

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self.folder = folder
        self._disk = disk or Disk()

    @property
    def begun(self) -> bool:
        """Whether there is a version."""
        return (self.folder / HEAD).is_file()

    @property
    def beheaded(self) -> bool:
        """Whether there are versions and no HEAD: somebody took it away, for no crash does."""
        return not self.begun and any((self.folder / VERSIONS).glob("*.json"))

    def refuse_beheaded(self) -> None:
        """Raise CouldNot where versions are there and nothing says which of them counts."""
        if self.beheaded:
            raise CouldNot(
                f"{HEAD} is gone, and versions are there",
                got=self.folder,
                fix="Restore .selfscope/state from a copy, or write the id of the last version into HEAD",
            )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the history against other processes, and settle what a crash left.

        Raises
        ------
        CouldNot
            If another process holds it.
        """
        self.make()
        handle = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise CouldNot(
                    "another process lives in this workspace", got=self.folder, fix="Wait for it, or stop it"
                ) from error
            self._settle()
            yield
        finally:
            os.close(handle)

    def version(self, identifier: str) -> Version:
        """Return a version by its id; CouldNot if it is not there, or not what its id says."""
        name = f"{short(identifier, DIGITS)}.json"
        for folder in (VERSIONS, INCOMING):
            path = self.folder / folder / name
            if path.is_file():
                return _checked(path, identifier)
        raise CouldNot("a version is not there", got=identifier, fix="Restore .selfscope/state from a copy")

    def object(self, digest: str) -> bytes:
        """Return the bytes of a digest; CouldNot if they are not there or have another one."""
        try:
            data = (self.folder / OBJECTS / short(digest, DIGITS)).read_bytes()
        except OSError as error:
            raise CouldNot("a file of a version is not there", got=digest, fix="Restore it") from error
        if bytes_id(data) != digest:
            raise CouldNot("a file of a version was altered", got=digest, fix="Restore it from a copy")
        return data

    def names(self, name: str) -> str:
        """Return the id that ``HEAD`` or ``OUT`` holds, readable or not; FileNotFoundError without a file."""
        return (self.folder / name).read_bytes().decode("utf-8", "replace").strip()

    def out(self) -> Version | None:
        """Return the version that was last written out into the workspace; None where that is not known."""
        try:
            return self.version(self.names(OUT))
        except (FileNotFoundError, CouldNot):
            return None

    def written_out(self, version: Version) -> None:
        """Note that the workspace holds the files of a version."""
        self._name(OUT, version.id)

    def keep(self, data: bytes) -> str:
        """Keep bytes, where they are not kept already, and return their digest."""
        digest = bytes_id(data)
        target = self.folder / OBJECTS / short(digest, DIGITS)
        if not target.exists():
            incoming = self.folder / INCOMING / secrets.token_hex(8)
            self._write(incoming, data)
            self._disk.rename(incoming, target)
            self._disk.sync_dir(target.parent)
        return digest

    def keep_version(self, version: Version) -> None:
        """Keep a version whose files are kept, and let HEAD name it."""
        name = f"{short(version.id, DIGITS)}.json"
        self._write(self.folder / INCOMING / name, canonical_json(version))
        self._disk.sync_dir(self.folder / INCOMING)
        self._name(HEAD, version.id)
        self._disk.rename(self.folder / INCOMING / name, self.folder / VERSIONS / name)
        self._disk.sync_dir(self.folder / VERSIONS)

    def keep_proposal(self, asked: Proposal) -> None:
        """Keep a proposal; none counts before a version names it."""
        target = self.folder / PROPOSALS / f"{short(asked.id, DIGITS)}.json"
        if not target.exists():
            incoming = self.folder / INCOMING / secrets.token_hex(8)
            self._write(incoming, canonical_json(asked))
            self._disk.rename(incoming, target)
            self._disk.sync_dir(target.parent)

    def keep_conversation(self, held: Conversation) -> str:
        """Keep what is told of a conversation, and return its content id; a version makes it count."""
        incoming, told = self.folder / INCOMING / secrets.token_hex(8), canonical_json(held)
        self._write(incoming, told)
        self._disk.rename(incoming, self.folder / CONVERSATIONS / f"{held.id}.json")
        self._disk.sync_dir(self.folder / CONVERSATIONS)
        return bytes_id(told)

    def conversation(self, version: Version) -> Conversation:
        """Return what is kept of the conversation that wrote a version; CouldNot if that cannot be read."""
        path = self.folder / CONVERSATIONS / f"{version.conversation}.json"
        try:
            return conversation_of(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, BadInput) as error:
            raise CouldNot("a conversation cannot be read", got=error, fix="Restore it") from error

    def begun_conversations(self) -> tuple[Conversation, ...]:
        """Return what is kept of every conversation that was begun; a damaged record is left out."""
        found = []
        for path in sorted((self.folder / CONVERSATIONS).glob("*.json")):
            with suppress(OSError, ValueError, BadInput):
                found.append(conversation_of(json.loads(path.read_text(encoding="utf-8"))))
        return tuple(found)

    def proposal(self, identifier: str) -> Proposal:
        """Return a proposal by its id; CouldNot if it is not there, or not what its id says."""
        path = self.folder / PROPOSALS / f"{short(identifier, DIGITS)}.json"
        try:
            told = Proposal(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise CouldNot("a proposal cannot be read", got=error, fix="Restore it from a copy") from error
        sound = proposal(told.path, told.role, told.base, told.digest, told.conversation)
        if sound.id != identifier or told != sound:
            raise CouldNot("a proposal was altered", got=identifier, fix="Restore it from a copy")
        return told

    def _name(self, name: str, identifier: str) -> None:
        incoming = self.folder / INCOMING / secrets.token_hex(8)
        self._write(incoming, identifier.encode())
        self._disk.rename(incoming, self.folder / name)
        self._disk.sync_dir(self.folder)

    def _write(self, path: Path, data: bytes) -> None:
        opened = self._disk.create(path)
        try:
            self._disk.write(opened, data)
            self._disk.sync(opened)
        finally:
            self._disk.close(opened)

    def make(self) -> None:
        """Make the folders that are not there."""
        root = self.folder.parent.parent
        made = [
            each
            for name in (OBJECTS, VERSIONS, PROPOSALS, CONVERSATIONS, INCOMING)
            for each in make_dirs(self._disk, self.folder / name, root)
        ]
        for each in {path.parent for path in made}:
            self._disk.sync_dir(each)

    def _settle(self) -> None:
        """Finish a commit that HEAD names, and remove what was begun and never named."""
        named = ""
        if self.begun:
            named = short(self.names(HEAD), DIGITS) + ".json"
        for left in sorted((self.folder / INCOMING).iterdir()):
            if left.name != named:
                self._disk.unlink(left)
            elif not (self.folder / VERSIONS / named).exists():
                self._disk.rename(left, self.folder / VERSIONS / named)
        self._disk.sync_dir(self.folder / VERSIONS)


def _checked(path: Path, identifier: str) -> Version:
    """Return the version of a file, which has to have the id that it is kept under."""
    try:
        version = version_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, BadInput) as error:
        raise CouldNot("a version cannot be read", got=error, fix="Restore it from a copy") from error
    if version.id != identifier or identified(version) != identifier:
        raise CouldNot("a version was altered", got=identifier, fix="Restore it from a copy")
    return version
