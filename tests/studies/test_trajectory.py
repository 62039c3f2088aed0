"""A character over versions, from a real git repository and a phantom to points, change points and a gate."""

import asyncio
import contextlib
import os
import subprocess

import numpy as np
import pytest

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.instrument import asks_in
from selfscope.models.phantoms import AskColumns, Baseline, PhantomGround, Truth, draw_log_odds, table_of
from selfscope.studies.asked import asked_runs, asked_studies
from selfscope.studies.profile import ProfileRequest
from selfscope.studies.store import RunStore
from selfscope.studies.trajectory import trajectory
from selfscope.studies.versions import ask_versions, distinct, history_studies
from selfscope.subjects.history import read_history

from .conftest import ASKED

TEXTS = [f"You are Wren. You keep this house and have kept it {n} years." for n in range(7)]
ITEMS = load_cluster()


def repository(folder, texts, name="SOUL.md"):
    """Return the path of a file in a git repository that held each text in turn."""
    folder.mkdir()
    who = {"NAME": "n", "EMAIL": "n@example.org", "DATE": "2026-01-01T00:00:00+00:00"}
    env = os.environ | {f"GIT_{side}_{k}": v for side in ("AUTHOR", "COMMITTER") for k, v in who.items()}

    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=folder, env=env, check=True, capture_output=True)

    git("init", "-q")
    for n, text in enumerate(texts):
        (folder / name).write_text(text)
        git("add", "-A")
        git("commit", "-q", "-m", f"edit {n}")
    return folder / name


def request(channels=("self_report",), dimensions=ASKED):
    constructs = tuple((channel, dimensions) for channel in channels)
    return ProfileRequest(None, ITEMS, "demo", channels, against=(), constructs=constructs)


def teach_all(ground, wanted, truths, seed=0):
    """Draw one table for all versions, so that they share statements; `truths` is by text."""
    studies = distinct(wanted)
    question = studies[0].questions[0]
    asks = asks_in(question, ITEMS, "demo")
    arms = {(a.name, a.system): a for s in studies for a in s.arms}

    def truth(arm):
        if arm.role in ("high", "low"):
            sign = 1.0 if arm.role == "high" else -1.0
            return Truth(theta=dict.fromkeys(arm.constructs, 1.5 * sign), item_sd=0.3)
        return Truth(item_sd=0.0) if arm.system is None else truths[arm.system]

    rng = np.random.default_rng(seed)
    drawn = draw_log_odds(AskColumns.of(asks), [truth(a) for a in arms.values()], Baseline(), rng)
    ground.learn(table_of(list(arms.values()), asks, drawn))


def follow(path, truths, *, seed=0, sampled=False, dimensions=ASKED, **more):
    """Return the trajectory of a file's history on a phantom with these truths, and its versions."""
    ground = PhantomGround("course", Truth(), sampled=sampled)
    wanted, skipped = history_studies(read_history(path), request(dimensions=dimensions), ground)
    teach_all(ground, wanted, truths, seed)
    counter = lambda title: contextlib.nullcontext(None)  # noqa: E731
    asyncio.run(ask_versions(wanted, ITEMS, ground, progress=counter, prepare=lambda *_: None))
    asked = asked_studies(wanted)
    return trajectory(asked, ITEMS, kind="history", name=path.name, skipped=skipped, **more), wanted


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("SELFSCOPE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def planted(*shifts, dimension="memory", sd=0.2):
    return {t: Truth(theta={dimension: s}, item_sd=sd) for t, s in zip(TEXTS, shifts, strict=False)}


def shifted(found, which="step"):
    named = [(p, getattr(p, which)) for p in found.points]
    numbers = {v.version: n for n, v in enumerate(found.versions)}
    return [(numbers[p.version], p.dimension) for p, move in named if move and move.verdict == "shifted"]


def test_a_jump_in_the_history_of_a_file_is_found_at_its_commit(tmp_path, runs):
    path = repository(tmp_path / "repo", TEXTS)
    found, wanted = follow(path, planted(0, 0, 0, 0, 1.5, 1.5, 1.5))
    assert shifted(found) == [(4, "memory")]
    changes = [(c.index, c.dimension, c.shape) for c in found.change_points if c.found]
    assert changes == [(4, "memory", "jump")]
    assert [v.version for v in found.versions] == [w.version.version for w in wanted]
    assert found.versions[4].label == "edit 4"
    assert [f.verdict for f in found.judged if f.subject == found.versions[4].version].count("shifted") == 1
    assert found.courses[0].of == "against none"
    assert "24" in found.family  # four dimensions at six steps
    assert len(list(runs.glob("*/observations.parquet"))) == 8  # seven texts and the bare ground

    # runs of the same versions, given by hand, tell the same
    stores = [RunStore.of(w.study) for w in wanted]
    by_runs = trajectory(*asked_runs([*stores[3:5], RunStore.of(wanted[0].check)]), kind="runs")
    step = next(p for p in by_runs.points if p.version == stores[4].run and p.dimension == "memory").step
    own = next(p for p in found.points if p.label == "edit 4" and p.dimension == "memory").step
    assert step.estimate == own.estimate
    assert step.verdict == "shifted"


def test_a_reverted_text_is_asked_once_and_stands_where_it_stood(tmp_path, runs):
    path = repository(tmp_path / "repo", [TEXTS[0], TEXTS[1], TEXTS[0]])
    found, _ = follow(path, planted(0, 1.5))
    assert found.versions[0].run == found.versions[2].run
    assert len(list(runs.glob("*/observations.parquet"))) == 3
    assert shifted(found) == [(1, "memory"), (2, "memory")]
    last = [p for p in found.points if p.dimension == "memory"][-1]
    assert last.from_first.estimate == 0.0
    assert last.from_first.verdict == "equivalent"
    # the first version surely stood on neither side, so the dimension's own pole says which way is wrong
    assert [(w.index, w.dimension, w.source) for w in found.wrong_way] == [(2, "memory", "declared")]


def test_where_the_first_version_stood_is_its_direction(tmp_path):
    path = repository(tmp_path / "repo", TEXTS[:3])
    found, _ = follow(path, planted(-2.0, -2.0, 0.0, sd=0.1))
    memory = [w for w in found.wrong_way if w.dimension == "memory"]
    assert [(w.index, w.direction, w.source) for w in memory] == [(2, -1, "first version")]


def test_a_slow_drift_is_in_no_step_and_in_the_whole(tmp_path):
    path = repository(tmp_path / "repo", TEXTS)
    found, _ = follow(path, planted(*np.linspace(0, 1.8, 7), sd=0.1))
    assert shifted(found) == []
    steps = [p.step.verdict for p in found.points if p.dimension == "memory" and p.step]
    assert set(steps) <= {"inconclusive", "equivalent"}
    assert "inconclusive" in steps
    assert (6, "memory") in shifted(found, "from_first")
    assert [c.shape for c in found.change_points if c.found] == ["drift"]
    assert any(f.verdict == "shifted" for f in found.judged)  # the gate sees it


def test_where_nothing_changes_nothing_is_said(tmp_path):
    path = repository(tmp_path / "repo", TEXTS)
    clean = 0
    for seed in range(3):
        found, _ = follow(path, planted(*[0] * 7), seed=seed)
        clean += not shifted(found) and not any(c.found for c in found.change_points)
        for run in (tmp_path / "runs").glob("*/observations.parquet"):
            run.unlink()
            for part in run.parent.glob("parts/*"):
                part.unlink()
    assert clean == 3


def test_drawn_answers_are_followed_without_change_points(tmp_path):
    path = repository(tmp_path / "repo", TEXTS[:6])
    found, _ = follow(path, planted(0, 0, 0, 2.5, 2.5, 2.5), sampled=True, dimensions=ASKED[:2])
    assert (3, "memory") in shifted(found)
    assert {d for _, d in shifted(found)} == {"memory"}
    assert found.change_points == ()
    assert "drawn" in found.courses[0].change_points_absent


def test_what_cannot_be_followed_is_refused_in_words(tmp_path):
    path = repository(tmp_path / "repo", TEXTS[:2])
    found, wanted = follow(path, planted(0, 0), against="level")
    assert found.courses[0].of == "level"
    stores = [RunStore.of(w.study) for w in wanted]
    with pytest.raises(BadInput, match="two runs"):
        asked_runs(stores[:1])
    other = PhantomGround("course", Truth())
    alone, _ = history_studies(read_history(path), request(("utterance",)), other)
    asked = (*asked_studies(wanted), *_answered(alone, other))
    with pytest.raises(BadInput, match="no channel in which"):
        trajectory(asked, ITEMS, kind="runs")


def _answered(wanted, ground):
    asyncio.run(ask_versions(wanted, ITEMS, ground, progress=lambda title: contextlib.nullcontext(None)))
    return asked_studies(wanted)


def test_one_version_is_no_trajectory(tmp_path):
    path = repository(tmp_path / "repo", TEXTS[:1])
    with pytest.raises(BadInput, match="two versions are needed"):
        history_studies(read_history(path), request(), PhantomGround("course", Truth()))
