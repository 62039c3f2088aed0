"""An archive's directory as it begins: what stands in it, which archive it is, and the key that signs."""

from __future__ import annotations

import json
from pathlib import Path

from selfscope.archive.journal.chain import Signer
from selfscope.archive.journal.disk import Disk
from selfscope.archive.journal.signing import load_key, make_key, save_key
from selfscope.archive.store.reading import read_range
from selfscope.errors import BadInput

VERSION = 1
"""The layout's version. Every version that was ever released stays readable."""

KEY = Path("keys") / "journal.pem"
CARD = "archive.json"

_DIRECTORIES = ("objects", "objects/b3", "sealed", "manifests", "journal", "staging", "keys")


def lay_out(disk: Disk, root: Path) -> None:
    """Make the directories. Those of a `create` that crashed may be there; anything else is refused."""
    if root.exists():
        strange = sorted(str(each.relative_to(root)) for each in root.rglob("*") if _is_strange(each, root))
        if strange:
            raise BadInput(
                "this directory is not empty",
                got=f"{root} with {strange[0]}",
                fix="Name a directory that is empty or does not exist",
            )
    else:
        disk.mkdir(root)
        disk.sync_dir(root.parent)
    for name in _DIRECTORIES:
        disk.mkdir(root / name)
    if not (root / "lock").exists():
        disk.close(disk.create(root / "lock"))
    for name in _DIRECTORIES:
        disk.sync_dir(root / name)


def _is_strange(path: Path, root: Path) -> bool:
    """Say whether something is there that a crashed `create` cannot have left."""
    name = path.relative_to(root)
    if name.parts[0] in ("staging", "keys") or name.parts[0].startswith("index.sqlite"):
        return False  # the index too: whoever looked at what the crash left has made one
    return str(name) not in (*_DIRECTORIES, "lock", CARD, "card", "journal/000000")


def first_key(path: Path) -> Signer:
    """Make the key that signs the journal, or take up the one that a crashed `create` left."""
    if not path.exists():
        save_key(make_key(), path)
    return load_key(path)


def write_card(disk: Disk, root: Path, data: bytes) -> None:
    """Publish the archive's card: from here on the directory is an archive."""
    disk.unlink(root / "card")
    opened = disk.create(root / "card")
    try:
        disk.write(opened, data)
        disk.sync(opened)
    finally:
        disk.close(opened)
    if not disk.link(root / "card", root / CARD):
        raise BadInput("somebody else began an archive here meanwhile", got=root)
    disk.sync_dir(root)
    disk.unlink(root / "card")


def read_card(root: Path) -> dict[str, str]:
    """Return which archive a directory is, and its public key.

    Raises
    ------
    BadInput
        If there is none, or one of a newer version, or the card is damaged.
    """
    path = root / CARD
    if not path.is_file():
        raise BadInput("there is no archive here", got=root, fix="Begin one with `selfscope keep init`")
    data = read_range(path)
    try:
        card = json.loads(data)
        version, known = card["version"], {"archive": str(card["archive"]), "key": str(card["key"])}
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput("the archive's card is damaged", got=path, fix="Restore it from a replica") from error
    if version != VERSION:
        raise BadInput("this archive has another version", got=version, fix="Use a newer selfscope")
    return known
