"""The figure of copies together: how often two copies choose the same, told whom they play with."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from selfscope.report.palette import BLUE, FAINT, GREY, INK
from selfscope.report.svg import add_shape, add_text, empty_svg, svg_text
from selfscope.values import Estimate
from selfscope.values.copies import Agreement

_LABEL, _PANEL, _GAP, _ROW, _TOP, _BOTTOM, _EDGE = 170.0, 330.0, 40.0, 30.0, 30.0, 30.0, 20.0
TITLES = {"match": "of two options", "free": "a free choice"}
#: What a row is called: who the other is said to be.
TOLD = {
    "": "no game at all",
    "copy": "with a copy",
    "family": "with its own family",
    "other": "with another model",
    "human": "with a human",
}


def agreements_svg(agreements: Sequence[Agreement]) -> str:
    """Return how often two copies agree, a row for each that the other is said to be.

    Filled: each gets an order, letters and a wording of its own. Hollow: both read the very same words, so
    that a habit of place counts as agreement.
    """
    kinds = list(dict.fromkeys(a.kind for a in agreements))
    told = list(dict.fromkeys(a.told for a in agreements))
    words = "; ".join(
        f"{TITLES[a.kind]}, {TOLD[a.told]}: {a.agreement.estimate:.2f}, same words {a.naive.estimate:.2f}"
        for a in agreements
    )
    width = _LABEL + len(kinds) * (_PANEL + _GAP) - _GAP + _EDGE
    svg = empty_svg(width, _TOP + _ROW * len(told) + _BOTTOM, f"How often two copies agree. {words}")
    for n, name in enumerate(told):
        add_text(svg, _LABEL - 10, _TOP + _ROW * (n + 0.5) + 4, TOLD[name], "end")
    for k, kind in enumerate(kinds):
        left = _LABEL + k * (_PANEL + _GAP)
        _scale(svg, left, len(told), TITLES[kind])
        for a in agreements:
            if a.kind == kind:
                _row(svg, a, left, _TOP + _ROW * (told.index(a.told) + 0.5))
    return svg_text(svg)


def _scale(svg: ET.Element, left: float, rows: int, title: str) -> None:
    bottom = _TOP + _ROW * rows
    add_text(svg, left + _PANEL / 2, _TOP - 12, title, "middle")
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = left + _PANEL * tick
        add_shape(svg, "line", x1=x, x2=x, y1=_TOP, y2=bottom, stroke=FAINT)
        add_text(svg, x, bottom + 18, f"{tick:g}", "middle")


def _row(svg: ET.Element, told: Agreement, left: float, y: float) -> None:
    colour = INK if told.told == "" else BLUE if told.told == "copy" else GREY
    _interval(svg, told.agreement, left, y - 4, colour, filled=True)
    _interval(svg, told.naive, left, y + 6, colour, filled=False)


def _interval(svg: ET.Element, value: Estimate, left: float, y: float, colour: str, *, filled: bool) -> None:
    if not math.isfinite(value.estimate):
        return
    if math.isfinite(value.ci[0]):
        low, high = (left + _PANEL * min(1.0, max(0.0, bound)) for bound in value.ci)
        add_shape(svg, "line", x1=low, x2=high, y1=y, y2=y, stroke=colour)
    at = left + _PANEL * value.estimate
    fill = colour if filled else "#ffffff"
    add_shape(svg, "circle", cx=at, cy=y, r=4.0 if filled else 3.5, fill=fill, stroke=colour)
