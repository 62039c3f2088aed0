"""A long table that is not balanced, from the command to what is said of it."""

import sys

import numpy as np
import pandas as pd
import pytest

from selfscope.cli.app import run
from selfscope.errors import BadInput
from selfscope.studies.where import WhereRequest
from selfscope.studies.where_unbalanced import located_unbalanced
from tests.stats.test_variance_unbalanced import dense

ASKED = WhereRequest(
    "", "value", ("family", "character", "thread"), {"thread": ("character",)}, "character", unbalanced=True
)


@pytest.fixture(scope="module")
def frame():
    """Nine characters with two to four threads each, and one to three values in each thread."""
    rng = np.random.default_rng(5)
    rows = [
        {
            "family": "one",
            "character": f"c{c}",
            "thread": t,
            "value": who + talk + 0.4 * rng.standard_normal(),
        }
        for c in range(9)
        for who in [rng.standard_normal()]
        for t in range(rng.integers(2, 5))
        for talk in [0.5 * rng.standard_normal()]
        for _ in range(rng.integers(1, 4))
    ]
    return pd.DataFrame(rows)


def test_nested_threads_are_fitted_within_their_character_and_one_family_is_not_estimable(frame):
    missing = frame.assign(value=frame["value"].where(frame.index != 0))
    found = located_unbalanced(missing, ASKED, dense, {"value": "value"})
    parts = {c.name: c for c in found.components}
    assert list(parts) == ["character", "thread:character", "error", "family"]
    assert parts["family"].not_estimable
    assert parts["character"].ci[0] < 1 < parts["character"].ci[1]
    assert 0 < found.score.phi <= found.score.g < 1
    assert found.observations == len(frame) - 1
    assert any("1 of" in note for note in found.notes)
    assert {f.name: f.kind for f in found.facets}["thread"] == "random"


def test_what_cannot_be_told_apart_is_refused(frame):
    fixed = WhereRequest("", "value", ("character",), {}, "family", unbalanced=True)
    with pytest.raises(BadInput, match="no facet with random levels"):
        located_unbalanced(frame, fixed, dense, {})
    with pytest.raises(BadInput, match="does not vary"):
        located_unbalanced(frame.assign(value=1.0), ASKED, dense, {})


def test_the_command_fits_where_the_package_is_and_names_the_extra_where_it_is_not(
    frame, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    frame.to_csv("long.csv", index=False)
    asked = ["where", "long.csv", "--value", "value", "--facets", "character,thread", "--nested",
             "thread:character", "--object", "character"]  # fmt: skip
    assert run(asked) == 2
    assert "not balanced" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "gpboost", None)
    assert run([*asked, "--unbalanced"]) == 2
    assert "selfscope[unbalanced]" in capsys.readouterr().err


def test_gpboost_fits_a_table_from_the_command(frame, tmp_path, monkeypatch, capsys):
    pytest.importorskip("gpboost")
    monkeypatch.chdir(tmp_path)
    frame.to_csv("long.csv", index=False)
    asked = ["where", "long.csv", "--value", "value", "--facets", "character,thread", "--nested",
             "thread:character", "--object", "character", "--unbalanced", "--json"]  # fmt: skip
    assert run(asked) == 0
    assert '"name": "thread:character"' in capsys.readouterr().out
