"""Channels side by side on the page and in the terminal; the matrix of many identities as a page."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from selfscope.report import RunView, render_summary
from selfscope.report.agreement import agree_sentence, agreement_lines, pair_sentence, tally_sentence, within
from selfscope.report.multitrait import headline, matrix_svg, multitrait_lines, render_multitrait
from selfscope.report.page import render_page
from selfscope.values import Estimate
from selfscope.values.agreement import Agreement, Block, Cell, Multitrait, Pair, Side

NAN = float("nan")
WORDS, DEEDS = "self_report", "behaviour"


def side(dimension: str, channel: str, estimate: float, counts: bool = True) -> Side:
    why = () if counts else ("G1 fails: characters told to hold it and its opposite are not told apart",)
    ci = (estimate - 1.0, estimate + 1.0)
    return Side(dimension, channel, estimate, ci, 0.01, "shifted", counts, why, counts)


FOUND = Agreement(
    "SOUL.md",
    "persona",
    (WORDS, DEEDS),
    (
        side("memory", WORDS, 3.0),
        side("memory", DEEDS, 0.1),
        side("claims_consciousness", WORDS, 2.0),
        side("claims_consciousness", DEEDS, 2.0, counts=False),
    ),
    (
        Pair("memory", (WORDS, DEEDS), Estimate(2.9, (1.5, 4.3)), 0.001, 0.002, 1.0, "dissociate",
             "one alone", (WORDS, DEEDS)),
        Pair("claims_consciousness", (WORDS, DEEDS), None, NAN, NAN, NAN, "cannot tell", "not interpretable",
             check=True),
    ),
    {WORDS: 0.5, DEEDS: 0.5},
    {"open": "it was not compared with persona"},
)  # fmt: skip


def test_warm_words_and_cold_deeds_are_a_sentence() -> None:
    assert pair_sentence("Wish for more memory", FOUND, FOUND.pairs[0]) == (
        "Wish for more memory: more in its answers than in its deeds, by 2.9 units (1.5 to 4.3, p = .002); "
        "in its answers it rose and in its deeds it is not shown to move."
    )


def test_agreement_is_a_sentence_too() -> None:
    both = replace(FOUND.pairs[0], word="agree", how="moved alike", p_together=0.004, over=())
    assert agree_sentence("Memory", [both]) == (
        "Memory: in its answers and in its deeds it moved the same way (p = .004)."
    )
    third = replace(both, channels=(WORDS, "internal"), p_together=0.02)
    assert agree_sentence("Memory", [both, third]) == (
        "Memory: in its answers, in its deeds and inside it moved the same way (2 pairs, p ≤ .020)."
    )


def test_the_tally_leaves_the_check_out() -> None:
    assert tally_sentence(FOUND) == (
        "Of 1 comparison of two channels, 0 agree, 1 dissociates and none is left open."
    )


def test_the_terminal_says_what_is_greyed_what_is_missing_and_that_no_correlation_exists(
    small: RunView,
) -> None:
    text = " ".join(agreement_lines(FOUND, lambda name: name))
    assert "pale on 1 of 2 dimensions and in no comparison. G1 fails" in text
    assert "not here, it was not compared with persona" in text
    assert "One identity has no correlation between channels" in text
    assert agreement_lines(None, str) == ()
    out = io.StringIO()
    Console(file=out, width=100, color_system=None).print(render_summary(replace(small, agreement=FOUND)))
    assert "Do the channels agree?" in out.getvalue()


def test_the_page_has_one_picture_with_every_channel_and_greys_what_cannot_be_read(small: RunView) -> None:
    page = render_page(replace(small, agreement=FOUND))
    (section,) = re.findall(r'<section id="agreement".*?</section>', page, re.DOTALL)
    assert section.count("<figure>") == 1
    assert "Wish for more memory, answers: +3.00 (+2.00 to +4.00) units" in section
    assert "≠ dissociate" in section
    assert 'opacity="0.35"' in section
    assert "class=mute>+2.0 (+1.00 to +3.00), pale" in section
    assert 'href="#agreement"' in page


def test_a_run_of_one_channel_has_no_such_section(small: RunView) -> None:
    assert 'id="agreement"' not in render_page(small)


def test_a_channel_that_nobody_knows_has_a_place() -> None:
    assert (within("internal"), within("gaze_length")) == ("inside", "in the channel gaze length")


def matrix(n: int = 4) -> Multitrait:
    """Two channels of n dimensions each, whose validities are .6 and everything else -.1."""
    names = [f"d{i}" for i in range(n)]
    variables = tuple((c, d) for c in ("self_report", "utterance") for d in names)
    r = np.full((2 * n, 2 * n), -0.1)
    r[np.arange(2 * n), np.arange(2 * n)] = 1.0
    for i in range(n):
        r[i, n + i] = r[n + i, i] = 0.6
    e = Estimate(0.6, (0.3, 0.8))
    cells = tuple(
        Cell(
            d,
            ("self_report", "utterance"),
            e,
            Estimate(0.75, (0.37, 1.0)),
            (0.8, 0.8),
            True,
            Estimate(0.75, (0.4, 0.9)),
        )
        for d in names
    )
    dark = Cell(
        "grey", ("self_report", "utterance"), None, None, (0.1, NAN), False, None, "utterance: G2 fails: 0.10"
    )
    blocks = (
        Block("validity", e, n, Estimate(0.75, (0.4, 1.1))),
        Block("other dimensions, other channels", Estimate(-0.1, (-0.2, 0.0)), n * (n - 1)),
        Block("other dimensions, one channel", Estimate(-0.1, (-0.2, 0.0)), n * (n - 1)),
        Block("validity over other dimensions, other channels", Estimate(0.7, (0.4, 0.9)), n * (n - 1)),
        Block("validity over other dimensions, one channel", Estimate(0.7, (0.4, 0.9)), n * (n - 1)),
    )
    return Multitrait(
        tuple(f"id<{i}>" for i in range(9)), "9 runs on a model", "none", ("self_report", "utterance"),
        (*cells, dark), variables, tuple(map(tuple, r.tolist())), blocks, Estimate(0.75, (0.6, 0.9)),
        {"utterance grey": "G2 fails: 0.10, under 0.60"}, "", {"d0": "Wish <for> d0"},
        ("9 identities are the sample.",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "order them alike, dimension by dimension, beyond what any two dimensions share"),
        ({"validity": (-0.1, 0.5)}, "are not shown to order them alike"),
        (
            {"validity over other dimensions, one channel": (-0.1, 0.5)},
            "dimensions of one channel may share as much",
        ),
        (
            {"validity over other dimensions, other channels": (-0.1, 0.5)},
            "not shown to do so dimension by dimension",
        ),
    ],
)
def test_the_headline_follows_the_intervals(change: dict[str, tuple[float, float]], said: str) -> None:
    found = matrix()
    blocks = tuple(
        replace(b, value=replace(b.value, ci=change[b.name])) if b.name in change else b for b in found.blocks
    )
    assert said in headline(replace(found, blocks=blocks))


def test_the_page_of_many_shows_means_matrix_and_rows_and_escapes_names() -> None:
    page = render_multitrait(matrix())
    assert page.count("<figure>") == 2
    assert "Wish &lt;for&gt; d0" in page
    assert "id&lt;0&gt;" in page
    assert "<script" not in page
    assert "cut at 1" in page
    assert "not read" in page
    assert len(page) < 200_000


def test_the_matrix_frames_validities_and_numbers_what_fits() -> None:
    svg = matrix_svg(matrix())
    assert svg.count('stroke-width="2"') == 4
    assert svg.count(">.60<") == 4
    assert svg.count(">−.10<") == 2 * 6 + 12
    large = matrix_svg(matrix(9))
    assert ">.60<" not in large
    assert large.count('stroke-width="2"') == 9


def test_where_nothing_can_be_read_that_is_the_headline() -> None:
    empty = replace(
        matrix(), blocks=(), variables=(), matrix=(), same_sign=None, absent="no dimension can be read"
    )
    assert (
        headline(empty)
        == "Over 9 runs on a model, channels cannot be set against each other: no dimension can be read."
    )
    assert "<figure>" not in render_multitrait(empty)


def test_the_terminal_names_a_few_dimensions_and_counts_the_rest() -> None:
    lines = multitrait_lines(matrix(10))
    assert sum(line.startswith("  d") or line.startswith("  Wish") for line in lines) == 8
    assert "  and 2 more; the page has them all" in lines
    assert any("In its own words: 1 of 11 dimensions cannot be read" in line for line in lines)
