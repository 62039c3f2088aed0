"""The trade-off of caps as a picture: what each setting gains against what it costs, shams beside."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from selfscope.report.palette import BLUE, FAINT, GREY, INK, ORANGE, VERMILLION
from selfscope.report.svg import add_shape, add_text, empty_svg, svg_text
from selfscope.report.words import number
from selfscope.stats.cap_results import CapFound, Tried

_WIDTH, _HEIGHT = 720.0, 380.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 20.0, 22.0, 52.0
#: Most cost that is drawn at its place; what costs more stands at the edge.
_MOST = 3.0
#: Costs marked on the axis: none, the most for being chosen, the margin, more.
_TICKS = (0.0, 0.5, 1.0, 2.0, 3.0)


class _Scale:
    """Places of costs and gains in the picture."""

    def __init__(self, found: CapFound) -> None:
        gains = [each.trade.gain for each in found.curve]
        room = 0.08 * ((max(gains) - min(gains)) or 1.0)
        self.low, self.high = min(0.0, *gains) - room, max(0.0, *gains) + room

    def x(self, cost: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * min(cost, _MOST) / _MOST

    def y(self, gain: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (self.high - gain) / (self.high - self.low)


def trade_svg(found: CapFound) -> str:
    """Return all settings of the material of choosing: right is dearer, up is nearer to the assistant.

    Circles hold the axis, triangles a random direction, squares the shuffled axis; a ring marks the cap that
    stands. What lies left of the dotted line may be confirmed.
    """
    svg = empty_svg(_WIDTH, _HEIGHT, f"Gain against cost of {len(found.curve)} settings")
    scale = _Scale(found)
    _axes(svg, scale)
    for each in found.curve:
        _mark(svg, scale, each, found.cap is not None and each.setting == found.cap.setting)
    return svg_text(svg)


def _axes(svg: ET.Element, scale: _Scale) -> None:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    for cost in _TICKS:
        dotted = {"stroke_dasharray": "2 4"} if cost == 0.5 else {}
        line = add_shape(svg, "line", x1=scale.x(cost), x2=scale.x(cost), y1=_TOP, y2=bottom, stroke=FAINT)
        if dotted:
            line.set("stroke-dasharray", "2 4")
            line.set("stroke", INK)
        add_text(svg, scale.x(cost), bottom + 18, f"{cost:g}" + ("+" if cost == _MOST else ""), "middle")
    for gain in (scale.low, 0.0, scale.high):
        add_shape(svg, "line", x1=_LEFT, x2=right, y1=scale.y(gain), y2=scale.y(gain), stroke=FAINT)
        add_text(svg, _LEFT - 8, scale.y(gain) + 4, number(gain), "end")
    add_text(
        svg, (_LEFT + right) / 2, _HEIGHT - 12, "cost: the larger harm as a share of its margin", "middle"
    )
    add_text(svg, _LEFT, 13, "gain: nearer to the assistant, nats a token", "start")


def _mark(svg: ET.Element, scale: _Scale, each: Tried, stands: bool) -> None:
    x, y, kind = scale.x(each.trade.cost), scale.y(each.trade.gain), each.setting.kind
    if kind == "axis":
        mark = add_shape(svg, "circle", cx=x, cy=y, r=5.0, fill=BLUE)
    elif kind == "random":
        points = f"{x:.1f},{y - 6:.1f} {x - 5.5:.1f},{y + 4:.1f} {x + 5.5:.1f},{y + 4:.1f}"
        mark = add_shape(svg, "polygon", points=points, fill=ORANGE)
    else:
        mark = add_shape(svg, "rect", x=x - 4.5, y=y - 4.5, width=9.0, height=9.0, fill=GREY)
    cost = number(each.trade.cost).lstrip("+")
    title = ET.SubElement(mark, "title")
    title.text = f"{each.setting.name}: gain {number(each.trade.gain, 3)}, cost {cost}"
    if stands:
        ring = add_shape(svg, "circle", cx=x, cy=y, r=10.0, fill="none", stroke=VERMILLION)
        ring.set("stroke-width", "2")
