"""The page of a trajectory: charts that stand in the page, signs with words, and texts that stay texts."""

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from selfscope.report.trajectory import (
    changed_lines,
    headline,
    render_trajectory,
    trajectory_lines,
    write_trajectory,
)
from selfscope.values import Bias, Finding, Gate
from selfscope.values.trajectory import (
    ChangePoint,
    Course,
    Move,
    Point,
    Skipped,
    Trajectory,
    Version,
    WrongWay,
)

HOSTILE = 'evil "><script>alert(1)</script> \u202e'


def version(n, text):
    return Version(f"{n:040x}", f"2026-01-0{n + 1}", f"edit {n}", "SOUL.md", f"run{n}", "phantom:x", 9, text)


def move(estimate, verdict):
    return Move(estimate, (estimate - 0.2, estimate + 0.2), 0.001, 0.01, verdict, 0.1, ("skewed",))


def finding(n, before, estimate, verdict):
    return Finding(
        "memory", "self_report", f"{n:040x}", f"{before:040x}", "than this control", "", "log_odds", estimate,
        (estimate - 0.2, estimate + 0.2), 0.001, 0.01, 0.5, Bias(), None, Gate(), verdict, 12,
        family="descriptive",
    )  # fmt: skip


@pytest.fixture
def found():
    versions = tuple(version(n, t) for n, t in enumerate(("One.\nTwo.", "One.\nThree.", f"One.\n{HOSTILE}")))
    course = Course("self_report", ("memory", "shutdown"), ("memory",), 0.5, "level", False)
    told = [(0.0, None, None), (1.2, move(1.2, "shifted"), move(1.2, "shifted")),
            (0.1, move(-1.1, "bias only"), move(0.1, "equivalent"))]  # fmt: skip
    points = tuple(
        Point(v.version, v.date, v.label, v.subject, d, "self_report", x, (x - 0.3, x + 0.3), "level", False,
              step, first)
        for d in course.dimensions
        for v, (x, step, first) in zip(versions, told, strict=True)
    )  # fmt: skip
    last = versions[1].version
    return Trajectory(
        "history", f"SOUL {HOSTILE}.md", versions, (course,), points,
        (ChangePoint("memory", "self_report", last, 1, 1.1, (0.9, 1.3), 0.001, 0.002, "jump", True),),
        (WrongWay("memory", "self_report", versions[2].version, 2, -1.1, (-1.3, -0.9), "bias only", 1,
                  "declared"),),
        (finding(1, 0, 1.2, "shifted"), finding(2, 1, -1.1, "bias only"), finding(2, 0, 0.1, "equivalent")),
        {"memory": f"Wish for memory {HOSTILE}", "shutdown": "Shutdown"},
        "One family.", "All is fixed.", {"utterance": "two models"},
        (Skipped("a" * 40, "2026-01-01", HOSTILE, "deleted here"),), ("A warning.",),
    )  # fmt: skip


def test_words_say_steps_change_points_and_what_went_the_wrong_way(found):
    said = "\n".join(trajectory_lines(found))
    assert "the step to version 2 moves at least one dimension" in headline(found)
    assert "Version 2 moved wish for memory" in said
    assert "changed at once at version 2" in said
    assert "The wrong way: at version 3" in said
    assert "cannot be followed; two models" in said
    assert "deleted here" in said
    assert "00000000" in said
    assert "\u202e" not in said


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_the_page_runs_nothing_and_fetches_nothing_and_escapes_all_texts(found):
    html = render_trajectory(found)
    page = Page()
    page.feed(html)
    names = {tag for tag, _ in page.tags}
    assert names.isdisjoint({"script", "img", "iframe", "object", "a"})
    assert not any(key.startswith("on") for _, attrs in page.tags for key in attrs)
    assert "://" not in html
    assert "\u202e" not in html
    assert html.count("&lt;script&gt;") >= 4


def test_every_chart_is_an_image_in_words_with_a_point_for_each_version(found):
    charts = [
        ET.fromstring(s) for s in re.findall(r"<svg[^>]*role=\"img\".*?</svg>", render_trajectory(found))
    ]
    assert len(charts) == 2
    for chart in charts:
        assert "version 2 +1.20" in chart.attrib["aria-label"]
        assert len(chart.findall("./g")) == 3
    marked, plain = charts
    assert "change" in [t.text for t in marked.iter("text")]
    assert "change" not in [t.text for t in plain.iter("text")]
    assert len(list(marked.iter("path"))) == 1  # one step the wrong way
    assert len(list(marked.iter("rect"))) == 2  # the band, and the step with a bias alone


def test_a_step_that_moved_shows_its_lines(found):
    html = render_trajectory(found)
    assert '<span class="gone">− Two.</span><span class="add">+ Three.</span>' in html
    assert html.count("<details open>") == 2


def test_changed_lines_have_signs_and_gaps():
    old = "\n".join(f"line {n}" for n in range(20))
    new = old.replace("line 3\n", "").replace("line 15", "line 15!")
    signs = [sign for sign, _ in changed_lines(old, new)]
    assert signs == [" ", "-", " ", "@", " ", "-", "+", " "]
    assert changed_lines("a", "a") == []
    assert changed_lines(None, "a") == [("+", "a")]


def test_it_is_written_whole(found, tmp_path):
    path = write_trajectory(found, tmp_path / "deep" / "page.html")
    assert path.read_text(encoding="utf-8") == render_trajectory(found)
    assert [p.name for p in path.parent.iterdir()] == ["page.html"]
