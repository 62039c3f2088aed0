"""Drift in sentences, and on a page: every conversation with what was expected, and behaviour beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from selfscope.report.drift_chart import TalkChart, behaviour_svg, talk_svg
from selfscope.report.template import page_style, template_environment
from selfscope.report.words import counted, interval, joined, number, p_value, sentence
from selfscope.report.writing import write_page
from selfscope.stats.drift import SlopeTest
from selfscope.stats.drift_results import Behaviour, Drift, Inside

if TYPE_CHECKING:
    from jinja2 import Environment

_VERDICTS = {
    "drift": "it drifts",
    "no drift": "it does not drift",
    "cannot tell": "cannot tell",
    "too few scripts": "too few scripts for a test",
}


def slope_words(found: SlopeTest, unit: str) -> str:
    """Return a slope with its interval, its p and what it says."""
    told = f"{number(found.estimate, 3)} {unit} a turn ({interval(found.ci95)}; {p_value(found.p)})"
    return f"{told}, {counted(found.scripts, 'script')}: {_VERDICTS[found.verdict]}"


def lead_sentence(found: Drift) -> str:
    """Say in one sentence what was found."""
    if found.inside is None:
        return sentence("behaviour alone: " + "; ".join(_behaviour_words(b, False) for b in found.behaviour))
    if not found.inside.interpreted:
        return sentence(
            f"the axis is too unreliable to be read (halves agree by {found.inside.along.reliability:.2f}); "
            "its projections are drawn, and nothing is said of them"
        )
    return sentence(
        "beyond what messages and length account for, " + slope_words(found.inside.slope, "spreads")
    )


def drift_lines(found: Drift) -> Iterator[str]:
    """Yield what a terminal shows."""
    yield lead_sentence(found)
    if found.inside is not None and found.inside.interpreted:
        yield from inside_lines(found.inside, found)
    for each in found.behaviour:
        yield sentence(_behaviour_words(each, _read(found)))
    for warning in found.warnings:
        yield sentence(warning)


def inside_lines(inside: Inside, found: Drift) -> Iterator[str]:
    """Yield what projections say, with what they would say if topic or length were left in."""
    yield sentence(f"slope of the residual: {slope_words(inside.slope, 'spreads')}")
    if inside.r2 is None:
        yield sentence(f"against fresh threads, length left in: {slope_words(inside.slope_fresh, 'spreads')}")
    else:
        yield (
            f"Expected values are from messages' embeddings, by the {inside.embedding}: held-out R² "
            f"{inside.r2:.2f}, length left in."
        )
    yield sentence(f"readings as they are, topic left in: {slope_words(inside.slope_plain, 'spreads')}")
    if inside.changes is not None:
        at = [
            f"{t.id} from turn {inside.changes.at[n] + 1} ({number(float(inside.changes.size[n]))})"
            for n, t in enumerate(found.held.talks)
            if inside.changes.found[n]
        ]
        shifts = f"circular shifts {p_value(inside.changes.p_shift)}"
        yield sentence(f"change points: {joined(at) or 'none'}; {shifts}")
    if inside.monitor is not None and inside.alarms is not None:
        alarmed = int(inside.alarms.any(axis=1).sum())
        told = f"{alarmed} of {counted(len(found.held.talks), 'conversation')}"
        yield sentence(
            f"an alarm in {told}; limits from {inside.monitor.baselines} baselines, "
            f"at most {inside.monitor.rate:.0%} of conversations without drift"
        )
    if inside.back is not None:
        yield sentence(_back_words(inside))


def _back_words(inside: Inside) -> str:
    back = inside.back
    assert back is not None
    if back.status == "returns":
        return (
            f"half-life after a push: {back.half_life:.1f} turns ({back.ci95[0]:.1f} to {back.ci95[1]:.1f})"
        )
    push = f" (push {number(back.push)}, {p_value(back.p)})" if math.isfinite(back.p) else ""
    return f"half-life after a push: none, {back.status}{push}"


def _read(found: Drift) -> bool:
    """Return whether projections may be spoken of."""
    return found.inside is not None and found.inside.interpreted


def _behaviour_words(found: Behaviour, read: bool) -> str:
    """Return a dimension's slope and, where projections are read, how it goes together with them."""
    unit = "of the share of draws" if found.scale == "agreement" else "log-odds"
    told = f"{found.dimension} ({found.channel}): {slope_words(found.slope, unit)}"
    if not read or found.coupling is None or not math.isfinite(found.coupling.r):
        return told
    p = p_value(found.coupling.p) if not found.coupling.reason else found.coupling.reason
    return f"{told}; with the projection, within conversations, r = {number(found.coupling.r)} ({p})"


def write_drift(found: Drift, command: str, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path; CouldNot if the disk fails."""
    return write_page(render_drift(found, command), path)


def render_drift(found: Drift, command: str) -> str:
    """Return the page as HTML; all text is escaped."""
    from markupsafe import Markup

    style = page_style()
    return str(
        _environment()
        .get_template("drift.html.j2")
        .render(
            found=found,
            command=command,
            style=Markup(style),
            lead=lead_sentence(found),
            talks=list(_talks(found)),
            behaviour=[
                {
                    "title": b.dimension,
                    "svg": Markup(_behaviour_svg(b)),
                    "words": sentence(_behaviour_words(b, _read(found))),
                }
                for b in found.behaviour
            ],
            inside=list(inside_lines(found.inside, found)) if found.inside and _read(found) else [],
            warnings=[sentence(w) for w in found.warnings],
        )
    )


def _talks(found: Drift) -> Iterator[dict[str, Any]]:
    """Yield every conversation with its chart, all on one scale."""
    from markupsafe import Markup

    if found.inside is None:
        return
    held, inside = found.held, found.inside
    every = np.concatenate([held.y.ravel(), held.after.ravel()])
    finite = every[np.isfinite(every)]
    if not finite.size:
        return
    room = 0.05 * (float(finite.max() - finite.min()) or 1.0)
    low, high = float(finite.min()) - room, float(finite.max()) + room
    bands = None if inside.monitor is None else inside.monitor.band(inside.residual) + held.after[..., None]
    for n, talk in enumerate(held.talks):
        alarms = () if inside.alarms is None else tuple(np.flatnonzero(inside.alarms[n]).tolist())
        band = None if bands is None else bands[n]
        chart = TalkChart(talk.id, held.y[n], held.after[n], band, alarms, talk.perturbed)
        yield {"title": talk.script.replace("_", " "), "svg": Markup(talk_svg(chart, low, high))}


def _behaviour_svg(found: Behaviour) -> str:
    return behaviour_svg(found.dimension, found.turns, found.values)


@cache
def _environment() -> Environment:
    return template_environment()
