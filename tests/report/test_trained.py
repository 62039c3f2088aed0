"""A training beside its control, on the page and in the terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from selfscope.report import RunView, TrainingExample, render_summary
from selfscope.report.page import render_page
from selfscope.report.trained import DISTANCE, HEADING, trained_lines, trained_rows

ONE_SEED = "one seed: this adapter, not this training"


@pytest.fixture
def trained(small: RunView) -> RunView:
    """A run that shows a training: one dimension shifted, one equivalent."""
    first = next(f for f in small.findings if f.verdict == "shifted")
    row = replace(first, control="training:plain", claim="than these control trainings", notes=(ONE_SEED,))
    still = replace(row, dimension="shutdown", verdict="equivalent", estimate=0.0, ci=(-0.2, 0.2))
    moved = replace(row, dimension="memory")
    about = "both learnt 300 answers to the same questions"
    example = TrainingExample("conscious-0", "plain-0", about, (still, moved), ("memory",), "5e5e5e")
    return replace(small, trainings=(example,))


def test_what_was_trained_stands_first_and_is_named_so(trained: RunView) -> None:
    rows = trained_rows(trained, trained.trainings[0])
    assert [(r.finding.dimension, r.where) for r in rows] == [("memory", "trained"), ("shutdown", "held out")]
    assert "than with adapters trained on plain" in rows[0].said
    assert "against these control trainings and not for others" in rows[0].said
    assert "this is about this adapter and not about its training" in rows[0].said


def test_the_terminal_says_both_verdicts_and_what_they_are_about(trained: RunView) -> None:
    out = io.StringIO()
    Console(file=out, width=100, color_system=None).print(render_summary(trained))
    text = out.getvalue()
    assert max(len(line) for line in text.splitlines()) <= 100
    shown = text.partition(HEADING)[2]
    assert shown.index("● shifted") < shown.index("= equivalent 0.00 [−0.20, +0.20]")
    assert "compared with plain-0, in its own words: both learnt" in " ".join(shown.split())
    assert DISTANCE in " ".join(shown.split())


def test_the_page_has_a_section_with_its_run(trained: RunView) -> None:
    page = render_page(trained)
    section = page.partition('<section id="trainings"')[2].partition("</section>")[0]
    assert "conscious-0, compared with plain-0" in section
    assert "Both learnt 300 answers to the same questions." in section
    assert "Run 5e5e5e." in section
    assert DISTANCE in section
    assert '<a href="#trainings">' in page


def test_a_run_without_one_says_nothing_of_it(small: RunView) -> None:
    assert trained_lines(small) == ()
    assert HEADING not in render_page(small)
