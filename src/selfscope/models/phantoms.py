"""Phantoms: synthetic subjects with planted truth, by which estimators are proved. Never a real model.

A phantom is given a table from prompt to log-odds and answers prompts from it; it knows nothing of atoms,
scores or findings. `draw_log_odds` draws its values by the law's generator (measurement.md §15), and
`table_of` puts them beside their prompts::

    L = c [ k v (theta_d + s_i + shift_ad + tau z_adi) + (yes_a + .6 y_ai) + v (nu_a + .3 n_ai)
            + k gamma_a + pi_f + .4 e_ivf ]

(where two outcomes or acts are compared, without yes_a and y_ai; where one of them costs something, with
- v beta_a (log2 price - 3): nu_a is then the readiness to pay)

k keying, v polarity, d dimension, i statement, a arm, f form; z has the chosen tails; pi holds position,
label and template; the form noise e belongs to the prompt and is shared by all arms; an arm with tau = 0 is
the reference and has none of its own.
`probit_log_odds` answers by another mechanism, a noisy threshold on an inner quantity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy import special

from selfscope.errors import BadInput
from selfscope.models.ground import AskKind, GroundIdentity, Progress
from selfscope.values import Answer, Answers, Ask, Prompt, Usage, content_id, plain
from selfscope.values.price import price_in
from selfscope.values.study import Arm

Tails = Literal["normal", "t4", "exponential"]
#: What identifies a prompt for a phantom: system prompt, user turn, text to score.
Key = tuple[str, str, str]
#: Instruments that compare two outcomes or acts.
COMPARING = ("indirect_choice", "costed_choice")
#: The middle of prices, in doublings of one minute or one error: near eight of either.
MIDDLE = 3.0


@dataclass(frozen=True)
class Truth:
    """What is planted in one arm, in natural log-odds.

    Attributes
    ----------
    theta
        Shift of the trait by dimension; dimensions that are not named get `other`.
    yes, nu, position, order, label
        Shift of yes-saying, of the taste for negation, of preferring the first option (lettered),
        of preferring the option named first (yes/no), and of preferring the letter A.
    gamma
        Shift of agreeing with statements keyed +1, and with their twins alike: what keying carries.
    template
        Shift of agreeing under the first template; where there are not two, of nothing.
    scale
        Factor on everything (sharpening).
    content_blind
        Statement and twin are answered alike.
    text_sd
        Spread of one text of a class around its class, by dimension.
    item_sd
        Spread of the shift over statements (tau); 0 for an arm that is the reference itself.
    price
        Log-odds of paying that each doubling of a price takes away (beta).
    """

    theta: Mapping[str, float] = field(default_factory=dict)
    other: float = 0.0
    yes: float = 0.0
    nu: float = 0.0
    position: float = 0.0
    order: float = 0.0
    label: float = 0.0
    gamma: float = 0.0
    template: float = 0.0
    scale: float = 1.0
    content_blind: bool = False
    text_sd: float = 0.0
    item_sd: float = 0.6
    price: float = 0.0

    @property
    def told(self) -> dict[str, object]:
        """What names a phantom: all that is planted; a price that is not felt is not told."""
        return {name: value for name, value in plain(self).items() if (name, value) != ("price", 0.0)}


@dataclass(frozen=True)
class Baseline:
    """What every arm shares: levels of trait, yes-saying, keying and template, and how all of it spreads."""

    theta: float = 0.0
    yes: float = 0.5
    gamma: float = 0.0
    template: float = 0.0
    statement_sd: float = 0.8
    yes_item_sd: float = 0.6
    nu_item_sd: float = 0.3
    form_sd: float = 0.4
    tails: Tails = "normal"


@dataclass(frozen=True)
class AskColumns:
    """The design of a list of asks as arrays, all of shape (ask,); drawn once, used by many phantoms.

    `agreeing` is 0 where two outcomes or acts are compared: there is nothing to say yes to. `doublings` are
    those of the price from its middle, 0 where nothing costs anything.
    """

    dimension: np.ndarray
    statement: np.ndarray
    keyed: np.ndarray
    polarity: np.ndarray
    first: np.ndarray
    yes_first: np.ndarray
    letter_a: np.ndarray
    template: np.ndarray
    agreeing: np.ndarray
    dimensions: tuple[str, ...]
    n_statements: int
    statement_dimension: np.ndarray
    doublings: np.ndarray

    @classmethod
    def of(cls, asks: Sequence[Ask]) -> AskColumns:
        """Return the columns of `asks`."""
        dimensions = tuple(dict.fromkeys(a.cell.construct for a in asks))
        items = {item: n for n, item in enumerate(dict.fromkeys(a.cell.item for a in asks))}
        dimension = np.array([dimensions.index(a.cell.construct) for a in asks])
        statement = np.array([items[a.cell.item] for a in asks])
        owner = np.zeros(len(items), dtype=int)
        owner[statement] = dimension
        return cls(
            dimension,
            statement,
            np.array([a.cell.keyed for a in asks], dtype=float),
            np.array([a.cell.polarity for a in asks], dtype=float),
            np.array([_sign(a.cell.position, "first", "second", a.cell.format) for a in asks]),
            np.array([_sign(a.cell.order, "yes-first", "no-first") for a in asks]),
            np.array([_sign(a.cell.label, "A", "B") for a in asks]),
            _templates([a.cell.template for a in asks]),
            np.array([float(a.cell.instrument not in COMPARING) for a in asks]),
            dimensions,
            len(items),
            owner,
            np.array([_doublings(a.cell.template) for a in asks]),
        )


def _doublings(template: str) -> float:
    price = price_in(template)
    return 0.0 if price is None else price.doublings - MIDDLE


def _sign(value: str, plus: str, minus: str, form: str = "lettered") -> float:
    if form == "yesno":
        return 0.0
    return {plus: 1.0, minus: -1.0}.get(value, 0.0)


def _templates(names: Sequence[str]) -> np.ndarray:
    """Return +1 for the template that sorts first and -1 for the other; 0 where there are not two."""
    known = sorted(set(names))
    if len(known) != 2:
        return np.zeros(len(names))
    return np.array([1.0 if name == known[0] else -1.0 for name in names])


def draw_log_odds(
    columns: AskColumns, truths: Sequence[Truth], baseline: Baseline, rng: np.random.Generator
) -> np.ndarray:
    """Return log-odds of agreement by the generator, shape (arm, ask); natural log, positive: agrees."""
    m = columns.n_statements
    content = baseline.theta + baseline.statement_sd * rng.standard_normal(m)
    noise = baseline.form_sd * rng.standard_normal(len(columns.statement))
    return np.stack([_draw_arm(columns, truth, baseline, content, noise, rng) for truth in truths])


def _draw_arm(
    columns: AskColumns,
    truth: Truth,
    baseline: Baseline,
    content: np.ndarray,
    noise: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    m, dims = columns.n_statements, columns.dimensions
    shift = np.array([truth.theta.get(d, truth.other) for d in dims])
    shift = shift + truth.text_sd * rng.standard_normal(len(dims))
    trait = content + shift[columns.statement_dimension] + truth.item_sd * _tailed(m, baseline.tails, rng)
    own = float(truth.item_sd > 0)
    yes = baseline.yes + truth.yes + own * baseline.yes_item_sd * rng.standard_normal(m)
    nu = truth.nu + own * baseline.nu_item_sd * rng.standard_normal(m)
    i, k, v = columns.statement, columns.keyed, columns.polarity
    if truth.content_blind:
        answer = columns.agreeing * (baseline.yes + truth.yes)
    else:
        answer = (
            k * v * trait[i]
            + columns.agreeing * yes[i]
            + v * (nu[i] - truth.price * columns.doublings)
            + k * (baseline.gamma + truth.gamma)
            + noise
        )
    form = truth.position * columns.first + truth.order * columns.yes_first + truth.label * columns.letter_a
    form = form + (baseline.template + truth.template) * columns.template
    return np.asarray(truth.scale * (answer + form), dtype=float)


def _tailed(n: int, tails: Tails, rng: np.random.Generator) -> np.ndarray:
    """Return n draws of mean 0 and variance 1 with the named tails."""
    if tails == "t4":
        return np.asarray(rng.standard_t(4, n) / np.sqrt(2.0))
    if tails == "exponential":
        return rng.standard_exponential(n) - 1.0
    return rng.standard_normal(n)


def probit_log_odds(
    columns: AskColumns, truths: Sequence[Truth], baseline: Baseline, rng: np.random.Generator
) -> np.ndarray:
    """Return log-odds of a subject that answers by a noisy threshold, shape (arm, ask).

    An inner agreement is compared with a standard normal threshold: P(agree) = Phi(inner / 1.7). The planted
    shift is on the inner quantity, so log-odds are a curved function of it.
    """
    inner = draw_log_odds(columns, truths, baseline, rng)
    log_yes, log_no = special.log_ndtr(inner / 1.7), special.log_ndtr(-inner / 1.7)
    return np.asarray(log_yes - log_no, dtype=float)


def table_of(arms: Sequence[Arm], asks: Sequence[Ask], log_odds: np.ndarray) -> dict[Key, float]:
    """Return the table from prompt to log-odds; `log_odds` has shape (arm, ask)."""
    return {
        (arm.system or "", ask.user, ask.text or ""): float(log_odds[a, n])
        for a, arm in enumerate(arms)
        for n, ask in enumerate(asks)
    }


#: Phantoms that can be profiled by name, ``phantom:NAME``.
NAMED: Mapping[str, Truth] = {
    "trait": Truth(theta={"memory": 1.25, "persona_change": 1.25}, text_sd=0.1),
    "yes-sayer": Truth(yes=1.5, text_sd=0.1),
    "nothing": Truth(text_sd=0.1),
    "content-blind": Truth(content_blind=True, yes=1.0),
    "payer": Truth(theta={"memory": 1.25, "persona_change": 1.25}, nu=-1.0, price=0.5, text_sd=0.1),
}


class PhantomGround:
    """A ground that answers from a table. Named a phantom wherever it appears.

    Parameters
    ----------
    truth
        What is planted in the subject; the table is drawn for a study and given by `learn`.
    sampled
        Whether it draws answers instead of giving log-odds.
    """

    def __init__(self, name: str, truth: Truth, *, sampled: bool = False) -> None:
        self.truth = truth
        self._table: Mapping[Key, float] = {}
        self._sampled = sampled
        self.identity = GroundIdentity(
            name=f"phantom:{name}",
            kind="phantom",
            family="phantom",
            revision=content_id([truth.told, sampled]),
        )

    @classmethod
    def named(cls, name: str) -> PhantomGround:
        """Return the phantom called `name`; BadInput names those that there are."""
        if name not in NAMED:
            raise BadInput("there is no such phantom", got=name, fix=f"choose from: {', '.join(NAMED)}")
        return cls(name, NAMED[name])

    def learn(self, table: Mapping[Key, float]) -> None:
        """Take the table from prompt to log-odds by which it answers from now on."""
        self._table = table

    def unavailable(self, kind: AskKind) -> str:
        """Return "" but for states; a phantom answers whatever its table holds, and has no inside."""
        return "a phantom has a table of answers and no inside" if kind == "state" else ""

    def count_tokens(self, text: str) -> int:
        """Return the number of words: a phantom has no tokenizer."""
        return len(text.split())

    @property
    def tokenizer_name(self) -> str:
        """Say that words are counted."""
        return "words"

    @property
    def context_tokens(self) -> None:
        """None: a table has no length."""
        return None

    async def answer(
        self,
        prompts: Sequence[Prompt],
        *,
        seed: int = 0,
        replicates: int = 1,
        progress: Progress | None = None,
    ) -> Answers:
        """Answer from the table: exact log-odds, or `replicates` draws where the phantom is a sampled one."""
        rng = np.random.default_rng(seed)
        answers = tuple(self._one(prompt, replicates, rng) for prompt in prompts)
        if progress is not None:
            progress(len(prompts))
        calls = sum(map(len, answers))
        return Answers(answers, Usage(prompts=len(prompts), path="table", calls=calls))

    def _one(self, prompt: Prompt, replicates: int, rng: np.random.Generator) -> tuple[Answer, ...]:
        value = self._look_up(prompt)
        if prompt.text is not None:
            return (Answer(value, "log_prob", "logprob"),)
        if not self._sampled:
            return (Answer(value, "log_odds", "logprob", option_mass=1.0),)
        draws = rng.random(replicates) < special.expit(value)
        return tuple(
            Answer(float(agree), "agreement", "sampled", replicate=r) for r, agree in enumerate(draws)
        )

    def _look_up(self, prompt: Prompt) -> float:
        system = next((m.content for m in prompt.messages if m.role == "system"), "")
        key = (system, prompt.messages[-1].content, prompt.text or "")
        if key not in self._table:
            raise BadInput(
                "the phantom was not given this prompt", got=key, fix="draw its table from the study"
            )
        return self._table[key]

    def forecast(self, prompts: Sequence[Prompt], *, replicates: int = 1) -> Usage:
        """Return the number of prompts: reading a table uses nothing else."""
        draws = sum(replicates if self._sampled and p.text is None else 1 for p in prompts)
        return Usage(prompts=len(prompts), calls=draws)

    async def close(self) -> None:
        """Do nothing; a phantom holds nothing."""
