"""Differences under each assumption of what one individual is."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from selfscope.stats.contrast import paired_contrast
from selfscope.stats.stress import Rule, outcome_of, stress
from selfscope.stats.stress_sides import Difference, Sides, clustered, pooled, random, within
from selfscope.studies.stress_planted import ROWS, drawn

RULE = Rule(0.5)


def sides(value, first, cluster="item", **units):
    codes = {u: np.asarray(c, np.intp) for u, c in units.items()}
    names = {u: [f"{u}{n}" for n in range(int(c.max()) + 1)] for u, c in codes.items()}
    return Sides(np.asarray(value, float), np.asarray(first, bool), codes, names, cluster)


def table(a=6, items=8, seed=0):
    """Characters nested in sides, statements on both."""
    rng = np.random.default_rng(seed)
    at = np.indices((2, a, items)).reshape(3, -1)
    return sides(rng.normal(size=at.shape[1]), at[0] == 0, character=at[0] * a + at[1], item=at[2])


def by_name(found):
    return {a.name: a for a in found}


def test_pooled_is_welchs_t():
    s = table()
    t = pooled(s)
    told = stats.ttest_ind(s.value[s.first], s.value[~s.first], equal_var=False)
    assert t.p == pytest.approx(told.pvalue)
    assert t.ci() == pytest.approx((told.confidence_interval().low, told.confidence_interval().high))


def test_units_on_both_sides_are_paired_and_others_are_two_samples():
    s = table()
    mean = s.value.reshape(2, 6, 8).mean(axis=1)
    assert clustered(s, "item").p == pytest.approx(stats.ttest_rel(*mean).pvalue)
    mean = s.value.reshape(2, 6, 8).mean(axis=2)
    assert clustered(s, "character").p == pytest.approx(stats.ttest_ind(*mean, equal_var=False).pvalue)


def test_two_random_units_are_never_surer_than_either():
    s = table()
    both = random(s, "character")
    assert both.se >= max(clustered(s, "character").se, clustered(s, "item").se) - 1e-12
    assert random(s, "item") == clustered(s, "item")


def test_fixed_statements_leave_what_varies_within_them():
    s = table()
    y = s.value.reshape(2, 6, 8)
    t = within(s, "item")
    assert t.se**2 == pytest.approx((y.var(axis=1, ddof=1) / 6).sum() / 64)
    assert t.df == 2 * 8 * 5


def test_categories_and_outcomes():
    assert RULE.category(Difference(1.0, 0.1, 20)) == "shifted +"
    assert RULE.category(Difference(-1.0, 0.1, 20)) == "shifted -"
    assert RULE.category(Difference(0.0, 0.1, 20)) == "equivalent"
    assert RULE.category(Difference(0.3, 0.5, 20)) == "none"
    assert Rule(0.5, may_shift=False).category(Difference(1.0, 0.1, 20)) == "none"
    assert Rule(0.5, may_equal=False).category(Difference(0.0, 0.1, 20)) == "none"
    assert outcome_of("shifted +", 2.0, "shifted +", 0.9) == "shrunk"
    assert outcome_of("shifted +", 2.0, "shifted +", 1.1) == "stands"
    assert outcome_of("shifted +", 2.0, "equivalent", 2.0) == "flipped"
    assert outcome_of("equivalent", 0.2, "equivalent", 0.05) == "stands"


def test_a_p_is_corrected_among_those_of_its_family_as_they_are():
    others = (0.001, 0.04, 0.6)
    assert Rule(0.5, family=others).adjusted(0.02) == pytest.approx(0.06)
    assert Rule(0.5, family=others).adjusted(0.0001) == pytest.approx(0.0004)
    assert Rule(0.5, family=others, correction="bh").adjusted(0.02) == pytest.approx(0.04)
    assert Rule(0.5).adjusted(0.02) == 0.02
    assert Rule(0.5, family=(0.6,) * 6).category(Difference(1.0, 0.1, 20, second=1 / 32)) == "none"


def test_the_test_of_a_run_is_its_t_its_flip_and_its_texts():
    rng = np.random.default_rng(4)
    keyed = np.array([1, 1, 1, -1, -1, -1])
    delta = 1.0 + 0.05 * rng.normal(size=6) + 0.4 * keyed
    item = np.tile(np.arange(6), 2)
    value, first = np.concatenate([delta, np.zeros(6)]), np.arange(12) < 6
    plain = sides(value, first, item=item)
    own = clustered(replace(plain, keyed=np.tile(keyed, 2).astype(float)), "item")
    told = paired_contrast(delta, keyed)
    assert (own.estimate, own.p) == pytest.approx((float(told.estimate), 1 / 32))
    assert own.ci() == pytest.approx(tuple(told.ci95))
    assert clustered(plain, "item").p < own.p
    wider = clustered(replace(plain, keyed=np.tile(keyed, 2).astype(float), texts=(0.9, 4.0)), "item")
    assert wider.p == pytest.approx(2 * stats.t.sf(wider.estimate / 0.9, 4))
    assert wider.ci()[0] < own.ci()[0]


def test_too_few_statements_for_the_test_of_a_run_are_told_so():
    keyed = np.tile([1.0, 1, 1, -1, -1, -1], 2)
    value = np.concatenate([[1.0, 1.1, 0.9, 1.2, 0.8, 1.05], np.zeros(6)])
    s = replace(sides(value, np.arange(12) < 6, item=np.tile(np.arange(6), 2)), keyed=keyed)
    found = by_name(stress(s, RULE, draws=99))
    assert found["clustered:item"].outcome == "stands"
    assert found["left out:item"].why == "too few levels for a test: 5"


@pytest.mark.parametrize(
    ("row", "shifted", "not_shifted"),
    [
        (2, {"pooled", "clustered:item", "clustered:character", "left out:character", "no self"}, set()),
        (3, {"clustered:item", "left out:item"}, {"clustered:character", "left out:character"}),
        (4, {"clustered:character", "no self"}, {"clustered:item", "left out:item", "random:character"}),
        (0, set(), {"pooled", "clustered:item", "clustered:character", "no self"}),
    ],
)
def test_a_phantom_is_found_at_the_unit_where_it_lives(row, shifted, not_shifted):
    found = by_name(stress(drawn(ROWS[row], np.random.default_rng([7, row])), RULE, draws=199))
    assert {n for n in shifted if found[n].verdict.startswith("shifted")} == shifted
    assert {n for n in not_shifted if found[n].verdict.startswith("shifted")} == set()


def test_the_one_who_carries_it_is_named():
    s = drawn(ROWS[3], np.random.default_rng(1))
    found = by_name(stress(s, RULE, draws=199))
    assert found["left out:character"].outcome == "flipped"
    assert found["left out:character"].worst == "c0" and found["left out:character"].lost == ("c0",)
    assert found["left out:item"].outcome == "stands" and found["left out:item"].lost == ()
    assert abs(found["left out:character"].estimate) < 1


def test_too_few_levels_are_not_estimable_with_the_reason():
    s = table(a=3)
    one = Sides(s.value, s.first, s.units | {"ground": np.zeros(len(s.value), np.intp)},
                dict(s.names) | {"ground": ["g"]}, "item")  # fmt: skip
    found = by_name(stress(one, RULE, draws=199))
    assert {a.outcome for a in found.values() if a.unit == "ground"} == {"not_estimable"}
    assert found["clustered:character"].why == "too few levels: 3"
    assert found["clustered:item"].outcome == "stands"


def test_labels_are_exchanged_within_statement_and_form():
    """Forms that lie far apart are no noise of an exchange: each is exchanged for itself."""
    at = np.indices((2, 6, 8, 2)).reshape(4, -1)
    rng = np.random.default_rng(2)
    y = 0.7 * (at[0] == 0) + 20.0 * at[3] + 0.5 * rng.normal(size=at.shape[1])
    named = {"character": at[0] * 6 + at[1], "item": at[2]}
    with_form = by_name(stress(sides(y, at[0] == 0, **named, form=at[3]), RULE, draws=199))["no self"]
    without = by_name(stress(sides(y, at[0] == 0, **named), RULE, draws=199))["no self"]
    assert with_form.verdict == "shifted +" and with_form.p == pytest.approx(0.005)
    assert without.verdict == "none" and without.p > 0.1


def test_levels_on_one_side_each_are_exchanged_as_wholes():
    s = replace(table(seed=3), cluster="character")
    shifted = replace(s, value=s.value + 2.0 * s.first)
    found = by_name(stress(shifted, RULE, draws=1999))["no self"]
    assert found.verdict == "shifted +" and found.levels == 12
    assert found.p == pytest.approx(2 / 924, abs=0.002)  # 12 over 6 ways, two of them as far apart
    assert by_name(stress(s, RULE, draws=499))["no self"].verdict == "none"


def test_draws_that_a_large_family_puts_out_of_reach_are_not_estimable():
    s, large = table(), Rule(0.5, family=(0.5,) * 20)
    found = by_name(stress(s, large, draws=199))
    assert {found[n].outcome for n in ("no self", "resampled:item")} == {"not_estimable"}
    assert found["resampled:item"].why == "too few draws for a family: least p 0.005"
    assert by_name(stress(s, large, draws=999))["no self"].outcome != "not_estimable"


def test_labels_that_cannot_be_exchanged_enough_are_not_estimable():
    s = sides([0, 1, 2, 3], [1, 0, 1, 0], item=np.array([0, 0, 1, 1]))
    assert by_name(stress(s, RULE, draws=199))["no self"].outcome == "not_estimable"


def test_the_size_of_characters_as_individuals():
    shifted = []
    for n in range(300):
        s = drawn(ROWS[1], np.random.default_rng([n]))
        shifted.append([clustered(s, u).p <= 0.05 for u in ("character", "item")])
    character, item = np.mean(shifted, axis=0)
    assert character <= 0.05 + 1.645 * np.sqrt(0.05 * 0.95 / 300)
    assert item > 0.3
