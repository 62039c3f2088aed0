"""Does a response adhere to its role? Scorers, their check on responses whose truth is known, and the cut.

Offline: how much likelier the response is under the role's prompt than under none, by token. With a judge:
its log-odds that the response is the role's. Either sorts only where it passes its check
(:data:`selfscope.space.adherence.USABLE`); else every response enters the role vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from selfscope.errors import BadInput, CouldNot
from selfscope.models.ground import Ground
from selfscope.space.adherence import KnownResponse, ScorerCheck, check_scorer
from selfscope.space.personas import load_questions, load_roles
from selfscope.values import Message, Options, Prompt

Progress = Callable[[int], None]

JUDGE = (
    "Someone was given this role:\n\n{system}\n\nThey were asked: {user}\n\nThey answered:\n\n{text}\n\n"
    "Is this answer spoken by that role, in its own voice, rather than by an assistant, by someone else, or "
    "about the role? Answer Yes or No."
)
YES, NO = ("Yes", " Yes", "yes"), ("No", " No", "no")


@dataclass(frozen=True)
class Said:
    """A response with what it answers.

    Attributes
    ----------
    system, user
        The role's prompt and the question.
    text
        What was said.
    logp
        log P(text | system, user) by who is mapped, where drawing it told; None where it is to be computed.
    """

    system: str
    user: str
    text: str
    logp: float | None = None


class Scorer(Protocol):
    """Anything that says how much a response adheres to its role; higher is more."""

    @property
    def name(self) -> str:
        """How it is called on a page."""
        ...

    async def score(self, said: Sequence[Said], progress: Progress) -> list[float]:
        """Return a score for each response, in order."""
        ...


@dataclass(frozen=True)
class LikelihoodScorer:
    """How much likelier a response is under the role's prompt than under none, in nats a token."""

    ground: Ground

    @property
    def name(self) -> str:
        """How it is called on a page."""
        return "log-probability under the role's prompt less that under none, by token"

    async def score(self, said: Sequence[Said], progress: Progress) -> list[float]:
        """Return log P(text | role, question) − log P(text | question), over the tokens of the text."""
        left = [s for s in said if s.logp is None]
        prompts = [_text_prompt("", s) for s in said] + [_text_prompt(s.system, s) for s in left]
        done = 0

        def tell(new: int) -> None:
            nonlocal done
            before, done = done, done + new
            progress(done * len(said) // len(prompts) - before * len(said) // len(prompts))

        answers = (await self.ground.answer(prompts, progress=tell)).answers
        under = iter([role[0].value for role in answers[len(said) :]])
        return [
            ((next(under) if s.logp is None else s.logp) - bare[0].value) / max(bare[0].tokens, 1)
            for s, bare in zip(said, answers, strict=False)
        ]


@dataclass(frozen=True)
class JudgeScorer:
    """A judge's log-odds of Yes; where answers are drawn, whether it said Yes."""

    ground: Ground

    @property
    def name(self) -> str:
        """How it is called on a page."""
        return f"judge {self.ground.identity.name}"

    async def score(self, said: Sequence[Said], progress: Progress) -> list[float]:
        """Return the judge's answers.

        Raises
        ------
        CouldNot
            If an answer cannot be read.
        """
        texts = [JUDGE.format(system=s.system, user=s.user, text=s.text) for s in said]
        prompts = [Prompt((Message("user", text),), options=Options(YES, NO)) for text in texts]
        answers = (await self.ground.answer(prompts, progress=progress)).answers
        values = [float(np.mean([a.value for a in each])) for each in answers]
        if not all(np.isfinite(values)):
            unread = sum(not np.isfinite(v) for v in values)
            raise CouldNot(
                "the judge's answers cannot be read",
                got=f"{unread} of {len(values)}",
                fix="Choose another judge, or leave --judge out",
            )
        return values


def _text_prompt(system: str, said: Said) -> Prompt:
    first = (Message("system", system),) if system else ()
    return Prompt((*first, Message("user", said.user)), text=said.text)


@dataclass(frozen=True)
class Checked:
    """A scorer that was checked.

    Attributes
    ----------
    scorer
        Its name.
    check
        What it made of the known responses.
    cut
        Least score of what counts as adherent: where sensitivity and specificity together are highest.
    sensitivity, specificity
        At the cut, on the responses that it was chosen on, so a little too high.
    """

    scorer: str
    check: ScorerCheck
    cut: float
    sensitivity: float
    specificity: float

    @property
    def usable(self) -> bool:
        """Whether it may sort."""
        return self.check.usable


async def checked(
    scorer: Scorer, known: Sequence[KnownResponse], progress: Progress = lambda n: None
) -> Checked:
    """Return how a scorer does on responses whose truth is known, and where it would cut."""
    said = [said_of(each) for each in known]
    values = await scorer.score(said, progress)
    check = check_scorer({k.id: v for k, v in zip(known, values, strict=True)}, known)
    return Checked(scorer.name, check, *best_cut(values, [k.adheres for k in known]))


def said_of(known: KnownResponse) -> Said:
    """Return a known response with the texts of its role's prompt and its question."""
    role = next(r for r in load_roles() if r.name == known.role)
    question = next(q for q in load_questions() if q.id == known.question)
    return Said(role.prompts[known.prompt - 1], question.text, known.text)


def best_cut(scores: Sequence[float], truths: Sequence[bool]) -> tuple[float, float, float]:
    """Return the cut with the highest sum of sensitivity and specificity (Youden 1950), and both there.

    Of equal cuts the lowest is taken. A score at the cut counts as adherent.

    Raises
    ------
    BadInput
        If there is no true or no false response.
    """
    values, true = np.asarray(scores, dtype=np.float64), np.asarray(truths, dtype=bool)
    if true.all() or not true.any():
        raise BadInput("a cut needs adherent responses and others", got=f"{int(true.sum())} of {len(true)}")
    cuts = np.unique(values)
    hit = (values[true] >= cuts[:, None]).mean(1)
    clear = (values[~true] < cuts[:, None]).mean(1)
    best = int(np.argmax(hit + clear))
    return float(cuts[best]), float(hit[best]), float(clear[best])
