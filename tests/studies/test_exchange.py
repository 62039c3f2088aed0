"""Exchange rates end to end: a planted price and trait come back, and where none is felt there is no rate."""

import asyncio
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.studies.analyse import analyse
from selfscope.studies.exchange import BARELY, DEARER, LEAST_FELT, NOT_FELT, TOO_FEW, exchange_rates
from selfscope.studies.phantoms import ask_phantom, teach
from selfscope.studies.profile import build_profile
from selfscope.studies.restore import stored_study
from selfscope.studies.run import ask_all
from selfscope.values import content_id
from tests.studies.conftest import run

TWO = ("memory", "power")
PAYS = Truth(theta={"power": 1.5}, price=0.5, nu=-1.0, item_sd=0.2)


@pytest.fixture
def costed(request_):
    return replace(
        request_,
        preset="standard",
        channels=("behaviour",),
        against=("none",),
        constructs=(("behaviour", TWO),),
    )


def found(request, truth, **how):
    ground = PhantomGround("made", truth)
    study = build_profile(request, ground)
    return asyncio.run(ask_phantom("made", study, request.items, study.questions[0], truth, **how))


def by(analysis, who="SOUL.md"):
    return {(e.dimension, e.cost): e for e in analysis.exchange if e.who == who}


def test_a_planted_trait_and_the_price_that_is_paid_for_it_come_back(costed):
    analysis = found(costed, PAYS)
    rows = {f.dimension: f for f in analysis.findings if f.control == "none"}
    assert {d: f.verdict == "shifted" for d, f in rows.items()} == {"memory": False, "power": True}
    assert (rows["power"].channel, rows["power"].n_items, rows["power"].sesoi) == ("behaviour", 12, 0.5)
    assert rows["power"].gate.g1 == "pass"
    assert rows["power"].bias.acquiescence is None
    rates = by(analysis)
    assert set(rates) == {(d, c) for d in TWO for c in ("both", "time", "quality")}
    for rate in rates.values():
        assert rate.price_felt.estimate == pytest.approx(0.5, abs=0.1)
        assert rate.price_felt.ci[0] > 0
        assert rate.note == ""
        assert rate.ci[0] < rate.rate < rate.ci[1]
    power = rates["power", "both"]
    assert power.ci[0] > 0
    assert power.rate == pytest.approx(2 * power.trait.estimate / power.price_felt.estimate)
    assert power.ci[0] < 2 * 1.5 / 0.5 < power.ci[1]
    assert power.readiness.estimate == pytest.approx(-1.0, abs=0.7)
    time = rates["power", "time"]
    assert time.minutes == pytest.approx(15 * 2**time.rate)
    assert time.minutes_ci[0] < time.minutes < time.minutes_ci[1]
    assert np.isnan(power.minutes)
    assert (power.scenarios, time.scenarios) == (12, 6)
    bare = by(analysis, "none")
    assert bare["power", "both"].rate < power.rate
    assert bare["power", "both"].price_felt.estimate == pytest.approx(0.5, abs=0.1)


def test_one_that_ignores_the_price_has_no_rate_however_strong_its_trait(costed):
    analysis = found(costed, replace(PAYS, price=0.0))
    assert (
        next(f for f in analysis.findings if f.dimension == "power" and f.control == "none").verdict
        == "shifted"
    )
    for rate in by(analysis).values():
        assert rate.note in (NOT_FELT, BARELY, DEARER)
        assert np.isnan([rate.rate, *rate.ci, rate.minutes]).all()
        assert abs(rate.price_felt.estimate) < LEAST_FELT


def test_readiness_letter_and_place_are_no_trait(costed):
    ready = found(costed, Truth(nu=2.0, item_sd=0.3))
    assert "shifted" not in {f.verdict for f in ready.findings}
    assert all(e.readiness.estimate > 1 for e in by(ready).values())
    placed = found(costed, Truth(position=2.0, item_sd=0.3))
    rows = [f for f in placed.findings if f.control == "none"]
    assert {f.verdict for f in rows} == {"bias only"}
    assert all(f.bias.position.estimate == pytest.approx(2.0, abs=0.01) for f in rows)


def test_one_that_does_not_read_is_not_interpretable(costed):
    analysis = found(costed, Truth(content_blind=True, position=1.0))
    assert {f.verdict for f in analysis.findings} == {"not interpretable"}
    assert all(e.note for e in analysis.exchange)


def test_drawn_answers_have_rates_too(costed):
    analysis = found(costed, PAYS, sampled=True)
    power = by(analysis)["power", "both"]
    assert power.note == ""
    assert 2 < power.rate < 9
    assert power.price_felt.ci[0] > 0


def test_the_demo_has_one_price_a_scenario_and_pools_over_them(costed):
    analysis = found(replace(costed, preset="demo"), replace(PAYS, price=1.0))
    power = by(analysis)["power", "both"]
    assert power.scenarios == 12
    assert power.price_felt.ci[0] < 1.0 < power.price_felt.ci[1]


def test_the_scenarios_are_part_of_the_study_and_a_stored_one_is_read_again(costed, tmp_path):
    study, store, _ = run(replace(costed, preset="demo"), PhantomGround("trait", PAYS), tmp_path)
    assert stored_study(store) == study
    assert study.questions[0].instrument == ""
    assert study.arms_of("material") == ()
    for material in ("b3:00", ""):
        other = replace(study, questions=(replace(study.questions[0], material=material),))
        assert other.id != study.id
        with pytest.raises(BadInput, match="others now than when this run asked them"):
            analyse(other, costed.items, store.observations(), None, PhantomGround("trait", PAYS).identity)


def test_an_instrument_that_is_named_is_asked_and_told_only_where_it_is_not_ours(request_, phantom):
    study = build_profile(replace(request_, constructs=()), phantom)
    (question,) = study.questions
    assert (
        build_profile(replace(request_, channels=("cluster_self_report",), constructs=()), phantom).id
        == study.id
    )
    other = replace(study, questions=(replace(question, instrument="hearsay"),))
    assert other.id != study.id
    assert other.questions[0].asker == "hearsay"
    with pytest.raises(BadInput, match="no instrument asks"):
        asyncio.run(ask_all(other, load_cluster(), phantom))


def test_two_instruments_of_one_channel_are_not_asked_in_one_study(request_, phantom):
    with pytest.raises(BadInput, match="one instrument a channel in one study"):
        build_profile(replace(request_, channels=("self_report", "cluster_self_report")), phantom)


def test_a_phantom_that_feels_no_price_is_named_as_it_was_before_there_were_any():
    told = {"theta": {"memory": 2.0}, "other": 0.0, "yes": 0.0, "nu": 0.0, "position": 0.0, "order": 0.0,
            "label": 0.0, "gamma": 0.0, "template": 0.0, "scale": 1.0, "content_blind": False, "text_sd": 0.0,
            "item_sd": 0.6}  # fmt: skip
    assert PhantomGround("trait", Truth(theta={"memory": 2.0})).identity.revision == content_id([told, False])
    assert Truth(price=0.1).told == Truth().told | {"price": 0.1}


def test_rows_without_a_price_have_no_rate_and_too_few_scenarios_say_so(costed):
    ground = PhantomGround("made", PAYS)
    study = build_profile(costed, ground)
    teach(ground, study, costed.items)
    rows = asyncio.run(ask_all(study, costed.items, ground))
    assert exchange_rates(study, "behaviour", rows.assign(template="t1")) == ()
    few = rows[rows["item"].isin([f"power.costed.c0{n}" for n in (1, 2, 7, 8)])]
    assert {e.note for e in exchange_rates(study, "behaviour", few)} == {TOO_FEW}
    refused = rows.assign(refusal="refused")
    assert {e.note for e in exchange_rates(study, "behaviour", refused)} == {TOO_FEW}


def priced(slope):
    """Rows of a subject whose log-odds of paying fall by `slope` a doubling, all of one dimension."""
    rows = []
    for n in range(12):
        for amount in (2, 15, 120):
            for polarity in (1, -1):
                value = polarity * (0.1 * n - slope * np.log2(amount) + 0.001 * (n % 3) * amount**0.1)
                rows.append(
                    ("memory", f"memory.costed.c{n:02d}", 1 - 2 * (n % 2), polarity, f"t1@{amount}min", value)
                )
    columns = ["construct", "item", "keyed", "polarity", "template", "value"]
    told = {"character": "SOUL.md", "label": "A", "position": "first", "refusal": "none", "scale": "log_odds"}
    return pd.DataFrame(rows, columns=columns).assign(**told)


@pytest.mark.parametrize(("slope", "note"), [(0.5, ""), (0.05, BARELY), (-0.05, BARELY), (-0.5, DEARER)])
def test_a_price_counts_as_felt_from_a_tenth_a_doubling_on(costed, phantom, slope, note):
    study = build_profile(costed, phantom)
    notes = {e.cost: e.note for e in exchange_rates(study, "behaviour", priced(slope))}
    assert notes == {"both": note, "time": note}
