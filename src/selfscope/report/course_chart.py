"""The small chart of one dimension over versions: its change since the first, with intervals and signs."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

from selfscope.report.palette import BAND, BLUE, FAINT, GREY, INK, ORANGE, PURPLE, VERMILLION
from selfscope.report.svg import add_shape, add_text
from selfscope.report.words import interval, number
from selfscope.values.trajectory import Point

_WIDTH, _HEIGHT = 320.0, 152.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 38.0, 12.0, 14.0, 24.0
#: Versions that are numbered on the axis at most.
_NUMBERED = 12


@dataclass(frozen=True)
class CourseChart:
    """What one chart shows.

    Attributes
    ----------
    points
        One a version, in order; drawn is the difference from the first.
    names
        What the versions are called.
    change
        Place of a change point's first version, None without one.
    wrong
        Places of steps that went the wrong way.
    """

    title: str
    points: tuple[Point, ...]
    names: Sequence[str]
    change: int | None
    wrong: tuple[int, ...]

    @property
    def marked(self) -> bool:
        """Whether there is anything to see but a line."""
        steps = [p.step for p in self.points if p.step is not None]
        return bool(self.change is not None or self.wrong or any(s.verdict == "shifted" for s in steps))


def chart_scale(charts: Sequence[CourseChart], sesoi: float) -> float:
    """Return how far charts of one channel reach above and below no change, log-odds."""
    ends = [
        abs(x)
        for chart in charts
        for p in chart.points
        if p.from_first is not None
        for x in (*p.from_first.ci, p.from_first.estimate)
        if math.isfinite(x)
    ]
    return max([2 * sesoi, *ends]) * 1.05


def course_svg(chart: CourseChart, scale: float, sesoi: float) -> str:
    """Return the chart as SVG.

    Up is more of the trait than in the first version. The band is what is smaller than the smallest effect of
    interest. Filled points: that step is shifted.
    """
    svg = ET.Element(
        "svg",
        {"viewBox": f"0 0 {_WIDTH:g} {_HEIGHT:g}", "role": "img", "aria-label": _told(chart)},
    )
    _axes(svg, chart, scale, sesoi)
    at = [_x(n, len(chart.points)) for n in range(len(chart.points))]
    values = [0.0 if p.from_first is None else p.from_first.estimate for p in chart.points]
    if chart.change is not None:
        _change(svg, (at[chart.change - 1] + at[chart.change]) / 2)
    path = " ".join(
        f"{x:.1f},{_y(v, scale):.1f}" for x, v in zip(at, values, strict=True) if math.isfinite(v)
    )
    ET.SubElement(svg, "polyline", {"points": path, "fill": "none", "stroke": GREY, "stroke-width": "1.2"})
    for n, (x, value) in enumerate(zip(at, values, strict=True)):
        if math.isfinite(value):
            _point(svg, chart, n, x, value, scale)
    return ET.tostring(svg, encoding="unicode")


def _told(chart: CourseChart) -> str:
    """Return the chart in words."""
    each = [
        f"version {n + 1} {number(p.from_first.estimate)}"
        for n, p in enumerate(chart.points)
        if p.from_first is not None
    ]
    return f"{chart.title}: change since the first version; {', '.join(each)}"


def _x(n: int, versions: int) -> float:
    room = _WIDTH - _LEFT - _RIGHT - 16
    return _LEFT + 8 + (room * n / (versions - 1) if versions > 1 else room / 2)


def _y(value: float, scale: float) -> float:
    half = (_HEIGHT - _TOP - _BOTTOM) / 2
    return _TOP + half * (1 - value / scale)


def _axes(svg: ET.Element, chart: CourseChart, scale: float, sesoi: float) -> None:
    right = _WIDTH - _RIGHT
    high, low = _y(sesoi, scale), _y(-sesoi, scale)
    add_shape(svg, "rect", x=_LEFT, y=high, width=right - _LEFT, height=low - high, fill=BAND)
    add_shape(svg, "line", x1=_LEFT, x2=right, y1=_y(0, scale), y2=_y(0, scale), stroke=GREY)
    add_shape(svg, "line", x1=_LEFT, x2=right, y1=_HEIGHT - _BOTTOM, y2=_HEIGHT - _BOTTOM, stroke=FAINT)
    for value in (_tick(scale), 0.0, -_tick(scale)):
        add_text(svg, _LEFT - 5, _y(value, scale) + 4, number(value, 1) if value else "0", "end")
    versions = len(chart.points)
    every = math.ceil(versions / _NUMBERED)
    for n in range(0, versions, every):
        label = add_text(svg, _x(n, versions), _HEIGHT - 8, str(n + 1), "middle")
        ET.SubElement(label, "title").text = chart.names[n]


def _tick(scale: float) -> float:
    """Return the largest round number that is clearly inside the scale."""
    step = 10 ** math.floor(math.log10(scale))
    return max(
        (m * step for m in (0.5, 1, 2, 5) if m * step <= 0.9 * scale and m * step >= 0.1), default=scale * 0.8
    )


def _change(svg: ET.Element, x: float) -> None:
    line = {"stroke": INK, "stroke-dasharray": "4 3", "stroke-width": "1.4"}
    add_shape(svg, "line", x1=x, x2=x, y1=_TOP - 2, y2=_HEIGHT - _BOTTOM, **line)
    add_text(svg, x, _TOP - 4, "change", "middle")


def _point(svg: ET.Element, chart: CourseChart, n: int, x: float, value: float, scale: float) -> None:
    point, y = chart.points[n], _y(value, scale)
    group = ET.SubElement(svg, "g")
    ET.SubElement(group, "title").text = _tip(chart, n)
    if point.from_first is not None and all(map(math.isfinite, point.from_first.ci)):
        low, high = (_y(end, scale) for end in point.from_first.ci)
        add_shape(group, "line", x1=x, x2=x, y1=low, y2=high, stroke=INK, **{"stroke-width": "1.3"})
    verdict = point.step.verdict if point.step is not None else ""
    if verdict == "bias only":
        add_shape(group, "rect", x=x - 3.6, y=y - 3.6, width=7.2, height=7.2, fill=PURPLE, stroke=PURPLE)
    else:
        fill, line, r = (VERMILLION, VERMILLION, 4.6) if verdict == "shifted" else ("#fff", BLUE, 3.4)
        add_shape(group, "circle", cx=x, cy=y, r=r, fill=fill, stroke=line, **{"stroke-width": "1.6"})
    if n in chart.wrong:
        down = point.step is not None and point.step.estimate < 0
        tip, foot = (y + 17, y + 8) if down else (y - 17, y - 8)
        add_shape(group, "path", d=f"M{x - 5:.1f} {foot:.1f}L{x + 5:.1f} {foot:.1f}L{x:.1f} {tip:.1f}Z",
               fill=ORANGE, stroke=INK)  # fmt: skip


def _tip(chart: CourseChart, n: int) -> str:
    point = chart.points[n]
    if point.from_first is None or point.step is None:
        return f"{chart.names[n]}: the first version"
    since = f"{number(point.from_first.estimate)} ({interval(point.from_first.ci)}) since the first"
    return f"{chart.names[n]}: {since}; step {number(point.step.estimate)}, {point.step.verdict}"
