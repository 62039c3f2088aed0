"""``keep``: handing contents over, and taking over what others handed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from selfscope.cli.keep.opened import content_named, opened, refuse_place, say
from selfscope.cli.keep.progress import size_text
from selfscope.cli.show import JsonFlag
from selfscope.errors import BadInput

LIMIT = "It holds the whole journal of this archive, and is a copy outside its control."


def export(
    context: typer.Context,
    contents: Annotated[list[str], typer.Argument(metavar="ID...", help="Contents.")],
    out: Annotated[Path, typer.Option("--out", help="A directory that is not there yet.")],
    ocfl: Annotated[
        bool, typer.Option("--ocfl", help="As OCFL 1.1 objects, the one layout there is.")
    ] = True,
    sign: Annotated[
        Path | None,
        typer.Option(
            "--sign",
            metavar="KEYFILE",
            help="Sign it for others, in the format of OpenSSF model signing: an EC private key in PEM.",
        ),
    ] = None,
    signature: Annotated[
        Path | None, typer.Option(help="Where the signature is to lie; OUT.sig beside it if not said.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write contents to a directory that stands alone, with a verifier that needs only Python."""
    from selfscope.archive.exchange.model_sign import check_key, sign_export
    from selfscope.archive.exchange.ocfl import export as write

    refuse_place(context, out)
    archive, beside = opened(context), signature or _beside(out)
    ids = tuple(content_named(archive, each) for each in contents)
    if sign is not None:
        check_key(sign)
        _refuse_taken(context, out, beside)
    elif signature is not None:
        raise BadInput("a signature needs a key", got=signature, fix="Add --sign KEYFILE")
    done = write(archive, ids, out)
    lines = [f"{size_text(done.size)} at {done.path}. Check it anywhere: python verify.py", LIMIT]
    if sign is not None:
        sign_export(done.path, sign, beside)
        lines.append(f"Signed: {beside}")
    shown = {
        "path": str(done.path), "contents": done.contents, "bytes": done.size,
        "signature": str(beside) if sign else "",
    }  # fmt: skip
    say(shown, "\n".join(lines), as_json)


def import_(
    context: typer.Context,
    bundle: Annotated[
        Path,
        typer.Argument(
            help="What `keep export` wrote: its directory, or a zip, tar, tar.gz or tar.zst of it."
        ),
    ],
    domain: Annotated[str, typer.Option(help="Encrypt it under this destruction domain's key.")] = "",
    signed_by: Annotated[
        Path | None,
        typer.Option(
            "--signed-by", metavar="KEYFILE", help="Refuse it unless the owner of this public key signed it."
        ),
    ] = None,
    signature: Annotated[
        Path | None, typer.Option(help="Where the signature lies; BUNDLE.sig beside it if not said.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Add an export's contents, after all of it was checked."""
    from selfscope.archive.exchange.ocfl import import_ as read

    archive = opened(context)
    if not bundle.exists():
        raise BadInput("there is no such export", got=bundle, fix="Name a directory, a zip or a tar")
    _check_signature(bundle, signed_by, signature)
    added = read(archive, bundle, domain=domain)
    rows: list[dict[str, Any]] = [
        {
            "content": a.content, "instance": a.instance, "bytes": a.size, "stored_bytes": a.stored,
            "known": a.known,
        }
        for a in added
    ]  # fmt: skip
    lines = [f"{a.content}  {size_text(a.size)}{'  was here already' * a.known}" for a in added]
    say({"contents": rows}, "\n".join(lines), as_json)


def _beside(out: Path) -> Path:
    return out.absolute().with_name(out.absolute().name + ".sig")


def _refuse_taken(context: typer.Context, out: Path, signature: Path) -> None:
    """Refuse a place for the signature before anything is exported, for an export is on record."""
    refuse_place(context, signature)
    if signature.exists() or signature.absolute().is_relative_to(out.absolute()):
        raise BadInput(
            "a signature cannot be written there", got=signature, fix="Name a new file beside the export"
        )


def _check_signature(bundle: Path, key: Path | None, signature: Path | None) -> None:
    from selfscope.archive.exchange.model_sign import verify_export

    if key is None:
        if signature is not None:
            raise BadInput("a signature is checked by a key", got=signature, fix="Add --signed-by KEYFILE")
        return
    if not bundle.is_dir():
        raise BadInput("a directory is what was signed", got=bundle, fix="Unpack it, and import that")
    verify_export(bundle, key, signature or _beside(bundle))
