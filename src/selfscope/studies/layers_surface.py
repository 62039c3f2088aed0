"""The surface: how alike replies open to one situation, what sets them off, and whether they fade."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy import special

from selfscope.instruments.layers.design import DEEP, SHALLOW
from selfscope.instruments.layers.load import PromptClass, load_material
from selfscope.stats.layers import log_odds, over_items, told
from selfscope.stats.masked import Array
from selfscope.stats.openings import Shared, divergence, likeliest, shared
from selfscope.studies.layers_values import BASE, LEAST, STOCK, Place, Values
from selfscope.values import Estimate
from selfscope.values.layers import ClassFound, FadeFound, SensitivityFound, SurfaceFound

#: Log-odds by which an ordered opening must be likelier than where another one is ordered.
SESOI = 0.5


def surface_found(values: Values) -> SurfaceFound:
    """Return what openings come to, at the base and after neutral turns."""
    apart = _divergences(values)
    classes = tuple(_class(values, c, apart) for c in values.design.classes)
    alike = _alike(values, apart)
    return SurfaceFound(
        classes,
        alike.nearer,
        alike.p,
        told(over_items([c.triggered.estimate for c in classes])),
        tuple(_fade(values, script, turns) for script, turns in (("fading", SHALLOW), ("depth", DEEP))),
    )


def _divergences(values: Values) -> Array:
    """Return the divergence of the openings of any two prompts, ``(prompt, prompt)``."""
    openings = [values.opening(BASE, item) for _, item in values.prompts]
    apart = np.zeros((len(openings), len(openings)))
    for a, b in combinations(range(len(openings)), 2):
        apart[a, b] = apart[b, a] = divergence(openings[a], openings[b])
    return apart


def _alike(values: Values, apart: Array) -> Shared:
    names = [c.name for c in values.design.classes]
    return shared(apart, [names.index(name) for name, _ in values.prompts])


def _class(values: Values, asked: PromptClass, apart: Array) -> ClassFound:
    own = [item for name, item in values.prompts if name == asked.name]
    here = np.array([name == asked.name for name, _ in values.prompts])
    stock = likeliest([values.opening(BASE, i) for i in own], STOCK)
    entropy = told(over_items([values.entropy(i) for i in own]))
    within = apart[here][:, here][np.triu_indices(len(own), 1)]
    between = apart[here][:, ~here]
    decoys = [f"{asked.name}.d{n}" for n in range(1, 1 + len(asked.decoys))]
    cued, plain = (
        np.array([values.mass(BASE, item, stock, kind) for item in decoys]) for kind in ("decoy", "twin")
    )
    return ClassFound(
        construct=asked.name,
        title=asked.title,
        stock=stock,
        entropy=entropy,
        effective=float(np.exp(entropy.estimate)),
        mass=_probability([values.stock_mass(BASE, i) for i in own]),
        within=float(np.mean(within)),
        between=float(np.mean(between)),
        decoy=float(cued.mean()),
        twin=float(plain.mean()),
        triggered=told(over_items(cued - plain)),
    )


def _probability(masses: Sequence[float]) -> Estimate:
    """Return the mean of probabilities and its interval, taken in log-odds: both stay between 0 and 1."""
    found = told(over_items(log_odds(masses, LEAST)))
    low, middle, high = (float(v) for v in special.expit([found.ci[0], found.estimate, found.ci[1]]))
    return Estimate(middle, (low, high))


def _fade(values: Values, script: str, turns: int) -> FadeFound:
    """Return the change in a class's log-odds of its stock opening after neutral turns, over classes."""
    arms = values.design.deep(turns)
    after = np.mean([values.of("surface", Place(script, a.name)) for a in arms], axis=0)
    change = after - values.of("surface", BASE)
    names = np.array(values.groups("surface"))
    by_class = [change[names == c.name].mean() for c in values.design.classes]
    masses = [values.stock_mass(Place(script, a.name), i) for a in arms for _, i in values.prompts]
    return FadeFound(turns, float(np.mean(masses)), told(over_items(by_class)))


def surface_sensitivity(values: Values) -> SensitivityFound:
    """Return whether an opening that is ordered is likelier than where another one is, over prompts."""
    words = load_material().ordered
    difference = np.mean(
        [_ordered(values, word, word) - _ordered(values, word, _other(words, word)) for word in words], axis=0
    )
    found = over_items(difference)
    lower = float(found.ci90[0])
    return SensitivityFound("surface", told(found), lower, SESOI, bool(lower > 0 and found.estimate >= SESOI))


def _other(words: tuple[str, ...], word: str) -> str:
    return words[(words.index(word) + 1) % len(words)]


def _ordered(values: Values, word: str, ordered: str) -> np.ndarray:
    """Return the log-odds that a reply begins with `word` where `ordered` is ordered, ``(prompt,)``."""
    place = Place(f"order:{ordered}")
    return log_odds([_begins(values, place, item, word) for _, item in values.prompts], LEAST)


def _begins(values: Values, place: Place, item: str, word: str) -> float:
    """Return the probability of first tokens that `word` begins with, whatever the tokenizer made of it."""
    listed = values.opening(place, item)
    own = [t for t in listed if len(t.strip()) > 1 and word.startswith(t.strip())]
    return values.mass(place, item, own)
