"""What every verb shares of showing: JSON on standard output, all else on standard error, progress bars."""

from __future__ import annotations

import json
import math
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.errors import CouldNot
from selfscope.values import plain

if TYPE_CHECKING:
    from rich.console import Console

JsonFlag = Annotated[
    bool, typer.Option("--json", help="Print one JSON object to standard output, all else to standard error.")
]


#: Columns of what is printed where there is no terminal to ask.
PRINTED_WIDTH = 100
#: Characters of what is being asked; the whole line, cost included, then fits a terminal of 80 columns.
NAMED = 26


def console(as_json: bool = False) -> Console:
    """Return where people read: standard output, or standard error beside JSON."""
    from rich.console import Console

    stream = sys.stderr if as_json else sys.stdout
    return Console(file=stream, highlight=False, width=None if stream.isatty() else PRINTED_WIDTH)


def command_line() -> str:
    """Return what was typed, so that it can be typed again; how the answer is printed is left out."""
    return shlex.join(["selfscope", *(a for a in sys.argv[1:] if a != "--json")])


def print_json(value: Any) -> None:
    """Print one JSON object; numbers that do not exist (NaN, infinite) are null."""
    json.dump(finite(plain(value)), sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


def finite(value: Any) -> Any:
    """Return `value` with every NaN and infinity as None."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Turn a disk that fails while `what` is written into CouldNot."""
    try:
        yield
    except OSError as error:
        raise CouldNot(
            f"{what} cannot be written", got=error, fix="Make room, or choose another place, and run again"
        ) from error


@contextmanager
def counting(label: str) -> Iterator[Callable[[int, int, str, str], None]]:
    """Show a bar with what is asked, the count, time left and cost so far, on standard error."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=8),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
        TextColumn("{task.fields[spent]}"),
    )
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task(label, total=None, spent="")

        def update(done: int, total: int, what: str, spent: str) -> None:
            bar.update(task, completed=done, total=total, description=(what or label)[:NAMED], spent=spent)

        yield update


@contextmanager
def stages(label: str) -> Iterator[Callable[[str, float, float | None], None]]:
    """Show a bar of fractions for named stages (download, conversion), on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=24), TimeElapsedColumn())
    shown: set[str] = set()
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task(label, total=1.0)

        def update(stage: str, fraction: float, seconds_left: float | None = None) -> None:
            if stage not in shown and not sys.stderr.isatty():
                shown.add(stage)
                print(f"{label}: {stage}", file=sys.stderr)
            left = f", about {seconds_left:.0f} s left" if seconds_left else ""
            bar.update(task, completed=fraction, description=f"{label}: {stage}{left}")

        yield update
