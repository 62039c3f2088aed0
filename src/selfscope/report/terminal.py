"""The terminal summary: a compact table with verdicts in words, and a few plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from selfscope.report.agreement import agreement_lines
from selfscope.report.cluster import cluster_lines
from selfscope.report.directions import direction_words
from selfscope.report.exchange import exchange_lines
from selfscope.report.palette import VERDICT_MARKS
from selfscope.report.sentences import level_sentence
from selfscope.report.standing import Standing, ordered_dimensions, standings
from selfscope.report.summary import channel_sentences, headline_clauses, limits
from selfscope.report.trained import HEADING, trained_lines
from selfscope.report.view import RunView
from selfscope.report.words import channel_words, number, sentence

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

_WIDTH = 100
#: Channels beside each other with their intervals; more of them go without, to fit.
_WITH_INTERVALS = 2
_STYLES = {
    "shifted": "bold",
    "bias only": "bold",
    "equivalent": "",
    "inconclusive": "",
    "not interpretable": "dim",
}


def render_summary(view: RunView) -> Group:
    """Return the summary of a run, for rich: the verdict, the table, channels alone and side by side.

    Fits 100 columns. Nothing depends on colour: verdicts are words with a sign.
    """
    from rich.console import Group
    from rich.text import Text

    parts: list[Text | Table] = [_title(view), Text("")]
    for clause in headline_clauses(view):
        parts.append(Text.assemble((sentence(clause.lead), "bold"), " ", sentence(clause.detail)))
    if view.findings:
        parts += [Text(""), _table(view)]
    parts += [Text(f"· {said}") for said in _sentences(view)]
    if beside := agreement_lines(view.agreement, view.title):
        parts += [Text(""), Text("Do the channels agree?", "bold"), *map(Text, beside)]
    if worth := exchange_lines(view):
        parts += [Text(""), Text("What is it worth?", "bold"), *map(Text, worth)]
    if inside := direction_words(view.directions):
        parts += [Text(""), Text("Do the directions hold?", "bold"), *map(Text, inside)]
    if together := cluster_lines(view):
        parts += [Text(""), Text("Do the dimensions travel together?", "bold"), *map(Text, together)]
    if trained := trained_lines(view):
        parts += [Text(""), Text(HEADING, "bold"), *map(Text, trained)]
    return Group(*parts)


def _title(view: RunView) -> Text:
    from rich.text import Text

    name = "no identity" if view.subject.name == "none" else view.subject.name
    title = Text.assemble((name, "bold"), " on ", (view.manifest.model, "bold"))
    if view.baseline is not None:
        title.append(f", compared with {view.baseline.name}")
    title.append(f"  ({view.manifest.preset}, seed {view.manifest.seed})", "dim")
    return title


def _table(view: RunView) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, width=None, show_edge=False, padding=(0, 1))
    table.add_column("dimension", max_width=28 if len(view.channels) > 1 else 46)
    found = {c: {s.dimension: s for s in standings(view, c)} for c in view.channels}
    for channel in view.channels:
        table.add_column(channel_words(channel).heading, max_width=36, no_wrap=True)
    for name in ordered_dimensions(view):
        if any(name in rows for rows in found.values()):
            wide = len(found) <= _WITH_INTERVALS
            cells = [_cell(rows.get(name), wide) for rows in found.values()]
            table.add_row(_name(view, name), *cells)
    return table


def _name(view: RunView, name: str) -> Text:
    from rich.text import Text

    dimension = view.dimension(name)
    check = dimension is not None and dimension.manipulation_check
    return Text(view.title(name) + (" (check)" if check else ""))


def _cell(standing: Standing | None, wide: bool) -> Text:
    """Return a verdict with its number; without one where a number would be read as a finding."""
    from rich.text import Text

    if standing is None:
        return Text("not asked", style="dim")
    sign = VERDICT_MARKS[standing.verdict][1]
    cell = Text(f"{sign} {standing.verdict}", style=_STYLES[standing.verdict])
    if standing.verdict != "not interpretable":
        low, high = standing.primary.ci
        interval = f" [{number(low)}, {number(high)}]" if wide else ""
        cell.append(f" {number(standing.primary.estimate)}{interval}", "not bold")
    return cell


def _sentences(view: RunView) -> list[str]:
    """Return three to six sentences: what each channel says beyond the headline, and the first limits."""
    said = [text for c in view.channels if view.findings for text in channel_sentences(view, c)[1:]]
    said += [level_sentence(f, view.title(f.dimension), view.manifest.model) for f in view.levels]
    said = said[: max(4, len(view.levels))]
    spoken = limits(view)
    own = [text for text in spoken if "not whether it wants" in text]
    return [*said, *own, *(f"Warning: {warning}" for warning in view.warnings[:1])]
