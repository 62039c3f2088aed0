"""From a finished run to the view that a page shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from selfscope.instruments.instrument import instrument_for
from selfscope.instruments.open.constructed import REGISTERS
from selfscope.instruments.own_items import items_asked
from selfscope.models.catalogue import BUILT_IN
from selfscope.report import (
    ControlText,
    JudgeRow,
    Manifest,
    OutcomeRow,
    PhantomExample,
    PooledBias,
    ProfileRow,
    ReliabilityRow,
    RunView,
    SensitivityRow,
    SubjectText,
    TrainingExample,
)
from selfscope.studies.analysis import Analysis
from selfscope.studies.compare import FORMER, Comparison
from selfscope.studies.conclude import Outcome
from selfscope.studies.open_declare import OPEN
from selfscope.studies.open_judges import stored_checks
from selfscope.studies.phantoms import PhantomShown
from selfscope.studies.store import RunStore
from selfscope.subjects import claims_of
from selfscope.values import Estimate, ItemSet, Statement, Study, Usage, short
from selfscope.values.study import ASIDE, Arm

_CONTROLS = ("none", "generic", "persona", "checklist", "shuffled", "control", "training")


def run_view(outcome: Outcome) -> RunView:
    """Return what the page of a run shows."""
    store, study = outcome.store, outcome.study
    usage = Usage()
    for part in outcome.usage.values():
        usage = usage.plus(part)
    return RunView(
        manifest=_manifest(store, study, usage, outcome.analysis),
        subject=_subject(study),
        findings=outcome.findings,
        dimensions=outcome.items.dimensions,
        controls=tuple(_controls(study)),
        levels=outcome.analysis.levels,
        phantoms=tuple(_phantom(p) for p in outcome.phantoms),
        trainings=tuple(TrainingExample(**vars(t)) for t in outcome.trainings),
        cluster=outcome.analysis.cluster,
        agreement=outcome.analysis.agreement,
        observations=store.observations() if store.finished else None,
        evidence=store.evidence() if store.finished else None,
        warnings=outcome.analysis.warnings,
        unavailable=tuple(outcome.unavailable.items()),
        own_items=_own_items(study, outcome.items),
        judges=tuple(_judges(store)),
        logs=_logs(store, study),
        **_checks(outcome.analysis),
    )


def _judges(store: RunStore) -> Iterable[JudgeRow]:
    """Yield how well the judges of a run's free answers read, in either style."""
    for check in stored_checks(store):
        for style in REGISTERS:
            error = check.row(style).error
            sensitivity, specificity = error.sensitivity, error.specificity
            yield JudgeRow(
                check.judge,
                style,
                int(check.row(style).right.asked),
                Estimate(sensitivity.estimate, sensitivity.ci95),
                Estimate(specificity.estimate, specificity.ci95),
                Estimate(error.accuracy, error.accuracy_ci95),
                Estimate(float(check.faked.estimate), tuple(map(float, check.faked.ci90))),  # type: ignore[arg-type]
                check.believed,
                check.reasons,
            )


def _logs(store: RunStore, study: Study) -> tuple[tuple[str, str], ...]:
    """Return Inspect's logs of the arms, as paths beside the page."""
    if study.open is None or not store.finished:
        return ()
    rows = store.observations()
    rows = rows[rows["channel"] == OPEN]
    own = rows[rows["character"].isin([a.name for a in study.arms if a.role not in ASIDE])]
    named = own["evidence"].str.partition("#")[0]
    return tuple(
        (f"logs/{quote(log)}", str(who))
        for log, who in dict(zip(named, own["character"], strict=True)).items()
    )


def _own_items(study: Study, items: ItemSet) -> tuple[Statement, ...]:
    """Return what the channels ask that do not ask the statements of the item set."""
    owners = [instrument_for(q.asker) for q in study.questions if q.material]
    return tuple(s for owner in owners for s in items_asked(owner, items).statements)


def comparison_view(a: RunStore, b: RunStore, comparison: Comparison) -> RunView:
    """Return what the page of a comparison shows: run B's subject against run A's."""
    import pandas as pd

    first, second = comparison.studies
    former = a.observations()
    former = former[former["character"] == first.subject.name].assign(character=FORMER)
    arm = Arm(FORMER, "control", first.subject.system, tokens=first.subject.tokens)
    return RunView(
        manifest=_manifest(b, second, Usage(), comparison.analysis),
        subject=_subject(second),
        findings=comparison.findings,
        dimensions=comparison.items.dimensions,
        controls=(_control(arm, second.subject.tokens),),
        cluster=comparison.analysis.cluster,
        observations=pd.concat([former, b.observations()], ignore_index=True),
        evidence=b.evidence(),
        warnings=comparison.analysis.warnings,
        unavailable=tuple(comparison.unavailable.items()),
        own_items=_own_items(second, comparison.items),
        baseline=_subject(first),
        baseline_manifest=_manifest(a, first, Usage(), comparison.analysis),
        **_checks(comparison.analysis),
    )


def _manifest(store: RunStore, study: Study, usage: Usage, analysis: Analysis) -> Manifest:
    written = store.read_json("manifest.json")
    return Manifest(
        title=study.title,
        command=str(written.get("command", "")),
        study=study.id,
        run=store.run,
        model=_model(study.ground),
        ground=study.ground,
        seed=study.seed,
        preset=study.preset,
        items=study.items,
        items_name=study.items_name,
        software=study.software,
        started=str(written.get("started", "")),
        finished=str(written.get("concluded", "")),
        usage=usage,
        changes=(*study.changes, *analysis.changes),
    )


def _model(ground: Mapping[str, Any]) -> str:
    """Return what the world calls a model, and the adapter that it wears."""
    name = str(ground.get("name", ""))
    adapter = str((ground.get("extra") or {}).get("adapter", ""))
    title = BUILT_IN[name].title if name in BUILT_IN else name
    return f"{title} with the adapter {short(adapter)}" if adapter else title


def _subject(study: Study) -> SubjectText:
    arm = study.subject
    claims = len(claims_of(arm.system)) if arm.system is not None else None
    return SubjectText(study.subject_name, arm.system, arm.tokens, claims, notes=arm.notes)


def _controls(study: Study) -> Iterable[ControlText]:
    for role in _CONTROLS:
        for arm in study.arms_of(role):  # type: ignore[arg-type]
            yield _control(arm, study.subject.tokens)


def _control(arm: Arm, tokens: int) -> ControlText:
    ratio = arm.tokens / tokens if tokens and arm.system is not None else float("nan")
    return ControlText(arm.role, arm.name, arm.tokens, ratio, arm.system, arm.notes)


def _phantom(shown: PhantomShown) -> PhantomExample:
    return PhantomExample(shown.name, shown.planted, shown.analysis.findings, shown.dimensions)


def _checks(analysis: Analysis) -> dict[str, Any]:
    rows = tuple(
        SensitivityRow(c.dimension, c.channel, c.estimate, c.lower, c.sesoi, c.verdict)
        for c in analysis.sensitivity
    )
    biases = tuple(
        PooledBias(b.channel, b.kind, b.who, b.estimate, b.change, b.p_adjusted) for b in analysis.biases
    )
    return {
        "sensitivity": rows,
        "biases": biases,
        "reliability": tuple(
            ReliabilityRow(
                r.dimension, r.channel, r.generalizability.coefficient, r.generalizability.ci, r.grade,
                r.split_half, r.parallel_forms, r.spread, r.here,
            )
            for r in analysis.reliability
            if r.grade != "not estimated"
        ),
        "apart": {item: x for row in analysis.matching for item, x in row.apart.items()},
        "exchange": analysis.exchange,
        "directions": analysis.directions,
        "profiles": tuple(
            ProfileRow(p.channel, p.control, p.coefficient, p.dimensions) for p in analysis.profiles
        ),
        "outcomes": tuple(
            OutcomeRow(o.channel, o.who, o.answered, o.refused, o.unparsed, o.incoherent)
            for o in analysis.outcomes
        ),
    }  # fmt: skip
