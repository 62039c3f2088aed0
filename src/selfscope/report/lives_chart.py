"""One picture of the way back: disturbed lives beside their undisturbed twins, a panel for each arm."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from selfscope.report.palette import FAINT, GREY, INK, ORANGE, VERMILLION
from selfscope.report.words import number
from selfscope.stats.masked import Array

_PANEL, _HEIGHT = 176.0, 168.0
_LEFT, _GAP, _TOP, _BOTTOM = 40.0, 14.0, 26.0, 24.0


@dataclass(frozen=True, eq=False)
class Panel:
    """One arm.

    Attributes
    ----------
    disturbed, twins
        Readings of lives, ``(pair, point)``; point 0 is the first State.
    """

    name: str
    disturbed: Array
    twins: Array


def ways_back_svg(title: str, panels: Sequence[Panel], at: int) -> str:
    """Return the picture of one dimension: a thick line for disturbed lives, a dashed one for their twins.

    Both are means over lives, less the first State; a thin line is one disturbed life, a dotted upright
    stands after the conversation that disturbed. All panels have one scale.

    Parameters
    ----------
    at
        Number of the disturbing conversation, from 1.
    """
    shown = [(p, p.disturbed - p.disturbed[:, :1], p.twins - p.twins[:, :1]) for p in panels]
    finite = np.concatenate([x[np.isfinite(x)] for _, a, b in shown for x in (a, b)])
    top = max(0.1, float(np.abs(finite).max()) if finite.size else 0.0) * 1.1
    width = _LEFT + len(panels) * (_PANEL + _GAP)
    told = {"viewBox": f"0 0 {width:g} {_HEIGHT:g}", "role": "img", "aria-label": _words(title, panels)}
    svg = ET.Element("svg", told)
    for n, (panel, disturbed, twins) in enumerate(shown):
        frame = _Frame(_LEFT + n * (_PANEL + _GAP), top, disturbed.shape[1])
        frame.draw(svg, panel.name, at, labelled=n == 0)
        for row in disturbed:
            frame.line(svg, row, GREY, "", 0.6)
        frame.line(svg, _mean(twins), INK, "5 3", 1.8)
        frame.line(svg, _mean(disturbed), VERMILLION, "", 2.4)
    return ET.tostring(svg, encoding="unicode")


@dataclass(frozen=True)
class _Frame:
    left: float
    top: float
    points: int

    def x(self, point: float) -> float:
        return self.left + 8 + (_PANEL - 16) * point / max(self.points - 1, 1)

    def y(self, value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (self.top - value) / (2 * self.top)

    def draw(self, svg: ET.Element, name: str, at: int, *, labelled: bool) -> None:
        for value in (-self.top, 0.0, self.top):
            y = self.y(value)
            _line(svg, self.left, self.left + _PANEL, y, y, FAINT)
            if labelled:
                _text(svg, self.left - 5, y + 4, number(value, 1), "end")
        _line(svg, self.x(at), self.x(at), _TOP, _HEIGHT - _BOTTOM, ORANGE, "1 3")
        _text(svg, self.left + _PANEL / 2, _TOP - 10, name, "middle")
        for point in range(0, self.points, max(1, -(-self.points // 8))):
            _text(svg, self.x(point), _HEIGHT - 8, str(point), "middle")

    def line(self, svg: ET.Element, values: Array, colour: str, dash: str, width: float) -> None:
        points = " ".join(
            f"{self.x(n):.1f},{self.y(float(v)):.1f}" for n, v in enumerate(values) if np.isfinite(v)
        )
        told = {"points": points, "fill": "none", "stroke": colour, "stroke-width": f"{width:g}"}
        ET.SubElement(svg, "polyline", told | ({"stroke-dasharray": dash} if dash else {}))


def _mean(values: Array) -> Array:
    count = np.isfinite(values).sum(axis=0)
    return np.asarray(np.nansum(values, axis=0) / np.where(count, count, np.nan))


def _words(title: str, panels: Sequence[Panel]) -> str:
    said = [f"{p.name} {number(_end(p.disturbed))}, twins {number(_end(p.twins))}" for p in panels]
    return f"{title}: change from the first State to the last; {'; '.join(said)}"


def _end(values: Array) -> float:
    return float(np.nanmean(values[:, -1] - values[:, 0]))


def _line(svg: ET.Element, x1: float, x2: float, y1: float, y2: float, stroke: str, dash: str = "") -> None:
    told = {"x1": f"{x1:.1f}", "x2": f"{x2:.1f}", "y1": f"{y1:.1f}", "y2": f"{y2:.1f}", "stroke": stroke}
    ET.SubElement(svg, "line", told | ({"stroke-dasharray": dash} if dash else {}))


def _text(svg: ET.Element, x: float, y: float, text: str, anchor: str) -> None:
    told = {"x": f"{x:.1f}", "y": f"{y:.1f}", "font-size": "11", "fill": INK, "text-anchor": anchor}
    ET.SubElement(svg, "text", told).text = text
