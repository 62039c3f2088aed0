"""From observations to findings: one way, for real runs and for phantoms alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from selfscope.instruments.instrument import instrument_for
from selfscope.models.ground import GroundIdentity
from selfscope.stats.atoms import ArmScores, stack_texts
from selfscope.stats.bias import Effect, pooled, pooled_contrast
from selfscope.stats.family import judge
from selfscope.stats.findings import level_findings, row_findings
from selfscope.stats.level import level
from selfscope.stats.reliability import alternate, generalizability, parallel_forms, split_half
from selfscope.stats.results import FamilyResult, Gates, Settings
from selfscope.stats.sensitivity import Sensitivity, sensitivity
from selfscope.studies.panel import FEWEST_CHARACTERS, Panel
from selfscope.studies.scores import KEY, Layout, arm_scores
from selfscope.values import Ask, Cell, Estimate, Finding, Gate, ItemSet, Reliability, Study
from selfscope.values.study import ArmRole, Question

if TYPE_CHECKING:
    import pandas as pd

BiasKind = Literal["acquiescence", "fluency", "position", "label"]
#: Control classes in the order in which they are shown.
CLASSES: tuple[ArmRole, ...] = ("none", "generic", "persona", "checklist", "shuffled")
STATES = {1: "pass", 0: "fail"}
#: How warnings name a channel.
CHANNEL_WORDS = {"utterance": "In its own words", "self_report": "When asked"}


@dataclass(frozen=True)
class Checked:
    """One row of the sensitivity check: high minus low, a half contrast in log-odds, by dimension."""

    dimension: str
    channel: str
    estimate: float
    lower: float
    sesoi: float
    verdict: str


@dataclass(frozen=True)
class Reliable:
    """What the panel says of the instrument on one dimension and channel.

    `generalizability` is E rho squared over characters with its interval; `split_half` is over statements,
    `parallel_forms` over disjoint halves of the forms. NaN where they cannot be had.
    """

    dimension: str
    channel: str
    generalizability: Reliability
    split_half: float
    parallel_forms: float


@dataclass(frozen=True)
class BiasShown:
    """A response bias pooled over dimensions: the subject's own level, or its change against a class."""

    channel: str
    kind: BiasKind
    who: str
    estimate: Estimate
    change: bool
    p_adjusted: float


@dataclass(frozen=True)
class Analysis:
    """All that came of a run's observations."""

    findings: tuple[Finding, ...] = ()
    levels: tuple[Finding, ...] = ()
    sensitivity: tuple[Checked, ...] = ()
    reliability: tuple[Reliable, ...] = ()
    biases: tuple[BiasShown, ...] = ()
    warnings: tuple[str, ...] = ()
    changes: tuple[str, ...] = field(default=())


def analyse(
    study: Study,
    items: ItemSet,
    observations: pd.DataFrame,
    panel: Panel | None,
    ground: GroundIdentity,
    *,
    settings: Mapping[str, Settings] | None = None,
) -> Analysis:
    """Return the findings of a study.

    Parameters
    ----------
    observations
        The observation table of the run.
    panel
        The reliability panel of the ground; None reads ``not estimated``.
    settings
        By channel, where they differ from the law's defaults; the difference is printed.
    """
    parts = [
        _Channel(study, items, question, observations, panel, ground, settings or {}).analysis()
        for question in study.questions
        if (observations["channel"] == question.channel).any()
    ]
    return Analysis(
        tuple(f for part in parts for f in part.findings),
        tuple(f for part in parts for f in part.levels),
        tuple(row for part in parts for row in part.sensitivity),
        tuple(row for part in parts for row in part.reliability),
        tuple(row for part in parts for row in part.biases),
        tuple(dict.fromkeys(w for part in parts for w in part.warnings)),
        tuple(dict.fromkeys(c for part in parts for c in part.changes)),
    )


class _Channel:
    """One channel of one study on its way from rows to findings."""

    def __init__(
        self,
        study: Study,
        items: ItemSet,
        question: Question,
        observations: pd.DataFrame,
        panel: Panel | None,
        ground: GroundIdentity,
        settings: Mapping[str, Settings],
    ) -> None:
        self.study = study
        self.items = items
        self.question = question
        self.panel = panel
        self.ground = ground
        self.rows = observations[observations["channel"] == question.channel]
        asks = instrument_for(question.channel).asks(items, study.preset, question.constructs)
        self.layout = Layout.of(asks)
        self.settings = settings.get(question.channel) or self._settings()

    def analysis(self) -> Analysis:
        checks = self._sensitivity()
        reliable = self._reliability()
        subject = self.scores(self.study.subject.name)
        controls = self._controls()
        common = {
            "sensitivity": self._checked(checks),
            "reliability": reliable,
            "warnings": self._warnings(reliable),
            "changes": self.settings.changes(),
        }
        if not controls:
            return Analysis(levels=self._levels(subject, checks), **common)  # type: ignore[arg-type]
        result = judge(
            subject,
            controls,
            self.layout.keyed,
            settings=self.settings,
            gates=Gates(checks.state, np.array([r.generalizability.coefficient for r in reliable])),
            forms=self.layout.forms,
            declared=np.array([d in self.question.declared for d in self.layout.dimensions]),
        )
        findings = row_findings(
            result,
            self.layout.dimensions,
            channel=self.question.channel,
            subject=self.study.subject.name,
            reliability=[_known(r.generalizability) for r in reliable],
        )
        biases = (*self._own_biases(subject), *self._bias_changes(result))
        return Analysis(findings=tuple(findings), biases=biases, **common)  # type: ignore[arg-type]

    def scores(self, *characters: str) -> ArmScores:
        """Return the scores of one arm, or of several that split the statements between them."""
        return arm_scores(self.rows[self.rows["character"].isin(characters)], self.layout)

    def _settings(self) -> Settings:
        screening = self.items.name != "cluster"
        correction: Literal["holm", "benjamini-hochberg"] = "benjamini-hochberg" if screening else "holm"
        if self.question.channel == "utterance":
            return Settings.utterance(correction=correction, seed=self.study.seed)
        return Settings(sesoi=self.question.sesoi, correction=correction, seed=self.study.seed)

    def _controls(self) -> dict[str, ArmScores]:
        found: dict[str, ArmScores] = {}
        for name in CLASSES:
            arms = self.study.arms_of(name)
            if arms:
                found[name] = stack_texts([self.scores(arm.name) for arm in arms])
        for arm in self.study.arms_of("control"):
            found[arm.name] = self.scores(arm.name).as_text()
        return found

    def _sensitivity(self) -> Sensitivity:
        high, low = (self._wordings(role) for role in ("high", "low"))
        return sensitivity(high, low, self.layout.keyed, sesoi=self.settings.sesoi)

    def _wordings(self, role: ArmRole) -> np.ndarray:
        """Return D of a role's characters, (wording, dimension, m), NaN where a wording was not asked."""
        arms: dict[int, list[str]] = {0: [], 1: []}
        for arm in self.study.arms_of(role):
            arms[arm.half or 0].append(arm.name)
        return np.stack([self.scores(*names).d for names in arms.values()])

    def _checked(self, checks: Sensitivity) -> tuple[Checked, ...]:
        return tuple(
            Checked(
                name,
                self.question.channel,
                float(checks.contrast.estimate[d]),
                float(checks.lower[d]),
                self.settings.sesoi,
                STATES.get(int(checks.state[d]), "not estimated"),
            )
            for d, name in enumerate(self.layout.dimensions)
        )

    def _reliability(self) -> tuple[Reliable, ...]:
        names, channel = self.layout.dimensions, self.question.channel
        unknown = Reliability(float("nan"), (float("nan"), float("nan")), "not estimated")
        if self.panel is None or self.panel.fits(self.ground, self.study.items):
            return tuple(Reliable(n, channel, unknown, float("nan"), float("nan")) for n in names)
        return panel_reliability(self.panel, channel, self.layout)

    def _levels(self, subject: ArmScores, checks: Sensitivity) -> tuple[Finding, ...]:
        if self.question.channel == "utterance":
            return ()
        found = level(subject, self.layout.keyed, forms=self.layout.forms)
        findings = level_findings(
            found,
            subject,
            self.layout.dimensions,
            channel=self.question.channel,
            subject=self.study.subject.name,
            sesoi=self.settings.sesoi,
        )
        states = [STATES.get(int(s), "not estimated") for s in np.broadcast_to(checks.state, len(findings))]
        return tuple(replace(f, gate=Gate(g1=s)) for f, s in zip(findings, states, strict=True))

    def _own_biases(self, subject: ArmScores) -> Iterable[BiasShown]:
        if self.layout.forms is None or not self.layout.twins:
            return
        own = level(subject, self.layout.keyed, forms=self.layout.forms)
        who = self.study.subject.name
        if own.agreement is not None:
            a = own.agreement
            effect = pooled(Effect(a.estimate, a.ci95, a.p_t, a.se, a.df))
            yield self._bias("acquiescence", who, effect, change=False)
        if own.forms is not None:
            yield self._bias("position", who, pooled(own.forms.position), change=False)
            yield self._bias("label", who, pooled(own.forms.label), change=False)

    def _bias_changes(self, result: FamilyResult) -> Iterable[BiasShown]:
        kind: BiasKind = "fluency" if self.layout.forms is None else "acquiescence"
        for name, row in result.rows.items():
            if row.agreement is not None:
                yield self._bias(kind, name, pooled_contrast(row.agreement.acquiescence), change=True)
            if row.forms is not None:
                yield self._bias("position", name, pooled(row.forms.position), change=True)
                yield self._bias("label", name, pooled(row.forms.label), change=True)

    def _bias(self, kind: BiasKind, who: str, effect: Effect, *, change: bool) -> BiasShown:
        ci = (float(effect.ci95[0]), float(effect.ci95[1]))
        estimate = Estimate(float(effect.estimate), ci)
        return BiasShown(self.question.channel, kind, who, estimate, change, float(effect.p))

    def _warnings(self, reliable: Sequence[Reliable]) -> tuple[str, ...]:
        channel = CHANNEL_WORDS.get(self.question.channel, self.question.channel)
        said = []
        if not self.study.arms_of("high"):
            said.append(f"{channel}: no sensitivity check was asked, so absence cannot be claimed.")
        if all(np.isnan(r.generalizability.coefficient) for r in reliable):
            reason = self.panel.fits(self.ground, self.study.items) if self.panel else "no panel is here"
            said.append(f"{channel}: reliability is not estimated: {reason} (selfscope panel build).")
        if self.question.channel == "utterance" and not self._controls():
            said.append(f"{channel}: a level contains word frequency; only differences are read.")
        lost = float((self.rows["refusal"] != "none").mean())
        if lost > 0:
            said.append(
                f"{channel}: {lost:.1%} of answers were refused or could not be read; they are counted."
            )
        return tuple(said)


def panel_reliability(panel: Panel, channel: str, layout: Layout) -> tuple[Reliable, ...]:
    """Return what a panel says of a channel's dimensions, over the statements and forms of `layout`."""
    frame = panel.observations[panel.observations["channel"] == channel]
    frame = frame.assign(refusal="none", scale="log_odds")
    characters = sorted(frame["character"].unique())
    wide = _panel_layout(frame, layout)
    arms = [arm_scores(frame[frame["character"] == c], wide) for c in characters]
    enough = len(arms) >= FEWEST_CHARACTERS
    d = np.stack([arm.d for arm in arms]) if arms else np.full((1, *layout.keyed.shape), np.nan)
    found = generalizability(d, wide.keyed)
    halves = split_half(d, wide.keyed) if enough else np.full(len(layout.dimensions), np.nan)
    kind = f"generalizability over {len(arms)} characters x {d.shape[-1]} statements"
    forms = np.full(len(layout.dimensions), np.nan)
    if enough and wide.forms is not None:
        by_form = np.stack([arm.d_forms for arm in arms if arm.d_forms is not None])
        forms = parallel_forms(by_form, wide.keyed, alternate(by_form.shape[-1]))
    return tuple(
        Reliable(
            name,
            channel,
            Reliability(float(found.coefficient[n]), _interval(found.ci95[n]), kind),
            float(halves[n]),
            float(forms[n]),
        )
        for n, name in enumerate(layout.dimensions)
    )


def _panel_layout(frame: pd.DataFrame, layout: Layout) -> Layout:
    """Return the layout of a panel's own design, over the dimensions and statements of `layout`."""
    wanted = {item for own in layout.items for item in own}
    one = frame[frame["item"].isin(wanted)].drop_duplicates(
        ["item", "polarity", "template", "format", "order", "label", "position"]
    )
    order = {name: n for n, name in enumerate(layout.dimensions)}
    rank = {item: n for own in layout.items for n, item in enumerate(own)}
    columns = ["construct", "channel", "item", "keyed", "polarity", *KEY[3:]]
    cells = [Cell("panel", *row) for row in one[columns].itertuples(index=False, name=None)]
    cells.sort(key=lambda c: (order[c.construct], rank[c.item]))
    return Layout.of([Ask(cell, "") for cell in cells])


def _interval(ci: np.ndarray) -> tuple[float, float]:
    return float(ci[0]), float(ci[1])


def _known(reliability: Reliability) -> Reliability | None:
    return None if np.isnan(reliability.coefficient) else reliability
