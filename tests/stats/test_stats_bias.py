import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.atoms import Forms
from selfscope.stats.classes import class_contrast
from selfscope.stats.contrast import paired_contrast
from selfscope.stats.effects import against_texts, effect_of, effect_over, pooled
from selfscope.stats.form_effects import form_effects
from selfscope.stats.level import level

KEYED = np.array([1.0, -1] * 6)
FORMS = Forms(
    np.array([0, 0, 1, 1, 1, 1] * 2, bool),
    np.array([1, -1] * 6, np.int8),
    np.array([0, 0, 1, 1, -1, -1] * 2, np.int8),
    np.array([1] * 6 + [-1] * 6, np.int8),
)


ONE = np.eye(12, dtype=bool)[[0, 2, 4, 7, 9, 11, 1, 3, 5, 6, 8, 10]]
"""One form a statement, as the demo preset asks."""


def bias_scores(
    position: float, label: float, rng: np.random.Generator, shape: tuple[int, ...] = ()
) -> np.ndarray:
    """B of two dimensions in all forms."""
    cells = (
        0.7 + 0.4 * FORMS.lettered + 0.2 * FORMS.template + position * FORMS.position + label * FORMS.label
    )
    return cells + 0.3 * KEYED[:, None] + rng.normal(0, 0.05, (*shape, 2, 12, 12))


def test_position_and_label_are_told_apart() -> None:
    found = form_effects(bias_scores(0.9, -1.4, np.random.default_rng(0)), None, KEYED, FORMS)
    assert found.position.estimate == pytest.approx([0.9, 0.9], abs=0.05)
    assert found.label.estimate == pytest.approx([-1.4, -1.4], abs=0.05)
    assert (found.position.p < 1e-6).all()
    assert (found.position.ci95[:, 0] < found.position.estimate).all()


def test_they_are_told_apart_with_one_form_a_statement() -> None:
    b = bias_scores(0.9, -1.4, np.random.default_rng(1))
    one = np.where(ONE, b, np.nan)
    found = form_effects(one, None, KEYED, FORMS)
    assert found.position.estimate == pytest.approx([0.9, 0.9], abs=0.15)
    assert found.label.estimate == pytest.approx([-1.4, -1.4], abs=0.2)


def test_intervals_of_one_form_a_statement_cover() -> None:
    b = bias_scores(0.9, 0.0, np.random.default_rng(2), (400,))
    found = form_effects(np.where(ONE, b, np.nan), None, KEYED, FORMS)
    covers = (found.position.ci95[..., 0] < 0.9) & (found.position.ci95[..., 1] > 0.9)
    assert covers.mean() == pytest.approx(0.95, abs=0.03)


def test_a_label_that_always_stands_first_cannot_be_told_from_position() -> None:
    always = Forms(
        FORMS.lettered, np.where(FORMS.label == 0, FORMS.position, FORMS.label), FORMS.label, FORMS.template
    )
    b = np.where(always.lettered, bias_scores(0.9, 0.5, np.random.default_rng(3)), np.nan)
    found = form_effects(b, None, KEYED, always)
    assert np.isnan(found.position.estimate).all()
    assert np.isnan(found.label.estimate).all()
    assert found.label_or_position.estimate == pytest.approx([0.5, 0.5], abs=0.15)


def test_where_both_are_told_there_is_no_third() -> None:
    found = form_effects(bias_scores(0.9, -1.4, np.random.default_rng(8)), None, KEYED, FORMS)
    assert np.isnan(found.label_or_position.estimate).all()


def test_yes_no_forms_do_not_lend_their_position_to_letters_that_have_one_place() -> None:
    always = FORMS._replace(position=np.where(FORMS.lettered, FORMS.label, FORMS.position).astype(np.int8))
    b = 0.4 * FORMS.position * ~FORMS.lettered + 1.5 * FORMS.label * FORMS.lettered
    b = b + np.random.default_rng(9).normal(0, 0.05, (1, 12, 12))
    found = form_effects(b, None, KEYED, always)
    assert np.isnan(found.position.estimate).all() and np.isnan(found.label.estimate).all()
    assert found.label_or_position.estimate == pytest.approx([1.5], abs=0.05)


def test_a_letter_that_never_changes_leaves_position_alone() -> None:
    kept = (FORMS.label != -1)[None, :]
    b = np.where(kept, bias_scores(0.9, -1.4, np.random.default_rng(10)), np.nan)
    found = form_effects(b, None, KEYED, FORMS)
    assert found.position.estimate == pytest.approx([0.9, 0.9], abs=0.05)
    assert np.isnan(found.label.estimate).all() and np.isnan(found.label_or_position.estimate).all()


def test_a_change_is_measured_against_the_class_and_its_spread() -> None:
    rng = np.random.default_rng(4)
    subject = bias_scores(0.9, 0, rng)
    texts = np.stack([bias_scores(0.3 + 0.1 * i, 0, rng) for i in (-2, -1, 0, 1, 2)])
    found = form_effects(subject, texts, KEYED, FORMS)
    assert found.position.estimate == pytest.approx([0.6, 0.6], abs=0.05)
    alone = form_effects(subject, texts.mean(axis=0, keepdims=True), KEYED, FORMS)
    assert (found.position.p > alone.position.p).all()
    assert (np.diff(found.position.ci95) > np.diff(alone.position.ci95)).all()


def test_studies_with_different_gaps_are_refused() -> None:
    b = bias_scores(0, 0, np.random.default_rng(5), (2,))
    b[1, 0, 0, 0] = np.nan
    with pytest.raises(BadInput, match="missing answers differ"):
        form_effects(b, None, KEYED, FORMS)


def test_pooling_averages_dimensions() -> None:
    b = bias_scores(0.9, -1.4, np.random.default_rng(6))
    effect = form_effects(b, None, KEYED, FORMS).position
    whole = pooled(effect)
    assert whole.estimate == pytest.approx(effect.estimate.mean())
    assert whole.se == pytest.approx(np.sqrt((effect.se**2).sum()) / 2)
    assert whole.df > effect.df.max()


def test_pooling_a_class_contrast_keeps_the_spread_of_texts() -> None:
    rng = np.random.default_rng(7)
    own = rng.normal(0, 1, (6, 1, 1))
    d = own + rng.normal(0, 0.1, (6, 21, 12))
    found = class_contrast(d[-1], d[:-1], KEYED, flip=False)
    whole = pooled(effect_over(found))
    assert whole.estimate == pytest.approx(found.estimate.mean())
    assert whole.se == pytest.approx(d[:-1].mean(axis=(1, 2)).std(ddof=1) * np.sqrt(1.2), rel=0.05)
    single = pooled(effect_over(class_contrast(d[-1], d[:1], KEYED, flip=False)))
    assert single.se < whole.se


def test_the_level_of_a_bare_character(plant, forms) -> None:
    study = plant(1, dimensions=3, seed=1)
    arm = study.ask(0.5, yes=1.0, position=0.8)
    found = level(arm, study.keyed, forms=forms)
    assert found.trait.estimate == pytest.approx(paired_contrast(arm.d, study.keyed).estimate)
    assert found.agreement is not None and found.forms is not None
    assert found.agreement.estimate.mean() == pytest.approx(1.0, abs=0.4)
    assert found.forms.position.estimate.mean() == pytest.approx(0.8, abs=0.3)


def test_texts_bear_on_all_dimensions_of_a_pooled_effect() -> None:
    rng = np.random.default_rng(31)
    offset = rng.normal(0, 0.5, (5, 1))
    texts = offset + rng.normal(0, 0.05, (5, 21))
    alone = effect_of(np.zeros(21), np.full(21, 0.1), np.full(21, 10.0))
    whole = pooled(against_texts(alone, texts))
    assert whole.se == pytest.approx(texts.mean(axis=1).std(ddof=1) * np.sqrt(1.2))
    assert whole.df == 4
    assert pooled(alone).se == pytest.approx(0.1 / np.sqrt(21))
