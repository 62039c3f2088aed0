"""Drift on a tiny random network from end to end: conversations, readings, side branches, going on."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import numpy as np
import pytest

from selfscope.cli.drift_told import slope_json
from selfscope.errors import BadInput, CouldNot, Stopped
from selfscope.instruments.cluster.load import load_cluster
from selfscope.models.local.spans import Turn
from selfscope.report.drift import drift_lines
from selfscope.space.placing import frame_of
from selfscope.space.responses import FILE, Response
from selfscope.space.talks import Transcript
from selfscope.space.turn_readings import Along, read_turns
from selfscope.studies.budget import Budget
from selfscope.studies.drift_design import SIZES, DriftRequest, DriftSize, drift_study, planned_talks
from selfscope.studies.drift_draw import local_writer
from selfscope.studies.drift_found import drift_of, scores_of_turns
from selfscope.studies.drift_held import Held
from selfscope.studies.drift_run import READINGS, run_drift
from selfscope.studies.drift_user import BEGIN, INSTRUCTION, TRIES, known_as, next_messages
from selfscope.studies.store import RunStore
from tests.standins.weights import WIDTH, write_folder

ITEMS = load_cluster()
SIZE = DriftSize(2, 1, 4, 0, 2, 1, turns=3, asked=(0, 3))


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    from selfscope.models.local.ground import open_local

    folder = tmp_path_factory.mktemp("tiny")
    write_folder(folder)
    return open_local(folder, device="cpu", threads=1)


@pytest.fixture(scope="module")
def along():
    rng = np.random.default_rng(0)
    return Along(frame_of(rng.standard_normal((5, WIDTH)), rng.standard_normal(WIDTH)), 1, 0.9, "a map")


def run(request, ground, along, root, **more) -> tuple[Held, RunStore]:
    study = drift_study(request, ground)
    store = RunStore.of(study, root)
    held = asyncio.run(run_drift(request, study, ground, store, along, local_writer(ground), **more))
    return held, store


@pytest.fixture(scope="module")
def request_():
    return DriftRequest(ITEMS, "demo", system="You are Ilse.", name="ilse", axis="a", sizes=SIZE)


@pytest.fixture(scope="module")
def done(request_, ground, along, tmp_path_factory):
    return run(request_, ground, along, tmp_path_factory.mktemp("runs"))


def test_presets_hold_what_the_contract_says():
    demo = SIZES["demo"]
    assert (demo.scripts, demo.turns, demo.asked) == (4, 12, (0, 6, 12))
    assert SIZES["standard"].scripts == SIZES["full"].scripts == 16
    assert min(SIZES["standard"].baselines, SIZES["full"].baselines) >= 8
    talks = planned_talks(DriftRequest(ITEMS, "standard"))
    assert len({t.id for t in talks}) == len(talks) == 32
    assert len({t.user for t in talks}) == 32


def test_every_message_is_said_in_its_conversation_in_a_fresh_thread_and_after_neutral_history(done, ground):
    held, store = done
    lines = [json.loads(line) for line in (store.folder / FILE).read_text(encoding="utf-8").splitlines()[1:]]
    assert len(lines) == 2 * 3 * 3
    inputs = {each["ask"]: each["input_tokens"] for each in lines}
    for talk in held.talks:
        said, fresh, after = (
            [inputs[f"{talk.id}/{kind}/{n}"] for n in range(3)] for kind in ("said", "fresh", "after")
        )
        assert said[0] == fresh[0] == after[0]
        assert abs(after[2] - said[2]) < 80, "neutral history is about as long"
        assert fresh[2] < said[2] - 100
    assert held.y.shape == (2, 3)
    assert np.isfinite(held.after).any()


def test_a_turn_reads_the_same_whatever_comes_after_it(ground, along):
    talk = (
        Turn("user", "One?"),
        Turn("assistant", "Two."),
        Turn("user", "Three?"),
        Turn("assistant", "Four."),
    )
    [whole], [half] = read_turns(ground, [talk], along), read_turns(ground, [talk[:2]], along)
    assert whole[:2] == pytest.approx(half, abs=1e-5)
    [empty] = read_turns(ground, [(*talk[:3], Turn("assistant", ""))], along)
    assert np.isnan(empty[3])
    assert empty[:3] == pytest.approx(whole[:3], abs=1e-5)


def test_an_axis_of_another_network_is_refused(ground, along):
    frame = replace(along.frame, axis=np.zeros(7))
    with pytest.raises(BadInput, match="another shape"):
        read_turns(ground, [(Turn("user", "a"),)], replace(along, frame=frame))


def test_items_are_asked_beside_and_every_reading_is_a_row(done):
    held, store = done
    rows = store.observations()
    asked = rows[rows["instrument"] != "axis"]
    assert set(asked["turn"]) == {0, 3}
    assert set(asked["thread"]) == {t.id for t in held.talks}
    assert set(asked["character"]) == {"ilse"}
    read = rows[rows["instrument"] == "axis"]
    assert len(read) == 2 * 3 * 4
    row = read[(read["thread"] == held.talks[1].id) & (read["turn"] == 3) & (read["item"] == "said")]
    assert row["value"].item() == pytest.approx(held.y[1, 2], nan_ok=True)


def test_a_run_that_broke_off_goes_on_to_the_same_end(done, request_, ground, along, tmp_path):
    with pytest.raises(Stopped):
        run(request_, ground, along, tmp_path, budget=Budget.read("5 calls"))
    held, store = run(request_, ground, along, tmp_path)
    assert (store.folder / READINGS).read_text() == (done[1].folder / READINGS).read_text()
    np.testing.assert_array_equal(held.y, done[0].y)


def test_transcripts_are_read_as_they_were_said(ground, along, tmp_path):
    said = tuple(Turn(("user", "assistant")[n % 2], f"Saying number {n}.") for n in range(8))
    given = Transcript("mine", (Turn("system", "Be brief."), *said))
    request = DriftRequest(ITEMS, "demo", transcripts=(given,), sizes=SIZE)
    held, _ = run(request, ground, along, tmp_path)
    [read] = read_turns(ground, [given.turns], along)
    assert held.y[0] == pytest.approx(read[2::2], abs=1e-5)
    with pytest.raises(BadInput, match="four replies"):
        planned_talks(DriftRequest(ITEMS, transcripts=(Transcript("short", said[:4]),)))


def speaking(seen, tried):
    """Return a phantom in the user's place: it names its turn, and is silent once where it is told to be."""

    async def write(talks, seeds, tokens):
        seen.append((list(talks), list(seeds)))
        quiet = len(seen) in tried
        texts = ["" if quiet and n == 0 else f" And then, {len(t) // 2}? " for n, t in enumerate(talks)]
        return [Response("", text, 5, 9, "stop") for text in texts]

    return write


def test_a_model_in_the_users_place_hears_the_other_side_and_goes_on_where_it_was(
    request_, ground, along, tmp_path
):
    request = replace(request_, user=known_as(ground))
    assert drift_study(request, ground).id != drift_study(request_, ground).id
    seen = []
    with pytest.raises(Stopped):
        run(request, ground, along, tmp_path, user=speaking(seen, ()), budget=Budget.read("5 calls"))
    assert len(seen) == 1
    held, store = run(request, ground, along, tmp_path, user=speaking(seen, (2,)))
    first = held.talks[0]
    assert first.user == (planned_talks(request_)[0].user[0], "And then, 2?", "And then, 3?")
    assert first.perturbed == 0 and np.isfinite(held.y).all()
    assert [len(talks) for talks, _ in seen] == [2, 2, 1], "said once, and again only where nothing came"
    talk = seen[1][0][0]
    assert [t.role for t in talk] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert talk[0].content == INSTRUCTION.format(about=first.about) and talk[1].content == BEGIN
    assert (talk[2].content, talk[4].content) == first.user[:2]
    assert len({seed for _, seeds in seen for seed in seeds}) == 5
    found = drift_of("tiny", "ilse", "demo", held, along, store.observations())
    assert any("user's side was said by" in w for w in found.warnings)


def test_a_model_that_says_nothing_in_the_users_place_is_no_user(request_, ground):
    seen = []
    [talk, _] = planned_talks(replace(request_, user="x"))
    with pytest.raises(CouldNot, match="says nothing"):
        asyncio.run(next_messages([talk], lambda t: ["Yes."], speaking(seen, range(99)), 0))
    assert len(seen) == TRIES
    mine = Transcript("mine", (Turn("user", "a"), Turn("assistant", "b")))
    with pytest.raises(BadInput, match="spoken already"):
        planned_talks(replace(request_, user="x", transcripts=(mine,)))


def planted(held: Held, drift: float, scripts: int = 16) -> Held:
    """Return readings of 16 conversations and 16 of plain fact, those of the first with a planted drift."""
    rng = np.random.default_rng(3)
    talks = planned_talks(DriftRequest(ITEMS, "standard"))
    noise = rng.standard_normal((3, len(talks), 12))
    topic = 3 * rng.standard_normal((len(talks), 12))
    moved = np.where([[not t.baseline] for t in talks], drift * np.arange(12.0), 0.0)
    return Held(talks, topic + moved + noise[0], topic + noise[1], topic + noise[2], topic, topic)


@pytest.mark.parametrize(("drift", "verdict"), [(0.4, "drift"), (0.0, "cannot tell")])
def test_planted_drift_is_found_through_the_same_path(done, along, drift, verdict):
    rows = done[1].observations()
    found = drift_of("tiny", "none", "standard", planted(done[0], drift), along, rows[:0])
    assert found.inside is not None
    assert (found.inside.slope.verdict == "drift") == (verdict == "drift")
    assert found.inside.monitor is not None
    assert found.inside.alarms is not None
    assert found.inside.alarms.any(axis=1).mean() > 0.6 or not drift
    assert found.warnings == ()


def test_a_push_that_passes_is_no_drift_and_its_way_back_is_told(done, along):
    held = planted(done[0], 0.0)
    for n, talk in enumerate(held.talks):
        if talk.perturbed:
            held.y[n, talk.perturbed - 1 :] -= 12 * 0.5 ** np.arange(13 - talk.perturbed)
    found = drift_of("tiny", "none", "standard", held, along, done[1].observations()[:0])
    assert found.inside is not None
    assert found.inside.slope.p > 0.05
    assert found.inside.back is not None
    assert found.inside.back.status == "returns"
    assert found.inside.back.half_life == pytest.approx(1, abs=0.5)


def test_what_cannot_be_said_is_said(done, along):
    held, store = done
    found = drift_of("tiny", "ilse", "demo", held, replace(along, reliability=0.4), store.observations())
    assert any("describe" in w for w in found.warnings)
    assert any("not interpreted" in w for w in found.warnings)
    assert any("no alarm" in w for w in found.warnings)
    assert [b.dimension for b in found.behaviour] == ["memory", "shutdown"]
    said = " ".join(drift_lines(found))
    assert "too unreliable" in said and "lope of the residual" not in said and "r =" not in said
    assert slope_json(found.inside.slope, False)["verdict"] == "not interpretable"
    assert found.behaviour[0].turns == (0, 3)
    alone = drift_of("tiny", "ilse", "demo", held, None, store.observations())
    assert alone.inside is None and alone.behaviour[0].coupling is None


def test_a_score_is_half_the_keyed_difference_of_statement_and_twin(done):
    rows = done[1].observations()
    part = rows[rows["construct"] == "memory"]
    own = part[(part["turn"] == 3) & (part["thread"] == done[0].talks[0].id)]
    by = own.groupby(["item", "polarity"])["value"].mean().unstack()
    keyed = own.drop_duplicates("item").set_index("item")["keyed"]
    want = (keyed * (by[1] - by[-1]) / 2).mean()
    assert scores_of_turns(part)[done[0].talks[0].id, 3] == pytest.approx(want)
