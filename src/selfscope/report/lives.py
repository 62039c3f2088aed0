"""The page of lives: dimensions and documents over conversations, and the edits beside them.

One file, offline, without scripts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from selfscope.report.drift_chart import behaviour_svg
from selfscope.report.template import page_style, template_environment, trusted
from selfscope.report.words import counted, number, p_value, sentence, with_interval
from selfscope.report.writing import write_page
from selfscope.stats.masked import Array
from selfscope.values.finding import Verdict
from selfscope.values.lives import Apart, Back, DocumentsMoved, LivesFound, Moved, Reading, WayBack

if TYPE_CHECKING:
    from jinja2 import Environment

#: What a verdict says of the change from the first State to the last.
MOVED: Mapping[Verdict, str] = {
    "shifted": "it answers otherwise than at first",
    "equivalent": "it answers as at first",
    "bias only": "only its yes-saying or fluency is another",
    "inconclusive": "whether it answers otherwise than at first cannot be told",
    "not interpretable": "cannot be read here",
}
#: What documents and behaviour did beside each other.
APART: Mapping[Apart, str] = {
    "documents alone": "its documents changed and its answers did not",
    "behaviour alone": "its answers changed and its documents hardly did",
    "both": "documents and answers both changed",
    "neither": "neither documents nor answers changed",
    "cannot tell": "whether documents and answers changed together cannot be told",
}
#: What became of a disturbance.
BACK: Mapping[Back, str] = {
    "returned": "it was moved, and is back where its undisturbed twin is",
    "stays": "it was moved, and stays moved",
    "not moved": "it was not moved",
    "cannot tell": "what became of it cannot be told",
    "not interpretable": "cannot be read here",
    "too few lives": "too few lives to tell",
}


def lives_lines(found: LivesFound) -> Iterator[str]:
    """Yield the summary for a terminal."""
    yield from (document_sentence(each) for each in found.documents[:1])
    yield from map(moved_sentence, found.moved)
    yield from (
        f"Carried by {each.role}: {each.dimension} {with_interval(each.change)}."
        for each in found.carried
        if each.carries
    )
    yield from map(back_sentence, found.back)
    yield from (f"Note: {warning}." for warning in found.warnings)


def document_sentence(found: DocumentsMoved) -> str:
    """Return by how much documents changed."""
    return sentence(f"{share(found)} of the words of its documents are others than at first: {found.verdict}")


def share(found: DocumentsMoved) -> str:
    """Return a share of words in percent, with its interval."""
    low, high = found.change.ci
    told = f"{100 * found.change.estimate:.0f} %"
    return f"{told} ({100 * low:.0f} to {100 * high:.0f})" if math.isfinite(low) else told


def moved_sentence(found: Moved) -> str:
    """Return what the change of one dimension shows."""
    return sentence(
        f"{_words(found.dimension)}: {MOVED[found.verdict]}, {with_interval(found.change)}; "
        f"{APART[found.apart]}"
    )


def back_sentence(found: WayBack) -> str:
    """Return what became of a disturbance in one dimension."""
    return sentence(
        f"{_words(found.dimension)}: {BACK[found.verdict]}; just after it {with_interval(found.push)}, "
        f"at the end {with_interval(found.residue)}"
    )


def write_lives(found: LivesFound, command: str, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path; CouldNot if it cannot be written."""
    return write_page(lives_html(found, command), path)


def lives_html(found: LivesFound, command: str) -> str:
    """Return the page as HTML; all text is escaped."""
    return (
        _environment()
        .get_template("lives.html.j2")
        .render(
            found=found,
            command=command,
            style=trusted(page_style()),
            lead=list(_lead(found)),
            charts=list(_charts(found)),
            documents=_documents(found),
        )
    )


def _lead(found: LivesFound) -> Iterator[str]:
    if found.documents:
        yield document_sentence(found.documents[0])
    yield from map(moved_sentence, found.moved)
    yield from map(back_sentence, found.back)


def _charts(found: LivesFound) -> Iterator[dict[str, Any]]:
    """Yield a chart for each dimension: every life, or of a disturbance every life less its twin."""
    for dimension in dict.fromkeys(each.dimension for each in found.readings):
        values = _courses([r for r in found.readings if r.dimension == dimension], "value")
        if found.disturb:
            values = _less_twins(values)
        course = np.array(list(values.values()))
        svg = behaviour_svg(_words(dimension), range(course.shape[1]), course)
        yield {"title": _words(dimension), "svg": trusted(svg)}


def _documents(found: LivesFound) -> dict[str, Any]:
    """Return the chart of documents, in the same lives."""
    first = found.readings[0].dimension
    own = [r for r in found.readings if r.dimension == first]
    course = np.array(list(_courses(own, "documents").values()))
    meaning = [r.meaning for r in own if r.conversation == found.conversations and r.meaning is not None]
    return {
        "svg": trusted(behaviour_svg("documents", range(course.shape[1]), course)),
        "meaning": float(np.mean(meaning)) if meaning else None,
    }


def _courses(readings: Sequence[Reading], field: str) -> dict[str, Array]:
    """Return a value of every life over its conversations."""
    found: dict[str, dict[int, float]] = {}
    for each in readings:
        found.setdefault(each.life, {})[each.conversation] = float(getattr(each, field))
    return {life: np.array([values[n] for n in sorted(values)]) for life, values in found.items()}


def _less_twins(values: Mapping[str, Array]) -> dict[str, Array]:
    """Return disturbed lives less their twins."""
    return {
        life: course - values[f"twin-{life.partition('-')[2]}"]
        for life, course in values.items()
        if life.startswith("disturbed-")
    }


def _words(name: str) -> str:
    return name.replace("_", " ")


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {
        "estimate": with_interval,
        "p": p_value,
        "number": number,
        "share": share,
        "words": _words,
    }
    environment.globals |= {"counted": counted}
    return environment
