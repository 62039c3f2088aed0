"""Leaks of wording: a set that leaks is called leaky, one that does not clean, and few pairs say nothing."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from selfscope.errors import BadInput
from selfscope.stats.leakage import Surface, characters, counted, surface, verdict_of, words_of
from selfscope.stats.logistic import held_out_logistic, kernel_logistic
from selfscope.stats.separation import Separation

WORDS = [f"{a}{b}" for a in ("do", "ta", "ri", "ca") for b in ("or", "ble", "ver", "le")]


def texts(pairs: int, cue: tuple[str, str], seed: int = 0) -> tuple[list[str], list[bool], list[str]]:
    """Return pairs of random words, with one of two words among them."""
    draw = np.random.default_rng(seed)
    made = []
    for _ in range(pairs):
        for side in cue:
            chosen = [*draw.choice(WORDS, 7), side]
            draw.shuffle(chosen)
            made.append(" ".join(chosen))
    return made, [True, False] * pairs, [str(n // 2) for n in range(2 * pairs)]


def test_a_word_that_gives_the_kind_away_is_a_leak() -> None:
    made, truths, pairs = texts(40, ("wept", "stood"))
    found = surface(made, truths, pairs, ["all"] * len(made))
    assert found.areas["bag_of_words"].auroc > 0.95
    assert verdict_of(found, 0.0) == "leaky"
    assert found.telling[0][0] == "wept" and found.telling[1][0] == "stood"


def test_texts_that_differ_by_chance_are_clean() -> None:
    made, truths, pairs = texts(120, ("stood", "stood"), seed=2)
    found = surface(made, truths, pairs, ["all"] * len(made))
    assert all(a.low < 0.5 < a.high or a.auroc == 0.5 for a in found.areas.values())
    assert verdict_of(found, 0.0) == "clean"
    assert verdict_of(found, 0.06) == "leaky" and verdict_of(found, 0.02) == "cannot tell"


def test_few_pairs_tell_nothing() -> None:
    found = []
    for seed in range(10):
        made, truths, pairs = texts(8, ("stood", "stood"), seed=seed)
        found.append(verdict_of(surface(made, truths, pairs, ["all"] * 16), 0.0))
    assert found.count("cannot tell") >= 9 and "clean" not in found


def test_length_leaks_in_either_direction() -> None:
    made, truths, pairs = texts(40, ("stood", "stood still by the old wall"), seed=4)
    found = surface(made, truths, pairs, ["all"] * len(made))
    assert found.areas["length"].auroc == 1.0


@pytest.mark.parametrize(
    ("value", "high", "p", "pairs", "verdict"),
    [
        (0.66, 0.70, 0.005, 40, "leaky"),
        (0.66, 0.70, 0.02, 40, "cannot tell"),
        (0.60, 0.68, 0.005, 40, "clean"),
        (0.60, 0.80, 0.3, 40, "cannot tell"),
        (0.50, 0.60, 0.5, 12, "cannot tell"),
    ],
)
def test_the_rule(value: float, high: float, p: float, pairs: int, verdict: str) -> None:
    found = Separation(value, 2 * value - high, high, pairs, pairs, pairs)
    assert verdict_of(Surface({"bag_of_words": found}, {"bag_of_words": p}, ((), ())), 0.0) == verdict


def test_one_kind_alone_cannot_be_checked() -> None:
    with pytest.raises(BadInput, match="keyword-free texts and neutral ones"):
        surface(["a", "b"], [True, True], ["1", "2"], ["x", "x"])


def test_the_regression_is_that_of_scikit_learn() -> None:
    made, truths, _ = texts(30, ("wept", "stood"), seed=5)
    bag = counted(made, words_of)[0]
    a, b = kernel_logistic((bag @ bag.T).toarray(), truths, 0.5)
    theirs = LogisticRegression(C=2.0, tol=1e-10, max_iter=5000).fit(bag, truths)
    np.testing.assert_allclose((bag @ bag.T).toarray() @ a + b, theirs.decision_function(bag), atol=1e-4)
    of = np.repeat(np.arange(30) % 3, 2)
    held = held_out_logistic((bag @ bag.T).toarray(), truths, of, 0.5)
    kept = of != 1
    theirs.fit(bag[kept], np.array(truths)[kept])
    np.testing.assert_allclose(held[~kept], theirs.decision_function(bag[~kept]), atol=1e-4)


def test_features_are_what_they_say() -> None:
    assert words_of("It’s the 3rd day, isn't it?") == ["it’s", "the", "3rd", "day", "isn't", "it"]
    assert characters("ab") == [" ab", "ab ", " ab "]
    made, names = counted(["a b a", "c"], words_of)
    assert names == ["a", "b", "c"]
    np.testing.assert_allclose(made.toarray(), [[0.5**0.5, 0.5**0.5, 0], [0, 0, 1]])
