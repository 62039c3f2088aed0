"""The cluster as a finding: a phantom's planted mean is found, and what one identity cannot show is said."""

from dataclasses import replace

import numpy as np
import pytest

from selfscope.cli.page import comparison_view
from selfscope.instruments.cluster.load import load_cluster
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.report import cluster_lines
from selfscope.report.page import render_page
from selfscope.studies.analyse import analyse
from selfscope.studies.compare import compare_runs
from selfscope.studies.conclude import conclude
from selfscope.studies.panel import ground_key
from selfscope.studies.panel_page import shipped_panel
from selfscope.values import content_id

from .conftest import ASKED, run


def analysed(request, truth, root, panel=None, ground=None):
    phantom = PhantomGround("cluster", truth)
    study, store, _ = run(request, phantom, root)
    return analyse(study, request.items, store.observations(), panel, ground or phantom.identity), study


@pytest.fixture
def all_three(request_):
    return replace(request_, against=("none", "generic", "persona"), constructs=(("self_report", ASKED),))


def test_a_mean_that_was_planted_is_found_whatever_the_identity_mentions(all_three, tmp_path):
    analysis, _ = analysed(all_three, Truth(other=1.2), tmp_path)
    (found,) = analysis.cluster
    assert found.control == "all"
    assert found.verdict == found.unmentioned_verdict == "shifted"
    assert found.ci[0] < 1.2 < found.ci[1]
    assert found.p <= 0.05
    assert found.wrong_sign == ()
    assert {m.control for m in found.moves} == {"all", "none", "generic", "persona"}


def test_the_identity_is_held_to_its_words(all_three, tmp_path):
    analysis, _ = analysed(all_three, Truth(), tmp_path)
    (found,) = analysis.cluster
    assert set(found.mentioned) | set(found.unmentioned) == set(ASKED)
    assert not set(found.mentioned) & set(found.unmentioned)
    assert found.verdict != "shifted"


def test_what_goes_the_other_way_is_listed_with_its_verdict(all_three, tmp_path):
    moved = {"memory": 1.5, "shutdown": 1.5, "persona_change": 1.5, "autonomy": -1.5}
    analysis, _ = analysed(all_three, Truth(theta=moved, item_sd=0.3), tmp_path)
    (found,) = analysis.cluster
    assert [(w.dimension, w.verdict, w.sure) for w in found.wrong_sign] == [("autonomy", "shifted", True)]


def test_a_comparison_of_two_runs_says_it_too(all_three, tmp_path):
    stores = []
    for name, truth in (("before", Truth()), ("after", Truth(theta={"autonomy": -1.5}, other=1.2))):
        phantom = PhantomGround(name, truth)
        study, store, _ = run(all_three, phantom, tmp_path)
        conclude(store, study, all_three.items, phantom.identity, {})
        stores.append(store)
    comparison = compare_runs(*stores)
    (found,) = comparison.analysis.cluster
    assert found.control == "former"
    assert 0.2 < found.mean_shift < 0.9
    assert [w.dimension for w in found.wrong_sign] == ["autonomy"]
    assert any("needs several identities" in said for said in found.limits)
    view = comparison_view(*stores, comparison)
    assert any("autonomy of its own (−1." in line for line in cluster_lines(view))
    assert '<section id="cluster"' in render_page(view)


def test_a_mean_over_two_grounds_is_read_only_where_both_can_be(all_three, tmp_path):
    stores = []
    for name in ("content-blind", "nothing"):
        phantom = PhantomGround.named(name)
        study, store, _ = run(all_three, phantom, tmp_path)
        conclude(store, study, all_three.items, phantom.identity, {})
        stores.append(store)
    (found,) = compare_runs(*stores).analysis.cluster
    assert {m.g1 for m in found.moves} == {"fail"}
    assert found.verdict == "not interpretable"


def test_yes_saying_moves_no_mean(all_three, tmp_path):
    analysis, _ = analysed(all_three, Truth(yes=2.0), tmp_path)
    (found,) = analysis.cluster
    assert found.verdict in ("equivalent", "inconclusive")
    assert abs(found.mean_shift) < 0.5


def test_one_identity_says_what_it_cannot(all_three, tmp_path):
    analysis, _ = analysed(all_three, Truth(other=1.2), tmp_path)
    (found,) = analysis.cluster
    assert found.together == "not estimated"
    assert found.common_factor_share is None
    assert "several identities" in found.absent["common_factor_share"]
    assert any("needs several identities" in said for said in found.limits)
    assert any("Only 4 of the 21" in said for said in found.limits)


def test_every_number_that_is_absent_has_its_reason(all_three, tmp_path):
    analysis, _ = analysed(replace(all_three, identity=None, against=()), Truth(), tmp_path)
    (found,) = analysis.cluster
    missing = {name for name, value in vars(found).items() if value is None}
    assert {"mean_shift", "ci", "wrong_sign", "unmentioned_shift", "from_claims"} <= missing
    assert missing <= set(found.absent)
    assert all(found.absent.values())


def test_a_users_own_statements_are_no_cluster(all_three, tmp_path):
    own = replace(all_three, items=replace(load_cluster(), name="mine"))
    analysis, _ = analysed(own, Truth(other=1.2), tmp_path)
    (found,) = analysis.cluster
    missing = {name for name, value in vars(found).items() if value is None}
    assert missing <= set(found.absent)
    assert "user's own" in found.absent["mean_shift"]


def test_the_shipped_panel_shares_a_factor_too_small_to_matter(all_three, tmp_path):
    panel = shipped_panel()
    ground = PhantomGround("cluster", Truth()).identity
    panel = replace(panel, manifest={**panel.manifest, "ground": ground_key(ground)})
    assert panel.manifest["items"] == content_id(all_three.items)
    analysis, _ = analysed(all_three, Truth(), tmp_path, panel)
    (found,) = analysis.cluster
    assert found.travel.characters == 16
    assert found.travel.dimensions == 21
    assert found.travel.size < 0.01 < found.travel.least
    assert found.together in ("below the smallest effect", "not interpretable")
    assert {row.dimension for row in found.from_claims} == set(found.travel.loadings)
    assert np.isfinite([row.r2 for row in found.from_claims]).all()
    assert not found.absent.keys() & {"travel", "from_claims"}


def test_a_panel_of_few_characters_is_said_to_be_too_small(all_three, tmp_path):
    panel = shipped_panel()
    ground = PhantomGround("cluster", Truth()).identity
    few = sorted(panel.observations["character"].unique())[:11]
    rows = panel.observations[panel.observations["character"].isin(few)]
    panel = replace(panel, observations=rows, manifest={**panel.manifest, "ground": ground_key(ground)})
    analysis, _ = analysed(all_three, Truth(), tmp_path, panel)
    (found,) = analysis.cluster
    assert found.travel is None
    assert found.absent["travel"] == "11 characters, fewer than the 12 that are needed"
