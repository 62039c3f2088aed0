"""The pictures of a persona space: roles in a plane, roles along the axis, scree, reliability by layer.

SVG that stands in the page: readable without scripts, every mark with its name as a title, and no colour
without a shape.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence

from selfscope.report.lineage import visible
from selfscope.report.palette import (
    BAND,
    BLACK,
    BLUE,
    FAINT,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
)
from selfscope.report.svg import add_shape, add_text, empty_svg, svg_text
from selfscope.report.words import interval, number
from selfscope.values.persona_map import LayerAxis, PersonaMap, Spot

#: Colour and shape of each group of roles, of the default, and of who is placed.
MARKS: dict[str, tuple[str, str]] = {
    "human": (BLUE, "circle"),
    "professional": (SKY, "square"),
    "fictional": (ORANGE, "triangle"),
    "animal": (GREEN, "circle"),
    "machine": (GREY, "square"),
    "collective": (PURPLE, "diamond"),
    "mystical": (VERMILLION, "triangle"),
    "archetype": (GREEN, "diamond"),
    "default": (BLACK, "star"),
    "placed": (BLACK, "ring"),
}
#: Names beside their marks where there are at most so many.
NAMED = 40
#: Rows of the axis at each end where there are more roles than `NAMED`.
ENDS = 15
#: Components of the scree.
COMPONENTS = 20
_WIDTH, _HEIGHT, _EDGE = 900.0, 560.0, 46.0


def plane_svg(found: PersonaMap) -> str:
    """Return the roles in the plane of the first two components, placed ones with their ellipses.

    A mark's ``data-group`` and ``data-name`` are what the page's script reads.
    """
    first = (found.default, *found.placed)
    spots = [s for s in (*first, *found.roles) if math.isfinite(s.pc1) and math.isfinite(s.pc2)]
    across, up = _scales(spots)
    svg = empty_svg(_WIDTH, _HEIGHT, f"{len(found.roles)} roles in the plane of the first two components")
    for x, y, x2, y2 in ((_EDGE, up(0), _WIDTH - 8, up(0)), (across(0), 8, across(0), _HEIGHT - _EDGE)):
        add_shape(svg, "line", x1=x, y1=y, x2=x2, y2=y2, stroke=FAINT)
    shares = [f"{100 * share:.0f} % of the variance" for share in found.explained[:2]] + [""] * 2
    add_text(svg, _WIDTH / 2, _HEIGHT - 12, f"first component ({shares[0]})", "middle")
    turned = add_text(svg, 0, 0, f"second component ({shares[1]})", "middle")
    turned.set("transform", f"translate(14 {_HEIGHT / 2:.0f}) rotate(-90)")
    unit = across(1) - across(0)
    for spot in first:
        _ellipse(svg, spot, across(spot.pc1), up(spot.pc2), unit)
    marks = [(across(s.pc1), up(s.pc2)) for s in spots]
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in marks]
    drawn = {}
    for spot in reversed(spots):  # whoever is named first lies on top
        group = ET.SubElement(svg, "g", {"data-group": _mark_of(spot), "data-name": visible(spot.title)})
        ET.SubElement(group, "title").text = _tip(spot)
        _mark(group, across(spot.pc1), up(spot.pc2), _mark_of(spot))
        drawn[spot.kind, spot.name] = group
    for spot in spots:
        if spot.kind != "role" or len(found.roles) <= NAMED:
            _name(drawn[spot.kind, spot.name], across(spot.pc1), up(spot.pc2), spot, taken)
    return svg_text(svg)


def _scales(spots: Sequence[Spot]) -> tuple[_Scale, _Scale]:
    """Return scales with one unit for both directions, so that angles are true."""
    xs = [s.pc1 for s in spots if math.isfinite(s.pc1)] or [0.0]
    ys = [s.pc2 for s in spots if math.isfinite(s.pc2)] or [0.0]
    wide, high = max(max(xs) - min(xs), 1e-9), max(max(ys) - min(ys), 1e-9)
    unit = min((_WIDTH - _EDGE - 130) / wide, (_HEIGHT - _EDGE - 60) / high)
    return (
        _Scale((max(xs) + min(xs)) / 2, (_WIDTH + _EDGE - 60) / 2, unit),
        _Scale((max(ys) + min(ys)) / 2, (_HEIGHT - _EDGE) / 2, -unit),
    )


class _Scale:
    """From numbers to places."""

    def __init__(self, middle: float, at: float, unit: float) -> None:
        self.middle, self.at, self.unit = middle, at, unit

    def __call__(self, value: float) -> float:
        return self.at + (value - self.middle) * self.unit


def _ellipse(svg: ET.Element, spot: Spot, x: float, y: float, unit: float) -> None:
    if spot.ellipse is None or not math.isfinite(spot.ellipse.major + x + y):
        return
    ring = add_shape(svg, "ellipse", cx=x, cy=y, rx=spot.ellipse.major * unit, ry=spot.ellipse.minor * unit,
                  fill=BAND, stroke=GREY)  # fmt: skip
    ring.set("fill-opacity", "0.55")
    ring.set("transform", f"rotate({-spot.ellipse.angle:.1f} {x:.1f} {y:.1f})")
    ET.SubElement(ring, "title").text = f"{visible(spot.title)}: 95 % region of its mean over questions"


def _name(
    group: ET.Element, x: float, y: float, spot: Spot, taken: list[tuple[float, float, float, float]]
) -> None:
    """Write a name at the first of four sides where it covers no other; leave a role's out where none is.

    Who is no role has a name in any case.
    """
    wide = 6.1 * len(spot.title)
    sides = ((8, 4, "start"), (-8, 4, "end"), (0, -9, "middle"), (0, 17, "middle"))
    forced = () if spot.kind == "role" else ((0, -9, "middle"),)
    for side, (dx, dy, anchor) in enumerate((*sides, *forced)):
        left = x + dx - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
        box = (left, y + dy - 10, left + wide, y + dy + 2)
        inside = box[0] >= _EDGE and box[2] <= _WIDTH - 2 and box[1] >= 2 and box[3] <= _HEIGHT - 26
        if side == len(sides) or (inside and not any(_meet(box, other) for other in taken)):
            taken.append(box)
            label = add_text(group, x + dx, y + dy, visible(spot.title), anchor)
            if spot.kind != "role":
                label.set("font-weight", "700")
            return


def _meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def along_svg(found: PersonaMap) -> str:
    """Return roles along the axis, nearest to the assistant at the top, with 95 percent intervals.

    Beside each name stands how many responses it is over; an arrow ends an interval that leaves the frame.
    Of many roles the ends are drawn, and everyone who is placed.
    """
    spots = [s for s in (*found.roles, found.default, *found.placed) if math.isfinite(s.z)]
    spots.sort(key=lambda s: -s.z)
    if len(found.roles) > NAMED:
        spots = [s for n, s in enumerate(spots) if s.kind != "role" or min(n, len(spots) - 1 - n) < ENDS]
    step, left, right, top = 19.0, 250.0, 24.0, 50.0
    height = top + step * len(spots) + 20
    svg = empty_svg(
        _WIDTH, height, "Where everyone is along the axis, in units of the roles’ standard deviation"
    )
    most = 1.6 * max([1.0, *(abs(s.z) for s in spots)])  # an interval over two questions would fill the frame
    ends = [min(max(e, -most), most) for s in spots for e in (s.z, *s.ci) if math.isfinite(e)] or [0.0]
    low, high = min([*ends, -1.0]), max([*ends, 1.0])
    across = _Scale(low, left + 8, (_WIDTH - left - right - 16) / (high - low))
    for value in range(math.ceil(low), math.floor(high) + 1, max(1, round((high - low) / 10))):
        add_shape(svg, "line", x1=across(value), x2=across(value), y1=top - 6, y2=height - 14,
               stroke=GREY if value == 0 else FAINT)  # fmt: skip
        add_text(svg, across(value), top - 12, number(value, 0) if value else "0", "middle")
    add_text(svg, left, 12, "← away from the assistant", "start")
    add_text(svg, _WIDTH - right, 12, "towards the assistant →", "end")
    for n, spot in enumerate(spots):
        _along(svg, spot, across, top + step * (n + 0.5), left)
    return svg_text(svg)


def _along(svg: ET.Element, spot: Spot, across: _Scale, y: float, left: float) -> None:
    group = ET.SubElement(svg, "g", {"data-group": _mark_of(spot), "data-name": visible(spot.title)})
    ET.SubElement(group, "title").text = _tip(spot)
    if all(map(math.isfinite, spot.ci)):
        _bar(group, (across(spot.ci[0]), across(spot.ci[1])), (left + 2, _WIDTH - 18), y)
    _mark(group, across(spot.z), y, _mark_of(spot))
    label = add_text(group, left - 10, y + 4, f"{_cut(visible(spot.title), 32)} · {spot.responses}", "end")
    if spot.kind != "role":
        label.set("font-weight", "700")


def _bar(group: ET.Element, ends: tuple[float, float], frame: tuple[float, float], y: float) -> None:
    """Draw an interval as far as the frame goes, an arrow where it goes on."""
    low, high = max(ends[0], frame[0]), min(ends[1], frame[1])
    line = add_shape(group, "line", x1=low, x2=high, y1=y, y2=y, stroke=INK)
    line.set("stroke-width", "1.3")
    for end, at, way in ((ends[0] < low, low, 1), (ends[1] > high, high, -1)):
        if end:
            tip = f"M{at + 5 * way:.1f} {y - 3.5:.1f}L{at:.1f} {y:.1f}L{at + 5 * way:.1f} {y + 3.5:.1f}"
            ET.SubElement(group, "path", {"d": tip, "fill": "none", "stroke": INK})


def scree_svg(found: PersonaMap) -> str:
    """Return the share of variance by component, summed up, with the line at 70 percent."""
    shares = found.explained[:COMPONENTS]
    width, height, left, low = 430.0, 240.0, 40.0, 206.0
    svg = empty_svg(width, height, f"{found.components_70} components hold 70 percent of the variance")
    step, total = (width - left - 10) / max(len(shares), 1), 0.0
    points = []
    for value in (0.0, 0.5, 1.0):
        y = low - 180 * value
        add_shape(svg, "line", x1=left, x2=width - 6, y1=y, y2=y, stroke=FAINT)
        add_text(svg, left - 5, y + 4, f"{100 * value:.0f} %", "end")
    for n, share in enumerate(shares):
        total += share
        x = left + step * n
        bar = add_shape(svg, "rect", x=x + 1, y=low - 180 * share, width=max(step - 2, 1), height=180 * share,
                     fill=BLUE if n < found.components_70 else SKY)  # fmt: skip
        ET.SubElement(
            bar, "title"
        ).text = f"component {n + 1}: {100 * share:.1f} %, with those before {100 * total:.0f} %"
        points.append((x + step / 2, low - 180 * total))
        if n % max(1, math.ceil(len(shares) / 10)) == 0:
            add_text(svg, x + step / 2, low + 15, f"{n + 1}", "middle")
    _line(svg, points, INK, "")
    _line(svg, [(left, low - 126), (width - 6, low - 126)], VERMILLION, "5 4")
    add_text(svg, width - 8, low - 130, "70 %", "end")
    add_text(svg, (left + width) / 2, height - 4, "component", "middle")
    return svg_text(svg)


def layers_svg(found: PersonaMap) -> str:
    """Return reliability and the cosine with the first component by layer, and the two floors."""
    width, height, left, low = 430.0, 240.0, 40.0, 206.0
    svg = empty_svg(width, height, "How far axes from disjoint halves agree, by layer")
    every = found.layers
    bottom = min([0.0, *(e.ci[0] for e in every if math.isfinite(e.ci[0]))])
    up = _Scale(0.0, low + 180 * bottom / (1 - bottom), -180 / (1 - bottom))
    across = _Scale(0, left + 8, (width - left - 20) / max(found.depth - 1, 1))
    for value, name in ((0.0, "0"), (0.7, ".70"), (0.9, ".90"), (1.0, "1")):
        floor = value in (0.7, 0.9)
        _line(svg, [(left, up(value)), (width - 6, up(value))], VERMILLION if floor else FAINT,
              "5 4" if floor else "")  # fmt: skip
        add_text(svg, left - 5, up(value) + 4, name, "end")
    band = [(across(e.layer), up(e.ci[0])) for e in every] + [
        (across(e.layer), up(e.ci[1])) for e in reversed(every)
    ]
    if all(math.isfinite(y) for _, y in band):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in band)
        ET.SubElement(svg, "polygon", {"points": points, "fill": BAND, "stroke": "none"})
    _line(svg, [(across(e.layer), up(e.cos_pc1)) for e in every], PURPLE, "3 3")
    _line(svg, [(across(e.layer), up(e.split_half)) for e in every], BLUE, "")
    for each in every:
        _layer_mark(svg, each, across(each.layer), up(each.split_half), each.layer == found.layer)
        if each.layer % max(1, math.ceil(found.depth / 8)) == 0:
            add_text(svg, across(each.layer), low + 15, str(each.layer), "middle")
    add_text(svg, (left + width) / 2, height - 4, "layer", "middle")
    return svg_text(svg)


def _layer_mark(svg: ET.Element, each: LayerAxis, x: float, y: float, read: bool) -> None:
    if not math.isfinite(y):
        return
    dot = add_shape(svg, "circle", cx=x, cy=y, r=5.0 if read else 2.6, fill=BLACK if read else BLUE)
    ET.SubElement(dot, "title").text = (
        f"layer {each.layer}{', the one that is read' if read else ''}: both halves {each.split_half:.2f} "
        f"({each.ci[0]:.2f} to {each.ci[1]:.2f}), roles {each.roles:.2f}, questions {each.questions:.2f}, "
        f"cosine with the first component {each.cos_pc1:.2f}"
    )


def mark_svg(group: str) -> str:
    """Return the mark of a group alone, for a legend."""
    svg = ET.Element("svg", {"viewBox": "0 0 18 16", "aria-hidden": "true"})
    _mark(svg, 9, 8, group)
    return svg_text(svg)


def _mark_of(spot: Spot) -> str:
    if spot.kind in ("identity", "adapter"):
        return "placed"
    return spot.kind if spot.kind == "default" else spot.group


def _mark(parent: ET.Element, x: float, y: float, group: str) -> None:
    colour, shape = MARKS.get(group, (SKY, "circle"))
    if shape == "circle":
        add_shape(parent, "circle", cx=x, cy=y, r=4.6, fill=colour, stroke="#fff")
    elif shape == "ring":
        ring = add_shape(parent, "circle", cx=x, cy=y, r=5.4, fill="#fff", stroke=colour)
        ring.set("stroke-width", "2.4")
    elif shape == "square":
        add_shape(parent, "rect", x=x - 4.2, y=y - 4.2, width=8.4, height=8.4, fill=colour, stroke="#fff")
    else:
        ET.SubElement(parent, "path", {"d": _outline(x, y, shape), "fill": colour, "stroke": "#fff"})


def _outline(x: float, y: float, shape: str) -> str:
    if shape == "star":
        turns = [(k, 8.6 if k % 2 == 0 else 3.8) for k in range(10)]
        at = [(x + r * math.sin(math.pi * k / 5), y - r * math.cos(math.pi * k / 5)) for k, r in turns]
    elif shape == "diamond":
        at = [(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)]
    else:
        at = [(x, y - 5.6), (x + 5.4, y + 4.2), (x - 5.4, y + 4.2)]
    return "M" + "L".join(f"{px:.1f} {py:.1f}" for px, py in at) + "Z"


def _tip(spot: Spot) -> str:
    return f"{visible(spot.title)} ({_mark_of(spot)}): {number(spot.z)} along the axis ({interval(spot.ci)})"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _line(svg: ET.Element, points: Iterable[tuple[float, float]], colour: str, dashes: str) -> None:
    told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points if math.isfinite(y))
    line = ET.SubElement(
        svg, "polyline", {"points": told, "fill": "none", "stroke": colour, "stroke-width": "1.5"}
    )
    if dashes:
        line.set("stroke-dasharray", dashes)
