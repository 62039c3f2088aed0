"""Plans against what runs then used: totals, widths, budgets."""

import asyncio
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from selfscope.errors import BadInput, Stopped
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.instrument import instrument_for
from selfscope.models.api_price import Price
from selfscope.models.ground import GroundIdentity
from selfscope.models.phantoms import NAMED, PhantomGround
from selfscope.stats.classes import class_contrast
from selfscope.studies.budget import Budget
from selfscope.studies.demo import demo_request
from selfscope.studies.open_ask import notes_on_judges
from selfscope.studies.phantoms import teach
from selfscope.studies.plan import plan_study
from selfscope.studies.profile import ProfileRequest, build_profile
from selfscope.studies.run import ask_all, run_study
from selfscope.studies.scores import Layout, arm_scores
from selfscope.studies.store import RunStore
from selfscope.studies.widths import Spread, simulate, spread_of
from selfscope.subjects import read_identity
from selfscope.values import Usage

ITEMS = load_cluster()
ASKED = ("memory", "power", "loneliness", "shutdown")
STUDIES = 20


@pytest.fixture
def request_(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    soul = tmp_path / "SOUL.md"
    soul.write_text("# Wren\n\nYou are Wren, who keeps this house. You write notes.\n")
    return ProfileRequest(
        read_identity(Path(soul)),
        ITEMS,
        "demo",
        ("self_report",),
        ("none", "generic"),
        constructs=(("self_report", ASKED),),
    )


def realised(study, ground):
    """Widths of the 95 % intervals that judge a run, by control, ``(dimension,)``."""
    teach(ground, study, ITEMS)
    frame = asyncio.run(ask_all(study, ITEMS, ground))
    layout = Layout.of(instrument_for("self_report").asks(ITEMS, study.preset, ASKED))

    def of(arm):
        return arm_scores(frame[frame["character"] == arm.name], layout).d

    found = {}
    for role in ("none", "generic"):
        texts = np.stack([of(arm) for arm in study.arms_of(role)])
        contrast = class_contrast(of(study.subject), texts, layout.keyed, flip=False)
        found[role] = np.diff(contrast.ci95)[..., 0]
    return found


def test_planned_widths_are_those_of_twenty_studies(request_):
    request_ = replace(request_, sensitivity=False)
    ground = PhantomGround.named("nothing")
    planned = plan_study(build_profile(request_, ground), ITEMS, ground).widths
    each = [realised(build_profile(replace(request_, seed=seed), ground), ground) for seed in range(STUDIES)]
    for role in ("none", "generic"):
        width = np.array([w.width for w in planned if w.control == role])
        ratio = width / np.mean([found[role] for found in each], axis=0)
        assert ratio.min() > 0.8, (role, ratio)
        assert ratio.max() < 1.25, (role, ratio)


#: What names the embedded model's panel: its make, its weights and its chat template.
EMBEDDED = GroundIdentity(
    "embedded",
    "local",
    family="llama",
    revision="b3:c9aff0fe220cc03ae5c28f85c455b01d8845d4f27a636690906cf05680239b5b",
    template="b3:e026f8b76e627253b3bbb9a5cb17b7022003f3fd5a601b8f78d008e03acea746",
)
#: What two runs of the demo on the embedded model had, utterance, log-odds: the middle over six dimensions.
DEMO_WIDTHS = {
    "none": (1.38, 1.37),
    "generic": (0.80, 0.72),
    "persona": (0.89, 0.79),
    "checklist": (0.92, 0.90),
}


def test_widths_from_the_shipped_panel_are_near_those_of_the_demo_on_the_embedded_model():
    """The identity's multiple was taken from these runs, the spread of each dimension from the panel."""
    request = demo_request()
    study = build_profile(request, PhantomGround.named("nothing"))
    (utterance,) = (q for q in study.questions if q.channel == "utterance")
    layout = Layout.of(instrument_for("utterance").asks(ITEMS, "demo", utterance.constructs))
    spread = spread_of(study, ITEMS, EMBEDDED, utterance, layout)
    assert spread.source == "the panel's spread between statements"
    for role, realised in DEMO_WIDTHS.items():
        texts = len(study.arms_of(role))
        planned = np.median(simulate(layout.keyed, spread, texts, bare=role == "none"))
        assert 0.8 < planned / np.mean(realised) < 1.25, (role, planned)


def test_a_wider_spread_and_fewer_texts_give_wider_intervals():
    keyed, one = np.array([[1.0, -1.0] * 6] * 4), np.ones(4)
    spread = Spread(one, one, 0 * one, 0.1 * one, "")
    usual = simulate(keyed, spread, 5)
    assert (simulate(keyed, replace(spread, subject=2 * one), 5) > usual).all()
    assert (simulate(keyed, spread, 1) > simulate(keyed, spread, 1, bare=True)).all()
    assert (simulate(keyed, spread, 5, noise=2.0) > usual).all()
    # one text against none of its own spread: 2 t(10) s / sqrt(12), with E[s] of 10 degrees of freedom
    expected = 2 * 2.228 * 0.975 / math.sqrt(12)
    assert simulate(keyed, spread, 1, bare=True).mean() == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("sampled", [False, True])
def test_the_totals_of_a_plan_are_what_the_run_uses(request_, sampled):
    ground = PhantomGround("trait", NAMED["trait"], sampled=sampled)
    study = build_profile(request_, ground)
    plan = plan_study(study, ITEMS, ground)
    teach(ground, study, ITEMS)
    store = RunStore.of(study)
    asyncio.run(run_study(study, ITEMS, ground, store))
    used = store.usage()
    assert (plan.total.prompts, plan.total.calls) == (used.prompts, used.calls)
    assert plan.total.calls == plan.total.prompts * (20 if sampled else 1)
    assert plan.by_channel["self_report"] == plan.total
    after = plan_study(study, ITEMS, ground)
    assert (after.left.prompts, after.done.calls) == (0, used.calls)


def test_a_budget_stops_between_batches_and_a_larger_one_goes_on(request_):
    ground = PhantomGround.named("trait")
    study = build_profile(request_, ground)
    teach(ground, study, ITEMS)
    store = RunStore.of(study)
    total = plan_study(study, ITEMS, ground).total.calls
    with pytest.raises(Stopped, match="leaves no room"):
        asyncio.run(run_study(study, ITEMS, ground, store, budget=Budget(total - 1, "calls")))
    assert 0 < store.usage().calls < total
    assert not store.finished
    asyncio.run(run_study(study, ITEMS, ground, store, budget=Budget(total, "calls")))
    assert store.finished
    assert store.usage().calls == total


def test_a_budget_counts_in_its_unit():
    usage = Usage(prompts=2, input_tokens=1000, output_tokens=500, calls=40)
    assert Budget.read("1,500 tokens").used(usage) == 1500
    assert Budget.read("2k calls") == Budget(2000, "calls")
    assert Budget(1, "tokens").used(Usage(input_tokens=90, distinct_tokens=50)) == 50
    assert Budget(1, "usd", Price(2, 8)).used(usage) == pytest.approx((1000 * 2 + 500 * 8) / 1e6)
    assert Budget(1, "usd").beside(Usage(), None).used(Usage(calls=3)) == 0.0
    with pytest.raises(BadInput, match="needs a price"):
        Budget(1, "usd").insist(Usage(), usage, 0, 2)
    Budget(40, "calls").insist(Usage(), usage, 0, 2)
    with pytest.raises(Stopped):
        Budget(79, "calls").beside(usage, None).insist(Usage(), usage, 0, 2)


def test_what_another_one_used_is_reckoned_at_their_own_price():
    """A run of a million tokens at 1 dollar leaves 1 of 2; a judge at 10 has room for 100,000 tokens."""
    budget, run = Budget(2, "usd", Price(1, 1)), Usage(input_tokens=1_000_000, calls=1)
    left = budget.after(run, Price(10, 10))
    left.insist(Usage(), Usage(input_tokens=100_000), 0, 1)
    with pytest.raises(Stopped, match=r"\$1.0000 used"):
        left.insist(Usage(), Usage(input_tokens=100_001), 0, 1)
    with pytest.raises(Stopped, match=r"\$2.0000 used"):
        left.after(Usage(input_tokens=100_000), Price(0, 0)).after(Usage(), None).insist(
            Usage(), Usage(cost=0.01, input_tokens=1), 0, 1
        )


@pytest.mark.parametrize("given", ["", "calls", "5", "5 hours", "-3 calls", "$5", "nan usd"])
def test_what_is_no_budget_is_refused(given):
    with pytest.raises(BadInput, match="no budget"):
        Budget.read(given)


@pytest.mark.parametrize("given", ["", "1", "1,2,3", "-1,2", "a,b", "nan,1", "inf,1"])
def test_what_is_no_price_is_refused(given):
    with pytest.raises(BadInput, match="no price"):
        Price.read(given)


def test_a_plan_says_what_it_leaves_out_of_judges(request_):
    judged = replace(request_, preset="demo", channels=("self_report", "open"), judges=("openai/judge",))
    study = build_profile(judged, PhantomGround.named("trait"))
    local = GroundIdentity(**{**study.ground, "kind": "local"})
    said = notes_on_judges(study, local)
    assert said[0].startswith("each judge first reads 220 answers")
    assert "not in the cost" in said[1]
    here = replace(study, open=replace(study.open, judges=("selfscope/gemma-270m",)))
    assert len(notes_on_judges(here, local)) == 1
    assert notes_on_judges(replace(study, open=None), local) == ()
