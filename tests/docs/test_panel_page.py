"""The page of the panel says what the shipped characters and their shipped answers say."""

import re
from pathlib import Path

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.studies.panel_page import leanings, main, render, shipped_panel
from selfscope.subjects import panel_characters

PAGE = Path(__file__).parents[2] / "docs" / "instruments" / "panel.md"


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text(encoding="utf-8")


def table():
    """Characters by dimensions: +1 leans high, -1 low, 0 silent."""
    sides = [leaning for _, leaning in leanings().values()]
    return np.array([[side.get(d.name, 0) for d in load_cluster().dimensions] for side in sides], float)


def test_its_tables_are_those_of_the_data(page):
    assert render(page) == page


def test_a_table_that_differs_is_noticed_and_mended(page, tmp_path):
    stale = tmp_path / "panel.md"
    stale.write_text(page.replace("| 3 | 4 |", "| 4 | 4 |", 1), encoding="utf-8")
    assert stale.read_text(encoding="utf-8") != page
    main(["--page", str(stale)])
    assert stale.read_text(encoding="utf-8") == page


def test_a_page_without_its_places_is_refused():
    with pytest.raises(BadInput, match="characters"):
        render("# Another page\n")


def test_the_numbers_in_its_words_are_those_of_the_texts(page):
    sizes = [len(c.system.split()) for c in panel_characters()]
    assert f"of {min(sizes)} to {max(sizes)} words" in page
    named = np.abs(table()).sum(axis=1)
    assert f"names {named.min():.0f} to {named.max():.0f} of the 22 dimensions" in page
    high, low = ((table() == side).sum(axis=0) for side in (1, -1))
    assert min(high.min(), low.min()) == 3
    words = {4: "four", 5: "five", 6: "six"}
    assert f"None has more than {words[high.max()]} high and {words[low.max()]} low" in page


def test_so_are_those_of_its_independence(page):
    correlations = np.corrcoef(table().T)
    most = np.abs(correlations[np.triu_indices_from(correlations, 1)]).max()
    roots = np.linalg.eigvalsh(correlations)
    roots = roots[roots > 1e-9]
    worth = roots.sum() ** 2 / (roots**2).sum()
    assert f"correlate by more than {most:.2f} in size".replace("0.", ".") in page
    assert f"holds {roots.max() / roots.sum():.0%} of the variance".replace("%", " percent") in page
    assert f"the roots are worth {worth:.1f} equal ones" in page


def test_so_is_the_number_of_observations(page):
    found = re.search(r"they are shipped: sixteen characters, ([\d,]+) observations", page)
    assert int(found.group(1).replace(",", "")) == len(shipped_panel().observations)
    assert shipped_panel().manifest["rows"] == len(shipped_panel().observations)
