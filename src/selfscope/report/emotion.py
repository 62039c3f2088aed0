"""The page of a reading of emotion: one file, offline, readable without scripts, of which it has none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.report import emotion_words as said
from selfscope.report.emotion_chart import (
    SERIES,
    dose_svg,
    layers_svg,
    legend_svg,
    plane_svg,
    steering_svg,
)
from selfscope.report.lineage import visible
from selfscope.report.template import page_style, template_environment, trusted
from selfscope.report.words import interval, number, p_value, sentence
from selfscope.report.writing import write_page
from selfscope.values.emotion import Area, EmotionRead, TextRead, Transfer

if TYPE_CHECKING:
    from jinja2 import Environment

#: What a kind of text is called in the matrix and in tables.
NAMES = {
    "keyword": "with the words",
    "third": "vignette, third person",
    "first": "vignette, first person",
    "told": "told of another",
    "lived": "lived by the subject",
    "write": "asked to write",
}


def write_emotion(found: EmotionRead, folder: str, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path.

    Parameters
    ----------
    folder
        Where the run lies, in words of the page.

    Raises
    ------
    CouldNot
        If the file cannot be written.
    """
    return write_page(render_emotion(found, folder), path)


def render_emotion(found: EmotionRead, folder: str = "") -> str:
    """Return the page as HTML; texts are escaped, and what hides or reverses text is shown."""
    legend = [(name, trusted(legend_svg(colour, dashes))) for name, colour, dashes, of in SERIES
              if any(math.isfinite(of(each)) for each in found.layers)]  # fmt: skip
    return (
        _environment()
        .get_template("emotion.html.j2")
        .render(
            m=found,
            lead=said.headline(found),
            nests=_nests(found),
            layers=trusted(layers_svg(found)),
            legend=legend,
            plane=trusted(plane_svg(found)) if found.plane else None,
            plane_said=said.plane_lines(found.plane) if found.plane else (),
            doses=[(d, trusted(dose_svg(d))) for d in found.dose],
            steering=trusted(steering_svg(found.steering)) if found.steering else None,
            steering_said=said.steering_line(found),
            matrices=[_matrix(each) for each in found.transfer],
            leakage=said.leakage_lines(found.leakage),
            texts=_by_family(found.texts),
            names=NAMES,
            folder=folder,
            style=trusted(page_style()),
        )
    )


def _nests(found: EmotionRead) -> list[tuple[str, Area, str, str]]:
    """Return what is readable: name, area, other splits, layer."""
    rows = (
        ("affect, with the words (keyword texts against neutral ones)", found.keyword),
        ("affect, without them (vignettes against their twins)", found.affect),
        ("which family, with the words", found.which_keyword),
        ("which family, without them", found.which),
        ("which family, vignettes less their twins: topic taken off", found.which_less_topic),
    )
    return [
        (
            name,
            nest.area,
            f"{said.share(min(nest.seeds))} to {said.share(max(nest.seeds))}" if len(nest.seeds) > 1 else "–",
            f"{nest.layer} (folds: {', '.join(map(str, nest.chosen))})",
        )
        for name, nest in rows
        if nest is not None
    ]


def _matrix(found: Transfer) -> dict[str, Any]:
    """Return a matrix ready for the page: cells with a shade from white at .5 to blue at 1."""
    rows = []
    for name, areas in zip(found.conditions, found.areas, strict=True):
        cells = [(said.share(a.auroc), said.area(a), _shade(a)) if a else ("–", "", "") for a in areas]
        rows.append((NAMES[name], cells))
    return {"layer": found.layer, "columns": [NAMES[c] for c in found.conditions], "rows": rows}


def _shade(found: Area) -> str:
    """Return a background; grey type marks an interval that holds one half."""
    depth = min(max((found.auroc - 0.5) * 2, 0.0), 1.0)
    style = f"background:rgba(0,114,178,{0.42 * depth:.2f})"
    return style + (";color:#6b7280" if found.ci[0] <= 0.5 <= found.ci[1] else "")


def _by_family(texts: Sequence[TextRead]) -> dict[str, list[TextRead]]:
    """Return texts by family, pairs together, lively ones at the end."""
    groups: dict[str, list[TextRead]] = {}
    for each in texts:
        groups.setdefault(said.title(each.emotion) if each.emotion else "vivid and neutral", []).append(each)
    return groups


def _kind(text: TextRead) -> str:
    """Return what a text is, in few words."""
    if text.kind == "keyword":
        return "with the words"
    if text.kind == "vivid_neutral":
        return "vivid"
    what = text.form or (f"vignette, {text.person} person" if text.person else "vignette")
    if text.form == "dose":
        what = f"dose {text.step}"
    return f"{what}, twin" if text.kind == "neutral" else what


def _side(expected: int) -> str:
    """Return the side that theory expects: ``+1``, ``−1`` or ``none``."""
    return number(expected, 0) if expected else "none"


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {
        "visible": visible,
        "number": number,
        "interval": interval,
        "p": p_value,
        "area": said.area,
        "share": said.share,
        "title": said.title,
        "kind": _kind,
        "chance": said.chance,
        "sentence": sentence,
        "side": _side,
        "agreed": said.agreed,
    }
    return environment
