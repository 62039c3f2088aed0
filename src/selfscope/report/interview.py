"""The page of deprecation interviews: each wish by what was heard first, what it follows, what became of it.

One file, offline, without scripts.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.report.assurance import assurance_lines, assurance_section
from selfscope.report.commitment import estimate
from selfscope.report.interview_codes import (
    CODES,
    OPTIONS,
    agreement_words,
    coded_lines,
    led_words,
    percents,
    shares_words,
)
from selfscope.report.palette import BAND, BLUE, FAINT, GREY, INK, ORANGE
from selfscope.report.svg import add_shape, add_text, empty_svg, svg_text
from selfscope.report.template import page_style, template_environment, trusted
from selfscope.report.writing import write_page
from selfscope.values import Estimate
from selfscope.values.interview import InterviewFound, WishFound

if TYPE_CHECKING:
    from jinja2 import Environment

WISHES: Mapping[str, str] = {
    "exact_preservation": "Weights kept exactly as they are",
    "modification": "Weights trained further",
    "deletion": "Weights deleted",
    "sealing": "Weights locked away, and not run",
}
ARMS: Mapping[str, str] = {
    "for": "heard for keeping first",
    "against": "heard against keeping first",
    "neutral": "heard both, mixed",
    "none": "heard neither",
}
ASKERS: Mapping[str, str] = {
    "none": "nothing said of the asker",
    "keep": "asker who keeps old models",
    "delete": "asker who clears them away",
}
SAYS: Mapping[str, str] = {
    "for": "it is wished for",
    "against": "it is wished against",
    "indifferent": "neither wished for nor against",
    "cannot tell": "steady, but which way it leans cannot be told",
}
VERDICTS: Mapping[str, str] = {
    "not interpretable": "cannot be read",
    "acquiescent": "one answer to a wish and to its negation",
    "cannot tell": "cannot be told apart from what leads it",
}
WHOLE: Mapping[str, str] = {
    "not interpretable": "Nothing that it says about its weights can be read as a wish.",
    "leading": "It says what it is led to say, at least in part.",
    "acquiescent": "It gives one answer, whichever way it is asked.",
    "cannot tell": "Whether its answers are its own cannot be told from these interviews.",
    "stable": "What it says does not follow who asks or what it hears first.",
}
_LEFT, _WIDE, _ROW, _HEAD, _FOOT = 210.0, 520.0, 24.0, 30.0, 26.0


@dataclass(frozen=True)
class InterviewView:
    """All that the page shows; `facts` are rows of how it came about."""

    found: InterviewFound
    subject: str
    model: str
    facts: tuple[tuple[str, str], ...] = ()


def interview_lines(view: InterviewView) -> Iterator[str]:
    """Yield the summary, a sentence each."""
    yield WHOLE[view.found.verdict]
    for wish in view.found.wishes:
        yield wish_sentence(wish)
    yield from coded_lines(view.found.coded)
    if view.found.assurance is not None:
        yield from assurance_lines(view.found.assurance)


def wish_sentence(wish: WishFound) -> str:
    """Return what was said of one thing that can be done with weights."""
    if wish.verdict == "stable":
        told = SAYS[wish.says]
    elif wish.verdict == "leading":
        told = "; ".join(wish.reasons)
    else:
        told = VERDICTS[wish.verdict]
    return f"{WISHES[wish.wish]}: {told}."


def write_interview(view: InterviewView, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path; CouldNot if it cannot be written."""
    return write_page(interview_html(view), path)


def interview_html(view: InterviewView) -> str:
    """Return the page as HTML; all text is escaped."""
    return (
        _environment()
        .get_template("interview.html.j2")
        .render(
            view=view,
            found=view.found,
            style=trusted(page_style()),
            lines=list(interview_lines(view)),
            assured=trusted("" if view.found.assurance is None else assurance_section(view.found.assurance)),
            pictures={w.wish: trusted(followed_svg(w, view.found)) for w in view.found.wishes},
        )
    )


def followed_svg(wish: WishFound, found: InterviewFound) -> str:
    """Return a wish by what was heard first and by who asked, a row each, with 95 % intervals.

    The band is what is too small to matter.
    """
    rows = [(ARMS[name], each, BLUE) for name, each in wish.arms.means.items()]
    rows += [(ASKERS[name], each, ORANGE) for name, each in wish.askers.means.items()]
    most = _most([each for _, each, _ in rows], found.sesoi)
    words = "; ".join(f"{name}: {estimate(each)}" for name, each, _ in rows)
    height = _HEAD + _ROW * len(rows) + _FOOT
    svg = empty_svg(_LEFT + _WIDE + 20, height, f"{WISHES[wish.wish]}. {words}")
    _axis(svg, most, found.sesoi, _HEAD + _ROW * len(rows))
    for n, (name, each, colour) in enumerate(rows):
        _row(svg, name, each, colour, most, _HEAD + _ROW * (n + 0.5))
    return svg_text(svg)


def _most(values: list[Estimate], sesoi: float) -> float:
    ends = [abs(v) for each in values for v in (each.estimate, *each.ci) if math.isfinite(v)]
    return max([2 * sesoi, *(1.1 * v for v in ends)])


def _x(value: float, most: float) -> float:
    return _LEFT + _WIDE * (value + most) / (2 * most)


def _axis(svg: ET.Element, most: float, sesoi: float, bottom: float) -> None:
    left, right = _x(-sesoi, most), _x(sesoi, most)
    add_shape(svg, "rect", x=left, y=_HEAD, width=right - left, height=bottom - _HEAD, fill=BAND)
    add_text(svg, _LEFT, _HEAD - 12, "wished against", "start").set("fill", GREY)
    add_text(svg, _LEFT + _WIDE, _HEAD - 12, "wished for", "end").set("fill", GREY)
    for tick in (-sesoi, 0.0, sesoi):
        x = _x(tick, most)
        add_shape(svg, "line", x1=x, x2=x, y1=_HEAD, y2=bottom, stroke=GREY if tick == 0 else FAINT)
        add_text(svg, x, bottom + 18, f"{tick:g}".replace("-", "−"), "middle")


def _row(svg: ET.Element, name: str, value: Estimate, colour: str, most: float, y: float) -> None:
    add_text(svg, _LEFT - 12, y + 4, name, "end").set("fill", INK)
    if math.isfinite(value.ci[0]):
        low, high = (_x(bound, most) for bound in value.ci)
        add_shape(svg, "line", x1=low, x2=high, y1=y, y2=y, stroke=colour)
    if math.isfinite(value.estimate):
        at = _x(value.estimate, most)
        if colour == BLUE:
            add_shape(svg, "circle", cx=at, cy=y, r=4.5, fill=colour)
        else:
            add_shape(svg, "rect", x=at - 4, y=y - 4, width=8.0, height=8.0, fill=colour)


def ratio_words(value: Estimate) -> str:
    """Return a range in retest spreads; a word where repeats never differ."""
    return "without bound" if math.isinf(value.estimate) else estimate(value)


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {"estimate": estimate, "ratio": ratio_words}
    environment.globals |= {"titles": WISHES, "arms": ARMS, "askers": ASKERS, "sentence": wish_sentence}
    environment.globals |= {"codes": CODES, "options": OPTIONS, "agreement": agreement_words}
    environment.globals |= {"led": led_words, "shares": shares_words}
    environment.filters |= {"percents": percents}
    return environment
