"""Screening designs: the matrices are what they are called, and interactions of two leave no trace."""

import itertools

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.screening import folded_design, hadamard, main_effects, order_above

BUILT = [n for n in (1, 2, *range(4, 133, 4)) if n not in (52, 92, 100, 116)]


@pytest.mark.parametrize("order", BUILT)
def test_columns_are_orthogonal_and_the_border_is_ones(order):
    matrix = hadamard(order).astype(int)
    assert set(np.unique(matrix)) <= {1, -1}
    assert (matrix @ matrix.T == order * np.eye(order, dtype=int)).all()
    assert (matrix[0] == 1).all() and (matrix[:, 0] == 1).all()


@pytest.mark.parametrize("order", [0, 3, 6, 10, 52, 92])
def test_what_cannot_be_built_is_said(order):
    with pytest.raises(BadInput, match="order"):
        hadamard(order)


def test_the_order_is_the_next_one_that_there_is():
    assert [order_above(n) for n in (1, 3, 4, 11, 17, 27, 35, 40, 47, 51, 63, 64)] == [
        2, 4, 8, 12, 20, 28, 36, 44, 48, 56, 64, 68,
    ]  # fmt: skip


@pytest.mark.parametrize("factors", [1, 2, 3, 7, 17, 40, 64])
def test_a_folded_design_is_balanced_and_begins_with_all_and_ends_with_none(factors):
    design = folded_design(factors, np.random.default_rng(0))
    runs = len(design)
    assert 2 * factors <= runs <= 2 * factors + 12
    assert design[0].all() and not design[-1].any()
    assert (design.sum(axis=0) == runs / 2).all()
    for a, b in itertools.islice(itertools.combinations(range(factors), 2), 100):
        assert (design[:, a] & design[:, b]).sum() == runs / 4


def test_interactions_of_two_leave_main_effects_untouched():
    rng = np.random.default_rng(1)
    design = folded_design(17, rng)
    main, both = rng.normal(size=17), np.triu(rng.normal(size=(17, 17)), 1)
    x = np.where(design, 1.0, -1.0)
    values = 0.5 * x @ main + np.einsum("ra,ab,rb->r", x, both, x) + 3.0
    assert main_effects(design) @ values == pytest.approx(main)


def test_in_a_full_factorial_the_main_effect_is_the_banzhaf_value():
    rng = np.random.default_rng(2)
    design = folded_design(3, rng)
    assert len({tuple(row) for row in design.tolist()}) == 8
    worth = {tuple(row): rng.normal() for row in design.tolist()}
    found = main_effects(design) @ np.array([worth[tuple(row)] for row in design.tolist()])
    for factor in range(3):
        added = [
            worth[tuple(True if n == factor else v for n, v in enumerate(row))] - value
            for row, value in worth.items()
            if not row[factor]
        ]
        assert found[factor] == pytest.approx(np.mean(added))
