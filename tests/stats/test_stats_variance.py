"""Components of variance: what follows from the design alone, and what planted tables come out as."""

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.variance import components, from_squares, shares
from selfscope.stats.variance_design import design_of, kind_of, kinds_of
from selfscope.stats.variance_interval import large_sample, noncentral, pivots
from selfscope.stats.variance_located import Asked, locate
from selfscope.stats.variance_objects import coefficients, decision_study, error_weights
from selfscope.stats.variance_permutation import exchange_of, exchanged, permutation_p
from selfscope.stats.variance_squares import effect, mean_squares

UNITS = {"thread": ("character",), "regeneration": ("thread",)}
DEMO = (("character", 8), ("thread", 4), ("regeneration", 4), ("item", 8))


def table(design, planted, sets=None, seed=0):
    """Draw tables with known components."""
    rng = np.random.default_rng(seed)
    lead = () if sets is None else (sets,)
    y = np.zeros((*lead, *design.shape))
    for term in design.terms:
        shape = [n if f in term.facets else 1 for f, n in design.levels.items()]
        y = y + np.sqrt(planted.get(term.name, 0.0)) * rng.standard_normal((*lead, *shape))
    return y


def test_levels_decide_what_a_facet_is():
    assert [kind_of(n, False) for n in (1, 2, 4, 5)] == ["not estimable", "fixed", "fixed", "random"]
    assert [kind_of(n, True) for n in (1, 2, 3)] == ["not estimable", "fixed", "random"]


def test_what_is_nested_in_fixed_facets_is_counted_over_all_of_them():
    """Statements within keying: 3 + 3 are a sample, 2 + 2 are not."""
    for n, kind in ((2, "fixed"), (3, "random")):
        levels = {"character": 6, "keyed": 2, "item": n}
        assert kinds_of(levels, {"item": ("keyed",)})["item"] == kind


def test_terms_follow_from_nesting():
    design = design_of(DEMO, UNITS)
    assert [t.name for t in design.terms] == [
        "character",
        "item",
        "thread:character",
        "character×item",
        "regeneration:thread:character",
        "thread:character×item",
        "regeneration:thread:character×item",
    ]
    assert design.df.tolist() == [7, 7, 24, 49, 96, 168, 672]
    assert design.df.sum() + 1 == 8 * 4 * 4 * 8


def test_a_facet_may_have_several_parents():
    design = design_of((("model", 5), ("character", 5), ("thread", 3)), {"thread": ("model", "character")})
    assert design.terms[-1].name == "thread:(model×character)"


def test_expected_mean_squares_of_a_mixed_design():
    """Character random, form fixed: interactions with form stand in no mean square of character (§11)."""
    design = design_of((("character", 6), ("item", 5), ("form", 2)), error=False)
    names = [t.name for t in design.terms]
    row = dict(zip(names, design.expected[names.index("character")].tolist(), strict=True))
    assert row == {
        "character": 10, "item": 0, "form": 0, "character×item": 2, "character×form": 0, "item×form": 0,
        "character×item×form": 0,
    }  # fmt: skip
    with_error = design_of((("character", 6), ("item", 5), ("form", 2)))
    assert with_error.expected[names.index("character"), -1] == 1


@pytest.mark.parametrize(
    ("levels", "nested", "fixed"),
    [
        ((("a", 3), ("b", 4)), {}, ()),
        ((("a", 3), ("b", 2), ("c", 3)), {}, ("b",)),
        ((("a", 3), ("b", 2), ("c", 2)), {"b": ("a",), "c": ("b",)}, ("a",)),
        ((("m", 2), ("p", 3), ("t", 2), ("i", 3)), {"t": ("m", "p")}, ("m",)),
        ((("p", 3), ("k", 2), ("i", 3), ("f", 2)), {"i": ("k",)}, ("k", "f")),
    ],
)
def test_what_mean_squares_expect_is_what_effects_of_unit_variance_give(levels, nested, fixed):
    """Exactly, component by component: effects of every level alone, summing to zero over fixed facets."""
    random = [name for name, _ in levels if name not in fixed]
    design = design_of(levels, nested, fixed=fixed, random=random, error=False)
    axes = list(design.levels)
    for n, term in enumerate(design.terms):
        shape = [design.levels[f] if f in term.facets else 1 for f in axes]
        alone = np.eye(int(np.prod(shape))).reshape(-1, *shape)
        for f in set(term.own) & set(fixed):
            alone = alone - alone.mean(axis=axes.index(f) + 1, keepdims=True)
        effects = np.broadcast_to(alone, (len(alone), *design.shape))
        assert mean_squares(effects, design).sum(axis=0) == pytest.approx(design.expected[:, n], abs=1e-9)
        assert (effects**2).mean(axis=tuple(range(1, 1 + len(axes)))).sum() == pytest.approx(
            design.in_one_value[n]
        )


def test_mean_squares_add_up_and_are_those_of_effects():
    design = design_of(DEMO, UNITS)
    y = np.random.default_rng(1).normal(size=design.shape)
    squares = mean_squares(y, design)
    assert (squares * design.df).sum() == pytest.approx(((y - y.mean()) ** 2).sum())
    for n, term in enumerate(design.terms):
        part = effect(y, design, term)
        assert squares[n] * design.df[n] == pytest.approx(design.behind[n] * (part**2).sum())


def test_some_mean_squares_are_those_of_all():
    design = design_of((*DEMO, ("keyed", 2)), UNITS | {"item": ("keyed",)})
    every = mean_squares(y := table(design, {"thread:character": 1.0}), design)
    for n in range(len(design.terms)):
        some = mean_squares(y, design, [n])
        assert some[n] == every[n] and not np.delete(some, n).any()


def test_a_table_that_is_not_whole_is_refused():
    design = design_of((("a", 3), ("b", 3)))
    with pytest.raises(BadInput, match="no value"):
        mean_squares(np.full((3, 3), np.nan), design)
    with pytest.raises(BadInput, match="laid out"):
        mean_squares(np.zeros((3, 4)), design)


def test_estimates_have_no_bias():
    planted = {"character": 0.2, "item": 0.5, "thread:character": 0.1, "character×item": 0.2,
               "regeneration:thread:character×item": 1.0}  # fmt: skip
    design = design_of((("character", 5), ("thread", 3), ("regeneration", 3), ("item", 5)), UNITS)
    found = from_squares(mean_squares(table(design, planted, 2000), design), design, draws=0)
    truth = np.array([planted.get(t.name, 0.0) for t in design.terms])
    error = found.variance.std(axis=0) / np.sqrt(2000)
    assert (np.abs(found.variance.mean(axis=0) - truth) < 4 * error).all()
    assert (found.variance < 0).any()


def test_shares_of_fixed_facets_are_those_of_the_sum_of_squares():
    design = design_of((("a", 3), ("b", 4)), error=False)
    y = np.random.default_rng(2).normal(size=(3, 4))
    squares = mean_squares(y, design)
    share, cut = shares(squares @ design.solution.T, design)
    assert share == pytest.approx(squares * design.df / ((y - y.mean()) ** 2).sum())
    assert cut == 0


def test_intervals_cover():
    design = design_of((("character", 6), ("item", 6)))
    planted = {"character": 0.3, "item": 0.0, "character×item": 1.0}
    found = from_squares(mean_squares(table(design, planted, 2000), design), design, draws=0)
    truth = np.array([planted[t.name] for t in design.terms])
    inside = (found.ci95[..., 0] <= truth) & (truth <= found.ci95[..., 1])
    assert ((inside.mean(axis=0) > 0.93) & (inside.mean(axis=0) < 0.97)).all()


def test_one_mean_square_has_the_interval_by_chi_square():
    from scipy import stats

    ci = large_sample(np.array([2.0]), np.array([0.5]), np.array([7.0]))
    assert ci == pytest.approx(7 / stats.chi2.ppf([0.975, 0.025], 7))


def test_fixed_effects_have_the_noncentral_interval():
    from scipy import stats

    low, high = noncentral(np.array(6.0), 3, np.array(20.0)) * 3
    assert stats.ncf.cdf(6.0, 3, 20, low) == pytest.approx(0.975, abs=1e-4)
    assert stats.ncf.cdf(6.0, 3, 20, high) == pytest.approx(0.025, abs=1e-4)
    assert noncentral(np.array(0.01), 3, np.array(20.0)).tolist() == [0, 0]


def test_a_quasi_f_is_marked_and_an_exact_one_is_not():
    design = design_of(DEMO, UNITS)
    found = components(table(design, {"regeneration:thread:character×item": 1.0}), design, draws=0)
    told = dict(zip([t.name for t in design.terms], found.quasi.tolist(), strict=True))
    assert told["character"] and not told["item"] and not told["regeneration:thread:character"]


def test_coefficients_of_a_nested_object_are_within_its_parent():
    design = design_of(DEMO, UNITS)
    relative, absolute = error_weights(design, "thread")
    names = [t.name for t in design.terms]
    told = dict(zip(names, zip(relative.tolist(), absolute.tolist(), strict=True), strict=True))
    assert told["character"] == (0, 0)
    assert told["item"] == told["character×item"] == (0, 1 / 8)
    assert told["regeneration:thread:character×item"] == (1 / 32, 1 / 32)


def test_a_decision_study_agrees_with_the_coefficients_and_marks_what_is_far():
    design = design_of((("character", 12), ("item", 8)))
    y = table(design, {"character": 0.4, "item": 0.5, "character×item": 1.0})
    found = components(y, design, draws=0)
    drawn = pivots(found.mean_square, design)
    c = coefficients(found.mean_square, found.f, found.df_below, design, "character", drawn)
    grid = decision_study(found.mean_square, design, "character", drawn)
    here = grid.numbers[:, 0].tolist().index(8)
    assert grid.g[here] == pytest.approx(float(c.g))
    assert grid.phi[here] == pytest.approx(float(c.phi))
    assert grid.extrapolated.tolist() == (grid.numbers[:, 0] > 32).tolist()
    assert (np.diff(grid.g) > 0).all() and (grid.g >= grid.phi).all()


@pytest.mark.parametrize("error", [True, False])
@pytest.mark.parametrize(
    ("levels", "nested", "fixed"),
    [
        ((("a", 6), ("b", 5)), {}, ()),
        ((("a", 6), ("b", 5), ("c", 3)), {}, ("c",)),
        ((("a", 6), ("k", 2), ("i", 5)), {"i": ("k",)}, ("k",)),
        ((("a", 3), ("b", 5), ("c", 5)), {}, ("a",)),
        (DEMO, UNITS, ()),
    ],
)
def test_coefficients_are_shares_of_one_another(levels, nested, fixed, error):
    """Whatever is estimated below zero: 0 <= phi <= g <= 1, 1 - 1/F where F is exact, and cut told."""
    random = [name for name, _ in levels if name not in fixed]
    design = design_of(levels, nested, fixed=fixed, random=random, error=error)
    y = table(design, {"a": 0.1, "character": 0.1, "a×b": 0.3, design.terms[-1].name: 1.0}, 60, seed=6)
    found = components(y, design, draws=0)
    for obj in design.levels:
        c = coefficients(
            found.mean_square,
            found.f,
            found.df_below,
            design,
            obj,
            pivots(found.mean_square, design, draws=40),
        )
        at = design.term_of([obj])
        known = np.isfinite(c.g)
        assert known.all() or not known.any()
        if not known.any():
            continue
        assert ((c.phi >= 0) & (c.phi <= c.g + 1e-12) & (c.g <= 1)).all()
        for ci in (c.g_ci95, c.phi_ci95):
            assert ((ci >= 0) & (ci <= 1) & (ci[..., :1] <= ci[..., 1:])).all()
        below = found.variance[:, at] < 0
        assert (c.g[below] == 0).all() and (c.phi[below] == 0).all() and c.cut[below].all()
        if c.exact:
            assert c.g == pytest.approx(np.maximum(1 - 1 / found.f[:, at], 0))


def test_an_object_below_zero_has_no_share_in_either_coefficient_and_it_is_said():
    """Less apart than the interaction gives: the component is printed, both coefficients are 0."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(6, 8))
    y = y - y.mean(axis=1, keepdims=True) + 0.01 * rng.normal(size=(6, 1))
    found = locate(y, Asked((("character", 6), ("item", 8)), "character"))
    own = next(c for c in found.components if c.name == "character")
    assert own.variance < 0 and own.ci[0] < 0 and own.share == 0
    assert found.score.g == found.score.phi == 0 and found.score.truncated
    assert found.score.g_ci[0] == 0 <= found.score.g_ci[1] < 1
    here = next(r for r in found.d_study if r.numbers == {"item": 8})
    assert here.g == found.score.g


def test_why_there_is_no_coefficient_is_told():
    y = np.zeros((6, 5)) + np.arange(5.0)
    nothing = locate(y, Asked((("a", 6), ("b", 5)), "a", permutations=0)).score
    assert np.isnan(nothing.g) and nothing.why_not == "neither it nor its error varies"
    named = locate(y.T, Asked((("a", 5), ("b", 6)), "a", fixed=("b",), error=False, permutations=0)).score
    assert np.isnan(named.g) and named.why_not == "no random facet is averaged over"


def test_permutation_of_two_groups_of_three_cannot_be_tested():
    design = design_of((("group", 2), ("one", 3)), {"one": ("group",)})
    found = permutation_p(np.random.default_rng(0).normal(size=(2, 3)), design)
    assert np.isnan(found.p).all()
    assert found.p_min[0] == pytest.approx(0.1)


def test_exchanged_units_keep_their_values_together():
    design = design_of((("character", 5), ("thread", 3), ("item", 4)), {"thread": ("character",)})
    y = np.arange(60.0).reshape(5, 3, 4)
    nested = exchange_of(design, design.terms[0], frozenset(design.levels))
    moved = exchanged(y, design, nested, 3, np.random.default_rng(0))
    assert {tuple(row) for row in moved[0].reshape(15, 4)} == {tuple(row) for row in y.reshape(15, 4)}
    assert not (moved[0] == y).all()
    crossed = design_of((("character", 5), ("item", 4)))
    labels = exchange_of(crossed, crossed.terms[0], frozenset(crossed.levels))
    moved = exchanged(y[:, 0], crossed, labels, 3, np.random.default_rng(0))
    assert (np.sort(moved[0], axis=0) == np.sort(y[:, 0], axis=0)).all()


@pytest.mark.parametrize(
    ("planted", "where"),
    [
        ({"character": 1.0}, {"character"}),
        ({"thread:character": 1.0}, {"thread:character"}),
        ({"character": 1.5, "thread:character": 1.0}, {"character", "thread:character"}),
        ({}, set()),
    ],
)
def test_a_phantom_is_located_where_its_trait_was_planted(planted, where):
    design = design_of(DEMO, UNITS)
    y = table(design, planted | {"item": 0.3, "regeneration:thread:character×item": 0.5}, seed=4)
    found = locate(y, Asked(DEMO, "character", UNITS, permutations=499))
    units = [c for c in found.components if c.name in ("character", "thread:character")]
    assert {c.name for c in units if c.p_permutation <= 0.01} == where
    assert {c.name for c in units if c.p <= 0.01} == where


def test_a_tests_size_is_what_it_says():
    design = design_of((("character", 6), ("item", 6)))
    y = table(design, {"item": 0.5, "character×item": 1.0}, 300, seed=5)
    small = [permutation_p(t, design, draws=199, seed=n).p[0] <= 0.05 for n, t in enumerate(y)]
    assert np.mean(small) <= 0.05 + 1.645 * np.sqrt(0.05 * 0.95 / 300)


def test_repetitions_that_are_identical_are_structural_zeros():
    design = design_of(DEMO, UNITS)
    y = np.repeat(table(design, {"character": 0.5, "thread:character×item": 1.0})[:, :, :1], 4, axis=2)
    found = locate(y, Asked(DEMO, "character", UNITS))
    zero = [c for c in found.components if c.structural_zero]
    assert [c.name for c in zero] == ["regeneration:thread:character", "regeneration:thread:character×item"]
    assert all(c.variance == 0 and np.isnan(c.p) for c in zero)
    assert next(f.kind for f in found.facets if f.name == "regeneration") == "structural zero"
    once = locate(y[:, :, 0], Asked((DEMO[0], DEMO[1], DEMO[3]), "character", {"thread": ("character",)},
                  error=False))  # fmt: skip
    assert found.score.g == pytest.approx(once.score.g)
    assert found.noise_floor.structural_zero


def test_one_level_is_not_estimable_and_the_object_needs_two():
    y = np.random.default_rng(0).normal(size=(6, 1, 5))
    found = locate(y, Asked((("character", 6), ("model", 1), ("item", 5)), "character"))
    (model,) = (c for c in found.components if c.not_estimable)
    assert model.name == "model" and np.isnan(model.variance) and np.isnan(model.share)
    with pytest.raises(BadInput, match="one level"):
        locate(y, Asked((("character", 6), ("model", 1), ("item", 5)), "model"))
    with pytest.raises(BadInput, match="does not vary"):
        locate(np.ones((6, 5)), Asked((("character", 6), ("item", 5)), "character"))


def test_few_levels_are_fixed_and_said_so_unless_asked_otherwise():
    y = np.random.default_rng(0).normal(size=(4, 6))
    asked = Asked((("character", 4), ("item", 6)), "character")
    found = locate(y, asked)
    assert found.score.fixed and any("these alone" in n for n in found.notes)
    asked = Asked((("character", 4), ("item", 6)), "character", random=("character",))
    again = locate(y, asked)
    assert not again.score.fixed and again.facets[0].by_request


def test_names_that_are_no_facets_are_refused():
    y = np.random.default_rng(0).normal(size=(6, 5))
    facets = (("character", 6), ("item", 5))
    for fixed, random in ((("x",), ()), (("item",), ("item",))):
        with pytest.raises(BadInput, match="fixed or random"):
            locate(y, Asked(facets, "character", fixed=fixed, random=random))


def test_shares_of_differences_leave_out_what_is_the_same_for_all():
    design = design_of((("character", 8), ("item", 8)))
    y = table(design, {"character": 0.5, "item": 50.0, "character×item": 1.0})
    found = locate(y, Asked((("character", 8), ("item", 8)), "character", differences=True))
    share = {c.name: c.share for c in found.components}
    assert np.isnan(share["item"])
    assert share["character"] + share["character×item"] == pytest.approx(1)
