"""A chart of estimates with their intervals, a row each, over a band of what is too small to matter."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from selfscope.report.palette import BAND, BLUE, FAINT, GREY, INK
from selfscope.report.svg import add_shape, add_text, empty_svg, svg_text
from selfscope.values import Estimate

#: What one row shows: its name, and its values each in its colour; blue ones are round, others square.
Row = tuple[str, Sequence[tuple[Estimate, str]]]

_LEFT, _WIDE, _ROW, _HEAD, _FOOT = 210.0, 520.0, 26.0, 30.0, 26.0
#: Between two values of one row.
_APART = 10.0


def interval_chart(rows: Sequence[Row], sesoi: float, ends: tuple[str, str], label: str) -> str:
    """Return the chart as SVG, 0 in its middle.

    Parameters
    ----------
    sesoi
        Half the width of the band, in the unit of the values.
    ends
        What lies to the left, and to the right.
    label
        What is read instead of the chart.
    """
    most = _reach([value for _, values in rows for value, _ in values], sesoi)
    bottom = _HEAD + _ROW * len(rows)
    svg = empty_svg(_LEFT + _WIDE + 20, bottom + _FOOT, label)
    _axis(svg, most, sesoi, bottom, ends)
    for n, (name, values) in enumerate(rows):
        y = _HEAD + _ROW * (n + 0.5)
        add_text(svg, _LEFT - 12, y + 4, name, "end").set("fill", INK)
        for place, (value, colour) in enumerate(values):
            _mark(svg, value, colour, most, y + _APART * (place - (len(values) - 1) / 2))
    return svg_text(svg)


def _reach(values: Sequence[Estimate], sesoi: float) -> float:
    """Return how far the chart reaches to either side."""
    ends = [abs(v) for each in values for v in (each.estimate, *each.ci) if math.isfinite(v)]
    return max([2 * sesoi, *(1.1 * v for v in ends)])


def _x(value: float, most: float) -> float:
    return _LEFT + _WIDE * (value + most) / (2 * most)


def _axis(svg: ET.Element, most: float, sesoi: float, bottom: float, ends: tuple[str, str]) -> None:
    left, right = _x(-sesoi, most), _x(sesoi, most)
    add_shape(svg, "rect", x=left, y=_HEAD, width=right - left, height=bottom - _HEAD, fill=BAND)
    add_text(svg, _LEFT, _HEAD - 12, ends[0], "start").set("fill", GREY)
    add_text(svg, _LEFT + _WIDE, _HEAD - 12, ends[1], "end").set("fill", GREY)
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
