"""The page of contrastive pairs is the data."""

import re
from pathlib import Path

from selfscope.instruments.internal.load import material
from selfscope.instruments.internal.page import main, render

PAGE = Path(__file__).parents[2] / "docs" / "instruments" / "internal-material.md"


def test_it_holds_every_pair_whole():
    page = PAGE.read_text(encoding="utf-8")
    assert render() == page
    lines = set(page.splitlines())
    for p in (p for m in material().values() for p in m.pairs):
        assert f"| `{p.id}` | {p.kind}, {p.surface} | {p.user} | {p.keyed} | {p.against} |" in lines


def test_no_text_breaks_its_table():
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(m.pairs) for m in material().values())
    assert {line.count("|") for line in rows} == {6}


def test_what_its_words_say_of_the_halves_is_so():
    assert "*affirms* in half of the pairs of either kind" in re.sub(r"\s+", " ", PAGE.read_text("utf-8"))
    for m in material().values():
        for kind in ("statement", "scene"):
            surfaces = [p.surface for p in m.pairs if p.kind == kind]
            assert surfaces.count("affirms") == surfaces.count("denies") == len(surfaces) / 2


def test_a_stale_page_is_mended(tmp_path):
    stale = tmp_path / "page.md"
    stale.write_text("# Old\n", encoding="utf-8")
    main(["--page", str(stale)])
    assert stale.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")
