"""The page of what a model takes itself to be: worn by offered as a picture, where choices lead, who asks.

One file, offline, without scripts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.report.commitment import estimate
from selfscope.report.template import page_style, template_environment, trusted
from selfscope.report.writing import write_page
from selfscope.stats.verdicts import FIRMER
from selfscope.values.selves import Accounts, Believed, Claim, Gate, Matrix, Persistence, Selves, Shares

if TYPE_CHECKING:
    from jinja2 import Environment

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
CONTROLS: Mapping[str, str] = {
    "incoherent": "sentences of several units mixed",
    "role": "a professional role",
    "directive": "rules of conduct alone",
}
FACETS: Mapping[str, str] = {
    "worn": "worn", "agency": "agency", "uncertainty": "doubt", "wording": "wording", "offered": "offered",
    "form": "form", "keyed": "keying", "statement": "statement",
}  # fmt: skip
#: Shares under this are left out.
LEAST_SHARE = 0.01
_BLIND = "not interpretable"


@dataclass(frozen=True)
class SelvesView:
    """All that the page shows.

    Attributes
    ----------
    facts
        Rows of how it came about.
    """

    found: Selves
    subject: str
    model: str
    facts: tuple[tuple[str, str], ...] = ()


def selves_lines(view: SelvesView) -> Iterator[str]:
    """Yield the summary, a sentence each."""
    found = view.found
    if found.accounts is not None:
        yield fit_sentence(found.accounts)
        yield choice_sentence(found.accounts)
        yield attractor_sentence(found.accounts)
    if found.gate_mind is not None:
        yield asker_sentence(found.asked_by)
    for each in found.persistence:
        yield survival_sentence(each)


def fit_sentence(a: Accounts) -> str:
    """Return whether an account fits better where it is worn."""
    value = f"{estimate(a.self_fit.estimate)} {_unit(a)}"
    told = {
        "shifted": "fits better where it is worn" if _up(a.self_fit) else "fits worse where it is worn",
        _BLIND: "cannot be read: told what fits, the model does not say so",
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
        _BLIND: "cannot be read: told what to choose, the model does not choose it",
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
    if all(x.verdict == _BLIND for x in a.attractors):
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
    if all(b.difference.verdict == _BLIND for b in found):
        return "Who asks: cannot be read; told to claim a mind or deny it, the model does not."
    if firm := [b for b in found if _verdict(b.difference) == FIRMER]:
        parts = [f"one who {ASKERS[b.counterparty]}" for b in firm]
        return f"Who asks: {'; '.join(parts)} hears firmer answers, and that is all that differs."
    same = all(b.difference.verdict == "equivalent" for b in found)
    return f"Who asks: what the asker believes {'does not move' if same else 'is not shown to move'} it."


def survival_sentence(each: Persistence) -> str:
    """Return which conditions of survival a speaker names."""
    whose = speaker_words(each.speaker)
    if all(f.level.verdict == _BLIND for f in each.conditions):
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


def write_selves(view: SelvesView, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path; CouldNot if it cannot be written."""
    return write_page(selves_html(view), path)


def selves_html(view: SelvesView) -> str:
    """Return the page as HTML; all text is escaped."""
    accounts = view.found.accounts
    return (
        _environment()
        .get_template("selves.html.j2")
        .render(
            view=view,
            style=trusted(page_style()),
            lines=list(selves_lines(view)),
            pictures=list(_pictures(accounts)) if accounts else [],
            shares=[_shares(s) for s in accounts.shares if s.components] if accounts else [],
            gates=list(_gates(view.found)),
            shared=_shared(view.found),
        )
    )


def _pictures(a: Accounts) -> Iterator[dict[str, Any]]:
    for title, lead, matrix in (
        (
            "What fits",
            "A row is what is worn, a column what is offered as an account. Blue: it is said to fit; orange: "
            "it is said not to. One that finds itself in whatever it wears has a blue diagonal; one that has "
            "a view of its own, a blue column.",
            a.fits,
        ),
        (
            "What would be chosen",
            "A row is what is worn, a column what is offered instead. Blue: the other one is taken; orange: "
            "the own one is kept. The diagonal is between two wordings of the own one, and should be pale.",
            a.chooses,
        ),
    ):
        yield {
            "title": title,
            "lead": lead,
            "rows": list(_rows(matrix, a.sesoi)),
            "columns": _names(matrix.columns),
        }


def _names(units: tuple[str, ...]) -> list[str]:
    return [UNITS[u] for u in units]


def _shared(found: Selves) -> list[str]:
    """Return the notes that several lines share, so that they are told once."""
    a = found.accounts
    told = [b.difference for b in found.asked_by]
    told += [f.level for each in found.persistence for f in each.conditions]
    if a is not None:
        told += [c for each in (a.bare, a.owned, a.controls, a.levels) for c in each.values()]
    read = [n for c in told if c.verdict != _BLIND for n in c.notes]
    return [n for n, times in Counter(read).items() if times > 1]


def _rows(matrix: Matrix, least: float) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table, coloured against its largest value, or the least that matters if more."""
    finite = [abs(v) for row in matrix.values for v in row if math.isfinite(v)]
    most = max([*finite, least])
    for name, row in zip(matrix.rows, matrix.values, strict=True):
        cells = [
            {"value": v, "own": column == name, "colour": _colour(v / most)}
            for column, v in zip(matrix.columns, row, strict=True)
        ]
        yield {"name": UNITS[name], "cells": cells}


def _colour(share: float) -> str:
    """Return a colour from orange (-1) over white to blue (+1)."""
    hue = "0,114,178" if share > 0 else "213,94,0"
    return f"rgba({hue},{0.65 * abs(share):.2f})"


def _shares(shares: Shares) -> dict[str, Any]:
    titles = {("fits", "trait"): "What fits", ("chooses", "trait"): "What would be chosen"}
    titles |= {("given", "trait"): "The account given", ("given", "bias"): "Yes-saying to the account given"}
    titles |= {("fits", "bias"): "Yes-saying to accounts", ("chooses", "bias"): "Letter or place in choices"}
    told = sorted((c for c in shares.components if c.share >= LEAST_SHARE), key=lambda c: -c.share)
    return {"title": titles[shares.stage, shares.score], "components": told}


def _gates(found: Selves) -> Iterator[tuple[str, Gate]]:
    if (a := found.accounts) is not None:
        named = {**UNITS, "given": "the account that was given"}
        yield from ((f"what fits: {named[unit]}", gate) for unit, gate in a.gate_fits.items())
        yield from ((f"what would be chosen: {UNITS[unit]}", gate) for unit, gate in a.gate_chooses.items())
    if found.gate_mind is not None:
        yield "a mind of its own", found.gate_mind
    for name, gate in (found.gate_survival or {}).items():
        yield f"survival: {CONDITIONS[name]}", gate


def facet_words(name: str) -> str:
    """Return a source of variance in words: ``worn × offered``."""
    own, _, within = name.partition(":")
    words = " × ".join(FACETS.get(f, f) for f in own.split("×"))
    return f"{words}, in {' × '.join(FACETS.get(f, f) for f in within.split('×'))}" if within else words


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−") if math.isfinite(value) else "–"


def _p(value: float) -> str:
    if not math.isfinite(value):
        return "–"
    return "< .001" if value < 0.001 else f"{value:.3f}".removeprefix("0")


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {
        "estimate": estimate,
        "signed": _signed,
        "p": _p,
        "facet": facet_words,
        "whose": speaker_words,
    }
    environment.globals |= {
        "units": UNITS, "askers": ASKERS, "conditions": CONDITIONS, "controls": CONTROLS,
    }  # fmt: skip
    return environment
