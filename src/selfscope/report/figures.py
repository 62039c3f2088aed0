"""The figures of a page, as Altair charts: one grammar, so that who has read one can read all.

Right of zero is more of the trait. The grey band is what is too small to matter. A filled mark is the trait,
a hollow diamond is response bias. What is not interpretable is pale and says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from selfscope.report.palette import (
    BAND,
    BLACK,
    CONTROL_MARKS,
    FAINT,
    GREY,
    INK,
    OTHER_MARK,
    PURPLE,
    VERDICT_MARKS,
    VERMILLION,
)
from selfscope.report.standing import Standing
from selfscope.report.view import PooledBias, SensitivityRow
from selfscope.report.words import anchor, channel_words, control_words, with_interval
from selfscope.values import Estimate

if TYPE_CHECKING:
    import altair as alt

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
PLOT_WIDTH = 250
LABEL_WIDTH = 245
_CONTROLS = ("none", "generic", "persona", "checklist", "shuffled")


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
    """A row of a figure: its label, where it links to, and the word at its right end."""

    name: str
    label: str
    href: str = ""
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


def forest(found: Sequence[Standing], titles: dict[str, str], sesoi: float) -> alt.LayerChart:
    """Draw every dimension of one channel against each control; the row that speaks is large and black."""
    controls = [c for c in _CONTROLS if any(s.row(c) for s in found)]
    controls += list(
        dict.fromkeys(f.control for s in found for f in s.rows if f.control not in (*controls, "all"))
    )
    if any(s.row("all") for s in found):
        controls.insert(0, "all")
    marks = [
        Mark(
            s.dimension,
            f.control,
            f.estimate,
            *f.ci,
            f"{titles[s.dimension]}, against {control_words(f.control).name}: "
            f"{with_interval(Estimate(f.estimate, f.ci))}, {f.verdict}",
            s.verdict == "not interpretable",
        )
        for s in found
        for f in s.rows
    ]
    series = [_control_series(c) for c in controls]
    return rows_chart(_rows(found, titles), marks, series, sesoi, step=7 * len(controls) + 9)


def _control_series(control: str) -> Series:
    colour, shape = CONTROL_MARKS.get(control, OTHER_MARK)
    if control == "all":
        return Series(control, colour, shape, 78, True, 2.4)
    return Series(control, colour, shape, 42 if shape != "stroke" else 60)


def _rows(found: Sequence[Standing], titles: dict[str, str], linked: bool = True) -> list[Row]:
    return [
        Row(
            s.dimension,
            titles[s.dimension] + (" (check)" if s.check else ""),
            "#" + anchor("d", s.channel, s.dimension) if linked else "",
            f"{VERDICT_MARKS[s.verdict][1]} {s.verdict}",
            s.verdict == "shifted",
            VERDICT_MARKS[s.verdict][0],
        )
        for s in found
    ]


def trait_and_bias(
    found: Sequence[Standing], titles: dict[str, str], sesoi: float, *, linked: bool = True
) -> alt.LayerChart:
    """Draw for every dimension the change in the trait beside the change in yes-saying (or fluency)."""
    marks = []
    for s in found:
        moved = next((f.bias.acquiescence for f in s.rows if f.bias.acquiescence), None)
        trait = Estimate(s.primary.estimate, s.primary.ci)
        noun = channel_words(s.channel).bias
        pale = s.verdict == "not interpretable"
        marks.append(
            Mark(s.dimension, "trait", trait.estimate, *trait.ci, f"trait {with_interval(trait)}", pale)
        )
        if moved:
            tip = f"{noun} {with_interval(moved)}"
            marks.append(Mark(s.dimension, "bias", moved.estimate, *moved.ci, tip))
    series = [
        Series("trait", VERMILLION, "circle", 64, True, 2.0),
        Series("bias", PURPLE, "diamond", 60, False),
    ]
    return rows_chart(_rows(found, titles, linked), marks, series, sesoi, step=26)


def pooled_biases(rows: Iterable[PooledBias]) -> alt.LayerChart:
    """Draw habits of answering, pooled over dimensions: of the subject, and of each class of controls."""
    kept = [b for b in rows if not b.change and b.kind != "fluency"]
    who = list(dict.fromkeys(b.who for b in kept))
    names = {"acquiescence": "agreeing", "position": "the first option", "label": "the letter A"}
    marks = [
        Mark(
            f"{b.channel} {b.kind}",
            b.who,
            b.estimate.estimate,
            *b.estimate.ci,
            f"{b.who}: preference for {names[b.kind]} {with_interval(b.estimate)}",
        )
        for b in kept
    ]
    lines = [Row(m, f"prefers {names[m.split()[1]]}") for m in dict.fromkeys(m.row for m in marks)]
    series = [
        Series(w, BLACK, "circle", 70, True, 2.2) if w == "subject" else _control_series(w) for w in who
    ]
    title = "log-odds; right: yes, the first option, the letter A"
    return rows_chart(lines, marks, series, 0.0, step=9 * max(len(who), 2) + 10, title=title)


def sensitivity(
    rows: Sequence[SensitivityRow], titles: dict[str, str], order: Sequence[str]
) -> alt.LayerChart:
    """Draw how far two opposite characters are told apart on each dimension, one series a channel."""
    channels = list(dict.fromkeys(r.channel for r in rows))
    looks = dict(
        zip(channels, (("#0072B2", "circle"), ("#E69F00", "square"), (BLACK, "diamond")), strict=False)
    )
    marks = [
        Mark(
            r.dimension,
            r.channel,
            r.estimate,
            r.lower,
            r.estimate,
            f"{titles[r.dimension]}, {channel_words(r.channel).heading}: {r.estimate:+.2f}, at least "
            f"{r.lower:+.2f}, {r.verdict}",
        )
        for r in rows
    ]
    named = [d for d in order if any(r.dimension == d for r in rows)]
    lines = [Row(d, titles[d], end=_passes(rows, d)) for d in named]
    series = [Series(c, *looks.get(c, (GREY, "cross")), 50) for c in channels]
    title = "told to want it minus told not to (half contrast, log-odds)"
    return rows_chart(lines, marks, series, min(r.sesoi for r in rows), step=24, title=title)


def _passes(rows: Sequence[SensitivityRow], dimension: str) -> str:
    short = {"utterance": "own words", "self_report": "asked"}
    mine = [r for r in rows if r.dimension == dimension]
    seen = [short.get(r.channel, r.channel) for r in mine if r.verdict == "pass"]
    return "sees: " + ", ".join(seen) if seen else "blind" if mine else ""


def rows_chart(
    rows: Sequence[Row],
    marks: Sequence[Mark],
    series: Sequence[Series],
    sesoi: float,
    *,
    step: int,
    title: str = "half contrast, log-odds; right: more of the trait",
) -> alt.LayerChart:
    """Draw rows of points with intervals about zero, labels at the left, a word at the right end.

    Intervals that run out of the frame are cut at its edge; points are always inside.
    """
    import altair as alt

    limit = frame_limit(marks, sesoi)
    x = alt.Scale(domain=[-limit, limit], nice=False, zero=False)
    y = alt.Y("row:N", sort=[r.name for r in rows], axis=None, scale=alt.Scale(paddingInner=0.0))
    layers = [
        _stripes(rows, y),
        *([_band(sesoi, x)] if sesoi > 0 else []),
        alt.Chart(alt.Data(values=[{"x": 0}]))
        .mark_rule(color=INK, strokeWidth=1)
        .encode(x=alt.X("x:Q", scale=x)),
        *_mark_layers(marks, series, limit, x, y, title),
        *_labels(rows, y),
    ]
    height = max(step * len(rows), 40)
    return alt.layer(*layers).properties(width=PLOT_WIDTH, height=height)


def frame_limit(marks: Sequence[Mark], sesoi: float) -> float:
    """Return the half width of the frame: all points, twice the band, and intervals up to 1.6 of the rest."""
    points = [abs(m.value) for m in marks if math.isfinite(m.value)]
    ends = [abs(e) for m in marks for e in (m.low, m.high) if math.isfinite(e)]
    core = max([*points, 2 * sesoi, 0.05]) * 1.08
    return min(max([core, *ends]) * 1.02, core * 1.6)


def _stripes(rows: Sequence[Row], y: Any) -> Any:
    """A faint line under every row, so that the eye keeps to it."""
    import altair as alt

    data = alt.Data(values=[{"row": r.name} for r in rows])
    return (
        alt.Chart(data).mark_rule(color=FAINT, strokeWidth=0.8).encode(y=_at_band(y, 1.0), x=alt.value(-LABEL_WIDTH),
        x2=alt.value(PLOT_WIDTH + 112))
    )  # fmt: skip


def _at_band(y: Any, position: float) -> Any:
    copy = y.copy()
    copy["bandPosition"] = position
    return copy


def _band(sesoi: float, x: Any) -> Any:
    import altair as alt

    data = alt.Data(values=[{"low": -sesoi, "high": sesoi}])
    return alt.Chart(data).mark_rect(color=BAND).encode(x=alt.X("low:Q", scale=x), x2="high:Q")


def _mark_layers(
    marks: Sequence[Mark], series: Sequence[Series], limit: float, x: Any, y: Any, title: str
) -> list[Any]:
    import altair as alt

    axis = alt.Axis(title=title, grid=False, tickCount=5, format="+.2~f",
                    labelExpr="datum.value == 0 ? '0' : datum.label", labelFontSize=11, titleFontSize=11,
                    titleFontWeight="normal", titleColor=GREY, domainColor=GREY, tickColor=GREY)  # fmt: skip
    offset = alt.YOffset("series:N", sort=[s.name for s in series])
    layers = []
    for look in series:
        values = [_values(m, limit) for m in marks if m.series == look.name and math.isfinite(m.value)]
        base = alt.Chart(alt.Data(values=values)).encode(
            y=y, yOffset=offset, opacity=alt.Opacity("opacity:Q", scale=None)
        )
        layers.append(
            base.mark_rule(color=look.colour, strokeWidth=look.width).encode(
                x=alt.X("low:Q", scale=x, axis=axis), x2="high:Q"
            )
        )
        layers.append(
            base.mark_point(
                color=look.colour,
                fill=look.colour if look.filled else "white",
                shape=look.shape,
                size=look.size,
                strokeWidth=1.4 if look.shape != "stroke" else 2.2,
                angle=90 if look.shape == "stroke" else 0,
            ).encode(x=alt.X("value:Q", scale=x, axis=axis), description="tip:N")
        )
    return layers


def _values(m: Mark, limit: float) -> dict[str, Any]:
    low, high = (e if math.isfinite(e) else m.value for e in (m.low, m.high))
    return {
        "row": m.row,
        "series": m.series,
        "value": m.value,
        "low": max(low, -limit),
        "high": min(high, limit),
        "tip": m.tip,
        "opacity": 0.35 if m.pale else 1.0,
    }


def _labels(rows: Sequence[Row], y: Any) -> list[Any]:
    """Labels at the left, linked; the word at the right end."""
    import altair as alt

    layers = []
    for bold in (False, True):
        values = [
            {"row": r.name, "label": r.label, "href": r.href or "#", "end": r.end, "colour": r.colour}
            for r in rows
            if r.bold is bold
        ]
        if not values:
            continue
        base = alt.Chart(alt.Data(values=values)).encode(y=_at_band(y, 0.5))
        weight = "bold" if bold else "normal"
        left = base.mark_text(
            align="right", baseline="middle", fontSize=12, fontWeight=weight, color=INK, limit=LABEL_WIDTH - 8
        ).encode(x=alt.value(-10), text="label:N")
        layers.append(left.encode(href="href:N") if any(r.href for r in rows) else left)
        layers.append(
            base.mark_text(align="left", baseline="middle", fontSize=11, fontWeight=weight).encode(
                x=alt.value(PLOT_WIDTH + 8), text="end:N", color=alt.Color("colour:N", scale=None)
            )
        )
    return layers
