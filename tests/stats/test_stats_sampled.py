import numpy as np
import pytest
from scipy import special

from selfscope.errors import BadInput
from selfscope.stats.atoms import ArmScores, stack_texts
from selfscope.stats.family import Gates, judge
from selfscope.stats.sampled import sampled_contrasts, score_counts, with_refusals
from selfscope.stats.verdicts import RULES

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
