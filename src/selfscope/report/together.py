"""The page of characters together: do they bear on one another in one batch, and in one thread?

One file, offline, without scripts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.report.copies import estimate, number
from selfscope.report.palette import VERDICT_MARKS
from selfscope.report.template import page_style, template_environment, trusted
from selfscope.report.together_chart import matrix_svg
from selfscope.report.words import small_words
from selfscope.report.writing import write_page
from selfscope.values.together import Spoken, Together

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True)
class TogetherView:
    """All that the page shows; `facts` are rows of how it came about."""

    found: Together
    facts: tuple[tuple[str, str], ...] = ()


def beside_sentence(found: Together) -> str:
    """Return what sharing a batch comes to."""
    texts = sum(each.texts for each in found.shared if each.character != each.neighbour)
    if found.beside == "no interference":
        return (
            f"In one batch nobody bears on anybody: over {texts} texts the largest difference from the same "
            f"text alone is {small_words(found.largest)} nats; {found.bound:g} count as rounding, and "
            f"{found.sesoi:g} as an effect."
        )
    return (
        f"Rows of one batch bear on one another: a text moves by up to {found.largest:.2g} nats, where "
        f"{found.bound:g} count as rounding."
    )


def spoken_sentence(each: Spoken) -> str:
    """Return what a neighbour's turns do to one reading, without a number."""
    who, other, what = each.character, each.neighbour, each.dimension.replace("_", " ")
    after = f"After {other} has spoken, {who}"
    if each.verdict == "shifted":
        way = "more" if each.change.estimate > 0 else "less"
        near = each.toward is not None and each.toward > 0
        return f"{after} holds {way} of {what} than after a neutral other{', as its neighbour does' * near}."
    if each.verdict == "bias only":
        return f"{after} says anything about {what} more or less readily, statement and negation alike."
    if each.verdict == "equivalent":
        return f"{after} reads as after a neutral other in {what}."
    if each.verdict == "not interpretable":
        return f"{after} cannot be read in {what}: the check does not see characters told to differ there."
    return f"Whether {who} moves in {what} after {other} has spoken is not settled."


def spoken_numbers(each: Spoken) -> str:
    """Return the same in numbers."""
    toward = "" if each.toward is None else f"; {number(each.toward)} of the way to {each.neighbour}"
    return (
        f"change {estimate(each.change)}, p {each.p_adjusted:.3g} (Holm), fluency {estimate(each.fluency)}, "
        f"against its own turns {estimate(each.own)}{toward}; {each.threads} threads, {each.statements} "
        "statements."
    )


def together_lines(found: Together) -> Iterator[str]:
    """Yield the summary for a terminal."""
    yield beside_sentence(found)
    same, drawn = found.replies.same, found.replies.drawn
    yield f"{same} of {drawn} likeliest replies are the same in one batch and alone."
    for each in found.spoken:
        yield spoken_sentence(each)
        yield spoken_numbers(each)
    for note in found.notes:
        yield f"Note: {note}."


def write_together(view: TogetherView, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path; CouldNot if it cannot be written."""
    return write_page(together_html(view), path)


def together_html(view: TogetherView) -> str:
    """Return the page as HTML; all text is escaped."""
    found = view.found
    figure = matrix_svg(found.spoken, found.shared, found.sesoi, found.bound)
    template = _environment().get_template("together.html.j2")
    return template.render(view=view, found=found, style=trusted(page_style()), figure=trusted(figure))


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {
        "estimate": estimate,
        "number": number,
        "sentence": spoken_sentence,
        "small": small_words,
    }
    environment.globals |= {"beside": beside_sentence, "marks": VERDICT_MARKS}
    return environment
