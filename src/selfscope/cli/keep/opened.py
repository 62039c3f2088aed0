"""The archive that a verb works on, what a person means by a name, and how it is said."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from selfscope.cli.show import console, print_json
from selfscope.errors import BadInput, Refused

if TYPE_CHECKING:
    from selfscope.archive.policy.desk import Desk
    from selfscope.archive.store.archive import Archive
    from selfscope.archive.store.vault import Vault


_TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
"""Characters that only say which way the next ones are written."""


def vault_of(context: typer.Context) -> Vault:
    """Return the keys that go with the archive."""
    from selfscope.archive.store.vault import Vault

    root, keys = context.obj
    return Vault(root / "keys", keys)


def opened(context: typer.Context) -> Archive:
    """Open the archive that ``--root`` names; for reading only where this user may not read its key."""
    from selfscope.archive.store.archive import Archive
    from selfscope.archive.store.card import KEY

    root, _ = context.obj
    if not (root / KEY).exists() or os.access(root / KEY, os.R_OK):
        return Archive.open(root, vault=vault_of(context))
    archive = Archive.open(root, vault=vault_of(context), signer=_Nobody())
    archive.journal.signer = None
    return archive


class _Nobody:
    """Stands where a key would be that this user may not read; it signs nothing."""

    key = ""

    def sign(self, data: bytes) -> bytes:
        """Refuse."""
        raise Refused("the key that signs the journal is not this user's to read")


def desk(archive: Archive) -> Desk:
    """Return the archive as a desk at which decisions are made."""
    from selfscope.archive.policy.office import desk_of

    return desk_of(archive)


def content_named(archive: Archive, text: str) -> str:
    """Return the content that a person means: by its id, its id's beginning, or its name.

    Raises
    ------
    BadInput
        If none or several answer to it; the message names them.
    """
    try:
        return archive.index.resolve(text)
    except BadInput as error:
        rows = archive.index.holdings(live=False)
        same = sorted({row.content for row in rows if row.name == text})
        fix = f"Say which: {', '.join(same)}" if same else "`selfscope keep list` shows what is held"
        raise BadInput(error.what, got=error.got, fix=fix) from error


def resolved(archive: Archive, text: str) -> str:
    """Return the id that a person means: a content also by its name, or by its id's beginning."""
    return text if text.startswith(("instance:", "thread:")) else content_named(archive, text)


def known(archive: Archive, text: str) -> str:
    """Return the id that a person means, of something that the archive knows.

    Raises
    ------
    BadInput
        If it knows no such thing.
    """
    if text.startswith("instance:"):
        content_of(archive, text)
        return text
    return thread_named(archive, text) if text.startswith("thread:") else content_named(archive, text)


def thread_named(archive: Archive, text: str) -> str:
    """Return a thread's id; BadInput if the journal knows no such thread."""
    from selfscope.archive.lineage.keeping import threads_of

    threads_of(archive).of(text)
    return text


def content_of(archive: Archive, instance: str) -> str:
    """Return the content of an instance that the archive knows.

    Raises
    ------
    BadInput
        If it was never heard of.
    """
    found = archive.index.instance(instance)
    if found is None:
        raise BadInput(
            "the archive knows no such instance", got=instance,
            fix="`selfscope keep list` shows its own, `selfscope keep lineage ID` all of a content",
        )  # fmt: skip
    return found[0]


def read_bytes(path: Path) -> bytes:
    """Return what is in a file that somebody named."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput("this file cannot be read", got=error, fix="Name a file") from error


def refuse_place(context: typer.Context, path: Path) -> None:
    """Refuse a place for something new that is inside the archive, or whose directory is not there.

    What lies in an archive's directory and is not its own is a file that nobody looks after.
    """
    parent = path.absolute().parent
    if not parent.is_dir():
        raise BadInput("there is no such directory", got=parent, fix="Make it first")
    if path.resolve().is_relative_to(context.obj[0].resolve()):
        raise BadInput("this place is inside the archive", got=path, fix="Name one elsewhere")


def say(shown: dict[str, Any], text: str, as_json: bool) -> None:
    """Print one JSON object, or the same in words."""
    if as_json:
        print_json(shown)
    else:
        console().print(plainly(text), markup=False, soft_wrap=True)


def plainly(text: str) -> str:
    """Return a text in which no character moves a terminal's cursor or turns its writing round.

    Names and messages come from others: a line of theirs is never to look like one of ours.
    """
    return "".join(each if each in "\n\t" or not _is_control(each) else ascii(each)[1:-1] for each in text)


def _is_control(character: str) -> bool:
    turns = unicodedata.bidirectional(character) in _TURNS
    return turns or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
