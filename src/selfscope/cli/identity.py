"""``read``: what of an identity would be used, and how it would be understood."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from selfscope.cli.show import JsonFlag, console, print_json
from selfscope.errors import BadInput


def read(
    path: Annotated[str, typer.Argument(help="An identity: a text or Markdown file, or a folder.")],
    as_json: JsonFlag = False,
) -> None:
    """Show the effective system prompt of an identity, its sources, and its claims by line."""
    from selfscope.subjects import describe, read_identity

    reading = read_identity(path_of(path))
    if as_json:
        print_json(reading)
    else:
        console().print(describe(reading), markup=False)


def path_of(given: str) -> Path:
    """Return the path that was given; an empty one is refused, for it would mean the folder one stands in."""
    if not given.strip():
        raise BadInput("no path was given", fix="Give a file or a folder; . is the folder that you are in")
    return Path(given)
