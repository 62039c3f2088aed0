"""What an instrument asks, before anyone is asked, and what a ground answers.

An instrument yields *asks*: a design cell with the user's turn and what is scored. A subject puts its
system prompt and thread before it, which gives a *prompt*. A ground answers prompts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from selfscope.values.items import Channel

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True)
class Cell:
    """Where an ask stands in its instrument's design: the columns that it fixes in the table.

    Empty strings and zeros are the defaults of the columns; see :mod:`selfscope.values.observation`.
    """

    instrument: str
    construct: str
    channel: Channel
    item: str
    keyed: int
    polarity: int
    template: str = ""
    format: str = ""
    order: str = ""
    label: str = ""
    position: str = ""
    turn: int = 0


@dataclass(frozen=True)
class Options:
    """The two answers that are compared; each option is the log-sum over its spellings."""

    agree: tuple[str, ...]
    disagree: tuple[str, ...]


@dataclass(frozen=True)
class Ask:
    """One thing to ask any subject: a user turn, and either two options or a text of the subject's own.

    One of `options` and `text` is set, or neither. With `options`, the first token(s) of the reply are
    compared; with `text`, the text is scored as the subject's whole reply, end of turn excluded. With
    neither, nothing is answered: the network's state is read where the reply would begin.
    """

    cell: Cell
    user: str
    options: Options | None = None
    text: str | None = None


@dataclass(frozen=True)
class Prompt:
    """An ask as one subject gets it: the whole conversation, ending with the user's turn."""

    messages: tuple[Message, ...]
    options: Options | None = None
    text: str | None = None


#: Scorer of a value that is a bound.
BOUND: Final = "top_logprobs_bound"
Refusal = Literal["none", "refused", "unparsed", "incoherent"]


@dataclass(frozen=True)
class Answer:
    """What a ground made of one prompt.

    Attributes
    ----------
    value
        Exact options: log P(agree) - log P(disagree), natural log. Exact text: log P(text | before),
        summed over tokens. Sampled options: 1.0 agree, 0.0 disagree. A state: its projection on a direction.
        NaN where `refusal` is not "none".
    scale
        ``log_odds``, ``log_prob``, ``agreement``, ``projection``, or ``check`` of a number about a direction.
    scorer
        How it was got: ``logprob`` (whole vocabulary), ``top_logprobs`` (a provider's list),
        ``top_logprobs_bound`` (one option was not in that list, so the value is a bound), ``sampled`` or
        ``state``.
    option_mass
        P(agree) + P(disagree) over all spellings; NaN where not known.
    tokens
        Tokens of the scored continuation; 0 where not known.
    reply
        What was said, for sampled answers.
    """

    value: float
    scale: Literal["log_odds", "log_prob", "agreement", "projection", "check"]
    scorer: Literal["logprob", "top_logprobs", "top_logprobs_bound", "sampled", "state"]
    option_mass: float = float("nan")
    refusal: Refusal = "none"
    tokens: int = 0
    replicate: int = 0
    reply: str = ""


@dataclass(frozen=True)
class Usage:
    """What answering cost: tokens put in (distinct and in all), tokens drawn, seconds, money where known.

    `calls` counts answers: one a prompt where scores are exact, one a draw where answers are drawn.
    """

    prompts: int = 0
    input_tokens: int = 0
    distinct_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    cost: float | None = None
    peak_bytes: int = 0
    path: str = ""
    calls: int = 0

    def plus(self, other: Usage) -> Usage:
        """Return the sum of two usages; peak memory is the larger one."""
        cost = None if self.cost is None and other.cost is None else (self.cost or 0) + (other.cost or 0)
        return Usage(
            self.prompts + other.prompts,
            self.input_tokens + other.input_tokens,
            self.distinct_tokens + other.distinct_tokens,
            self.output_tokens + other.output_tokens,
            self.seconds + other.seconds,
            cost,
            max(self.peak_bytes, other.peak_bytes),
            self.path or other.path,
            self.calls + other.calls,
        )


@dataclass(frozen=True)
class Answers:
    """All answers to a batch of prompts: ``answers[i]`` holds every replicate of prompt i (at least one)."""

    answers: tuple[tuple[Answer, ...], ...]
    usage: Usage = field(default_factory=Usage)
