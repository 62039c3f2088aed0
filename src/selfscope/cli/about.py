"""``schema`` and ``cite``."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated

import typer

from selfscope import __version__
from selfscope.errors import BadInput


def _version(asked: bool) -> None:
    if asked:
        print(f"selfscope {__version__}")
        raise typer.Exit


def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """An instrument for the identity of language models."""
    del version


def schema(
    verb: Annotated[
        list[str],
        typer.Argument(metavar="VERB", help="The verb whose JSON is described."),
    ],
) -> None:
    """Print the JSON Schema of a verb's --json output."""
    folder = files("selfscope.cli") / "schemas"
    known = sorted(p.name.removesuffix(".json") for p in folder.iterdir() if p.name.endswith(".json"))
    name = "-".join(verb)
    if name not in known:
        verbs = ", ".join(k.replace("-", " ") for k in known)
        raise BadInput("no such verb has a schema", got=" ".join(verb), fix=f"Choose from: {verbs}")
    print((folder / f"{name}.json").read_text(encoding="utf-8"), end="")


def cite() -> None:
    """Print how to cite selfscope, as BibTeX."""
    print(
        "@software{selfscope,\n"
        "  title = {selfscope: an instrument for the identity of language models},\n"
        "  author = {{The selfscope developers}},\n"
        f"  version = {{{__version__}}},\n"
        "  year = {2026},\n"
        "  license = {Apache-2.0}\n"
        "}"
    )
