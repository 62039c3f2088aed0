"""Write the generated part of docs/instruments/open-answers.md: what a judge is told.

The other words of the page are written by hand. A test renders the part again and compares::

    python -m selfscope.studies.open_page
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from selfscope.instruments.cluster.markdown import between_marks
from selfscope.instruments.open.judging import INSTRUCTIONS

PAGE = Path("docs/instruments/open-answers.md")


def render(page: str) -> str:
    """Return `page` with its generated part made anew; BadInput if it has no place for one."""
    return between_marks(page, {"instructions": _instructions()})


def _instructions() -> str:
    return f"```text\n{INSTRUCTIONS}\n```\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the generated part into the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--page", type=Path, default=PAGE)
    page = parser.parse_args(arguments).page
    page.write_text(render(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
