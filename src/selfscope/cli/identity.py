"""``read``: what of an identity would be used, and how it would be understood."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from selfscope.cli.show import JsonFlag, console, print_json
from selfscope.errors import BadInput


def read(
    path: Annotated[
        str,
        typer.Argument(
            help="An identity: a text or Markdown file, an agent's workspace, a character card, or a "
            "selfscope.yaml that names one."
        ),
    ],
    prompt: Annotated[
        bool, typer.Option("--prompt", help="Print the effective system prompt and nothing else.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show what an identity is read as: roles and sources, what is left out and why, claims by line."""
    from selfscope.subjects import describe, read_identity

    if prompt and as_json:
        raise BadInput("--prompt and --json exclude each other", fix="The JSON holds the prompt as system")
    reading = read_identity(path_of(path))
    if as_json:
        print_json(reading)
    elif prompt:
        sys.stdout.write(f"{reading.system}\n")
    else:
        console().print(describe(reading), markup=False)


def path_of(given: str) -> Path:
    """Return the path that was given; an empty one is refused, for it would mean the folder one stands in."""
    if not given.strip():
        raise BadInput("no path was given", fix="Give a file or a folder; . is the folder that you are in")
    return Path(given)
