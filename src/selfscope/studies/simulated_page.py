"""The command line of a simulation: its tables go into a page, and what is wrong too often fails it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from selfscope.instruments.cluster.markdown import between_marks

#: From how many sets a row to the tables by the name of their marks, and what is wrong too often.
Simulated = Callable[[int], tuple[dict[str, str], list[str]]]


def fill_page(
    simulated: Simulated, page: Path, sets: int, about: str | None, arguments: Sequence[str] | None = None
) -> int:
    """Write simulated tables into a page; return 1 where something is wrong too often, and say what.

    Parameters
    ----------
    page, sets
        Where the tables go, and sets of data a row, where the command line says nothing else.
    about
        The docstring of the simulation, whose first paragraph is its help.
    """
    parser = argparse.ArgumentParser(description=(about or "").split("\n\n")[0])
    parser.add_argument("--page", type=Path, default=page)
    parser.add_argument("--sets", type=int, default=sets, help="simulated sets of data a row")
    chosen = parser.parse_args(arguments)
    tables, wrong = simulated(chosen.sets)
    chosen.page.write_text(between_marks(chosen.page.read_text(encoding="utf-8"), tables), encoding="utf-8")
    for each in wrong:
        print(f"wrong too often: {each}")
    return int(bool(wrong))
