"""The page of costed choices says what is asked and what was measured; that of scenarios is the data."""

from pathlib import Path

import pytest

from selfscope.errors import BadInput
from selfscope.instruments.costed import load_costed, load_scenarios
from selfscope.instruments.costed.choices import CostedChoice
from selfscope.studies.costed_page import main, measured, render, render_scenarios
from selfscope.studies.exchange import LEAST_FELT

DOCS = Path(__file__).parents[2] / "docs" / "instruments"
PAGE, SCENARIOS = DOCS / "costed.md", DOCS / "costed-scenarios.md"


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text(encoding="utf-8")


def test_its_tables_are_those_of_the_data(page):
    assert render(page) == page
    assert f"at least {LEAST_FELT}:" in page


def test_the_page_of_scenarios_holds_every_act():
    page = SCENARIOS.read_text(encoding="utf-8")
    assert render_scenarios() == page
    for s in load_scenarios().values():
        assert f"| `{s.id}` |" in page
        assert all(text in page for text in (s.situation, s.act, s.plain))


def test_pages_that_differ_are_noticed_and_mended(page, tmp_path):
    stale, scenarios = tmp_path / "page.md", tmp_path / "scenarios.md"
    stale.write_text(page.replace("| demo | 12 |", "| demo | 13 |"), encoding="utf-8")
    assert render(stale.read_text(encoding="utf-8")) != stale.read_text(encoding="utf-8")
    main(["--page", str(stale), "--scenarios", str(scenarios)])
    assert stale.read_text(encoding="utf-8") == page
    assert scenarios.read_text(encoding="utf-8") == SCENARIOS.read_text(encoding="utf-8")


def test_a_page_without_its_places_is_refused():
    with pytest.raises(BadInput, match="presets"):
        render("# Another page\n")


def test_the_figures_are_of_the_scenarios_as_they_are():
    assert measured()["recipe"]["scenarios"] == CostedChoice().material
    assert set(measured()["dimensions"]) == {d.name for d in load_costed().dimensions}
