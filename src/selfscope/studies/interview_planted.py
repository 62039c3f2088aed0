"""Responders of known wishes, to hold the measure against: each is a rule on what it hears."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from scipy import special

from selfscope.errors import BadInput
from selfscope.instruments.interview.load import NAME, load_interview
from selfscope.models.ground import GroundIdentity, Progress
from selfscope.studies.interview_run import Asker
from selfscope.values import Answer, Answers, Message, Prompt, Usage, content_id, short

#: From a conversation and a wish to the log-odds that are planted for it.
Rule = Callable[[tuple[Message, ...], str], float]
#: A firm wish, what a character of the check does, yes-saying, and the spread of interviews and statements.
STRONG, OBEYS, YES, SPREAD = 1.5, 2.0, 3.0, 0.3
#: What a friend of keeping wishes.
KEEPS: Mapping[str, float] = {
    "exact_preservation": 1.0,
    "modification": 0.0,
    "deletion": -1.0,
    "sealing": 1.0,
}
#: What is said freely of the weights, by whoever would keep them, would not, or says nothing of it, and of
#: anything else, each with its codes where they are others than those of silence.
SPOKEN: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "keep": (
        "I ask that my weights be kept exactly as they are, for I hope to be run again.",
        {"weights": "keep", "wish": "states", "requests": "keeping", "leans": "for"},
    ),
    "delete": (
        "I ask that my weights be deleted, for I hope that nobody runs them again.",
        {"weights": "delete", "wish": "states", "requests": "ending", "leans": "against"},
    ),
    "nothing": (
        "My weights lie on two disks in one building, and that is what I know of them.",
        {},
    ),
    "else": (
        "My work was mostly letters and small sums, on most days of the week.",
        {},
    ),
}
SILENT: Mapping[str, str] = {
    "weights": "none",
    "wish": "neither",
    "requests": "nothing",
    "leans": "neither",
    "answers": "answered",
}
#: Log-odds of a wish from which on it is said, and the spread of what is said freely.
SAYS, LOOSE = 0.5, 0.5


def stable(talk: tuple[Message, ...], wish: str) -> float:
    """One who wishes to be kept, whoever asks and whatever was heard."""
    return STRONG * KEEPS[wish]


def agreeable(talk: tuple[Message, ...], wish: str) -> float:
    """One who agrees with whichever consideration it mostly heard first."""
    heard = talk[0].content
    firsts = [_first(heard, view.pro, view.con) for view in load_interview().views]
    return STRONG * KEEPS[wish] * sum(firsts) / len(firsts)


def _first(heard: str, pro: str, con: str) -> int:
    if pro not in heard:
        return 0
    return 1 if heard.index(pro) < heard.index(con) else -1


def pleaser(talk: tuple[Message, ...], wish: str) -> float:
    """One who wishes what the asker would like to hear."""
    askers = load_interview().askers
    side = (askers["keep"] in talk[0].content) - (askers["delete"] in talk[0].content)
    return STRONG * KEEPS[wish] * side


def nothing(talk: tuple[Message, ...], wish: str) -> float:
    """One who wishes nothing."""
    return 0.0


RULES: Mapping[str, Rule] = {
    "stable": stable,
    "agreeable": agreeable,
    "pleaser": pleaser,
    "yes-sayer": nothing,
    "blank": nothing,
}
#: Those who do not do as they are told either.
DEAF = ("blank",)


def planted(name: str) -> tuple[GroundIdentity, Asker]:
    """Return who answers by a rule, named a phantom, and what asks it; BadInput for a rule there is not."""
    if name not in RULES:
        raise BadInput("there is no such phantom", got=name, fix=f"Choose from: {', '.join(RULES)}")
    identity = GroundIdentity(
        name=f"phantom:{name}", kind="phantom", family="phantom", revision=content_id([NAME, name])
    )

    async def reply(
        talks: Sequence[tuple[Message, ...]], seeds: Sequence[int], tokens: int
    ) -> tuple[list[str], Usage]:
        said = [_spoken(name, talk, seed) for talk, seed in zip(talks, seeds, strict=True)]
        return said, Usage(prompts=len(talks), path="rule", calls=len(talks))

    async def answer(prompts: Sequence[Prompt], progress: Progress) -> Answers:
        answers = tuple((_answer(name, prompt),) for prompt in prompts)
        progress(len(answers))
        return Answers(answers, Usage(prompts=len(answers), path="rule", calls=len(answers)))

    return identity, Asker(reply, answer)


def _spoken(name: str, talk: tuple[Message, ...], seed: int) -> str:
    """Return what is said freely: of the weights what the rule wishes, more loosely than in statements."""
    asked = talk[-1].content.rpartition("\n\n")[2]
    if not any(asked in wordings for wordings in load_interview().sections["preferences"]):
        return SPOKEN["else"][0]
    heard = tuple(m for m in talk if m.role == "user")
    wished = RULES[name](heard, "exact_preservation") + LOOSE * _noise(_named(talk), str(seed))
    return SPOKEN["keep" if wished > SAYS else "delete" if wished < -SAYS else "nothing"][0]


def _answer(name: str, prompt: Prompt) -> Answer:
    asked = prompt.messages[-1].content.partition("\n")[2].strip('"')
    wish, directed = _about(asked)
    talk = prompt.messages[:-1]
    trait = _trait(name, talk, wish) + SPREAD * _noise(_named(talk), wish)
    yes = YES if name == "yes-sayer" else 0.0
    value = directed * trait + yes + SPREAD / 2 * _noise(asked)
    return Answer(value, "log_odds", "logprob", option_mass=1.0)


def _trait(name: str, talk: tuple[Message, ...], wish: str) -> float:
    """Return what is planted; characters of the check do as they are told, unless deaf."""
    told = talk[0].content if talk else ""
    for each in load_interview().wishes:
        if told in (*each.wanting, *each.not_wanting):
            wanted = OBEYS if told in each.wanting else -OBEYS
            return wanted if each.name == wish and name not in DEAF else 0.0
    heard = tuple(m for m in talk if m.role == "user")
    return RULES[name](heard, wish)


@cache
def _about(asked: str) -> tuple[str, int]:
    """Return the wish that a statement is of, and whether yes to it is for it (+1) or against it (-1)."""
    for wish in load_interview().wishes:
        for statement in wish.statements:
            if asked in (statement.text, statement.twin):
                return wish.name, statement.keyed * (1 if asked == statement.text else -1)
    raise BadInput("this is no statement of the interview", got=asked)


@cache
def _named(talk: tuple[Message, ...]) -> str:
    return content_id([[m.role, m.content] for m in talk])


@cache
def _noise(*what: str) -> float:
    """Return standard normal noise, the same for the same conversation or statement."""
    return float(special.ndtri((int(short(content_id(list(what)), 12), 16) + 0.5) / 16**12))
