"""Where variance lies, in sentences, in a table and on a page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.report.template import page_style, template_environment
from selfscope.report.where_chart import components_chart, legend_of, shares_chart
from selfscope.report.words import counted, interval, joined, magnitude, number, p_value, sentence
from selfscope.report.writing import write_page
from selfscope.values.variance import Component, FacetTold, LatentShare, Located, UnitScore

if TYPE_CHECKING:
    from jinja2 import Environment

#: Analyses up to which a terminal shows every component.
_WHOLE = 3
#: Components that a sentence names beside the object's.
_NAMED = 2
#: Facets that can be counted by their names, with their plurals.
_PLURALS = {
    name: f"{name}s"
    for name in ("character", "ground", "script", "thread", "regeneration", "collective", "item")
} | {"family": "families", "counterparty": "counterparties"}


def title_of(found: Located) -> str:
    """Return what was analysed, in words: ``memory (utterance): trait``."""
    of = dict(found.of)
    score = of.pop("score", of.pop("value", ""))
    if "construct" in of:
        head, channel = of.pop("construct"), of.pop("channel", "")
        head = f"{head} ({channel})" if channel else head
        rest = ", ".join(of.values())
        return f"{head}: {score}" + (f", {rest}" if rest else "")
    where = ", ".join(f"{k} {v}" for k, v in of.items())
    return f"{score}, {where}" if where else score


def short_titles(found: Sequence[Located]) -> list[str]:
    """Return titles without the score and the channel that all have in common."""
    titles = [title_of(f) for f in found]
    scores = {f.of.get("score", "") for f in found}
    channels = {f.of.get("channel", "") for f in found}
    if len(found) > 1 and len(scores) == 1:
        titles = [t.removesuffix(f": {next(iter(scores))}") for t in titles]
    return [t.replace(f" ({next(iter(channels))})", "") if len(channels) == 1 else t for t in titles]


def percent(share: float) -> str:
    """Return a share in percent; a dash where there is none."""
    return f"{100 * share:.0f} %" if math.isfinite(share) else "–"


def span(ci: Sequence[float], scale: float = 100, digits: int = 0) -> str:
    """Return ``3 to 40``; empty where there is no interval."""
    if not all(map(math.isfinite, ci)):
        return ""
    return f"{scale * ci[0]:.{digits}f} to {scale * ci[1]:.{digits}f}".replace("-", "−")


def share_sentence(found: Located) -> str:
    """Say how much lies in the object, and where most lies."""
    own = next(c for c in found.components if c.facets == (found.score.unit,))
    rest = sorted(
        (c for c in found.components if c is not own and c.share > 0), key=lambda c: c.share, reverse=True
    )
    named = joined([f"{percent(c.share)} in {spelled(c)}" for c in rest[:_NAMED]])
    obj = found.score.unit
    whole = f"what differs between levels of {obj}" if found.differences else "the variance of one value"
    lies = f"{percent(own.share)} of {whole} lies in {spelled(own)} ({span(own.share_ci)} %)"
    return sentence(f"{lies}; most of the rest: {named}" if named else lies)


def spelled(component: Component) -> str:
    """Return a component's name with what the highest term holds besides."""
    return f"{component.name} and error" if component.residual and not component.fixed else component.name


def test_words(c: Component) -> str:
    """Return a component's permutation in words: its p, or why there is none."""
    if c.not_estimable:
        return "not estimable: one level"
    if c.structural_zero:
        return "zero by construction, no finding"
    if math.isfinite(c.p_permutation):
        return p_value(c.p_permutation)
    if math.isfinite(c.p_min):
        return f"cannot be tested (least p {c.p_min:.2f})".replace("0.", ".")
    return "–"


def score_sentence(score: UnitScore) -> str:
    """Say how well a unit's levels are told apart."""
    if score.why_not:
        return sentence(f"{score.unit}: no coefficient, {score.why_not}")
    inside = f" within {joined(list(score.within))}" if score.within else ""
    alone = "; these levels alone, they are fixed" if score.fixed else ""
    return sentence(
        f"{score.unit}{inside}: Eρ² {number(score.g).lstrip('+')} ({interval(score.g_ci).replace('+', '')}), "
        f"Φ {number(score.phi).lstrip('+')} ({interval(score.phi_ci).replace('+', '')})"
        f"{_truncated(score)}{alone}"
    )


def _truncated(score: UnitScore) -> str:
    """Return what was taken as zero in the coefficients; empty where nothing was."""
    if not score.truncated:
        return ""
    what = "an error" if score.g > 0 else "its"
    return f"; {what} variance is estimated below zero and counts as zero"


def needed_sentence(found: Located) -> str:
    """Say what it takes to tell two objects apart."""
    unit, target = found.score.unit, magnitude(found.target)
    if not found.d_study:
        return sentence("no other numbers of conditions were tried")
    if found.needed is None:
        return sentence(f"no design that was tried tells {_levels(2, unit)} apart at {target}")
    numbers = sorted(found.needed.numbers.items(), key=lambda each: each[0] != "item")
    asked = joined([_levels(n, f) for f, n in numbers])
    beyond = ", an extrapolation beyond 4 times what was observed" if found.needed.extrapolated else ""
    return sentence(
        f"to tell {_levels(2, unit)} apart at {target}, ask {asked} "
        f"({counted(found.needed.observations, 'value')} each){beyond}"
    )


def _levels(n: int, facet: str) -> str:
    """Return ``3 items`` of our own facets, ``3 levels of who`` of a stranger's."""
    if facet in _PLURALS:
        return counted(n, facet, _PLURALS[facet])
    return f"{counted(n, 'level')} of {facet}"


def floor_sentence(found: Located) -> str:
    """Say what differs between repetitions; empty where nothing was repeated."""
    if found.noise_floor is None:
        return ""
    c = found.noise_floor
    if c.structural_zero or c.not_estimable:
        return sentence(f"noise floor: none, {test_words(c)}")
    return sentence(
        f"noise floor, {c.name}: variance {number(c.variance, 3).lstrip('+')}, "
        f"{percent(c.share)} of that of one value"
    )


def latent_sentence(found: Located) -> str:
    """Say how 0/1 values lie on the latent scale; empty of other values."""
    told = [each for each in found.latent if math.isfinite(each.share)]
    if not told:
        return ""
    parts = [f"{percent(c.share)}{_within(c.share_ci)} in {_latent_name(c)}" for c in told]
    empty = any(not c.answer and c.share_ci[0] <= 0 for c in told)
    may = "; a share is never below 0, so one whose interval begins there may be none" if empty else ""
    return sentence(f"on the latent scale (log-odds, one answer π²/3): {joined(parts)}{may}")


def _within(ci: Sequence[float]) -> str:
    return f" ({span(ci)})" if span(ci) else ""


def _latent_name(c: LatentShare) -> str:
    return f"the answer itself and {c.name}" if c.answer else c.name


def cut_sentence(found: Located) -> str:
    """Say how much negative estimates would take off the sum of shares; empty where there are none."""
    if not found.cut > 0:
        return ""
    return sentence(f"left out of the shares as negative: {100 * found.cut:.1f} % of the sum of the others")


def where_lines(found: Sequence[Located]) -> Iterator[str]:
    """Yield what a terminal shows: every component of a few analyses, a line each of many."""
    for each in found:
        if len(found) > _WHOLE:
            yield f"{title_of(each)}. {share_sentence(each)} {score_sentence(each.score)}"
            continue
        yield f"{title_of(each)}: {counted(each.observations, 'value')}"
        yield from component_lines(each.components)
        yield share_sentence(each)
        yield from (score_sentence(u) for u in each.units)
        yield needed_sentence(each)
        yield from filter(None, [floor_sentence(each), cut_sentence(each), latent_sentence(each)])
    for note in dict.fromkeys(n for each in found for n in each.notes):
        yield sentence(note)


def component_lines(components: Sequence[Component]) -> Iterator[str]:
    """Yield components as rows of fixed columns."""
    width = max(len(spelled(c)) for c in components)
    yield f"{'':{width}}  {'df':>6}  {'variance':>10}  {'95 %':>22}  {'share':>6}  {'F test':>9}  exchange"
    for c in components:
        shown = c.not_estimable or c.structural_zero
        ci = "" if shown else span(c.ci, 1, 4)
        p = p_value(c.p).removeprefix("p ") if math.isfinite(c.p) else "–"
        variance = "–" if c.not_estimable else f"{c.variance:.4f}".replace("-", "−")
        df = f"{c.df:.0f}" if math.isfinite(c.df) else "–"
        yield (
            f"{spelled(c):{width}}  {df:>6}  {variance:>10}  {ci:>22}  {percent(c.share):>6}  "
            f"{p + ('*' if c.quasi else ''):>9}  {test_words(c)}{'  fixed' if c.fixed else ''}"
        )


def write_where(found: Sequence[Located], source: str, command: str, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path.

    Parameters
    ----------
    source
        The run or the table.
    command
        What was typed.

    Raises
    ------
    CouldNot
        If the file cannot be written.
    """
    return write_page(render_where(found, source, command), path)


def render_where(found: Sequence[Located], source: str, command: str) -> str:
    """Return the page as HTML; all text of the table is escaped."""
    from markupsafe import Markup

    style = page_style()
    return str(
        _environment()
        .get_template("where.html.j2")
        .render(
            found=found,
            source=source,
            command=command,
            style=Markup(style),
            shares=Markup(shares_chart(found, short_titles(found))),
            legend=[(Markup(svg), words) for svg, words in legend_of(found)],
            parts=[_part(f, n) for n, f in enumerate(found)],
            lead=share_sentence(found[0]) if len(found) == 1 else _many(found),
            notes=[sentence(n) for n in dict.fromkeys(n for each in found for n in each.notes)],
        )
    )


@cache
def _environment() -> Environment:
    return template_environment()


def _part(found: Located, n: int) -> dict[str, Any]:
    """Return what one section shows."""
    from markupsafe import Markup

    whole = "what differs between objects" if found.differences else "the variance of one value"
    rows = [
        (
            spelled(c),
            f"{c.df:.0f}" if math.isfinite(c.df) else "–",
            "–" if c.not_estimable else f"{c.variance:.4g}".replace("-", "−"),
            "" if c.structural_zero else span(c.ci, 1, 3),
            percent(c.share),
            span(c.share_ci),
            (p_value(c.p) if math.isfinite(c.p) else "–") + (" (quasi)" if c.quasi else ""),
            test_words(c),
            "fixed" if c.fixed else "",
        )
        for c in found.components
    ]
    decision = [
        (
            ", ".join(f"{f} {x}" for f, x in r.numbers.items()),
            f"{r.observations:,}",
            f"{r.g:.2f} ({span(r.g_ci, 1, 2)})",
            f"{r.phi:.2f} ({span(r.phi_ci, 1, 2)})",
            "beyond 4 × observed" if r.extrapolated else "",
        )
        for r in found.d_study
    ]
    return {
        "title": title_of(found),
        "whole": whole,
        "lead": share_sentence(found),
        "chart": Markup(components_chart(found, f"c{n}")),
        "rows": rows,
        "units": [score_sentence(u) for u in found.units],
        "needed": needed_sentence(found),
        "floor": " ".join(filter(None, [floor_sentence(found), cut_sentence(found), latent_sentence(found)])),
        "facets": sentence("; ".join(facet_words(f) for f in found.facets)),
        "decision": decision,
    }


def facet_words(facet: FacetTold) -> str:
    """Return a facet in words: ``4 threads within character, random``."""
    inside = f" within {joined(list(facet.nested))}" if facet.nested else ""
    asked = " by request" if facet.by_request else ""
    return f"{facet.name}: {counted(facet.levels, 'level')}{inside}, {facet.kind}{asked}"


def _many(found: Sequence[Located]) -> str:
    """Say in how many analyses the object is surely more than nothing."""
    unit = found[0].score.unit
    sure = sum(
        1 for f in found for c in f.components if c.facets == (unit,) and math.isfinite(c.p) and c.ci[0] > 0
    )
    return sentence(
        f"in {sure} of {counted(len(found), 'analysis', 'analyses')} the interval of {unit}’s component lies "
        "above zero; intervals are of each analysis by itself"
    )
