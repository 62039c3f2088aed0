"""The archive that a verb works on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from selfscope.cli.show import console, print_json

if TYPE_CHECKING:
    from selfscope.archive.policy.desk import Desk
    from selfscope.archive.store.archive import Archive


def vault_of(context: typer.Context) -> object:
    """Return the keys that go with the archive."""
    from selfscope.archive.store.vault import Vault

    root, keys = context.obj
    return Vault(root / "keys", keys)


def opened(context: typer.Context) -> Archive:
    """Open the archive that ``--root`` names."""
    from selfscope.archive.store.archive import Archive

    root, _ = context.obj
    return Archive.open(root, vault=vault_of(context))  # type: ignore[arg-type]


def desk(archive: Archive) -> Desk:
    """Return the archive as a desk at which decisions are made."""
    from selfscope.archive.policy.office import desk_of

    return desk_of(archive)


def resolved(archive: Archive, text: str) -> str:
    """Return the id that a person means: a content also by its name, or by its id's beginning."""
    return text if text.startswith(("instance:", "thread:")) else archive.index.resolve(text)


def say(shown: dict[str, Any], text: str, as_json: bool) -> None:
    """Print one JSON object, or the same in words."""
    if as_json:
        print_json(shown)
    else:
        console().print(text, markup=False, soft_wrap=True)
