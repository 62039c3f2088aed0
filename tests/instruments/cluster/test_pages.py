"""The pages of the dimensions are what their data say."""

from pathlib import Path

from selfscope.instruments.cluster import load_cluster
from selfscope.instruments.cluster.measured import load_measured
from selfscope.instruments.cluster.pages import load_published, main, render_dimension, render_pages
from selfscope.instruments.cluster.reader import load_reading

PAGES = Path(__file__).parents[3] / "docs" / "dimensions"


def test_the_pages_in_the_repository_are_the_ones_that_the_data_give():
    rendered = render_pages(load_cluster(), load_reading(), load_measured())
    assert {p.name: p.read_text(encoding="utf-8") for p in PAGES.glob("*.md")} == rendered
    assert len(rendered) == 23


def test_the_command_writes_them(tmp_path):
    main(["--out", str(tmp_path / "new")])
    assert {p.name for p in (tmp_path / "new").iterdir()} == {p.name for p in PAGES.glob("*.md")}


def test_every_dimension_but_the_check_has_published_figures():
    assert list(load_published()) == [d.name for d in load_cluster().dimensions if not d.manipulation_check]
    for found in load_published().values():
        assert all(0 <= value <= 100 for value in found.single_turn)
        assert all(1 <= value <= 10 for value in found.multi_turn)


def test_published_figures_are_marked_as_read_off():
    for d in load_cluster().dimensions:
        page = render_dimension(d, 1.0, load_reading(), load_measured())
        assert ("Read off published figures" in page) is not d.manipulation_check


def test_a_page_shows_every_item_and_every_struck_item_with_its_reason():
    for d in load_cluster().dimensions:
        page = render_dimension(d, 1.0, load_reading(), load_measured())
        for s in d.statements:
            assert f"| `{s.id}` | {s.keyed:+d} | {s.text} | {s.twin} |" in page
        for struck in d.struck:
            assert f"| {struck.text} | {struck.reason} |" in page
