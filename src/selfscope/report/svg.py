"""Charts into SVG that stands inside a page: no script, no outside reference, words for who cannot see it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_NOISE = ("role", "aria-roledescription", "aria-hidden", "aria-label", "class", "pointer-events")
#: Room at the left, for labels that a reader's font draws wider than ours.
_ROOM = 14
_PICTURES: dict[str, str] = {}
_MOST_PICTURES = 128


def figure_svg(chart: Any, name: str, label: str) -> str:
    """Render an Altair chart to an inline SVG.

    Parameters
    ----------
    chart
        The chart.
    name
        Unique on the page: the ids inside the SVG begin with it.
    label
        What the figure shows, read instead of it.
    """
    from selfscope.report.rows import FONT

    spec = chart.to_dict(validate=False)
    # Told to the dictionary: told to the chart, each of it copies every layer with its data.
    config = spec.setdefault("config", {})
    config |= {"font": FONT, "background": "transparent", "view": config.get("view", {}) | {"stroke": None}}
    return tidy_svg(_picture(spec), name, label)


def _picture(spec: dict[str, Any]) -> str:
    """Return the SVG of a chart; what was drawn last is kept, for the phantoms are on every page."""
    import vl_convert

    key = json.dumps(spec, sort_keys=True, default=str)
    if key not in _PICTURES:
        if len(_PICTURES) >= _MOST_PICTURES:
            _PICTURES.clear()
        _PICTURES[key] = vl_convert.vegalite_to_svg(spec)
    return _PICTURES[key]


def tidy_svg(svg: str, name: str, label: str) -> str:
    """Return `svg` as an image with a label: tips as titles, ids of its own, links into the page only."""
    root = ET.fromstring(svg)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
    for element in list(root.iter()):
        _tidy(element, name)
    _drop_empty(root)
    width, height = (float(root.attrib.pop(key)) + extra for key, extra in (("width", _ROOM), ("height", 0)))
    root.attrib = {
        "viewBox": f"{-_ROOM} 0 {width:g} {height:g}",
        "role": "img",
        "aria-label": label,
        "style": f"max-width:{width:g}px",
    }
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)


def _tidy(element: ET.Element, name: str) -> None:
    tip = element.attrib.get("aria-label")
    if element.attrib.get("aria-roledescription") in ("point", "symbol") and tip:
        title = ET.SubElement(element, "title")
        title.text = tip
    for noise in _NOISE:
        element.attrib.pop(noise, None)
    for key, value in list(element.attrib.items()):
        if key == "id":
            element.attrib[key] = f"{name}-{value}"
        elif "url(#" in value:
            element.attrib[key] = value.replace("url(#", f"url(#{name}-")
    if _LINK in element.attrib:
        element.attrib["href"] = "#" + element.attrib.pop(_LINK).partition("#")[2]


def _drop_empty(parent: ET.Element) -> None:
    """Take out what draws nothing."""
    for child in list(parent):
        _drop_empty(child)
        hidden = child.attrib.get("display") == "none" or (child.tag == "path" and not child.attrib.get("d"))
        if hidden or (child.tag == "g" and len(child) == 0):
            parent.remove(child)


def empty_svg(width: float, height: float, label: str) -> ET.Element:
    """Return a picture to draw in, as wide as its page at most; `label` is read instead of it."""
    told = {"viewBox": f"0 0 {width:g} {height:g}", "role": "img", "aria-label": label}
    return ET.Element("svg", {**told, "style": f"max-width:{width:g}px"})


def add_shape(parent: ET.Element, tag: str, **attributes: float | str) -> ET.Element:
    """Add an element; numbers are written to a tenth of a pixel."""
    told = {k: v if isinstance(v, str) else f"{v:.1f}" for k, v in attributes.items()}
    return ET.SubElement(parent, tag, told)


def add_text(parent: ET.Element, x: float, y: float, text: str, anchor: str) -> ET.Element:
    """Add words at a place; `anchor` is ``start``, ``middle`` or ``end``."""
    element = ET.SubElement(parent, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor})
    element.text = text
    return element


def svg_text(svg: ET.Element) -> str:
    """Return a picture as it stands inside a page."""
    return ET.tostring(svg, encoding="unicode")
