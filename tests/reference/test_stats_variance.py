"""Components of variance against statsmodels and pingouin, where the designs coincide."""

import warnings

import numpy as np
import pandas as pd
import pytest

from selfscope.stats.reliability import generalizability
from selfscope.stats.variance import components
from selfscope.stats.variance_design import design_of
from selfscope.stats.variance_located import Asked, locate
from selfscope.stats.variance_squares import mean_squares

RNG = np.random.default_rng(11)
CROSSED = (("object", 12), ("rater", 6))


@pytest.fixture(scope="module")
def ratings():
    return RNG.normal(size=(12, 1)) + 0.5 * RNG.normal(size=6) + RNG.normal(size=(12, 6))


def test_intraclass_correlations_are_pingouins(ratings):
    long = pd.DataFrame(ratings).stack().rename_axis(["object", "rater"]).rename("x").reset_index()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pingouin

        icc = pingouin.intraclass_corr(long, targets="object", raters="rater", ratings="x")
    absolute, relative = icc["ICC"].to_numpy()[[4, 5]]
    found = locate(ratings, Asked(CROSSED, "object"))
    assert found.score.g == pytest.approx(relative)
    assert found.score.phi == pytest.approx(absolute)
    ci = icc[next(c for c in icc.columns if c.startswith("CI"))].to_numpy()[5]
    assert found.score.g_ci == pytest.approx(ci, abs=6e-3)
    assert found.score.exact


def test_shrout_and_fleiss_1979():
    """Six targets, four judges: BMS 11.24, JMS 32.49, EMS 1.02, ICC(2,4) .62, ICC(3,4) .91."""
    judged = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    found = locate(judged, Asked((("target", 6), ("judge", 4)), "target", random=("judge",)))
    assert [round(c.mean_square, 2) for c in found.components] == [11.24, 32.49, 1.02]
    assert (round(found.score.phi, 2), round(found.score.g, 2)) == (0.62, 0.91)


def test_components_are_those_of_restricted_likelihood(ratings):
    """Balanced, and nothing negative: REML and mean squares agree."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    long = pd.DataFrame(ratings).stack().rename_axis(["object", "rater"]).rename("x").reset_index()
    parts = {"object": "0 + C(object)", "rater": "0 + C(rater)"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = MixedLM.from_formula("x ~ 1", long, vc_formula=parts, groups=np.ones(len(long))).fit()
    found = components(ratings, design_of(CROSSED), draws=0)
    assert found.variance == pytest.approx([*fitted.vcomp, fitted.scale], rel=2e-3)


def test_mean_squares_of_a_nested_design_are_those_of_least_squares():
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    design = design_of((("a", 4), ("b", 3), ("c", 3)), {"b": ("a",)})
    y = RNG.normal(size=design.shape)
    at = np.indices(design.shape).reshape(3, -1)
    frame = pd.DataFrame({"a": at[0], "b": at[1], "c": at[2], "y": y.ravel()})
    fitted = anova_lm(ols("y ~ C(a)*C(c) + C(a):C(b)", frame).fit())
    told = fitted["mean_sq"]
    found = dict(zip([t.name for t in design.terms], mean_squares(y, design), strict=True))
    assert found["a"] == pytest.approx(told["C(a)"])
    assert found["c"] == pytest.approx(told["C(c)"])
    assert found["b:a"] == pytest.approx(told["C(a):C(b)"])
    assert found["a×c"] == pytest.approx(told["C(a):C(c)"])
    assert found["b:a×c"] == pytest.approx(told["Residual"])


def test_reliability_of_the_panel_is_the_same_number():
    """Statements nested in keying, keying fixed, values exact: G2 by the general way."""
    d = RNG.normal(size=(14, 1)) + RNG.normal(size=(14, 12)) + RNG.normal(size=12)
    special = generalizability(d[:, None, :], np.repeat([1, -1], 6))
    facets = (("character", 14), ("keyed", 2), ("item", 6))
    found = locate(
        d.reshape(14, 2, 6), Asked(facets, "character", {"item": ("keyed",)}, error=False, permutations=0)
    )
    assert found.score.g == pytest.approx(special.coefficient[0])
    assert found.score.g_ci == pytest.approx(special.ci95[0])
