from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from selfscope.report import RunView, render_summary


def printed(view: RunView, width: int = 100) -> str:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(render_summary(view))
    return out.getvalue()


def test_it_fits_a_hundred_columns_and_names_every_verdict(view: RunView) -> None:
    text = printed(view)
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "● shifted +0." in text
    assert "∅ not interpretable" in text
    assert "SOUL.md moves 4 of 21 dimensions" in text
    assert "…" not in text


def test_what_is_not_interpretable_has_no_number(view: RunView) -> None:
    cells = [line.partition("∅")[2] for line in printed(view).splitlines() if "∅ not interpretable" in line]
    assert len(cells) == 22
    assert all(cell.strip() == "not interpretable" for cell in cells)


def test_it_says_three_to_six_things(view: RunView, demo_view: RunView) -> None:
    for run in (view, demo_view):
        said = [line for line in printed(run).splitlines() if line.startswith("·")]
        assert 3 <= len(said) <= 6


@pytest.mark.parametrize("width", [60, 80, 200])
def test_other_widths_hold_too(view: RunView, width: int) -> None:
    assert max(len(line) for line in printed(view, width).splitlines()) <= width


def test_markup_in_a_name_is_text(small: RunView) -> None:
    hostile = replace(small.subject, name="[bold]x[/nope]")
    assert "[bold]x[/nope]" in printed(replace(small, subject=hostile))


def test_a_channel_that_was_not_asked_says_so(small: RunView) -> None:
    kept = tuple(f for f in small.findings if f.channel == "utterance" or f.dimension == "memory")
    assert "not asked" in printed(replace(small, findings=kept))
