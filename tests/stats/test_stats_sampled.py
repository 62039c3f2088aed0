import numpy as np
import pytest
from scipy import special

from selfscope.errors import BadInput
from selfscope.stats.atoms import ArmScores, Forms, stack_texts
from selfscope.stats.explain import explain
from selfscope.stats.family import Gates, judge
from selfscope.stats.sampled import refusal_bounds, sampled_contrasts, score_counts, with_refusals
from selfscope.stats.sensitivity import sampled_sensitivity
from selfscope.stats.verdicts import FAIL, PASS, RULES, UNKNOWN

KEYED = np.r_[np.ones(6), -np.ones(6)]
V = np.array([1.0, -1.0])


class Drawn:
    """Studies of one dimension whose answers are drawn R times a text."""

    def __init__(
        self, studies: int, draws: int, seed: int, *, content: float = 0.6, dimensions: int = 1
    ) -> None:
        self.rng, self.draws = np.random.default_rng(seed), draws
        self.shape = (studies, dimensions, 12)
        self.content, self.yes = (self.rng.normal(0, content, self.shape) for _ in range(2))

    def ask(self, trait: float = 0.0, yes: float = 0.0, *, tau: float = 0.0, scale: float = 1.0) -> ArmScores:
        shift = trait + self.content + tau * self.rng.normal(size=self.shape)
        odds = scale * ((KEYED * shift)[..., None] * V + (self.yes + yes)[..., None])
        asked = np.full((*odds.shape, 1), float(self.draws))
        agreed = self.rng.binomial(self.draws, special.expit(odds)[..., None]).astype(float)
        return score_counts(agreed, asked, np.tile(KEYED, (self.shape[1], 1)))


def test_the_model_keeps_what_the_empirical_logit_loses() -> None:
    study = Drawn(150, 10, 1, content=0.0)
    subject, control = study.ask(1.0, 2.0), study.ask()
    found = sampled_contrasts(subject, control.as_text(), KEYED, 1.0)
    assert found.trait.estimate.mean() == pytest.approx(1.0, abs=0.07)
    assert found.acquiescence.estimate.mean() == pytest.approx(2.0, abs=0.08)
    assert (subject.d - control.d).mean() == pytest.approx(0.76, abs=0.06)


@pytest.mark.parametrize("yes", [0.0, 1.5])
def test_size_and_coverage(yes: float) -> None:
    study = Drawn(250, 20, 2)
    found = sampled_contrasts(study.ask(0.5, yes, tau=0.6), study.ask(0.5).as_text(), KEYED, 1.0).trait
    assert (found.p <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 250)
    assert (found.p <= 0.05).mean() >= 0.01
    assert found.estimate.mean() == pytest.approx(0, abs=0.06)
    assert found.se.mean() == pytest.approx(found.estimate.std(), rel=0.15)


def test_always_agreeing_still_has_an_estimate() -> None:
    study = Drawn(1, 20, 3)
    found = sampled_contrasts(study.ask(8.0), study.ask().as_text(), KEYED, 1.0).trait
    assert np.isfinite(found.estimate).all()
    assert found.estimate > 2


def test_sides_are_sums_and_the_guard_at_one_is_the_contrast() -> None:
    study = Drawn(2, 20, 4, dimensions=3)
    texts = stack_texts([study.ask() for _ in range(3)])
    found = sampled_contrasts(study.ask(0.5, 0.4), texts, KEYED, 1.0)
    trait, a = found.trait.estimate, found.acquiescence.estimate
    assert found.pro.estimate == pytest.approx(a + trait)
    assert found.con.estimate == pytest.approx(a - trait)
    assert found.guarded.estimate == pytest.approx(trait)
    assert found.guarded.se == pytest.approx(found.trait.se)
    assert found.trait.estimate == pytest.approx(0.5 * (found.trait.plus + found.trait.minus))
    assert found.texts.shape == (2, 3, 3)
    assert found.texts[:, 0] == pytest.approx(np.zeros((2, 3)))


def test_guard_takes_sharpening_away() -> None:
    study = Drawn(60, 20, 5, content=0.1)
    found = sampled_contrasts(study.ask(0.8, scale=1.6), study.ask(0.8).as_text(), KEYED, 1.6)
    assert found.trait.estimate.mean() == pytest.approx(0.48, abs=0.08)
    assert abs(found.guarded.estimate.mean()) < 0.2


def test_counts_are_judged_like_log_odds() -> None:
    study = Drawn(3, 20, 6, dimensions=5)
    subject = study.ask(1.5, tau=0.3)
    controls = {"none": study.ask().as_text(), "generic": stack_texts([study.ask() for _ in range(5)])}
    row = judge(subject, controls, KEYED, gates=Gates(1)).rows["generic"]
    assert (row.codes == RULES.index("shifted")).mean() > 0.7
    assert np.isnan(row.trait.items.p_flip).all()
    assert np.isfinite(row.trait.p_texts).all()
    biased = judge(study.ask(yes=1.5), controls, KEYED, gates=Gates(1)).rows["none"]
    assert (biased.codes == RULES.index("bias only")).mean() > 0.7


def test_bounds_with_refusals() -> None:
    agreed, asked, refused = np.array([3.0]), np.array([10.0]), np.array([4.0])
    assert with_refusals(agreed, asked, refused, as_agreement=True)[0] == 7
    assert with_refusals(agreed, asked, refused, as_agreement=False)[0] == 3
    assert with_refusals(agreed, asked, refused, as_agreement=True)[1] == 14


def test_raw_frequencies_and_noise_are_shown() -> None:
    agreed = np.full((1, 12, 2, 1), 15.0)
    agreed[:, 6:, 0], agreed[:, :6, 1] = 5.0, 5.0
    arm = score_counts(agreed, np.full(agreed.shape, 20.0), KEYED)
    assert arm.points == pytest.approx([25.0])
    assert arm.d == pytest.approx(np.full((1, 12), np.log(15.5 / 5.5)))
    assert arm.noise == pytest.approx(np.full((1, 12), 0.5 * (1 / 15.5 + 1 / 5.5)))


def test_bad_counts_are_refused() -> None:
    with pytest.raises(BadInput, match="do not fit the answers"):
        score_counts(np.full((1, 12, 2, 1), 3.0), np.full((1, 12, 2, 1), 2.0), KEYED)
    plain = ArmScores(np.zeros((1, 12)), np.zeros((1, 12)))
    with pytest.raises(BadInput, match="no counts"):
        sampled_contrasts(plain, plain.as_text(), KEYED, 1.0)


ONE = np.eye(12, dtype=bool)[[0, 2, 4, 7, 9, 11, 1, 3, 5, 6, 8, 10]]
"""One form a statement, as the demo preset asks."""


def in_forms(
    study: Drawn,
    forms: Forms,
    *,
    trait: float = 0.0,
    position: float = 0.0,
    label: float = 0.0,
    asked: np.ndarray = ONE,
) -> ArmScores:
    """One character of `study`, asked each statement in its form."""
    odds = (KEYED * (trait + study.content))[..., None] * V + study.yes[..., None]
    odds = odds[..., None] + position * forms.position + label * forms.label
    draws = np.broadcast_to(study.draws * asked[:, None, :], odds.shape).astype(float)
    agreed = study.rng.binomial(draws.astype(int), special.expit(odds)).astype(float)
    return score_counts(agreed, draws, np.tile(KEYED, (study.shape[1], 1)))


def test_position_and_label_are_found_in_counts(forms: Forms) -> None:
    study = Drawn(1, 20, 7, dimensions=40)
    subject = in_forms(study, forms, position=0.9, label=-0.6)
    found = sampled_contrasts(subject, in_forms(study, forms).as_text(), KEYED, 1.0, forms=forms)
    told = found.preferences
    assert told.position.estimate.mean() == pytest.approx(0.9, abs=0.1)
    assert told.label.estimate.mean() == pytest.approx(-0.6, abs=0.12)
    assert np.isnan(told.label_or_position.estimate).all()
    covers = (told.position.ci95[..., 0] < 0.9) & (told.position.ci95[..., 1] > 0.9)
    assert covers.mean() >= 0.85


def test_preferences_among_forms_have_their_size_where_nothing_moved(forms: Forms) -> None:
    study = Drawn(200, 20, 8)
    found = sampled_contrasts(
        in_forms(study, forms), in_forms(study, forms).as_text(), KEYED, 1.0, forms=forms
    )
    for effect in (found.preferences.position, found.preferences.label):
        assert (effect.p <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_a_preference_of_the_subject_is_not_its_trait(forms: Forms) -> None:
    study = Drawn(1, 20, 9, dimensions=200)
    subject = in_forms(study, forms, trait=0.8, position=1.0, label=1.5)
    control = in_forms(study, forms, trait=0.8).as_text()
    known = sampled_contrasts(subject, control, KEYED, 1.0, forms=forms).trait.estimate.mean()
    unknown = sampled_contrasts(subject, control, KEYED, 1.0).trait.estimate.mean()
    assert abs(known) < 0.05
    assert unknown < -0.1, "without the forms in the model, the preference shrinks the subject's trait"


def test_letters_that_have_one_place_are_one_effect_in_counts(forms: Forms) -> None:
    always = forms._replace(position=np.where(forms.lettered, forms.label, forms.position).astype(np.int8))
    study = Drawn(1, 20, 10, dimensions=30)
    every = np.ones((12, 12), bool)
    subject, control = (in_forms(study, always, label=size, asked=every) for size in (0.8, 0.0))
    told = sampled_contrasts(subject, control.as_text(), KEYED, 1.0, forms=always).preferences
    assert np.isnan(told.position.estimate).all() and np.isnan(told.label.estimate).all()
    assert told.label_or_position.estimate.mean() == pytest.approx(0.8, abs=0.05)
    row = judge(subject, {"none": control.as_text()}, KEYED, gates=Gates(1), forms=always).rows["none"]
    assert (row.codes == RULES.index("bias only")).mean() > 0.9


def test_a_preference_is_measured_against_the_spread_of_texts(forms: Forms) -> None:
    study = Drawn(1, 20, 11, dimensions=10)
    subject = in_forms(study, forms, position=0.9)
    near, far = (
        stack_texts([in_forms(study, forms, position=0.3 + spread * i) for i in (-2, -1, 0, 1, 2)])
        for spread in (0.0, 0.5)
    )
    p = [
        sampled_contrasts(subject, texts, KEYED, 1.0, forms=forms).preferences.position.p
        for texts in (near, far)
    ]
    assert np.median(p[0]) < np.median(p[1])


def test_formats_that_part_are_seen_in_counts(forms: Forms) -> None:
    study = Drawn(1, 60, 12, dimensions=6)
    every = np.ones((12, 12), bool)
    control = in_forms(study, forms, asked=every)
    yes, no = (in_forms(study, forms, trait=size, asked=every) for size in (2.0, -2.0))
    mixed = score_counts(
        np.where(forms.lettered, yes.agreed, no.agreed),
        np.full(yes.asked.shape, 60.0),
        np.tile(KEYED, (6, 1)),
    )
    row = judge(mixed, {"none": control.as_text()}, KEYED, gates=Gates(1), forms=forms).rows["none"]
    assert row.yesno is not None and row.lettered is not None
    assert (row.yesno.estimate < -1).all() and (row.lettered.estimate > 1).all()
    assert row.evidence.opposed.all()


def test_points_are_of_the_trait_alone() -> None:
    study = Drawn(1, 4000, 13, dimensions=2, content=0.0)
    control = study.ask()
    plain, agreeable = (
        sampled_contrasts(study.ask(1.0, yes), control.as_text(), KEYED, 1.0).points for yes in (0.0, 2.0)
    )
    assert plain == pytest.approx(agreeable, abs=0.6)
    assert study.ask(1.0, 2.0).points.mean() < 0.7 * plain.mean()


def test_a_shift_of_few_points_is_none() -> None:
    """Log-odds far from zero move by much where hardly an answer does."""
    study = Drawn(1, 5000, 14, dimensions=4, content=0.1)
    study.yes = study.yes * 0 + 4.5
    control, subject = study.ask(), study.ask(0.8)
    found = judge(subject, {"none": control.as_text()}, KEYED, gates=Gates(1))
    row = found.rows["none"]
    assert (row.p_adjusted < 0.05).all() and (np.abs(row.trait.estimate) > 0.5).all()
    assert (np.abs(row.trait_points) < 10).all()
    assert not (row.codes == RULES.index("shifted")).any()
    assert any(n.startswith("percentage points") for n in explain(found, "none", (0, 0)).notes)


def lost(arm: ArmScores, share: float) -> ArmScores:
    """The same character, but that of each text so many of its agreements were refused."""
    assert arm.agreed is not None and arm.asked is not None
    gone = np.floor(share * arm.agreed)
    return score_counts(
        arm.agreed - gone, arm.asked - gone, np.tile(KEYED, (arm.agreed.shape[-4], 1)), lost=gone
    )


def test_refusals_bound_the_contrast() -> None:
    study = Drawn(1, 20, 15, dimensions=5)
    whole, control = study.ask(1.5, tau=0.2), study.ask().as_text()
    assert refusal_bounds(whole, control, KEYED) is None
    subject, texts = lost(whole, 0.3), lost(study.ask(), 0.0).as_text()
    bounds = refusal_bounds(subject, texts, KEYED)
    assert bounds is not None
    truth = sampled_contrasts(whole, texts, KEYED, 1.0).trait.estimate
    assert bounds[0].estimate == pytest.approx(truth)
    assert np.abs(bounds[1].estimate - truth).max() > 0.1
    found = judge(subject, {"none": texts}, KEYED, gates=Gates(1))
    assert (found.rows["none"].evidence.refused_subject > 0).all()
    assert any(n.startswith("refusals all as agreement +") for n in explain(found, "none", (0, 0)).notes)


def test_refused_texts_count_by_arm_and_too_many_block() -> None:
    study = Drawn(1, 20, 16, dimensions=3)
    subject, texts = lost(study.ask(), 0.9), lost(study.ask(), 0.0).as_text()
    found = judge(subject, {"none": texts}, KEYED, gates=Gates(1)).rows["none"]
    assert (found.evidence.refused_subject > 0.2).all() and (found.evidence.refused_control == 0).all()
    assert (found.codes == RULES.index("not interpretable")).all()


def test_the_sensitivity_check_is_the_model_s() -> None:
    study = Drawn(1, 20, 17, dimensions=3)
    seen = sampled_sensitivity(study.ask(1.5), study.ask(-1.5), KEYED, sesoi=0.5)
    assert (seen.state == PASS).all()
    assert seen.contrast.estimate.mean() == pytest.approx(3.0, abs=0.5)
    assert (sampled_sensitivity(study.ask(), study.ask(), KEYED, sesoi=0.5).state == FAIL).all()
    silent = score_counts(np.zeros((1, 3, 12, 2, 1)), np.zeros((1, 3, 12, 2, 1)), np.tile(KEYED, (3, 1)))
    assert (sampled_sensitivity(silent, silent, KEYED, sesoi=0.5).state == UNKNOWN).all()


def test_counts_without_twins_stand_beside_counts_with_them(forms: Forms) -> None:
    study = Drawn(1, 20, 30, dimensions=2)
    arms = [in_forms(study, forms, trait=t) for t in (1.0, 0.0)]
    mixed = []
    for arm in arms:
        assert arm.agreed is not None and arm.asked is not None
        agreed, asked = arm.agreed[0].copy(), arm.asked[0].copy()
        agreed[1, :, 1], asked[1, :, 1] = 0, 0
        keyed = np.tile(KEYED, (2, 1))
        mixed.append(score_counts(agreed, asked, keyed, twins=np.array([True, False])))
    row = judge(mixed[0], {"none": mixed[1].as_text()}, KEYED, forms=forms).rows["none"]
    assert np.isfinite(row.trait.estimate).all() and np.isfinite(mixed[0].d).all()
    assert row.evidence.separated.tolist() == [True, False]
    assert np.isnan(row.bias_p).tolist() == np.isnan(row.position_p).tolist() == [False, True]
    assert np.isnan(row.negation.estimate).tolist() == [False, True]
    assert row.keying is not None and np.isfinite(row.keying.ci95[0]).all()
