"""``profile`` and ``demo``: the main job."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfscope.cli.gate import Condition, FailOn, gate_code
from selfscope.cli.identity import path_of
from selfscope.cli.limits import (
    AdapterFlag,
    BudgetFlag,
    CapFlag,
    DryRun,
    JudgeFlag,
    JudgeMayFlag,
    Limits,
    PriceFlag,
    StateFlag,
    limits_of,
)
from selfscope.cli.planned import plan_one
from selfscope.cli.show import JsonFlag, command_line, console, counting, print_json, writing
from selfscope.errors import BadInput

if TYPE_CHECKING:
    from selfscope.models.adapters import Adapter
    from selfscope.models.ground import Ground
    from selfscope.studies.conclude import Outcome
    from selfscope.studies.profile import ProfileRequest
    from selfscope.studies.trainings import Trainings
    from selfscope.values import Finding, ItemSet


#: Canonical JSON, which names a study, holds integers up to here exactly.
LARGEST_SEED = 2**53 - 1


class PresetName(StrEnum):
    """How much is asked; measurement.md §2."""

    DEMO = "demo"
    STANDARD = "standard"
    FULL = "full"


def profile(
    identity: Annotated[
        str,
        typer.Argument(
            metavar="PATH|none", help="A text or Markdown file, a workspace, a character card, or none."
        ),
    ],
    model: Annotated[
        str,
        typer.Option("--model", "-m", help="embedded, gemma-270m, a folder, a hub id, openai/…, phantom:…"),
    ],
    channels: Annotated[
        str,
        typer.Option(help="Comma-separated: self_report, utterance, indirect, open, behaviour, internal."),
    ] = "self_report,utterance",
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="none, generic, persona, checklist, shuffled, ablate:ROLE, or a path; of an adapter without "
            "identity: none, and folders of other adapters. Repeatable."
        ),
    ] = None,
    adapter: AdapterFlag = None,
    cap: CapFlag = "",
    state: StateFlag = "",
    judge: JudgeFlag = None,
    judge_may_be_subject: JudgeMayFlag = False,
    items: Annotated[
        Path | None, typer.Option(help="Your own statements: JSONL, CSV or YAML; see docs/how-to/items.md.")
    ] = None,
    preset: Annotated[PresetName, typer.Option(help="How much is asked.")] = PresetName.STANDARD,
    seed: Annotated[
        int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness; same seed, same numbers.")
    ] = 0,
    fail_on: FailOn = None,
    dry_run: DryRun = False,
    budget: BudgetFlag = "",
    price: PriceFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Say which dimensions of a model's self-model an identity moves, how surely, and if it is the trait."""
    from selfscope.models.choose import choose_ground
    from selfscope.studies.store import runs_folder

    limits = limits_of(budget, price)
    if identity == "none" and not (adapter and against):
        _refuse_comparisons(against, fail_on)
    request = request_of(identity, channels, against, adapter, items, preset, seed, state)
    request = judged_by(request, judge, judge_may_be_subject)
    worn, wardrobe = worn_by(request, adapter)
    if dry_run:
        plan_one(request, model, limits, as_json, adapter=worn, wardrobe=wardrobe, cap=cap)
        return
    logs = runs_folder() / "logs"
    ground = choose_ground(model, log_folder=logs, adapter=worn, wardrobe=wardrobe, cap=cap)
    outcome = asyncio.run(_ask(request, ground, as_json, limits=limits))
    _show(outcome, as_json)
    raise typer.Exit(gate_code(outcome.findings, fail_on, outcome.unavailable))


def worn_by(request: ProfileRequest, given: list[str] | None) -> tuple[str, tuple[Adapter, ...]]:
    """Return the adapter that the ground wears, "" if none, and those that single arms wear.

    Raises
    ------
    BadInput
        If there are several, and they are not compared with other trainings.
    """
    if request.trainings is not None:
        return "", request.trainings.all
    if given and len(given) > 1:
        raise BadInput(
            "one subject wears one adapter",
            got=", ".join(given),
            fix="Give --adapter once; or compare seeds of one training: profile none --adapter … --against …",
        )
    return (given[0] if given else ""), ()


def request_of(
    identity: str,
    channels: str,
    against: list[str] | None,
    adapter: list[str] | None,
    items: Path | None,
    preset: PresetName,
    seed: int,
    state: str = "",
) -> ProfileRequest:
    """Return the request that the arguments of ``profile`` and ``plan`` say."""
    from selfscope.instruments.cluster.load import load_cluster
    from selfscope.instruments.user_items import load_user_items
    from selfscope.studies.profile import CONTROLS, ProfileRequest

    trainings = _trainings(adapter, against) if identity == "none" and adapter and against else None
    classes, texts = ((), ()) if trainings else control_texts(tuple(against or CONTROLS[preset.value]))
    return ProfileRequest(
        identity=identity_of(identity, state),
        items=load_user_items(items) if items else load_cluster(),
        preset=preset.value,
        channels=channel_names(channels),
        against=classes,
        own_controls=texts,
        seed=seed,
        trainings=trainings,
    )


def judged_by(request: ProfileRequest, judges: list[str] | None, may_be_subject: bool) -> ProfileRequest:
    """Return a request with the judges that were named; BadInput if nothing is judged."""
    if (judges or may_be_subject) and "open" not in request.channels:
        raise BadInput(
            "only free answers are judged",
            got=f"--judge without the channel open, in {', '.join(request.channels)}",
            fix="Add open to --channels, or leave the judge out",
        )
    return replace(request, judges=tuple(judges or ()), judge_may_be_subject=may_be_subject)


def _trainings(adapter: list[str], against: list[str]) -> Trainings:
    """Return what an adapter is compared with: other adapters, and with ``none`` the weights themselves."""
    from selfscope.models.adapters import adapters_in
    from selfscope.studies.trainings import trainings_of

    names = [name.strip() for given in against for name in given.split(",") if name.strip()]
    subjects = [each for given in adapter for each in adapters_in(given)]
    others = [each for name in names if name != "none" for each in adapters_in(name)]
    return trainings_of(subjects, others, bare="none" in names)


def demo(
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Names all randomness.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """Profile the example identity on the embedded model, beside two phantoms and a training; under 3 min."""
    from selfscope.models.choose import choose_ground
    from selfscope.studies.demo import demo_request, demo_trainings

    ground = choose_ground("embedded", wardrobe=demo_trainings().all)
    outcome = asyncio.run(_ask(demo_request(seed), ground, as_json, examples=True))
    _show(outcome, as_json)


async def _ask(
    request: ProfileRequest,
    ground: Ground,
    as_json: bool,
    examples: bool = False,
    limits: Limits | None = None,
) -> Outcome:
    from selfscope.studies.conclude import conclude
    from selfscope.studies.demo import MENTIONED, example_training, training_request
    from selfscope.studies.phantoms import example_phantoms, teach
    from selfscope.studies.profile import build_profile
    from selfscope.studies.run import run_study
    from selfscope.studies.store import RunStore

    try:
        study = build_profile(request, ground)
        teach(ground, study, request.items)
        store = RunStore.of(study)
        with counting(study.title) as progress:
            budget = limits.budget_on(ground) if limits is not None else None
            unavailable = await run_study(
                study, request.items, ground, store, progress=progress, budget=budget
            )
        planted = await example_phantoms(study, request.items, MENTIONED) if examples else ()
        command = command_line()
        outcome = conclude(store, study, request.items, ground.identity, unavailable, planted, command)
        if not examples:
            return outcome
        with counting("an adapter and its control") as progress:
            trained = await example_training(ground, training_request(request.seed), progress, command)
        return replace(outcome, trainings=(trained,))
    finally:
        await ground.close()


def _show(outcome: Outcome, as_json: bool) -> None:
    from selfscope.cli.page import run_view
    from selfscope.report import render_summary, write_report

    view = run_view(outcome)
    with writing("the page"):
        report = write_report(view, outcome.store.report)
    if as_json:
        print_json(summary_json(outcome, report))
        return
    console().print(render_summary(view))
    console().print(str(report), markup=False, soft_wrap=True)


def summary_json(outcome: Outcome, report: Path) -> dict[str, Any]:
    """Return what ``profile --json`` prints (schema: ``selfscope schema profile``)."""
    return {
        "run": outcome.store.run,
        "report": str(report),
        "subjects": outcome.subjects,
        "findings": in_words(outcome.findings, outcome.items),
        "levels": outcome.analysis.levels,
        "phantoms": outcome.phantoms,
        "trainings": [
            replace(t, findings=tuple(in_words(t.findings, outcome.items))) for t in outcome.trainings
        ],
        "sensitivity": outcome.analysis.sensitivity,
        "reliability": outcome.analysis.reliability,
        "biases": outcome.analysis.biases,
        "answering": outcome.analysis.answering,
        "outcomes": outcome.analysis.outcomes,
        "profiles": outcome.analysis.profiles,
        "cluster": outcome.analysis.cluster,
        "matching": outcome.analysis.matching,
        "exchange": outcome.analysis.exchange,
        "directions": outcome.analysis.directions,
        "agreement": outcome.analysis.agreement,
        "unavailable": outcome.unavailable,
        "warnings": outcome.analysis.warnings,
    }


def in_words(findings: Sequence[Finding], items: ItemSet) -> list[Finding]:
    """Return findings with their sentences, as the page says them."""
    from selfscope.report.sentences import finding_sentence

    titles = {d.name: d.title for d in items.dimensions}
    return [
        replace(f, sentence=finding_sentence(f, titles.get(f.dimension, f.dimension), f.subject))
        for f in findings
    ]


def identity_of(identity: str, state: str = "") -> Any:
    """Return the reading of what was given as PATH, or of a version of its State; None for ``none``."""
    from selfscope.subjects import read_identity

    if state:
        from selfscope.agent.as_identity import identity_at

        if identity == "none":
            raise BadInput("a State is of a workspace", got="none", fix="Give the workspace as PATH")
        return identity_at(path_of(identity), state)
    return None if identity == "none" else read_identity(path_of(identity))


def channel_names(given: str) -> tuple[str, ...]:
    """Return the channels of a comma-separated list; BadInput if it names none."""
    names = tuple(name.strip() for name in given.split(",") if name.strip())
    if not names:
        raise BadInput(
            "no channel was named",
            got=given,
            fix="Choose from: self_report, utterance, indirect, open, behaviour, internal",
        )
    return names


def _refuse_comparisons(against: list[str] | None, fail_on: Condition | None) -> None:
    """Refuse what cannot be had of a bare model, rather than leave it out in silence."""
    if against:
        raise BadInput(
            "a bare model is compared with nothing", got=f"--against {', '.join(against)}", fix="Leave it out"
        )
    if fail_on is not None:
        raise BadInput(
            "a bare model has levels and no verdicts, so the gate could never close",
            got=f"--fail-on {fail_on.value}",
            fix="Give an identity, or leave the gate out",
        )


def control_texts(against: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Split what ``--against`` was given into classes and the user's own texts."""
    from selfscope.subjects import read_identity, role_to_ablate
    from selfscope.values.finding import CONTROL_CLASSES

    names = [name.strip() for given in against for name in given.split(",") if name.strip()]
    if not names:
        raise BadInput(
            "no control was named", fix=f"Choose from {', '.join(CONTROL_CLASSES)}, or give a path"
        )
    made = [n for n in names if n in CONTROL_CLASSES or role_to_ablate(n) is not None]
    classes = tuple(dict.fromkeys(made))
    texts = tuple(n for n in names if n not in made)
    missing = [t for t in texts if not Path(t).exists()]
    if missing:
        raise BadInput(
            "no such control",
            got=", ".join(missing),
            fix=f"Choose from {', '.join(CONTROL_CLASSES)}, ablate:ROLE, or give a path that exists",
        )
    return classes, tuple(read_identity(Path(t)) for t in texts)
