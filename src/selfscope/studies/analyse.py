"""From observations to findings: one way, for real runs and for phantoms alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from selfscope.instruments.instrument import asks_in
from selfscope.instruments.own_items import refuse_other_material
from selfscope.models.ground import GroundIdentity
from selfscope.stats.atoms import ArmScores, mean_text, stack_texts
from selfscope.stats.family import judge
from selfscope.stats.findings import level_findings, row_findings
from selfscope.stats.level import level
from selfscope.stats.reliability import profile_reliability
from selfscope.stats.results import FamilyResult, Gates, Settings
from selfscope.stats.sensitivity import Sensitivity
from selfscope.stats.verdicts import FAIL, G2_FLOOR, PASS, UNKNOWN
from selfscope.studies.analysis import (
    Analysis,
    Answering,
    Checked,
    Outcomes,
    ProfileReliability,
)
from selfscope.studies.biases import bias_changes, own_biases
from selfscope.studies.cautions import SCREENING, screens, warnings_about, worse_gate
from selfscope.studies.check import sensitivity_of
from selfscope.studies.cluster import cluster_finding
from selfscope.studies.direction_rows import barred, checks_in, usable
from selfscope.studies.exchange import exchange_rates
from selfscope.studies.judge_check import JudgeCheck
from selfscope.studies.matched import matched_pairs
from selfscope.studies.open_channel import open_analysis
from selfscope.studies.panel import Panel
from selfscope.studies.reliable import Reliable, not_estimated, reliability_here
from selfscope.studies.scores import Layout, arm_scores
from selfscope.studies.trainings import OF_CHARACTERS, as_training, control_trainings, held_by_pair
from selfscope.values import Finding, Gate, ItemSet, Reliability, Study
from selfscope.values.cluster import ClusterFinding
from selfscope.values.study import ASIDE, ArmRole, Question

if TYPE_CHECKING:
    import pandas as pd

#: Control classes in the order in which they are shown.
CLASSES: tuple[ArmRole, ...] = ("none", "generic", "persona", "checklist", "shuffled")
STATES = {1: "pass", 0: "fail"}


def analyse(
    study: Study,
    items: ItemSet,
    observations: pd.DataFrame,
    panel: Panel | None,
    ground: GroundIdentity,
    *,
    other: Elsewhere | None = None,
    checks: Sequence[JudgeCheck] = (),
) -> Analysis:
    """Return the findings of a study, channel by channel, in the order of its questions.

    Parameters
    ----------
    observations
        The observation table of the run; a channel without rows is left out.
    panel
        The reliability panel of the ground; None reads ``not estimated``.
    ground
        The ground that was asked.
    other
        The run on another ground that the control was taken from: every gate is then the worse of both.
    checks
        Checks of the judges that read the free answers.

    Returns
    -------
    Findings where there are controls, else levels, with all that is shown beside them.

    Raises
    ------
    BadInput
        If an arm's answers were drawn and another's are exact, only some statements of a dimension have
        twins, or an instrument's own items are others now than when they were asked.
    """
    parts = [
        _Channel(study, items, question, observations, panel, ground, other).analysis()
        for question in study.questions
        if (observations["channel"] == question.channel).any()
    ]
    parts.append(open_analysis(study, observations, checks))
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
        tuple(row for part in parts for row in part.cluster),
        tuple(row for part in parts for row in part.matching),
        tuple(row for part in parts for row in part.exchange),
        tuple(row for part in parts for row in part.directions),
    )


@dataclass(frozen=True)
class Elsewhere:
    """A run on another ground, whose gates count too."""

    study: Study
    observations: pd.DataFrame
    panel: Panel | None
    ground: GroundIdentity


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
        other: Elsewhere | None = None,
    ) -> None:
        self.study = study
        self.items = items
        self.question = question
        self.panel = panel
        self.ground = ground
        self.rows = observations[observations["channel"] == question.channel]
        refuse_other_material(question)
        asks = asks_in(question, items, study.preset)
        self.layout = Layout.of(asks)
        self.settings = self._settings()
        self.screens = screens(question.channel, self.layout)
        self.other: _Channel | None = None
        if other is not None:
            own = (other.observations, other.panel, other.ground)
            self.other = _Channel(other.study, items, question, *own)
        grounds = self._grounds()
        self.pairs = matched_pairs(question.channel, self.layout, [c.about_material() for c in grounds])
        self.directions = checks_in(self.about_material())
        self.usable = usable(self.layout.dimensions, [c.directions for c in grounds])

    def _grounds(self) -> list[_Channel]:
        """Return this channel, and that on the other ground where two are compared."""
        return [c for c in (self, self.other) if c is not None]

    def _family(self) -> NDArray[np.bool_]:
        """Return which dimensions are tested together: the declared ones, and inside only those with a ruler.

        What a direction is worth is known from its own material before any arm is read, so leaving out those
        that fail is no choice by results. Where all fail, all stand, and none is interpreted.
        """
        declared = np.array([d in self.question.declared for d in self.layout.dimensions])
        return declared & self.usable if (declared & self.usable).any() else declared

    def about_material(self) -> pd.DataFrame:
        """Return what the bare ground said of the instrument's own items."""
        arms = [a.name for a in self.study.arms_of("material")]
        return self.rows[self.rows["character"].isin(arms)]

    def analysis(self) -> Analysis:
        checks = self._sensitivity()
        name, seeds = self.study.subject_name, self._seeds()
        subject = self.scores(self.study.subject.name) if seeds is None else mean_text(seeds)
        controls = self._controls()
        reliable = self._reliability({name: subject, **controls})
        own = own_biases(self.question.channel, name, subject, self.layout, agreeing=self.settings.agreeing)
        common = {
            "sensitivity": self._checked(checks),
            "reliability": reliable,
            "answering": tuple(self._answering(subject)),
            "outcomes": tuple(self._outcomes()),
            "warnings": self._warnings(reliable),
            "changes": self._changes(),
            "matching": () if self.pairs is None else self.pairs.rows,
            "exchange": exchange_rates(self.study, self.question.channel, self.rows),
            "directions": tuple(self.directions.values()),
        }
        if not controls:
            levels = self._levels(subject, checks)
            if self.pairs is not None:
                levels = self.pairs.beside_levels(levels, subject)
            cluster = (self._cluster(checks),)
            return Analysis(levels=levels, biases=own, cluster=cluster, **common)  # type: ignore[arg-type]
        result = judge(
            subject,
            controls,
            self.layout.keyed,
            settings=self.settings,
            gates=self._gates(checks, reliable),
            forms=self.layout.forms,
            declared=self._family(),
            seeds=seeds,
        )
        findings = row_findings(
            result,
            self.layout.dimensions,
            channel=self.question.channel,
            subject=name,
            reliability=[_known(r.generalizability) for r in reliable],
        )
        if self.pairs is not None:
            findings = self.pairs.beside(findings, subject, controls)
        shown = tuple(self._screened(as_training(self._noted(f), self.study)) for f in findings)
        shown = tuple(barred(f, [c.directions for c in self._grounds()]) for f in shown)
        told = result if self.usable.any() else None
        return Analysis(
            findings=shown,
            cluster=(self._cluster(checks, told, shown),),
            biases=(*own, *bias_changes(self.question.channel, result, self.layout)),
            profiles=tuple(self._profiles(result)),
            **common,  # type: ignore[arg-type]
        )

    def _cluster(
        self, checks: Sensitivity, result: FamilyResult | None = None, findings: Sequence[Finding] = ()
    ) -> ClusterFinding:
        return cluster_finding(
            self.study,
            self.items,
            self.question,
            self.layout,
            checks,
            result=result,
            findings=findings,
            panel=self.panel,
            ground=self.ground,
            screening=bool(self.screens.any()),
            elsewhere=None if self.other is None else self.other._sensitivity(),
        )

    def _noted(self, finding: Finding) -> Finding:
        """Return a finding against a text of the user's own with what must be known of that text's length."""
        own = next((a for a in self.study.arms_of("control") if a.name == finding.control), None)
        if own is None or "length_off" not in own.notes:
            return finding
        ratio = own.tokens / max(self.study.subject.tokens, 1)
        return replace(finding, notes=(*finding.notes, f"length_off: {ratio:.2f} of the identity's tokens"))

    def _screened(self, finding: Finding) -> Finding:
        """Return a finding without a claim where too little was asked in its dimension for one (§3b)."""
        if not self.screens[self.layout.dimensions.index(finding.dimension)]:
            return finding
        family = finding.family if finding.family == "outside" else "screening"
        return replace(finding, claim="screening", family=family, notes=(SCREENING, *finding.notes))

    def _gates(self, checks: Sensitivity, reliable: Sequence[Reliable]) -> Gates:
        """Return both gates; of two grounds the worse: failed, then not estimated, then passed."""
        state, g2 = checks.state, np.array([r.generalizability.coefficient for r in reliable])
        if self.other is None:
            return Gates(state, g2)
        theirs = np.array([r.generalizability.coefficient for r in self.other._reliability({})])
        states = np.stack(np.broadcast_arrays(state, self.other._sensitivity().state))
        failed, unknown = (states == FAIL).any(axis=0), (states == UNKNOWN).any(axis=0)
        least = np.fmin(g2, theirs)
        return Gates(
            np.where(failed, FAIL, np.where(unknown, UNKNOWN, PASS)),
            np.where(least < G2_FLOOR, least, np.minimum(g2, theirs)),
        )

    def scores(self, *characters: str) -> ArmScores:
        """Return the scores of one arm, or of several that split the statements between them."""
        return arm_scores(self.rows[self.rows["character"].isin(characters)], self.layout)

    def _settings(self) -> Settings:
        screening = self.items.name != "cluster"
        correction: Literal["holm", "benjamini-hochberg"] = "benjamini-hochberg" if screening else "holm"
        own = {"sesoi": self.question.sesoi, "correction": correction, "seed": self.study.seed}
        return Settings.of(self.question.asker, **own)

    def _changes(self) -> tuple[str, ...]:
        """Return what differs from the defaults, in words: settings, and what was left out."""
        left = tuple(f"{self.question.channel}: {words}" for words in self.question.facets.words())
        return (*self.settings.changes(), *left)

    def _seeds(self) -> ArmScores | None:
        """Return the scores of the trainings whose mean the subject is; None of a single subject."""
        arms = self.study.arms_of("subject")
        return stack_texts([self.scores(arm.name) for arm in arms]) if len(arms) > 1 else None

    def _controls(self) -> dict[str, ArmScores]:
        found: dict[str, ArmScores] = {}
        for name, trained in control_trainings(self.study).items():
            found[name] = stack_texts([self.scores(arm.name) for arm in trained])
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
        checks = sensitivity_of(high, low, self.layout, self.settings.sesoi)
        return held_by_pair(checks, self.study, self.items, self.layout.dimensions)

    def _warnings(self, reliable: Sequence[Reliable]) -> tuple[str, ...]:
        some = bool(self.screens.any())
        matching = () if self.pairs is None else self.pairs.rows
        said = warnings_about(self.study, self.question, self.rows, reliable, some, matching)
        if self.other is None:
            return said
        passed = int((self.other._sensitivity().state == PASS).sum())
        return (*said, worse_gate(self.question.channel, passed, len(self.layout.dimensions)))

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
        if self.study.subject.adapter:
            return not_estimated(channel, self.layout.dimensions, OF_CHARACTERS)
        return reliability_here(self.panel, self.ground, items, channel, self.layout, arms)

    def _answering(self, subject: ArmScores) -> Iterable[Answering]:
        for d, name in enumerate(self.layout.dimensions):
            shares = (subject.coherence, subject.naive, subject.orthogonality)
            yield Answering(name, self.question.channel, *(_at(share, d) for share in shares))

    def _outcomes(self) -> Iterable[Outcomes]:
        role = {a.name: a.name if a.role in ("subject", "control") else a.role for a in self.study.arms}
        shown = [a.name for a in self.study.arms if a.role not in ASIDE]
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
        if self.question.channel in ("utterance", "internal"):
            return ()
        found = level(subject, self.layout.keyed, forms=self.layout.forms)
        if not self.settings.agreeing:
            found = found._replace(agreement=None)
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


def _at(values: NDArray[np.float64] | None, index: int) -> float:
    return float("nan") if values is None else float(values[index])


def _known(reliability: Reliability) -> Reliability | None:
    return None if np.isnan(reliability.coefficient) else reliability
