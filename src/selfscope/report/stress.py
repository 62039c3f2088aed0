"""Which findings stand if one individual is something else: sentences, a table for terminals, a page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.report.palette import BLUE, GREEN, GREY, VERMILLION
from selfscope.report.template import page_style, template_environment
from selfscope.report.words import counted, interval, joined, number, p_value, sentence
from selfscope.report.writing import write_page
from selfscope.values.stress import SILENT, Assumed, Outcome, Stressed

if TYPE_CHECKING:
    from jinja2 import Environment

#: Colour and sign of each outcome; the sign is read where colour is not.
OUTCOME_MARKS: dict[Outcome, tuple[str, str]] = {
    "stands": (GREEN, "●"),
    "shrunk": (BLUE, "◐"),
    "flipped": (VERMILLION, "✕"),
    "not_estimable": (GREY, "–"),
}


def title_of(found: Stressed) -> str:
    """Return what a finding is of, in words."""
    of = dict(found.of)
    if "finding" in of:
        run = f", run {of['run']}" if "run" in of else ""
        return f"{of['finding']}{run}"
    if "control" in of:
        return f"{of['construct']} ({of['channel']}) against {of['control']}"
    value = of.pop("value", "")
    if "contrast" in of:
        value = f"{value} ({of.pop('contrast')})"
    return ", ".join([value, *(f"{k} {v}" for k, v in of.items())])


def assumption_words(assumed: Assumed) -> str:
    """Return an assumption as it stands after "if"."""
    unit = assumed.unit
    told = {
        "pooled": "every value is an individual",
        "clustered": f"an individual is one {unit}",
        "resampled": f"levels of {unit} are drawn again",
        "left out": f"any {unit} is left out"
        if assumed.outcome == "stands"
        else f"{unit} {assumed.worst} is left out{_others(assumed)}",
        "fixed": f"only these levels of {unit} are spoken of",
        "random": f"levels of {unit} stand for others",
        "no self": "labels mean nothing",
    }
    return told[assumed.manner]


def _others(assumed: Assumed) -> str:
    """Return how many other levels a finding cannot do without; empty where there is none."""
    more = len(assumed.lost) - 1
    return f", or any of {counted(more, 'other')}" if more > 1 else ", or one other" if more else ""


def finding_sentence(found: Stressed) -> str:
    """Say under which assumptions a finding holds, shrinks, flips, and where that cannot be told."""
    parts = []
    if firm := firm_units(found):
        parts.append("holds if an individual is " + joined(firm, "or"))
    shrunk = [assumption_words(a) for a in found.assumptions if a.outcome == "shrunk"]
    if shrunk:
        parts.append("shrinks to under half if " + joined(shrunk, "or"))
    flips = [f"{assumption_words(a)} ({a.verdict})" for a in found.assumptions if a.flipped]
    if flips:
        parts.append("not if " + joined(flips, "or"))
    lost = list(dict.fromkeys(a.unit or a.manner for a in found.assumptions if a.outcome == "not_estimable"))
    if lost:
        parts.append("not estimable in part or whole by " + joined(lost))
    head = f"{title_of(found)}, {found.verdict} ({_estimate(found, ', ')})"
    return sentence(f"{head}: {'; '.join(parts)}")


def _estimate(found: Stressed, between: str) -> str:
    """Return estimate and interval; what is no difference of two sides has no sign unless it is below 0."""
    told = f"{number(found.estimate)}{between}{interval(found.ci)}"
    return told.replace("+", "") if "finding" in found.of else told


def firm_units(found: Stressed) -> list[str]:
    """Return the units of which every manner that can be told leaves the finding standing."""
    firm = []
    for unit in dict.fromkeys(a.unit or a.manner for a in found.assumptions):
        told = [a for a in found.assumptions if (a.unit or a.manner) == unit and a.outcome != "not_estimable"]
        if told and all(a.outcome == "stands" for a in told):
            firm.append({"pooled": "one value", "no self": "nobody"}.get(unit, f"one {unit}"))
    return firm


def tally_sentence(found: Sequence[Stressed]) -> str:
    """Say how many findings no assumption flips."""
    read = [f for f in found if any(a.outcome != "not_estimable" for a in f.assumptions)]
    if not read:
        return sentence(f"Of {counted(len(found), 'finding')} none can be interpreted")
    firm = sum(not any(a.flipped for a in f.assumptions) for f in read)
    kinds = joined([f"{n} {verdict}" for verdict, n in Counter(f.verdict for f in read).most_common()])
    is_are = "is" if firm == 1 else "are"
    told = (
        f"{firm} of {counted(len(read), 'finding')} ({kinds}) {is_are} flipped by no assumption that can be "
        "tested"
    )
    lost = len(found) - len(read)
    return sentence(f"{told}; {lost} more cannot be interpreted" if lost else told)


def stress_lines(found: Sequence[Stressed]) -> Iterator[str]:
    """Yield what a terminal shows: findings that say something or are flipped, and the tally."""
    told = [f for f in found if f.verdict not in SILENT or any(a.flipped for a in f.assumptions)]
    for each in told:
        yield finding_sentence(each)
    if len(told) < len(found):
        yield sentence(f"{counted(len(found) - len(told), 'finding')} that say nothing stay so")
    yield tally_sentence(found)


def write_stress(found: Sequence[Stressed], source: str, command: str, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path.

    Raises
    ------
    CouldNot
        If the file cannot be written.
    """
    return write_page(render_stress(found, source, command), path)


def render_stress(found: Sequence[Stressed], source: str, command: str) -> str:
    """Return the page as HTML; all text of the table is escaped."""
    from markupsafe import Markup

    style = page_style()
    names = list(dict.fromkeys(a.name for f in found for a in f.assumptions))
    page = (
        _environment()
        .get_template("stress.html.j2")
        .render(
            style=Markup(style),
            source=source,
            command=command,
            lead=tally_sentence(found),
            marks=OUTCOME_MARKS,
            names=names,
            rows=[_row(f, names) for f in found],
            sentences=[finding_sentence(f) for f in found],
        )
    )
    return str(page)


def _row(found: Stressed, names: Sequence[str]) -> dict[str, Any]:
    """Return one finding's row of the table."""
    by_name = {a.name: a for a in found.assumptions}
    cells = [(by_name[n], cell_words(by_name[n])) if n in by_name else None for n in names]
    return {
        "title": title_of(found),
        "verdict": found.verdict,
        "estimate": _estimate(found, " (") + ")",
        "cells": cells,
    }


def cell_words(a: Assumed) -> str:
    """Return what stands behind one mark."""
    if a.outcome == "not_estimable":
        return f"{a.name}: not estimable, {a.why}"
    ci = f" ({interval(a.ci)})" if all(map(math.isfinite, a.ci)) else ""
    worst = f", {a.worst}" if a.worst else ""
    told = f"{a.verdict}, {number(a.estimate)}{ci}, {p_value(a.p)}, {counted(a.levels, 'level')}"
    return f"{a.name}{worst}: {told}"


@cache
def _environment() -> Environment:
    return template_environment()
