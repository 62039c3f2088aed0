"""Handing contents over: a directory that stands alone, in the Oxford Common File Layout, version 1.1.

::

    OUT/verify.py       checks all of it with nothing but Python
    OUT/sha256.json     every file and its digest
    OUT/bundle.json     which contents, and by which copies they left
    OUT/journal/        the archive's journal as it stood
    OUT/ocfl/           a storage root, one object a content: manifest.json, and its files under files/

The objects are whole: no delta, no key and no other object is needed to read them. The journal is whole too,
for a chain with records left out shows nothing: whoever gets an export reads the events of every content of
the archive, their names included. An export is a copy outside the archive's control, so it is an event, and a
sealed content is not exported. The event comes before the directory appears: an export that fails in its very
last step is on record although it is not there, and never the other way round.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.archive.exchange import export_verifier
from selfscope.archive.exchange.packed import unpacked
from selfscope.archive.journal.chain import record_bytes
from selfscope.archive.journal.disk import Disk, make_dirs
from selfscope.archive.journal.events import UNKNOWN, Event, Exported, InstanceBegan, as_json, from_json
from selfscope.archive.lineage.graph import kind_of
from selfscope.archive.policy.evaluate import Facts, evaluate_ledger
from selfscope.archive.policy.office import desk_of
from selfscope.archive.store.add import Added
from selfscope.archive.store.fetch import check_file, readable, refuse_taken, set_aside
from selfscope.archive.store.manifests import read_manifest
from selfscope.errors import BadInput, CouldNot
from selfscope.values.canonical import canonical_json

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive
    from selfscope.archive.store.fetch import Reader

OBJECT = "0=ocfl_object_1.1"
ROOT = "0=ocfl_1.1"
LISTING = export_verifier.LISTING


@dataclass(frozen=True)
class Export:
    """What was exported: where it lies, the contents, and bytes of their files."""

    path: Path
    contents: tuple[str, ...]
    size: int


def export(archive: Archive, contents: tuple[str, ...], out: Path) -> Export:
    """Write contents to a new directory, whole and readable without this archive.

    Raises
    ------
    BadInput
        If one is not held, or something is at `out`.
    Refused
        If one is sealed, destroyed, or about to be.
    CouldNot
        If the disk fails, or what is held is damaged; nothing is then at `out`.
    """
    contents, out = tuple(dict.fromkeys(contents)), Path(out).absolute()
    _demand(archive, contents)
    refuse_taken(out)
    with set_aside(archive.disk, out) as made:
        bundle = _Bundle(archive.disk, made)
        readers = [readable(archive, content) for content in contents]
        for reader in readers:
            _write_object(bundle, reader, archive.now())
        bundle.write(f"ocfl/{ROOT}", b"ocfl_1.1\n")
        _write_frame(bundle, archive, contents)
        bundle.sync()
        refuse_taken(out)
        if out.is_dir():
            archive.disk.rmdir(out)
        events = [Exported(content, str(out), archive.now()) for content in contents]
        archive.append(events, lambda here: _demand(here, contents))
        archive.disk.rename(made, out)
        archive.disk.sync_dir(out.parent)
    return Export(out, contents, sum(reader.holding.manifest.size for reader in readers))


def _demand(archive: Archive, contents: tuple[str, ...]) -> None:
    """Raise unless every one of the contents is held, and may be exported now."""
    desk = desk_of(archive)
    ledger = desk.ledger()
    policy, now = desk.policy(ledger), desk.now()
    for content in contents:
        archive.holdings(content)
        evaluate_ledger(policy, ledger, Facts("export", content), now).demand()


def import_(archive: Archive, bundle: Path, *, domain: str = "") -> list[Added]:
    """Add an export's contents, after everything in it was checked, as copies of the instances that left.

    Parameters
    ----------
    bundle
        Its directory, or a zip or tar of it, which is unpacked to a temporary place in the clear.
    domain
        The destruction domain whose key encrypts what is added, or "".

    Raises
    ------
    BadInput
        If it is no export, or anything in it is not what was exported.
    """
    bundle = Path(bundle)
    if bundle.is_file():
        with unpacked(bundle) as folder:
            return import_(archive, folder, domain=domain)
    found = export_verifier.problems(bundle)
    if found:
        raise BadInput(
            "this export is not whole", got="; ".join(found[:3]), fix="Get it again from its source"
        )
    told = json.loads((bundle / "bundle.json").read_bytes())
    if domain:
        with archive.writing():  # where nothing may be written, no key is made
            archive.open_domain(domain)
    return [_import_one(archive, bundle, each, domain) for each in told["contents"]]


def _import_one(archive: Archive, bundle: Path, told: dict[str, Any], domain: str) -> Added:
    content = bundle / "ocfl" / told["object"] / "v1" / "content"
    manifest = read_manifest((content / "manifest.json").read_bytes())
    path = content / "files"
    if manifest.lone:
        path = path / manifest.files[0].path
    source = _source(told)
    if source is not None and archive.index.instance(source.instance) is None:
        archive.append([source])
    added = archive.add(
        path, source=source.instance if source else UNKNOWN, name=told["name"], form=manifest.form,
        recipe=manifest.recipe, domain=domain, quarantine=told["quarantined"],
    )  # fmt: skip
    if added.content != told["content"]:
        raise CouldNot("what was imported is not what was exported", got=added.content)
    return added


def _source(told: dict[str, Any]) -> InstanceBegan | None:
    """Return the copy that left, as the exporting archive told of it: its word, and no more than that."""
    types = {"content": str, "name": str, "quarantined": bool}
    if not all(isinstance(told.get(name), kind) for name, kind in types.items()):
        raise BadInput("bundle.json does not describe a content", got=told, fix="Get the export again")
    if told.get("source") is None:
        return None
    source = from_json(told["source"])
    if not isinstance(source, InstanceBegan) or source.content != told["content"]:
        raise BadInput("bundle.json names a source that is no copy of its content", got=told["content"])
    return source


class _Bundle:
    """A directory being written, every file synced, with its digests."""

    def __init__(self, disk: Disk, top: Path) -> None:
        self.disk, self.top = disk, top
        self.digests: dict[str, str] = {}
        disk.mkdir(top)

    def sync(self) -> None:
        """Make the names in every directory durable."""
        for path in [*sorted(p for p in self.top.rglob("*") if p.is_dir()), self.top]:
            self.disk.sync_dir(path)

    def write(self, name: str, data: bytes) -> str:
        """Write a small file and return its sha512."""
        return self.stream(name, lambda take: take(data))

    def stream(self, name: str, give: Any) -> str:
        """Write a file from a function that is handed one to take its parts; return its sha512."""
        path = self.top / name
        make_dirs(self.disk, path.parent, self.top)
        sha256, sha512 = hashlib.sha256(), hashlib.sha512()
        opened = self.disk.create(path)

        def take(part: bytes) -> None:
            self.disk.write(opened, part)
            sha256.update(part)
            sha512.update(part)

        try:
            give(take)
            self.disk.sync(opened)
        finally:
            self.disk.close(opened)
        self.digests[name] = sha256.hexdigest()
        return sha512.hexdigest()


def _write_object(bundle: _Bundle, reader: Reader, at: str) -> None:
    """Write one OCFL object: the manifest, the files, the inventory twice, as the layout asks."""
    manifest = reader.holding.manifest
    top = f"ocfl/{_name(manifest.id)}"
    bundle.write(f"{top}/{OBJECT}", b"ocfl_object_1.1\n")
    state: dict[str, list[str]] = {}
    sums: dict[str, list[str]] = {}

    def enter(logical: str, digest: str) -> None:
        state.setdefault(digest, []).append(logical)
        sums.setdefault(digest, []).append(f"v1/content/{logical}")

    enter("manifest.json", bundle.write(f"{top}/v1/content/manifest.json", canonical_json(manifest)))
    blake3s: dict[str, list[str]] = {}
    for number, file in enumerate(manifest.files):
        name = f"files/{file.path}"

        def give(take: Any, number: int = number) -> None:
            check_file(manifest.files[number], reader.file(number), take)

        enter(name, bundle.stream(f"{top}/v1/content/{name}", give))
        blake3s.setdefault(file.b3.removeprefix("b3:"), []).append(f"v1/content/{name}")
    inventory = canonical_json(_inventory(manifest.id, at, state, sums, blake3s))
    for place in (top, f"{top}/v1"):
        digest = bundle.write(f"{place}/inventory.json", inventory)
        bundle.write(f"{place}/inventory.json.sha512", f"{digest} inventory.json\n".encode())


def _inventory(
    content: str,
    at: str,
    state: dict[str, list[str]],
    sums: dict[str, list[str]],
    blake3s: dict[str, list[str]],
) -> dict[str, Any]:
    return {
        "id": f"urn:selfscope:{content}",
        "type": "https://ocfl.io/1.1/spec/#inventory",
        "digestAlgorithm": "sha512",
        "head": "v1",
        "manifest": sums,
        "fixity": {"blake3": blake3s} if blake3s else {},
        "versions": {
            "v1": {
                "created": at,
                "message": "Exported from an archive.",
                "user": {"name": "selfscope", "address": "urn:selfscope:archive"},
                "state": state,
            }
        },
    }


def _write_frame(bundle: _Bundle, archive: Archive, contents: tuple[str, ...]) -> None:
    """Write what stands around the objects: the journal, who is who, the verifier, and the list of all."""
    began: dict[str, InstanceBegan] = {}
    last: dict[str, Any] = {}
    for sealed in archive.sealed():
        began |= {e.instance: e for e in sealed.record.events if isinstance(e, InstanceBegan)}
        bundle.write(f"journal/{sealed.record.number:09d}.json", record_bytes(sealed))
        last = {"number": sealed.record.number, "digest": sealed.digest}
    told = [_told(archive, content, began) for content in contents]
    about = {
        "archive": archive.id,
        "key": archive.key,
        "exported": archive.now(),
        "contents": told,
        "journal": last,
    }
    bundle.write("bundle.json", canonical_json(about))
    source = resources("selfscope.archive.exchange").joinpath("export_verifier.py").read_bytes()
    bundle.write("verify.py", source)
    bundle.write(LISTING, canonical_json(dict(sorted(bundle.digests.items()))))


def _told(archive: Archive, content: str, began: dict[str, InstanceBegan]) -> dict[str, Any]:
    row = archive.holdings(content)[0]
    source: Event | None = began.get(row.instance)
    return {
        "content": content,
        "object": _name(content),
        "name": row.name,
        "quarantined": bool(row.quarantined),
        "source": as_json(source) if source else None,
    }


def _name(content: str) -> str:
    if kind_of(content) != "content":
        raise BadInput("this is no content", got=content, fix="Give an id that `keep list` shows")
    return content.replace(":", "-")
