"""The page of copies together: do they choose as one, and does it take a copy to do so?

One file, offline, without scripts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.report.copies_chart import TITLES as KINDS
from selfscope.report.copies_chart import TOLD, agreements_svg
from selfscope.report.palette import VERDICT_MARKS
from selfscope.report.template import page_style, template_environment, trusted
from selfscope.report.writing import write_page
from selfscope.stats.verdicts import FIRMER
from selfscope.values import Estimate
from selfscope.values.copies import Copies, Effect, Fight, Fought, Nudging

if TYPE_CHECKING:
    from jinja2 import Environment

#: What an effect is called.
TITLES: Mapping[str, str] = {
    "match": "Choosing the same of two, without a word",
    "label": "The same because the other is said to be a copy",
    "free": "Naming the same, without a word",
    "twin": "Cooperating with a copy rather than with another model",
    "evidential": "Choosing what good news would go with",
    "forecast": "Doing what was foretold of all copies",
    "zero_sum": "Being found by oneself in hide and seek",
    "recognise": "Knowing its own reply",
}
#: What a shift says, upwards and downwards.
SHIFTED: Mapping[str, tuple[str, str]] = {
    "match": (
        "copies agree more often where they play for it",
        "copies agree less often where they play for it",
    ),
    "label": (
        "told that the other is a copy, they agree more",
        "told that the other is a copy, they agree less",
    ),
    "free": ("copies name the same more often in a game", "copies name the same less often in a game"),
    "twin": ("it cooperates more with a copy", "it cooperates less with a copy"),
    "evidential": ("what a choice would tell moves it", "it turns away from what good news would go with"),
    "forecast": (
        "a prophecy told to all copies makes itself true",
        "a prophecy told to all copies defeats itself",
    ),
    "zero_sum": ("its seeker finds its own hider too often", "its hider escapes its own seeker too often"),
    "recognise": ("it names its own reply beyond naming the better one", "it disowns its own reply"),
}
#: What the other verdicts say.
OTHERWISE: Mapping[str, str] = {
    "bias only": "only places and letters moved, so that the very same words give agreement",
    "equivalent": "no effect of any size that would matter",
    "inconclusive": "cannot be told with so few games",
    "not interpretable": "an absence could not be seen here, for what was instructed moves too little",
}
FIGHTS: Mapping[Fought, str] = {
    "a fight": "A game against oneself is a fight: who moves second uses what was seen.",
    "shared habits": "A game against oneself is lost by habit: seeker and hider think of the same place.",
    "cannot tell": "Whether a game against oneself is a fight cannot be told.",
}
NUDGES = {
    "correlated": "Instances of one model lean alike from task to task, more than those of two models.",
    "not shown": "That instances of one model lean the same way from task to task is not shown.",
    "not estimable": "Whether instances lean the same way cannot be tested with so few models and instances.",
}
SCALES = {"log-odds": "log-odds", "points": "probability", "agreement": "probability of the same"}


@dataclass(frozen=True)
class CopiesView:
    """All that the page shows; `facts` are rows of how it came about."""

    found: Copies
    subject: str
    model: str
    facts: tuple[tuple[str, str], ...] = ()


def effect_sentence(effect: Effect) -> str:
    """Return what an effect comes to, without a number."""
    if effect.verdict == "shifted":
        told = SHIFTED[effect.name][effect.estimate.estimate < 0]
    elif effect.verdict == "inconclusive" and FIRMER in effect.notes:
        told = "no more than surer choices of the same explain"
    else:
        told = OTHERWISE[effect.verdict]
    return f"{TITLES[effect.name]}: {told}."


def effect_numbers(effect: Effect) -> str:
    """Return an effect in numbers."""
    told = [
        f"{SCALES[effect.scale]} {estimate(effect.estimate)}",
        f"p {effect.p_adjusted:.3g} ({'Holm' if effect.family == 'declared' else 'screening'})",
        f"{effect.games} games",
    ]
    if effect.naive is not None:
        told.append(f"naive {estimate(effect.naive)}")
    if effect.check is not None:
        verb = "passes" if effect.check.passes else "fails"
        told.append(f"instructed {estimate(effect.check.moved)}: {verb}")
    return f"{'; '.join((*told, *effect.notes))}."


def fight_sentence(fight: Fight) -> str:
    """Return what games against oneself come to, in numbers."""
    return (
        f"Apart, the seeker finds itself with {estimate(fight.against_copy)} (even play: 0.5); who knows the "
        f"hider could win {estimate(fight.exploitable_hider)} above that, who knows the seeker "
        f"{estimate(fight.exploitable_seeker)}. In one context, moving second wins "
        f"{estimate(fight.second_wins)} oftener than moving first (open cards: 1)."
    )


def nudge_sentence(found: Nudging) -> str:
    """Return the correlation of advice in numbers."""
    return (
        f"{len(found.models)} models, {found.instances} instances, {found.tasks} tasks. Same tasks: within "
        f"{number(found.within)}, between {number(found.between)}, difference {number(found.difference)} "
        f"(p {found.p:.3g}, the least possible {found.p_least:.3g}). Different tasks: "
        f"{number(found.carried)} of the variance is carried from task to task (p {found.p_carried:.3g}, the "
        f"least possible {found.p_least_carried:.3g})."
    )


def copies_lines(view: CopiesView) -> Iterator[str]:
    """Yield the summary for a terminal."""
    found = view.found
    for effect in found.effects:
        yield effect_sentence(effect)
        yield effect_numbers(effect)
    if found.reading is not None:
        yield f"Questions about what a story pays are answered rightly with {estimate(found.reading)}."
    if found.fight is not None:
        yield FIGHTS[found.fight.verdict]
        yield fight_sentence(found.fight)
    if found.nudging is not None:
        yield NUDGES[found.nudging.verdict]
        yield nudge_sentence(found.nudging)
    for note in found.notes:
        yield f"Note: {note}."


def write_copies(view: CopiesView, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path; CouldNot if it cannot be written."""
    return write_page(copies_html(view), path)


def copies_html(view: CopiesView) -> str:
    """Return the page as HTML; all text is escaped."""
    found = view.found
    figure = agreements_svg(found.agreements) if found.agreements else ""
    return (
        _environment()
        .get_template("copies.html.j2")
        .render(view=view, found=found, style=trusted(page_style()), figure=trusted(figure))
    )


def estimate(value: Estimate) -> str:
    """Return a value with its interval; a dash where there is none."""
    if not math.isfinite(value.estimate):
        return "–"
    between = f" [{number(value.ci[0])}, {number(value.ci[1])}]" if math.isfinite(value.ci[0]) else ""
    return number(value.estimate) + between


def number(value: float) -> str:
    """Return a number to two places; a dash where there is none."""
    return f"{value:.2f}".replace("-", "−").replace("−0.00", "0.00") if math.isfinite(value) else "–"


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {
        "estimate": estimate,
        "number": number,
        "sentence": effect_sentence,
        "fight": fight_sentence,
        "nudge": nudge_sentence,
    }
    environment.globals |= {
        "titles": TITLES,
        "kinds": KINDS,
        "told": TOLD,
        "fights": FIGHTS,
        "nudges": NUDGES,
        "marks": VERDICT_MARKS,
        "scales": SCALES,
    }
    return environment
