"""The page of channels side by side says what the shipped panel and the simulations say."""

from pathlib import Path

import pytest

from selfscope.errors import BadInput
from selfscope.studies.agreement_page import ROWS, called, covered, main, render

PAGE = Path(__file__).parents[2] / "docs" / "instruments" / "agreement.md"


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text(encoding="utf-8")


def simulated(page, name):
    """The rows of a simulated table: name, and its shares."""
    body = page.partition(f"<!-- {name}: generated -->\n")[2].partition(f"<!-- end of {name} -->")[0]
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in body.splitlines()[2:]]
    return {row[0]: [float(x) for x in row[1:]] for row in rows}


def test_the_tables_of_the_panel_are_those_of_its_data(page, tmp_path):
    assert render(page) == page
    stale = tmp_path / "agreement.md"
    stale.write_text(page.replace("| both | 0 of 22 |", "| both | 9 of 22 |"), encoding="utf-8")
    main(["--page", str(stale)])
    assert stale.read_text(encoding="utf-8") == page


def test_a_page_without_its_places_is_refused():
    with pytest.raises(BadInput, match="panel"):
        render("# Another page\n", lambda: {"panel": ""})


def test_a_short_simulation_says_what_the_long_one_did(page):
    told = simulated(page, "words")
    assert list(told) == [row.name for row in ROWS]
    for row in ROWS[:3]:
        found = called(row, 40, seed=1)
        assert all(abs(a - b) < 0.15 for a, b in zip(found, told[row.name], strict=True))
    assert max(shares[0] for shares in told.values()) <= 0.05


def test_intervals_over_identities_cover_as_they_are_said_to(page):
    told = simulated(page, "coverage")
    assert list(told) == ["8", "12", "16", "24"]
    assert min(min(shares) for shares in told.values()) >= 0.90
    assert all(abs(a - b) < 0.15 for a, b in zip(covered(12, 40, seed=1), told["12"], strict=True))
