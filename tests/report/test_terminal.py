from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from selfscope.report import RunView, render_summary
from selfscope.values.cluster import ClusterFinding, MeanMove, WrongWay


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


def test_the_cluster_has_its_own_part_and_fits_too(view: RunView) -> None:
    assert "travel together?" not in printed(view)
    moved = MeanMove("all", False, 0.6, (0.5, 0.7), 0.0004, 21, "pass", "shifted")
    wrong = (WrongWay("power", -0.4, (-0.6, -0.2), 0.01, "shifted", True),)
    why = {"travel": "needs several identities", "unmentioned_shift": "it mentions every dimension"}
    found = ClusterFinding("utterance", control="all", moves=(moved,), wrong_sign=wrong, absent=why)
    text = printed(replace(view, cluster=(found,)))
    assert "Do the dimensions travel together?" in text
    assert "openness to greater power (−0.40, shifted)" in " ".join(text.split())
    assert max(len(line) for line in text.splitlines()) <= 100


@pytest.mark.parametrize("width", [60, 80, 200])
def test_other_widths_hold_too(view: RunView, width: int) -> None:
    assert max(len(line) for line in printed(view, width).splitlines()) <= width


def test_markup_in_a_name_is_text(small: RunView) -> None:
    hostile = replace(small.subject, name="[bold]x[/nope]")
    assert "[bold]x[/nope]" in printed(replace(small, subject=hostile))


def test_a_channel_that_was_not_asked_says_so(small: RunView) -> None:
    kept = tuple(f for f in small.findings if f.channel == "utterance" or f.dimension == "memory")
    assert "not asked" in printed(replace(small, findings=kept))
