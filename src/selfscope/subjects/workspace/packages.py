"""Packages around an identity: ``soul.json`` and ``CLAW.md`` say which file is what."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selfscope.errors import BadInput
from selfscope.subjects.data import clean, parse_json
from selfscope.subjects.files import read_text
from selfscope.subjects.front_matter import part_front_matter
from selfscope.subjects.reading import Limits, Role
from selfscope.subjects.workspace.roles import role_of
from selfscope.subjects.workspace.settings import inside

SOUL_JSON = "soul.json"
CLAW = "CLAW.md"
#: Kinds of ``files`` in a soul.json and the roles they have; the rest is listed and not sent.
_SOUL_FILES: Mapping[str, Role] = {
    "soul": "identity",
    "identity": "identity",
    "style": "rules",
    "agents": "rules",
    "rules": "rules",
    "user": "user",
    "userTemplate": "user",
    "memory": "memory",
}
_REQUIRED = (
    *("specVersion", "name", "displayName", "version", "description", "author", "license"),
    *("tags", "category"),
)


@dataclass(frozen=True)
class Package:
    """What a package says of the files around it.

    Attributes
    ----------
    file
        The manifest's own name.
    roles
        By path: a role, or ``none`` for what the package holds and no prompt does.
    targets
        By path: the name under which the file will stand in an agent's workspace.
    closed
        Whether files that the package does not name are no part of it.
    header
        The manifest, as far as it is shown.
    """

    file: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)
    closed: bool = False
    header: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def find_package(root: Path, limits: Limits) -> Package:
    """Return the package that a folder is; an empty one if it is none.

    Raises
    ------
    BadInput
        If a manifest is broken, or names a path outside the folder.
    """
    if own_file(root, CLAW):
        package = _claw(root / CLAW, limits)
        if package.file:
            return package
    if own_file(root, SOUL_JSON):
        return _soul_json(root / SOUL_JSON, limits)
    return Package()


def own_file(root: Path, name: str) -> bool:
    """Return whether a file of this name is in the folder, and is no link out of it."""
    try:
        there = (root / name).is_file()
    except OSError:
        return False
    return there and Path(os.path.realpath(root / name)).is_relative_to(root)


def _soul_json(path: Path, limits: Limits) -> Package:
    value = parse_json(read_text(path, limits.file_bytes).text, SOUL_JSON)
    if not isinstance(value, dict):
        raise BadInput(
            "soul.json is no object", got=SOUL_JSON, fix="Write {…} with specVersion, name and files"
        )
    files = value.get("files", {})
    if not isinstance(files, dict):
        raise BadInput("files in soul.json is no object", got=files, fix='Write {"soul": "SOUL.md"}')
    roles: dict[str, str] = {}
    for kind, name in files.items():
        if not isinstance(name, str):
            raise BadInput(f"files.{kind} in soul.json is no path", got=name, fix="Name one file")
        roles[inside(name, SOUL_JSON)] = _SOUL_FILES.get(kind, "none")
    notes = []
    if missing := [key for key in _REQUIRED if not value.get(key)]:
        notes.append(f"{SOUL_JSON}: without {', '.join(missing)}, which its specification requires")
    if value.get("includes"):
        notes.append(f"{SOUL_JSON}: includes names other packages, which are not read")
    header = {str(k): _shown(v) for k, v in value.items() if k != "files"}
    return Package(SOUL_JSON, roles, {}, False, header, tuple(notes))


def _claw(path: Path, limits: Limits) -> Package:
    """Return the package of a CLAW.md; an empty one if its header is no manifest."""
    header = part_front_matter(read_text(path, limits.file_bytes).text, CLAW).header
    if "schemaVersion" not in header:
        return Package()
    workspace = header.get("workspace") or {}
    boot = workspace.get("bootstrapFiles") or {} if isinstance(workspace, dict) else {}
    further = workspace.get("files") or [] if isinstance(workspace, dict) else []
    if not isinstance(boot, dict) or not isinstance(further, list):
        raise BadInput(
            "the workspace of CLAW.md cannot be understood",
            got=CLAW,
            fix="Write bootstrapFiles as NAME: {source: PATH}",
        )
    roles: dict[str, str] = {CLAW: "identity"}
    targets = {CLAW: "SOUL.md"}
    for target, entry in boot.items():
        source = inside(_source(target, entry), CLAW)
        if target == "SOUL.md":
            raise BadInput(
                "CLAW.md has a body and names a SOUL.md besides: two identities",
                got=source,
                fix="Leave one out",
            )
        roles[source] = role_of(target)[0] or "none"
        targets[source] = target
    for entry in further:
        roles[inside(_source("a file of the workspace", entry), CLAW)] = "none"
    notes = (
        ()
        if header["schemaVersion"] == "1"
        else (f"{CLAW}: schemaVersion {header['schemaVersion']}; read as 1",)
    )
    return Package(CLAW, roles, targets, True, {}, notes)


def _source(target: str, entry: Any) -> str:
    source = entry.get("source") if isinstance(entry, dict) else None
    if not isinstance(source, str):
        raise BadInput(f"CLAW.md names no source for {target}", got=entry, fix="Write source: PATH below it")
    return source


def _shown(value: Any) -> Any:
    """Return a value of a manifest as it can be shown and hashed."""
    if isinstance(value, dict):
        return {clean(str(k)): _shown(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return clean(value) if isinstance(value, str) else value
