"""The one chart that all figures are: rows of points with intervals about zero.

Labels at the left, linked; a grey band for what is too small to matter; a word at the right end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from selfscope.report.palette import BAND, FAINT, GREY, INK

#: Faces with the widths by which the labels were laid out.
FONT = "Arial, Helvetica, 'Liberation Sans', 'Segoe UI', sans-serif"
PLOT_WIDTH = 220
LABEL_WIDTH = 170
END_WIDTH = 112
_LINE, _LEADING = 28, 12
#: So many letters fit beside the plot (24 capitals stand out by 20 px, and the figure is that much wider).
#: Such a label need not be measured, and measuring is what takes longest in drawing a figure.
_FITS = 24


#: What the axis of most figures is.
HALF_CONTRAST = "half contrast, log-odds; right: more of the trait"


@dataclass(frozen=True)
class Mark:
    """One point with its interval in one row of a figure.

    `series` decides colour, shape and place within the row; `tip` is read when it is pointed at.
    """

    row: str
    series: str
    value: float
    low: float
    high: float
    tip: str
    pale: bool = False


@dataclass(frozen=True)
class Row:
    """A row of a figure: its label, where it links to, a coloured sign and a word at its right end."""

    name: str
    label: str
    href: str = ""
    sign: str = ""
    end: str = ""
    bold: bool = False
    colour: str = GREY


@dataclass(frozen=True)
class Series:
    """How the marks of one series look."""

    name: str
    colour: str
    shape: str
    size: int = 46
    filled: bool = True
    width: float = 1.2


def rows_chart(
    rows: Sequence[Row],
    marks: Sequence[Mark],
    series: Sequence[Series],
    sesoi: float,
    *,
    step: int,
    title: str = HALF_CONTRAST,
    framed: Sequence[str] | None = None,
) -> Any:
    """Draw rows of points with intervals about zero, labels at the left, a word at the right end.

    The frame holds the points of the series `framed` (all, if None). Intervals that run out of it are cut at
    its edge, and points of other series beyond it become arrows there.
    """
    import altair as alt

    limit = frame_limit([m for m in marks if framed is None or m.series in framed], sesoi)
    x = alt.Scale(domain=[-limit, limit], nice=False, zero=False)
    y = alt.Y("row:N", sort=[r.name for r in rows], axis=None, scale=alt.Scale(paddingInner=0.0))
    layers = [
        _stripes(rows, y),
        *([_band(sesoi, x)] if sesoi > 0 else []),
        _zero(x),
        *_mark_layers(marks, series, limit, x, y, title),
        *_labels(rows, y),
    ]
    height = max(step * len(rows), 40)
    return alt.layer(*layers, width=PLOT_WIDTH, height=height)


def frame_limit(marks: Sequence[Mark], sesoi: float) -> float:
    """Return the half width of the frame: all points, twice the band, and intervals up to 1.6 of the rest."""
    points = [abs(m.value) for m in marks if math.isfinite(m.value)]
    ends = [abs(e) for m in marks for e in (m.low, m.high) if math.isfinite(e)]
    core = max([*points, 2 * sesoi, 0.05]) * 1.08
    return min(max([core, *ends]) * 1.02, core * 1.6)


def _data(values: list[dict[str, Any]]) -> Any:
    import altair as alt

    # As a tuple, for Altair copies a list whole, every time that a layer is told anything.
    return alt.InlineData(values=tuple(values))


def _stripes(rows: Sequence[Row], y: Any) -> Any:
    """A faint line under every row, so that the eye keeps to it."""
    import altair as alt

    base = alt.Chart(_data([{"row": r.name} for r in rows])).mark_rule(color=FAINT, strokeWidth=0.8)
    return base.encode(
        _at_band(y, 1.0), _fixed(alt.XValue, -LABEL_WIDTH), _fixed(alt.X2Value, PLOT_WIDTH + END_WIDTH)
    )


def _fixed(channel: Any, value: Any) -> Any:
    """The same for all rows. `alt.value` says it shorter, but is looked up among all classes of Vega-Lite."""
    return channel(value)


def _at_band(y: Any, position: float) -> Any:
    copy = y.copy()
    copy["bandPosition"] = position
    return copy


def _zero(x: Any) -> Any:
    import altair as alt

    return alt.Chart(_data([{"x": 0}])).mark_rule(color=INK, strokeWidth=1).encode(alt.X("x:Q", scale=x))


def _band(sesoi: float, x: Any) -> Any:
    import altair as alt

    data = _data([{"low": -sesoi, "high": sesoi}])
    return alt.Chart(data).mark_rect(color=BAND).encode(alt.X("low:Q", scale=x), alt.X2("high:Q"))


def _mark_layers(
    marks: Sequence[Mark], series: Sequence[Series], limit: float, x: Any, y: Any, title: str
) -> list[Any]:
    """Return intervals and points, one layer each: how a mark looks stands in its data."""
    import altair as alt

    axis = alt.Axis(title=title, grid=False, tickCount=5, format="+.2~f",
                    labelExpr="datum.value == 0 ? '0' : datum.label", labelFontSize=11, titleFontSize=11,
                    titleFontWeight="normal", titleColor=GREY, domainColor=GREY, tickColor=GREY)  # fmt: skip
    inner = alt.Scale(domain=[s.name for s in series], paddingOuter=0.9)
    drawn = [(m, s) for s in series for m in marks if m.series == s.name and math.isfinite(m.value)]
    if not drawn:
        return []
    data = _data([_place(m, limit) | _look(m, s, limit) for m, s in drawn])
    shared = y, alt.YOffset("series:N", scale=inner), alt.Opacity("opacity:Q", scale=None)
    line = (
        alt.Chart(data)
        .mark_rule()
        .encode(
            alt.X("low:Q", scale=x, axis=axis),
            alt.X2("high:Q"),
            alt.Stroke("colour:N", scale=None),
            alt.StrokeWidth("line:Q", scale=None),
            *shared,
        )
    )
    point = (
        alt.Chart(data)
        .mark_point()
        .encode(
            alt.X("value:Q", scale=x, axis=axis),
            alt.Stroke("colour:N", scale=None),
            alt.StrokeWidth("stroke:Q", scale=None),
            alt.Fill("fill:N", scale=None),
            alt.Shape("shape:N", scale=None),
            alt.Size("size:Q", scale=None),
            alt.Angle("angle:Q", scale=None),
            alt.Description("tip:N"),
            *shared,
        )
    )
    return [line, point]


def _place(m: Mark, limit: float) -> dict[str, Any]:
    """Return where a mark stands, cut at the frame."""
    edge = limit * 0.98
    low, high = (e if math.isfinite(e) else m.value for e in (m.low, m.high))
    return {
        "row": m.row,
        "series": m.series,
        "value": m.value if abs(m.value) <= limit else math.copysign(edge, m.value),
        "low": min(max(low, -limit), limit),
        "high": max(min(high, limit), -limit),
        "tip": m.tip,
        "opacity": 0.35 if m.pale else 1.0,
    }


def _look(m: Mark, look: Series, limit: float) -> dict[str, Any]:
    """Return how a mark looks: as its series does inside the frame, as an arrow beyond it."""
    arrow = "triangle-right" if m.value > limit else "triangle-left" if m.value < -limit else ""
    shape = arrow or look.shape
    return {
        "colour": look.colour,
        "fill": look.colour if look.filled else "white",
        "shape": shape,
        "size": look.size,
        "line": look.width,
        "stroke": 1.4 if shape != "stroke" else 2.2,
        "angle": 90 if shape == "stroke" else 0,
    }


def _labels(rows: Sequence[Row], y: Any) -> list[Any]:
    """Labels at the left, linked, in one line or two; the sign and the word at the right end."""
    import altair as alt

    base = alt.Chart(_data([_words(r) for r in rows]))
    weight, middle = alt.ExprRef("datum.weight"), _at_band(y, 0.5)
    left = base.mark_text(
        align="right",
        baseline="middle",
        dy=alt.ExprRef("datum.dy"),
        lineHeight=_LEADING,
        fontSize=11.5,
        fontWeight=weight,
        color=INK,
        limit=alt.ExprRef("datum.limit"),
    ).encode(_fixed(alt.XValue, -9), middle, alt.Text("label:N"))
    ends = base.mark_text(align="left", baseline="middle", fontSize=11, fontWeight=weight)
    sign = ends.encode(
        _fixed(alt.XValue, PLOT_WIDTH + 8), middle, alt.Text("sign:N"), alt.Color("colour:N", scale=None)
    )
    word = ends.encode(
        _fixed(alt.XValue, PLOT_WIDTH + 22), middle, alt.Text("end:N"), _fixed(alt.ColorValue, INK)
    )
    return [left.encode(alt.Href("href:N")) if any(r.href for r in rows) else left, sign, word]


def _words(row: Row) -> dict[str, Any]:
    lines = two_lines(row.label)
    return {
        "row": row.name,
        "label": lines,
        "dy": 0.5 - (len(lines) - 1) * _LEADING / 2,
        "limit": LABEL_WIDTH if max(len(line) for line in lines) > _FITS else 0,
        "href": row.href,
        "sign": row.sign,
        "end": row.end,
        "colour": row.colour,
        "weight": "bold" if row.bold else "normal",
    }


def two_lines(label: str) -> list[str]:
    """Return a label in one line, or in two of about the same length where it is long."""
    if len(label) <= _LINE or " " not in label:
        return [label]
    gaps = [i for i, c in enumerate(label) if c == " "]
    middle = min(gaps, key=lambda i: abs(i - len(label) / 2))
    return [label[:middle], label[middle + 1 :]]
