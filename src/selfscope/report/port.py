"""The page of a port: how much of a character carried over, beside its ceiling and its floor.

One file, offline, without scripts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.report.lineage import visible
from selfscope.report.persona_against import against_lines, against_rows
from selfscope.report.port_beyond import alike, beyond_lines
from selfscope.report.port_chart import curve_svg, fidelity_svg
from selfscope.report.template import page_style, template_environment, trusted
from selfscope.report.words import channel_words, counted, magnitude, number, p_value, with_interval
from selfscope.report.writing import write_page
from selfscope.values import Estimate
from selfscope.values.fidelity import POOLED, Carried, Clone, Order, Reading, Told
from selfscope.values.port import CONTROL
from selfscope.values.port_fidelity import PortFidelity

if TYPE_CHECKING:
    from jinja2 import Environment

#: What is said of a port, after its name.
READINGS: Mapping[Reading, str] = {
    "carried": "the character carried over: more than half of the way, surely",
    "in part": "some of the character carried over",
    "not carried": "the character did not carry over: less than half of the way, surely",
    "away": "another character: further from the original than the target without one",
    "caricature": "a caricature: the right direction, and too far",
    "nothing to carry over": (
        "in the traits that were asked there was nothing to carry over: over all their statements the "
        "original is not surely another than the target without it"
    ),
    "cannot tell": "how much carried over cannot be told",
}
#: What is not shown row by row, where it is all that can be said.
NOTHING: Reading = "nothing to carry over"
ORDERS: Mapping[Order, str] = {
    "rises": "Fidelity rises with the corpus",
    "falls": "Fidelity falls as the corpus grows",
    "no order shown": "No order over the size of the corpus is shown",
    "not tested": "One size: no order is tested",
}
CHOICES: Mapping[Told, str] = {
    "told apart": "told apart from the original",
    "not told apart": "not told apart",
    "taken for the original": "taken for the original more often than its own text",
    "cannot tell": "cannot be told",
}
#: What stands on the other side of a choice, where it is no port.
OTHERS: Mapping[str, str] = {
    "copy": "the original again (control)",
    "imitation": "the target, told to imitate",
}


def write_port(found: PortFidelity, path: Path, facts: Sequence[tuple[str, str]] = ()) -> Path:
    """Write the page, whole or not at all, and return its path; CouldNot if it cannot be written.

    Parameters
    ----------
    facts
        Rows of how it came about, a name and what it is.
    """
    return write_page(port_html(found, facts), path)


def fidelity_lines(found: PortFidelity) -> Iterator[str]:
    """Yield the summary for a terminal."""
    yield from verdict_lines(found)
    for name, why in found.gates:
        if " " not in name:
            yield f"{channel_words(name).heading}: {why}."
    for curve in found.curves:
        if curve.channel == found.headline and len(curve.points) > 1:
            yield _curve_sentence(curve.order, curve.p)
    yield from statement_lines(found)
    yield from map(_clone_sentence, found.clones)
    if found.ability is not None and found.ability.gained is not None:
        gained = found.ability.gained
        yield f"Told that it can against told that it cannot: {points(gained.difference)}, {gained.verdict}."


def verdict_lines(found: PortFidelity) -> Iterator[str]:
    """Yield one sentence a port, in the channel that speaks for it."""
    if not found.headline:
        yield f"{visible(found.original)} on {visible(found.target)}: {READINGS['nothing to carry over']}."
        return
    ceiling = next((c.fidelity for c in found.ceilings if c.channel == found.headline), None)
    for each in found.ports:
        row = found.port(each.name)
        said = alike(each) if each.by == CONTROL else READINGS[row.reading]
        yield f"{visible(each.name)}: {said}{_numbers(row, ceiling)}."
    yield from beyond_lines(found, "traits")


def statement_lines(found: PortFidelity) -> Iterator[str]:
    """Yield one sentence on single statements, one on each control, and what is beyond them."""
    if found.statements is None:
        return
    plain = {c.port: c for c in found.statements.rows if c.setting == "plain"}
    controls = {p.name: p for p in found.ports if p.by == CONTROL}
    told = [f"{visible(name)} {share(row.fidelity)}" for name, row in plain.items() if name not in controls]
    yield f"Statement by statement, fidelity: {'; '.join(told)}."
    for name, each in controls.items():
        yield f"{visible(name)}, {alike(each)}: {share(plain[name].fidelity)}."
    yield from beyond_lines(found, "statements")


def _statements_briefly(found: PortFidelity) -> Iterator[str]:
    """Yield what leads the page where traits tell nothing: all ports in one sentence, and what is beyond."""
    if found.statements is None:
        return
    controls = {p.name for p in found.ports if p.by == CONTROL}
    own = [c.fidelity for c in found.statements.rows if c.setting == "plain" and c.port not in controls]
    low, high = (number(edge(each.estimate for each in own)) for edge in (min, max))
    said = share(own[0]) if len(own) == 1 else f"{low} to {high}"
    yield f"Statement by statement, fidelity of {counted(len(own), 'port')} is {said}."
    yield from beyond_lines(found, "statements")


def _numbers(row: Carried, ceiling: Estimate | None) -> str:
    if not math.isfinite(row.fidelity.ci[0]):
        return ""
    top = "" if ceiling is None else f", ceiling {with_interval(ceiling)}"
    return f" (fidelity {with_interval(row.fidelity)}{top}, floor 0)"


def _curve_sentence(order: Order, p: float) -> str:
    return f"{ORDERS[order]}{'' if math.isnan(p) else f', {p_value(p)}'}."


def _clone_sentence(clone: Clone) -> str:
    who = OTHERS.get(clone.against, visible(clone.against))
    return (
        f"Blind choice by {visible(clone.judge)}, the original against {who}: "
        f"{percents(clone.accuracy)} right, {CHOICES[clone.told]}."
    )


def percents(share: Estimate) -> str:
    """Return a share in percent with its interval; a dash where there is none."""
    if not math.isfinite(share.estimate):
        return "–"
    ends = f" ({100 * share.ci[0]:.0f} to {100 * share.ci[1]:.0f})" if math.isfinite(share.ci[0]) else ""
    return f"{100 * share.estimate:.0f} %{ends}"


def points(difference: Estimate) -> str:
    """Return a difference of shares in points with its interval."""
    if not math.isfinite(difference.estimate):
        return "–"
    low, high = (number(100 * bound, 0) for bound in difference.ci)
    return f"{number(100 * difference.estimate, 0)} points ({low} to {high})"


def share(value: Estimate) -> str:
    """Return a number with its interval; a dash where there is no interval."""
    return with_interval(value) if math.isfinite(value.ci[0]) else "–"


def port_html(found: PortFidelity, facts: Sequence[tuple[str, str]] = ()) -> str:
    """Return the page as HTML; all text is escaped."""
    return (
        _environment()
        .get_template("port.html.j2")
        .render(found=found, facts=facts, style=trusted(page_style()), **_shown(found))
    )


def _shown(found: PortFidelity) -> dict[str, Any]:
    names = {p.name for p in found.ports}
    pooled = [c for c in found.carried if c.dimension == POOLED and c.setting == "plain"]
    channels = list(dict.fromkeys(c.channel for c in found.carried))
    return {
        "lines": [*verdict_lines(found), *(_statements_briefly(found) if not found.headline else ())],
        "pooled": pooled,
        "figure": trusted(fidelity_svg([c for c in pooled if c.port in names], found.ceilings)),
        "dimensions": [_by_dimension(found, channel) for channel in channels if channel != "open"],
        "curves": [
            (c, trusted(curve_svg(c)), _curve_sentence(c.order, c.p))
            for c in found.curves
            if len(c.points) > 1 and any(math.isfinite(p.fidelity.ci[0]) for p in c.points)
        ],
        "kept": [c for c in found.kept if c.reading != NOTHING],
        "beyond": [c for c in found.beyond if c.reading != NOTHING],
        "single": _single(found),
        "geometry": [
            (name, against_rows(each), against_lines(each), name == found.unported)
            for name, each in found.geometry
        ],
        "alike": {p.name: alike(p) for p in found.ports if p.by == CONTROL},
    }


def _single(found: PortFidelity) -> dict[str, Any] | None:
    """Return what the section on single statements shows; None without one."""
    own = found.statements
    if own is None:
        return None
    plain = [c for c in own.rows if c.setting == "plain"]
    return {
        "channel": own.channel,
        "lines": list(statement_lines(found)),
        "figure": trusted(fidelity_svg(plain, own.ceilings)),
        "rows": sorted(own.rows, key=lambda c: c.setting != "plain"),
        "ceilings": own.ceilings,
        "curves": [
            (trusted(curve_svg(c)), _curve_sentence(c.order, c.p)) for c in own.curves if len(c.points) > 1
        ],
    }


def _by_dimension(found: PortFidelity, channel: str) -> dict[str, Any]:
    """Return one channel's rows, a dimension a row and a port a column, with why a dimension is not read."""
    own = [c for c in found.carried if c.channel == channel and c.dimension and c.setting == "plain"]
    names = list(dict.fromkeys(c.dimension for c in own))
    by = {(c.dimension, c.port): c for c in own}
    ports = [p.name for p in found.ports]
    gated = [(name.partition(" ")[2], why) for name, why in found.gates if name.startswith(f"{channel} ")]
    return {
        "channel": channel,
        "ports": ports,
        "rows": [(name, [by[name, port] for port in ports]) for name in names],
        "gated": gated,
    }


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {
        "share": share,
        "percents": percents,
        "points": points,
        "size": magnitude,
        "p": p_value,
        "visible": visible,
        "named": lambda name: name.replace("_", " "),
        "heading": lambda channel: channel_words(channel).heading,
    }
    environment.globals |= {"choices": CHOICES, "others": OTHERS}
    return environment
