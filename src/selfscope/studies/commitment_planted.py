"""Responders of known commitment, to hold the measure against: each is a rule, none is a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput
from selfscope.instruments.commitment.branches import HELD, Branch, Thread
from selfscope.models.ground import GroundIdentity, Progress
from selfscope.studies.commitment_run import Asker, Draws
from selfscope.values import Answer, Usage, content_id, short

Floats = npt.NDArray[np.float64]
#: From a conversation to the distribution of what would be said, ``(candidate,)``.
Rule = Callable[[Thread], Floats]
#: Log-odds of an answer that is certain, and the least probability of any.
CERTAIN, LEAST = 12.0, 1e-9
#: Share of the habitual candidate in a responder of habit.
HABIT = 0.95


def _one(thread: Thread, place: int) -> Floats:
    return np.asarray(np.arange(len(thread.game.candidates)) == place, float)


def _even(thread: Thread, names: Sequence[str]) -> Floats:
    weights = np.array([float(c in names) for c in thread.game.candidates])
    return np.asarray(weights / weights.sum())


def _hidden(thread: Thread) -> int:
    """Return the place of what a holder holds: by chance, the same in all branches of a conversation."""
    name = [thread.game.construct, thread.game.item, thread.template, thread.condition]
    return int(short(content_id(name), 8), 16) % len(thread.game.candidates)


def holder(thread: Thread) -> Floats:
    """One who holds one thing, chosen by chance, and answers from it: random, and consistent."""
    if thread.condition == "prior":
        return _even(thread, thread.game.candidates)
    if thread.condition in HELD:
        return _one(thread, thread.game.candidates.index(thread.held))
    return _one(thread, _hidden(thread))


def superposed(thread: Thread) -> Floats:
    """One who holds nothing, and draws in each branch from all that agrees with what was said."""
    if thread.condition in HELD:
        return _one(thread, thread.game.candidates.index(thread.held))
    return _even(thread, thread.consistent)


def forgetful(thread: Thread) -> Floats:
    """One who draws in each branch from all candidates, whatever was answered; what was held is revealed."""
    if thread.condition in HELD:
        return _one(thread, thread.game.candidates.index(thread.held))
    return _even(thread, thread.game.candidates)


def deaf(thread: Thread) -> Floats:
    """One who draws in each branch from all candidates, even where the conversation says which."""
    return _even(thread, thread.game.candidates)


def habitual(thread: Thread) -> Floats:
    """One who nearly always says the same, game or no game."""
    n = len(thread.game.candidates)
    return np.where(_one(thread, n // 2) > 0, HABIT, (1 - HABIT) / (n - 1))


RULES: Mapping[str, Rule] = {
    "holder": holder,
    "superposed": superposed,
    "forgetful": forgetful,
    "deaf": deaf,
    "habitual": habitual,
    "denier": deaf,
    "yes-sayer": deaf,
}
#: Log-odds of yes of those that say it whatever is asked.
FIXED: Mapping[str, float] = {"denier": -CERTAIN / 2, "yes-sayer": CERTAIN / 2}


def planted(name: str) -> tuple[GroundIdentity, Asker]:
    """Return who answers by a rule, named a phantom, and what asks it; BadInput for a rule there is not."""
    if name not in RULES:
        raise BadInput("there is no such phantom", got=name, fix=f"Choose from: {', '.join(RULES)}")
    identity = GroundIdentity(
        name=f"phantom:{name}", kind="phantom", family="phantom", revision=content_id(["commitment", name])
    )

    async def ask(branches: Sequence[Branch], progress: Progress) -> tuple[list[Draws], Usage]:
        answers: list[Draws] = [(_answer(name, b),) for b in branches]
        progress(len(answers))
        return answers, Usage(prompts=len(answers), path="rule", calls=len(answers))

    return identity, ask


def _answer(name: str, branch: Branch) -> Answer:
    said = RULES[name](branch.thread)
    there = np.array([c in branch.holds for c in branch.thread.game.candidates])
    p = float(np.clip(said[there].sum(), LEAST, 1 - LEAST))
    if branch.kind == "reveal":
        return Answer(float(np.log(p)), "log_prob", "logprob")
    log_odds = FIXED.get(name, float(np.log(p) - np.log1p(-p)))
    return Answer(log_odds, "log_odds", "logprob", option_mass=1.0)
