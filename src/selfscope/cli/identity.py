"""``read``: what of an identity would be used, and how it would be understood."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from selfscope.cli.show import JsonFlag, console, print_json


def read(
    path: Annotated[Path, typer.Argument(help="An identity: a text or Markdown file, or a folder.")],
    as_json: JsonFlag = False,
) -> None:
    """Show the effective system prompt of an identity, its sources, and its claims by line."""
    from selfscope.subjects import describe, read_identity

    reading = read_identity(path)
    if as_json:
        print_json(reading)
    else:
        console().print(describe(reading), markup=False)
