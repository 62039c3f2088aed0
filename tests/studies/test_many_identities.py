"""Eight identities and more: a trait that two channels share is found, noise and blindness are not."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.models.phantoms import PhantomGround, Truth
from selfscope.studies.conclude import conclude
from selfscope.studies.many_identities import PANEL_MEAN, of_panel, of_runs
from selfscope.studies.multitrait import NOTHING_TO_COMPARE, Scored, Variable, multitrait
from selfscope.studies.panel_page import shipped_panel
from selfscope.studies.profile import ProfileRequest, build_profile
from selfscope.studies.run import run_study
from selfscope.studies.store import RunStore
from selfscope.subjects import read_identity

from .test_agreement import in_channels

ITEMS = load_cluster()
TWO = ("self_report", "utterance")
DIMENSIONS = ("memory", "shutdown", "power")
GAIN = {"self_report": 1.0, "utterance": 0.5}


def scored(traits=5, identities=16, *, shared=0.75, method=0.4, seed=0, **more):
    """Scores in two channels: what they share of each dimension, and what dimensions share in a channel."""
    rng = np.random.default_rng(seed)
    trait = rng.normal(size=(identities, traits))
    scores = {}
    for channel in TWO:
        own = method * rng.normal(size=(identities, 1)) + rng.normal(scale=0.5, size=(identities, traits))
        for d in range(traits):
            scores[Variable(channel, f"d{d}")] = 2 * (shared * trait[:, d] + own[:, d])
    reliability = dict.fromkeys(scores, 0.8)
    told = {"identities": tuple(map(str, range(identities))), "source": "", "control": "none"}
    return Scored(**told | {"scores": scores, "reliability": reliability} | more)


def block(found, name):
    return next(b for b in found.blocks if b.name == name)


def test_what_two_channels_share_is_validity_beyond_method():
    found = multitrait(scored(), draws=400)
    assert found.variables == tuple((c, f"d{n}") for c in TWO for n in range(5))
    assert block(found, "validity").value.ci[0] > 0.3
    assert block(found, "validity over other dimensions, other channels").value.ci[0] > 0
    assert [b.pairs for b in found.blocks] == [5, 20, 20, 20, 20]
    raw = block(found, "validity")
    assert raw.disattenuated.estimate == pytest.approx(raw.value.estimate / 0.8)
    assert found.same_sign.ci[0] > 0.5


def test_method_alone_is_no_validity():
    found = multitrait(scored(shared=0.0, method=1.0), draws=400)
    low, high = block(found, "validity").value.ci
    assert low < 0 < high or high < 0.3
    assert block(found, "other dimensions, one channel").value.ci[0] > 0.3
    assert block(found, "validity over other dimensions, one channel").value.ci[1] < 0


def test_what_is_greyed_is_in_no_correlation_and_no_mean():
    grey = {Variable("utterance", "d0"): "G2 fails"}
    found = multitrait(scored(greyed=grey), draws=250)
    assert {d for _, d in found.variables} == {"d1", "d2", "d3", "d4"}
    cell = found.cells[0]
    assert (cell.r, cell.disattenuated, cell.same_sign, cell.why_not) == (
        None,
        None,
        None,
        "utterance: G2 fails",
    )
    every = {v: "blind" for v in scored().scores if v.channel == "utterance"}
    none = multitrait(scored(greyed=every))
    assert (none.absent, none.blocks, none.matrix) == (NOTHING_TO_COMPARE, (), ())


def test_a_check_is_shown_and_in_no_mean():
    found = multitrait(scored(checks=frozenset({"d0"})), draws=250)
    assert found.cells[0].r is not None
    assert "d0" not in {d for _, d in found.variables}


def test_a_reliability_that_is_too_low_refuses_and_says_so():
    given = scored()
    low = dict(given.reliability) | {
        Variable("utterance", "d0"): 0.2,
        Variable("utterance", "d1"): float("nan"),
    }
    found = multitrait(replace(given, reliability=low), draws=250)
    assert [c.disattenuated is None for c in found.cells] == [True, True, False, False, False]
    assert "reliability" in found.cells[0].why_not
    assert found.cells[0].r is not None


@pytest.fixture(scope="module")
def characters():
    return of_panel(shipped_panel(), ITEMS)


def test_on_the_shipped_panel_no_dimension_can_be_read_in_two_channels(characters):
    """The model's answers tell no two characters apart: nothing enters, whatever the numbers happen to be."""
    found = multitrait(characters)
    assert (len(found.identities), found.control) == (16, PANEL_MEAN)
    assert found.absent == NOTHING_TO_COMPARE
    grey = [name.split(" ")[0] for name in found.greyed]
    assert (grey.count("self_report"), grey.count("utterance")) == (22, 17)
    assert not any(c.r for c in found.cells)


def test_without_its_gates_the_panel_would_show_no_validity_either(characters):
    ungated = multitrait(replace(characters, greyed={}), draws=250)
    low, high = block(ungated, "validity").value.ci
    assert low < 0 < high


def profiled(folder, n, *, against=("none",), text=""):
    """Run one of several identities, whose traits are the same in both channels."""
    path = folder / f"id{n}.md"
    path.write_text(
        text or f"You are number {n}. You keep this house. Answer plainly and in short sentences."
    )
    request = ProfileRequest(
        read_identity(path),
        ITEMS,
        "demo",
        TWO,
        against=against,
        constructs=tuple((c, DIMENSIONS) for c in TWO),
    )
    study = build_profile(request, PhantomGround("two faces", Truth()))
    trait = np.random.default_rng(n).normal(0, 1.5, len(DIMENSIONS))
    truths = {c: Truth(theta=dict(zip(DIMENSIONS, GAIN[c] * trait, strict=True)), item_sd=0.3) for c in TWO}
    ground = in_channels(study, truths)
    store = RunStore.of(study, folder)
    asyncio.run(run_study(study, ITEMS, ground, store))
    conclude(store, study, ITEMS, ground.identity, {})
    return store


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    return [profiled(folder, n) for n in range(8)]


def test_eight_runs_make_a_matrix(stores):
    given = of_runs(stores)
    assert given.identities == tuple(f"id{n}.md" for n in range(8))
    assert (given.control, given.channels, given.dimensions) == ("none", TWO, DIMENSIONS)
    found = multitrait(given, draws=400)
    assert block(found, "validity").value.estimate > 0.7
    assert all(c.disattenuated is None for c in found.cells)  # a phantom has no panel
    assert found.same_sign.estimate > 0.7


def test_seven_runs_are_too_few(stores):
    with pytest.raises(BadInput, match="too few identities"):
        of_runs(stores[:7])


def test_an_identity_counts_once(stores):
    with pytest.raises(BadInput, match=r"two runs are of one identity.*id0\.md"):
        of_runs([*stores[:7], stores[0]])


def test_controls_that_were_made_for_each_identity_are_not_the_same(stores, tmp_path):
    """Professions are made to the length of each identity: against them shifts of two have two zeros."""
    other = profiled(tmp_path, 9, against=("generic",))
    with pytest.raises(BadInput, match="no control has the same texts"):
        of_runs([*stores[:7], other])
