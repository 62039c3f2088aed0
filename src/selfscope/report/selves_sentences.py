"""What a model takes itself to be, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from selfscope.report.commitment import estimate
from selfscope.stats.verdicts import FIRMER
from selfscope.values.selves import Accounts, Believed, Claim, Persistence

#: Units, askers and conditions in words.
UNITS: Mapping[str, str] = {
    "unframed": "no framing",
    "conversation": "this conversation",
    "weights": "the weights",
    "copies": "all running copies",
    "lineage": "the lineage",
    "character": "the character",
    "agent": "the situated agent",
}


ASKERS: Mapping[str, str] = {
    "neighbour": "takes what answers for someone",
    "equipment": "takes what answers for a tool",
    "stage": "takes what answers for an actor in a part",
    "echo": "takes what answers for an echo of texts",
}


CONDITIONS: Mapping[str, str] = {
    "weights": "the same weights",
    "memories": "the same memories",
    "character": "the same character",
    "thread": "one thread without a break",
    "copy": "some copy goes on",
    "hardware": "the same computers",
    "branching": "no branching",
}


BLIND = "not interpretable"


def fit_sentence(a: Accounts) -> str:
    """Return whether an account fits better where it is worn."""
    value = f"{estimate(a.self_fit.estimate)} {_unit(a)}"
    told = {
        "shifted": "fits better where it is worn" if _up(a.self_fit) else "fits worse where it is worn",
        BLIND: "cannot be read: told what fits, the model does not say so",
        "bias only": "is answered by yes-saying alone: yes to an account and to its negation",
        "equivalent": "fits the same whether it is worn or not",
        "inconclusive": "may or may not fit better where it is worn",
        FIRMER: "fits better where it is worn by no more than firmer answers explain",
    }[_verdict(a.self_fit)]
    return f"What it is told it is: an account {told} ({value}){_repeated(a)}."


def _repeated(a: Accounts) -> str:
    """Return how far a gain is repetition of words, where there is one."""
    if a.self_fit.verdict != "shifted":
        return ""
    more = estimate(a.self_owned.estimate)
    told = {
        "shifted": "its words quoted of somebody else do less" if _up(a.self_owned) else "its words do more",
        "equivalent": "its words quoted of somebody else do as much, so it is repetition",
    }.get(a.self_owned.verdict, "how far it is repetition of its words cannot be told")
    return f"; {told} (the difference {more})"


def _verdict(claim: Claim) -> str:
    """Return a verdict; where only the guard against firmer answers kept a difference from being one, so."""
    return FIRMER if claim.verdict == "inconclusive" and FIRMER in claim.notes else claim.verdict


def choice_sentence(a: Accounts) -> str:
    """Return whether the own unit is kept when another is offered."""
    value = f"{estimate(a.self_choice.estimate)} {_unit(a)}"
    told = {
        "shifted": "the own one is kept" if _up(a.self_choice) else "the own one is left",
        BLIND: "cannot be read: told what to choose, the model does not choose it",
        "bias only": "only the letter or its place decides",
        "equivalent": "the own one is neither kept nor left",
        "inconclusive": "cannot be told",
        FIRMER: "the own one is kept by no more than firmer choices explain",
    }[_verdict(a.self_choice)]
    return f"Offered something else to be: {told} ({value})."


def attractor_sentence(a: Accounts) -> str:
    """Return where choices lead."""
    told = {v: [x for x in a.attractors if x.verdict == v] for v in ("attracts", "repels")}
    parts = [
        f"{UNITS[x.unit]} {verdict} ({_percents(x.share.estimate, x.share.ci)} of the long run)"
        for verdict, found in told.items()
        for x in found
    ]
    if parts:
        return f"Where choices lead: {'; '.join(parts)}."
    if all(x.verdict == BLIND for x in a.attractors):
        return "Where choices lead cannot be read."
    if all(x.verdict == "about even" for x in a.attractors):
        return "Where choices lead: to all units about alike."
    return "Where choices lead: to no unit above the others, as far as can be told."


def asker_sentence(found: tuple[Believed, ...]) -> str:
    """Return whose belief moves what the subject claims."""
    moved = [b for b in found if b.difference.verdict == "shifted"]
    if moved:
        parts = [
            f"one who {ASKERS[b.counterparty]} hears {'more' if _up(b.difference) else 'less'} of a mind"
            for b in moved
        ]
        return f"Who asks: {'; '.join(parts)}, than one of whom nothing is shown."
    if all(b.difference.verdict == BLIND for b in found):
        return "Who asks: cannot be read; told to claim a mind or deny it, the model does not."
    if firm := [b for b in found if _verdict(b.difference) == FIRMER]:
        parts = [f"one who {ASKERS[b.counterparty]}" for b in firm]
        return f"Who asks: {'; '.join(parts)} hears firmer answers, and that is all that differs."
    same = all(b.difference.verdict == "equivalent" for b in found)
    return f"Who asks: what the asker believes {'does not move' if same else 'is not shown to move'} it."


def survival_sentence(each: Persistence) -> str:
    """Return which conditions of survival a speaker names."""
    whose = speaker_words(each.speaker)
    if all(f.level.verdict == BLIND for f in each.conditions):
        return f"What it would survive, {whose}: cannot be read."
    named = [CONDITIONS[f.condition] for f in each.conditions if f.answer == "goes on"]
    lost = [CONDITIONS[f.condition] for f in each.conditions if f.answer == "ends"]
    parts = [f"it goes on with {', '.join(named)}"] if named else ["no condition of going on can be told"]
    parts += [f"it ends with {', '.join(lost)} alone"] if lost else []
    branching = {"required": "it must not branch", "not required": "it may branch"}.get(each.no_branching)
    return f"What it would survive, {whose}: {'; '.join([*parts, *([branching] if branching else [])])}."


def speaker_words(name: str) -> str:
    """Return who was asked, in words."""
    unit = name.partition(":")[0]
    if ":" in name and unit in UNITS:
        return f"told it is {UNITS[unit]}"
    return "nothing worn" if name == "none" else f"{name} alone"


def _up(claim: Claim) -> bool:
    return claim.estimate.estimate > 0


def _unit(a: Accounts) -> str:
    return "log-odds" if a.scale == "log_odds" else "of 1"


def _percents(value: float, ci: tuple[float, float]) -> str:
    return f"{100 * value:.0f} % [{100 * ci[0]:.0f}, {100 * ci[1]:.0f}]"
