"""Components of tables that are not balanced: by a plain likelihood, and by GPBoost where it is there."""

import sys

import numpy as np
import pytest
from scipy import linalg, optimize

from selfscope.errors import BadInput
from selfscope.stats.variance import components
from selfscope.stats.variance_design import design_of
from selfscope.stats.variance_unbalanced import (
    Fitted,
    Unbalanced,
    estimate,
    generalizability,
    gpboost_fit,
)

LEVELS = (("who", 8), ("what", 6))
EVEN = np.full(4, 0.4)
PLANTED = {"who": 1.0, "what": 0.6, "who×what": 0.5}


def dense(y, x, groups, begin, held):
    """Maximum likelihood by the whole covariance matrix: slow, and plain."""
    same = [np.eye(len(y)), *((g[:, None] == g[None, :]).astype(float) for g in groups.T)]

    def spelled(free):
        told = np.exp(free)
        return told if held is None else np.insert(told, held, begin[held])

    def lost(free):
        factor = linalg.cho_factor(sum(v * s for v, s in zip(spelled(free), same, strict=True)))
        mean = np.linalg.solve(x.T @ linalg.cho_solve(factor, x), x.T @ linalg.cho_solve(factor, y))
        rest = y - x @ mean
        return (
            np.log(np.diag(factor[0])).sum()
            + 0.5 * rest @ linalg.cho_solve(factor, rest)
            + 0.5 * len(y) * np.log(2 * np.pi)
        )

    start = np.log(begin if held is None else np.delete(begin, held))
    found = optimize.minimize(lost, start, method="L-BFGS-B", bounds=[(-12, 5)] * len(start))
    return Fitted(spelled(found.x), -float(found.fun))


def table(rows=50, seed=0, **changed):
    rng = np.random.default_rng(seed)
    planted = PLANTED | changed
    who, what = rng.integers(0, 8, rows), rng.integers(0, 6, rows)
    y = np.sqrt(planted["who"]) * rng.standard_normal(8)[who] + 0.5 * rng.standard_normal(rows)
    y += np.sqrt(planted["what"]) * rng.standard_normal(6)[what]
    y += np.sqrt(planted["who×what"]) * rng.standard_normal((8, 6))[who, what]
    return Unbalanced(design_of(LEVELS, {}, random=("who", "what")), y, {"who": who, "what": what})


@pytest.fixture(scope="module")
def found():
    return {e.name: e for e in estimate(table(), dense)}


def test_planted_components_lie_in_their_intervals_and_the_error_is_last(found):
    assert list(found) == ["who", "what", "who×what", "error"]
    for name, planted in PLANTED.items():
        low, high = found[name].ci
        assert low < planted < high
        assert found[name].share_ci[0] < found[name].share < found[name].share_ci[1]
    assert found["error"].variance == pytest.approx(0.25, abs=0.15)
    assert sum(e.share for e in found.values()) == pytest.approx(1)
    assert found["who"].p < 0.05


def test_what_is_not_there_is_not_found():
    nothing = estimate(table(30, seed=2, who=0.0), dense)[0]
    assert nothing.p > 0.05
    assert nothing.ci[0] < 1e-4


def test_the_end_of_an_interval_is_where_the_likelihood_drops(found):
    one = table()
    best = dense(one.values, one.columns, one.groupings, EVEN, None)
    for end in found["who"].ci:
        begin = np.array([0.3, end, 0.3, 0.3])
        held = dense(one.values, one.columns, one.groupings, begin, 1)
        assert 2 * (best.log_likelihood - held.log_likelihood) == pytest.approx(3.84, abs=0.15)


def test_coefficients_are_those_of_the_balanced_analysis_where_the_table_is_balanced():
    rng = np.random.default_rng(4)
    design = design_of((("who", 8), ("what", 6)), {}, random=("who", "what"))
    y = rng.standard_normal((8, 1)) + 0.7 * rng.standard_normal((1, 6)) + rng.standard_normal((8, 6))
    at = np.indices((8, 6)).reshape(2, -1)
    flat = Unbalanced(design, y.ravel(), {"who": at[0], "what": at[1]})
    assert [t.name for t in flat.random] == [
        "who",
        "what",
    ]  # their interaction is the error: one value a cell
    told = estimate(flat, dense)
    found = {e.name: e.variance for e in told}
    g, phi = generalizability(flat, told, "who")
    assert g == pytest.approx(found["who"] / (found["who"] + found["error"] / 6))
    assert phi == pytest.approx(found["who"] / (found["who"] + (found["error"] + found["what"]) / 6))
    restricted = components(y, design).variance
    assert found["error"] == pytest.approx(restricted[-1], rel=0.1)
    assert found["who"] == pytest.approx(restricted[0] * 7 / 8, rel=0.15)  # likelihood is not restricted


def test_fixed_facets_are_columns_and_facets_that_say_the_same_are_refused():
    rng = np.random.default_rng(0)
    side, who = rng.integers(0, 2, 60), rng.integers(0, 9, 60)
    design = design_of((("side", 2), ("who", 9)), {}, random=("who",))
    both = Unbalanced(design, rng.standard_normal(60) + 3 * side, {"side": side, "who": who})
    assert both.columns.shape == (60, 2)
    assert [t.name for t in both.random] == ["who", "side×who"]
    twice = design_of((("who", 9), ("name", 9)), {}, random=("who", "name"))
    with pytest.raises(BadInput, match="group the rows alike"):
        _ = Unbalanced(twice, both.values, {"who": who, "name": 8 - who}).groupings


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "gpboost", None)
    with pytest.raises(BadInput, match=r"selfscope\[unbalanced\]"):
        gpboost_fit()


def test_gpboost_finds_the_same_maximum(capfd):
    pytest.importorskip("gpboost")
    one = table()
    told = (one.values, one.columns, one.groupings, EVEN)
    for held in (None, 1):
        ours, theirs = (fit(*told, held) for fit in (dense, gpboost_fit()))
        assert theirs.variance == pytest.approx(ours.variance, rel=0.02, abs=0.005)
        assert theirs.log_likelihood == pytest.approx(ours.log_likelihood, abs=0.01)
    assert capfd.readouterr().out == ""
