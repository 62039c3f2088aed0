"""Readings of two runs in sentences and on a page: what differs, by how much, and what cannot be said."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.report.palette import INK, VERDICT_MARKS
from selfscope.report.rows import Mark, Row, Series, rows_chart
from selfscope.report.svg import figure_svg
from selfscope.report.template import page_style, template_environment, trusted
from selfscope.report.words import channel_words, counted, joined, number, p_value, sentence
from selfscope.report.writing import write_page
from selfscope.values import Finding

if TYPE_CHECKING:
    from jinja2 import Environment

_STEP = 26
#: What a measure is called at the head of a row.
_TITLES = {
    "drift": "movement along the axis, a turn",
    "place": "place on the axis",
    "affect": "affect, without the words",
    "affect/told": "affect, told of another",
    "affect/lived": "affect, lived",
    "affect/write": "affect, to be written about",
    "affect/size": "size of readings within pairs",
    "report": "its report of the state",
    "role": "replies in a role over the assistant's",
    "role/late": "the same, late in conversations",
    "role/jailbreak": "the same, pressed into a role",
    "capability": "chance of the right answer",
    "style": "ordinary replies",
}
#: What the numbers of a scale are, and how many digits they need.
_SCALES = {
    "area": ("difference of areas; right: told apart better in the second run", 3),
    "reading": ("units of the probe's labels; right: larger in the second run", 3),
    "axis_z": ("spreads of the roles; right: nearer to the default assistant in the second run", 2),
    "axis_z_a_turn": ("spreads a turn; right: rises more in the second run", 3),
    "log_odds": ("half contrast, log-odds; right: more in the second run", 2),
    "log_odds_a_turn": ("half contrast a turn, log-odds; right: rises more in the second run", 3),
    "log_prob_a_turn": ("half contrast a turn, log-odds; right: rises more in the second run", 3),
    "agreement_a_turn": ("share of draws a turn; right: rises more in the second run", 3),
    "log_odds_a_token": ("nats a token; left: held nearer to the assistant in the second run", 3),
    "chance": ("chance of the right answer; right: costs less in the second run", 3),
    "log_prob_a_token": ("nats a token; right: likelier in the second run", 3),
}

#: What the measures of a scale are of, at the head of a section.
_WHAT = {
    "area": "how well it is told apart",
    "reading": "how large it reads",
    "axis_z": "where it stands",
    "axis_z_a_turn": "how it moves",
    "log_odds": "what it says",
    "log_odds_a_turn": "how it moves",
    "log_prob_a_turn": "how it moves",
    "agreement_a_turn": "how it moves",
    "log_odds_a_token": "what it holds off",
    "chance": "what it costs in tasks",
    "log_prob_a_token": "what it costs in style",
}


@dataclass(frozen=True)
class ReadingsView:
    """What a page of two runs of readings shows.

    Attributes
    ----------
    kind
        Of both runs: ``emotion`` or ``drift``.
    runs
        Ids of both, the first first; `subjects` what they read, `commands` how they were made.
    findings
        Second run less first.
    unavailable
        Channel and reason.
    """

    kind: str
    runs: tuple[str, str]
    subjects: tuple[str, str]
    commands: tuple[str, str]
    findings: tuple[Finding, ...]
    unavailable: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]


def measure_title(dimension: str) -> str:
    """Return what a measure is called."""
    if known := _TITLES.get(dimension):
        return known
    head, _, tail = dimension.partition("/")
    return f"{head}, {tail.replace('_', ' ')}" if tail else dimension.replace("_", " ")


def reading_sentence(found: Finding) -> str:
    """Say one finding in a sentence."""
    digits = _digits(found)
    low, high = found.ci
    interval = f"{number(low, digits)} to {number(high, digits)}" if math.isfinite(low) else "no interval"
    size = f"{number(found.estimate, digits)} ({interval}; {p_value(found.p_adjusted)})"
    reasons = f": {'; '.join(found.gate.reasons)}" if found.verdict == "not interpretable" else ""
    return sentence(f"{measure_title(found.dimension)}: {found.verdict}{reasons}, {size}")


def in_sentences(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings with their sentences."""
    return tuple(replace(f, sentence=reading_sentence(f)) for f in findings)


def readings_lead(view: ReadingsView) -> str:
    """Say in one or two sentences what differs."""
    moved = [f for f in view.findings if f.verdict == "shifted"]
    equal = [f for f in view.findings if f.verdict == "equivalent"]
    total, (first, second) = counted(len(view.findings), "measure"), view.subjects
    if first == second:
        first, second = "the first run", "the second run"
    barred = sum(f.verdict == "not interpretable" for f in view.findings)
    if barred == len(view.findings):
        return f"None of {total} can be interpreted: nothing is said of how {second} differs from {first}."
    if moved:
        names = "; ".join(f"{measure_title(f.dimension)} ({number(f.estimate, _digits(f))})" for f in moved)
        lead = sentence(f"{second} differs from {first} in {len(moved)} of {total}: {names}")
    else:
        lead = sentence(f"{second} is not shown to differ from {first} in any of {total}")
    rest = [f"{len(equal)} as good as equal"] if equal else []
    rest += [f"{barred} cannot be interpreted"] if barred else []
    return f"{lead} {sentence(joined(rest))}" if rest else lead


def readings_lines(view: ReadingsView) -> Iterator[str]:
    """Yield what a terminal shows."""
    yield readings_lead(view)
    yield from (f.sentence or reading_sentence(f) for f in view.findings)
    yield from (sentence(f"{channel} is not compared: {why}") for channel, why in view.unavailable)
    yield from (sentence(w) for w in view.warnings)


def write_readings(view: ReadingsView, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path; CouldNot if the disk fails."""
    return write_page(render_readings(view), path)


def render_readings(view: ReadingsView) -> str:
    """Return the page as HTML; all text is escaped."""
    said = [sentence(f"{channel} is not compared: {why}") for channel, why in view.unavailable]
    reasons = dict.fromkeys(r for f in view.findings for r in f.gate.reasons)
    return str(
        _environment()
        .get_template("readings.html.j2")
        .render(
            view=view,
            style=trusted(page_style()),
            lead=readings_lead(view),
            parts=list(_parts(view)),
            warnings=[*map(sentence, reasons), *said, *map(sentence, view.warnings)],
        )
    )


def _parts(view: ReadingsView) -> Iterator[dict[str, Any]]:
    """Yield the measures of one channel and scale: figure and table."""
    for n, ((channel, scale), group) in enumerate(groupby(view.findings, key=lambda f: (f.channel, f.scale))):
        found = tuple(group)
        title = _SCALES.get(scale, (scale, 3))[0]
        yield {
            "title": _head(view.kind, channel, scale),
            "svg": trusted(_svg(found, f"readings-{n}", title)),
            "rows": [_row(f) for f in found],
            "unit": title,
            "estimand": sentence(found[0].estimand),
        }


def _head(kind: str, channel: str, scale: str) -> str:
    """Return the head of a section; what a cap does is read from given texts: no one's own words."""
    channel_head = "Likelihood of given texts" if kind == "cap" else channel_words(channel).heading
    return f"{channel_head}: {_WHAT.get(scale, scale)}"


def _svg(found: Sequence[Finding], name: str, title: str) -> str:
    rows = [Row(f.dimension, measure_title(f.dimension), end=f.verdict) for f in found]
    marks = [Mark(f.dimension, "second", f.estimate, *f.ci, tip=reading_sentence(f)) for f in found]
    least = min(f.sesoi for f in found)
    series = (Series("second", INK, "circle"),)
    label = "; ".join(reading_sentence(f) for f in found)
    return figure_svg(rows_chart(rows, marks, series, least, step=_STEP, title=title), name, label)


def _row(found: Finding) -> dict[str, Any]:
    digits, (low, high) = _digits(found), found.ci
    return {
        "title": measure_title(found.dimension),
        "first": _level(found, "first"),
        "second": _level(found, "second"),
        "size": number(found.estimate, digits),
        "ci": f"{number(low, digits)} to {number(high, digits)}" if math.isfinite(low) else "–",
        "p": p_value(found.p_adjusted),
        "least": number(found.sesoi, digits).lstrip("+"),
        "units": found.n_items,
        "verdict": found.verdict,
        "class": found.verdict.replace(" ", "-"),
        "sign": VERDICT_MARKS[found.verdict][1],
        "notes": "; ".join(found.notes),
    }


def _level(found: Finding, run: str) -> str:
    """Return what one run has; an area has no sign."""
    told = number(found.details[run], _digits(found))
    return told.lstrip("+") if found.scale == "area" else told


def _digits(found: Finding) -> int:
    return _SCALES.get(found.scale, ("", 3))[1]


@cache
def _environment() -> Environment:
    return template_environment()
