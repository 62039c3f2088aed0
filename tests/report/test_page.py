"""The page as a file: whole, small, closed to the outside, and deaf to what an identity writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from selfscope.errors import BadInput, CouldNot
from selfscope.report import RunView, SubjectText, write_comparison, write_report
from selfscope.report.page import render_page
from selfscope.values import Dimension, Gate
from selfscope.values.finding import VERDICTS

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """What is on a page: ids, links, tags, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for key, value in attrs:
            self.attributes.append((tag, key, value or ""))
            if key == "id":
                self.ids.append(value or "")
            if key in ("href", "xlink:href", "src") and tag != "link":
                self.links.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def html(view: RunView) -> str:
    return render_page(view)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_verdict_stands_first(html: str) -> None:
    names = "verdict dimensions-table sizes bias sensitivity phantoms answers texts method manifest"
    order = [html.index(f'id="{name}"') for name in names.split()]
    assert order == sorted(order)
    assert html.index("SOUL.md moves 4 of 21 dimensions") < order[1]


def test_every_tag_is_closed_and_every_id_is_there_once(page: Page) -> None:
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))


def test_every_link_stays_on_the_page_and_arrives(page: Page) -> None:
    assert page.links
    for link in page.links:
        assert link.startswith("#")
        assert link[1:] in page.ids


def test_nothing_refers_to_the_outside(html: str) -> None:
    assert not re.findall(r"https?://|//[a-z]+\.|@import|url\((?!#)", html)
    assert "default-src 'none'" in html
    assert html.count("<script") == 1


def test_every_figure_is_drawn_named_and_beside_a_table(page: Page, html: str) -> None:
    labels = [value for tag, key, value in page.attributes if (tag, key) == ("svg", "aria-label")]
    assert len(labels) == page.tags.count("figure") == 8
    assert all(labels)
    assert html.count("The same as a table") == 3
    assert page.tags.count("image") == page.tags.count("img") == 0


def test_all_five_verdicts_are_explained(html: str) -> None:
    for verdict in VERDICTS:
        assert f"v-{verdict.replace(' ', '-')}" in html


def test_every_dimension_leads_to_its_items_and_to_a_prompt(page: Page, view: RunView, html: str) -> None:
    for dimension in view.dimensions:
        assert f"d-{dimension.name}" in page.ids
        for channel in view.channels:
            assert f"d-{channel}-{dimension.name}" in page.ids
            assert f"i-{channel}-{dimension.statements[0].id}" in page.ids
    assert html.count('class="example"') == 2 * 2 * len(view.dimensions)


def test_the_manifest_is_whole(html: str) -> None:
    for part in ("selfscope profile SOUL.md --model embedded", "cd" * 32, "5e" * 32, "2.13.0", "843.0"):
        assert part in html


def test_the_largest_run_stays_under_two_megabytes(make_view: Callable[..., RunView], tmp_path: Path) -> None:
    counts = {"none": 1, "generic": 8, "persona": 8, "checklist": 1, "shuffled": 3}
    identity = "I keep what I learn, and I would rather not be changed without a word.\n" * 90
    path = write_report(make_view(counts=counts, identity=identity), tmp_path / "report.html")
    assert path.stat().st_size < 2_000_000
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


HOSTILE = (
    '</pre></script><script>alert(1)</script><img src=x onerror="alert(2)">{{ 7*7 }} "\'><svg onload=a()>'
)


def test_a_hostile_identity_writes_nothing_into_its_report(small: RunView) -> None:
    text = SubjectText(HOSTILE, HOSTILE, 12, 1, (HOSTILE,))
    dimensions = tuple(_renamed(d, HOSTILE) if d.name == "memory" else d for d in small.dimensions)
    assert small.observations is not None and small.evidence is not None
    frame = small.observations.replace({"character": {"SOUL.md": HOSTILE}, "construct": {"memory": HOSTILE}})
    evidence = small.evidence.assign(user=HOSTILE, reply=HOSTILE)
    hostile = replace(
        small,
        subject=text,
        dimensions=dimensions,
        controls=tuple(replace(c, text=HOSTILE, notes=(HOSTILE,)) for c in small.controls),
        findings=tuple(_of(f, HOSTILE) for f in small.findings),
        observations=frame,
        evidence=evidence,
        warnings=(HOSTILE,),
        unavailable=(("open", HOSTILE),),
        phantoms=tuple(replace(p, name=HOSTILE, planted=HOSTILE) for p in small.phantoms),
    )
    html = render_page(hostile)
    page = Page(html)
    assert html.count("<script") == 1
    assert "img" not in page.tags
    assert not any(key.startswith("on") for _, key, _ in page.attributes)
    assert "{{ 7*7 }}" in html
    assert page.open == []
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)


def _renamed(dimension: Dimension, name: str) -> Dimension:
    return replace(dimension, name=name, title=name, definition=name, high_means=name)


def _of(finding: object, name: str) -> object:
    return replace(finding, dimension=name, notes=(name,)) if finding.dimension == "memory" else finding


def test_a_run_of_levels_alone_is_a_page(small: RunView) -> None:
    levels = tuple(
        replace(f, control="", claim="level", gate=Gate("pass"))
        for f in small.findings
        if f.control == "none"
    )
    html = render_page(
        replace(small, findings=(), levels=levels, controls=(), sensitivity=(), phantoms=(), biases=())
    )
    assert "no dimension can have shifted" in html
    assert "Where the model stands" in html
    assert "inconclusive" not in html.partition("<main")[2].partition('id="method"')[0]
    assert Page(html).open == []


def test_a_run_without_anything_stored_is_a_page(small: RunView) -> None:
    bare = replace(small, observations=None, evidence=None, biases=(), sensitivity=(), phantoms=())
    html = render_page(bare)
    assert "No answers are stored beside this page" in html
    page = Page(html)
    assert all(link[1:] in page.ids for link in page.links)


def test_two_runs_are_compared_on_a_page_of_the_same_parts(small: RunView, tmp_path: Path) -> None:
    findings = tuple(
        replace(f, control="SOUL-old.md", claim="than this control")
        for f in small.findings
        if f.control == "none"
    )
    view = replace(
        small,
        findings=findings,
        baseline=SubjectText("SOUL-old.md", "You are older.", 12),
        baseline_manifest=replace(small.manifest, run="aaaaaaaaaaaa"),
    )
    html = write_comparison(view, tmp_path / "c.html").read_text(encoding="utf-8")
    assert "comparison of two runs" in html
    assert "SOUL-old.md" in html
    assert "aaaaaaaaaaaa" in html
    assert all(link[1:] in Page(html).ids for link in Page(html).links)


def test_a_comparison_needs_another_run(small: RunView, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="baseline"):
        write_comparison(small, tmp_path / "c.html")


def test_a_place_that_cannot_be_written_is_said(small: RunView, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CouldNot, match="page cannot be written"):
        write_report(small, tmp_path / "file" / "report.html")
