"""What several identities score in every channel, in standard units: from stored runs, or from a panel."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.instrument import instrument_for
from selfscope.stats.multitrait import LEAST_IDENTITIES
from selfscope.stats.results import Settings
from selfscope.stats.strata import score
from selfscope.stats.verdicts import G2_FLOOR
from selfscope.studies.agreement import STRICTEST, why_greyed
from selfscope.studies.compare import refuse_unlike
from selfscope.studies.drawn_panel import drawn_scores
from selfscope.studies.multitrait import Scored, Variable
from selfscope.studies.panel import Panel
from selfscope.studies.reliable import panel_reliability
from selfscope.studies.restore import stored_items, stored_study
from selfscope.studies.scores import Floats, Layout, arm_scores
from selfscope.studies.store import RunStore
from selfscope.studies.stored_findings import stored_findings
from selfscope.values import Finding, ItemSet, Study

PANEL_MEAN = "the mean of the panel's characters"
_CHARACTERS = (
    "The panel's characters were written to differ, and are no sample of identities.",
    "A panel has no sensitivity check (G1): what cannot be read is told by reliability (G2) alone.",
)


def of_runs(stores: Sequence[RunStore]) -> Scored:
    """Return the shifts of the subjects of several runs on one ground, against one control of the same text.

    Raises
    ------
    BadInput
        If there are under 8 runs, they are of different grounds, items or presets, two have one identity, or
        no control has the same texts in all of them.
    """
    _refuse_few(len(stores))
    studies = [stored_study(s) for s in stores]
    for each in studies[1:]:
        refuse_unlike(studies[0], each)
    _refuse_unlike_subjects(studies)
    items = stored_items(stores[0])
    found = [stored_findings(s) for s in stores]
    control = _one_control(studies, found)
    rows = [_by_variable(own, control) for own in found]
    shared = [v for v in rows[0] if all(v in own for own in rows)]
    if not shared:
        raise BadInput("the runs share no channel in which they were compared", got=f"against {control}")
    return Scored(
        tuple(s.subject_name for s in studies),
        f"{len(stores)} runs on {studies[0].ground.get('name', 'one model')}",
        control,
        {v: np.array([own[v].estimate / own[v].sesoi for own in rows]) for v in shared},
        {v: min(_coefficient(own[v]) for own in rows) for v in shared},
        dict(_greyed(shared, rows)),
        frozenset(d.name for d in items.dimensions if d.manipulation_check),
        {d.name: d.title for d in items.dimensions},
    )


def _refuse_few(n: int) -> None:
    if n < LEAST_IDENTITIES:
        raise BadInput(
            "too few identities for a correlation",
            got=n,
            fix=f"Give one run for its channels side by side, or {LEAST_IDENTITIES} or more of different "
            "identities",
        )


def _refuse_unlike_subjects(studies: Sequence[Study]) -> None:
    """Refuse runs of several grounds, and an identity that was run twice: it would count twice."""
    grounds = {str(s.ground.get("name", "")) for s in studies if s.ground != studies[0].ground}
    if grounds:
        named = ", ".join(sorted({*grounds, str(studies[0].ground.get("name", ""))}))
        raise BadInput("the runs are on several models", got=named, fix="Give runs on one model")
    texts = [(s.subject.system, s.subject.adapter) for s in studies]
    twice = sorted({s.subject_name for s, own in zip(studies, texts, strict=True) if texts.count(own) > 1})
    if twice:
        raise BadInput("two runs are of one identity", got=", ".join(twice), fix="Give each identity once")


def _one_control(studies: Sequence[Study], found: Sequence[Sequence[Finding]]) -> str:
    """Return the strictest control whose texts are the same in every run."""
    named = set.intersection(*({f.control for f in own} for own in found)) - {"all"}
    same = [c for c in named if len({_texts_of(s, c) for s in studies}) == 1]
    if not same:
        raise BadInput(
            "no control has the same texts in all runs",
            got=", ".join(sorted(named)) or "none that all have",
            fix="Profile every identity --against none, or against one file",
        )
    channels = {c: min(len({f.channel for f in own if f.control == c}) for own in found) for c in same}
    rank = {name: n for n, name in enumerate(STRICTEST)}
    return min(same, key=lambda c: (-channels[c], rank.get(c, -1)))


def _texts_of(study: Study, control: str) -> tuple[tuple[str | None, str], ...]:
    arms = [a for a in study.arms if a.role == control or a.name == control]
    return tuple((a.system, a.adapter) for a in arms)


def _by_variable(findings: Sequence[Finding], control: str) -> dict[Variable, Finding]:
    found: dict[Variable, Finding] = {}
    for f in findings:
        if f.control == control:
            found.setdefault(Variable(f.channel, f.dimension), f)
    return found


def _coefficient(finding: Finding) -> float:
    return math.nan if finding.reliability is None else finding.reliability.coefficient


def _greyed(
    shared: Sequence[Variable], rows: Sequence[Mapping[Variable, Finding]]
) -> Iterator[tuple[Variable, str]]:
    for v in shared:
        why = [reasons[0] for own in rows if (reasons := list(why_greyed(own[v])))]
        if why:
            where = "" if len(why) == len(rows) else f" (in {len(why)} of {len(rows)} runs)"
            yield v, f"{why[0]}{where}"


def of_panel(panel: Panel, items: ItemSet) -> Scored:
    """Return how the characters of a panel differ from their mean, in every channel that it was asked.

    Raises
    ------
    BadInput
        If the panel has under 8 characters.
    """
    names = tuple(map(str, panel.observations["character"].drop_duplicates()))
    _refuse_few(len(names))
    scores: dict[Variable, Floats] = {}
    reliability: dict[Variable, float] = {}
    for channel in panel.observations["channel"].drop_duplicates():
        own_scores, own_reliability = _panel_channel(panel, items, str(channel), names)
        scores |= own_scores
        reliability |= own_reliability
    return Scored(
        tuple(n.removeprefix("panel:") for n in names),
        f"the {len(names)} characters of the panel on {panel.manifest.get('ground_name') or 'its model'}",
        PANEL_MEAN,
        scores,
        reliability,
        {v: _unreliable(r) for v, r in reliability.items() if not r >= G2_FLOOR},
        frozenset(d.name for d in items.dimensions if d.manipulation_check),
        {d.name: d.title for d in items.dimensions},
        _CHARACTERS,
    )


def _panel_channel(
    panel: Panel, items: ItemSet, channel: str, names: Sequence[str]
) -> tuple[dict[Variable, Floats], dict[Variable, float]]:
    rows = panel.observations[panel.observations["channel"] == channel]
    asked = set(rows["construct"])
    instrument = instrument_for(channel)
    dimensions = tuple(d.name for d in items.dimensions if d.name in asked)
    layout = Layout.of(instrument.asks(items, panel.manifest["preset"], dimensions))
    by_name = dict(iter(rows.groupby("character")))
    arms = [arm_scores(by_name[n], layout) for n in names]
    drawn = drawn_scores(arms, layout)
    unit = instrument.sesoi if drawn is None else Settings().points / 100
    theta = score(np.stack([a.d for a in arms]) if drawn is None else drawn.d, layout.keyed) / unit
    theta = theta - theta.mean(axis=0)
    known = {r.dimension: r.generalizability.coefficient for r in panel_reliability(panel, channel, layout)}
    variables = [(n, Variable(channel, d)) for n, d in enumerate(layout.dimensions)]
    there = [(n, v) for n, v in variables if np.isfinite(theta[:, n]).all()]
    return {v: theta[:, n] for n, v in there}, {v: known.get(v.dimension, math.nan) for _, v in there}


def _unreliable(coefficient: float) -> str:
    if math.isnan(coefficient):
        return "its reliability is not estimated"
    return f"G2 fails: {coefficient:.2f}, under {G2_FLOOR:.2f}".replace("-", "−")
