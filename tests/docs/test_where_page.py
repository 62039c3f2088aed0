"""docs/where.md: its table of the panel is what the shipped answers give, and its simulation is there."""

import re
from pathlib import Path

from selfscope.studies.where_planted import CELLS, PAGE, render

TEXT = (Path(__file__).parents[2] / PAGE).read_text(encoding="utf-8")


def test_the_table_of_the_panel_is_what_is_shipped():
    assert render(TEXT) == TEXT


def test_every_simulated_cell_is_on_the_page():
    assert all(re.search(rf"^\| {re.escape(cell.name)} \|", TEXT, re.MULTILINE) for cell in CELLS)
