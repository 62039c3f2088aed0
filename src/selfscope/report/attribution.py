"""The page of ``attribute``: the file itself, each line coloured by what it moves.

One file, offline, without scripts. A colour never stands alone: a line that moves something carries a sign,
the dimension's name and a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.report.palette import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION
from selfscope.report.template import page_style, template_environment
from selfscope.report.words import (
    channel_words,
    control_words,
    counted,
    interval,
    joined,
    lowered,
    number,
    p_value,
    sentence,
)
from selfscope.report.writing import write_page
from selfscope.values.attribution import (
    POOLED,
    Attribution,
    Effect,
    Interaction,
    LineEffects,
    RoleEffects,
    Shift,
    TracedDimension,
)

if TYPE_CHECKING:
    from jinja2 import Environment
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

#: Colours of the traced dimensions, in their order; further ones begin again and are told by their names.
COLOURS = (ORANGE, SKY, GREEN, PURPLE, VERMILLION, BLUE)
_MEANINGS: Mapping[Interaction, str] = {
    "works only with other lines": "left out of the whole file it matters more than alone among neutral "
    "lines: it needs others",
    "other lines do the same": "alone among neutral lines it matters more than when it is left out of the "
    "whole file: what it does, others do as well",
    "other lines turn it": "alone it moves one way, within the whole file the other",
}
#: Lines that a terminal shows at most, the strongest first to be kept.
_SHOWN = 20
#: Columns of a terminal for where a line stands, at most, and for that and its text together.
_PLACE, _WORDS = 18, 40


@dataclass(frozen=True)
class TracedView:
    """All that the page shows.

    Attributes
    ----------
    system
        The system prompt, in which every line has its span.
    model
        What the world calls it.
    runs
        Ids by what they did: choosing, judging.
    facts
        Further rows of how it came about: preset, seed, command, software, what it cost.
    """

    found: Attribution
    system: str
    model: str
    runs: Mapping[str, str | None]
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Tag:
    """What one line does to one dimension, beside the line."""

    sign: str
    words: str
    value: str
    colour: str


@dataclass(frozen=True)
class Stretch:
    """A stretch of the file: what stands between lines, or a line with its tags; `colour` "" for none."""

    text: str
    line: LineEffects | None = None
    tags: tuple[Tag, ...] = ()
    colour: str = ""
    against: bool = False


@dataclass(frozen=True)
class Page:
    """What the template is filled with."""

    view: TracedView
    sentences: tuple[str, ...]
    stretches: tuple[Stretch, ...]
    colours: Mapping[str, str] = field(default_factory=dict)


def write_attribution(view: TracedView, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path.

    Raises
    ------
    CouldNot
        If the file cannot be written.
    """
    return write_page(render_html(view), path)


def render_html(view: TracedView) -> str:
    """Return the page as HTML; all text of the identity is escaped."""
    from markupsafe import Markup

    style = page_style()
    page = Page(view, attribution_sentences(view), tuple(stretches(view)), _colours(view.found))
    template = _environment().get_template("attribution.html.j2")
    return template.render(
        page=page, view=view, found=view.found, style=Markup(style), meanings=_MEANINGS, place_of=place_of
    )


def attribution_sentences(view: TracedView) -> tuple[str, ...]:
    """Return the answer in sentences, the most important first."""
    found = view.found
    if not found.lines:
        place = channel_words(found.channel).place
        return (sentence(f"{place}, there is nothing to attribute to a line of {found.subject}"), found.why)
    said = [_headline(view)]
    said += [_line_sentence(found, line) for line in found.lines if line.effects[0].moves]
    said += [_interaction_sentence(found, line) for line in found.lines if line.effects[0].interaction]
    if found.total_shift is not None and found.sum_of_effects is not None:
        said.append(
            f"The whole file stands {_told(found.total_shift)} from the same file made of neutral lines; the "
            f"effects of its lines add up to {number(found.sum_of_effects.estimate)}"
        )
    said += [_role_sentence(found, role) for role in found.roles]
    return tuple(sentence(words) for words in (*said, *found.notes))


def stretches(view: TracedView) -> Iterator[Stretch]:
    """Yield the file from beginning to end, in stretches."""
    at, colours = 0, _colours(view.found)
    for line in view.found.lines:
        yield Stretch(view.system[at : line.start])
        tags = tuple(_tags(view.found, line, colours))
        strongest = tags[0].colour if tags else ""
        against = line.effects[0].effect < 0
        yield Stretch(view.system[line.start : line.end], line, tags, strongest, against)
        at = line.end
    yield Stretch(view.system[at:])


def render_attribution(view: TracedView) -> Group:
    """Return the summary for a terminal of 100 columns: the answer in sentences, and the lines."""
    from rich.console import Group
    from rich.text import Text

    found = view.found
    title = Text.assemble((found.subject, "bold"), " on ", (view.model, "bold"), ", line by line")
    said = [
        Text(words, style="bold" if n == 0 else "") for n, words in enumerate(attribution_sentences(view))
    ]
    parts: list[Text | Table] = [title, Text(""), *said]
    if found.lines:
        parts += [Text(""), _table(found)]
    return Group(*parts)


def _table(found: Attribution) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading, right in (("line", True), ("", False), ("effect", True), ("95 % interval", False),
                           ("q", True), ("left out", True), ("only this", True)):  # fmt: skip
        table.add_column(heading, justify="right" if right else "left", no_wrap=True)
    strongest = sorted(found.lines, key=lambda x: -abs(x.effects[0].effect))[:_SHOWN]
    widest = min(_PLACE, max(len(place_of(found, line)) for line in strongest))
    for line in (x for x in found.lines if x in strongest):
        e = line.effects[0]
        mark = "● " if e.moves else "  "
        table.add_row(
            place_of(found, line)[-widest:], Text(mark + _short(line.text, _WORDS - widest)),
            number(e.effect), interval(e.ci), _q(e), number(e.leave_one_out), number(e.only_this),
            style="bold" if e.moves else "",
        )  # fmt: skip
    return table


def place_of(found: Attribution, line: LineEffects) -> str:
    """Return where a line stands: its number, after the file's name where there are several files."""
    several = len({x.file for x in found.lines}) > 1
    return f"{line.file}:{line.line}" if several else str(line.line)


def _where(found: Attribution, line: LineEffects) -> str:
    several = len({x.file for x in found.lines}) > 1
    return f"line {line.line}{f' of {line.file}' if several else ''}"


def _q(effect: Effect) -> str:
    return (
        "" if effect.p_adjusted is None else p_value(effect.p_adjusted).removeprefix("p ").removeprefix("= ")
    )


def _headline(view: TracedView) -> str:
    found = view.found
    moving = [line for line in found.lines if line.effects[0].moves]
    place = channel_words(found.channel).place
    titles = joined([f"“{lowered(d.title)}”" for d in found.traced])
    count = counted(len(found.lines), "line")
    if not moving:
        return (
            f"{place}, none of the {count} of {found.subject} is shown to move {titles}; that is no finding "
            "that none does"
        )
    verb = "moves" if len(moving) == 1 else "move"
    which = f"{len(moving)} of the {count} of {found.subject}"
    return f"{place}, {which} {verb} what {view.model} makes of {titles} (a screening, q ≤ .05)"


def _line_sentence(found: Attribution, line: LineEffects) -> str:
    e = line.effects[0]
    way = "with" if e.effect > 0 else "against"
    size = f"{number(e.effect)} ({interval(e.ci)})"
    return (
        f"{_where(found, line)}, “{_short(line.text, 90)}”, moves them by {size}, "
        f"{way} the whole file: {joined([_in_words(found, x) for x in _large(found, line)])}"
    )


def _in_words(found: Attribution, effect: Effect) -> str:
    return f"{lowered(_title(found, effect.dimension))} {number(effect.effect)}"


def _interaction_sentence(found: Attribution, line: LineEffects) -> str:
    e = line.effects[0]
    said = f"{_where(found, line)}, “{_short(line.text, 40)}”, {_verb(e.interaction)}"
    return (
        f"{said}: {number(e.leave_one_out)} when it alone is left out, {number(e.only_this)} when it alone "
        "is kept"
    )


def _verb(interaction: Interaction) -> str:
    return {
        "works only with other lines": "works only with other lines",
        "other lines do the same": "does what other lines do as well",
        "other lines turn it": "is turned round by other lines",
    }.get(interaction, "")


def _role_sentence(found: Attribution, role: RoleEffects) -> str:
    e = role.effects[0]
    moves = "moves" if e.moves else "is not shown to move"
    tail = f"; {e.interaction}" if e.interaction else ""
    size = f"{number(e.effect)} ({interval(e.ci)})"
    return f"the role {role.role} ({counted(role.lines, 'line')}) {moves} them: {size}{tail}"


def _told(shift: Shift) -> str:
    return f"{number(shift.estimate)} ({interval(shift.ci)})"


def _large(found: Attribution, line: LineEffects) -> list[Effect]:
    """Return the single dimensions in which a line does at least half of what would matter, largest first."""
    each = [e for e in line.effects if e.dimension != POOLED and abs(e.effect) >= found.sesoi / 2]
    return sorted(each, key=lambda e: -abs(e.effect))


def _tags(found: Attribution, line: LineEffects, colours: Mapping[str, str]) -> Iterator[Tag]:
    if not line.effects[0].moves:
        return
    for e in _large(found, line):
        title = lowered(_title(found, e.dimension))
        yield Tag("▲" if e.effect > 0 else "▼", title, number(e.effect), colours[e.dimension])


def _colours(found: Attribution) -> dict[str, str]:
    return {d.dimension: COLOURS[n % len(COLOURS)] for n, d in enumerate(found.traced)}


def _title(found: Attribution, dimension: str) -> str:
    known: dict[str, TracedDimension] = {d.dimension: d for d in found.dimensions}
    return known[dimension].title or dimension


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {
        "number": number,
        "interval": interval,
        "p": p_value,
        "channel": channel_words,
        "control": control_words,
        "sentence": sentence,
        "lowered": lowered,
    }
    return environment
