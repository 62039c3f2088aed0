"""Write the generated parts of docs/instruments/open-answers.md: what a judge is told, what phantoms come to.

The other words of the page are written by hand. A test renders the parts again and compares::

    python -m selfscope.studies.open_page
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from selfscope.instruments.cluster.markdown import between_marks
from selfscope.instruments.open.judging import INSTRUCTIONS
from selfscope.studies.judged_planted import CELLS, outcome_of, table_of

PAGE = Path("docs/instruments/open-answers.md")
STUDIES = 2000


def render(page: str) -> str:
    """Return `page` with its generated parts made anew; BadInput if it has no place for one."""
    return between_marks(page, {"instructions": _instructions(), "planted": _planted()})


def _instructions() -> str:
    return f"```text\n{INSTRUCTIONS}\n```\n"


def _planted() -> str:
    return table_of([outcome_of(plant, STUDIES) for plant in CELLS])


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the generated parts into the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--page", type=Path, default=PAGE)
    page = parser.parse_args(arguments).page
    page.write_text(render(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
