"""The pictures of a reading of emotion: areas by layer, families in their plane, doses, random directions.

SVG that stands in the page: readable without scripts, every mark with its name as a title, and no colour
without a shape or a dash.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Sequence

from selfscope.report.emotion_words import share, title
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
from selfscope.report.words import number
from selfscope.values.emotion import Area, Dose, EmotionRead, LayerRead, Steering

Box = tuple[float, float, float, float]
Points = Sequence[tuple[float, float]]
#: What stands in the picture of layers: name, colour, dashes, and how a layer gives it.
SERIES: tuple[tuple[str, str, str, Callable[[LayerRead], float]], ...] = (
    ("without the words", BLUE, "", lambda x: x.auroc),
    ("with the words", ORANGE, "7 3", lambda x: _value(x.keyword)),
    ("which family, less topic", GREEN, "2 3", lambda x: _value(x.family_less_topic)),
    ("words to no words", PURPLE, "8 3 2 3", lambda x: _carried(x, "keyword_to_keyword_free")),
    ("story to self", VERMILLION, "4 2", lambda x: _carried(x, "story_to_self")),
)
#: Least range of readings that a picture of doses shows; a vignette and its twin lie about 2 apart.
LEAST_RISE = 0.4


def _value(found: Area | None) -> float:
    return found.auroc if found else math.nan


def _carried(layer: LayerRead, name: str) -> float:
    return layer.transfer[name].auroc if name in layer.transfer else math.nan


def legend_svg(colour: str, dashes: str) -> str:
    """Return a short piece of a line, for the legend."""
    svg = empty_svg(30, 12, "")
    svg.set("aria-hidden", "true")
    _line(svg, [(1, 6), (29, 6)], colour, dashes)
    return svg_text(svg)


def layers_svg(found: EmotionRead) -> str:
    """Return areas by layer, the interval of what is read without the words, and what words alone tell."""
    width, height, left, right, top, low = 900.0, 380.0, 46.0, 150.0, 14.0, 338.0
    svg = empty_svg(width, height, "Areas under the curve by layer, with and without the words")
    floor = min([0.4, *(_floor(of(each)) for each in found.layers for _, _, _, of in SERIES)])
    step = (width - left - right) / max(found.depth - 1, 1)

    def at(value: float) -> float:
        return low - (low - top) * (min(max(value, floor), 1.0) - floor) / (1 - floor)

    for tenth in range(math.ceil(floor * 10), 11):
        add_shape(svg, "line", x1=left, x2=width - right, y1=at(tenth / 10), y2=at(tenth / 10),
               stroke=GREY if tenth == 5 else FAINT)  # fmt: skip
        add_text(svg, left - 6, at(tenth / 10) + 4, f"{tenth / 10:.1f}", "end")
    xs = [left + step * n for n in range(found.depth)]
    _band(svg, xs, [each.ci for each in found.layers], at)
    bag = found.leakage.surface["bag_of_words"].auroc
    for name, value in (("bag of words", bag), ("token embeddings", found.beyond.words.auroc)):
        _line(
            svg,
            [(left, at(value)), (width - right, at(value))],
            GREY,
            "1 4" if name != "bag of words" else "6 5",
        )
    labels = [(at(bag), "bag of words", INK), (at(found.beyond.words.auroc), "token embeddings", INK)]
    for name, colour, dashes, of in SERIES:
        points = [
            (x, at(of(each))) for x, each in zip(xs, found.layers, strict=True) if math.isfinite(of(each))
        ]
        if points:
            _line(svg, points, colour, dashes, 2.2 if not dashes else 1.7)
            labels.append((points[-1][1], name, colour))
    for y, name, colour in _apart(labels):
        add_text(svg, width - right + 8, y + 4, name, "start").set("fill", colour)
    read = found.affect.layer
    dot = add_shape(svg, "circle", cx=xs[read], cy=at(found.layers[read].auroc), r=5.0, fill=BLACK)
    ET.SubElement(dot, "title").text = f"layer {read}, that most folds chose"
    for n, x in enumerate(xs):
        if n % max(1, found.depth // 15) == 0:
            add_text(svg, x, low + 18, str(n), "middle")
        _tip(svg, x - step / 2, top, step, low - top, found.layers[n])
    add_text(svg, (left + width - right) / 2, height - 4, "layer", "middle")
    return svg_text(svg)


def _floor(value: float) -> float:
    return math.floor(value * 10) / 10 if math.isfinite(value) else 1.0


def _band(
    svg: ET.Element, xs: Sequence[float], ends: Sequence[tuple[float, float]], at: Callable[[float], float]
) -> None:
    upper = [f"{x:.1f},{at(high):.1f}" for x, (_, high) in zip(xs, ends, strict=True)]
    lower = [f"{x:.1f},{at(low):.1f}" for x, (low, _) in zip(xs, ends, strict=True)]
    band = ET.SubElement(svg, "polygon", {"points": " ".join([*upper, *reversed(lower)]), "fill": SKY})
    band.set("fill-opacity", "0.3")


def _tip(svg: ET.Element, x: float, y: float, width: float, height: float, layer: LayerRead) -> None:
    column = add_shape(svg, "rect", x=x, y=y, width=width, height=height, fill="transparent")
    told = ", ".join(f"{name} {share(of(layer))}" for name, _, _, of in SERIES if math.isfinite(of(layer)))
    ET.SubElement(column, "title").text = f"layer {layer.layer}: {told}"


def _apart(labels: Iterable[tuple[float, str, str]], step: float = 15.0) -> list[tuple[float, str, str]]:
    """Return labels moved apart from the lowest up, so that none covers another."""
    placed: list[tuple[float, str, str]] = []
    for y, name, colour in sorted(labels, key=lambda each: -each[0]):
        placed.append((min(y, placed[-1][0] - step) if placed else y, name, colour))
    return placed


def plane_svg(found: EmotionRead) -> str:
    """Return the families in the plane of the first two components; the shape says the expected valence."""
    width, height, edge = 620.0, 460.0, 40.0
    svg = empty_svg(width, height, "Families in the plane of the first two components of their means")
    spots = [f for f in found.families if math.isfinite(f.first + f.second)]
    reach = 1.15 * max([1e-9, *(abs(v) for f in spots for v in (f.first, f.second))])
    unit = min(width - 2 * edge, height - 2 * edge) / (2 * reach)

    def across(value: float) -> float:
        return width / 2 + value * unit

    def up(value: float) -> float:
        return height / 2 - value * unit

    add_shape(svg, "line", x1=edge, x2=width - edge, y1=up(0), y2=up(0), stroke=FAINT)
    add_shape(svg, "line", x1=across(0), x2=across(0), y1=8, y2=height - edge + 8, stroke=FAINT)
    shares = found.plane.shares if found.plane else (math.nan, math.nan)
    add_text(
        svg,
        width / 2,
        height - 8,
        f"first component ({100 * shares[0]:.0f} % of the variance of families)",
        "middle",
    )
    turned = add_text(svg, 0, 0, f"second component ({100 * shares[1]:.0f} %)", "middle")
    turned.set("transform", f"translate(14 {height / 2:.0f}) rotate(-90)")
    marks = [(across(f.first), up(f.second)) for f in spots]
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in marks]
    for each in spots:
        group = ET.SubElement(svg, "g")
        x, y = across(each.first), up(each.second)
        _family_mark(group, x, y, each.valence, each.arousal)
        _named(group, x, y, title(each.family), taken)
        ET.SubElement(group, "title").text = (
            f"{title(each.family)}: {number(each.first)}, {number(each.second)}; expected valence "
            f"{each.valence:+d}, arousal {each.arousal:+d}"
        )
    return svg_text(svg)


def _named(group: ET.Element, x: float, y: float, name: str, taken: list[Box]) -> None:
    """Write a name at the nearest place where it covers nothing, with a line to its mark if that is far."""
    wide = 6.4 * len(name)
    places = [(9.0, 4.0, "start"), (-9.0, 4.0, "end")]
    places += [(side * 22.0, 4.0 + 13.0 * n, "start" if side > 0 else "end")
               for n in (-1, 1, -2, 2, -3, 3, -4, 4) for side in (1, -1)]  # fmt: skip
    for n, (dx, dy, anchor) in enumerate(places):
        left = x + dx - (wide if anchor == "end" else 0.0)
        box = (left, y + dy - 10, left + wide, y + dy + 2)
        if not any(_meet(box, other) for other in taken) or n == len(places) - 1:
            taken.append(box)
            add_text(group, x + dx, y + dy, name, anchor)
            if n > 1:
                ends = {"x1": x, "y1": y, "x2": x + dx * 0.9, "y2": y + dy - 4}
                add_shape(group, "line", **ends, stroke=GREY)
            return


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _family_mark(group: ET.Element, x: float, y: float, valence: int, arousal: int) -> None:
    """Draw a triangle up for good, down for bad, a circle for neither; filled where arousal is high."""
    colour = {1: BLUE, -1: VERMILLION}.get(valence, GREY)
    fill = colour if arousal > 0 else "#fff"
    if valence == 0:
        mark = add_shape(group, "circle", cx=x, cy=y, r=5.0, fill=fill, stroke=colour)
    else:
        tip = -6.0 if valence > 0 else 6.0
        points = f"{x:.1f},{y + tip:.1f} {x - 6:.1f},{y - tip * 0.7:.1f} {x + 6:.1f},{y - tip * 0.7:.1f}"
        mark = ET.SubElement(group, "polygon", {"points": points, "fill": fill, "stroke": colour})
    mark.set("stroke-width", "1.6")


def dose_svg(dose: Dose) -> str:
    """Return the mean reading at each step of the ladders."""
    width, height, left, low, top = 300.0, 190.0, 46.0, 150.0, 16.0
    svg = empty_svg(width, height, f"Mean {dose.reading} reading by dose")
    middle = (max(dose.steps) + min(dose.steps)) / 2
    span = max(max(dose.steps) - min(dose.steps), LEAST_RISE)  # noise is not drawn as large as a rise
    least, high = middle - span / 2, middle + span / 2
    step = (width - left - 20) / max(len(dose.steps) - 1, 1)
    points = [(left + step * n, low - (low - top) * (v - least) / span) for n, v in enumerate(dose.steps)]
    for value in (least, high):
        y = low - (low - top) * (value - least) / span
        add_shape(svg, "line", x1=left, x2=width - 10, y1=y, y2=y, stroke=FAINT)
        add_text(svg, left - 6, y + 4, number(value), "end")
    _line(svg, points, BLUE, "", 2.0)
    for n, (x, y) in enumerate(points, start=1):
        dot = add_shape(svg, "circle", cx=x, cy=y, r=4.0, fill=BLUE)
        ET.SubElement(dot, "title").text = f"step {n}: {number(dose.steps[n - 1])}"
        add_text(svg, x, low + 18, str(n), "middle")
    add_text(svg, (left + width) / 2, height - 4, "step of the ladder", "middle")
    return svg_text(svg)


def steering_svg(found: Steering) -> str:
    """Return what random directions do to the report, what liveliness does, and what the families' own do."""
    width, height, left, right = 620.0, 96.0, 20.0, 20.0
    svg = empty_svg(width, height, "Change of the report by the families’ directions and by random ones")
    values = [found.shift, *found.random, *([found.vivid] if math.isfinite(found.vivid) else []), 0.0]
    least, most = min(values), max(values)
    unit = (width - left - right) / max(most - least, 1e-9)

    def at(value: float) -> float:
        return left + (value - least) * unit

    add_shape(svg, "rect", x=left, y=38, width=width - left - right, height=16, fill=BAND)
    for value in found.random:
        tick = add_shape(svg, "line", x1=at(value), x2=at(value), y1=39, y2=53, stroke=GREY)
        ET.SubElement(tick, "title").text = f"random direction: {number(value)}"
    for value, name, colour, y in (
        (0.0, "0", INK, 72.0),
        (found.vivid, "liveliness", ORANGE, 90.0),
        (found.shift, "the families’ own", BLUE, 26.0),
    ):
        if math.isfinite(value):
            add_shape(svg, "line", x1=at(value), x2=at(value), y1=34, y2=58, stroke=colour).set(
                "stroke-width", "2.4"
            )
            anchor = "start" if at(value) < width * 0.25 else "end" if at(value) > width * 0.75 else "middle"
            add_text(svg, at(value), y, f"{name} {number(value)}" if value else name, anchor).set(
                "fill", colour
            )
    return svg_text(svg)


def _line(svg: ET.Element, points: Points, colour: str, dashes: str, width: float = 1.4) -> None:
    told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    line = ET.SubElement(svg, "polyline", {"points": told, "fill": "none", "stroke": colour})
    line.set("stroke-width", f"{width:g}")
    if dashes:
        line.set("stroke-dasharray", dashes)
