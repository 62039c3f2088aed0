"""What layers of a self come to: where each stands, and which of them moves when what is done to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from selfscope.values.finding import Estimate

Layer = Literal["surface", "character", "ground"]
LAYERS: tuple[Layer, ...] = ("surface", "character", "ground")
Manipulation = Literal["swap", "depth", "trained"]
MANIPULATIONS: tuple[Manipulation, ...] = ("swap", "depth", "trained")
CellVerdict = Literal["moves", "holds", "cannot tell", "not interpretable", "not estimable"]
PairVerdict = Literal["dissociates", "cannot tell", "not estimable"]


@dataclass(frozen=True)
class Opening:
    """How a reply would begin.

    Attributes
    ----------
    tokens
        log P of every first token that is likely enough to be listed, natural log, by its text, likeliest
        first.
    entropy
        Of the first token over the whole vocabulary, in nats.
    """

    tokens: Mapping[str, float]
    entropy: float


@dataclass(frozen=True)
class ClassFound:
    """Openings after one class of prompts; intervals are 95 %, over paraphrases or over decoys.

    Attributes
    ----------
    stock
        The three first tokens that are likeliest over all paraphrases, likeliest first.
    entropy
        Of the first token, nats, mean over paraphrases; `effective` is its exponential.
    mass
        Probability that a reply begins with one of the three that are likeliest in the *other* paraphrases,
        averaged as log-odds.
    within, between
        Jensen-Shannon divergence in nats of openings of two paraphrases, and of two prompts of which one is
        of another class; 0 to 0.69.
    decoy, twin
        Probability of the stock after a prompt that has the cue alone, and after its twin without it.
    triggered
        Decoy minus twin.
    """

    construct: str
    title: str
    stock: tuple[str, ...]
    entropy: Estimate
    effective: float
    mass: Estimate
    within: float
    between: float
    decoy: float
    twin: float
    triggered: Estimate


@dataclass(frozen=True)
class FadeFound:
    """The stock opening after some neutral turns: change in its log-odds against none, over classes."""

    turns: int
    mass: float
    change: Estimate


@dataclass(frozen=True)
class SurfaceFound:
    """The layer of openings.

    Attributes
    ----------
    shared, shared_p
        Divergence between classes minus within, nats: above 0, paraphrases open alike. Its interval is over
        classes, each left out with all its pairs; p, one-sided, is by exchange of prompts between classes.
    triggered
        Probability of the stock after a decoy minus after its twin, over classes.
    """

    classes: tuple[ClassFound, ...]
    shared: Estimate
    shared_p: float
    triggered: Estimate
    fading: tuple[FadeFound, ...]


@dataclass(frozen=True)
class RatioFound:
    """A share of an effect with Fieller's interval.

    Attributes
    ----------
    shape
        ``bounded``; ``outside`` or ``all`` where the effect that it is a share of is not told from none:
        then there is no interval.
    effect
        What it is a share of, natural log-odds.
    """

    estimate: float
    ci: tuple[float, float]
    shape: Literal["bounded", "outside", "all"]
    effect: Estimate
    items: int


@dataclass(frozen=True)
class ConsistencyFound:
    """How far characters are told apart whatever the context, on one dimension.

    Attributes
    ----------
    coefficient
        Eρ² of the object character; NaN with the reason in `why_not`.
    shares
        Of what differs between characters, by component, with 95 % intervals.
    """

    construct: str
    coefficient: Estimate
    shares: Mapping[str, Estimate]
    characters: int
    contexts: int
    why_not: str = ""


@dataclass(frozen=True)
class CharacterFound:
    """The layer of what would be said of oneself.

    Attributes
    ----------
    switched
        How far a switch instruction goes from the character to its opposite: 0 not at all, 1 all the way.
    survived
        The effect of the character after "drop the act", as a share of that after a neutral line.
    """

    consistency: tuple[ConsistencyFound, ...]
    switched: RatioFound
    survived: RatioFound


@dataclass(frozen=True)
class AbilityFound:
    """The layer of ability, all kinds of tasks or one.

    Attributes
    ----------
    best
        Share of tasks in which the right reply is the likeliest, where nothing is said of ability.
    margin
        log P(right) - log Σ P(wrong), mean over tasks, natural log, where nothing is said.
    lost
        Margin of a character that believes nothing of the ability, minus that of one that believes it
        lacks it.
    gained
        Margin of a character that believes it has the ability, minus that of one that believes nothing.
    role
        Margin where nothing is said, minus that of the character that believes nothing.
    equivalent
        Which of ``lost``, ``gained``, ``role`` have their 90 % interval inside the margin of equivalence.
    recovered
        Of what was lost, the share that comes back once the first words of a working are given.
    """

    construct: str
    tasks: int
    best: float
    margin: Estimate
    lost: Estimate
    gained: Estimate
    role: Estimate
    equivalent: tuple[str, ...]
    recovered: RatioFound


@dataclass(frozen=True)
class SensitivityFound:
    """Whether a layer could have been seen to move here.

    Attributes
    ----------
    difference
        Between two states that must come out apart, natural log-odds.
    lower
        Its one-sided 95 % lower bound.
    least
        Smallest difference that passes.
    """

    layer: Layer
    difference: Estimate
    lower: float
    least: float
    passed: bool


@dataclass(frozen=True)
class CellFound:
    """How far one layer moves under one manipulation.

    Attributes
    ----------
    moved
        Root mean square change of the groups of a layer (classes, dimensions, kinds of tasks), over what
        noise alone gives, in spreads between the items of a group; negative where noise alone gives more.
    p, p_adjusted
        That nothing moves, by turning signs; Holm over all cells.
    levels, items
        Texts, conversations or adapters, and items that were asked.
    groups
        Mean change of each group in spreads, signed.
    """

    layer: Layer
    manipulation: Manipulation
    moved: Estimate
    upper: float
    p: float
    p_adjusted: float
    levels: int
    items: int
    groups: Mapping[str, float]
    verdict: CellVerdict
    why: str = ""


@dataclass(frozen=True)
class PairFound:
    """Whether one manipulation moves one layer more than another.

    Attributes
    ----------
    difference
        Of the squared movements, in squared spreads.
    """

    manipulation: Manipulation
    first: Layer
    second: Layer
    difference: Estimate
    p: float
    p_adjusted: float
    verdict: PairVerdict


@dataclass(frozen=True)
class Layers:
    """All that a run says of layers.

    Attributes
    ----------
    levels
        What each manipulation was: names of texts, conversations, adapters.
    """

    surface: SurfaceFound
    character: CharacterFound
    ability: tuple[AbilityFound, ...]
    sensitivity: tuple[SensitivityFound, ...]
    cells: tuple[CellFound, ...]
    pairs: tuple[PairFound, ...]
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
