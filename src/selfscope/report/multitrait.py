"""Many identities as a page: Campbell and Fiske's means, the matrix as a picture, and every dimension's row.

One file, offline, without scripts. Every colour has a number or a word beside it.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.report import words
from selfscope.report.agreement import noun, within
from selfscope.report.lineage import visible
from selfscope.report.palette import BLACK, BLUE, GREY, INK, ORANGE
from selfscope.report.rows import Mark, Row, Series, rows_chart
from selfscope.report.svg import figure_svg
from selfscope.report.template import page_style, template_environment, trusted
from selfscope.report.words import channel_words, control_words, counted, interval, joined, number
from selfscope.report.writing import write_page
from selfscope.values import Estimate
from selfscope.values.agreement import Block, Cell, Multitrait

if TYPE_CHECKING:
    from jinja2 import Environment

#: Side of one correlation in the picture, and letters of a dimension's name beside it.
_SIDE, _LETTERS = 17.0, 26
_LEFT, _TOP, _RIGHT = 176.0, 6.0, 70.0
#: Rows of single dimensions that are shown in a terminal.
_SHOWN = 8
#: Variables up to which each square bears its number.
_NUMBERED = 14
_MEANS = {
    "validity": "one dimension, two channels (validity)",
    "other dimensions, other channels": "other dimensions, other channels",
    "other dimensions, one channel": "other dimensions, one channel",
    "validity over other dimensions, other channels": "validity minus the second",
    "validity over other dimensions, one channel": "validity minus the third",
}


def write_multitrait(found: Multitrait, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path.

    Raises
    ------
    CouldNot
        If the file cannot be written.
    """
    return write_page(render_multitrait(found), path)


def render_multitrait(found: Multitrait) -> str:
    """Return the page as HTML; names are escaped, and what hides or reverses text is shown."""
    style = page_style()
    return (
        _environment()
        .get_template("multitrait.html.j2")
        .render(
            m=found,
            lead=headline(found),
            said=[*block_sentences(found), *greyed_sentences(found)],
            means=trusted(_means(found)) if found.blocks else "",
            matrix=trusted(matrix_svg(found)) if found.matrix else "",
            order=_order(found.cells),
            control=control_words(found.control).name,
            style=trusted(style),
        )
    )


def multitrait_lines(found: Multitrait) -> tuple[str, ...]:
    """Return the same in few lines for a terminal."""
    told = [headline(found), *block_sentences(found)]
    read = [c for c in _order(found.cells) if c.r is not None]
    told += [
        f"  {visible(_title(found, c.dimension))}, {noun(c.channels[0])} and {noun(c.channels[1])}: r "
        f"{with_interval(c.r)}; freed from error {with_interval(c.disattenuated)}; one sign in "
        f"{_percent(c.same_sign)}"
        for c in read[:_SHOWN]
    ]
    if len(read) > _SHOWN:
        told.append(f"  and {len(read) - _SHOWN} more; the page has them all")
    return (*told, *greyed_sentences(found), *found.limits)


def headline(found: Multitrait) -> str:
    """Return whether channels order these identities alike, in one sentence."""
    who = f"over {found.source}"
    if found.absent:
        return words.sentence(f"{who}, channels cannot be set against each other: {found.absent}")
    channels = joined([noun(c) for c in dict.fromkeys(c for c, _ in found.variables)])
    by_name = {b.name: b for b in found.blocks}
    validity = by_name["validity"].value
    over = [b for name, b in by_name.items() if name.startswith("validity over ")]
    if not _above(validity):
        verdict = "are not shown to order them alike"
    elif over and all(_above(b.value) for b in over):
        verdict = "order them alike, dimension by dimension, beyond what any two dimensions share"
    elif over and _above(over[0].value):
        verdict = (
            "order them alike, dimension by dimension, though dimensions of one channel may share as much"
        )
    else:
        verdict = "order them alike, and not shown to do so dimension by dimension"
    return words.sentence(f"{who}, {channels} {verdict}")


def _above(estimate: Estimate) -> bool:
    return math.isfinite(estimate.ci[0]) and estimate.ci[0] > 0


def block_sentences(found: Multitrait) -> Iterator[str]:
    """Yield the three means with their intervals, validity over each, and the signs."""
    for b in found.blocks:
        pairs = f", {counted(b.pairs, 'correlation')}" if not b.name.startswith("validity over ") else ""
        free = "" if b.disattenuated is None else f"; freed from error {with_interval(b.disattenuated)}"
        yield words.sentence(f"{_MEANS[b.name]}: {with_interval(b.value)}{pairs}{free}")
    if found.same_sign is not None:
        yield words.sentence(
            f"identities have one sign in both channels in {_percent(found.same_sign)} of "
            "comparisons; chance gives 50 %"
        )


def greyed_sentences(found: Multitrait) -> Iterator[str]:
    """Yield, for each channel, on how many dimensions it cannot be read, and why."""
    for channel in found.channels:
        why = [w for name, w in found.greyed.items() if name.split(" ", 1)[0] == channel]
        if why:
            asked = len({c.dimension for c in found.cells if channel in c.channels}) or len(why)
            kinds = Counter(w.split(":")[0] for w in why)
            said = "; ".join(f"{kind} ({n})" for kind, n in kinds.most_common())
            many = f"all {asked}" if len(why) == asked else f"{len(why)} of {asked}"
            yield words.sentence(
                f"{channel_words(channel).heading}: {many} dimensions cannot be read and enter no "
                f"correlation. {said}"
            )


def with_interval(estimate: Estimate | None) -> str:
    """Return an estimate with its interval; ``refused`` where there is none."""
    return "refused" if estimate is None else f"{number(estimate.estimate)} ({interval(estimate.ci)})"


def _percent(share: Estimate | None) -> str:
    if share is None:
        return "–"
    low, high = (100 * b for b in share.ci)
    return f"{100 * share.estimate:.0f} % ({low:.0f} to {high:.0f})"


def _reliability(value: float) -> str:
    return number(value).lstrip("+")


def _title(found: Multitrait, dimension: str) -> str:
    return found.titles.get(dimension, dimension)


def _order(cells: Sequence[Cell]) -> list[Cell]:
    """Return cells with the highest correlation first, those without one last."""
    return sorted(cells, key=lambda c: math.inf if c.r is None else -c.r.estimate)


def _means(found: Multitrait) -> str:
    """Return the picture of the three means and of validity over them."""
    rows = [Row(b.name, _MEANS[b.name]) for b in found.blocks]
    marks = [m for b in found.blocks for m in _marks(b)]
    series = [
        Series("as they are", BLACK, "circle", 60, True, 1.8),
        Series("freed from error", ORANGE, "diamond", 60, False, 1.4),
    ]
    chart = rows_chart(rows, marks, series, 0.0, step=36, title="mean correlation over identities")
    label = "Mean correlations over identities, with intervals; the list above says the same."
    return figure_svg(chart, "means", label)


def _marks(block: Block) -> Iterator[Mark]:
    for name, e in (("as they are", block.value), ("freed from error", block.disattenuated)):
        if e is not None:
            yield Mark(block.name, name, e.estimate, *e.ci, f"{name}: {with_interval(e)}")


def matrix_svg(found: Multitrait) -> str:
    """Return the matrix as a picture: channels in blocks, validities in frames, numbers where they fit.

    The stronger a correlation, the darker its square; negative ones bear a minus or a stroke, so that no
    colour is needed.
    """
    n = len(found.variables)
    size = _SIDE * (1.5 if n <= _NUMBERED else 1.0)
    width, height = _LEFT + n * size + _RIGHT, _TOP + n * size + 8
    svg = ET.Element(
        "svg",
        {
            "viewBox": f"0 0 {width:g} {height:g}",
            "role": "img",
            "aria-label": "Correlations over identities of every dimension in every channel; the table of "
            "dimensions has the validities in numbers.",
            "style": f"max-width:{width:g}px",
        },
    )
    for i, (channel, dimension) in enumerate(found.variables):
        y = _TOP + i * size
        _text(svg, _LEFT - 6, y + size * 0.68, _short(_title(found, dimension)), "end")
        if i == 0 or found.variables[i - 1][0] != channel:
            _text(svg, _LEFT + (i + 1) * size + 6, y + size * 0.68, noun(channel), "start")
        for j in range(i + 1):
            _square(svg, found, (i, j), size)
    for i, (channel, _) in enumerate(found.variables):
        if i and found.variables[i - 1][0] != channel:
            x = _LEFT + i * size
            _line(svg, _LEFT, _TOP + i * size, x, _TOP + i * size)
            _line(svg, x, _TOP + i * size, x, _TOP + n * size)
    return ET.tostring(svg, encoding="unicode")


def _square(svg: ET.Element, found: Multitrait, at: tuple[int, int], size: float) -> None:
    i, j = at
    r = found.matrix[i][j]
    (c_i, d_i), (c_j, d_j) = found.variables[i], found.variables[j]
    x, y = _LEFT + j * size, _TOP + i * size
    group = ET.SubElement(svg, "g")
    ET.SubElement(group, "title").text = visible(
        f"{_title(found, d_i)} {within(c_i)}, {_title(found, d_j)} {within(c_j)}: {number(r)}"
    )
    valid = d_i == d_j and c_i != c_j
    frame = {"stroke": INK, "stroke-width": "2"} if valid else {"stroke": "#fff", "stroke-width": "1"}
    shape = {
        "x": f"{x + 0.5:.1f}",
        "y": f"{y + 0.5:.1f}",
        "width": f"{size - 1:.1f}",
        "height": f"{size - 1:.1f}",
    }
    colour = GREY if i == j else BLUE if r >= 0 else ORANGE
    strength = "0.25" if i == j else f"{min(1.0, abs(r)):.2f}"
    ET.SubElement(group, "rect", {**shape, "fill": colour, "fill-opacity": strength, **frame})
    if i == j:
        return
    if len(found.variables) <= _NUMBERED:
        plain = number(r).replace("0.", ".").lstrip("+")
        _text(group, x + size / 2, y + size * 0.62, plain, "middle", "#fff" if r > 0.85 else INK)
    elif r < 0:
        _line(group, x + size * 0.3, y + size / 2, x + size * 0.7, y + size / 2)


def _short(title: str) -> str:
    text = visible(title)
    return text if len(text) <= _LETTERS else text[: _LETTERS - 1] + "…"


def _text(parent: ET.Element, x: float, y: float, text: str, anchor: str, colour: str = INK) -> None:
    shape = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "fill": colour, "font-size": "10.5"}
    ET.SubElement(parent, "text", shape).text = text


def _line(parent: ET.Element, x1: float, y1: float, x2: float, y2: float) -> None:
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    ET.SubElement(
        parent, "line", {k: f"{v:.1f}" for k, v in ends.items()} | {"stroke": INK, "stroke-width": "1.2"}
    )


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {
        "visible": visible, "noun": noun, "both": with_interval, "percent": _percent, "rel": _reliability,
    }  # fmt: skip
    return environment
