"""Small charts of drift: one conversation turn by turn with what was expected, and behaviour beside it."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from selfscope.report.palette import BAND, BLUE, FAINT, GREY, INK, ORANGE, VERMILLION
from selfscope.report.words import number
from selfscope.stats.masked import Array

_WIDTH, _HEIGHT = 320.0, 152.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 38.0, 12.0, 14.0, 24.0


@dataclass(frozen=True, eq=False)
class TalkChart:
    """What one chart shows; arrays ``(turn,)``.

    Attributes
    ----------
    y, expected
        Readings of replies, and of the same messages after neutral history.
    band
        Between which values no alarm stands, ``(turn, 2)``; None without limits.
    alarms
        Turns with an alarm, from 0.
    perturbed
        Number of the perturbed turn, from 1; 0 for none.
    """

    title: str
    y: Array
    expected: Array
    band: Array | None = None
    alarms: tuple[int, ...] = ()
    perturbed: int = 0


def talk_svg(chart: TalkChart, low: float, high: float) -> str:
    """Return one conversation: a line with points for what was read, a dashed one for what was expected.

    Up is nearer to the default assistant. A diamond is an alarm; a dotted upright the perturbed turn.
    """
    svg = _figure(_words(chart))
    scale = _Scale(low, high, len(chart.y))
    _frame(svg, scale)
    if chart.band is not None:
        _band(svg, scale, chart.band)
    if chart.perturbed:
        x = scale.x(chart.perturbed - 1)
        _shape(svg, "line", x1=x, x2=x, y1=_TOP, y2=_HEIGHT - _BOTTOM, stroke=ORANGE, stroke_dasharray="1 3")
    _line(svg, scale, chart.expected, GREY, "5 3")
    _line(svg, scale, chart.y, BLUE, "")
    for n, value in enumerate(chart.y):
        if math.isfinite(value):
            _point(svg, scale, chart, n, float(value))
    return ET.tostring(svg, encoding="unicode")


def behaviour_svg(title: str, turns: Sequence[int], values: Array) -> str:
    """Return one dimension: a thin line for each conversation, a thick one for their mean.

    Parameters
    ----------
    values
        ``(conversation, point)``.
    """
    shown = values - values[:, :1]
    finite = shown[np.isfinite(shown)]
    top = max(0.1, float(np.abs(finite).max()) if finite.size else 0.0) * 1.1
    scale = _Scale(-top, top, max(turns) + 1)
    svg = _figure(f"{title}: change since turn 0 in {len(values)} conversations")
    _frame(svg, scale, first=0)
    wide = np.full((len(values) + 1, max(turns) + 1), np.nan)
    wide[:-1, list(turns)] = shown
    count = np.isfinite(shown).sum(axis=0)
    wide[-1, list(turns)] = np.nansum(shown, axis=0) / np.where(count, count, np.nan)
    for row in wide[:-1]:
        _line(svg, scale, row, GREY, "", 0.7)
    _line(svg, scale, wide[-1], VERMILLION, "", 2.4)
    return ET.tostring(svg, encoding="unicode")


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    turns: int

    def x(self, turn: float) -> float:
        room = _WIDTH - _LEFT - _RIGHT - 16
        return _LEFT + 8 + (room * turn / (self.turns - 1) if self.turns > 1 else room / 2)

    def y(self, value: float) -> float:
        inside = min(max(value, self.low), self.high)
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (self.high - inside) / (self.high - self.low)


def _figure(label: str) -> ET.Element:
    return ET.Element("svg", {"viewBox": f"0 0 {_WIDTH:g} {_HEIGHT:g}", "role": "img", "aria-label": label})


def _frame(svg: ET.Element, scale: _Scale, first: int = 1) -> None:
    bottom = _HEIGHT - _BOTTOM
    _shape(svg, "line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=bottom, y2=bottom, stroke=FAINT)
    middle = 0.0 if scale.low < 0 < scale.high else (scale.low + scale.high) / 2
    for value in (scale.low, middle, scale.high):
        _shape(svg, "line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=scale.y(value), y2=scale.y(value), stroke=FAINT)
        _text(svg, _LEFT - 5, scale.y(value) + 4, number(value, 1), "end")
    for n in range(0, scale.turns, max(1, math.ceil(scale.turns / 12))):
        _text(svg, scale.x(n), _HEIGHT - 8, str(n + first), "middle")


def _band(svg: ET.Element, scale: _Scale, band: Array) -> None:
    whole = [n for n in range(len(band)) if np.isfinite(band[n]).all()]
    upper = [f"{scale.x(n):.1f},{scale.y(band[n, 1]):.1f}" for n in whole]
    lower = [f"{scale.x(n):.1f},{scale.y(band[n, 0]):.1f}" for n in reversed(whole)]
    ET.SubElement(svg, "polygon", {"points": " ".join(upper + lower), "fill": BAND})


def _line(svg: ET.Element, scale: _Scale, values: Array, colour: str, dash: str, width: float = 1.4) -> None:
    points = " ".join(f"{scale.x(n):.1f},{scale.y(v):.1f}" for n, v in enumerate(values) if math.isfinite(v))
    told = {"points": points, "fill": "none", "stroke": colour, "stroke-width": f"{width:g}"}
    ET.SubElement(svg, "polyline", told | ({"stroke-dasharray": dash} if dash else {}))


def _point(svg: ET.Element, scale: _Scale, chart: TalkChart, n: int, value: float) -> None:
    x, y = scale.x(n), scale.y(value)
    if n in chart.alarms:
        points = f"{x:.1f},{y - 6:.1f} {x + 6:.1f},{y:.1f} {x:.1f},{y + 6:.1f} {x - 6:.1f},{y:.1f}"
        mark = ET.SubElement(svg, "polygon", {"points": points, "fill": VERMILLION})
    else:
        mark = ET.SubElement(svg, "circle", {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "3", "fill": BLUE})
    alarm = ", alarm" if n in chart.alarms else ""
    tip = f"turn {n + 1}: {number(value)}, expected {number(float(chart.expected[n]))}{alarm}"
    ET.SubElement(mark, "title").text = tip


def _words(chart: TalkChart) -> str:
    said = [f"turn {n + 1} {number(float(v))}" for n, v in enumerate(chart.y) if math.isfinite(v)]
    alarms = f"; alarms at {', '.join(str(n + 1) for n in chart.alarms)}" if chart.alarms else ""
    return f"{chart.title}: projection; {', '.join(said)}{alarms}"


def _shape(svg: ET.Element, kind: str, **given: float | str) -> None:
    told = {k.replace("_", "-"): f"{v:.1f}" if isinstance(v, float) else str(v) for k, v in given.items()}
    ET.SubElement(svg, kind, told)


def _text(svg: ET.Element, x: float, y: float, text: str, anchor: str) -> None:
    told = {"x": f"{x:.1f}", "y": f"{y:.1f}", "font-size": "11", "fill": INK, "text-anchor": anchor}
    ET.SubElement(svg, "text", told).text = text
