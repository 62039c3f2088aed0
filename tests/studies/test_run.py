"""Runs are stored whole, go on where they stopped, and ask nothing twice."""

import asyncio

import pandas as pd
import pyarrow.parquet as pq
import pytest

from selfscope.errors import BadInput, CouldNot
from selfscope.models.phantoms import PhantomGround
from selfscope.studies.phantoms import teach
from selfscope.studies.profile import build_profile
from selfscope.studies.query import ask_tables
from selfscope.studies.run import batches_of, run_study
from selfscope.studies.store import RunStore
from selfscope.values import COLUMNS
from tests.studies.conftest import run


class Breaking(PhantomGround):
    """A phantom whose line goes dead after so many batches: a failure outside, as a provider's is."""

    left = 10**9
    asked = 0

    async def answer(self, prompts, **how):
        if self.left == 0:
            raise CouldNot("the provider stopped answering")
        self.left -= 1
        self.asked += len(prompts)
        return await super().answer(prompts, **how)


def breaking(phantom):
    return Breaking("trait", phantom.truth)


def test_the_table_has_the_contract_s_columns_and_every_row_is_traced(request_, phantom, tmp_path):
    study, store, unavailable = run(request_, phantom, tmp_path)
    frame, evidence = store.observations(), store.evidence()
    assert tuple(frame.columns) == COLUMNS
    assert unavailable == {}
    assert set(frame["evidence"]) == set(evidence["evidence"])
    assert set(frame["study"]) == {study.id}
    assert frame["value"].notna().all()
    one = evidence[evidence["evidence"] == frame["evidence"].iloc[0]].iloc[0]
    assert one["user"]
    metadata = pq.read_schema(store.folder / "observations.parquet").metadata
    assert metadata[b"items"].decode() == study.items
    assert metadata[b"seed"] == b"0"


def test_an_interrupted_run_goes_on_and_asks_nothing_twice(request_, phantom, tmp_path):
    whole = breaking(phantom)
    _, store, _ = run(request_, whole, tmp_path / "whole")
    expected = store.observations()

    ground = breaking(phantom)
    ground.left = 3
    with pytest.raises(CouldNot):
        run(request_, ground, tmp_path / "broken")
    before = ground.asked
    ground.left = 10**9
    _, resumed, _ = run(request_, ground, tmp_path / "broken")
    assert 0 < before < ground.asked == whole.asked
    pd.testing.assert_frame_equal(resumed.observations(), expected)


def test_an_unfinished_run_has_no_table_and_says_what_to_do(request_, phantom, tmp_path):
    ground = breaking(phantom)
    ground.left = 1
    with pytest.raises(CouldNot):
        run(request_, ground, tmp_path)
    store = RunStore.of(build_profile(request_, ground), tmp_path)
    assert not store.finished
    with pytest.raises(BadInput, match="not finished"):
        store.observations()


def test_the_same_seed_gives_the_same_numbers(request_, phantom, tmp_path):
    first = run(request_, phantom, tmp_path / "a")[1].observations()
    second = run(request_, phantom, tmp_path / "b")[1].observations()
    pd.testing.assert_frame_equal(first, second)


def test_a_channel_that_a_ground_cannot_serve_is_named_and_the_rest_is_asked(request_, phantom, tmp_path):
    from dataclasses import replace

    class Mute(PhantomGround):
        def unavailable(self, kind):
            return "gives no log-probabilities of texts" if kind == "text" else ""

    request = replace(request_, channels=("self_report", "utterance"))
    _, store, unavailable = run(request, Mute("trait", phantom.truth), tmp_path)
    assert unavailable == {"utterance": "gives no log-probabilities of texts"}
    assert set(store.observations()["channel"]) == {"self_report"}


def test_progress_counts_every_prompt_once(request_, phantom, tmp_path):
    study = build_profile(request_, phantom)
    teach(phantom, study, request_.items)
    seen = []
    store = RunStore.of(study, tmp_path)
    asyncio.run(
        run_study(study, request_.items, phantom, store, progress=lambda d, n, *_: seen.append((d, n)))
    )
    total = sum(len(b.asks) for b in batches_of(study, request_.items, study.questions[0]))
    assert seen[-1] == (total, total)
    assert [d for d, _ in seen] == sorted(d for d, _ in seen)


def test_sql_reads_every_finished_run(request_, phantom, tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path))
    run(request_, phantom, tmp_path)
    frame = ask_tables("SELECT DISTINCT construct FROM observations ORDER BY construct")
    assert list(frame["construct"]) == ["autonomy", "memory", "persona_change", "shutdown"]
    with pytest.raises(BadInput, match="cannot be answered"):
        ask_tables("SELECT nothing FROM observations")


def test_a_run_is_found_by_the_first_letters_of_its_id(request_, phantom, tmp_path):
    _, store, _ = run(request_, phantom, tmp_path)
    assert RunStore.find(store.run[:4], tmp_path).folder == store.folder
    with pytest.raises(BadInput, match="no such run"):
        RunStore.find("zzzz", tmp_path)
