"""``schema`` and ``cite``."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated

import typer

from selfscope import __version__
from selfscope.errors import BadInput


def schema(
    verb: Annotated[str, typer.Argument(help="The verb whose JSON is described.")],
) -> None:
    """Print the JSON Schema of a verb's --json output."""
    folder = files("selfscope.cli") / "schemas"
    file = folder / f"{verb.replace(' ', '-')}.json"
    if not file.is_file():
        known = sorted(p.name.removesuffix(".json") for p in folder.iterdir() if p.name.endswith(".json"))
        raise BadInput("no such verb has a schema", got=verb, fix=f"choose from: {', '.join(known)}")
    print(file.read_text(encoding="utf-8"), end="")


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
