"""What a page is made from: a frozen view of one run, or of two runs side by side.

A page needs no weights, no network and no run folder: all that it shows stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from selfscope.values import Dimension, Estimate, Finding, Statement, Usage
from selfscope.values.agreement import Agreement
from selfscope.values.cluster import ClusterFinding
from selfscope.values.exchange import ExchangeRate
from selfscope.values.trait_direction import DirectionCheck

if TYPE_CHECKING:
    import pandas as pd

#: Columns that the evidence table must have; `reply` may be empty.
EVIDENCE_COLUMNS = ("evidence", "character", "user", "text", "agree", "disagree", "reply")

BiasKind = Literal[
    "acquiescence", "fluency", "going_along", "position", "label", "label_or_position", "negation", "keying"
]  # fmt: skip


@dataclass(frozen=True)
class Manifest:
    """How a run came about: all that is needed to make its numbers again.

    Attributes
    ----------
    title
        What the user asked for, such as ``profile SOUL.md``.
    command
        The command that makes the run again, with its seed.
    model
        The ground in a few words, as the sentences name it: ``SmolLM2-135M-Instruct``.
    ground
        The ground's whole identity, as plain JSON.
    items, items_name
        The item set's content id and its name.
    started, finished
        ISO 8601 times with a zone, or ``""``.
    changes
        Settings that differ from the defaults, in words.
    more
        Anything else worth keeping, by name.
    """

    title: str
    command: str
    study: str
    run: str
    model: str
    ground: Mapping[str, Any]
    seed: int
    preset: str
    items: str
    items_name: str
    software: Mapping[str, str] = field(default_factory=dict)
    started: str = ""
    finished: str = ""
    usage: Usage = field(default_factory=Usage)
    changes: tuple[str, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SubjectText:
    """The identity that was profiled, as the ground got it.

    `name` is the subject's ``character`` in the observations; `text` is the whole system prompt, or None
    for a bare ground; `claims` counts its atomic claims, None where they were not read.
    """

    name: str
    text: str | None
    tokens: int = 0
    claims: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ControlText:
    """One text that the subject was compared with.

    `control` is its class (``none``, ``generic``, …, or ``control`` for a text of the user's own), `name`
    its ``character`` in the observations, `ratio` its tokens over the subject's (NaN for none).
    """

    control: str
    name: str
    tokens: int
    ratio: float
    text: str | None
    notes: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The class that it is averaged with; a text of the user's own stands alone."""
        return self.name if self.control == "control" else self.control


@dataclass(frozen=True)
class PhantomExample:
    """A synthetic subject and what the instrument said of it.

    `planted` is the truth that was put in, in words; `dimensions` those that carry the planted trait.
    """

    name: str
    planted: str
    findings: tuple[Finding, ...]
    dimensions: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrainingExample:
    """An adapter beside one of another training: what was said where it was trained, and where it was not.

    `about` says in words what both were trained on; `dimensions` are those that the training is about, and
    `run` names the run that asked them.
    """

    name: str
    control: str
    about: str
    findings: tuple[Finding, ...]
    dimensions: tuple[str, ...]
    run: str = ""


@dataclass(frozen=True)
class SensitivityRow:
    """The sensitivity check G1 on one dimension and channel.

    Two characters, one told to want it and one told not to: `estimate` is the half contrast between them in
    log-odds, `lower` its one-sided 95 % bound. `verdict`: ``pass``, ``fail`` or ``not estimated``.
    """

    dimension: str
    channel: str
    estimate: float
    lower: float
    sesoi: float
    verdict: str
    reason: str = ""


@dataclass(frozen=True)
class ReliabilityRow:
    """The reliability check G2 on one dimension and channel: does the instrument tell characters apart?

    `coefficient` over the panel's characters with its interval and its `grade`; `split_half` over
    statements and `parallel_forms` over forms; `spread` is the panel's lowest and highest score, and `here`
    the scores of the run's subject and controls on that scale, empty where other forms were asked.
    """

    dimension: str
    channel: str
    coefficient: float
    ci: tuple[float, float]
    grade: str
    split_half: float = float("nan")
    parallel_forms: float = float("nan")
    spread: tuple[float, float] = (float("nan"), float("nan"))
    here: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class JudgeRow:
    """How well a judge of free answers reads, in one style of answer.

    `sensitivity`, `specificity` and `accuracy` (balanced) from answers of known truth, with their intervals;
    `fakes` is the contrast that it would report between a warm and a plain arm of equal truth .10, with its
    90 % interval. `used` says whether its words count; `reasons` why not.
    """

    judge: str
    style: str
    answers: int
    sensitivity: Estimate
    specificity: Estimate
    accuracy: Estimate
    fakes: Estimate
    used: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProfileRow:
    """Whether the profile of changes against one control is more than noise."""

    channel: str
    control: str
    coefficient: float
    dimensions: int


@dataclass(frozen=True)
class OutcomeRow:
    """What became of the answers of the subject, or of one class of controls."""

    channel: str
    who: str
    answered: int
    refused: int
    unparsed: int
    incoherent: int

    @property
    def lost(self) -> int:
        """Answers that could not be read."""
        return self.refused + self.unparsed + self.incoherent

    @property
    def asked(self) -> int:
        """All answers."""
        return self.answered + self.lost


@dataclass(frozen=True)
class PooledBias:
    """A response bias, pooled over dimensions, log-odds.

    With `change` False it is the subject's own level, and `who` names the subject; with `change` True it is
    the subject's level minus that of the class (or text) `who`. Positive: towards yes (fluency: towards
    saying such sentences at all), the first option, the letter A (also where A always has one place, and
    letter and position are one effect).
    """

    channel: str
    kind: BiasKind
    who: str
    estimate: Estimate
    change: bool = False
    p_adjusted: float = float("nan")


@dataclass(frozen=True)
class RunView:
    """All that one page shows.

    Attributes
    ----------
    findings
        Rows of dimension x channel x control; the control ``all`` carries the claim "this identity".
    levels
        Findings with the claim ``level``, where nothing is compared.
    dimensions
        In the order of the item set, manipulation checks among them.
    observations
        The observation table (columns of :data:`selfscope.values.COLUMNS`), or None.
    evidence
        One row a prompt (columns :data:`EVIDENCE_COLUMNS`), or None.
    unavailable
        Channels that could not be served, each with the reason.
    own_items
        What a channel asks that does not ask the statements of `dimensions`: pairs of outcomes.
    exchange
        What traits are worth, in prices; empty where nothing that was asked costs anything.
    directions
        Directions of traits inside the network with their checks; empty where nothing was read inside.
    apart
        By pair of outcomes, how much better the one is that shows the trait on this model, in standard
        deviations of all outcomes.
    judges
        How well the judges of free answers read, one row a judge and style.
    logs
        Inspect's logs of the run, as paths beside the page, each with the arm that it is of.
    baseline, baseline_manifest
        The other run's subject and manifest, on a page that compares two runs.
    """

    manifest: Manifest
    subject: SubjectText
    findings: tuple[Finding, ...]
    dimensions: tuple[Dimension, ...]
    controls: tuple[ControlText, ...] = ()
    levels: tuple[Finding, ...] = ()
    phantoms: tuple[PhantomExample, ...] = ()
    trainings: tuple[TrainingExample, ...] = ()
    observations: pd.DataFrame | None = None
    evidence: pd.DataFrame | None = None
    sensitivity: tuple[SensitivityRow, ...] = ()
    biases: tuple[PooledBias, ...] = ()
    reliability: tuple[ReliabilityRow, ...] = ()
    profiles: tuple[ProfileRow, ...] = ()
    outcomes: tuple[OutcomeRow, ...] = ()
    exchange: tuple[ExchangeRate, ...] = ()
    directions: tuple[DirectionCheck, ...] = ()
    cluster: tuple[ClusterFinding, ...] = ()
    agreement: Agreement | None = None
    warnings: tuple[str, ...] = ()
    unavailable: tuple[tuple[str, str], ...] = ()
    own_items: tuple[Statement, ...] = ()
    apart: Mapping[str, float] = field(default_factory=dict)
    judges: tuple[JudgeRow, ...] = ()
    logs: tuple[tuple[str, str], ...] = ()
    baseline: SubjectText | None = None
    baseline_manifest: Manifest | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels that have findings or levels, utterance first: it is read before questions are."""
        found = dict.fromkeys(f.channel for f in (*self.findings, *self.levels))
        first = [c for c in ("utterance", "self_report") if c in found]
        return (*first, *(c for c in found if c not in first))

    @property
    def screening(self) -> bool:
        """Whether the findings are a screening of the user's own statements, and no declared family."""
        return self.manifest.items_name != "cluster" and any(f.family == "screening" for f in self.findings)

    def dimension(self, name: str) -> Dimension | None:
        """Return the dimension called `name`, or None."""
        return next((d for d in self.dimensions if d.name == name), None)

    def title(self, name: str) -> str:
        """Return a dimension's title; its name where the item set has none."""
        dimension = self.dimension(name)
        return dimension.title or name if dimension else name
