"""The figures of a port: fidelity beside ceiling and floor, and over the size of the corpus."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from selfscope.report.lineage import visible
from selfscope.report.palette import BLUE, FAINT, GREY, INK, VERMILLION
from selfscope.report.svg import add_shape, add_text, empty_svg, svg_text
from selfscope.report.words import channel_words, number
from selfscope.values.fidelity import Carried, Ceiling, Curve

_LABEL, _WIDE, _ROW, _TOP, _BOTTOM, _EDGE = 368.0, 502.0, 30.0, 40.0, 30.0, 20.0
#: From where to where fidelity is drawn; what lies beyond is drawn at the edge.
LOW, HIGH = -1.0, 1.5
#: Letters of a row's name at most.
_NAMED = 44
_CURVE_WIDE, _CURVE_HIGH = 420.0, 190.0


def fidelity_svg(rows: Sequence[Carried], ceilings: Sequence[Ceiling]) -> str:
    """Return fidelity of every port in every channel, the ceiling of the channel as a band behind it.

    Left of the line at 0 a port is further from the original than the target without the character; the
    dashed line at 1 is the original. A row without an interval has no mark.
    """
    height = _TOP + _ROW * len(rows) + _BOTTOM
    told = "; ".join(f"{_named(row)}: {_told(row)}" for row in rows)
    svg = empty_svg(_LABEL + _WIDE + _EDGE, height, f"Fidelity. {told}")
    bottom = _TOP + _ROW * len(rows)
    for tick in (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5):
        add_shape(svg, "line", x1=_at(tick), x2=_at(tick), y1=_TOP, y2=bottom, stroke=FAINT)
        add_text(svg, _at(tick), bottom + 18, f"{tick:g}".replace("-", "−"), "middle")
    by_channel = {c.channel: c for c in reversed(ceilings)}
    for n, row in enumerate(rows):
        if row.channel in by_channel:
            _band(svg, by_channel[row.channel], _TOP + _ROW * n)
    _line(svg, 0.0, bottom, INK, "")
    _line(svg, 1.0, bottom, INK, "5 4")
    add_text(svg, _at(0), _TOP - 10, "target without the character", "middle")
    add_text(svg, _at(1), _TOP - 10, "the original", "middle")
    for n, row in enumerate(rows):
        _mark(svg, row, _TOP + _ROW * (n + 0.5))
    return svg_text(svg)


def _at(value: float) -> float:
    inside = min(max(value, LOW), HIGH)
    return _LABEL + _WIDE * (inside - LOW) / (HIGH - LOW)


def _line(svg: ET.Element, value: float, bottom: float, colour: str, dash: str) -> None:
    line = add_shape(svg, "line", x1=_at(value), x2=_at(value), y1=_TOP - 4, y2=bottom, stroke=colour)
    if dash:
        line.set("stroke-dasharray", dash)


def _band(svg: ET.Element, ceiling: Ceiling, y: float) -> None:
    low, high = ceiling.fidelity.ci
    if math.isfinite(low):
        wide = max(_at(high) - _at(low), 3.0)
        add_shape(svg, "rect", x=_at(low), y=y + 2, width=wide, height=_ROW - 4, fill="#cfe3d8")


def _mark(svg: ET.Element, row: Carried, y: float) -> None:
    name = _named(row)
    shown = name if len(name) <= _NAMED else f"{name[: _NAMED - 1]}…"
    label = add_text(svg, _LABEL - 12, y + 4, shown, "end")
    ET.SubElement(label, "title").text = name
    low, high = row.fidelity.ci
    if not math.isfinite(low):
        add_text(svg, _at(LOW) + 4, y + 4, row.reading, "start").set("fill", GREY)
        return
    colour = VERMILLION if row.reading in ("caricature", "away") else BLUE
    group = ET.SubElement(svg, "g")
    ET.SubElement(group, "title").text = f"{name}: {_told(row)}"
    add_shape(group, "line", x1=_at(low), x2=_at(high), y1=y, y2=y, stroke=colour).set("stroke-width", "2.4")
    filled = row.reading in ("carried", "caricature", "away")
    point = add_shape(group, "circle", cx=_at(row.fidelity.estimate), cy=y, r=5.0, stroke=colour)
    point.set("fill", colour if filled else "#fff")
    point.set("stroke-width", "1.8")


def _named(row: Carried) -> str:
    return f"{visible(row.port)}, {channel_words(row.channel).heading.lower()}"


def _told(row: Carried) -> str:
    low, high = row.fidelity.ci
    if not math.isfinite(low):
        return row.reading
    return f"{number(row.fidelity.estimate)} ({number(low)} to {number(high)}), {row.reading}"


def curve_svg(curve: Curve) -> str:
    """Return fidelity over the size of the corpus, the size in doublings."""
    points = [p for p in curve.points if math.isfinite(p.fidelity.ci[0])]
    told = "; ".join(f"{p.size} rows: {number(p.fidelity.estimate)}" for p in points)
    svg = empty_svg(_CURVE_WIDE + 70, _CURVE_HIGH + 60, f"Fidelity by rows of the corpus. {told}")
    sizes = [math.log2(p.size) for p in curve.points]
    for tick in (-0.5, 0.0, 0.5, 1.0):
        y = _height(tick)
        add_shape(svg, "line", x1=50.0, x2=50 + _CURVE_WIDE, y1=y, y2=y, stroke=INK if tick == 0 else FAINT)
        add_text(svg, 42, y + 4, f"{tick:g}".replace("-", "−"), "end")
    for point in curve.points:
        x = _along(math.log2(point.size), sizes)
        add_text(svg, x, _CURVE_HIGH + 44, f"{point.size}", "middle")
        if point in points:
            ends = [_height(bound) for bound in point.fidelity.ci]
            line = add_shape(svg, "line", x1=x, x2=x, y1=ends[0], y2=ends[1], stroke=BLUE)
            line.set("stroke-width", "2.4")
            add_shape(svg, "circle", cx=x, cy=_height(point.fidelity.estimate), r=5.0, fill=BLUE)
    return svg_text(svg)


def _height(value: float) -> float:
    return 20 + _CURVE_HIGH * (1.25 - min(max(value, -0.75), 1.25)) / 2.0


def _along(size: float, sizes: Sequence[float]) -> float:
    low, high = min(sizes), max(sizes)
    share = 0.5 if high == low else (size - low) / (high - low)
    return 80 + (_CURVE_WIDE - 60) * share
