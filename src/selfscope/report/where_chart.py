"""Shares of variance as stacked bars, and components with their intervals: plain SVG, readable in print."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from selfscope.report.palette import BLUE, FAINT, GREEN, GREY, INK, ORANGE, PURPLE, SKY, VERMILLION
from selfscope.values.variance import Component, Located

_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION)
_LEFT, _WIDE, _ROW, _BAR = 290, 620, 40, 24
#: Share from which a segment bears its name.
_LABELLED = 0.09
_LETTER = 7.4


def units_of(found: Located) -> tuple[str, ...]:
    """Return the facets that are individuals of some kind: the object, what it is in, and what is in it."""
    by_name = {f.name: f for f in found.facets}
    obj = found.score.unit
    inside = [f.name for f in found.facets if obj in f.nested]
    names = [*by_name[obj].nested, obj, *inside]
    return tuple(f for f in by_name if f in names and by_name[f].kind != "not estimable")


def paint(component: Component, units: Sequence[str]) -> tuple[str, bool]:
    """Return a component's colour, and whether it is striped (an interaction of a unit with a condition)."""
    own = [u for u in units if u in component.facets]
    if component.residual:
        return (_COLOURS[units.index(own[-1])] if own else FAINT), True
    if not own:
        return GREY, False
    return _COLOURS[units.index(own[-1]) % len(_COLOURS)], set(component.facets) - set(units) != set()


def legend_of(found: Sequence[Located]) -> list[tuple[str, str]]:
    """Return marks and words of the colours."""
    units = units_of(found[0])
    marks = []
    for n, unit in enumerate(units):
        marks.append((_mark(_COLOURS[n % len(_COLOURS)], False), f"in {unit} itself"))
        marks.append((_mark(_COLOURS[n % len(_COLOURS)], True), f"{unit} by condition"))
    if any(f.differences for f in found):
        return marks
    return [*marks, (_mark(GREY, False), "in conditions alone, the same for every unit")]


def _mark(colour: str, striped: bool) -> str:
    box = _box(0, 1, 14, 12, colour, striped)
    return f'<svg class="mark" viewBox="0 0 14 14" aria-hidden="true">{box}</svg>'


def _box(x: float, y: float, width: float, height: float, colour: str, striped: bool, title: str = "") -> str:
    """Return a rectangle, whole or in stripes of its colour."""
    tip = f"<title>{escape(title)}</title>" if title else ""
    shape = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}"'
    if not striped:
        return f'<rect {shape} fill="{colour}">{tip}</rect>'
    lines = "".join(
        f'<rect x="{x + at:.1f}" y="{y:.1f}" width="{min(1.6, width - at):.1f}" height="{height:.1f}" '
        f'fill="{colour}"/>'
        for at in _steps(width)
    )
    return f'<g>{tip}<rect {shape} fill="{colour}" fill-opacity=".25"/>{lines}</g>'


def _steps(width: float) -> Iterator[float]:
    at = 0.0
    while at < width:
        yield at
        at += 5.0


def shares_chart(found: Sequence[Located], titles: Sequence[str]) -> str:
    """Return one stacked bar an analysis: where the variance of one value lies.

    Under each bar, a line over the interval of the object's own share, from the left end.
    """
    height = _ROW * len(found) + 34
    parts = [
        f'<svg role="img" aria-label="Shares of variance; the table says the same" '
        f'viewBox="0 0 {_LEFT + _WIDE + 20} {height}" style="max-width:{_LEFT + _WIDE + 20}px">'
    ]
    base = len(found) * _ROW + 6
    parts += _axis(base)
    for n, (each, title) in enumerate(zip(found, titles, strict=True)):
        y = n * _ROW + 4
        parts.append(_text(_LEFT - 10, y + 16, title, "end"))
        parts.extend(_stack(each, y))
        own = next(c for c in each.components if c.facets == (each.score.unit,))
        if all(map(math.isfinite, own.share_ci)):
            parts.append(
                _whisker(
                    own.share_ci[0], own.share_ci[1], own.share, y + _BAR + 5, paint(own, units_of(each))[0]
                )
            )
    return "".join([*parts, "</svg>"])


def _stack(each: Located, y: float) -> Iterator[str]:
    """Yield the segments of one bar: units first, the widest outside, then interactions, then conditions."""
    units = units_of(each)
    x = float(_LEFT)
    for c in sorted(each.components, key=lambda c: _place(c, units)):
        if not c.share > 0:
            continue
        width = _WIDE * c.share
        colour, striped = paint(c, units)
        yield _box(x, y, width, _BAR, colour, striped, f"{c.name}: {100 * c.share:.1f} %")
        label = f"{c.name} {100 * c.share:.0f} %"
        if c.share >= _LABELLED and len(label) * _LETTER < width:
            ink = "#fff" if not striped and colour not in (SKY, ORANGE) else INK
            halo = ' stroke="#fff" stroke-width="3" paint-order="stroke"' if striped else ""
            yield (
                f'<text x="{x + 5:.1f}" y="{y + 16}" font-size="12" fill="{ink}"{halo}>{escape(label)}</text>'
            )
        x += width


def _place(component: Component, units: Sequence[str]) -> tuple[int, int]:
    own = [units.index(u) for u in units if u in component.facets]
    kind = 2 if not own else int(bool(set(component.facets) - set(units)))
    return kind, own[-1] if own else 0


def _whisker(low: float, high: float, at: float, y: float, colour: str) -> str:
    a, b, m = (_LEFT + _WIDE * x for x in (low, high, at))
    return (
        f'<line x1="{a:.1f}" x2="{b:.1f}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"/>'
        f'<circle cx="{m:.1f}" cy="{y}" r="3" fill="{colour}"/>'
    )


def components_chart(each: Located, name: str) -> str:
    """Return every component's share with its interval, one a row; what cannot be estimated is said."""
    units = units_of(each)
    height = 24 * len(each.components) + 30
    longest = max(len(c.name) for c in each.components)
    left = min(0, int(_LEFT - 10 - longest * _LETTER))
    width = _LEFT + _WIDE + 20 - left
    parts = [
        f'<svg id="{name}" role="img" aria-label="Share of each component with its interval; the table says '
        f'the same" viewBox="{left} 0 {width} {height}" style="max-width:{width}px">'
    ]
    parts += _axis(height - 24)
    for n, c in enumerate(each.components):
        y = 24 * n + 14
        parts.append(_text(_LEFT - 10, y + 4, c.name, "end"))
        if c.not_estimable or c.structural_zero:
            said = (
                "not estimable: one level" if c.not_estimable else "zero by construction: nothing drawn anew"
            )
            parts.append(_text(_LEFT + 6, y + 4, said, "start", GREY))
        elif all(map(math.isfinite, c.share_ci)):
            parts.append(_whisker(c.share_ci[0], c.share_ci[1], c.share, y, paint(c, units)[0]))
    return "".join([*parts, "</svg>"])


def _axis(base: float) -> Iterator[str]:
    """Yield grid lines down to `base`, with their percentages under it."""
    for tick in (0, 25, 50, 75, 100):
        x = _LEFT + _WIDE * tick / 100
        yield f'<line x1="{x}" x2="{x}" y1="2" y2="{base}" stroke="{FAINT}" stroke-width=".6"/>'
        yield _text(x, base + 16, f"{tick} %", "middle")


def _text(x: float, y: float, text: str, anchor: str, colour: str = INK) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="13" text-anchor="{anchor}"'
    return f'<text {place} fill="{colour}">{escape(text)}</text>'
