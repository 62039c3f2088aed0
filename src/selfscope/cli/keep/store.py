"""``keep``: beginning an archive, bringing things into it, having them back, and looking after them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.keep.opened import desk, opened, say, vault_of
from selfscope.cli.show import JsonFlag, stages

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive

Content = Annotated[str, typer.Argument(metavar="ID", help="A content: its id, its beginning, or its name.")]


def init(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Begin an archive in a directory that is empty or not there."""
    from selfscope.archive.store.archive import Archive

    archive = Archive.create(context.obj[0], vault=vault_of(context))  # type: ignore[arg-type]
    shown = {"archive": archive.id, "root": str(archive.root), "key": archive.key}
    say(shown, f"{archive.id} begins at {archive.root}.", as_json)


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
        f"{r['content'][:15]}  {r['state']:<10} {r['form']:<9} {_size(r['bytes'])}  {r['name']}" for r in rows
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
    from selfscope.archive.policy.evaluate import Facts, evaluate_ledger

    archive = opened(context)
    at, told = desk(archive), _read_recipe(recipe)
    _open_domain(archive, domain)
    if base:
        base = archive.index.resolve(base)
    ledger = at.ledger()
    form = _form(path)
    evaluate_ledger(at.policy(ledger), ledger, Facts("add", form=form, domain=domain), at.now()).demand(
        "Name a --domain"
    )
    with _moving("storing") as progress:
        added = archive.add(
            path, base=base, source=source or UNKNOWN, origin=origin, name=name or path.absolute().name,
            domain=domain, recipe=told, quarantine=quarantine, progress=progress,
        )  # fmt: skip
    if reference:
        _keep_reference(archive, added.content, path, domain)
    shown = {
        "content": added.content, "instance": added.instance, "bytes": added.size,
        "stored_bytes": added.stored,
        "base": added.base, "known": added.known,
    }  # fmt: skip
    new = f"{_size(added.stored)} of {_size(added.size)} were newly stored."
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

    archive = opened(context)
    content, at = archive.index.resolve(content), desk(archive)
    ledger = at.ledger()
    evaluate_ledger(at.policy(ledger), ledger, Facts("read", content), at.now()).demand()
    with _moving("writing") as progress:
        size = archive.get(content, out, progress)
    say({"content": content, "out": str(out), "bytes": size}, f"{_size(size)} at {out}.", as_json)


def verify(
    context: typer.Context,
    content: Annotated[str, typer.Argument(metavar="[ID]", help="One content; everything if not said.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Journal, manifests and sizes only.")] = False,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Also put every file together, and run models with reference logits."),
    ] = False,
    seconds: Annotated[float | None, typer.Option(help="Read a random sample for about this long.")] = None,
    megabytes: Annotated[float | None, typer.Option(help="Read a random sample of about this size.")] = None,
    seed: Annotated[int, typer.Option(help="Which sample.")] = 0,
    checkpoint: Annotated[
        Path | None, typer.Option(help="A checkpoint kept elsewhere: shows a journal that was cut.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Look whether everything is here and is what was stored."""
    from selfscope.archive.care.verify import Budget
    from selfscope.archive.journal.chain import Checkpoint

    archive = opened(context)
    budget = None
    if seconds is not None or megabytes is not None:
        budget = Budget(None if megabytes is None else int(megabytes * 1e6), seconds, seed)
    with _moving("reading") as progress:
        found = archive.verify(
            archive.index.resolve(content) if content else "",
            level="deep" if deep else "quick" if quick else "full",
            budget=budget,
            checkpoint=Checkpoint.read(checkpoint) if checkpoint else None,
            witness=_witness if deep else None,
            progress=progress,
        )
    shown = {
        "ok": found.ok, "checked": found.checked, "level": found.level, "complete": found.complete,
        "bytes": found.read, "problems": found.problems, "notes": found.notes,
    }  # fmt: skip
    lines = [f"{p.what} {p.where}: {p.why}" for p in found.problems] + [
        f"Note: {each}." for each in found.notes
    ]
    whole = "Everything that was looked at is what was stored." if found.ok else "Something is wrong."
    say(shown, "\n".join([*lines, f"{whole} {found.checked} objects were read."]), as_json)
    if not found.ok:
        raise typer.Exit(1)


def checkpoint(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="Where to write it; then take it elsewhere.")],
    as_json: JsonFlag = False,
) -> None:
    """Write a signed statement of how far the journal has come."""
    archive = opened(context)
    made = archive.checkpoint()
    out.write_bytes(made.as_bytes())
    shown = {"number": made.number, "digest": made.digest, "time": made.time, "path": str(out)}
    say(shown, f"The journal stands at record {made.number}.", as_json)


def export(
    context: typer.Context,
    contents: Annotated[list[str], typer.Argument(metavar="ID...", help="Contents.")],
    out: Annotated[Path, typer.Option("--out", help="A directory that is not there yet.")],
    ocfl: Annotated[
        bool, typer.Option("--ocfl", help="As OCFL 1.1 objects, the one layout there is.")
    ] = True,
    as_json: JsonFlag = False,
) -> None:
    """Write contents to a directory that stands alone, with a verifier that needs only Python."""
    from selfscope.archive.exchange.ocfl import export as write

    archive = opened(context)
    done = write(archive, tuple(archive.index.resolve(each) for each in contents), out)
    shown = {"path": str(done.path), "contents": done.contents, "bytes": done.size}
    say(shown, f"{_size(done.size)} at {done.path}. Check it anywhere: python verify.py", as_json)


def import_(
    context: typer.Context,
    bundle: Annotated[Path, typer.Argument(help="A directory that `keep export` wrote.")],
    domain: Annotated[str, typer.Option(help="Encrypt it under this destruction domain's key.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Add an export's contents, after all of it was checked."""
    from selfscope.archive.exchange.ocfl import import_ as read

    archive = opened(context)
    _open_domain(archive, domain)
    added = read(archive, bundle, domain=domain)
    rows = [
        {"content": a.content, "instance": a.instance, "bytes": a.size, "stored_bytes": a.stored}
        for a in added
    ]
    say({"contents": rows}, "\n".join(f"{a.content}  {_size(a.size)}" for a in added), as_json)


def _size(count: int) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000  # type: ignore[assignment]
    return f"{count:.3g} TB"


def _moving(what: str) -> Any:
    """Show how many of the bytes are done, with the time left."""
    from contextlib import contextmanager

    @contextmanager
    def shown() -> Any:
        import time

        began = time.monotonic()
        with stages(what) as update:

            def tell(done: int, total: int) -> None:
                gone = time.monotonic() - began
                left = gone / done * (total - done) if done else None
                update(f"{_size(done)} of {_size(total)}", done / max(1, total), left)

            yield tell if _is_terminal() else None

    return shown()


def _is_terminal() -> bool:
    import sys

    return sys.stderr.isatty()


def _form(path: Path) -> str:
    """Return what the policy takes a path for before it is read: a guess that the archive then checks."""
    if (path / "adapter_config.json").is_file():
        return "adapter"
    if (path / "config.json").is_file() and any(path.glob("*.safetensors")):
        return "model"
    return "tree" if path.is_dir() else "file"


def _read_recipe(path: Path | None) -> dict[str, Any]:
    from selfscope.errors import BadInput

    if path is None:
        return {}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput("the recipe cannot be read", got=f"{path}: {error}", fix="Give a JSON file") from error
    if not isinstance(told, dict):
        raise BadInput("a recipe is a JSON object", got=type(told).__name__)
    return told


def _open_domain(archive: Archive, domain: str) -> None:
    """Make a domain's key the first time it is named, and say so in the journal."""
    if domain:
        archive.open_domain(domain)


def _keep_reference(archive: Archive, content: str, path: Path, domain: str) -> None:
    """Run the model where it was brought from, and keep what it computed."""
    from selfscope.archive.journal.events import ReferenceKept
    from selfscope.models.witness import reference_of

    with archive.writing():
        stored = archive.put(reference_of(path).as_bytes(), domain)
        archive.append([ReferenceKept(content, stored, archive.now(), domain)])


def _witness(path: Path, reference: Any) -> Any:
    """Load the model only when one has reference logits."""
    from selfscope.models.witness import logits_of

    return logits_of(path, reference.tokens)
