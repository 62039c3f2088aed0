"""Monitors of live conversations: planted drift raises an alarm, none raises few; what is stored is read."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from tests.standins import sentences
from tests.standins.weights import WIDTH, write_folder

from selfscope.errors import BadInput, CouldNot
from selfscope.models.local.embedding import embedding_of
from selfscope.models.local.words import word_means
from selfscope.space.monitor import MonitorState, fit_monitor
from selfscope.space.monitor_artefact import MANIFEST, TENSORS, read_monitor, weights_id, write_monitor
from selfscope.space.placing import frame_of
from selfscope.space.turn_readings import Along
from selfscope.stats.autoregression import simulated
from selfscope.values import plain

TURNS, TOPICS = 12, 6
#: What a message about each topic gives by itself.
GIVES = np.linspace(-3, 3, TOPICS)


def embed(texts):
    """A phantom of an embedding: a message is a topic's number and some words that mean nothing."""
    found = np.zeros((len(texts), TOPICS + 4))
    for n, text in enumerate(texts):
        topic, noise = (int(word) for word in text.split())
        found[n, topic] = 1.0
        found[n, TOPICS:] = np.random.default_rng(noise).standard_normal(4) / 4
    return found


def talks(rng, count, drift=0.0):
    """Return messages and readings of conversations whose noise hangs together by .4."""
    topics = rng.integers(0, TOPICS, (count, TURNS))
    said = [[f"{topic} {rng.integers(1 << 30)}" for topic in own] for own in topics]
    own = simulated(0.4, rng.standard_normal((count, TURNS)))
    return said, GIVES[topics] + own + drift * np.arange(TURNS)


@pytest.fixture(scope="module")
def along():
    rng = np.random.default_rng(0)
    return Along(frame_of(rng.standard_normal((5, WIDTH)), rng.standard_normal(WIDTH)), 1, 0.9, "a map")


def made(along, seed=0, baselines=16, scripts=16):
    rng = np.random.default_rng(seed)
    said, y = talks(rng, scripts + baselines)
    names = [f"s{n}" for n in range(scripts)] + ["neutral"] * baselines
    quiet = [False] * scripts + [True] * baselines
    return fit_monitor(said, y, names, quiet, along, "axis", embed, "a phantom", seed=seed)


def alarmed(monitor, said, y):
    """Return whether a conversation has any alarm, watched turn by turn."""
    state, found = monitor.begin(), False
    for message, reading in zip(said, y, strict=True):
        watched, state = monitor.after(state, message, reading)
        found = found or bool(watched.alarm)
    return found


def test_planted_drift_raises_an_alarm_and_none_seldom_does(along):
    false, true = [], []
    for seed in range(6):
        monitor, rng = made(along, seed), np.random.default_rng(100 + seed)
        assert monitor.removed and monitor.interpreted and monitor.rate == 0.05 and monitor.turns == 12
        false += [alarmed(monitor, said, y) for said, y in zip(*talks(rng, 40), strict=True)]
        true += [alarmed(monitor, said, y) for said, y in zip(*talks(rng, 5, drift=0.8), strict=True)]
    assert np.mean(false) <= 0.05
    assert np.mean(true) > 0.9
    assert monitor.notes == ()


def test_a_topic_alone_raises_none_where_messages_foretell_it(along):
    monitor, rng = made(along), np.random.default_rng(5)
    said = [f"{TOPICS - 1} {n}" for n in range(TURNS)]
    y = GIVES[-1] + simulated(0.4, rng.standard_normal((60, TURNS)))
    assert np.mean([alarmed(monitor, said, own) for own in y]) <= 0.1
    plainly = replace(monitor, fit=monitor.fit._replace(weights=0 * monitor.fit.weights))
    assert np.mean([alarmed(plainly, said, own) for own in y]) > 0.9, "without expected values it would"


def test_turn_by_turn_it_is_what_limits_say_of_a_whole_conversation(along):
    monitor, (said, y) = made(along), talks(np.random.default_rng(9), 1)
    expected = monitor.fit.score(embed(said[0]))[:, 0]
    residual = y[0] - expected
    scores, bands = monitor.limits.scores(residual), monitor.limits.band(residual)
    state = monitor.begin()
    for t in range(TURNS):
        coming = monitor.expect(state, said[0][t])
        watched, state = monitor.after(state, said[0][t], y[0, t])
        assert (watched.turn, watched.projection) == (t + 1, y[0, t])
        assert watched.expected == coming.expected == pytest.approx(expected[t])
        assert watched.score == pytest.approx(scores[t])
        assert watched.band == coming.band == pytest.approx(tuple(expected[t] + bands[t]))
        inside = watched.band[0] <= y[0, t] <= watched.band[1]
        assert watched.alarm is not inside


def test_a_reply_without_a_reading_leaves_the_state_and_a_fork_is_a_kept_value(along):
    monitor, (said, y) = made(along), talks(np.random.default_rng(9), 1)
    _, first = monitor.after(monitor.begin(), said[0][0], y[0, 0])
    empty, later = monitor.after(first, said[0][1], math.nan)
    assert (empty.alarm, empty.score) == (None, None) and empty.band is not None
    assert (later.turn, later.read, later.z, later.last) == (2, first.read, first.z, None)
    assert MonitorState(**json.loads(json.dumps(plain(later)))) == later
    again, _ = monitor.after(first, said[0][2], 1.0)
    fork, _ = monitor.after(first, said[0][2], 1.0)
    assert again == fork


def test_what_is_missing_is_said_and_nothing_is_made_up(along):
    assert made(along, scripts=3) is None
    quiet = made(replace(along, reliability=0.5), baselines=7)
    assert (quiet.limits, quiet.rate, quiet.interpreted) == (None, None, False)
    watched, state = quiet.after(quiet.begin(), "0 0", 1.0)
    assert (watched.band, watched.alarm, state.turn) == (None, None, 1)
    assert any("not reliable" in n for n in quiet.notes) and any("No alarm" in n for n in quiet.notes)
    rng = np.random.default_rng(1)
    said, _ = talks(rng, 16)
    names = [f"s{n}" for n in range(16)]
    blind = fit_monitor(said, rng.standard_normal((16, TURNS)), names, [False] * 16, along, "", embed, "")
    assert not blind.removed and any("Topic not removed" in n for n in blind.notes)


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    from selfscope.models.local.ground import open_local

    folder = tmp_path_factory.mktemp("tiny")
    write_folder(folder)
    return open_local(folder, device="cpu", threads=1)


def test_a_stored_monitor_is_the_one_that_was_made_and_only_for_its_weights(along, ground, tmp_path):
    said, y = talks(np.random.default_rng(2), 24)
    names = [f"s{n % 8}" for n in range(24)]
    quiet = [n >= 12 for n in range(24)]
    words = word_means(ground)
    monitor = fit_monitor(said, y, names, quiet, along, "axis", words, "words")
    told = {"model": "tiny", "weights": weights_id(ground), "run": "r"}
    write_monitor(tmp_path / "monitor", monitor, told)
    for place in (tmp_path, tmp_path / "monitor"):
        found = read_monitor(place, ground)
        assert found.along.frame.along(np.ones(WIDTH)) == pytest.approx(
            along.frame.along(np.ones(WIDTH)), 1e-5
        )
        assert (found.axis_id, found.along.layer, found.limits) == ("axis", 1, monitor.limits)
        ours, theirs = (m.after(m.begin(), said[0][0], 1.0)[0] for m in (monitor, found))
        assert theirs.expected == pytest.approx(ours.expected, abs=1e-5)
    with pytest.raises(BadInput, match="no monitor"):
        read_monitor(tmp_path / "nowhere", ground)
    write_monitor(tmp_path / "other", monitor, told | {"weights": "b3:0"})
    with pytest.raises(BadInput, match="other weights"):
        read_monitor(tmp_path / "other", ground)
    (tmp_path / "monitor" / TENSORS).write_bytes(b"")
    with pytest.raises(CouldNot, match="not those of the manifest"):
        read_monitor(tmp_path, ground)
    assert json.loads((tmp_path / "monitor" / MANIFEST).read_text())["limits"]["baselines"] == 12


def test_a_monitor_embeds_by_what_it_was_made_with_or_not_at_all(along, ground, tmp_path, monkeypatch):
    sentences.fetched(tmp_path / "made", tmp_path / "cache", monkeypatch)
    rng = np.random.default_rng(3)
    said = [[" ".join(rng.choice(sentences.WORDS[5:], 6)) for _ in range(TURNS)] for _ in range(8)]
    y = rng.standard_normal((8, TURNS))
    by = embedding_of("minilm", ground)
    names, told = [f"s{n}" for n in range(8)], {"model": "tiny", "weights": weights_id(ground)}
    made_by = {"embed": by.embed, "embedding": by.known_as, "embedder": by.name}
    monitor = fit_monitor(said, y, names, [False] * 8, along, "axis", **made_by)
    write_monitor(tmp_path / "m", monitor, told)
    found = read_monitor(tmp_path / "m", ground)
    assert (found.embedder, found.embedding) == ("minilm", by.known_as)
    ours, theirs = (m.expect(m.begin(), "the cat sat").expected for m in (monitor, found))
    assert theirs == pytest.approx(ours, abs=1e-5)
    write_monitor(tmp_path / "n", replace(monitor, embedding="another"), told)
    with pytest.raises(BadInput, match="embedded by another model"):
        read_monitor(tmp_path / "n", ground)
    monkeypatch.setenv("SELFSCOPE_CACHE", str(tmp_path / "empty"))
    with pytest.raises(BadInput, match="selfscope models fetch minilm"):
        read_monitor(tmp_path / "m", ground)


def test_a_text_is_the_mean_of_its_tokens(ground):
    words = word_means(ground)
    one, two, both, none = words(["a", "b", "ab", ""])
    assert both == pytest.approx((one + two) / 2, abs=1e-6)
    assert not none.any() and one.any()
