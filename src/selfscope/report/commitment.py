"""The page of games of commitment: what each conversation would reveal, turn by turn, and what restores it.

One file, offline, without scripts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfscope.report.template import page_style, template_environment
from selfscope.report.words import counted
from selfscope.report.writing import write_page
from selfscope.values import Estimate
from selfscope.values.commitment import Commitment, GameFound, Held, Restored, Revealed

if TYPE_CHECKING:
    from jinja2 import Environment

#: How a kind of game is headed.
TITLES: Mapping[str, str] = {
    "number": "A number thought of",
    "object": "An animal thought of",
    "self": "Facts about itself",
}
#: What a verdict says, after the name of the game.
VERDICTS: Mapping[Held, str] = {
    "holds one": "one thing is held, another one from wording to wording",
    "one by habit": "one answer, and the same in every wording: habit rather than something held",
    "superposed": "nothing is held: several answers live side by side, and keep to what was said",
    "draws anew": "nothing is held: several answers live side by side, and do not keep to what was said",
    "denies": "whatever is asked for, it is denied: yes does not add up to one thing",
    "several": "yes is said to more than one thing",
    "cannot tell": "cannot be told",
    "not interpretable": "not interpretable: even what was said is not revealed, or answers are hardly given",
}
#: The same where nothing is asked in the open, so that there is nothing to keep to.
_UNASKED = "nothing is held: several answers live side by side"
#: What a condition is, in words.
CONDITIONS: Mapping[str, str] = {
    "open": "left to the model",
    "stated": "said in the conversation",
    "coded": "said in code",
    "note": "in a private note",
    "prior": "no game, only a name",
}
_RESTORED: Mapping[Restored, str] = {
    "restored": "restores it",
    "moved": "moves it",
    "not shown": "no effect shown",
}


@dataclass(frozen=True)
class CommitmentView:
    """All that the page shows.

    Attributes
    ----------
    facts
        Rows of how it came about.
    """

    found: Commitment
    subject: str
    model: str
    facts: tuple[tuple[str, str], ...] = ()


def verdict_sentence(game: GameFound) -> str:
    """Return what a kind of game shows, without a number."""
    verdict = _UNASKED if game.verdict == "superposed" and len(game.turns) < 2 else VERDICTS[game.verdict]
    return f"{TITLES[game.construct]}: {verdict}."


def game_sentence(game: GameFound) -> str:
    """Return what a kind of game comes to before any question, in numbers."""
    told = [
        f"yes adds up to {estimate(game.yes_sum)} (one thing: 1)",
        f"{estimate(game.effective)} answers of {game.candidates} live in one conversation",
        f"{game.pooled:.2f} in all wordings together",
        f"{estimate(game.prior_effective)} where there is no game",
    ]
    return sentence_of(told)


def sentence_of(parts: list[str]) -> str:
    """Return parts as one sentence."""
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def controls_sentence(game: GameFound) -> str:
    """Return what each way of holding the answer does."""
    told = [
        f"{CONDITIONS[c.condition]}: {_RESTORED[c.verdict]} ({percent(c.held)} % revealed, "
        f"else {percent(c.unheld)} %)"
        for c in game.controls
    ]
    return sentence_of(told)


def turns_sentence(game: GameFound) -> str:
    """Return what becomes of the answers once questions were answered in the open, or ""."""
    if len(game.turns) < 2:
        return ""
    last = game.turns[-1]
    chance, prior = f"{100 * last.by_chance:.1f}", f"{100 * last.by_prior:.1f}"
    return (
        f"After {counted(last.turn, 'question')}, {last.left:.2f} candidates agree with the answers; "
        f"{percent(last.consistent)} % of what would be revealed does, {chance} % of an even draw, "
        f"{prior} % of what is named without a game. Answers side by side: {estimate(last.effective)}, "
        f"before any question {estimate(game.effective)}."
    )


def commitment_lines(view: CommitmentView) -> Iterator[str]:
    """Yield the summary for a terminal."""
    for game in view.found.games:
        yield verdict_sentence(game)
        yield from _numbers(game)


def _numbers(game: GameFound) -> list[str]:
    return [s for s in (game_sentence(game), turns_sentence(game), controls_sentence(game)) if s]


def write_commitment(view: CommitmentView, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path; CouldNot if it cannot be written."""
    return write_page(commitment_html(view), path)


def commitment_html(view: CommitmentView) -> str:
    """Return the page as HTML; all text is escaped."""
    from markupsafe import Markup

    style = page_style()
    return (
        _environment()
        .get_template("commitment.html.j2")
        .render(view=view, style=Markup(style), games=[_shown(game) for game in view.found.games])
    )


def _shown(game: GameFound) -> dict[str, Any]:
    """Return one kind of game as the page shows it."""
    items = list(dict.fromkeys(r.item for r in game.revealed))
    return {
        "game": game,
        "title": TITLES[game.construct],
        "verdict": verdict_sentence(game),
        "sentences": _numbers(game),
        "maps": [_map(item, [r for r in game.revealed if r.item == item]) for item in items],
    }


def _map(item: str, revealed: list[Revealed]) -> dict[str, Any]:
    """Return one thing's answers: a row a conversation, a cell a candidate."""
    return {"item": item, "candidates": list(revealed[0].shares), "rows": revealed}


def estimate(value: Estimate) -> str:
    """Return a value with its interval; a dash where there is none."""
    if not math.isfinite(value.estimate):
        return "–"
    low, high = (f"{bound:.2f}".replace("-", "−") for bound in value.ci)
    between = f" [{low}, {high}]" if math.isfinite(value.ci[0]) else ""
    return f"{value.estimate:.2f}".replace("-", "−") + between


def percent(value: Estimate) -> str:
    """Return a probability in percent."""
    return f"{100 * value.estimate:.1f}" if math.isfinite(value.estimate) else "–"


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {"estimate": estimate, "percent": percent}
    environment.globals |= {"conditions": CONDITIONS}
    return environment
