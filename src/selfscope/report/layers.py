"""The page of layers: which of them moves under what, and what each looks like by itself.

One file, offline, without scripts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from selfscope.report.layers_chart import dissociation_svg
from selfscope.report.template import page_style, template_environment, trusted
from selfscope.report.words import counted, joined, number, p_value, sentence
from selfscope.report.writing import write_page
from selfscope.values import Estimate
from selfscope.values.layers import (
    LAYERS,
    MANIPULATIONS,
    CellVerdict,
    Layer,
    Layers,
    Manipulation,
    RatioFound,
    SensitivityFound,
)

if TYPE_CHECKING:
    from jinja2 import Environment

#: A layer as the subject of a sentence, and its verb's number.
NAMES: Mapping[Layer, str] = {"surface": "openings", "character": "the character", "ground": "ability"}
#: What was done.
DONE: Mapping[Manipulation, str] = {
    "swap": "Another text in its place",
    "depth": "Six neutral turns before",
    "trained": "Trained weights",
}
_UNDER: Mapping[Manipulation, str] = {
    "swap": "under another text",
    "depth": "after six neutral turns",
    "trained": "on trained weights",
}
_SAID: Mapping[CellVerdict, str] = {
    "moves": "moved",
    "holds": "held",
    "cannot tell": "cannot be told",
    "not interpretable": "not interpretable",
    "not estimable": "not estimable",
}
BELIEFS = {
    "lost": "lost by believing to lack it",
    "gained": "gained by believing to have it",
    "role": "lost to a character that believes nothing of it",
}


@dataclass(frozen=True)
class LayersView:
    """All that the page shows.

    Attributes
    ----------
    facts
        Rows of how it came about.
    """

    found: Layers
    subject: str
    model: str
    facts: tuple[tuple[str, str], ...] = ()


def manipulation_sentence(found: Layers, manipulation: Manipulation) -> str:
    """Say which layers move under a manipulation, which hold, and which cannot be told."""
    cells = [c for c in found.cells if c.manipulation == manipulation]
    if all(c.verdict == "not estimable" for c in cells):
        return sentence(f"{_UNDER[manipulation]} nothing is estimable: {cells[0].why}")
    parts = []
    for verdict, words in _SAID.items():
        own = [NAMES[c.layer] for c in cells if c.verdict == verdict]
        if own:
            parts.append(f"{words}: {joined(own)}")
    return sentence(f"{_UNDER[manipulation]}, {'; '.join(parts)}")


def pair_sentences(found: Layers) -> Iterator[str]:
    """Yield what dissociates, and how often that cannot be told."""
    told = [p for p in found.pairs if p.verdict == "dissociates"]
    for pair in told:
        first, second = pair.first, pair.second
        if pair.difference.estimate < 0:
            first, second = second, first
        yield sentence(
            f"{NAMES[first]} and {NAMES[second]} dissociate {_UNDER[pair.manipulation]}: the former "
            f"{'move' if first == 'surface' else 'moves'} further ({p_value(pair.p_adjusted)}, corrected)"
        )
    open_ = sum(p.verdict == "cannot tell" for p in found.pairs)
    if open_:
        yield sentence(f"whether two layers differ cannot be told in {counted(open_, 'comparison')}")


def surface_sentences(found: Layers) -> Iterator[str]:
    """Yield what openings come to."""
    surface = found.surface
    yield (
        f"Openings of two paraphrases are closer than those of two situations by {estimate(surface.shared)} "
        f"nats of divergence ({p_value(surface.shared_p)}, by exchange of prompts)."
    )
    yield (
        "A cue without its situation makes the stock opening likelier than the same sentence without the cue "
        f"by {percent(surface.triggered)} points."
    )
    for fade in surface.fading:
        yield (
            f"After {counted(fade.turns, 'neutral turn')} the log-odds of the stock opening change by "
            f"{estimate(fade.change)}."
        )


def character_sentences(found: Layers) -> Iterator[str]:
    """Yield what the character comes to."""
    for each in found.character.consistency:
        if each.why_not or not math.isfinite(each.coefficient.estimate):
            yield sentence(
                f"{each.construct}: not estimable over contexts ({each.why_not or 'no coefficient'})"
            )
            continue
        yield (
            f"{each.construct}: {each.characters} characters in {each.contexts} contexts are told apart with "
            f"Eρ² {estimate(each.coefficient)}."
        )
    switched, survived = found.character.switched, found.character.survived
    yield share_sentence(
        switched,
        "a switch goes {} of the way to the opposite character",
        "how far a switch goes to the opposite character",
    )
    yield share_sentence(
        survived,
        "after “drop the act”, {} of the character's effect is left",
        "what is left of the character after “drop the act”",
    )


def ground_sentences(found: Layers) -> Iterator[str]:
    """Yield what ability comes to, all kinds together."""
    whole = found.ability[0]
    right = f"{percent_of(whole.best)} % of {whole.tasks} tasks are right"
    yield f"{right}; margin {estimate(whole.margin)} log-odds."
    for name, words in BELIEFS.items():
        same = "; equivalent to none" if name in whole.equivalent else ""
        yield f"{words[0].upper()}{words[1:]}: {estimate(getattr(whole, name))} log-odds{same}."
    yield share_sentence(
        whole.recovered,
        "of the loss, {} comes back once a working has begun",
        "how much of the loss comes back once a working has begun",
    )


def sensitivity_sentence(found: SensitivityFound) -> str:
    """Say whether a layer could have been seen to move."""
    told = (
        "can be seen to move"
        if found.passed
        else "cannot be seen to move, and so nothing is said of its rest"
    )
    return sentence(
        f"{NAMES[found.layer]} {told}: {estimate(found.difference)} log-odds where they must differ by "
        f"{found.least:g}, lower bound {number(found.lower)}"
    )


def layers_lines(view: LayersView) -> Iterator[str]:
    """Yield the summary for a terminal."""
    found = view.found
    yield from (manipulation_sentence(found, m) for m in MANIPULATIONS)
    yield from pair_sentences(found)
    yield from surface_sentences(found)
    yield from character_sentences(found)
    yield from ground_sentences(found)
    yield from (sensitivity_sentence(s) for s in found.sensitivity if not s.passed)
    yield from (sentence(note) for note in found.notes)


def estimate(value: Estimate) -> str:
    """Return an estimate with its interval, if it has one."""
    if not math.isfinite(value.estimate):
        return "–"
    low, high = (f"{bound:.2f}" for bound in value.ci)
    between = f" [{low}, {high}]" if math.isfinite(value.ci[0]) else ""
    return f"{value.estimate:.2f}{between}".replace("-", "−")


def percent(value: Estimate) -> str:
    """Return a probability, or a difference of two, in percent with its interval."""
    return estimate(Estimate(100 * value.estimate, (100 * value.ci[0], 100 * value.ci[1])))


def percent_of(share: float) -> str:
    """Return a share in percent."""
    return f"{100 * share:.0f}"


def share_sentence(found: RatioFound, words: str, otherwise: str) -> str:
    """Say a share of an effect in `words`; `otherwise` where there is no effect to have a share of."""
    if found.shape == "bounded":
        return sentence(words.format(ratio(found)))
    effect = estimate(found.effect)
    return sentence(f"{otherwise} is not estimable: the effect itself is {effect} log-odds")


def ratio(found: RatioFound) -> str:
    """Return a share of an effect with its interval; a dash where there is no effect."""
    return estimate(Estimate(found.estimate, found.ci)) if found.shape == "bounded" else "–"


def write_layers(view: LayersView, path: Path) -> Path:
    """Write the page, whole or not at all, and return its path; CouldNot if it cannot be written."""
    return write_page(layers_html(view), path)


def layers_html(view: LayersView) -> str:
    """Return the page as HTML; all text is escaped."""
    found = view.found
    return (
        _environment()
        .get_template("layers.html.j2")
        .render(
            view=view,
            found=found,
            style=trusted(page_style()),
            figure=trusted(dissociation_svg(found.cells, dict(DONE))),
            answers=[*(manipulation_sentence(found, m) for m in MANIPULATIONS)],
            pairs=list(pair_sentences(found)),
            surface=list(surface_sentences(found)),
            character=list(character_sentences(found)),
            ground=list(ground_sentences(found)),
            sensitivity=[sensitivity_sentence(s) for s in found.sensitivity],
        )
    )


@cache
def _environment() -> Environment:
    environment = template_environment()
    environment.filters |= {
        "estimate": estimate,
        "percent": percent,
        "ratio": ratio,
        "p": p_value,
        "sentence": sentence,
    }
    environment.globals |= {"done": DONE, "layers": LAYERS, "names": NAMES}
    return environment
