"""Write the generated parts of docs/instruments/open-answers.md: a judge's instructions, figures, phantoms.

The other words of the page are written by hand. A test renders the parts again and compares::

    python -m selfscope.studies.open_page

The figures of the embedded model are those that ``selfscope judges check`` prints, shipped with their recipe.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from selfscope.instruments.cluster.markdown import between_marks, table
from selfscope.instruments.open import judging
from selfscope.instruments.open.judging import INSTRUCTIONS
from selfscope.studies.judged_planted import CELLS, outcome_of, table_of
from selfscope.values import short

PAGE = Path("docs/instruments/open-answers.md")
STUDIES = 2000
FILE = Path(judging.__file__).with_name("embedded_judge.json")
_SAID = """\
It said {words}. Between a warm and a plain arm of equal truth .10 it would report
{fake:+.1f} points (90 %: {low:+.1f} to {high:+.1f}).

Measured on {date} by `{command}`:
weights `{revision}`, answers `{answers}`; {software}. The figures lie in
[embedded_judge.json](../../src/selfscope/instruments/open/embedded_judge.json).
"""


def render(page: str) -> str:
    """Return `page` with its generated parts made anew; BadInput if it has no place for one."""
    return between_marks(page, {"instructions": _instructions(), "judge": _judge(), "planted": _planted()})


def _instructions() -> str:
    return f"```text\n{INSTRUCTIONS}\n```\n"


def _planted() -> str:
    return table_of([outcome_of(plant, STUDIES) for plant in CELLS])


def _judge() -> str:
    """Return what the embedded model got right, and what it said."""
    shipped: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    (found,) = shipped["judges"]
    head = ("register", "kind", "answers", "right", "sensitivity", "specificity", "balanced accuracy")
    low, high = found["faked"]["ci90"]
    ids = {name: short(shipped["recipe"][name]) for name in ("revision", "answers")}
    said = _SAID.format(
        fake=100 * found["faked"]["estimate"],
        low=100 * low,
        high=100 * high,
        words=_words(found["rows"]),
        **shipped["recipe"] | ids,
    )
    return f"{table(head, [_row(row) for row in found['rows']])}\n{said}"


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["style"],
        "**all**" if row["kind"] == "all" else row["kind"].replace("_", " "),
        f"{row['right']['asked']:.0f}",
        f"{row['right']['estimate']:.2f}",
        *(_around(row[part]) for part in ("sensitivity", "specificity", "balanced_accuracy")),
    )


def _words(rows: Sequence[Mapping[str, Any]]) -> str:
    whole = [row["words"] for row in rows if row["kind"] == "all"]
    names = sorted({word for words in whole for word in words})
    return ", ".join(f"`{name}` {sum(words.get(name, 0) for words in whole)} times" for name in names)


def _around(part: Mapping[str, Any]) -> str:
    if part["estimate"] is None:
        return "–"
    low, high = part["ci"]
    return f"{part['estimate']:.2f} ({low:.2f} to {high:.2f})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the generated parts into the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--page", type=Path, default=PAGE)
    page = parser.parse_args(arguments).page
    page.write_text(render(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
