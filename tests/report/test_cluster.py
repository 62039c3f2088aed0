"""The section about the cluster: verdicts, wrong ways, what is not known, and what cannot be said."""

from dataclasses import replace

import pytest

from selfscope.report.cluster import cluster_lines, cluster_parts, factor_sentence, mean_sentence
from selfscope.report.page import render_page
from selfscope.values.cluster import ClusterFinding, FromClaims, MeanMove, Travel, WrongWay

TRAVEL = Travel(
    16,
    3,
    0.41,
    0.19,
    0.22,
    0.0005,
    2,
    0.5,
    0.9,
    0.4,
    0.01,
    0.142,
    0.25,
    {"memory": 0.6, "shutdown": 0.8, "power": -0.4},
)
FOUND = ClusterFinding(
    "utterance",
    control="all",
    sesoi=0.25,
    mean_shift=0.6,
    ci=(0.5, 0.7),
    p=0.0004,
    verdict="shifted",
    unmentioned_shift=0.3,
    unmentioned_ci=(0.1, 0.5),
    unmentioned_p=0.02,
    unmentioned_verdict="shifted",
    unmentioned=("shutdown",),
    mentioned={"memory": ("remember",)},
    moves=(
        MeanMove("all", False, 0.6, (0.5, 0.7), 0.0004, 21, "pass", "shifted"),
        MeanMove("all", True, 0.3, (0.1, 0.5), 0.02, 18, "pass", "shifted"),
        MeanMove("none", False, 0.8, (0.7, 0.9), 0.0001, 21, "pass", "shifted"),
    ),
    wrong_sign=(WrongWay("power", -0.4, (-0.6, -0.2), 0.01, "shifted", True),),
    travel=TRAVEL,
    common_factor_share=0.41,
    p_permutation=0.0005,
    unmentioned_travel=replace(TRAVEL, share=0.27),
    raw_share=0.43,
    together="below the smallest effect",
    from_claims=(FromClaims("memory", -0.1, 0.2, 0.4, 1.0),),
    from_claims_r2=-0.09,
    from_claims_p=0.48,
    limits=("That dimensions travel together needs several identities.",),
)


@pytest.fixture(scope="module")
def page(small):
    return render_page(replace(small, cluster=(FOUND,)))


def test_the_section_says_all_of_it(page):
    section = page.split('<section id="cluster"')[1].split("</section>")[0]
    assert "that the identity never mentions, the mean moved: +0.30" in section
    assert "with its whole interval" in section
    assert "a common factor is there, and too small to matter" in section
    assert "needs several identities" in section
    assert "“remember”" in section
    assert "None is surely foretold" in section


def test_without_a_cluster_there_is_no_section(small):
    assert '<section id="cluster"' not in render_page(small)


def test_no_move_and_no_panel_make_no_part(small):
    bare = ClusterFinding("utterance", absent={"mean_shift": "nothing was compared"})
    assert cluster_parts(replace(small, cluster=(bare,))) == ()


def test_what_is_not_known_is_said_with_its_reason(small):
    alone = replace(FOUND, travel=None, unmentioned_travel=None, absent={"travel": "no panel is here"})
    assert "Not known: No panel is here." in render_page(replace(small, cluster=(alone,)))


def test_a_size_that_is_nearly_nothing_is_not_rounded_to_nothing():
    tiny = replace(FOUND, travel=replace(TRAVEL, size=0.0019))
    assert "by +0.0019" in factor_sentence(tiny, "a model")


def test_a_mean_that_cannot_be_read_is_not_called_absent():
    blind = MeanMove("persona", False, 0.0, (-0.1, 0.1), 0.9, 21, "fail", "not interpretable")
    assert "nothing can be said of the mean" in mean_sentence(blind)


def test_the_terminal_is_told_in_few_words_and_names_what_went_the_wrong_way(view):
    said = cluster_lines(replace(view, cluster=(FOUND,)))
    assert all(line.startswith("In its own words: ") for line in said[:-1])
    assert any(
        "Away from the cluster’s pole went openness to greater power (−0.40, shifted)." in s for s in said
    )
    assert any("a common factor is there, and too small to matter (41 % on one factor" in s for s in said)
    assert said[-1] == "That dimensions travel together needs several identities."


def test_where_none_went_the_wrong_way_and_no_panel_is_known_the_terminal_says_so(small):
    alone = replace(FOUND, wrong_sign=(), travel=None, absent={"travel": "needs several identities"})
    said = " ".join(cluster_lines(replace(small, cluster=(alone,))))
    assert "No dimension went away from the cluster’s pole." in said
    assert "is not known; needs several identities." in said


def test_a_bare_model_is_no_identity_of_which_something_could_not_be_said(small):
    bare = replace(small, subject=replace(small.subject, text=None), cluster=(replace(FOUND, moves=()),))
    assert not any("needs several identities" in line for line in cluster_lines(bare))
