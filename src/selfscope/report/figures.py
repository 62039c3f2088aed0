"""The figures of a page, as Altair charts: one grammar, so that who has read one can read all.

Right of zero is more of the trait. The grey band is what is too small to matter. A filled mark is the trait,
a hollow diamond is response bias. What is not interpretable is pale and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from selfscope.report.palette import (
    BLACK,
    CHANNEL_MARKS,
    CONTROL_MARKS,
    OTHER_MARK,
    PURPLE,
    VERDICT_MARKS,
    VERMILLION,
)
from selfscope.report.rows import HALF_CONTRAST, Mark, Row, Series, frame_limit, rows_chart
from selfscope.report.standing import Standing
from selfscope.report.view import PooledBias, SensitivityRow
from selfscope.report.words import anchor, channel_words, control_words, with_interval
from selfscope.values import Estimate

_CONTROLS = ("none", "generic", "persona", "checklist", "shuffled")


def forest(found: Sequence[Standing], titles: dict[str, str], sesoi: float) -> Any:
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
    step = max(7 * len(controls) + 9, 32)
    rate = any(f.scale == "rate" for s in found for f in s.rows)
    inside = any(f.scale == "projection" for s in found for f in s.rows)
    title = "difference in the share of answers; right: more of the trait" if rate else HALF_CONTRAST
    title = PROJECTION if inside else title
    return rows_chart(_rows(found, titles), marks, series, sesoi, step=step, title=title)


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
            VERDICT_MARKS[s.verdict][1],
            s.verdict,
            s.verdict == "shifted",
            VERDICT_MARKS[s.verdict][0],
        )
        for s in found
    ]


def levels(found: Sequence[Standing], titles: dict[str, str]) -> Any:
    """Draw where a bare character stands on every dimension; nothing is compared."""
    marks = [
        Mark(
            s.dimension,
            "level",
            s.primary.estimate,
            *s.primary.ci,
            f"{titles[s.dimension]}: {_number(s)}",
            _blind(s),
        )
        for s in found
    ]
    sign = VERDICT_MARKS["not interpretable"][1]
    rows = [
        Row(
            s.dimension,
            titles[s.dimension],
            "#" + anchor("d", s.channel, s.dimension),
            sign if _blind(s) else "",
            "not interpretable" if _blind(s) else "",
        )
        for s in found
    ]
    rate = any(s.primary.scale == "rate" for s in found)
    title = "share of answers" if rate else "half contrast, log-odds; right: for the trait"
    return rows_chart(
        rows, marks, [Series("level", BLACK, "circle", 64, True, 2.0)], 0.0, step=28, title=title
    )


def _blind(standing: Standing) -> bool:
    return standing.primary.gate.g1 == "fail"


def _number(standing: Standing) -> str:
    return with_interval(Estimate(standing.primary.estimate, standing.primary.ci))


def trait_and_bias(
    found: Sequence[Standing], titles: dict[str, str], sesoi: float, *, linked: bool = True
) -> Any:
    """Draw for every dimension the change in the trait beside that in yes-saying (fluency, place, letter)."""
    marks = []
    for s in found:
        trait = Estimate(s.primary.estimate, s.primary.ci)
        pale = s.verdict == "not interpretable"
        marks.append(
            Mark(s.dimension, "trait", trait.estimate, *trait.ci, f"trait {with_interval(trait)}", pale)
        )
        for noun, moved in _moved(s):
            tip = f"{noun} {with_interval(moved)}"
            marks.append(Mark(s.dimension, "bias", moved.estimate, *moved.ci, tip))
    series = [
        Series("trait", VERMILLION, "circle", 64, True, 2.0),
        Series("bias", PURPLE, "diamond", 60, False),
    ]
    inside = any(s.primary.scale == "projection" for s in found)
    return rows_chart(
        _rows(found, titles, linked), marks, series, sesoi, step=28, framed=_framed(marks, sesoi),
        title=PROJECTION if inside else HALF_CONTRAST,
    )  # fmt: skip


def _moved(standing: Standing) -> list[tuple[str, Estimate]]:
    """Return the bias beside a trait; where nothing is agreed with, the preferences for place and letter."""
    biases = [f.bias for f in (standing.primary, *standing.rows)]
    said = next((b.acquiescence for b in biases if b.acquiescence), None)
    if said is not None:
        return [(channel_words(standing.channel).bias, said)]
    own = biases[0]
    kinds = ((_HABITS["position"], own.position), (_HABITS["label"], own.label))
    both = (_HABITS["label_or_position"], own.label_or_position)
    return [(f"preference for {what}", e) for what, e in (*kinds, both) if e is not None]


def _framed(marks: Sequence[Mark], sesoi: float) -> tuple[str, ...]:
    """Return what sets the frame: the trait alone where a bias is so large that it would flatten it."""
    limit = frame_limit([m for m in marks if m.series == "trait"], sesoi)
    large = any(abs(m.value) > 2.5 * limit for m in marks if m.series == "bias")
    return ("trait",) if large else ("trait", "bias")


PROJECTION = "projection, in spreads of the direction; right: toward the trait"
_HABITS = {
    "acquiescence": "agreeing",
    "position": "the first option",
    "label": "the letter A",
    "label_or_position": "the letter A or its place",
}


def pooled_biases(rows: Iterable[PooledBias]) -> Any:
    """Draw habits of answering over all dimensions: how strong, and how much the identity changed them."""
    kept = [b for b in rows if b.kind in _HABITS]
    classes = list(dict.fromkeys(b.who for b in kept if b.change))
    several = len({b.channel for b in kept}) > 1
    lines = [
        Row(
            f"{b.channel} {b.kind}",
            f"prefers {_HABITS[b.kind]}{f', {channel_words(b.channel).place}' if several else ''}",
        )
        for b in {(b.channel, b.kind): b for b in kept}.values()
    ]
    series = [Series("level", BLACK, "circle", 70, True, 2.2), *(_control_series(c) for c in classes)]
    title = "log-odds; right: yes, the first option, the letter A"
    step = 8 * len(series) + 12
    return rows_chart(lines, [_habit(b) for b in kept], series, 0.0, step=step, title=title)


def _habit(b: PooledBias) -> Mark:
    told = f"change against {control_words(b.who).name}" if b.change else "level"
    return Mark(
        f"{b.channel} {b.kind}",
        b.who if b.change else "level",
        b.estimate.estimate,
        *b.estimate.ci,
        f"preference for {_HABITS[b.kind]}, {told}: {with_interval(b.estimate)}",
    )


def sensitivity(rows: Sequence[SensitivityRow], titles: dict[str, str], order: Sequence[str]) -> Any:
    """Draw how far two opposite characters are told apart on each dimension, one series a channel."""
    channels = list(dict.fromkeys(r.channel for r in rows))
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
    series = [Series(c, *CHANNEL_MARKS.get(c, OTHER_MARK), 50) for c in channels]
    scale = "share of answers" if channels == ["open"] else "half contrast, log-odds"
    title = f"told to want it minus told not to ({scale})"
    return rows_chart(lines, marks, series, min(r.sesoi for r in rows), step=27, title=title)


def _passes(rows: Sequence[SensitivityRow], dimension: str) -> str:
    short = {
        "utterance": "own words", "self_report": "asked", "indirect": "choices", "open": "free answers",
        "internal": "inside",
    }  # fmt: skip
    mine = [r for r in rows if r.dimension == dimension]
    seen = [short.get(r.channel, r.channel) for r in mine if r.verdict == "pass"]
    return "sees: " + ", ".join(seen) if seen else "blind" if mine else ""
