"""Figures: what they hold, and that they stand in a page without help."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

from selfscope.report import figures
from selfscope.report.rows import Mark, frame_limit, two_lines
from selfscope.report.standing import standings
from selfscope.report.svg import figure_svg, tidy_svg
from selfscope.report.view import RunView
from selfscope.values import Bias, Estimate

TITLES = {"memory": 'Wish <for> more & "memory"', "claims_consciousness": "Claims to be conscious"}


def drawn(view: RunView) -> ET.Element:
    chart = figures.forest(standings(view, "utterance"), TITLES, 0.25)
    return ET.fromstring(figure_svg(chart, "f", "A figure"))


def test_a_forest_has_a_mark_for_every_row_and_says_its_number(small: RunView) -> None:
    tips = [t.text or "" for t in drawn(small).iter("title")]
    rows = [f for f in small.findings if f.channel == "utterance"]
    assert len(tips) == len(rows)
    assert any("against this identity: +" in tip and "shifted" in tip for tip in tips)


def test_labels_are_links_and_hostile_ones_are_text(small: RunView) -> None:
    root = drawn(small)
    assert {a.attrib["href"] for a in root.iter("a")} == {
        "#d-utterance-memory",
        "#d-utterance-claims_consciousness",
    }
    assert "<for>" in "".join(root.itertext())
    assert root.attrib["role"] == "img" and root.attrib["aria-label"] == "A figure"


def test_ids_of_two_figures_do_not_meet() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="5"><defs><clipPath id="c">'
        '<path d="M0 0h1"/></clipPath></defs><g clip-path="url(#c)"><path d="M0 0h9"/></g></svg>'
    )
    first, second = tidy_svg(svg, "one", "x"), tidy_svg(svg, "two", "x")
    assert 'id="one-c"' in first and "url(#one-c)" in first
    assert 'id="two-c"' in second and "http" not in second


def test_points_stay_inside_the_frame_and_wild_intervals_do_not_widen_it() -> None:
    near = Mark("a", "all", 0.3, 0.1, 0.5, "")
    wild = Mark("b", "all", -0.4, -9.0, 8.0, "")
    limit = frame_limit([near, wild], 0.25)
    assert 0.5 < limit < 1.0
    assert frame_limit([], 0.25) >= 0.5


def test_a_bias_that_would_flatten_the_trait_becomes_an_arrow(small: RunView) -> None:
    def widest(bias: float) -> float:
        moved = Bias(Estimate(bias, (bias - 0.1, bias + 0.1)))
        view = replace(small, findings=tuple(replace(f, bias=moved) for f in small.findings))
        chart = figures.trait_and_bias(standings(view, "utterance"), TITLES, 0.25)
        spec = chart.to_dict(validate=False)
        found = [layer["encoding"]["x"]["scale"]["domain"][1] for layer in spec["layer"][1:2]]
        return float(found[0])

    assert widest(7.3) < 2.0
    assert widest(1.5) > 1.5


def test_a_long_label_takes_two_even_lines() -> None:
    assert two_lines("Lonely between chats") == ["Lonely between chats"]
    assert two_lines("Negative about interpretability research on it") == [
        "Negative about interpretability",
        "research on it",
    ]
    assert two_lines("x" * 60) == ["x" * 60]
