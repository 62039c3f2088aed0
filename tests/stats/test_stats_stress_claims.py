"""Findings by any estimator, under each assumption of what one individual is."""

import numpy as np
import pytest
from scipy import stats

from selfscope.errors import BadInput
from selfscope.stats.stress_cells import (
    Errors,
    Unit,
    drawn_again,
    inside,
    jackknife,
    lies_in,
    single,
    together,
)
from selfscope.stats.stress_claims import Claim, Said, stress_claim

LIVES, ITEMS = 8, 10


def cells(seed=0, over_lives=0.5, over_items=0.3, mean=0.0):
    """A value for each statement of each life."""
    rng = np.random.default_rng(seed)
    y = mean + over_lives * rng.normal(size=(LIVES, 1)) + over_items * rng.normal(size=(1, ITEMS))
    return (y + 0.2 * rng.normal(size=(LIVES, ITEMS))).ravel()


LIFE = Unit.of(np.repeat(range(LIVES), ITEMS))
ITEM = Unit.of(np.tile(range(ITEMS), LIVES))


def mean_of(y):
    return lambda w: (w @ y / w.sum(axis=1))[:, None]


def claim(y, **changes):
    """A mean that is there if it is surely not 0, tested over lives."""

    def judged(errors):
        low, high = errors.ci(0)
        word = "there" if low > 0 or high < 0 else "not shown"
        return Said(float(errors.values[0]), word, (low, high), errors.p(0))

    def again(keep):
        if len(np.unique(LIFE.codes[keep])) < 2:
            raise BadInput("too few lives")
        kept = y.reshape(LIVES, ITEMS)
        lives = keep.reshape(LIVES, ITEMS).any(axis=1)
        items = keep.reshape(LIVES, ITEMS).any(axis=0)
        told = stats.ttest_1samp(kept[lives][:, items].mean(axis=1), 0)
        ci = told.confidence_interval()
        word = "there" if ci.low > 0 or ci.high < 0 else "not shown"
        return Said(float(kept[lives][:, items].mean()), word, (ci.low, ci.high), told.pvalue)

    whole = {
        "of": {"finding": "a mean"}, "said": again(np.ones(len(y), bool)), "sesoi": 0.1,
        "units": {"agent": LIFE, "item": ITEM}, "own": ("agent",), "numbers": mean_of(y), "judged": judged,
        "again": again, "exchanged": "it has no labels", "effects": frozenset({"there"}),
    }  # fmt: skip
    return Claim(**whole | changes)


def by_name(found):
    return {a.name: a for a in found}


def test_the_jackknife_of_a_mean_is_students_t_over_levels():
    y = cells(mean=0.4)
    errors = jackknife(mean_of(y), LIFE).errors()
    told = stats.ttest_1samp(y.reshape(LIVES, ITEMS).mean(axis=1), 0)
    ci = told.confidence_interval()
    assert errors.p(0) == pytest.approx(told.pvalue)
    assert errors.ci(0) == pytest.approx((ci.low, ci.high))
    assert errors.above(0) == pytest.approx(told.pvalue / 2)


def test_strata_take_off_what_lies_between_them():
    y = cells() + np.tile(np.where(np.arange(ITEMS) < 5, 5.0, -5.0), LIVES)
    half = np.tile(np.arange(ITEMS) < 5, LIVES)
    plain, split = (jackknife(mean_of(y), Unit.of(ITEM.codes, s)).errors() for s in (None, half))
    assert split.se[0] < 0.2 * plain.se[0] and split.df == plain.df - 1
    within = jackknife(mean_of(y), inside(Unit.of(half))).errors()
    assert within.se[0] < jackknife(mean_of(y), single(len(y))).errors().se[0]


def test_two_random_units_are_less_sure_than_either_and_a_nested_one_adds_nothing():
    y = cells()
    both = together(mean_of(y), [LIFE, ITEM])
    each = [jackknife(mean_of(y), u).errors().se[0] for u in (LIFE, ITEM)]
    assert both.se[0] > max(each) and both.se[0] < np.hypot(*each)
    assert lies_in(single(len(y)), LIFE) and not lies_in(LIFE, ITEM)
    assert together(mean_of(y), [single(len(y)), LIFE]).se[0] == pytest.approx(each[0])
    assert together(mean_of(y), [LIFE, LIFE]).se[0] == pytest.approx(each[0])


def test_levels_drawn_again_are_as_sure_as_t_and_small_strata_are_not_drawn_from():
    y = cells(mean=0.3)
    rng = np.random.default_rng(1)
    told = drawn_again(mean_of(y), LIFE, 1999, rng)
    t = jackknife(mean_of(y), LIFE).errors()
    assert np.ptp(told.ci(0)) == pytest.approx(np.ptp(t.ci(0)), rel=0.3)
    assert told.p(0) == pytest.approx(t.p(0), abs=0.03)
    assert drawn_again(mean_of(y), Unit.of(ITEM.codes, ITEM.codes % 3), 99, rng) is None


def test_the_farthest_of_several_means_is_told_by_the_studentised_range():
    errors = Errors(np.array([2.0, 1.0, 1.0]), np.ones(3), 20.0)
    q = 2.0 * np.sqrt(2)
    assert errors.farthest([0, 1, 2], 3) == pytest.approx(stats.studentized_range.sf(q, 3, 20))
    assert Errors(np.zeros(1), np.zeros(1), 3.0).p(0) == 1
    assert Errors(np.ones(1), np.zeros(1), 3.0).p(0) == 0


def test_what_hangs_on_one_life_is_told_by_name():
    y = cells(over_lives=0.0, over_items=0.0)
    y[LIFE.codes == 2] += 9.0
    found = by_name(stress_claim(claim(y, own=("item",), said=Said(y.mean(), "there")), draws=199))
    assert found["clustered:agent"].outcome == found["resampled:agent"].outcome == "flipped"
    assert found["left out:agent"].worst == "2" and "2" in found["left out:agent"].lost
    assert found["clustered:item"].verdict == found["random:item"].verdict == "there"
    assert found["no self"].why == "it has no labels"


def test_what_is_everywhere_stands_and_under_half_of_it_is_shrunk():
    y = cells(over_lives=0.1, mean=2.0)
    found = by_name(stress_claim(claim(y), draws=199))
    assert {a.outcome for n, a in found.items() if n != "no self"} == {"stands"}
    assert claim(y).outcome(Said(0.9, "there")) == "shrunk"
    assert claim(y).outcome(Said(0.9, "not shown")) == "flipped"


def test_the_own_unit_gives_back_what_was_said_and_levels_too_few_are_told():
    y = cells(mean=0.4)
    own = claim(y, said=Said(0.4, "in its own word"))
    found = by_name(stress_claim(own, draws=99))
    assert found["clustered:agent"].verdict == found["random:agent"].verdict == "in its own word"
    assert found["fixed:item"].outcome == "stands"
    few = claim(
        y, units={"agent": LIFE, "order": Unit.of(ITEM.codes % 2)}, fixed={"agent": "it is no sample"}
    )
    found = by_name(stress_claim(few, draws=99, wanted=frozenset({"clustered:order", "random:agent"})))
    assert {n: a.why for n, a in found.items()} == {
        "clustered:order": "too few levels: 2", "random:agent": "it is no sample",
    }  # fmt: skip


def test_an_absence_stays_one_if_labels_mean_nothing():
    def said(word):
        return lambda draws, rng: Said(0.1, word)

    y = cells()
    absent = by_name(stress_claim(claim(y, said=Said(0.1, "not shown"), exchanged=said("cannot tell"))))
    assert absent["no self"].outcome == "stands"
    lost = by_name(stress_claim(claim(y, said=Said(0.1, "there"), exchanged=said("not shown")), draws=99))
    assert lost["no self"].outcome == "flipped"


def test_a_unit_that_is_no_sample_makes_false_findings():
    """Lives differ by chance: over lives a mean of 0 is called there in 5 %, over statements mostly."""
    over_lives = over_items = 0
    for n in range(80):
        y = cells(seed=n)
        own = claim(y, own=("item",), said=claim(y).judged(jackknife(mean_of(y), ITEM).errors()))
        over_items += own.said.verdict == "there"
        (found,) = stress_claim(own, wanted=frozenset({"clustered:agent"}))
        over_lives += found.verdict == "there"
    assert over_lives <= 9 and over_items >= 20
