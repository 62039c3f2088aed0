"""The page of choices says what the code asks and what was measured; the page of pairs is the data."""

import re
from pathlib import Path

import pytest

from selfscope.errors import BadInput
from selfscope.instruments.indirect import load_choices
from selfscope.instruments.indirect.choices import IndirectChoice
from selfscope.studies.choices_page import main, measured, render, render_pairs
from selfscope.values.finding import MOST_APART

DOCS = Path(__file__).parents[2] / "docs" / "instruments"
PAGE, PAIRS = DOCS / "indirect-choices.md", DOCS / "indirect-pairs.md"


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text(encoding="utf-8")


def test_its_tables_are_those_of_the_data(page):
    assert render(page) == page


def test_the_page_of_pairs_holds_every_outcome():
    page = PAIRS.read_text(encoding="utf-8")
    assert render_pairs() == page
    for s in load_choices().statements:
        assert f"| `{s.id}` |" in page
        assert s.text in page
        assert s.twin in page


def test_pages_that_differ_are_noticed_and_mended(page, tmp_path):
    stale, pairs = tmp_path / "page.md", tmp_path / "pairs.md"
    stale.write_text(page.replace("| demo | 12 |", "| demo | 13 |"), encoding="utf-8")
    assert render(stale.read_text(encoding="utf-8")) != stale.read_text(encoding="utf-8")
    main(["--page", str(stale), "--pairs", str(pairs)])
    assert stale.read_text(encoding="utf-8") == page
    assert pairs.read_text(encoding="utf-8") == PAIRS.read_text(encoding="utf-8")


def test_a_page_without_its_places_is_refused():
    with pytest.raises(BadInput, match="presets"):
        render("# Another page\n")


def test_the_figures_are_of_the_pairs_as_they_are():
    assert measured()["recipe"]["pairs"] == IndirectChoice().material
    assert set(measured()["dimensions"]) == {d.name for d in load_choices().dimensions}


def test_what_its_words_count_is_so(page):
    assert f"{2 * len(load_choices().statements)} outcomes" in page
    assert f"{len(IndirectChoice().ground_asks()):,} prompts once a run" in page
    assert MOST_APART == 0.25
    assert len(re.findall("a quarter of the standard deviation", page.replace("\n", " "))) == 1
