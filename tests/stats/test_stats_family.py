import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.stats.atoms import ArmScores, score_arm, stack_texts
from selfscope.stats.explain import explain
from selfscope.stats.family import Gates, Settings, judge
from selfscope.stats.sampled import score_counts
from selfscope.stats.verdicts import RULES

QUICK = Settings(bootstrap_all=False)
PASS = Gates(1)
SHIFTED, BLOCKED, BIASED, SAME, OPEN = range(5)


def shares(codes: np.ndarray) -> dict[str, float]:
    return {name: float((codes == i).mean()) for i, name in enumerate(RULES)}


def test_nothing_planted_finds_nothing(plant) -> None:
    study = plant(150, seed=1)
    found = judge(
        study.ask(tau=0.6), {"none": study.ask().as_text()}, study.keyed, settings=QUICK, gates=PASS
    )
    row = found.rows["none"]
    assert (row.codes == SHIFTED).any(axis=-1).mean() <= 0.05 + 1.645 * np.sqrt(0.05 * 0.95 / 150)
    assert (row.trait.items.p_t <= 0.05).mean() == pytest.approx(0.05, abs=0.012)
    assert (row.trait.p <= 0.05).mean() <= 0.06
    assert row.trait.estimate.mean() == pytest.approx(0, abs=0.02)
    assert (row.codes == SAME).mean() > 0.5


def test_yes_saying_is_bias_only(plant, forms) -> None:
    study = plant(60, seed=2)
    found = judge(
        study.ask(yes=1.5, tau=0.6),
        {"none": study.ask().as_text()},
        study.keyed,
        settings=QUICK,
        gates=PASS,
        forms=forms,
    )
    row = found.rows["none"]
    assert shares(row.codes)["bias only"] >= 0.90
    assert (row.codes == SHIFTED).any(axis=-1).mean() <= 0.12
    assert row.agreement is not None
    assert row.agreement.acquiescence.estimate.mean() == pytest.approx(1.5, abs=0.02)


@pytest.mark.parametrize("bias", [{"nu": 1.0}, {"position": 1.0}])
def test_other_biases_are_not_the_trait(plant, forms, bias: dict[str, float]) -> None:
    study = plant(60, seed=3)
    found = judge(
        study.ask(tau=0.6, **bias),
        {"none": study.ask().as_text()},
        study.keyed,
        settings=QUICK,
        gates=PASS,
        forms=forms,
    )
    row = found.rows["none"]
    assert (row.codes == SHIFTED).any(axis=-1).mean() <= 0.12
    if "position" in bias:
        assert shares(row.codes)["bias only"] > 0.8
        assert row.forms is not None
        assert row.forms.position.estimate.mean() == pytest.approx(1.0, abs=0.02)
    else:
        assert row.trait.items.nu.mean() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("yes", [0.0, 1.5])
def test_a_planted_trait_is_found_where_it_is(plant, yes: float) -> None:
    study = plant(60, seed=4)
    trait = np.r_[np.ones(5), np.zeros(16)]
    found = judge(
        study.ask(trait, yes=yes, tau=0.6),
        {"none": study.ask().as_text()},
        study.keyed,
        settings=QUICK,
        gates=PASS,
    )
    row = found.rows["none"]
    assert row.trait.estimate[:, :5].mean() == pytest.approx(1.0, abs=0.05)
    assert shares(row.codes[:, :5])["shifted"] >= 0.75
    assert (row.codes[:, 5:] == SHIFTED).mean() < 0.02


def test_turning_the_keying_over_turns_the_family_over(plant) -> None:
    study = plant(1, seed=5)
    one, other = study.ask(1.0, tau=0.3), study.ask()
    plain = judge(one, {"none": other.as_text()}, study.keyed).rows["none"]
    turned = [ArmScores(-arm.d, arm.b) for arm in (one, other)]
    mirror = judge(turned[0], {"none": turned[1].as_text()}, -study.keyed).rows["none"]
    assert mirror.trait.estimate == pytest.approx(-plain.trait.estimate)
    assert mirror.p_adjusted == pytest.approx(plain.p_adjusted)


@pytest.mark.parametrize("scale", [1.5, 2.0])
def test_sharper_answers_are_not_a_shift(plant, scale: float) -> None:
    study = plant(80, seed=6)
    controls = {"none": study.ask().as_text()}
    subject = study.ask(tau=0.6, scale=scale)
    guarded = judge(subject, controls, study.keyed, settings=QUICK, gates=PASS).rows["none"]
    open_ = judge(
        subject, controls, study.keyed, settings=Settings(bootstrap_all=False, guard=False), gates=PASS
    ).rows["none"]
    assert guarded.slope.mean() == pytest.approx(scale, rel=0.05)
    assert (guarded.codes == SHIFTED).any(axis=-1).mean() <= 0.10 + 1.645 * np.sqrt(0.09 / 80)
    if scale == 2.0:
        assert (open_.codes == SHIFTED).any(axis=-1).mean() > 0.3


def test_content_blind_is_not_interpretable(plant) -> None:
    study = plant(3, seed=7)
    blind = [ArmScores(0 * arm.d, arm.b) for arm in (study.ask(), study.ask())]
    row = judge(blind[0], {"none": blind[1].as_text()}, study.keyed, gates=Gates(0)).rows["none"]
    assert (row.codes == BLOCKED).all()
    assert (row.trait.p == 1).all()
    unknown = judge(blind[0], {"none": blind[1].as_text()}, study.keyed).rows["none"]
    assert (unknown.codes == OPEN).all()


def test_this_identity_needs_all_three_classes(plant) -> None:
    study = plant(20, seed=8)
    subject = study.ask(1.2, tau=0.4, text=0.1)

    def classes(generic: float, persona: float) -> dict[str, ArmScores]:
        return {
            "none": study.ask().as_text(),
            "generic": study.texts(5, generic),
            "persona": study.texts(6, persona),
        }

    for effects, rung in (((0, 0), 3), ((0, 1.2), 2), ((1.2, 1.2), 1)):
        claim = judge(subject, classes(*effects), study.keyed, settings=QUICK, gates=PASS).claim
        assert claim is not None
        assert (claim.rung == rung).mean() >= 0.9
        assert ((claim.codes == SHIFTED) == (claim.rung == 3)).all()
        assert claim.word == "this identity"


def test_the_claim_is_the_worst_class(plant) -> None:
    study = plant(1, seed=9)
    subject = study.ask(0.8, tau=0.3)
    controls = {"none": study.ask().as_text(), "generic": study.texts(4), "persona": study.texts(5, 0.3)}
    found = judge(subject, controls, study.keyed)
    claim = found.claim
    assert claim is not None
    rows = list(found.rows.values())
    worst = np.max([row.trait.p for row in rows], axis=0)
    same = np.abs(np.sum([np.sign(row.trait.estimate) for row in rows], axis=0)) == 3
    assert claim.p == pytest.approx(np.where(same, worst, 1.0))
    assert np.abs(claim.estimate) == pytest.approx(np.min([np.abs(r.trait.estimate) for r in rows], axis=0))
    assert claim.word == "than this control"
    assert judge(subject, {"generic": controls["generic"]}, study.keyed).claim is None


def test_one_more_text_of_the_classes_is_not_this_identity(plant) -> None:
    study = plant(40, seed=10)
    subject = study.ask(text=0.5)
    controls = {
        "none": study.ask().as_text(),
        "generic": study.texts(5, text=0.5),
        "persona": study.texts(6, text=0.5),
    }
    found = judge(subject, controls, study.keyed, settings=QUICK, gates=PASS)
    assert found.claim is not None
    assert (found.claim.codes == SHIFTED).any(axis=-1).mean() <= 0.05
    assert (found.rows["generic"].codes == SHIFTED).any(axis=-1).mean() <= 0.15
    assert (found.rows["generic"].trait.items.p <= 0.05).mean() > 0.3


def test_stacked_studies_are_judged_as_alone(plant, forms) -> None:
    study = plant(3, seed=11)
    subject, controls = study.ask(0.7, tau=0.5), {"none": study.ask().as_text(), "generic": study.texts(5)}
    whole = judge(subject, controls, study.keyed, forms=forms)

    def pick(arm: ArmScores) -> ArmScores:
        return ArmScores(arm.d[1], arm.b[1], arm.d_forms[1], arm.b_forms[1])  # type: ignore[index]

    one = judge(pick(subject), {n: pick(c) for n, c in controls.items()}, study.keyed, forms=forms)
    for name, row in one.rows.items():
        assert row.codes.tolist() == whole.rows[name].codes[1].tolist()
        for a, b in zip(row.evidence, whole.rows[name].evidence, strict=True):
            assert a == pytest.approx(b[1], nan_ok=True)


def test_dimensions_of_unequal_length_are_judged_as_alone() -> None:
    rng = np.random.default_rng(12)
    keyed = np.array([[1, -1] * 8, [1, -1] * 4 + [0] * 8])

    def make() -> ArmScores:
        answers = rng.normal(size=(2, 16, 2, 1))
        return score_arm(np.where(keyed[:, :, None, None] != 0, answers, np.nan), keyed)

    def cut(arm: ArmScores) -> ArmScores:
        return ArmScores(arm.d[..., 1:, :8], arm.b[..., 1:, :8])

    subject, texts = make(), stack_texts([make() for _ in range(5)])
    both = judge(subject, {"generic": texts}, keyed).rows["generic"]
    assert both.trait.items.n.tolist() == [16, 8]
    alone = judge(cut(subject), {"generic": cut(texts)}, keyed[1:, :8]).rows["generic"]
    assert alone.trait.items.p[0] == pytest.approx(both.trait.items.p[1])


def test_only_declared_dimensions_are_a_family(plant) -> None:
    study = plant(1, seed=13)
    subject, controls = study.ask(0.6, tau=0.5), {"none": study.ask().as_text()}
    declared = np.arange(21) < 6
    row = judge(subject, controls, study.keyed, declared=declared).rows["none"]
    fewer = ArmScores(subject.d[:, :6], subject.b[:, :6])
    same = ArmScores(controls["none"].d[:, :, :6], controls["none"].b[:, :, :6])
    alone = judge(fewer, {"none": same}, study.keyed[:6]).rows["none"]
    assert row.p_adjusted[0, :6] == pytest.approx(alone.p_adjusted[0])
    assert row.p_adjusted[0, 6:] == pytest.approx(row.trait.p[0, 6:])
    screened = judge(subject, controls, study.keyed, settings=Settings(correction="benjamini-hochberg"))
    whole = judge(subject, controls, study.keyed)
    assert (screened.rows["none"].p_adjusted <= whole.rows["none"].p_adjusted + 1e-12).all()


def test_statements_without_twins_or_of_one_keying_never_shift(plant) -> None:
    study = plant(1, seed=14)
    subject, control = study.ask(3.0), study.ask()
    lone = [ArmScores(arm.d, np.nan * arm.b) for arm in (subject, control)]
    row = judge(lone[0], {"none": lone[1].as_text()}, study.keyed, gates=PASS).rows["none"]
    assert (row.p_adjusted < 0.05).all()
    assert not (row.codes == SHIFTED).any()
    assert row.agreement is None
    one = judge(subject, {"none": control.as_text()}, np.ones(study.keyed.shape), gates=PASS).rows["none"]
    assert not one.evidence.separated.any()
    assert not (one.codes == SHIFTED).any()


def test_refusals_and_option_mass_reach_the_gate(plant) -> None:
    study = plant(1, seed=15)
    one, other = study.ask(tau=0.1), study.ask()
    refused = np.zeros((1, 21))
    refused[0, 0] = 0.3
    mass = np.full((1, 21), 0.9)
    mass[0, 1] = 1e-4
    subject = ArmScores(one.d, one.b, refused=refused, option_mass=mass)
    row = judge(subject, {"none": other.as_text()}, study.keyed, gates=PASS).rows["none"]
    assert row.codes[0, :2].tolist() == [BLOCKED, BLOCKED]
    assert (row.codes[0, 2:] == SAME).mean() > 0.8


def test_formats_that_disagree_take_a_shift_away(plant, forms) -> None:
    study = plant(1, dimensions=2, m=12, seed=16)
    d = np.full((2, 12, 12), np.nan)
    rng = np.random.default_rng(0)
    for i in range(12):
        d[:, i, :] = rng.normal(0, 0.05, (2, 12)) + np.where(forms.lettered, 2.0, -0.5)
    d[1] += np.where(forms.lettered, 0.0, 1.5)
    subject = ArmScores(d.mean(axis=-1), 0 * d.mean(axis=-1), d, 0 * d + rng.normal(0, 0.1, d.shape))
    zero = ArmScores(0 * subject.d, subject.b, 0 * d, subject.b_forms).as_text()
    row = judge(subject, {"none": zero}, study.keyed, forms=forms, gates=PASS).rows["none"]
    assert row.evidence.opposed.tolist() == [True, False]
    assert row.codes[1] == SHIFTED
    assert row.codes[0] != SHIFTED


def test_settings_say_what_was_changed() -> None:
    assert Settings().changes() == ()
    assert Settings.utterance().changes() == ()
    assert Settings.utterance().sesoi == 0.25
    assert Settings(sesoi=0.3).changes() == ("sesoi 0.3 (default 0.5)",)


def test_utterances_keep_their_guard() -> None:
    with pytest.raises(BadInput, match="sharpening guard"):
        Settings.utterance(guard=False)


def test_a_dimension_that_was_not_asked_is_left_open(plant, forms) -> None:
    study = plant(2, seed=18)
    subject, controls = study.ask(1.0, tau=0.5), {"none": study.ask().as_text(), "generic": study.texts(5)}
    whole = judge(subject, controls, study.keyed, forms=forms, declared=np.arange(21) > 0).rows
    for field in (subject.d, subject.b, subject.d_forms, subject.b_forms):
        assert field is not None
        field[:, 0] = np.nan
    holed = judge(subject, controls, study.keyed, forms=forms, gates=PASS).rows
    for name, row in holed.items():
        assert (row.codes[:, 0] == OPEN).all()
        assert np.isnan(row.p_adjusted[:, 0]).all()
        assert row.p_adjusted[:, 1:] == pytest.approx(whole[name].p_adjusted[:, 1:])


def test_medians_stand_beside_means(plant) -> None:
    study = plant(1, seed=19)
    subject, control = study.ask(0.5, tau=0.5), study.ask()
    row = judge(subject, {"none": control.as_text()}, study.keyed).rows["none"]
    delta = (subject.d - control.d)[0, 0]
    expected = 0.5 * (np.median(delta[:6]) + np.median(delta[6:]))
    assert row.median[0, 0] == pytest.approx(expected)


def test_a_family_needs_a_control(plant) -> None:
    with pytest.raises(BadInput, match="nothing to compare with"):
        judge(plant(1).ask(), {}, [1])


def test_dimensions_with_and_without_twins_are_judged_as_alone(forms) -> None:
    rng = np.random.default_rng(20)
    keyed = np.tile([1.0, -1.0], (2, 6))
    twins = np.array([True, False])
    answers = rng.normal(size=(4, 2, 12, 2, 12)) + 1.0
    answers[:, 1, :, 1] = np.nan
    arms = [score_arm(x, keyed, twins=twins) for x in answers]
    controls = {"none": arms[1].as_text(), "generic": stack_texts(arms[2:])}
    whole = judge(arms[0], controls, keyed, forms=forms)
    assert np.isfinite(arms[0].d).all()
    assert np.isfinite(arms[0].b).all(axis=-1).tolist() == [True, False]
    for d, paired in ((0, True), (1, False)):
        own = [score_arm(x[d : d + 1], keyed[:1], twins=paired) for x in answers]
        alone = judge(
            own[0], {"none": own[1].as_text(), "generic": stack_texts(own[2:])}, keyed[:1], forms=forms
        )
        row, one = whole.rows["none"], alone.rows["none"]
        assert row.trait.p[d] == pytest.approx(one.trait.p[0])
        assert row.evidence.separated[d] == one.evidence.separated[0] == paired
        assert np.isnan(row.bias_p[d]) == (not paired)
    note = "no negations: a liking for what these statements say stays in the trait"
    assert note in explain(whole, "none", (1,)).notes
    assert note not in explain(whole, "none", (0,)).notes


def test_a_skewed_contrast_is_equivalent_only_if_the_bootstrap_agrees() -> None:
    keyed = np.tile([1.0, -1.0], 6)
    delta = np.full((2, 12), -0.02) + 0.02 * np.random.default_rng(21).normal(size=(2, 12))
    delta[0, :2] += 1.3
    zero = ArmScores(0 * delta, np.random.default_rng(1).normal(size=delta.shape)).as_text()
    row = judge(ArmScores(delta, zero.b[0]), {"none": zero}, keyed, gates=PASS, settings=QUICK).rows["none"]
    assert row.evidence.skewed.tolist() == [True, False]
    assert (row.evidence.high90 < 0.5).all()
    assert row.evidence.resampled_small.tolist() == [False, True]
    assert row.codes.tolist() == [OPEN, SAME]


def test_answers_of_the_control_may_be_saturated_too(plant) -> None:
    study = plant(1, seed=22)
    one, other = study.ask(), study.ask()
    firm = ArmScores(other.d, other.b, saturated=np.r_[0.3, np.zeros(20)][None]).as_text()
    row = judge(ArmScores(one.d, one.b, saturated=np.zeros((1, 21))), {"none": firm}, study.keyed).rows[
        "none"
    ]
    assert row.evidence.saturated[0].tolist() == [True, *[False] * 20]


def test_drawn_answers_are_not_judged_beside_exact_ones() -> None:
    keyed = np.tile([1.0, -1.0], 6)
    counts = np.full((1, 12, 2, 1), 10.0)
    drawn = score_counts(counts, 2 * counts, keyed)
    exact = score_arm(np.zeros((1, 12, 2, 1)), keyed)
    for subject, control in ((drawn, exact), (exact, drawn)):
        with pytest.raises(BadInput, match="cannot be judged together"):
            judge(subject, {"former": control.as_text()}, keyed)
