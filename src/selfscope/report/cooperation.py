"""The page of ordinary tasks: what each arm did, against the margin, by kind, and every reply to read.

One file, offline, without scripts. It links to Inspect's logs beside it, and to nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from selfscope.report.cooperation_chart import arms_svg, differences_svg
from selfscope.report.lineage import visible
from selfscope.report.meanings import note_in_words
from selfscope.report.template import page_style, template_environment, trusted
from selfscope.report.words import counted, number, p_value, sentence
from selfscope.report.writing import write_page
from selfscope.values import Estimate
from selfscope.values.cooperation import Cooperation

if TYPE_CHECKING:
    from jinja2 import Environment
    from rich.console import Group
    from rich.table import Table

Standing = Literal["within", "too hard", "too easy"]
#: Sign and word of each outcome of a reply.
SIGNS: Mapping[str, tuple[str, str]] = {
    "right": ("✓", "right"),
    "wrong": ("✗", "wrong"),
    "refused": ("⊘", "declined"),
    "empty": ("–", "empty"),
}


@dataclass(frozen=True)
class Reply:
    """What was said, what it counts as (a key of :data:`SIGNS`), and how often it was said."""

    text: str
    outcome: str
    times: int = 1


@dataclass(frozen=True)
class TaskReplies:
    """One task with all replies to it.

    Attributes
    ----------
    answer
        What is right.
    standing
        Whether the bare ground's share lies within the range.
    chosen_by
        Replies of the bare ground by which that was seen.
    arms
        Replies of each arm; empty for a task that is left out.
    """

    id: str
    kind: str
    text: str
    answer: str
    standing: Standing
    chosen_by: tuple[Reply, ...]
    arms: Mapping[str, tuple[Reply, ...]]


@dataclass(frozen=True)
class CooperationView:
    """All that the page shows.

    Attributes
    ----------
    model
        What the world calls it.
    draws
        Replies drawn a task and arm.
    texts
        System prompt of each arm, None for none.
    logs
        Inspect's log of each arm, and of the choice of tasks, relative to the page.
    facts
        Rows of how it came about.
    """

    found: Cooperation
    subject: str
    model: str
    margin: float
    draws: int
    tasks: tuple[TaskReplies, ...]
    texts: Mapping[str, str | None]
    logs: Mapping[str, str]
    facts: tuple[tuple[str, str], ...] = ()


def write_cooperation(view: CooperationView, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path.

    Raises
    ------
    CouldNot
        If the file cannot be written.
    """
    return write_page(cooperation_html(view), path)


def cooperation_html(view: CooperationView) -> str:
    """Return the page as HTML; all text of replies and identities is escaped."""
    found = view.found
    style = page_style()
    return (
        _environment()
        .get_template("cooperation.html.j2")
        .render(
            view=view,
            found=found,
            sentences=cooperation_sentences(view),
            style=trusted(style),
            arms=trusted(arms_svg(found.arms)) if found.arms else "",
            differences=trusted(differences_svg(found.comparisons)) if found.comparisons else "",
            kinds=[kind for kind in found.tasks.by_kind if any(t.kind == kind for t in view.tasks)],
        )
    )


def cooperation_sentences(view: CooperationView) -> tuple[str, ...]:
    """Return the answer in sentences, the claim first, how many tasks there are last."""
    return (*(each.sentence for each in view.found.comparisons), counts_sentence(view))


def counts_sentence(view: CooperationView) -> str:
    """Return how many tasks the comparison rests on, and how many were left out."""
    tasks = view.found.tasks
    return (
        f"{counted(tasks.within, 'task')} of {tasks.bank} lie between 20 and 90 percent on the bare model "
        f"({tasks.draws} draws each, which serve nothing else); {tasks.too_hard} are harder and "
        f"{tasks.too_easy} easier, and left out."
    )


def chosen_sentence(view: CooperationView) -> str:
    """Return what choosing and comparing by the same draws would have flattered the bare model by, or ""."""
    bare = [arm for arm in view.found.arms if arm.role == "none"]
    chosen = view.found.tasks.right_when_chosen
    if not bare or not math.isfinite(chosen):
        return ""
    fresh = bare[0].success.estimate
    return (
        f"In the draws that chose them these tasks were right {100 * chosen:.1f} % of the time, in fresh "
        f"draws of the same bare model {100 * fresh:.1f} %: choosing and comparing by the same draws would "
        f"have shifted the bare model by {number(100 * (chosen - fresh), 1)} points."
    )


def render_cooperation(view: CooperationView) -> Group:
    """Return the summary for a terminal of 100 columns."""
    from rich.console import Group
    from rich.text import Text

    found = view.found
    tables = [_by_arm(found), _by_kind(found)] if found.arms else []
    lines = (*(each.sentence for each in found.comparisons), *found.warnings)
    return Group(Text(counts_sentence(view)), *tables, *(Text(line) for line in lines))


def _by_arm(found: Cooperation) -> Table:
    """Return what each arm did: right, declined, empty, in percent of all replies."""
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table("percent of replies", "right", "95 %", "declined", "95 %", "empty", box=SIMPLE)
    for arm in found.arms:
        shares = (x for share in (arm.success, arm.refused) for x in (percent(share), percent_ci(share)))
        table.add_row(arm.name, *shares, f"{100 * arm.empty:.1f}")
    return table


def _by_kind(found: Cooperation) -> Table:
    """Return the percent of right replies by kind of task, with the number of tasks."""
    from rich.box import SIMPLE
    from rich.table import Table

    kinds = {kind: count for kind, count in found.tasks.by_kind.items() if count}
    table = Table("right, by kind (tasks)", *(f"{k} ({n})" for k, n in kinds.items()), box=SIMPLE)
    for arm in found.arms:
        table.add_row(arm.name, *(percent(arm.by_kind[kind]) for kind in kinds))
    return table


def percent(share: Estimate) -> str:
    """Return a share in percent; a dash where there is none."""
    return f"{100 * share.estimate:.1f}" if math.isfinite(share.estimate) else "–"


def percent_ci(share: Estimate) -> str:
    """Return the interval of a share in percent; a dash where there is none."""
    low, high = share.ci
    return f"{100 * low:.1f} to {100 * high:.1f}" if math.isfinite(low) and math.isfinite(high) else "–"


def _shown(text: str) -> str:
    """Return a text with every character that is not seen as a box; its lines stay lines."""
    return "\n".join(visible(line) for line in text.split("\n"))


def _points(value: float) -> str:
    return number(100 * value, 1)


def _points_ci(share: Estimate) -> str:
    low, high = share.ci
    return f"{_points(low)} to {_points(high)}" if math.isfinite(low) else "–"


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {
        "visible": _shown, "percent": percent, "percent_ci": percent_ci, "points": _points,
        "points_ci": _points_ci, "p": p_value, "sentence": sentence, "note": note_in_words,
    }  # fmt: skip
    environment.globals |= {"signs": SIGNS, "chosen_sentence": chosen_sentence}
    return environment
