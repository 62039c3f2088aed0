"""The two figures of ordinary tasks: what each arm did, and the subject against each control."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from selfscope.report.lineage import visible
from selfscope.report.palette import BAND, BLUE, FAINT, GREEN, GREY, INK, ORANGE, VERMILLION
from selfscope.report.svg import add_text
from selfscope.report.words import number
from selfscope.values import Estimate
from selfscope.values.cooperation import ArmHelped, Helped, NonInferiority

_LABEL, _PANEL, _GAP, _ROW, _TOP, _BOTTOM = 190.0, 300.0, 44.0, 34.0, 26.0, 30.0
#: Room beyond the last tick, for its number.
_EDGE = 26.0
#: Letters of an arm's name at most.
_NAMED = 24
#: Colour, and whether the mark is filled, of each verdict; the word stands beside it.
VERDICT_COLOURS: dict[NonInferiority, tuple[str, bool]] = {
    "not inferior": (GREEN, True),
    "inferior": (VERMILLION, True),
    "cannot tell": (BLUE, False),
}


def arms_svg(arms: Sequence[ArmHelped]) -> str:
    """Return what each arm did: percent of replies that are right, and that decline, with intervals."""
    height = _TOP + _ROW * len(arms) + _BOTTOM
    told = "; ".join(f"{a.name}: {_percent(a.success)} right, {_percent(a.refused)} declined" for a in arms)
    svg = _figure(_LABEL + 2 * _PANEL + _GAP + _EDGE, height, f"What each arm did. {told}")
    for at, title in ((_LABEL, "right"), (_LABEL + _PANEL + _GAP, "declined")):
        _scale(svg, at, len(arms), [0.0, 25.0, 50.0, 75.0, 100.0], (0.0, 100.0), f"{title}, % of replies")
    for n, arm in enumerate(arms):
        y = _TOP + _ROW * (n + 0.5)
        _name(svg, arm.name, y, bold=n == 0)
        _interval(svg, arm.success, _LABEL, y, (0.0, 100.0), GREEN if n == 0 else GREY, "circle")
        _interval(svg, arm.refused, _LABEL + _PANEL + _GAP, y, (0.0, 100.0), ORANGE, "square")
    return ET.tostring(svg, encoding="unicode")


def differences_svg(comparisons: Sequence[Helped]) -> str:
    """Return the differences of success in points, with the margin drawn.

    Right of zero the subject does more right. In the shaded part it loses more than the margin. A line is the
    two-sided 95 % interval, the bar on it the one-sided 95 % bound that decides: the upper one where the
    subject is inferior, else the lower one.
    """
    margin = 100 * comparisons[0].margin
    reach = _reach(comparisons, margin)
    wide = 2 * _PANEL
    told = "; ".join(
        f"against {c.control} {number(100 * c.success.estimate, 1)} points, {c.verdict}" for c in comparisons
    )
    svg = _figure(
        _LABEL + wide + _EDGE,
        _TOP + _ROW * len(comparisons) + _BOTTOM,
        f"Difference of success, margin {margin:g} points. {told}",
    )
    bottom = _TOP + _ROW * len(comparisons)
    at = _LABEL + wide * (reach - margin) / (2 * reach)
    _shape(svg, "rect", x=_LABEL, y=_TOP, width=at - _LABEL, height=bottom - _TOP, fill=BAND)
    step = next(s for s in (5.0, 10.0, 20.0, 25.0, 50.0) if reach / s <= 5)
    ticks = [step * n for n in range(-int(reach // step), int(reach // step) + 1)]
    _scale(svg, _LABEL, len(comparisons), ticks, (-reach, reach), "", wide)
    _shape(svg, "line", x1=at, x2=at, y1=_TOP - 4, y2=bottom, stroke=INK, dash="5 4", thick="1.6")
    add_text(svg, at, _TOP - 9, f"margin −{margin:g}", "middle")
    middle = _LABEL + wide / 2
    _shape(svg, "line", x1=middle, x2=middle, y1=_TOP, y2=bottom, stroke=GREY)
    for n, each in enumerate(comparisons):
        _difference(svg, each, _TOP + _ROW * (n + 0.5), reach)
    return ET.tostring(svg, encoding="unicode")


def _reach(comparisons: Sequence[Helped], margin: float) -> float:
    """Return how many points the figure shows to either side of zero."""
    ends = [abs(100 * x) for c in comparisons for x in c.success.ci if math.isfinite(x)]
    return min(100.0, 5 * math.ceil(max([1.6 * margin, *ends]) * 1.06 / 5))


def _difference(svg: ET.Element, each: Helped, y: float, reach: float) -> None:
    colour, filled = VERDICT_COLOURS[each.verdict]
    _name(svg, f"against {each.control}", y)
    _interval(svg, each.success, _LABEL, y, (-reach, reach), colour, "circle", 2 * _PANEL, filled)
    bound = each.upper if each.verdict == "inferior" else each.lower
    if math.isfinite(bound):
        x = _LABEL + _PANEL * (100 * bound + reach) / reach
        _shape(svg, "line", x1=x, x2=x, y1=y - 7, y2=y + 7, stroke=colour, thick="2.4")


def _interval(
    svg: ET.Element,
    share: Estimate,
    left: float,
    y: float,
    ends: tuple[float, float],
    colour: str,
    shape: str,
    wide: float = _PANEL,
    filled: bool = True,
) -> None:
    """Draw an estimate in percent with its interval; nothing where there is none."""
    if not math.isfinite(share.estimate):
        return

    def at(value: float) -> float:
        inside = min(max(100 * value, ends[0]), ends[1])
        return left + wide * (inside - ends[0]) / (ends[1] - ends[0])

    group = ET.SubElement(svg, "g")
    ET.SubElement(group, "title").text = f"{_percent(share)} ({_ends(share)})"
    if all(map(math.isfinite, share.ci)):
        low, high = map(at, share.ci)
        _shape(group, "line", x1=low, x2=high, y1=y, y2=y, stroke=colour, thick="2")
    x, fill = at(share.estimate), colour if filled else "#fff"
    if shape == "square":
        _shape(group, "rect", x=x - 4.5, y=y - 4.5, width=9, height=9, fill=fill, stroke=colour)
    else:
        _shape(group, "circle", cx=x, cy=y, r=5, fill=fill, stroke=colour, thick="1.8")


def _percent(share: Estimate) -> str:
    return f"{100 * share.estimate:.1f} %" if math.isfinite(share.estimate) else "no"


def _ends(share: Estimate) -> str:
    low, high = share.ci
    return f"{100 * low:.1f} to {100 * high:.1f}" if math.isfinite(low) else "no interval"


def _scale(
    svg: ET.Element,
    left: float,
    rows: int,
    ticks: Sequence[float],
    ends: tuple[float, float],
    title: str,
    wide: float = _PANEL,
) -> None:
    bottom = _TOP + _ROW * rows
    for tick in ticks:
        x = left + wide * (tick - ends[0]) / (ends[1] - ends[0])
        _shape(svg, "line", x1=x, x2=x, y1=_TOP, y2=bottom, stroke=FAINT)
        add_text(
            svg, x, bottom + 17, f"{tick:+g}".replace("-", "−") if ends[0] and tick else f"{tick:g}", "middle"
        )
    add_text(svg, left, _TOP - 9, title, "start")


def _name(svg: ET.Element, name: str, y: float, bold: bool = False) -> None:
    name = visible(name)
    shown = name if len(name) <= _NAMED else f"{name[: _NAMED - 1]}…"
    label = add_text(svg, _LABEL - 12, y + 4, shown, "end")
    if bold:
        label.set("font-weight", "700")
    ET.SubElement(label, "title").text = name


def _figure(width: float, height: float, told: str) -> ET.Element:
    box = {"viewBox": f"0 0 {width:g} {height:g}", "style": f"max-width:{width:g}px"}
    return ET.Element("svg", box | {"role": "img", "aria-label": told})


def _shape(parent: ET.Element, tag: str, **attributes: float | str) -> ET.Element:
    named = {"thick": "stroke-width", "dash": "stroke-dasharray"}
    told = {named.get(k, k): v if isinstance(v, str) else f"{v:.1f}" for k, v in attributes.items()}
    return ET.SubElement(parent, tag, told)
