"""The dissociation figure: three layers under three manipulations, each a point with its interval."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from selfscope.report.palette import BAND, BLUE, FAINT, GREEN, GREY, INK, ORANGE
from selfscope.stats.layers import MARGIN
from selfscope.values.layers import LAYERS, CellFound, Layer, Manipulation

#: Colour of a layer, and the shape that tells it without colour.
LAYER_MARKS: dict[Layer, tuple[str, str]] = {
    "surface": (BLUE, "circle"),
    "character": (ORANGE, "square"),
    "ground": (GREEN, "diamond"),
}
_LEFT, _WIDE, _RIGHT, _ROW, _HEAD, _GAP, _FOOT = 120.0, 520.0, 170.0, 26.0, 26.0, 12.0, 40.0
_TICKS = (-1.0, 0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


def dissociation_svg(cells: Sequence[CellFound], titles: dict[Manipulation, str]) -> str:
    """Return the figure: a block a manipulation, a row a layer, movement in spreads from left to right.

    The axis is drawn as arcsinh, so that small and large movements are both seen. The band is what is too
    small to matter; a hatched row has no data.
    """
    scale = _Scale(cells)
    height = len(titles) * (_HEAD + len(LAYERS) * _ROW + _GAP) + _FOOT
    parts = [_axis(scale, height)]
    top = 0.0
    for manipulation, title in titles.items():
        parts.append(_text(0, top + 17, title, weight="600"))
        top += _HEAD
        for cell in (c for c in cells if c.manipulation == manipulation):
            parts.append(_row(cell, scale, top + _ROW / 2))
            top += _ROW
        top += _GAP
    label = "How far each layer moves under each manipulation: " + "; ".join(map(_words, cells))
    width = _LEFT + _WIDE + _RIGHT
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(label)}" '
        f'style="max-width:{width:g}px">{_hatching()}{"".join(parts)}</svg>'
    )


class _Scale:
    """From a movement to its place."""

    def __init__(self, cells: Sequence[CellFound]) -> None:
        ends = [v for c in cells for v in (*c.moved.ci, c.moved.estimate) if math.isfinite(v)]
        self.low = min(-MARGIN, *ends, 0.0) if ends else -MARGIN
        self.high = max(1.0, *ends) if ends else 1.0

    def x(self, value: float) -> float:
        """Return the place of a movement."""
        low, high, at = (math.asinh(v / MARGIN) for v in (self.low, self.high, value))
        return _LEFT + _WIDE * (at - low) / (high - low)

    def ticks(self) -> Iterator[float]:
        """Yield the movements that are marked."""
        yield from (t for t in _TICKS if self.low <= t <= self.high)


def _axis(scale: _Scale, height: float) -> str:
    bottom = height - _FOOT
    left, right = scale.x(-MARGIN), scale.x(MARGIN)
    parts = [f'<rect x="{left:.1f}" y="0" width="{right - left:.1f}" height="{bottom:.1f}" fill="{BAND}"/>']
    for tick in scale.ticks():
        x, colour = scale.x(tick), GREY if tick == 0 else FAINT
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom:.1f}" stroke="{colour}"/>'
            + _text(x, bottom + 15, f"{tick:g}".replace("-", "−"), anchor="middle", size=12)
        )
    end = scale.x(0)
    parts.append(_text(end, bottom + 33, "movement, in spreads between the items of a layer", size=12))
    return "".join(parts)


def _row(cell: CellFound, scale: _Scale, y: float) -> str:
    colour, shape = LAYER_MARKS[cell.layer]
    name = _text(_LEFT - 14, y + 4.5, cell.layer, anchor="end")
    verdict = _text(_LEFT + _WIDE + 12, y + 4.5, cell.verdict)
    if not math.isfinite(cell.moved.estimate):
        box = (
            f'<rect x="{_LEFT:g}" y="{y - 8:.1f}" width="{_WIDE:g}" height="16" fill="url(#no-data)" '
            f'stroke="{FAINT}"><title>{escape(_words(cell))}</title></rect>'
        )
        return name + box + verdict
    low, high = (scale.x(v) for v in cell.moved.ci)
    line = (
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{colour}" stroke-width="2"/>'
    )
    point = _point(shape, scale.x(cell.moved.estimate), y, colour)
    return f"{name}<g><title>{escape(_words(cell))}</title>{line}{point}</g>{verdict}"


def _point(shape: str, x: float, y: float, colour: str) -> str:
    if shape == "square":
        return f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" fill="{colour}"/>'
    if shape == "diamond":
        return f'<path d="M{x:.1f} {y - 6.5:.1f}l6 6.5l-6 6.5l-6 -6.5Z" fill="{colour}"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5" fill="{colour}"/>'


def _hatching() -> str:
    return (
        '<defs><pattern id="no-data" width="7" height="7" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="7" stroke="{FAINT}" stroke-width="3"/>'
        "</pattern></defs>"
    )


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = 14, weight: str = "400"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f'fill="{INK}">{escape(text)}</text>'
    )


def _words(cell: CellFound) -> str:
    """Return a cell in words, for who cannot see it."""
    if not math.isfinite(cell.moved.estimate):
        return f"{cell.layer} under {cell.manipulation}: {cell.verdict}"
    low, high = cell.moved.ci
    told = f"{cell.moved.estimate:.2f} [{low:.2f}, {high:.2f}]".replace("-", "−")
    return f"{cell.layer} under {cell.manipulation}: {told}, {cell.verdict}"
