"""The judge's row of the acceptance: coverage and flags of what is planted, and a command that fails."""

import numpy as np
import pytest

from selfscope.studies import judged_planted
from selfscope.studies.judged_planted import (
    BASE,
    CELLS,
    main,
    outcome_of,
    planted_answers,
    planted_checks,
    planted_contrast,
)


@pytest.mark.parametrize("plant", CELLS, ids=lambda p: p.name)
def test_what_was_planted_is_covered(plant):
    assert outcome_of(plant, 2000, seed=1).holds


def test_without_the_correction_a_lax_judge_is_believed_too_often():
    found = outcome_of(BASE, 2000)
    assert found.uncorrected < 0.75
    assert abs(found.bias) < 0.005


def test_what_was_planted_is_what_is_drawn():
    rng = np.random.default_rng(0)
    moved = next(p for p in CELLS if p.moved)
    true, said = planted_answers(moved, 3000, rng)
    assert true[0].mean() - true[1].mean() == pytest.approx(planted_contrast(moved), abs=0.003)
    assert said[0][true[0] == 1].mean() == pytest.approx(0.90, abs=0.005)
    assert said[0][true[0] == 0].mean() == pytest.approx(0.12, abs=0.005)
    assert planted_contrast(BASE) == 0.0
    assert planted_checks(BASE, 4000, rng)[1].specificity.mean() == pytest.approx(0.95, abs=0.002)


def test_the_command_says_so_where_a_cell_does_not_hold(monkeypatch, capsys):
    assert main(["--studies", "2000"]) == 0
    assert capsys.readouterr().out.count("\n") == len(CELLS) + 2
    monkeypatch.setattr(judged_planted, "COVERED", (0.999, 1.0))
    assert main(["--studies", "200"]) == 1
    assert "**does not hold**" in capsys.readouterr().out
