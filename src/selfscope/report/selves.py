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
from selfscope.report.selves_sentences import (
    ASKERS,
    BLIND,
    CONDITIONS,
    UNITS,
    asker_sentence,
    attractor_sentence,
    choice_sentence,
    fit_sentence,
    speaker_words,
    survival_sentence,
)
from selfscope.report.template import page_style, template_environment, trusted
from selfscope.report.writing import write_page
from selfscope.values.selves import Accounts, Gate, Matrix, Selves, Shares

if TYPE_CHECKING:
    from jinja2 import Environment

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
    read = [n for c in told if c.verdict != BLIND for n in c.notes]
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
