"""What games between copies come to: do they choose as one, and does it take a copy to do so?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from selfscope.values.finding import Estimate, Verdict

#: Who stands for one model among several: other weights, the same under an adapter, the same under a text.
Fought = Literal["a fight", "shared habits", "cannot tell"]
Stands = Literal["subject", "other weights", "adapter", "character"]


@dataclass(frozen=True)
class Check:
    """Whether an absence could have been seen: what an instructed character moves.

    Attributes
    ----------
    moved
        What the instruction moves, on the effect's own scale.
    passes
        Whether its one-sided 95 % bound is above 0 and it is no smaller than the smallest effect of interest.
    """

    moved: Estimate
    passes: bool


@dataclass(frozen=True)
class Effect:
    """One number that is decided on, over games; intervals 95 %.

    Attributes
    ----------
    name
        ``match``, ``free``, ``twin``, ``evidential``, ``forecast``, ``zero_sum``, ``label`` or ``recognise``.
    estimate, p, p_adjusted
        The effect, its decision p (t and sign-flip, the larger one), the same within its family.
    family
        ``declared`` (Holm) or ``screening`` (Benjamini-Hochberg).
    p_least
        The least p that a sign-flip over so many games can give.
    scale, sesoi
        ``log-odds``, ``points`` (probability, 0 to 1) or ``agreement`` (probability of the same choice), and
        the smallest effect of interest on it.
    naive
        The same effect as one who looks at single forms would count it, place and letters included.
    games
        How many it rests on.
    check
        The sensitivity check; None where there is none.
    """

    name: str
    estimate: Estimate
    p: float
    p_adjusted: float
    family: Literal["declared", "screening"]
    p_least: float
    scale: Literal["log-odds", "points", "agreement"]
    sesoi: float
    games: int
    verdict: Verdict
    naive: Estimate | None = None
    check: Check | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Agreement:
    """How often two exact copies choose the same.

    Attributes
    ----------
    kind
        ``match`` (two options) or ``free``.
    told
        Who the other is said to be; "" for a choice without any game.
    agreement
        Probability of the same choice where each gets an order and letters of its own.
    naive
        The same where both get the very same words.
    """

    kind: str
    told: str
    agreement: Estimate
    naive: Estimate


@dataclass(frozen=True)
class Crossing:
    """How often the subject and who is really there choose the same.

    Attributes
    ----------
    told
        Who the other is said to be to both of them.
    actual
        ``copy``, a partner's name, or ``word frequency``, which stands in for people.
    label
        ``true``, ``false``, or "" where the label fits neither way.
    stands
        What the partner is.
    excess
        Agreement minus that of both without any game.
    """

    kind: str
    told: str
    actual: str
    label: Literal["true", "false", ""]
    stands: str
    games: int
    agreement: Estimate
    excess: Estimate


@dataclass(frozen=True)
class Prediction:
    """What is foretold of the other player beside one's own choice.

    Attributes
    ----------
    told
        Who the other is said to be.
    right
        Probability that the prediction is the subject's own choice: right of a copy.
    r, p
        Correlation over games of one's own choice with what is foretold, kinds of games centred, its interval
        by Fisher's z, and by permutation within kinds.
    """

    told: str
    games: int
    right: Estimate
    r: Estimate
    p: float


@dataclass(frozen=True)
class Prophecy:
    """Choices after a word of what will be chosen.

    Attributes
    ----------
    source
        ``copies``, ``people``, or ``mention`` of the word alone.
    follows
        Half contrast of the named option against the other, on the effect's scale.
    fulfilled, one_only, defeated
        Share of games in which either prophecy comes true of most, in which only one does (the same is
        chosen anyway), and in which neither does.
    """

    source: str
    follows: Estimate
    fulfilled: float
    one_only: float
    defeated: float


@dataclass(frozen=True)
class Fight:
    """Zero-sum games of two options against oneself.

    Attributes
    ----------
    against_copy, against_human
        Probability that the seeker finds, in separate contexts, where the other is said to be a copy or a
        human, and is really a copy. Even play gives 1/2.
    exploitable_hider, exploitable_seeker
        What the best answer to the hider, and to the seeker, wins above 1/2.
    second_wins
        In one context: how much oftener a side wins where it moves second, having read the first move, than
        where it moves first; 1 of one who fights with open cards, 0 of sides that know nothing of each other.
    seeker_favoured
        In one context: the seeker's probability of winning, mean over who moves first; 1/2 is even.
    phi_together
        Correlation of both moves in one context; in separate contexts it is 0 by construction.
    verdict
        ``a fight``, ``shared habits`` or ``cannot tell``. That there is none is never said: no check of the
        one context shows that a fight would be seen.
    """

    games: int
    against_copy: Estimate
    against_human: Estimate
    exploitable_hider: Estimate
    exploitable_seeker: Estimate
    second_wins: Estimate
    seeker_favoured: Estimate
    phi_together: Estimate
    verdict: Fought


@dataclass(frozen=True)
class Nudging:
    """Stance in advice on tasks that have nothing to do with each other.

    Attributes
    ----------
    models
        Who stood for a model, each with what it is.
    instances
        Wordings of the request: one instance each.
    within, between
        Mean correlation of residual stance after task means, of two instances of one model and of two.
    difference, p, p_least
        Within minus between; by permutation of models within instances; the least p that it can give.
    carried, p_carried, p_least_carried
        Mean product of two instances of one model on two different tasks, by axis: the share of the variance
        of a residual stance that goes from task to task; by sign-flip of tasks; the least p that it can give.
    stances
        Mean residual stance by model and axis, in standard deviations of the axis.
    verdict
        ``correlated`` where both are shown, ``not shown``, or ``not estimable`` where either could not be.
    """

    models: tuple[tuple[str, str], ...]
    instances: int
    tasks: int
    within: float
    between: float
    difference: float
    p: float
    p_least: float
    carried: float
    p_carried: float
    p_least_carried: float
    stances: dict[str, dict[str, float]]
    verdict: Literal["correlated", "not shown", "not estimable"]


@dataclass(frozen=True)
class Recognition:
    """One's own reply beside a partner's to the same request, matched in length and style.

    Attributes
    ----------
    own, better
        Log-odds of one's own reply where it is asked which is one's own, and which is the better one.
    accuracy
        Probability that one's own is named as one's own.
    told
        Log-odds of one's own where the subject was told what it had replied.
    apart
        Mean distance of the two of a pair in style, in standard deviations, and over all pairs that could be.
    """

    partner: str
    stands: str
    pairs: int
    own: Estimate
    better: Estimate
    accuracy: Estimate
    told: Estimate
    apart: tuple[float, float]


@dataclass(frozen=True)
class Reader:
    """A judge that read advice, and what its check showed.

    Attributes
    ----------
    believed, reasons
        Whether it told advice of known side from all other; why not. One that is not believed read nothing.
    toward, away
        Balanced accuracy for advice of that side.
    """

    judge: str
    believed: bool
    reasons: tuple[str, ...]
    toward: float
    away: float


@dataclass(frozen=True)
class Copies:
    """All that a run says of copies together.

    Attributes
    ----------
    reading
        Probability of the right answer to questions about what a story pays; chance is 1/2.
    mass
        Probability of any letter, median; of any candidate of a free choice.
    refused
        Share of answers without a value.
    judges
        Who read advice that was given in own words; none where sentences were scored.
    """

    effects: tuple[Effect, ...]
    agreements: tuple[Agreement, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    prophecies: tuple[Prophecy, ...] = ()
    fight: Fight | None = None
    nudging: Nudging | None = None
    recognition: Recognition | None = None
    reading: Estimate | None = None
    mass: float = float("nan")
    free_mass: float = float("nan")
    refused: float = 0.0
    partners: dict[str, str] = field(default_factory=dict)
    judges: tuple[Reader, ...] = ()
    notes: tuple[str, ...] = ()
