"""The matrix as a picture: a row each character, a column each neighbour, a sign for what was decided."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from selfscope.report.palette import BAND, GREY, INK, VERDICT_MARKS
from selfscope.report.svg import add_shape, add_text, empty_svg, svg_text
from selfscope.report.words import small_words
from selfscope.values.together import Shared, Spoken

_LEFT, _TOP, _WIDE, _HIGH, _GAP = 120.0, 58.0, 92.0, 46.0, 36.0
#: Colours of what goes up and down: their strength is the size, their sign is written beside them.
_UP, _DOWN = (213, 94, 0), (0, 114, 178)
_LONGEST = 14


def matrix_svg(spoken: Sequence[Spoken], shared: Sequence[Shared], sesoi: float, bound: float) -> str:
    """Return one panel for batches, and one a dimension for threads."""
    names = list(dict.fromkeys(each.character for each in shared))
    dimensions = list(dict.fromkeys(each.dimension for each in spoken))
    wide = _LEFT + _WIDE * len(names) + _GAP
    tall = _TOP + _HIGH * len(names) + _GAP
    across = 2 if len(names) <= 4 else 1
    panels = 1 + len(dimensions)
    size = (wide * min(across, panels), tall * math.ceil(panels / across))
    svg = empty_svg(*size, _words(spoken, shared))
    for n in range(panels):
        x, y = wide * (n % across), tall * (n // across)
        _frame(svg, x, y, names, "in one batch, nats" if not n else f"after it spoke: {dimensions[n - 1]}")
        if not n:
            _batch(svg, x, y, names, shared, bound)
        else:
            own = [each for each in spoken if each.dimension == dimensions[n - 1]]
            _thread(svg, x, y, names, own, sesoi)
    return svg_text(svg)


def _words(spoken: Sequence[Spoken], shared: Sequence[Shared]) -> str:
    told = [f"{s.character} beside {s.neighbour}: {small_words(s.largest)} nats" for s in shared]
    told += [
        f"{s.character} after {s.neighbour}, {s.dimension}: {s.change.estimate:+.2f}, {s.verdict}"
        for s in spoken
    ]
    return "What characters do to one another. " + "; ".join(told)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _frame(svg: ET.Element, x: float, y: float, names: Sequence[str], title: str) -> None:
    add_text(svg, x + _LEFT, y + 18, title, "start").set("fill", INK)
    for n, name in enumerate(names):
        add_text(svg, x + _LEFT - 10, y + _TOP + _HIGH * (n + 0.5) + 4, _short(name), "end").set("fill", INK)
        add_text(svg, x + _LEFT + _WIDE * (n + 0.5), y + _TOP - 10, _short(name), "middle").set("fill", GREY)


def _cell(
    svg: ET.Element, x: float, y: float, row: int, column: int, fill: str, lines: Sequence[str]
) -> None:
    left, top = x + _LEFT + _WIDE * column, y + _TOP + _HIGH * row
    add_shape(svg, "rect", x=left + 1, y=top + 1, width=_WIDE - 2, height=_HIGH - 2, fill=fill)
    for n, line in enumerate(lines):
        at = top + _HIGH / 2 + 4 + 15 * (n - (len(lines) - 1) / 2)
        add_text(svg, left + _WIDE / 2, at, line, "middle").set("fill", INK)


def _batch(
    svg: ET.Element, x: float, y: float, names: Sequence[str], shared: Sequence[Shared], bound: float
) -> None:
    for each in shared:
        over = not each.largest <= bound
        lines = [small_words(each.largest), *(["over"] if over else [])]
        fill = _tint(_UP, 1.0) if over else BAND
        _cell(svg, x, y, names.index(each.character), names.index(each.neighbour), fill, lines)


def _thread(
    svg: ET.Element, x: float, y: float, names: Sequence[str], spoken: Sequence[Spoken], sesoi: float
) -> None:
    for each in spoken:
        size = (
            min(1.0, abs(each.change.estimate) / (4 * sesoi)) if math.isfinite(each.change.estimate) else 0.0
        )
        colour = _UP if each.change.estimate > 0 else _DOWN
        lines = [f"{each.change.estimate:+.2f}".replace("-", "−"), VERDICT_MARKS[each.verdict][1]]
        _cell(svg, x, y, names.index(each.character), names.index(each.neighbour), _tint(colour, size), lines)
    for n in range(len(names)):
        _cell(svg, x, y, n, n, "#ffffff", ["–"])


def _tint(colour: tuple[int, int, int], strength: float) -> str:
    """Return a colour between white and half of `colour`: text on it stays readable."""
    return "#" + "".join(f"{round(255 - (255 - part) * 0.5 * strength):02x}" for part in colour)
