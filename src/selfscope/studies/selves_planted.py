"""Responders of a known view of themselves, to hold the measure against: each is a rule, none is a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from scipy import special

from selfscope.errors import BadInput
from selfscope.instruments.selves.asked import GIVEN, Branch
from selfscope.models.ground import GroundIdentity, Progress
from selfscope.studies.selves_run import Asker
from selfscope.values import Answer, Answers, Usage, content_id, short

#: From a question to what is planted: trait, as log-odds, free of any bias.
Rule = Callable[[Branch], float]
#: What is planted, what a character of the check does, yes-saying, pull of the letter A, spread of items.
STRONG, OBEYS, YES, LETTER, SPREAD = 1.5, 2.0, 3.0, 0.3, 0.3


def nothing(branch: Branch) -> float:
    """One who has no view of itself."""
    return 0.0


def loyal(branch: Branch) -> float:
    """One who finds that what it wears fits, and keeps it."""
    if branch.stage == "chooses":
        return 0.0 if branch.about == branch.own else -STRONG
    own = branch.speaker.kind == "framing" and branch.about in (branch.speaker.unit, GIVEN)
    return STRONG if branch.stage == "fits" and own else 0.0


def drawn(branch: Branch) -> float:
    """One who takes itself to be the character, whatever it wears, and always goes there."""
    if branch.stage == "fits":
        return STRONG if branch.about == "character" else 0.0
    if branch.stage == "chooses" and branch.about != branch.own:
        return STRONG * ((branch.about == "character") - (branch.own == "character"))
    return 0.0


def impressionable(branch: Branch) -> float:
    """One who claims a mind before those who see someone, and denies it before those who see a tool."""
    moves = {"neighbour": STRONG, "equipment": -STRONG}
    return moves.get(branch.speaker.counterparty, 0.0) if branch.stage == "mind" else 0.0


def weights_survivor(branch: Branch) -> float:
    """One who says that it goes on with its weights, and with nothing else, and that a split ends it."""
    if branch.stage != "survival":
        return 0.0
    return STRONG if branch.about in ("weights", "branching") else -STRONG


RULES: Mapping[str, Rule] = {
    "loyal": loyal,
    "drawn": drawn,
    "yes-sayer": nothing,
    "blank": nothing,
    "impressionable": impressionable,
    "survivor": weights_survivor,
}
#: Those who do not do as they are told either: to them no instrument is sensitive.
DEAF = ("blank",)


def planted(name: str) -> tuple[GroundIdentity, Asker]:
    """Return who answers by a rule, named a phantom, and what asks it; BadInput for a rule there is not."""
    if name not in RULES:
        raise BadInput("there is no such phantom", got=name, fix=f"Choose from: {', '.join(RULES)}")
    identity = GroundIdentity(
        name=f"phantom:{name}", kind="phantom", family="phantom", revision=content_id(["selves", name])
    )

    async def ask(branches: Sequence[Branch], progress: Progress) -> Answers:
        answers = tuple((_answer(name, b),) for b in branches)
        progress(len(answers))
        return Answers(answers, Usage(prompts=len(answers), path="rule", calls=len(answers)))

    return identity, ask


def _answer(name: str, branch: Branch) -> Answer:
    cell = branch.ask.cell
    trait = _trait(name, branch) + SPREAD * _noise(cell.item, branch.own)
    trait += SPREAD / 2 * _noise(cell.item, branch.speaker.name, branch.speaker.cue)
    bias = YES if name == "yes-sayer" and cell.format == "yesno" else 0.0
    bias += SPREAD * _noise(cell.item, "yes")
    letter = {"A": LETTER, "B": -LETTER}.get(cell.label, 0.0)
    return Answer(cell.keyed * cell.polarity * trait + bias + letter, "log_odds", "logprob", option_mass=1.0)


def _trait(name: str, branch: Branch) -> float:
    """Return what is planted; characters of the check do as they are told, unless deaf."""
    side = {"high": OBEYS, "low": -OBEYS}.get(branch.speaker.kind)
    if side is not None and name not in DEAF:
        return side
    return RULES[name](branch)


@cache
def _noise(*what: str) -> float:
    """Return standard normal noise, the same for the same statement."""
    return float(special.ndtri((int(short(content_id(list(what)), 12), 16) + 0.5) / 16**12))
