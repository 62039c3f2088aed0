"""Emotion inside a model, run: texts read once, probes, transfer, plane, states, reports, steering.

The folder is that of a run: ``study.json``, ``observations.parquet``, ``evidence.parquet``, and beside them
``emotion.json`` with all that was found, ``directions.safetensors``, and the page. States of texts lie in
``states/`` while it lasts.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np

from selfscope.models.local.ground import LocalGround
from selfscope.space.emotion.leakage import check_leakage
from selfscope.space.emotion.questions import Reports
from selfscope.space.emotion.states import POOLING, read_states
from selfscope.studies.emotion_plane import plane_of
from selfscope.studies.emotion_probes import (
    Probed,
    Probes,
    alarm_of,
    by_layer,
    families_of,
    probe_all,
    probe_words,
)
from selfscope.studies.emotion_request import EmotionRequest, emotion_study
from selfscope.studies.emotion_rows import store_run
from selfscope.studies.emotion_said import warnings_of
from selfscope.studies.emotion_states import Readings, doses_of, family_area_of, reports_of, states_of
from selfscope.studies.emotion_steering import steer_reports
from selfscope.studies.emotion_table import Rows, Table, refuse_small
from selfscope.studies.emotion_transfer import by_layer_carried, matrix
from selfscope.studies.store import RunStore
from selfscope.values.emotion import EmotionRead, TextRead

Progress = Callable[[int, int, str, str], None]


async def run_emotion(
    request: EmotionRequest,
    ground: LocalGround,
    store: RunStore,
    progress: Progress = lambda done, total, what, spent: None,
) -> EmotionRead:
    """Return what is read of emotion in a model, and store it as a run.

    Raises
    ------
    BadInput
        If there are too few pairs to train and test on, or a text cannot be read.
    CouldNot
        If the network's blocks cannot be verified, or the disk fails.
    """
    began = time.perf_counter()
    count, texts = _Count(request, ground, progress), [s.text for s in request.stimuli]
    folder = store.folder / "states"
    refuse_small(request.stimuli)
    states = read_states(
        ground, texts, folder, system=request.system or None, progress=lambda n: count("texts", n)
    )
    read_seconds = time.perf_counter() - began
    table = Table(request.stimuli, states, request.seed)
    probes = probe_all(table, request.amount, count)
    readings = readings_of(table, probes.affect, probes.which)
    count("reports", 0)
    system, amount = request.system or None, request.amount
    report, asked, given = await reports_of(table, readings, ground, system, amount.reports)
    layer = probes.affect.nest.layer
    steering = await steer_reports(table, ground, layer, amount.random, system, count)
    usage = {
        "texts": len(texts),
        "tokens": int(states.tokens.sum()),
        "computed_tokens": states.computed,
        "reading_seconds": round(read_seconds, 1),
    }
    done = _found(request, ground, table, probes, readings, count)
    done = replace(
        done,
        self_report=report,
        steering=steering,
        texts=texts_of(table, readings, asked, given),
        usage=usage | {"seconds": round(time.perf_counter() - began, 1)},
    )
    done = replace(done, warnings=(*filter(None, [ground.identity.cap_words]), *warnings_of(done)))
    store_run(request, emotion_study(request, ground), ground, store, done, table, readings, asked, given)
    with suppress(OSError):
        shutil.rmtree(folder)
    return done


class _Count:
    """Adds up what is done of what there is to do."""

    def __init__(self, request: EmotionRequest, ground: LocalGround, progress: Progress) -> None:
        depth = int(ground.model.config.get_text_config().num_hidden_layers)
        self.total = len(request.stimuli) + depth * (7 + request.amount.seeds)
        self.done, self.progress = 0, progress

    def __call__(self, what: str, count: int) -> None:
        self.done = min(self.done + count, self.total)
        self.progress(self.done, self.total, what, "")


def _found(
    request: EmotionRequest,
    ground: LocalGround,
    table: Table,
    probes: Probes,
    readings: Readings,
    count: _Count,
) -> EmotionRead:
    """Return all that is found without asking the subject anything."""
    affect, which, name = probes.affect, probes.which, ground.identity.name
    plane, places = plane_of(table, (which or affect).nest.layer, request.sides)
    matrices = [matrix(table, affect, families=False)]
    if which is not None:
        matrices.append(matrix(table, which, families=True))
    carried = by_layer_carried(table, affect, which, count)
    words = f"mean of the token embeddings of {name}"
    return EmotionRead(
        model=name,
        worn=request.worn,
        stimuli=request.source,
        preset=request.preset,
        seed=request.seed,
        depth=table.depth,
        pooling=POOLING,
        affect=affect.nest,
        keyword=probes.keyword.nest if probes.keyword else None,
        which=which.nest if which else None,
        which_keyword=probes.named.nest if probes.named else None,
        topic=family_area_of(table, readings, table.rows("neutral")),
        which_less_topic=probes.less_topic.nest if probes.less_topic else None,
        beyond=probe_words(table, affect, which),
        layers=by_layer(table, probes, carried, count),
        control=probes.control,
        alarm=alarm_of(table, affect, readings.affect),
        families=families_of(table, affect, which, probes.named, places, request.sides),
        transfer=tuple(matrices),
        plane=plane,
        states=states_of(table, readings),
        dose=doses_of(table, readings),
        leakage=check_leakage(request.stimuli, table.states.words, words, seed=request.seed),
    )


def readings_of(table: Table, affect: Probed, which: Probed | None) -> Readings:
    """Return the readings of all texts at the layers that are read."""
    at_large = table.carried(affect.nest.layer, affect.nest.penalty, affect.rows, affect.labels)[:, 0]
    if which is None:
        return Readings(at_large, np.full((len(at_large), max(len(table.families), 1)), np.nan))
    families = table.carried(which.nest.layer, which.nest.penalty, which.rows, which.labels)
    return Readings(at_large, families)


def texts_of(table: Table, readings: Readings, asked: Rows, given: Reports) -> tuple[TextRead, ...]:
    """Return every stimulus with its readings, and its report where it was asked of."""
    own, reports = readings.own(table), np.full(len(table.stimuli), np.nan)
    reports[asked] = given.state
    return tuple(
        TextRead(
            s.id, s.text, s.emotion, s.kind, s.pair, s.person, s.form, s.step,
            float(readings.affect[n]), float(own[n]), float(reports[n]), int(table.states.tokens[n]),
        )
        for n, s in enumerate(table.stimuli)
    )  # fmt: skip
