"""The page on reliability says what a soak found, and a soak's figures are enough for what it says."""

import copy

import pytest
from tests.archive.faults import figures, page
from tests.archive.faults.failures import ERRORS
from tests.archive.faults.scenes import SCENES
from tests.archive.faults.soak import all_jobs
from tests.archive.faults.zygote import PROJECT

from selfscope.errors import BadInput


@pytest.fixture(scope="module")
def text():
    return (PROJECT / page.PAGE).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def found():
    return figures.read(PROJECT / figures.FILE)


def test_its_tables_are_the_figures(text, found):
    assert page.render(text, found) == text


def test_another_figure_is_noticed(text, found):
    other = copy.deepcopy(found)
    other["kills"]["add"]["kills"] += 1
    assert page.render(text, other) != text


def test_a_page_without_its_places_is_refused(found):
    with pytest.raises(BadInput, match="summary"):
        page.render("# Another page\n", found)


def test_every_scene_was_killed_lost_its_power_and_was_refused(found):
    for kind in ("kills", "power", "refusals"):
        assert set(found[kind]) == set(SCENES)
        assert not figures.total(found[kind], "bad")
    assert figures.total(found["kills"], "kills", "twice") >= 1000
    for row in found["kills"].values():
        assert row["kills"] - row["torn"] - row["timed"] >= row["calls"]
    for row in found["refusals"].values():
        assert all(row["codes"][code] == row["steps"] for code in ERRORS)
    assert all(row["states"] >= 5 * row["calls"] for row in found["power"].values())


def test_nothing_that_mattered_was_missed_and_a_lie_was_not(found):
    for kind in ("flips", "wholes"):
        assert all(row["detected"] + row["harmless"] == row["done"] > 0 for row in found[kind].values())
    assert all(row["bad"] for row in found["lies"].values())
    assert found["erasure"]["found"] == 0
    assert found["erasure"]["there_before"] == found["erasure"]["searches"]
    assert not figures.total(found["suites"], "bad", "skipped")


def test_jobs_have_names_of_their_own():
    jobs = all_jobs(dict.fromkeys(SCENES, 70))
    assert len({job.file for job in jobs}) == len(jobs)
    assert {job.kind for job in jobs} == set(figures.KINDS)
