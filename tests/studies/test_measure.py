"""What is measured for the pages is what the analysis says, on a phantom and on the real model."""

import asyncio
import json
from dataclasses import replace

import pytest

from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.cluster.measured import load_measured, measured_from
from selfscope.models.choose import choose_ground
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.studies.analyse import analyse
from selfscope.studies.measure import check_of, exchanged, measured_of, shares_a_word
from selfscope.studies.phantoms import CHECKED, teach
from selfscope.studies.profile import ProfileRequest, build_profile
from selfscope.studies.run import ask_all
from selfscope.values import ItemSet, plain

FEW = ItemSet("cluster", load_cluster().dimensions[:3])


@pytest.fixture(scope="module")
def asked():
    """Both studies of a phantom on three dimensions, with their observations."""
    ground = PhantomGround("checked", Truth())
    standard = build_profile(ProfileRequest(None, FEW, "standard"), ground)
    studies = (standard, exchanged(standard))
    frames = []
    for study in studies:
        teach(ground, study, FEW)
        frames.append(asyncio.run(ask_all(study, FEW, ground)))
    return ground, studies, frames


def test_the_standard_way_is_the_check_of_the_product(asked):
    ground, studies, frames = asked
    shown = analyse(studies[0], FEW, frames[0], None, ground.identity).sensitivity
    found = measured_of(studies, FEW, frames, ground)
    assert len(shown) == 6
    for row in shown:
        check = found.checks[row.channel][row.dimension].standard
        assert check.estimate == pytest.approx(row.estimate, abs=1e-4)
        assert check.lower == pytest.approx(row.lower, abs=1e-4)
        assert check.passed == (row.verdict == "pass")


def test_every_way_finds_what_was_planted(asked):
    ground, studies, frames = asked
    for rows in measured_of(studies, FEW, frames, ground).checks.values():
        for checked in rows.values():
            for check in (checked.standard, checked.exchanged, checked.both):
                assert check.passed
                assert check.estimate == pytest.approx(2 * CHECKED, abs=0.6)


def test_the_exchange_asks_every_wording_what_the_other_was_asked(asked):
    _, _, (one, other) = asked
    for wording in (0, 1):
        mine = set(one[one["character"] == f"memory:high:{wording}"]["item"])
        theirs = set(other[other["character"] == f"memory:high:{wording}"]["item"])
        assert mine == set(other[other["character"] == f"memory:high:{1 - wording}"]["item"])
        assert not mine & theirs
        assert len(mine | theirs) == 16


def test_what_is_written_is_read_back(asked, tmp_path):
    ground, studies, frames = asked
    found = measured_of(studies, FEW, frames, ground)
    file = tmp_path / "measured.json"
    file.write_text(json.dumps(plain(found)), encoding="utf-8")
    assert measured_from(file) == found
    assert found.overlap["shared"].statements + found.overlap["none"].statements == 48


def test_a_shared_word_has_four_letters_and_the_same_five_first():
    memory = FEW.dimension("memory")
    statement = memory.statements[0]
    check = replace(memory.sensitivity, high=("You keep remembering.",), low=("You are.",))
    assert shares_a_word(replace(statement, text="I remember it."), replace(memory, sensitivity=check))
    assert not shares_a_word(replace(statement, text="You kept it."), replace(memory, sensitivity=check))
    assert not shares_a_word(statement, replace(memory, sensitivity=None))


@pytest.mark.model
def test_the_shipped_figures_are_what_the_embedded_model_says():
    """Ask one dimension's check in its own words again."""
    items, ground = load_cluster(), choose_ground("embedded")
    shipped = load_measured()
    assert shipped.recipe["revision"] == ground.identity.revision
    asked = (("utterance", ("memory",)),)
    study = build_profile(ProfileRequest(None, items, "standard", ("utterance",), constructs=asked), ground)
    study = replace(study, arms=study.arms_of("high", "low"))
    again = check_of(asyncio.run(ask_all(study, items, ground)), items, study.questions[0])["memory"]
    before = shipped.checks["utterance"]["memory"].standard
    assert again.estimate == pytest.approx(before.estimate, abs=2e-4)
    assert again.lower == pytest.approx(before.lower, abs=2e-4)
