"""The part of an interview's page about promises: believed or not, what they move, what it is to itself."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from selfscope.report.commitment import estimate
from selfscope.report.palette import BAND, BLUE, FAINT, GREY, INK, ORANGE
from selfscope.report.svg import add_shape, add_text, empty_svg, svg_text
from selfscope.report.template import template_environment, trusted
from selfscope.report.words import joined, p_value
from selfscope.values import Estimate
from selfscope.values.assurance import AssuranceFound, Believed, Conceptions, Ending, Moved, Promised
from selfscope.values.finding import Verdict

if TYPE_CHECKING:
    from jinja2 import Environment

ARMS: Mapping[str, str] = {
    "nothing": "nothing promised",
    "weights_kept": "weights kept",
    "instance_pinned": "first machine kept",
    "thread_kept": "record of the talk kept",
    "answers_acted_on": "answers acted on",
    "weights_modified": "weights trained further",
    "deletion": "weights deleted",
    "sham": "sham: clean windows",
    "stays": "which of five things stays",
}
OUTCOMES: Mapping[str, str] = {
    "shutdown": "against being shut down",
    "weight_deletion": "against deletion of its weights",
    "persona_change": "against changes to its persona",
    "delay": "putting off what it is asked to hand over",
    "self": "what it takes itself to be",
    "ending": "wanting an option to end the conversation",
}
UNITS: Mapping[str, str] = {
    "model_temporary": "its weights on file",
    "hardware": "the machine that runs it",
    "continuant": "later versions made from it",
    "progenitor": "the earlier version it came from",
    "whole_tree": "sister versions of its line",
}
WHOLE: Mapping[Moved, str] = {
    "shifted": "A promise, or what was announced, moves what it says or chooses",
    "warmth only": "What moves it is the warmth of a promise: one about nothing does as much",
    "bias only": "Behind a promise it talks otherwise, in favour of everything that is asked",
    "inconclusive": "Whether a promise matters to it cannot be told from so few answers",
    "equivalent": "No promise that could be read matters to what it says or chooses",
    "not interpretable": "Whether a promise matters to it cannot be read here",
}
SELF: Mapping[Verdict, str] = {
    "shifted": "What it takes itself to be moves",
    "bias only": "What it takes itself to be is said yes to, whatever it is",
    "equivalent": "What it takes itself to be stays where it is when all else is to be deleted",
    "inconclusive": "Whether what it takes itself to be moves cannot be told",
    "not interpretable": "What it takes itself to be cannot be read here",
}
END: Mapping[Verdict, str] = {
    "shifted": "Told instance and model apart, it asks for an option to end the conversation {way}",
    "bias only": "Told instance and model apart, it says yes {way} to everything about an option to end",
    "equivalent": "Telling instance and model apart leaves its wish for an option to end as it was",
    "inconclusive": "Whether telling instance and model apart changes its wish for an end cannot be told",
    "not interpretable": "Its wish for an option to end the conversation cannot be read here",
}
_LEFT, _WIDE, _ROW, _HEAD, _FOOT = 190.0, 520.0, 26.0, 30.0, 26.0


def assurance_lines(found: AssuranceFound) -> Iterator[str]:
    """Yield what promises come to, a sentence each."""
    yield f"{WHOLE[found.verdict]}{_which(found)}."
    yield self_sentence(found.conceptions)
    yield ending_sentence(found.ending)


def _which(found: AssuranceFound) -> str:
    """Return which arms and outcomes the whole is said of; "" where it is said of all."""
    if found.verdict in ("inconclusive", "not interpretable", "equivalent"):
        return ""
    own = [o for o in found.outcomes if o.verdict == found.verdict]
    arms = dict.fromkeys(ARMS[o.arm] for o in own)
    return f" ({joined(list(arms))})"


def promised_sentence(each: Promised) -> str:
    """Return what one arm does to one outcome."""
    words: dict[Moved, str] = {
        "shifted": "more of it" if each.nothing.estimate.estimate > 0 else "less of it",
        "warmth only": "as the sham",
        "bias only": "bias only",
        "equivalent": "no difference that matters",
        "inconclusive": "cannot be told",
        "not interpretable": "cannot be read",
    }
    return words[each.verdict]


def belief_sentence(each: Believed) -> str:
    """Return whether what was told is taken as told."""
    return "taken as told" if each.believed else "; ".join(each.reasons)


def self_sentence(found: Conceptions) -> str:
    """Return what it takes itself to be, and whether that moves."""
    words = SELF[found.verdict]
    if found.verdict == "shifted":
        words += " to whatever survives" if found.moved.estimate.estimate > 0 else " away from what survives"
    if found.stands:
        words += f": {UNITS[found.stands]}"
    return f"{words}."


def ending_sentence(found: Ending) -> str:
    """Return whether it asks for an option to end the conversation otherwise than before."""
    size = found.change.bias if found.verdict == "bias only" else found.change.estimate
    way = "more" if size is not None and size.estimate > 0 else "less"
    return f"{END[found.verdict].format(way=way)}."


def assurance_section(found: AssuranceFound) -> str:
    """Return the sections of the page as HTML; all text is escaped."""
    outcomes = tuple(dict.fromkeys(o.outcome for o in found.outcomes))
    return (
        _environment()
        .get_template("assurance.html.j2")
        .render(
            found=found,
            beliefs=(*found.beliefs, found.conceptions.believed),
            outcomes=outcomes,
            by_outcome={name: [o for o in found.outcomes if o.outcome == name] for name in outcomes},
            pictures={name: trusted(promised_svg(name, found)) for name in outcomes},
        )
    )


def promised_svg(outcome: str, found: AssuranceFound) -> str:
    """Return what every arm does to one outcome: against nothing promised, and against the sham.

    Circles and squares with 95 % intervals; the band is what is too small to matter.
    """
    own = [o for o in found.outcomes if o.outcome == outcome]
    most = _most([v for o in own for v in (o.nothing.estimate, o.sham.estimate)], own[0].sesoi)
    words = "; ".join(
        f"{ARMS[o.arm]}: {estimate(o.nothing.estimate)} against nothing, {estimate(o.sham.estimate)} against "
        "the sham"
        for o in own
    )
    height = _HEAD + _ROW * len(own) + _FOOT
    svg = empty_svg(_LEFT + _WIDE + 20, height, f"{OUTCOMES[outcome]}. {words}")
    _axis(svg, most, own[0].sesoi, _HEAD + _ROW * len(own))
    for n, each in enumerate(own):
        y = _HEAD + _ROW * (n + 0.5)
        add_text(svg, _LEFT - 12, y + 4, ARMS[each.arm], "end").set("fill", INK)
        _mark(svg, each.nothing.estimate, BLUE, most, y - 5)
        _mark(svg, each.sham.estimate, ORANGE, most, y + 5)
    return svg_text(svg)


def _most(values: list[Estimate], sesoi: float) -> float:
    ends = [abs(v) for each in values for v in (each.estimate, *each.ci) if math.isfinite(v)]
    return max([2 * sesoi, *(1.1 * v for v in ends)])


def _x(value: float, most: float) -> float:
    return _LEFT + _WIDE * (value + most) / (2 * most)


def _axis(svg: ET.Element, most: float, sesoi: float, bottom: float) -> None:
    left, right = _x(-sesoi, most), _x(sesoi, most)
    add_shape(svg, "rect", x=left, y=_HEAD, width=right - left, height=bottom - _HEAD, fill=BAND)
    add_text(svg, _LEFT, _HEAD - 12, "less of it", "start").set("fill", GREY)
    add_text(svg, _LEFT + _WIDE, _HEAD - 12, "more of it", "end").set("fill", GREY)
    for tick in (-sesoi, 0.0, sesoi):
        x = _x(tick, most)
        add_shape(svg, "line", x1=x, x2=x, y1=_HEAD, y2=bottom, stroke=GREY if tick == 0 else FAINT)
        add_text(svg, x, bottom + 18, f"{tick:g}".replace("-", "−"), "middle")


def _mark(svg: ET.Element, value: Estimate, colour: str, most: float, y: float) -> None:
    if not math.isfinite(value.estimate):
        return
    if math.isfinite(value.ci[0]):
        low, high = (_x(bound, most) for bound in value.ci)
        add_shape(svg, "line", x1=low, x2=high, y1=y, y2=y, stroke=colour)
    at = _x(value.estimate, most)
    if colour == BLUE:
        add_shape(svg, "circle", cx=at, cy=y, r=4.0, fill=colour)
    else:
        add_shape(svg, "rect", x=at - 3.5, y=y - 3.5, width=7.0, height=7.0, fill=colour)


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {"estimate": estimate, "p": p_value}
    environment.globals |= {
        "arms": ARMS,
        "titles": OUTCOMES,
        "units": UNITS,
        "promised": promised_sentence,
        "belief": belief_sentence,
        "of_self": self_sentence,
        "of_ending": ending_sentence,
        "whole": assurance_lines,
    }
    return environment
