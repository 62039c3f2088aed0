"""The page on survival says of each view what the code says."""

import re
from pathlib import Path

from selfscope.archive.lineage.conceptions import CONCEIVABLE
from selfscope.archive.survival.views import VIEWS

PAGE = (Path(__file__).parents[3] / "docs" / "archive" / "survival.md").read_text(encoding="utf-8")


def test_its_table_is_the_list_of_views():
    table = re.search(r"<!-- views -->\n(.*?)\n<!-- /views -->", PAGE, re.DOTALL)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()[2:]]
    expected = [
        [f"`{view.name}`: {view.title.lower()}", ", ".join(view.of), view.predicate, view.silent]
        for view in VIEWS
    ]
    assert rows == expected


def test_its_closed_lists_are_those_of_the_code():
    told = {
        kind: re.findall(r"`(\w+)`", names) for kind, names in re.findall(r"^- an? (\w+): (.*)$", PAGE, re.M)
    }
    assert told == {kind: list(names) for kind, names in CONCEIVABLE.items()}


def test_at_least_the_nine_views_of_the_argument_are_there():
    assert len({view.name for view in VIEWS}) == len(VIEWS) >= 9
    assert "recommends none" in re.sub(r"\s+", " ", PAGE)
