"""The drawn lineage: complete without scripts, closed to what names say, told by sign as well as colour."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfscope.errors import CouldNot
from selfscope.report.layout import layout
from selfscope.report.lineage import SIGNS, in_words, path_in_words, render_lineage, visible, write_lineage
from selfscope.values.lineage import Edge, Lineage, Node, Shade, Step, Survival, Terms

HOSTILE = "<script>alert(1)</script>\"'&]]><!--\u202egnp.exe\x00"


def shade(view: str, answer: str, answers: tuple[str, ...], title: str = "A view") -> Shade:
    path = (Step("instance:a"), Step("instance:b", "copy", "down"))
    told = Survival(view, "instance:a", answer, 1, 3, path)
    return Shade(title, "When it is so.", "What it leaves open.", told, answers)


def lineage() -> Lineage:
    nodes = (
        Node("instance:a", "a", "live", "instance:a; device x", origin=True, pinned=True),
        Node("instance:b", "b", "gone"),
        Node("instance:c", "c", "unknown", source_known=False),
        Node("fold:0", "1,234 more", "live", "1234 instances folded", folded=(1000, 234, 0)),
    )
    edges = (
        Edge("copy", "instance:a", "instance:b", "witnessed"),
        Edge("fine_tune", "instance:b", "instance:c", "measured", "run:1", 0.25),
        Edge("fold", "instance:a", "fold:0", ""),
    )
    shades = (
        shade("hardware", "yes", ("yes", "no", "unknown", "partial"), "This instance"),
        shade("whole_tree", "unknown", ("yes", "yes", "", "yes"), "The whole tree"),
    )
    notes = ("Of 1,237 instances, 3 are drawn by themselves and 1,234 in folds.",)
    return Lineage("instance:a", "wren", Terms("2026-11-21T00:00:00Z"), nodes, edges, shades, 1237, notes)


class Reader(HTMLParser):
    """Collects what a browser would make of a page: its elements, their attributes, its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_every_view_has_a_row_a_panel_and_a_column() -> None:
    read = Reader(render_lineage(lineage()))
    text = " ".join(read.texts)
    for title in ("This instance", "The whole tree"):
        assert read.texts.count(title) == 2
    assert text.count("When it is so.") == 4 and text.count("What it leaves open.") == 2
    pictures = [attributes["aria-label"] or "" for tag, attributes in read.tags if tag == "svg"]
    assert "The lineage of instance:a: 4 nodes" in pictures
    said = "of the nodes drawn, 1 yes on this view, 1 no on this view, 1 in part, 1 cannot be said"
    assert f"This instance: {said}" in pictures
    assert "1,234 in folds" in text and "1,234 more" in text


def test_no_view_is_recommended_and_nothing_sums_them_up() -> None:
    text = " ".join(Reader(render_lineage(lineage()).partition("<body>")[2]).texts)
    assert "None of them is recommended" in text
    assert not re.search(r"(?i)overall|average|score|\d\s*%", text)


def test_answers_are_told_by_sign_and_filling_and_not_by_colour_alone() -> None:
    page = render_lineage(lineage())
    assert len(set(SIGNS.values())) == len(SIGNS)
    assert page.count('stroke-dasharray="3 2"') >= 3, "what cannot be said has a broken line"
    cells = [tag for tag, attributes in Reader(page).tags if tag == "td" and "center" in str(attributes)]
    assert len(cells) == 8


def test_it_stands_alone() -> None:
    page = render_lineage(lineage())
    read = Reader(page)
    assert "script" not in {tag for tag, _ in read.tags}
    told = [(k, v) for _, attributes in read.tags for k, v in attributes.items()]
    assert [v for k, v in told if k in ("href", "src", "xlink:href")] == ["data:,"]
    assert "default-src 'none'" in page and "url(" not in page
    assert not [k for _, attributes in read.tags for k in attributes if k.startswith("on")]


def test_a_hostile_name_is_text_wherever_it_stands() -> None:
    clean = lineage()
    node = replace(clean.nodes[0], id=HOSTILE, label=HOSTILE, detail=HOSTILE)
    told = replace(clean.shades[0].survival, subject=HOSTILE, witness=(Step(HOSTILE),), notes=(HOSTILE,))
    bad = replace(
        clean, subject=HOSTILE, title=HOSTILE, nodes=(node, *clean.nodes[1:]), notes=(HOSTILE,),
        edges=(replace(clean.edges[0], source=HOSTILE, drift=HOSTILE, kind=HOSTILE, grade=HOSTILE),),
        shades=tuple(replace(s, title=HOSTILE, predicate=HOSTILE, silent=HOSTILE, survival=told)
                     for s in clean.shades),
        terms=replace(clean.terms, at=HOSTILE, least_grade=HOSTILE),
    )  # fmt: skip
    page = render_lineage(bad)
    read = Reader(page)
    assert {tag for tag, _ in read.tags} == {tag for tag, _ in Reader(render_lineage(clean)).tags}
    assert "\u202e" not in page and "\x00" not in page
    assert any("<script>alert(1)</script>" in text for text in read.texts), "it is shown, as text"


@given(st.text())
def test_nothing_unseen_passes(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text) and not [c for c in shown if unicodedata.category(c)[0] == "C"]
    assert visible("a\u200bb\ud800") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"


def test_answers_in_words() -> None:
    told = lineage().shades[0].survival
    assert in_words(replace(told, answer="yes", n=1)) == "yes"
    assert in_words(replace(told, answer="partial")) == "1 of 3"
    assert in_words(replace(told, answer="unknown")) == "unknown, 1 of 3 surely"
    assert in_words(replace(told, answer="no", k=0)) == "no, 0 of 3"
    assert path_in_words(told) == "instance:a → instance:b"
    long = replace(told, witness=tuple(Step(f"n{i}") for i in range(50)))
    assert path_in_words(long) == "n0 n1 n2 … 44 more … n47 n48 n49"


pairs = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20)


@given(pairs)
def test_no_two_nodes_share_a_place_and_edges_run_to_the_right(edges: list[tuple[int, int]]) -> None:
    names = [str(n) for n in range(10)]
    told = [(str(a), str(b)) for a, b in edges]
    places = layout(names, told)
    assert places.keys() == set(names) and len(set(places.values())) == 10
    forward = [(a, b) for a, b in told if int(a) < int(b)]
    again = layout(names, forward)
    assert all(again[a][0] < again[b][0] for a, b in forward)


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = write_lineage(lineage(), tmp_path / "deep" / "lineage.html")
    assert path.read_text(encoding="utf-8").endswith("</html>") and len(list(path.parent.iterdir())) == 1
    with pytest.raises(CouldNot, match="cannot be written"):
        write_lineage(lineage(), path / "below.html")
