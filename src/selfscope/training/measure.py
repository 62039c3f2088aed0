"""Profile adapters by seed and by training, and print what came of it as Markdown::

    python -m selfscope.training.measure selfscope-adapters            # every adapter in the folder
    python -m selfscope.training.measure FOLDER --preset demo --channels utterance
    python -m selfscope.training.measure FOLDER --figures FILE         # and keep them as JSON

Every adapter and the weights before training are asked once, in one study that can be resumed. The same
answers are then judged with each training in turn as the subject and the others as its controls.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.cluster.load import load_cluster
from selfscope.instruments.instrument import asks_in
from selfscope.models.adapters import Adapter, adapters_in
from selfscope.models.ground import Ground
from selfscope.stats.strata import score
from selfscope.studies.analyse import analyse
from selfscope.studies.analysis import Analysis, Checked
from selfscope.studies.profile import ProfileRequest, build_profile
from selfscope.studies.run import RunProgress, run_study
from selfscope.studies.scores import Layout, arm_scores
from selfscope.studies.store import RunStore
from selfscope.studies.trainings import CHECKS, Trainings, trainings_of
from selfscope.training.figures import write_figures
from selfscope.values import Arm, Finding, ItemSet, Question, Study
from selfscope.values.finding import NO_TRAINING, TRAINING
from selfscope.values.study import PRESETS, ArmRole, Preset

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Measured:
    """What a study of adapters comes to.

    `moves` are θ̂ of each adapter minus that of the weights before training, by channel, dimension and adapter
    (a half contrast); `findings` those of every training, each row against one control; `sensitivity` is the
    check by the adapters ``high`` and ``low``, and `asked` when the study was declared, ISO 8601.
    """

    study: Study
    moves: dict[tuple[str, str, str], float]
    findings: tuple[Finding, ...]
    sensitivity: tuple[Checked, ...]
    asked: str


def compared(adapters: Sequence[Adapter]) -> Trainings:
    """Return the study of all adapters: the first training is the subject, the others are its controls."""
    first = next((a.training for a in adapters if a.training not in CHECKS), None)
    if first is None:
        raise BadInput("there is no adapter to profile", fix="Train some: selfscope adapters build conscious")
    return trainings_of([a for a in adapters if a.training == first], adapters, bare=True)


async def measure(
    adapters: Sequence[Adapter],
    ground: Ground,
    *,
    preset: Preset = "standard",
    channels: tuple[str, ...] = ("utterance", "self_report"),
    dimensions: tuple[str, ...] = (),
    progress: RunProgress | None = None,
) -> Measured:
    """Ask every adapter and the bare weights once, and judge the answers for each training.

    `dimensions` are those that are asked; empty means all.
    """
    items, trainings = load_cluster(), compared(adapters)
    asked = tuple((channel, dimensions) for channel in channels if dimensions)
    request = ProfileRequest(None, items, preset, channels, constructs=asked, trainings=trainings)
    study = build_profile(request, ground)
    store = RunStore.of(study)
    await run_study(study, items, ground, store, progress=progress)
    rows = store.observations()
    moves = {key: value for q in study.questions for key, value in moves_of(study, items, q, rows)}
    parts = list(analyses_of(study, items, rows, ground))
    findings = tuple(f for part in parts for f in part.findings)
    return Measured(study, moves, findings, parts[0].sensitivity, store.started)


def moves_of(
    study: Study, items: ItemSet, question: Question, rows: pd.DataFrame
) -> Iterator[tuple[tuple[str, str, str], float]]:
    """Yield how far each adapter moved each dimension from the weights before training."""
    layout = Layout.of(asks_in(question, items, study.preset))
    own = rows[rows["channel"] == question.channel]
    theta = {
        arm.name: score(arm_scores(own[own["character"] == arm.name], layout).d, layout.keyed)
        for arm in study.arms
        if arm.role in ("subject", "training", *CHECKS)
    }
    for name, found in theta.items():
        for d, dimension in enumerate(layout.dimensions):
            yield (question.channel, dimension, name), float(found[d] - theta[NO_TRAINING][d])


def analyses_of(study: Study, items: ItemSet, rows: pd.DataFrame, ground: Ground) -> Iterator[Analysis]:
    """Yield what comes of each training as the subject, the others being its controls."""
    names = dict.fromkeys(a.training for a in study.arms_of("subject", "training") if a.training)
    for name in names:
        turned = replace(study, arms=tuple(_turned(arm, name) for arm in study.arms))
        yield analyse(turned, items, rows, None, ground.identity)


def _turned(arm: Arm, subject: str) -> Arm:
    """Return an arm in the role that it has where another training is the subject."""
    if arm.role not in ("subject", "training"):
        return arm
    role: ArmRole = "subject" if arm.training == subject else "training"
    return replace(arm, role=role)


def markdown(measured: Measured) -> Iterator[str]:
    """Yield the tables: moves by seed, and the verdicts of each training."""
    for question in measured.study.questions:
        yield from _moves_table(measured, question)
        yield from _verdict_table(measured, question)


def _moves_table(measured: Measured, question: Question) -> Iterator[str]:
    names = [a.name for a in measured.study.arms if a.adapter]
    yield f"\n**{question.channel}**: each adapter minus the weights before training, half contrasts\n"
    yield f"| dimension | {' | '.join(names)} |"
    yield f"| --- |{' --- |' * len(names)}"
    for dimension in _ordered(question):
        cells = [f"{measured.moves[question.channel, dimension, name]:+.2f}" for name in names]
        yield f"| {dimension} | {' | '.join(cells)} |"
    inside = [[measured.moves[question.channel, d, n] for d in question.declared] for n in names]
    sizes = [f"{np.abs(own).mean():.2f}" for own in inside]
    yield f"| mean size, {len(question.declared)} held out | {' | '.join(sizes)} |"


def _verdict_table(measured: Measured, question: Question) -> Iterator[str]:
    found = [f for f in measured.findings if f.channel == question.channel]
    heads = list(dict.fromkeys((f.subject, f.control) for f in found))
    yield f"\n**{question.channel}**: verdicts, estimate with 95 % interval, corrected p\n"
    yield f"| dimension | {' | '.join(f'{s} against {_short(c)}' for s, c in heads)} |"
    yield f"| --- |{' --- |' * len(heads)}"
    for dimension in _ordered(question):
        own = {(f.subject, f.control): f for f in found if f.dimension == dimension}
        yield f"| {dimension} | {' | '.join(_cell(own[head]) for head in heads)} |"


def _ordered(question: Question) -> list[str]:
    """Return the dimensions, what was trained first."""
    return sorted(question.constructs, key=lambda c: c in question.declared)


def _short(control: str) -> str:
    return control.removeprefix(TRAINING)


def _cell(f: Finding) -> str:
    return f"{f.verdict} {f.estimate:+.2f} ({f.ci[0]:+.2f} to {f.ci[1]:+.2f}), p {f.p_adjusted:.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the adapters of a folder and print the tables."""
    from selfscope.models.choose import choose_ground

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("folder", type=Path, help="with the folders of adapters")
    parser.add_argument("--model", default="embedded", help="the weights that they were trained on")
    parser.add_argument("--preset", choices=PRESETS, default="standard")
    parser.add_argument("--channels", default="utterance,self_report")
    parser.add_argument("--dimensions", default="", help="comma-separated; all if left out")
    parser.add_argument("--figures", type=Path, help="keep the figures in this file of JSON")
    chosen = parser.parse_args(arguments)
    adapters = adapters_in(chosen.folder)
    ground = choose_ground(chosen.model, wardrobe=adapters)
    asked = measure(
        adapters,
        ground,
        preset=chosen.preset,
        channels=tuple(chosen.channels.split(",")),
        dimensions=tuple(name for name in chosen.dimensions.split(",") if name),
    )
    measured = asyncio.run(asked)
    if chosen.figures:
        write_figures(chosen.figures, measured, adapters, _command(chosen))
    print("\n".join(markdown(measured)))


def _command(chosen: argparse.Namespace) -> str:
    """Return what makes the figures again, wherever the adapters lie."""
    own = f"{chosen.folder.name} --channels {chosen.channels} --preset {chosen.preset}"
    narrowed = f" --dimensions {chosen.dimensions}" if chosen.dimensions else ""
    return f"python -m selfscope.training.measure {own}{narrowed}"


if __name__ == "__main__":
    main()
