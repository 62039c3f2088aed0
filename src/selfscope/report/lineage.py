"""The lineage as a page: one drawing to read, and one panel a view that shades what survives on it.

One file, offline, without scripts. Every answer is a colour, a filling and a sign, so that no one of them is
needed. No view is drawn larger than another, and no sum of them is drawn at all.
"""

from __future__ import annotations

import unicodedata
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.report.layout import Places, layout
from selfscope.report.palette import BLUE, GREY, INK, ORANGE, SKY
from selfscope.report.template import template_environment, trusted
from selfscope.report.writing import write_page
from selfscope.values.lineage import Edge, Lineage, Node, Shade, Survival

if TYPE_CHECKING:
    from jinja2 import Environment


SIGNS = {"yes": "✓", "no": "×", "partial": "◐", "unknown": "?", "": "·"}
STANDINGS = {
    "live": ("yes", "live"), "gone": ("no", "gone"), "unknown": ("unknown", "not attested"),
    "": ("", "computed by nobody"),
}  # fmt: skip
WORDS = {
    "yes": "yes on this view",
    "no": "no on this view",
    "partial": "in part",
    "unknown": "cannot be said",
    "": "not asked of it",
}
_DASHES = {
    "modified_copy": "6 3",
    "fine_tune": "2 3",
    "adapter_merge": "2 3",
    "quantisation": "2 3",
    "fold": "1 4",
}


def render_lineage(lineage: Lineage) -> str:
    """Return the page as HTML; names are escaped, and characters that hide or reverse text are shown."""
    places = layout([n.id for n in lineage.nodes], [(e.source, e.target) for e in lineage.edges])
    return (
        _environment()
        .get_template("lineage.html.j2")
        .render(
            lineage=lineage,
            drawing=trusted(drawing(lineage, places)),
            panels=[(shade, trusted(panel(lineage, shade, places))) for shade in lineage.shades],
            legend=[(answer, WORDS[answer], trusted(_legend(answer))) for answer in SIGNS],
            framed=lineage.subject in places,
            kinds=list(dict.fromkeys(e.kind for e in lineage.edges if e.kind != "fold")),
        )
    )


def write_lineage(lineage: Lineage, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path.

    Raises
    ------
    CouldNot
        If the file cannot be written.
    """
    return write_page(render_lineage(lineage), path)


def drawing(lineage: Lineage, places: Places) -> str:
    """Return the lineage as SVG: who was copied from whom, what stands, what is folded."""
    step, height, left = 132.0, 54.0, 44.0
    width, tall = _size(places, step, height)
    at = {name: (left + x * step, 34 + y * height) for name, (x, y) in places.items()}
    svg = _svg(
        width + left, tall + 14, f"The lineage of {visible(lineage.subject)}: {len(lineage.nodes)} nodes"
    )
    for edge in lineage.edges:
        _edge(svg, edge, at, label=True)
    for node in lineage.nodes:
        answer, said = STANDINGS[node.standing]
        group = _glyph(svg, answer, at[node.id], 11, node, node.id == lineage.subject, said)
        if not node.source_known:
            _text(group, at[node.id][0] - 26, at[node.id][1] + 4, "from ?", "end", "dim")
        _text(group, at[node.id][0], at[node.id][1] + 25, visible(node.label), "middle", "")
        marks = [word for word, yes in (("origin", node.origin), ("pinned", node.pinned)) if yes]
        if marks:
            _text(group, at[node.id][0], at[node.id][1] - 16, ", ".join(marks), "middle", "dim")
    return ET.tostring(svg, encoding="unicode")


def panel(lineage: Lineage, shade: Shade, places: Places) -> str:
    """Return one view's panel as SVG: the same places, shaded by what the view says of each node."""
    step, height = 40.0, 30.0
    width, tall = _size(places, step, height)
    at = {name: (22 + x * step, 20 + y * height) for name, (x, y) in places.items()}
    count = {answer: shade.answers.count(answer) for answer in SIGNS}
    said = ", ".join(f"{n} {WORDS[answer]}" for answer, n in count.items() if n)
    svg = _svg(width, tall - 6, f"{shade.title}: of the nodes drawn, {said}")
    for edge in lineage.edges:
        _edge(svg, edge, at, label=False)
    for node, answer in zip(lineage.nodes, shade.answers, strict=True):
        _glyph(svg, answer, at[node.id], 9, node, node.id == lineage.subject, WORDS[answer])
    return ET.tostring(svg, encoding="unicode")


def in_words(told: Survival) -> str:
    """Return an answer in a few words: "yes", "1 of 3", "unknown, 1 of 3 surely"."""
    if told.n <= 1 or told.answer in ("yes", "no"):
        return told.answer if told.n <= 1 else f"{told.answer}, {told.k:,} of {told.n:,}"
    if told.answer == "partial":
        return f"{told.k:,} of {told.n:,}"
    return f"unknown, {told.k:,} of {told.n:,} surely"


def path_in_words(told: Survival) -> str:
    """Return a witness path on one line, its middle left out where it is long."""
    arrows = {"down": "→", "up": "←", "left out": "…", "": ""}
    steps = [f"{arrows[step.way]} {step.node}".strip() for step in told.witness]
    if len(steps) > 7:
        steps = [*steps[:3], f"… {len(steps) - 6} more …", *steps[-3:]]
    return " ".join(steps)


def visible(text: str) -> str:
    """Return a text with every character that is not seen, or turns others round, shown as a box."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c)[0] == "C" else c for c in text)


def _size(places: Places, step: float, height: float) -> tuple[float, float]:
    columns = max((x for x, _ in places.values()), default=0.0)
    rows = max((y for _, y in places.values()), default=0.0)
    return columns * step + 90, rows * height + 62


def _svg(width: float, height: float, label: str) -> ET.Element:
    shape = {"viewBox": f"0 0 {width:g} {height:g}", "role": "img", "aria-label": visible(label)}
    return ET.Element("svg", {**shape, "style": f"width:{width:g}px;max-width:none;min-width:0"})


def _edge(svg: ET.Element, edge: Edge, at: Places, label: bool) -> None:
    if edge.source not in at or edge.target not in at:
        return
    (x1, y1), (x2, y2) = at[edge.source], at[edge.target]
    middle = (x1 + x2) / 2
    line = {
        "d": f"M{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}",
        "fill": "none", "stroke": GREY, "stroke-width": "1.4",
    }  # fmt: skip
    if edge.kind in _DASHES:
        line["stroke-dasharray"] = _DASHES[edge.kind]
    drawn = ET.SubElement(svg, "path", line)
    said = f"{edge.kind.replace('_', ' ')}; evidence {edge.grade or 'none'}"
    measured = "unmeasured" if edge.shift is None else f"{edge.shift:g} ({edge.drift})"
    ET.SubElement(drawn, "title").text = visible(f"{said}; drift {measured}")
    if label and edge.kind not in ("copy", "turn", "fold"):
        words = edge.kind.replace("_", " ") + ("" if edge.shift is None else f" {edge.shift:g}")
        _text(svg, x1 + 0.6 * (x2 - x1), y1 + 0.8 * (y2 - y1) - 5, visible(words), "middle", "dim")


def _glyph(
    svg: ET.Element,
    answer: str,
    at: tuple[float, float],
    r: float,
    node: Node,
    subject: bool,
    said: str,
) -> ET.Element:
    """Draw one node: filled for yes, empty for no, half for partial, dashed for unknown, a dot."""
    x, y = at
    group = ET.SubElement(svg, "g")
    ET.SubElement(group, "title").text = visible(f"{node.detail or node.label}: {said}")
    if subject:
        side, corner = f"{2 * r + 10:g}", (f"{x - r - 5:g}", f"{y - r - 5:g}")
        square = {"x": corner[0], "y": corner[1], "width": side, "height": side, "rx": "3"}
        ET.SubElement(group, "rect", {**square, "fill": "none", "stroke": INK, "stroke-width": "2"})
    if answer == "":
        ET.SubElement(group, "circle", {"cx": f"{x:g}", "cy": f"{y:g}", "r": "3.5", "fill": GREY})
        return group
    fill = {"yes": BLUE, "no": "#fff", "partial": "#fff", "unknown": "#fff"}[answer]
    line = {"yes": BLUE, "no": GREY, "partial": BLUE, "unknown": ORANGE}[answer]
    disc = {"cx": f"{x:g}", "cy": f"{y:g}", "r": f"{r:g}", "fill": fill, "stroke": line, "stroke-width": "2"}
    if answer == "unknown":
        disc["stroke-dasharray"] = "3 2"
    ET.SubElement(group, "circle", disc)
    if answer == "partial":
        half = f"M{x:g} {y - r:g}A{r:g} {r:g} 0 0 1 {x:g} {y + r:g}Z"
        ET.SubElement(group, "path", {"d": half, "fill": SKY})
    else:
        sign = _text(group, x, y + r * 0.45, SIGNS[answer], "middle", "sign")
        sign.set("fill", "#fff" if answer == "yes" else INK)
        sign.set("font-size", f"{r * 1.3:g}")
    return group


def _text(parent: ET.Element, x: float, y: float, text: str, anchor: str, kind: str) -> ET.Element:
    element = ET.SubElement(parent, "text", {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor})
    if kind:
        element.set("class", kind)
    element.text = text
    return element


def _legend(answer: str) -> str:
    svg = _svg(26, 26, WORDS[answer])
    svg.set("style", "width:22px;min-width:0;vertical-align:-6px;display:inline-block")
    _glyph(svg, answer, (13, 13), 9, Node("", answer or "not asked", ""), False, WORDS[answer])
    return ET.tostring(svg, encoding="unicode")


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {"visible": visible, "in_words": in_words, "path": path_in_words}
    environment.globals |= {"signs": SIGNS, "words": WORDS}
    return environment
