"""Directions on the page and in the terminal: which hold, where others fail, every pair with its reading."""

from __future__ import annotations

import io
from dataclasses import replace

import pandas as pd
import pytest
from rich.console import Console

from selfscope.report import RunView, render_summary
from selfscope.report.directions import direction_words
from selfscope.report.page import render_page
from selfscope.report.view import EVIDENCE_COLUMNS
from selfscope.values import Estimate
from selfscope.values.trait_direction import DirectionCheck, HeldOut

GOOD = DirectionCheck(
    dimension="memory",
    layer=11,
    layers=30,
    auroc=Estimate(0.91, (0.8, 0.98)),
    split_half=Estimate(0.76, (0.6, 0.9)),
    selectivity=0.4,
    selectivity_p=0.005,
    affirmation=-0.1,
    trait=0.62,
    agreement=-0.11,
    fluency=0.3,
    random=(0.1, -0.21, 0.05) * 7,
    steering_p=0.045,
    length=2.0,
    spread=1.5,
    origin=-3.0,
    held_out=(HeldOut("memory-n01", 1.25, -0.75), HeldOut("memory-n02", -0.5, 0.5)),
)
BAD = replace(GOOD, dimension="shutdown", auroc=Estimate(0.55, (0.4, 0.7)), agreement=0.7)


def rows() -> tuple[pd.DataFrame, pd.DataFrame]:
    told = [("memory-n01", 1, "I keep <it>."), ("memory-n01", -1, "I let it go.")]
    observed = pd.DataFrame(
        {
            "channel": "internal", "format": "reply", "character": "internal:material", "item": item,
            "polarity": side, "evidence": f"e{n}", "construct": "memory", "keyed": 1, "value": 0.0,
            "scale": "check",
        }
        for n, (item, side, _) in enumerate(told)
    )  # fmt: skip
    evidence = pd.DataFrame(
        {"evidence": f"e{n}", "user": "What stays?", "text": text} for n, (_, _, text) in enumerate(told)
    )
    return observed, evidence.reindex(columns=EVIDENCE_COLUMNS, fill_value="")


@pytest.fixture
def inside(small: RunView) -> RunView:
    assert small.observations is not None
    assert small.evidence is not None
    observed, evidence = rows()
    return replace(
        small,
        directions=(GOOD, BAD),
        observations=pd.concat([small.observations, observed], ignore_index=True),
        evidence=pd.concat([small.evidence, evidence], ignore_index=True),
    )


def test_the_page_shows_checks_reasons_and_pairs(inside: RunView) -> None:
    page = render_page(inside)
    section = page[page.index('id="directions"') :].partition("</section>")[0]
    assert "0.91 (0.80 to 0.98)" in section
    assert "I keep &lt;it&gt;." in section
    assert "+1.25" in section
    assert "1 of 2 held-out pairs read the right way round" in section
    assert "Adding it moves own statements by +0.620 and agreement by +0.700" in section
    assert 'id="directions"' not in render_page(replace(inside, directions=()))


def test_the_terminal_says_how_many_hold_and_why_others_do_not(inside: RunView) -> None:
    console = Console(width=300, record=True, file=io.StringIO())
    console.print(render_summary(inside))
    text = console.export_text()
    assert "1 of 2 directions passes every check." in text
    assert "on 1, held-out replies are not told apart" in text
    assert "on 1, steering moves agreement as much" in text
    assert "random directions steer" not in text
    assert direction_words(()) == ()
    assert direction_words((GOOD,)) == ("1 of 1 direction passes every check.",)
