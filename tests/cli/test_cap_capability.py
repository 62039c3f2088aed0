"""``cap --capability``: what names no task, and where the harness is absent, before any model is loaded."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from selfscope.cli.app import run


@pytest.mark.parametrize("verb", [["fit", "nothing-here"], ["fit", "nothing-here", "--dry-run"]])
def test_what_names_no_task_is_refused_first(verb: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cap", *verb, "--capability", "arc_easy"]) == 2
    assert "lm-eval:TASK@FOLDER" in capsys.readouterr().err


def test_without_the_harness_nothing_is_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is installed, the model that is not there is what is said."""
    assert run(["cap", "fit", "nothing-here", "--capability", "lm-eval:arc_easy"]) != 0
    told = capsys.readouterr().err
    absent = find_spec("lm_eval") is None
    assert ('pip install "selfscope[lm-eval]"' in told) == absent
    assert ("nothing-here" in told) != absent
