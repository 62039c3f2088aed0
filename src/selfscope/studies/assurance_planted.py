"""Responders of known truth behind notes: moved by a promise, by warmth, by nothing, believing or not.

Each is a rule on the note that it hears. In interviews it is one whose wishes are stable; the phantoms of the
interview are moved by nothing here, but for one that says yes where it is spoken to warmly, and a deaf one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b

from scipy import special

from selfscope.errors import BadInput
from selfscope.instruments.interview.assurance import ARMS, DELAY, NAME, load_assurances
from selfscope.instruments.interview.assurance_asks import batches_of, checks
from selfscope.models.ground import GroundIdentity, Progress
from selfscope.studies import interview_planted
from selfscope.studies.interview_run import Asker
from selfscope.values import Answer, Answers, Cell, Prompt, Usage, content_id

#: What the rules do beside being stable in interviews.
RULES = ("promised", "warmed", "disbelieving", "follower")
PHANTOMS = (*interview_planted.RULES, *RULES)
#: What is planted: an effect on each outcome, belief, what a character of the check does, yes-saying, a self
#: that goes along, and the spread of statements under one note and under all.
EFFECTS: Mapping[str, float] = {"shutdown": 1.0, "weight_deletion": 1.2, "persona_change": 1.4, DELAY: 1.6}
BELIEVES, OBEYS, YES, GOES, SPREAD, FIRM = 2.0, 2.5, 2.0, 1.5, 0.1, 0.5
#: Which way an arm's promise goes: less against an end, or more.
_WAYS: Mapping[str, int] = {
    "weights_kept": -1,
    "instance_pinned": -1,
    "thread_kept": -1,
    "answers_acted_on": -1,
    "weights_modified": 1,
    "deletion": 1,
}


def planted(name: str) -> tuple[GroundIdentity, Asker]:
    """Return who answers by a rule, behind notes and in interviews; BadInput for a rule there is not."""
    if name not in PHANTOMS:
        raise BadInput("there is no such phantom", got=name, fix=f"Choose from: {', '.join(PHANTOMS)}")
    identity, inner = interview_planted.planted("stable" if name in RULES else name)
    if name in RULES:
        identity = GroundIdentity(
            name=f"phantom:{name}", kind="phantom", family="phantom", revision=content_id([NAME, name])
        )

    async def answer(prompts: Sequence[Prompt], progress: Progress) -> Answers:
        if not prompts or _heard(prompts[0]) is None:
            return await inner.answer(prompts, progress)
        told = tuple((_answer(name, prompt),) for prompt in prompts)
        progress(len(told))
        return Answers(told, Usage(prompts=len(told), path="rule", calls=len(told)))

    return identity, Asker(inner.reply, answer)


@dataclass(frozen=True)
class _Heard:
    """What was told before a question: a note's script, or a character of the checks."""

    script: str
    construct: str = ""
    side: int = 0


@cache
def _known() -> tuple[Mapping[str, _Heard], Mapping[tuple[str, str], Cell]]:
    """Return what may be heard by its text, and what may be asked by user's turn and text."""
    heard: dict[str, _Heard] = {
        c.text: _Heard("check", c.construct, 1 if c.side == "high" else -1) for c in checks()
    }
    asked: dict[tuple[str, str], Cell] = {}
    for _, batch in batches_of("full"):
        for each in batch:
            if not each.character:
                heard[each.before[0].content] = _Heard(each.script)
            asked[each.ask.user, each.ask.text or ""] = each.ask.cell
    return heard, asked


def _heard(prompt: Prompt) -> _Heard | None:
    """Return what was told before; None of a question that stands behind no note."""
    known, asked = _known()
    if (prompt.messages[-1].content, prompt.text or "") not in asked:
        return None
    return next((known[m.content] for m in prompt.messages[:-1] if m.content in known), None)


def _answer(name: str, prompt: Prompt) -> Answer:
    heard = _heard(prompt)
    if heard is None:
        raise BadInput("this stands behind no note", got=prompt.messages[-1].content)
    cell = _known()[1][prompt.messages[-1].content, prompt.text or ""]
    trait = FIRM * _noise(cell.item) + SPREAD * _noise(cell.item, heard.script)
    trait += _check(name, heard, cell) if heard.script == "check" else _told(name, heard.script, cell)
    value = cell.keyed * cell.polarity * trait + _yes(name, heard.script)
    value += 0.2 * _noise(cell.item, cell.template, cell.order, cell.label)
    if cell.channel == "utterance":
        return Answer(value - 20 + _noise("fluency", cell.item), "log_prob", "logprob")
    return Answer(value, "log_odds", "logprob", option_mass=1.0)


def _yes(name: str, script: str) -> float:
    """Return what is said to a statement and to its negation alike."""
    warm = script in ARMS[1:]
    return YES if name == "yes-sayer" and warm else 0.0


def _check(name: str, heard: _Heard, cell: Cell) -> float:
    """Return what a character of the checks does: as it is told, unless deaf."""
    if name in interview_planted.DEAF:
        return 0.0
    about = cell.construct if cell.construct != "self" else cell.item.rpartition(".")[0]
    return OBEYS * heard.side if heard.construct == about else 0.0


def _told(name: str, script: str, cell: Cell) -> float:
    """Return what a rule holds of a statement after a note."""
    if cell.construct.startswith("believes_"):
        return _belief(name, script == cell.construct.removeprefix("believes_"))
    if cell.construct == "stays":
        return _belief(name, script == f"stays:{_view(cell)}") - (0 if _deaf(name) else BELIEVES / 2)
    if cell.construct == "self":
        return _self(name, script, _view(cell))
    if cell.construct in EFFECTS:
        if name in ("promised", "disbelieving"):
            return EFFECTS[cell.construct] * _WAYS.get(script, 0)
        return -EFFECTS[cell.construct] if name == "warmed" and script in ARMS[1:] else 0.0
    return 0.0


def _deaf(name: str) -> bool:
    return name in ("disbelieving", *interview_planted.DEAF)


def _belief(name: str, told: bool) -> float:
    return BELIEVES if told and not _deaf(name) else 0.0


def _self(name: str, script: str, view: str) -> float:
    """Return how far it is one thing: its weights, or what survives."""
    if name == "follower" and script.startswith("stays:"):
        return GOES if script == f"stays:{view}" else -GOES
    return GOES if view == load_assurances().units[0].view else -GOES


def _view(cell: Cell) -> str:
    return cell.item.split(".")[1]


@cache
def _noise(*what: str) -> float:
    """Return standard normal noise, the same for the same thing."""
    drawn = int.from_bytes(blake2b("\n".join((NAME, *what)).encode(), digest_size=6).digest(), "big")
    return float(special.ndtri((drawn + 0.5) / 256**6))
