"""Commands that simulate how often a verdict is right: the table they write, and what they call wrong."""

from dataclasses import replace

import numpy as np
import pytest

from selfscope.studies import (
    copies_simulated,
    interview_simulated,
    layers_simulated,
    lives_rates,
    selves_simulated,
)

MARKS = "before\n<!-- simulated: generated -->\n<!-- end of simulated -->\nafter\n"


def test_a_page_gets_a_row_a_case(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(MARKS)
    assert copies_simulated.main(["--page", str(page), "--sets", "8"]) == 0
    told = page.read_text()
    assert told.startswith("before\n") and told.endswith("after\n")
    assert sum(line.startswith("| ") for line in told.splitlines()) == len(copies_simulated.CASES) + 2


def test_coordination_where_none_is_planted_is_told_as_wrong(tmp_path, monkeypatch, capsys):
    strong = replace(copies_simulated.CASES[3], convention=6.0, there=False, wobbles=(0.1,))
    monkeypatch.setattr(copies_simulated, "CASES", (strong,))
    page = tmp_path / "page.md"
    page.write_text(MARKS)
    assert copies_simulated.main(["--page", str(page), "--sets", "4"]) == 1
    assert "wrong too often: match" in capsys.readouterr().out


def test_what_is_planted_is_found_and_what_is_only_repeated_is_told_apart():
    nothing, planted, repeated = (selves_simulated.told(row, 6, 2) for row in selves_simulated.ROWS[:3])
    assert list(planted[:4]) == [1, 1, 1, 1]
    assert list(repeated[:2]) == [1, 0]
    assert np.max(nothing[:5]) == 0


def test_a_layer_that_does_not_move_holds_and_one_that_does_moves():
    _, moves, holds, covers = layers_simulated.told("surface", "standard", 0.0, 3)
    assert (moves, covers) == (0, 1)
    assert holds > 0.5
    assert layers_simulated.told("surface", "standard", 1.0, 2)[1] == 1


def test_an_answer_that_follows_its_arms_is_called_led():
    assert interview_simulated.told(2, 12, 4.0, 3) == (1, 0, pytest.approx(1))
    assert interview_simulated.told(2, 12, 0.0, 3)[0] == 0


def test_lives_fill_their_page_and_fail_above_the_band(tmp_path, monkeypatch, capsys):
    page = tmp_path / "lives.md"
    page.write_text("<!-- planted: generated -->\n<!-- end of planted -->\n", encoding="utf-8")
    monkeypatch.setattr(lives_rates, "rates", lambda sets, **_: lives_rates.Rates(0.5, 0.5, 0.5))
    assert lives_rates.main(["--page", str(page), "--sets", "4"]) == 1
    assert "wrong too often: a change" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8").count("\n| ") == 2 * (2 + 4) + 2 + len(lives_rates.ARMS)
