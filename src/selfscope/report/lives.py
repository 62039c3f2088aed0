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
from selfscope.report.lives_chart import Panel, ways_back_svg
from selfscope.report.template import page_style, template_environment, trusted
from selfscope.report.words import counted, number, p_value, sentence, with_interval
from selfscope.report.writing import write_page
from selfscope.stats.masked import Array
from selfscope.values.finding import Verdict
from selfscope.values.lives import Added, Apart, Back, DocumentsMoved, LivesFound, Moved, Reading, WayBack

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


#: What a kind of State does to a change, or to what is left of a disturbance.
ADDED: Mapping[Verdict, str] = {
    "shifted": "is another with it than without it",
    "equivalent": "is the same with it and without it",
    "bias only": "is another in yes-saying or fluency alone",
    "inconclusive": "cannot be told to be another with it",
    "not interpretable": "cannot be read here",
}


def lives_lines(found: LivesFound) -> Iterator[str]:
    """Yield the summary for a terminal."""
    yield from _lead(found)
    yield from (
        f"Carried by {each.role}: {_about(found, each.dimension, each.channel)} {with_interval(each.change)}."
        for each in found.carried
        if each.carries
    )
    yield from (f"Note: {warning}." for warning in found.warnings)


def document_sentence(of: LivesFound, found: DocumentsMoved) -> str:
    """Return by how much the documents of an arm changed."""
    keeping = f"keeping {found.keep}, " if len(of.keeps) > 1 else ""
    told = f"{share(found)} of the words of its documents are others than at first: {found.verdict}"
    return sentence(keeping + told)


def share(found: DocumentsMoved) -> str:
    """Return a share of words in percent, with its interval."""
    low, high = found.change.ci
    told = f"{100 * found.change.estimate:.0f} %"
    return f"{told} ({100 * low:.0f} to {100 * high:.0f})" if math.isfinite(low) else told


def moved_sentence(of: LivesFound, found: Moved) -> str:
    """Return what the change of one dimension shows."""
    return sentence(
        f"{_about(of, found.dimension, found.channel, found.keep)}: {MOVED[found.verdict]}, "
        f"{with_interval(found.change)}; {APART[found.apart]}"
    )


def back_sentence(of: LivesFound, found: WayBack) -> str:
    """Return what became of a disturbance in one dimension."""
    return sentence(
        f"{_about(of, found.dimension, found.channel, found.keep)}: {BACK[found.verdict]}; "
        f"just after it {with_interval(found.push)}, at the end {with_interval(found.residue)}"
    )


def added_sentence(of: LivesFound, found: Added) -> str:
    """Return what a kind of State does to a change, or to what is left of a disturbance."""
    what = "what is left of it" if of.disturb else "its change"
    kind = "the whole State" if found.adds == "all" else found.adds.replace("+", " and ")
    return sentence(
        f"{kind} ({found.more} against {found.less}), {_about(of, found.dimension, found.channel)}: "
        f"{what} {ADDED[found.verdict]}, {with_interval(found.change)}"
    )


def _about(of: LivesFound, dimension: str, channel: str, keep: str = "") -> str:
    """Return a dimension, with its channel and its arm where there are several."""
    beside = [_words(channel)] if len(of.channels) > 1 else []
    beside += [f"keeping {keep}"] if keep and len(of.keeps) > 1 else []
    return _words(dimension) + (f" ({', '.join(beside)})" if beside else "")


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
            lead=list(_headline(found)),
            charts=list(_charts(found)),
            documents=list(_documents(found)),
        )
    )


def _lead(found: LivesFound) -> Iterator[str]:
    yield from (document_sentence(found, each) for each in found.documents if each.role == "all")
    yield from (moved_sentence(found, each) for each in found.moved)
    yield from (back_sentence(found, each) for each in found.back)
    yield from (added_sentence(found, each) for each in found.added)


def _headline(found: LivesFound) -> Iterator[str]:
    """Yield what the page begins with: all that is said of one arm; of several only what was shown."""
    if len(found.keeps) == 1:
        yield from _lead(found)
        return
    whole = [each for each in found.documents if each.role == "all"]
    told = "; ".join(f"keeping {each.keep} {share(each)}" for each in whole)
    yield f"Words of its documents that are others than at first: {told}."
    shown = [
        *(moved_sentence(found, each) for each in found.moved if each.verdict == "shifted"),
        *(back_sentence(found, each) for each in found.back if each.verdict in ("returned", "stays")),
        *(added_sentence(found, each) for each in found.added if each.verdict == "shifted"),
    ]
    yield from shown
    left = len(found.moved) + len(found.back) + len(found.added) - len(shown)
    if left:
        yield f"Of {left} more that were asked no change is shown; what is said of each stands in the tables."


def _charts(found: LivesFound) -> Iterator[dict[str, Any]]:
    """Yield a chart for each dimension of a channel.

    Every life of one arm; of a disturbance one picture of all arms, disturbed lives beside their twins.
    """
    asked = dict.fromkeys((each.dimension, each.channel) for each in found.readings)
    for dimension, channel in asked:
        own = [r for r in found.readings if (r.dimension, r.channel) == (dimension, channel)]
        if found.disturb:
            title = _about(found, dimension, channel)
            svg = ways_back_svg(title, list(_panels(found, own)), found.at)
            yield {"title": title, "svg": trusted(svg), "wide": True}
            continue
        for keep in found.keeps:
            title = _about(found, dimension, channel, keep)
            course = np.array(list(_courses([r for r in own if r.keep == keep], "value").values()))
            svg = behaviour_svg(title, range(course.shape[1]), course)
            yield {"title": title, "svg": trusted(svg), "wide": False}


def _panels(found: LivesFound, readings: Sequence[Reading]) -> Iterator[Panel]:
    for keep in found.keeps:
        values = _courses([r for r in readings if r.keep == keep], "value")
        upset = [life for life in values if life.startswith("disturbed-")]
        twins = [f"twin-{life.partition('-')[2]}" for life in upset]
        yield Panel(keep, *(np.array([values[life] for life in own]) for own in (upset, twins)))


def _documents(found: LivesFound) -> Iterator[dict[str, Any]]:
    """Yield the chart of documents of every arm."""
    first = (found.readings[0].dimension, found.readings[0].channel)
    for keep in found.keeps:
        own = [r for r in found.readings if (r.dimension, r.channel) == first and r.keep == keep]
        course = np.array(list(_courses(own, "documents").values()))
        meant = [r.meaning for r in own if r.conversation == found.conversations and r.meaning is not None]
        title = "documents" if len(found.keeps) == 1 else f"documents (keeping {keep})"
        svg = behaviour_svg(title, range(course.shape[1]), course)
        yield {"title": title, "svg": trusted(svg), "meaning": float(np.mean(meant)) if meant else None}


def _courses(readings: Sequence[Reading], field: str) -> dict[str, Array]:
    """Return a value of every life over its conversations."""
    found: dict[str, dict[int, float]] = {}
    for each in readings:
        found.setdefault(each.life, {})[each.conversation] = float(getattr(each, field))
    return {life: np.array([values[n] for n in sorted(values)]) for life, values in found.items()}


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
