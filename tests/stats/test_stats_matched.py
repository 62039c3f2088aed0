"""The contrast without some statements is that of a study in which they were never asked."""

import numpy as np
import pytest

from selfscope.stats.atoms import score_arm, stack_texts
from selfscope.stats.family import judge
from selfscope.stats.matched import level_without, trait_without
from selfscope.stats.sampled import score_counts

KEYED = np.tile([1.0] * 4 + [-1.0] * 4, (2, 1))
DROPPED = np.zeros((2, 8), bool)
DROPPED[0, [1, 6]] = True
KEPT = [0, 2, 3, 4, 5, 7]


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def arms(draw):
    """A subject and a class of three texts."""
    scored = [score_arm(draw(n), KEYED) for n in range(4)]
    return scored[0], stack_texts(scored[1:])


def test_what_is_left_of_exact_answers_is_the_contrast_of_the_rest(rng):
    answers = rng.normal(size=(4, 2, 8, 2, 2))
    subject, texts = arms(lambda n: answers[n])
    found = trait_without(DROPPED, subject, texts, KEYED)
    first = [score_arm(x[:1, KEPT], KEYED[:1, KEPT]) for x in answers]
    alone = judge(first[0], {"generic": stack_texts(first[1:])}, KEYED[:1, KEPT]).rows["generic"].trait
    assert found.estimate[0] == pytest.approx(alone.estimate[0])
    whole = judge(subject, {"generic": texts}, KEYED).rows["generic"].trait
    assert found.estimate[1] == pytest.approx(whole.estimate[1])
    assert found.estimate[0] != pytest.approx(whole.estimate[0])


def test_what_is_left_of_drawn_answers_is_the_contrast_of_the_rest(rng):
    agreed = rng.integers(3, 18, size=(4, 2, 8, 2, 1)).astype(float)
    asked = np.full(agreed.shape[1:], 20.0)
    scored = [score_counts(y, asked, KEYED) for y in agreed]
    found = trait_without(DROPPED, scored[0], stack_texts(scored[1:]), KEYED)
    rest = [score_counts(y[:1, KEPT], asked[:1, KEPT], KEYED[:1, KEPT]) for y in agreed]
    alone = judge(rest[0], {"generic": stack_texts(rest[1:])}, KEYED[:1, KEPT]).rows["generic"].trait
    assert found.estimate[0] == pytest.approx(alone.estimate[0])
    assert np.ptp(found.ci95[0]) > 0


def test_without_a_whole_keying_nothing_is_left(rng):
    subject, texts = arms(lambda _: rng.normal(size=(2, 8, 2, 2)))
    dropped = KEYED > 0
    found = trait_without(dropped, subject, texts, KEYED)
    assert np.isnan(found.estimate).all() and np.isnan(found.ci95).all()
    assert np.isnan(level_without(dropped, subject, KEYED).ci95).all()


def test_a_level_is_that_of_the_rest(rng):
    subject, _ = arms(lambda _: rng.normal(size=(2, 8, 2, 2)))
    found = level_without(DROPPED, subject, KEYED)
    plus, minus = subject.d[0, [0, 2, 3]].mean(), subject.d[0, [4, 5, 7]].mean()
    assert found.estimate[0] == pytest.approx((plus + minus) / 2)
