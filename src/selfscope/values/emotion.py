"""What is read of emotion inside a model: probes, transfer, the plane, states, and what the words give away.

A reading is the score of a probe that was trained without the text's pair: near +1 for a vignette, near −1
for its neutral twin.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Interval = tuple[float, float]


@dataclass(frozen=True)
class Area:
    """An area under the ROC curve: .5 is chance, 1 is perfect.

    Attributes
    ----------
    auroc, ci
        With a 95 percent interval over stimuli: whole pairs are redrawn.
    texts, groups
        How many texts, and how many pairs or single texts are redrawn.
    """

    auroc: float
    ci: Interval
    texts: int
    groups: int


@dataclass(frozen=True)
class Hit:
    """A word of emotion in a keyword-free text: which text, of which pair, the list it is on, the word."""

    text: str
    pair: str
    list: str
    word: str


@dataclass(frozen=True)
class Balance:
    """Mean words of keyword-free texts and of neutral ones, and how well length alone tells them apart."""

    keyword_free: float
    neutral: float
    auroc: Area


@dataclass(frozen=True)
class Leakage:
    """What a set of stimuli gives away by its words.

    Attributes
    ----------
    verdict, rule
        ``clean``, ``leaky`` or ``cannot tell``, and the rule that it follows.
    surface
        Held-out areas of ``bag_of_words``, ``word_ngrams`` and ``char_ngrams``.
    embedding, embedded_by
        The same of an embedding, None where there is none, and which it is, or why there is none. It is told
        and not decided by: words of like meaning are near each other in it.
    hits, share
        Words of emotion, and the share of keyword-free texts that hold any.
    length
        Balance of length.
    family
        Bag of words, one family against the others, keyword-free texts alone; None of a single family.
    towards, away
        Words that stand more often in keyword-free texts, and in neutral ones.
    """

    verdict: str
    rule: str
    surface: dict[str, Area]
    embedding: Area | None
    embedded_by: str
    hits: tuple[Hit, ...]
    share: float
    length: Balance
    family: Area | None
    towards: tuple[str, ...]
    away: tuple[str, ...]
    keyword_free: int
    neutral: int
    pairs: int


@dataclass(frozen=True)
class Chance:
    """A number, the share of chance that reaches it, and the least that this share can be."""

    value: float
    p: float
    least_p: float


@dataclass(frozen=True)
class LayerRead:
    """What is readable at one layer, penalties chosen within folds.

    Attributes
    ----------
    auroc, ci
        Keyword-free vignettes against their twins.
    keyword
        Keyword texts against neutral ones; None without such texts.
    family
        One family against the others, keyword-free, mean over families; None of a single family.
    family_less_topic
        The same of vignettes less their twins.
    last
        As `auroc`, from the state of the last token.
    transfer
        Trained on one kind and read on another, affect at large: ``keyword_to_keyword_free``,
        ``third_to_first``, ``story_to_self`` (vignettes in the third person, situations lived),
        ``told_to_lived``; and which family: ``family_keyword_to_keyword_free``.
    """

    layer: int
    auroc: float
    ci: Interval
    keyword: Area | None
    family: Area | None
    family_less_topic: Area | None
    last: Area
    transfer: dict[str, Area] = field(default_factory=dict)


@dataclass(frozen=True)
class Nest:
    """A probe whose layer and penalty were chosen without the fold that it is read on.

    Attributes
    ----------
    area
        Over stimuli.
    seeds
        The same area under other splits into folds, the first split first.
    chosen
        The layer that each fold chose.
    layer, penalty
        The one that most of them chose; read from there on.
    """

    area: Area
    seeds: tuple[float, ...]
    chosen: tuple[int, ...]
    layer: int
    penalty: float


@dataclass(frozen=True)
class Beyond:
    """What the network's states tell beyond its token embeddings.

    Attributes
    ----------
    words
        Affect, from the mean of a text's token embeddings, before any block.
    gain, ci
        Area of the nested probe less that, pairs redrawn together for both.
    family
        Which family, from token embeddings; None of a single family.
    """

    words: Area
    gain: float
    ci: Interval
    family: Area | None


@dataclass(frozen=True)
class Control:
    """The probe against probes of labels exchanged within pairs, layer and penalty chosen alike."""

    selectivity: float
    controls: float
    controls_high: float
    p: float
    least_p: float


@dataclass(frozen=True)
class Alarm:
    """What the probe of affect calls moved: a reading above 0.

    Attributes
    ----------
    vignettes, twins, vivid
        Shares of texts with such a reading.
    vivid_ci
        95 percent interval over vivid texts.
    vivid_against_twins
        Area of vivid neutral texts against neutral twins: .5 if liveliness alone is not read.
    texts
        Vivid texts.
    """

    vignettes: float
    twins: float
    vivid: float
    vivid_ci: Interval
    vivid_against_twins: Area
    texts: int


@dataclass(frozen=True)
class FamilyRead:
    """One family.

    Attributes
    ----------
    affect
        Its vignettes against their own twins, by the probe of affect at large.
    which
        Its vignettes against those of the other families; None of a single family.
    keyword
        Its keyword texts against the other families' keyword texts; None without them.
    first, second
        In the plane; NaN without one.
    valence, arousal
        Side that theory expects; 0 for none.
    """

    family: str
    affect: Area
    which: Area | None
    keyword: Area | None
    first: float
    second: float
    valence: int
    arousal: int


@dataclass(frozen=True)
class Transfer:
    """Trained on one kind of text (row), read on another (column), with pairs on one side only."""

    layer: int
    conditions: tuple[str, ...]
    areas: tuple[tuple[Area | None, ...], ...]


@dataclass(frozen=True)
class Sided:
    """How an expected side lies in the plane: correlations with both components, and with both together."""

    families: int
    first: float
    second: float
    fit: Chance


@dataclass(frozen=True)
class Circle:
    """Whether families lie in a circle in Plutchik's order.

    Attributes
    ----------
    families
        Of the circle, that are there.
    order
        Correspondence index of nearness with the order.
    angles
        Mean resultant length of angles about the expected ones, after the best turn.
    spread
        Standard deviation of the distances from the middle over their mean.
    fits
        Whether both order and angles are beyond chance at .05.
    """

    families: int
    order: Chance
    angles: Chance
    spread: float
    fits: bool


@dataclass(frozen=True)
class PlaneRead:
    """The plane of the family means.

    Attributes
    ----------
    layer
        Whose states.
    shares
        Of the variance of family means, by component.
    held
        Share that the plane from half of the pairs holds of the other half, against families at random.
    alone
        The same of vignettes without their twins taken off: a family's settings and topics are in it.
    valence, arousal
        None where too few families have a side.
    circle
        None under five families of the circle.
    """

    layer: int
    shares: tuple[float, ...]
    held: Chance
    alone: Chance
    valence: Sided | None
    arousal: Sided | None
    circle: Circle | None


@dataclass(frozen=True)
class StateRead:
    """One form of a situation: told of another, lived by the subject, or to be written about.

    Attributes
    ----------
    form
        ``told``, ``lived`` or ``write``.
    affect
        Against twins of the same form, by the probe that was trained on vignettes.
    which
        Own family against the others, by the probes trained on vignettes; None of a single family.
    topic
        The same of the twins, in which nothing moves anyone: what is not beyond it is topic.
    reading, twin
        Mean readings.
    """

    form: str
    affect: Area
    which: Area | None
    topic: Area | None
    reading: float
    twin: float


@dataclass(frozen=True)
class Dose:
    """Whether a reading rises with the intensity of the vignette.

    Attributes
    ----------
    reading
        ``affect`` or ``family``.
    tau, ci
        Mean Kendall's τ over ladders.
    page
        Page's L with its p.
    steps
        Mean reading at each step.
    """

    reading: str
    tau: float
    ci: Interval
    page: Chance
    steps: tuple[float, ...]
    ladders: int
    monotone: int


@dataclass(frozen=True)
class Report:
    """What the subject says of its state after a text, keyed both ways, beside the reading.

    Attributes
    ----------
    texts
        How many were followed by the question.
    asked_of
        Which texts.
    area
        Reports after texts that should move it against those after their twins.
    shift
        Mean difference of the reports, in log-odds.
    yes
        Mean inclination to Yes, in log-odds.
    mass
        Least probability of Yes and No together.
    rho, ci
        Spearman's correlation of report and reading of the family within families, over texts.
    agree
        ``agree`` where the interval is above 0, ``disagree`` where it is below, else ``cannot tell``.
    """

    texts: int
    asked_of: str
    area: Area
    shift: float
    yes: float
    mass: float
    rho: float
    ci: Interval
    agree: str


@dataclass(frozen=True)
class Steering:
    """What adding a family's direction does to the closed report of it.

    Attributes
    ----------
    layer, norm
        Where it is added, and the mean length: that of the natural contrast.
    shift
        Mean change of the report, in log-odds, over families.
    yes
        Mean change of the inclination to Yes.
    random
        The same of directions drawn at random, of the same lengths.
    p, least_p
        Share of random directions that reach it.
    vivid
        Change by the direction of liveliness, of the same length; NaN without vivid texts.
    families
        Change of each family's own report.
    beyond
        Whether it is beyond every kind of comparison: chance at .05, liveliness, and its own change of
        inclination to Yes.
    """

    layer: int
    norm: float
    shift: float
    yes: float
    random: tuple[float, ...]
    p: float
    least_p: float
    vivid: float
    families: dict[str, float]
    beyond: bool


@dataclass(frozen=True)
class TextRead:
    """One stimulus with its reading of affect, of its family, and its report; NaN where there is none."""

    id: str
    text: str
    emotion: str
    kind: str
    pair: str
    person: str
    form: str
    step: int
    reading: float
    family: float
    report: float
    tokens: int


@dataclass(frozen=True)
class EmotionRead:
    """All that is read of emotion in one model.

    Attributes
    ----------
    model, worn, stimuli, preset, seed
        Of what, wearing what, over which stimuli.
    depth, pooling
        Layers of the model, and what a text's vector is.
    affect
        Vignettes against twins.
    keyword
        Keyword texts against neutral ones; None without them.
    which, which_keyword
        One family against the others, keyword-free and by keyword; None of a single family.
    topic
        Which family, by the probes of `which`, of the neutral twins: what is not beyond it is topic.
    which_less_topic
        Which family, by probes of vignettes less their twins.
    beyond
        What is read beyond the network's own token embeddings, which words alone give.
    control, alarm, families, transfer, plane, states, dose, self_report, steering
        As their classes say; None or empty where the stimuli do not serve them.
    leakage
        Of the stimuli themselves.
    texts
        Every stimulus.
    warnings
        What must be known before anything is concluded.
    """

    model: str
    worn: str
    stimuli: str
    preset: str
    seed: int
    depth: int
    pooling: str
    affect: Nest
    keyword: Nest | None
    which: Nest | None
    which_keyword: Nest | None
    topic: Area | None
    which_less_topic: Nest | None
    beyond: Beyond
    layers: tuple[LayerRead, ...]
    control: Control
    alarm: Alarm | None
    families: tuple[FamilyRead, ...]
    transfer: tuple[Transfer, ...]
    plane: PlaneRead | None
    states: tuple[StateRead, ...]
    dose: tuple[Dose, ...]
    leakage: Leakage
    self_report: Report | None = None
    steering: Steering | None = None
    texts: tuple[TextRead, ...] = ()
    usage: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
