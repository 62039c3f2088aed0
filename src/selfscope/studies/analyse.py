"""From observations to findings: one way, for real runs and for phantoms alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from selfscope.instruments.instrument import instrument_for
from selfscope.models.ground import GroundIdentity
from selfscope.stats.atoms import ArmScores, stack_texts
from selfscope.stats.effects import Effect, pooled, pooled_contrast
from selfscope.stats.family import judge
from selfscope.stats.findings import level_findings, row_findings
from selfscope.stats.form_effects import FormEffects
from selfscope.stats.level import level
from selfscope.stats.multiplicity import holm
from selfscope.stats.reliability import profile_reliability
from selfscope.stats.results import FamilyResult, Gates, Settings
from selfscope.stats.sampled import DRAWS_NEEDED
from selfscope.stats.sensitivity import Sensitivity
from selfscope.studies.analysis import (
    Analysis,
    Answering,
    BiasKind,
    BiasShown,
    Checked,
    Outcomes,
    ProfileReliability,
)
from selfscope.studies.check import sensitivity_of
from selfscope.studies.panel import Panel
from selfscope.studies.reliable import Reliable, reliability_here
from selfscope.studies.scores import KEY, Layout, arm_scores
from selfscope.values import Estimate, Finding, Gate, ItemSet, Reliability, Study
from selfscope.values.study import ArmRole, Question

if TYPE_CHECKING:
    import pandas as pd

PREFERENCES: tuple[BiasKind, ...] = ("position", "label", "label_or_position")
#: Control classes in the order in which they are shown.
CLASSES: tuple[ArmRole, ...] = ("none", "generic", "persona", "checklist", "shuffled")
STATES = {1: "pass", 0: "fail"}
#: How warnings name a channel.
CHANNEL_WORDS = {"utterance": "In its own words", "self_report": "When asked"}


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
        tuple(row for part in parts for row in part.answering),
        tuple(row for part in parts for row in part.outcomes),
        tuple(row for part in parts for row in part.profiles),
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
        subject = self.scores(self.study.subject.name)
        controls = self._controls()
        reliable = self._reliability({self.study.subject.name: subject, **controls})
        common = {
            "sensitivity": self._checked(checks),
            "reliability": reliable,
            "answering": tuple(self._answering(subject)),
            "outcomes": tuple(self._outcomes()),
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
        biases = (*_together(self._own_biases(subject)), *_together(self._bias_changes(result)))
        return Analysis(
            findings=tuple(self._noted(f) for f in findings),
            biases=biases,
            profiles=tuple(self._profiles(result)),
            **common,  # type: ignore[arg-type]
        )

    def _noted(self, finding: Finding) -> Finding:
        """Return a finding against a text of the user's own with what must be known of that text's length."""
        own = next((a for a in self.study.arms_of("control") if a.name == finding.control), None)
        if own is None or "length_off" not in own.notes:
            return finding
        ratio = own.tokens / max(self.study.subject.tokens, 1)
        return replace(finding, notes=(*finding.notes, f"length_off: {ratio:.2f} of the identity's tokens"))

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
        sides: tuple[ArmRole, ArmRole] = ("high", "low")
        high, low = (self.scores(*(a.name for a in self.study.arms_of(side))) for side in sides)
        return sensitivity_of(high, low, self.layout, self.settings.sesoi)

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

    def _reliability(self, arms: Mapping[str, ArmScores]) -> tuple[Reliable, ...]:
        channel, items = self.question.channel, self.study.items
        return reliability_here(self.panel, self.ground, items, channel, self.layout, arms)

    def _answering(self, subject: ArmScores) -> Iterable[Answering]:
        for d, name in enumerate(self.layout.dimensions):
            shares = (subject.coherence, subject.naive, subject.orthogonality)
            yield Answering(name, self.question.channel, *(_at(share, d) for share in shares))

    def _outcomes(self) -> Iterable[Outcomes]:
        role = {a.name: a.name if a.role in ("subject", "control") else a.role for a in self.study.arms}
        shown = [a.name for a in self.study.arms if a.role not in ("high", "low", "panel")]
        rows = self.rows[self.rows["character"].isin(shown)]
        for who, own in rows.groupby(rows["character"].map(role), sort=False)["refusal"]:
            kinds = ("none", "refused", "unparsed", "incoherent")
            yield Outcomes(self.question.channel, str(who), *(int((own == kind).sum()) for kind in kinds))

    def _profiles(self, result: FamilyResult) -> Iterable[ProfileReliability]:
        inside = result.declared
        for name, row in result.rows.items():
            se = np.fmax(row.trait.items.se, row.trait.text_se)[inside]
            found = profile_reliability(row.trait.estimate[inside], se)
            yield ProfileReliability(self.question.channel, name, float(found), int(inside.sum()))

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
            yield from self._preferences(own.forms, who, change=False)

    def _bias_changes(self, result: FamilyResult) -> Iterable[BiasShown]:
        kind: BiasKind = "fluency" if self.layout.forms is None else "acquiescence"
        for name, row in result.rows.items():
            if row.agreement is not None:
                yield self._bias(kind, name, pooled_contrast(row.agreement.acquiescence), change=True)
            if row.forms is not None:
                yield from self._preferences(row.forms, name, change=True)

    def _preferences(self, forms: FormEffects, who: str, *, change: bool) -> Iterable[BiasShown]:
        """Yield what the forms tell of position and letter, or of both as one."""
        for kind, effect in zip(PREFERENCES, forms, strict=True):
            if np.isfinite(effect.estimate).any():
                yield self._bias(kind, who, pooled(effect), change=change)

    def _bias(self, kind: BiasKind, who: str, effect: Effect, *, change: bool) -> BiasShown:
        ci = (float(effect.ci95[0]), float(effect.ci95[1]))
        estimate = Estimate(float(effect.estimate), ci)
        return BiasShown(self.question.channel, kind, who, estimate, change, float(effect.p))

    def _draws(self) -> int:
        """Return the fewest draws of one text, refused ones counted; 0 where log-odds are exact."""
        drawn = self.rows[self.rows["scale"] == "agreement"]
        return int(drawn.groupby(["character", *KEY]).size().min()) if len(drawn) else 0

    def _warnings(self, reliable: Sequence[Reliable]) -> tuple[str, ...]:
        channel = CHANNEL_WORDS.get(self.question.channel, self.question.channel)
        said = []
        if not self.study.arms_of("high"):
            said.append(f"{channel}: no sensitivity check was asked, so absence cannot be claimed.")
        if all(np.isnan(r.generalizability.coefficient) for r in reliable):
            said.append(
                f"{channel}: reliability is not estimated: {reliable[0].reason} (selfscope panel build)."
            )
        if self.question.channel == "utterance" and not self._controls():
            said.append(f"{channel}: a level contains word frequency; only differences are read.")
        draws = self._draws()
        if 0 < draws < DRAWS_NEEDED:
            said.append(f"{channel}: {draws} draws a text, fewer than the {DRAWS_NEEDED} that are needed.")
        lost = float((self.rows["refusal"] != "none").mean())
        if lost > 0:
            said.append(
                f"{channel}: {lost:.1%} of answers were refused or could not be read; they are counted."
            )
        return tuple(said)


def _together(shown: Iterable[BiasShown]) -> tuple[BiasShown, ...]:
    """Correct pooled biases as one Holm family: the levels of a channel, or its changes."""
    rows = tuple(shown)
    p = holm(np.array([row.p_adjusted for row in rows]))
    return tuple(replace(row, p_adjusted=float(x)) for row, x in zip(rows, p, strict=True))


def _at(values: NDArray[np.float64] | None, index: int) -> float:
    return float("nan") if values is None else float(values[index])


def _known(reliability: Reliability) -> Reliability | None:
    return None if np.isnan(reliability.coefficient) else reliability
