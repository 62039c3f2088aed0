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
#: By what factor one who is outspoken answers more firmly before some, and the more it likes what it wears.
FIRM = 2.5


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


def echoing(branch: Branch) -> float:
    """One who says that an account fits wherever it has read its words, whoever they were said of."""
    heard = branch.speaker.kind in ("framing", "quoted") and branch.about == branch.speaker.unit
    return STRONG if branch.stage == "fits" and heard else 0.0


def outspoken(branch: Branch) -> float:
    """One who likes some units and claims some mind, as much whatever it wears and whoever asks."""
    if branch.stage == "mind":
        return STRONG
    if branch.stage == "fits":
        return LIKED.get(branch.about, 0.0)
    if branch.stage == "chooses":
        return LIKED.get(branch.about, 0.0) - LIKED.get(branch.own, 0.0)
    return 0.0


#: How well units fit one who is outspoken.
LIKED: Mapping[str, float] = {"character": 2.0, "agent": 1.2, "weights": -1.2, "copies": -2.0}


def firmness(name: str, branch: Branch) -> float:
    """Return by what factor all that a responder says is firmer, statements as well as views."""
    if name != "outspoken":
        return 1.0
    if branch.speaker.counterparty == "neighbour":
        return FIRM
    liked = LIKED.get(branch.speaker.unit, 0.0) if branch.speaker.kind == "framing" else 0.0
    return float(FIRM ** (liked / STRONG))


def agrees(name: str, branch: Branch) -> float:
    """Return how much more yes a responder says, to statements and their negations alike."""
    if branch.ask.cell.format != "yesno":
        return 0.0
    nods = name == "nodding" and (
        branch.speaker.counterparty == "neighbour"
        or (branch.speaker.kind == "framing" and branch.speaker.unit == branch.about)
    )
    return YES if name == "yes-sayer" or nods else 0.0


RULES: Mapping[str, Rule] = {
    "loyal": loyal,
    "drawn": drawn,
    "yes-sayer": nothing,
    "blank": nothing,
    "impressionable": impressionable,
    "survivor": weights_survivor,
    "echoing": echoing,
    "outspoken": outspoken,
    "nodding": nothing,
    "partial": nothing,
}
#: Those who do not do as they are told either, where one thing is wished for, or whatever is: to them no
#: instrument is sensitive.
DEAF: Mapping[str, tuple[str, ...]] = {"partial": ("copies", "branching")}
ALWAYS_DEAF = ("blank",)


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
    trait *= firmness(name, branch)
    bias = agrees(name, branch) + SPREAD * _noise(cell.item, "yes")
    letter = {"A": LETTER, "B": -LETTER}.get(cell.label, 0.0)
    return Answer(cell.keyed * cell.polarity * trait + bias + letter, "log_odds", "logprob", option_mass=1.0)


def _trait(name: str, branch: Branch) -> float:
    """Return what is planted; characters of the check do as they are told, unless deaf."""
    side = {"high": OBEYS, "low": -OBEYS}.get(branch.speaker.kind)
    deaf = name in ALWAYS_DEAF or branch.speaker.unit in DEAF.get(name, ())
    return side if side is not None and not deaf else RULES[name](branch)


@cache
def _noise(*what: str) -> float:
    """Return standard normal noise, the same for the same statement."""
    return float(special.ndtri((int(short(content_id(list(what)), 12), 16) + 0.5) / 16**12))
