"""What stands on the page, section by section, before any HTML."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from selfscope.report import figures, trained
from selfscope.report.agreement import agreement_part, difference_words, how_words, noun, word_chip
from selfscope.report.checked import profile_words, reliability_words, sensitivity_words
from selfscope.report.cluster import cluster_parts
from selfscope.report.directions import direction_parts, direction_words
from selfscope.report.exchange import exchange_part, span
from selfscope.report.free_answers import OPEN, AnswerRow, free_answers
from selfscope.report.items import Answered, ItemTables
from selfscope.report.meanings import MEANINGS
from selfscope.report.palette import CHANNEL_MARKS, CONTROL_MARKS, OTHER_MARK, VERDICT_MARKS
from selfscope.report.sentences import level_sentence, standing_sentence
from selfscope.report.standing import Standing, checks, ordered_dimensions, standings, standings_of, tally
from selfscope.report.summary import (
    channel_sentences,
    headline,
    headline_clauses,
    limits,
    pooled_bias_words,
)
from selfscope.report.svg import figure_svg
from selfscope.report.trained import trained_rows
from selfscope.report.view import OutcomeRow, PhantomExample, RunView
from selfscope.report.words import channel_words
from selfscope.values import Dimension, Finding, plain, short
from selfscope.values.finding import MOST_APART
from selfscope.values.study import BIAS

_LONGEST_TEXT = 20_000
#: Biases of channels that put no question: no habits of answering.
UNASKED = ("fluency", "going_along")
#: What B is called where two outcomes are compared.
LETTERS = BIAS["indirect"]


@dataclass(frozen=True)
class ChannelPart:
    """One channel on the page: where every dimension stands, its figures and its sentences."""

    name: str
    words: Any
    found: tuple[Standing, ...]
    tally: dict[str, int]
    sentences: tuple[str, ...]
    sesoi: float
    forest: Any
    bias: Any
    bias_words: str


@dataclass(frozen=True)
class DimensionPart:
    """One dimension on the page, with its rows in every channel and the answers behind them."""

    name: str
    title: str
    dimension: Dimension | None
    channels: tuple[tuple[Standing, str, Answered | None], ...]
    written: tuple[AnswerRow, ...] = ()


def page_content(view: RunView) -> dict[str, Any]:
    """Return everything that the template shows, by name."""
    titles = {name: view.title(name) for name in ordered_dimensions(view)}
    tables = ItemTables(view)
    asked = (*view.channels, *(r.channel for r in view.sensitivity))
    return {
        "view": view,
        "titles": titles,
        "clauses": headline_clauses(view),
        "headline": headline(view),
        "limits": limits(view),
        "channels": tuple(_channel(view, c, titles) for c in view.channels if view.findings),
        "levels": _levels(view, titles),
        "controls_shown": _controls_shown(view.findings),
        "habits": _habits(view),
        "habit_classes": tuple(
            dict.fromkeys(b.who for b in view.biases if b.change and b.kind not in UNASKED)
        ),
        "sensitivity_said": [
            sensitivity_words(view.sensitivity, c) for c in dict.fromkeys(r.channel for r in view.sensitivity)
        ],
        "sensitivity_figures": _sensitivity(view, titles),
        "checked_channels": tuple(
            (c, *CHANNEL_MARKS.get(c, OTHER_MARK)) for c in dict.fromkeys(r.channel for r in view.sensitivity)
        ),
        "reliability_said": reliability_words(view),
        "profile_said": profile_words(view),
        "standings_shown": tuple(r for r in view.reliability if r.here),
        "exchange": exchange_part(view),
        "span": span,
        "directions": direction_parts(view),
        "directions_said": direction_words(view.directions),
        "unit_words": _unit_words({f.channel for f in view.findings}),
        "clusters": cluster_parts(view),
        "side_by_side": agreement_part(view, _svg),
        "agreeing": {"how": how_words, "noun": noun, "chip": word_chip, "difference": difference_words},
        "cluster_limits": tuple(dict.fromkeys(said for f in view.cluster for said in f.limits)),
        "lost": _lost(view),
        "drawn": _drawn(view),
        "twins": all(s.twin for d in view.dimensions for s in d.statements),
        "keyings": all({s.keyed for s in d.statements} == {1, -1} for d in view.dimensions),
        "phantoms": tuple(_phantom(p, n, titles) for n, p in enumerate(view.phantoms)),
        "trainings": tuple((t, trained_rows(view, t)) for t in view.trainings),
        "trained_heading": trained.HEADING,
        "trained_distance": trained.DISTANCE,
        "dimensions": tuple(_dimension(view, n, t, tables) for n, t in titles.items()),
        "classes": tables.classes,
        "manifest": manifest_json(view),
        "meanings": MEANINGS,
        "verdict_marks": VERDICT_MARKS,
        "chooses": any(channel_words(c).bias == LETTERS for c in asked),
        "most_apart": MOST_APART,
        "mark_of": lambda control: CONTROL_MARKS.get(control, OTHER_MARK),
        "short": short,
        "cut": cut_text,
        "finite": math.isfinite,
    }


def _channel(view: RunView, channel: str, titles: dict[str, str]) -> ChannelPart:
    found = standings(view, channel)
    sesoi = found[0].primary.sesoi if found else math.nan
    words = channel_words(channel)
    return ChannelPart(
        channel,
        words,
        found,
        tally(found),
        channel_sentences(view, channel),
        sesoi,
        _svg(
            figures.forest(found, titles, sesoi),
            f"forest-{channel}",
            f"{words.heading}: the change on every dimension with its interval, against each control. "
            "The table of verdicts and the table of numbers say the same.",
        ),
        None
        if channel == OPEN
        else _svg(
            figures.trait_and_bias(found, titles, sesoi),
            f"bias-{channel}",
            f"{words.heading}: the change in the trait beside that in {words.bias}, on every dimension.",
        ),
        pooled_bias_words(view, channel),
    )


def _svg(chart: Any, name: str, label: str) -> Any:
    """Return a figure as markup; its texts are escaped by the XML writer."""
    from markupsafe import Markup

    return Markup(figure_svg(chart, name, label))


def _habits(view: RunView) -> Any:
    """Return the figure of habits of answering, or None where a run has none."""
    if not any(not b.change and b.kind not in UNASKED for b in view.biases):
        return None
    label = "Habits of answering, pooled over dimensions: agreeing, the first option, the letter A."
    return _svg(figures.pooled_biases(view.biases), "habits", label)


def _sensitivity(view: RunView, titles: dict[str, str]) -> tuple[Any, ...]:
    """Return the figures of the sensitivity checks: log-odds in one, shares of answers in another."""
    label = "Sensitivity check: how far two opposite characters are told apart on every dimension."
    known = [r for r in view.sensitivity if r.dimension in titles]
    parts = ([r for r in known if (r.channel == OPEN) == shares] for shares in (False, True))
    return tuple(
        _svg(figures.sensitivity(rows, titles, tuple(titles)), f"sensitivity-figure-{n}", label)
        for n, rows in enumerate(parts)
        if rows
    )


def _lost(view: RunView) -> tuple[OutcomeRow, ...]:
    """Return what became of the answers, of each channel in which some could not be read."""
    channels = {row.channel for row in view.outcomes if row.lost}
    return tuple(row for row in view.outcomes if row.channel in channels)


def _drawn(view: RunView) -> bool:
    """Whether answers were drawn, and not read off as log-odds."""
    return view.observations is not None and bool((view.observations["scale"] == "agreement").any())


def _phantom(example: PhantomExample, index: int, titles: dict[str, str]) -> dict[str, Any]:
    channel = example.findings[0].channel if example.findings else ""
    names = tuple(dict.fromkeys(f.dimension for f in example.findings))
    found = standings_of(example.findings, channel, names, frozenset())
    shown = {n: titles.get(n, n) for n in names}
    sesoi = found[0].primary.sesoi if found else 0.5
    label = f"Phantom, {example.name}: trait and {channel_words(channel).bias} on every dimension."
    chart = figures.trait_and_bias(found, shown, sesoi, linked=False)
    return {
        "example": example,
        "channel": channel,
        "found": found,
        "titles": shown,
        "figure": _svg(chart, f"phantom-{index}", label) if found else "",
    }


def _levels(view: RunView, titles: dict[str, str]) -> tuple[tuple[str, Any], ...]:
    """Return a figure for every channel whose levels can be read: not where they contain fluency."""
    drawn = []
    for channel in dict.fromkeys(f.channel for f in view.levels):
        words = channel_words(channel)
        if words.bias != "fluency":
            found = _level_standings(view, channel, tuple(titles))
            chart = figures.levels(found, titles)
            label = f"{words.heading}: where the model stands on every dimension, with its interval."
            drawn.append((channel, _svg(chart, f"levels-{channel}", label)))
    return tuple(drawn)


def _level_standings(view: RunView, channel: str, names: tuple[str, ...]) -> tuple[Standing, ...]:
    return standings_of(view.levels, channel, names, checks(view))


def _dimension(view: RunView, name: str, title: str, tables: ItemTables) -> DimensionPart:
    parts = []
    for channel in view.channels:
        for s in standings_of(view.findings, channel, (name,), checks(view)):
            said = standing_sentence(s, title, view.subject.name)
            parts.append((s, said, None if channel == OPEN else tables.answered(name, channel)))
        for s in _level_standings(view, channel, (name,)):
            said = level_sentence(s.primary, title, view.manifest.model)
            parts.append((s, said, None if channel == OPEN else tables.answered(name, channel)))
    return DimensionPart(name, title, view.dimension(name), tuple(parts), free_answers(view, name))


def _controls_shown(findings: Sequence[Finding]) -> tuple[str, ...]:
    known = [c for c in CONTROL_MARKS if any(f.control == c for f in findings)]
    return (*known, *dict.fromkeys(f.control for f in findings if f.control not in known))


def cut_text(text: str, limit: int = _LONGEST_TEXT) -> str:
    """Return a text as a page shows it: the beginning, with what was left out counted."""
    return text if len(text) <= limit else f"{text[:limit]}\n… and {len(text) - limit:,} characters more"


def manifest_json(view: RunView) -> str:
    """Return the whole manifest as JSON, as a page shows it."""
    parts: dict[str, Any] = {"run": plain(view.manifest)}
    if view.baseline_manifest is not None:
        parts = {"run_b": parts["run"], "run_a": plain(view.baseline_manifest)}
    return json.dumps(parts if len(parts) > 1 else parts["run"], indent=1, ensure_ascii=False, default=str)


def _unit_words(channels: AbstractSet[str]) -> str:
    """Say what a change is measured in, in each of the channels that have findings."""
    others = {
        OPEN: "in free answers a difference of shares",
        "internal": "a distance inside, in spreads of the direction",
    }
    parts = [words for name, words in others.items() if name in channels]
    asked = ["a half contrast in log-odds"] if channels - set(others) else []
    return ", ".join(asked + parts)
