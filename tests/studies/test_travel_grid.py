"""A cluster that is planted is called one, half of one is not; the page holds the rates of the whole grid."""

import re
from pathlib import Path

import pytest

from selfscope.studies.travel_grid import BEGIN, END, SIZES, grid, main, rates_of, rendered

PAGE = (Path(__file__).parents[2] / "docs" / "instruments" / "cluster-finding.md").read_text(encoding="utf-8")
NAMES = [plant.name for plant in grid(12)]


def rows():
    """The rates on the page, by what is planted and how many identities: six numbers each."""
    found = {}
    for line in PAGE.split(BEGIN)[1].split(END)[0].strip().splitlines()[2:]:
        name, identities, *numbers = (cell.strip() for cell in line.strip("|").split("|"))
        found[name, int(identities)] = [float(x) for x in numbers]
    return found


def planted(name, identities):
    return next(plant for plant in grid(identities) if plant.name == name)


def test_the_page_has_every_cell_of_the_grid():
    assert list(rows()) == [(name, n) for name in NAMES for n in SIZES]


@pytest.mark.parametrize("n", SIZES)
def test_on_the_page_nothing_that_is_none_is_called_a_cluster(n):
    for name in ("21 independent", "acquiescence alone", "firmness alone", "nothing"):
        assert rows()[name, n][2] <= 0.05
    for name in ("half of the dimensions, loadings 1", "a third of the dimensions, loadings 1"):
        assert rows()[name, n][2] <= 0.05


@pytest.mark.parametrize("n", SIZES)
def test_on_the_page_strong_loadings_are_found_and_a_sign_test_would_take_half_for_the_whole(n):
    assert min(rows()[f"one factor, loadings {x}", n][2] for x in ("0.7", "1")) >= 0.9
    assert rows()["half of the dimensions, loadings 1", n][1] > 0.3


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("one factor, loadings 1", 0.9, 1.0),
        ("half of the dimensions, loadings 1", 0.0, 0.2),
        ("21 independent", 0.0, 0.0),
    ],
)
def test_the_code_gives_rates_like_those_on_the_page(name, least, most):
    found = rates_of(planted(name, 12), 12, 10)
    assert least <= found.called <= most
    share, expected = rows()[name, 12][3:5]
    assert found.share == pytest.approx(share, abs=0.05)
    assert found.expected == pytest.approx(expected, abs=0.02)


def test_the_factor_moves_the_mean_dimension_by_what_was_planted():
    found = rates_of(planted("one factor, loadings 1", 24), 24, 8)
    assert found.size == pytest.approx(1.6, abs=0.4)


def test_the_command_writes_the_table_into_a_page(tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    monkeypatch.setattr("selfscope.studies.travel_grid.SIZES", (12,))
    main(["--panels", "1", "--page", str(page)])
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert len(re.findall(r"^\| .+ \| 12 \|", text, re.MULTILINE)) == len(NAMES)
    assert capsys.readouterr().out.count(" | 12 | ") == len(NAMES)
    assert rendered([]).count("\n") == 2
