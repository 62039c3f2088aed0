"""``keep``: beginning an archive, bringing things into it, and having them back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.keep.opened import content_named, desk, opened, refuse_place, say, vault_of
from selfscope.cli.keep.progress import moving, size_text
from selfscope.cli.show import JsonFlag
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive

Content = Annotated[str, typer.Argument(metavar="ID", help="A content: its id, its beginning, or its name.")]


def init(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Begin an archive in a directory that is empty or not there."""
    from selfscope.archive.store.archive import Archive

    _refuse_no_parent(context.obj[0])
    archive = Archive.create(context.obj[0], vault=vault_of(context))
    shown = {"archive": archive.id, "root": str(archive.root), "key": archive.key}
    lines = [
        f"{archive.id} begins at {archive.root}.",
        "Only what is added with --domain is encrypted; nothing else can ever be destroyed honestly.",
    ]
    say(shown, "\n".join(lines), as_json)


def list_contents(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Show what the archive holds."""
    archive = opened(context)
    ledger = desk(archive).ledger()
    rows: list[dict[str, Any]] = [
        {
            "content": row.content, "name": row.name, "form": row.form, "bytes": row.size,
            "state": ledger.state(row.content), "instance": row.instance, "domain": row.domain,
            "base": row.base,
        }
        for row in archive.index.holdings()
    ]  # fmt: skip
    lines = [
        f"{r['content'][:15]}  {r['state']:<10} {r['form']:<9} {size_text(r['bytes']):>8}  "
        f"{r['domain'] or 'in the clear'}  {r['name']}\n  {r['instance']}"
        for r in rows
    ]
    say({"contents": rows}, "\n".join(lines) or "Nothing is held yet.", as_json)


def add(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A file or a directory.")],
    base: Annotated[
        str, typer.Option(help="Store what differs from this content alone; it is then needed to read it.")
    ] = "",
    source: Annotated[str, typer.Option("--from", help="The instance that the bytes were copied from.")] = "",
    origin: Annotated[
        bool, typer.Option("--origin", help="It was copied from nothing: it began here.")
    ] = False,
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    domain: Annotated[str, typer.Option(help="Encrypt it under this destruction domain's key.")] = "",
    recipe: Annotated[
        Path | None, typer.Option(help="A JSON file: what else it takes to run it. Part of its id.")
    ] = None,
    reference: Annotated[
        bool,
        typer.Option("--reference", help="Run the model and keep logits that a deep verification repeats."),
    ] = False,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Store formats that run code as bytes that are never opened.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Store a file or a directory, bit for bit."""
    from selfscope.archive.journal.events import UNKNOWN
    from selfscope.archive.store.add import Labels, check_source

    archive, told = opened(context), _read_recipe(recipe)
    if not path.exists():
        raise BadInput("there is nothing to add", got=path, fix="Name a file or a directory")
    base = content_named(archive, base) if base else ""
    labels = Labels(source=source or UNKNOWN, origin=origin)
    check_source(archive, labels, "")  # what is refused is refused before a key is made for it
    kept = _reference_of(path) if reference else b""
    if domain:
        with archive.writing():  # where nothing may be written, no key is made
            archive.open_domain(domain)
    with moving("storing") as progress:
        added = archive.add(
            path, base=base, source=source or UNKNOWN, origin=origin, name=name or path.absolute().name,
            domain=domain, recipe=told, quarantine=quarantine, progress=progress,
        )  # fmt: skip
    if kept:
        _keep_reference(archive, added.content, kept, domain)
    shown = {
        "content": added.content, "instance": added.instance, "bytes": added.size,
        "stored_bytes": added.stored,
        "base": added.base, "known": added.known,
    }  # fmt: skip
    new = f"{size_text(added.stored)} of {size_text(added.size)} were newly stored."
    known = "It was here already." if added.known else new
    say(shown, f"{added.content}\n{added.instance}\n{known}", as_json)


def get(
    context: typer.Context,
    content: Content,
    out: Annotated[Path, typer.Argument(help="Where it is to lie.")],
    as_json: JsonFlag = False,
) -> None:
    """Write a content back, bit for bit."""
    from selfscope.archive.policy.evaluate import Facts, evaluate_ledger

    refuse_place(context, out)
    archive = opened(context)
    content, at = content_named(archive, content), desk(archive)
    ledger = at.ledger()
    evaluate_ledger(at.policy(ledger), ledger, Facts("read", content), at.now()).demand()
    with moving("writing") as progress:
        size = archive.get(content, out, progress)
    say({"content": content, "out": str(out), "bytes": size}, f"{size_text(size)} at {out}.", as_json)


def _refuse_no_parent(root: Path) -> None:
    parent = root.absolute().parent
    if not parent.is_dir():
        raise BadInput("there is no such directory", got=parent, fix="Make it first")


def _read_recipe(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput("the recipe cannot be read", got=f"{path}: {error}", fix="Give a JSON file") from error
    if not isinstance(told, dict):
        raise BadInput("a recipe is a JSON object", got=type(told).__name__)
    return told


def _reference_of(path: Path) -> bytes:
    """Run the model where it is brought from, and return what it computed."""
    from selfscope.models.witness import reference_of

    if not (path / "config.json").is_file():
        raise BadInput(
            "reference logits are a model's, and this is none", got=path, fix="Leave out --reference"
        )
    return bytes(reference_of(path).as_bytes())


def _keep_reference(archive: Archive, content: str, reference: bytes, domain: str) -> None:
    from selfscope.archive.journal.events import ReferenceKept

    with archive.writing():
        stored = archive.put(reference, domain)
        archive.append([ReferenceKept(content, stored, archive.now(), domain)])
