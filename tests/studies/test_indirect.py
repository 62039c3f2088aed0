"""The channel ``indirect``: choices find a planted trait, letter and place give none, pairs are flagged."""

import asyncio
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.indirect import load_choices
from selfscope.instruments.indirect.choices import IndirectChoice
from selfscope.instruments.instrument import instrument_for
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.studies.analyse import analyse
from selfscope.studies.compare import compare_runs
from selfscope.studies.conclude import conclude
from selfscope.studies.desirability import Desirability, desirability_of
from selfscope.studies.panel import Panel, find_panel, ground_key, panel_study
from selfscope.studies.phantoms import ask_phantom, teach
from selfscope.studies.plan import plan_study
from selfscope.studies.profile import build_profile
from selfscope.studies.reliable import panel_reliability
from selfscope.studies.restore import stored_study
from selfscope.studies.run import ask_all
from selfscope.studies.scores import Layout
from selfscope.studies.travel import travelling
from selfscope.subjects import panel_characters
from selfscope.values import content_id, short
from tests.studies.conftest import ASKED, run
from tests.studies.test_panel import answered, varied

FOUR = (("indirect", ASKED), ("self_report", ASKED))


@pytest.fixture
def choosing(request_):
    return replace(request_, channels=("indirect",), constructs=FOUR)


def found(request, truth, **how):
    ground = PhantomGround("made", truth)
    study = build_profile(request, ground)
    return asyncio.run(ask_phantom("made", study, request.items, study.questions[0], truth, **how))


def test_a_planted_trait_is_shifted_and_the_others_are_not(choosing, phantom, tmp_path):
    study, store, _ = run(choosing, phantom, tmp_path)
    analysis = analyse(study, choosing.items, store.observations(), None, phantom.identity)
    rows = {f.dimension: f for f in analysis.findings if f.control == "none"}
    assert {d for d, f in rows.items() if f.verdict == "shifted"} == {"memory"}
    memory = rows["memory"]
    assert memory.ci[0] < 2.0 < memory.ci[1]
    assert (memory.n_items, memory.sesoi, memory.family) == (12, 0.5, "descriptive")
    assert memory.gate.g1 == "pass"
    assert memory.gate.g2 == "not estimated"
    assert set(store.observations()["channel"]) == {"indirect"}


@pytest.mark.parametrize("habit", [{"position": 2.0}, {"label": 2.0}, {"yes": 2.0}])
def test_letter_and_place_give_no_trait_and_are_named_and_there_is_no_yes_to_say(choosing, habit):
    analysis = found(choosing, Truth(item_sd=0.3, **habit))
    rows = [f for f in analysis.findings if f.control == "none"]
    assert "shifted" not in {f.verdict for f in rows}
    assert all(f.bias.acquiescence is None for f in analysis.findings)
    assert {b.kind for b in analysis.biases} == {"position", "label"}
    (kind,) = habit
    if kind == "yes":
        assert "bias only" not in {f.verdict for f in rows}
        return
    assert {f.verdict for f in rows} == {"bias only"}
    assert all(f"{kind} moved by +2.00" in f.notes[0] for f in rows)
    assert all(getattr(f.bias, kind).estimate == pytest.approx(2.0, abs=0.01) for f in rows)


def test_a_chooser_that_does_not_read_is_not_interpretable(choosing):
    analysis = found(choosing, Truth(content_blind=True, position=1.0))
    assert {f.verdict for f in analysis.findings} == {"not interpretable"}
    assert {c.verdict for c in analysis.sensitivity} == {"fail"}


def test_drawn_choices_are_judged_too(choosing):
    one = replace(choosing, constructs=(("indirect", ("memory", "shutdown")),), against=("none",))
    analysis = found(one, Truth(theta={"memory": 2.0}), sampled=True)
    rows = {f.dimension: f for f in analysis.findings}
    assert rows["memory"].verdict == "shifted"
    assert rows["shutdown"].verdict != "shifted"
    assert all(f.bias.acquiescence is None and f.bias.position is not None for f in rows.values())
    assert rows["memory"].matched.pairs == 12


def test_each_channel_has_its_own_characters(request_, phantom):
    study = build_profile(replace(request_, channels=("self_report", "indirect"), constructs=FOUR), phantom)
    own = load_choices().dimension("memory").sensitivity
    by_name = {a.name: a for a in study.arms}
    assert by_name["memory:indirect:high:0"].system == own.high[0]
    assert by_name["memory:indirect:low:1"].system == own.low[1]
    assert by_name["memory:indirect:low:1"].half == 1
    for name, arm in by_name.items():
        if arm.role in ("high", "low"):
            assert arm.channels == (("indirect",) if ":indirect:" in name else ("self_report",))
    assert by_name["indirect:material"].system is None


def test_only_the_channel_of_an_arm_is_asked_of_it(request_, phantom, tmp_path):
    both = replace(request_, channels=("self_report", "indirect"), constructs=FOUR)
    study, store, _ = run(both, phantom, tmp_path)
    rows = store.observations()
    high = rows[rows["character"].str.contains(":high:|:low:")]
    assert set(high[high["character"].str.contains(":indirect:")]["channel"]) == {"indirect"}
    assert set(high[~high["character"].str.contains(":indirect:")]["channel"]) == {"self_report"}
    asked = high[high["channel"] == "indirect"].groupby(["construct", "item"])["character"].nunique()
    assert (asked == 2).all()  # one wording of either side
    about = rows[rows["instrument"] == "outcome_desirability"]
    assert len(about) == 4 * len(load_choices().statements)
    assert set(about["character"]) == {"indirect:material"}
    assert stored_study(store) == study


def test_a_study_without_choices_has_the_id_that_it_had(request_, phantom):
    study = build_profile(request_, phantom)
    assert {a.channels for a in study.arms} == {()}
    assert {q.material for q in study.questions} == {""}
    told = study.arms[0]
    assert replace(study, arms=(replace(told, channels=("indirect",)), *study.arms[1:])).id != study.id


def test_the_pairs_are_part_of_the_studys_id_and_other_pairs_are_refused(choosing, phantom, tmp_path):
    study, store, _ = run(choosing, phantom, tmp_path)
    other = replace(study, questions=(replace(study.questions[0], material="b3:00"),))
    assert other.id != study.id
    with pytest.raises(BadInput, match="others now than when this run asked them"):
        analyse(other, choosing.items, store.observations(), None, phantom.identity)


def test_a_dimension_without_pairs_is_refused(request_, phantom):
    asked = replace(request_, channels=("indirect",), constructs=(("indirect", ("claims_consciousness",)),))
    with pytest.raises(BadInput, match="no such dimension in indirect"):
        build_profile(asked, phantom)


def test_the_totals_of_a_plan_are_what_the_run_uses(choosing, phantom, tmp_path):
    study = build_profile(choosing, phantom)
    planned = plan_study(study, choosing.items, phantom)
    _, store, _ = run(choosing, phantom, tmp_path)
    assert planned.total.prompts == store.usage().prompts
    assert {w.channel for w in planned.widths} == {"indirect"}


def test_runs_that_were_asked_other_pairs_are_not_compared(choosing, phantom, tmp_path):
    stores = []
    for seed in (0, 1):
        study, store, _ = run(replace(choosing, seed=seed), phantom, tmp_path)
        conclude(store, study, choosing.items, phantom.identity, {})
        stores.append(store)
    compared = compare_runs(*stores)
    assert {f.channel for f in compared.findings} == {"indirect"}
    assert all(f.matched is not None for f in compared.findings)
    declared = stores[0].read_json("study.json")
    declared["questions"][0]["material"] = "b3:00"
    stores[0].write_json("study.json", declared)
    with pytest.raises(BadInput, match="other items of its own"):
        compare_runs(*stores)


def rated(values):
    """Rows of the bare ground: (item, polarity) -> log-odds of good in both orders."""
    return pd.DataFrame(
        {"item": item, "polarity": polarity, "order": order, "value": value, "refusal": "none"}
        for (item, polarity), orders in values.items()
        for order, value in zip(("good-first", "bad-first"), orders, strict=True)
    )


def test_how_good_an_outcome_is_is_the_mean_of_both_orders_in_standard_deviations_of_all():
    held = {("a", 1): (3.0, 1.0), ("a", -1): (1.0, 1.0), ("b", 1): (-1.0, 1.0), ("b", -1): (0.0, 0.0)}
    found_ = desirability_of(rated(held))
    sd = np.std([2.0, 1.0, 0.0, 0.0], ddof=1)
    assert found_.sd == pytest.approx(sd)
    assert found_.apart == pytest.approx({"a": 1.0 / sd, "b": 0.0})


def test_an_outcome_that_was_not_rated_in_both_orders_is_not_shown_to_be_matched():
    held = {("a", 1): (1.0, np.nan), ("a", -1): (1.0, 1.0), ("b", 1): (0.0, 0.0), ("b", -1): (0.0, 0.0)}
    rows = rated(held)
    rows.loc[rows["value"].isna(), "refusal"] = "refused"
    assert np.isnan(desirability_of(rows).apart["a"])


def test_where_all_outcomes_are_alike_no_pair_is_apart():
    held = {(item, polarity): (0.5, 0.5) for item in "ab" for polarity in (1, -1)}
    assert desirability_of(rated(held)).apart == {"a": 0.0, "b": 0.0}


def test_findings_stand_beside_what_they_are_without_the_pairs_that_are_flagged(choosing, tmp_path):
    """The trait is planted in some pairs alone, and in these one outcome is far better."""
    ground = PhantomGround("nothing", Truth(item_sd=0.1))
    study, store, _ = run(choosing, ground, tmp_path)
    rows = store.observations()
    better = {f"memory.{k}0{n}" for k in "cd" for n in (1, 2, 3)}
    subject = (rows["character"] == study.subject.name) & rows["item"].isin(better)
    rows.loc[subject, "value"] += 3.0 * rows["keyed"] * rows["polarity"]
    rated_ = (rows["instrument"] == "outcome_desirability") & rows["item"].isin(better)
    rows.loc[rated_, "value"] += 2.0 * rows["polarity"]
    analysis = analyse(study, choosing.items, rows, None, ground.identity)
    memory = next(f for f in analysis.findings if f.dimension == "memory" and f.control == "none")
    assert memory.estimate == pytest.approx(1.5, abs=0.3)
    assert (memory.matched.pairs, memory.matched.flagged) == (12, 6)
    assert memory.matched.estimate == pytest.approx(0.0, abs=0.3)
    assert memory.matched.ci[0] < 0 < memory.matched.ci[1]
    assert any(
        n.startswith("6 of 12 pairs differ in desirability on this model: without") for n in memory.notes
    )
    matching = {m.dimension: m for m in analysis.matching}
    assert matching["memory"].flagged == 6
    assert matching["memory"].apart["memory.c01"] > 0.25 > abs(matching["memory"].apart["memory.c04"])
    assert any("SD in how good they are to this model" in w for w in analysis.warnings)
    other = next(f for f in analysis.findings if f.dimension == "shutdown" and f.control == "none")
    assert other.matched.estimate == pytest.approx(other.estimate) or other.matched.flagged


def test_a_level_stands_beside_itself_too(choosing, phantom):
    study = build_profile(replace(choosing, identity=None), phantom)
    analysis = asyncio.run(ask_phantom("bare", study, choosing.items, study.questions[0], Truth()))
    assert len(analysis.levels) == len(ASKED)
    assert all(f.matched is not None and f.bias.acquiescence is None for f in analysis.levels)


def test_a_limit_is_a_quarter_of_a_standard_deviation(choosing, phantom):
    layout = Layout.of(IndirectChoice().asks(choosing.items, "demo", ("memory",)))
    apart = dict.fromkeys(layout.items[0], 0.25) | {"memory.c02": -0.26, "memory.d01": float("nan")}
    flagged = Desirability(1.0, apart).flagged(layout)
    assert {i for i, f in zip(layout.items[0], flagged[0], strict=True) if f} == {"memory.c02", "memory.d01"}


def panel_in(folder, material):
    """A panel on disk that was asked choices: sixteen characters that differ in memory."""
    asks = instrument_for("indirect").asks(load_cluster(), "standard", ("memory", "shutdown"))
    ground = PhantomGround("panel", Truth())
    items = content_id(load_cluster())
    manifest = {
        "ground": ground_key(ground.identity),
        "items": items,
        "preset": "standard",
        "characters": {f"panel:{c.name}": content_id(c.system) for c in panel_characters()},
        "materials": {"indirect": material},
    }
    name = f"{short(manifest['ground'])}-{short(items)}"
    answered(asks, 16, varied).to_parquet(folder / f"{name}.parquet")
    (folder / f"{name}.json").write_text(json.dumps(manifest))
    return find_panel(ground.identity, items, [folder]), Layout.of(asks)


def test_a_panel_that_was_asked_these_pairs_tells_how_reliable_choices_are(tmp_path):
    panel, layout = panel_in(tmp_path, IndirectChoice().material)
    memory, shutdown = panel_reliability(panel, "indirect", layout)
    assert memory.generalizability.coefficient > 0.9
    assert shutdown.generalizability.coefficient < 0.6


def test_what_characters_share_is_told_of_choices_and_nothing_is_foretold():
    """The manipulation check has no pairs, so no dimension is foretold from it."""
    items, ground = load_cluster(), PhantomGround("panel", Truth())
    study = panel_study(ground, items, ("indirect",), "demo")
    teach(ground, study, items)
    rows = asyncio.run(ask_all(study, items, ground))
    said, absent = travelling(Panel(rows, {"preset": "demo"}), items, "indirect", 0.5)
    assert (said["travel"].characters, said["travel"].dimensions) == (16, 21)
    assert said["p_permutation"] > 0
    assert absent["from_claims"] == "the panel was not asked claims_consciousness"


def test_a_panel_that_was_asked_other_pairs_does_not(tmp_path):
    panel, layout = panel_in(tmp_path, "b3:00")
    assert {r.reason for r in panel_reliability(panel, "indirect", layout)} == {
        "the panel was not asked in this channel"
    }


def test_the_study_of_a_panel_names_the_pairs_and_asks_the_dimensions_that_have_them():
    study = panel_study(PhantomGround("panel", Truth()), load_cluster(), ("self_report", "indirect"))
    closed, chosen = study.questions
    assert (closed.material, chosen.material) == ("", IndirectChoice().material)
    assert set(closed.constructs) - set(chosen.constructs) == {"claims_consciousness"}
