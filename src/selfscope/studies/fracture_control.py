"""Does the fracture panel see what it is for? Networks of known inside that do the same work equally well.

Both networks tell four concepts from noisy inputs in four contexts; a context says nothing of a concept. Both
write them into a stream of 24 numbers, where directions are read and added, and read them from it through
rectified units. The **modular** one has a place in the stream and units for each concept, and knows no
context. The **entangled** one writes concepts across each other, otherwise in each context, and has units
that each wake in one context. Both are trained until they answer alike. ``python -m
selfscope.studies.fracture_control`` prints the panel over ten seeds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from selfscope.stats.fracture import Verdict, consistency, halves, selectivity, sweep, verdict

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Make = Literal["modular", "entangled"]

CONCEPTS, CONTEXTS, STREAM, WIDTH = 4, 4, 24, 64
SAMPLES, STEPS, RATE, BATCH = 24, 400, 0.02, 128
RANDOM, DOSES = 40, np.linspace(0.2, 1.0, 5)
#: Of inputs, and of the stream while training: where nothing is written, nothing is then read.
NOISE, STIR = 0.25, 0.3


@dataclass(frozen=True, eq=False)
class Network:
    """A stream that is written and read.

    Attributes
    ----------
    write
        Concepts into the stream, (context, concept, stream).
    inside, bias
        The stream into units, (stream, unit), and what each context adds, (context, unit).
    out
        Units into answers, (unit, concept).
    accuracy
        Share of right signs on inputs it was not trained on.
    """

    write: Floats
    inside: Floats
    bias: Floats
    out: Floats
    accuracy: float = 0.0

    def stream(self, inputs: Floats, context: Ints) -> Floats:
        """Return the stream, shape (sample, stream), of inputs (sample, concept)."""
        return np.asarray(np.einsum("sc,scd->sd", inputs, self.write[context]))

    def answers(self, stream: Floats, context: Ints) -> Floats:
        """Return an answer for each concept, shape (…, sample, concept)."""
        return np.asarray(np.maximum(stream @ self.inside + self.bias[context], 0) @ self.out)


class Panel(NamedTuple):
    """What the panel says of one concept of one network."""

    consistency: float
    off_target: float
    random: float
    halves: float
    monotone: float
    smooth: float
    per_cost_p: float
    verdict: Verdict


def train(make: Make, seed: int) -> Network:
    """Return a trained network; Adam on the squared error of the concepts' signs."""
    draw = np.random.default_rng([seed, 59])
    weights, masks = _plan(make, draw)
    first, second = ([np.zeros_like(w) for w in weights] for _ in range(2))
    for step in range(1, STEPS + 1):
        noise = STIR * draw.normal(size=(BATCH, STREAM))
        slopes = _slopes(weights, *_inputs(draw, BATCH), noise)
        if make == "modular":  # What differs by context is held equal, so it knows none.
            slopes[0], slopes[2] = (np.broadcast_to(s.mean(0), s.shape) for s in (slopes[0], slopes[2]))
        size = RATE * np.sqrt(1 - 0.99**step) / (1 - 0.9**step)
        for w, slope, mask, m, v in zip(weights, slopes, masks, first, second, strict=True):
            m += 0.1 * (slope * mask - m)
            v += 0.01 * ((slope * mask) ** 2 - v)
            w -= size * m / (np.sqrt(v) + 1e-9)
    write, inside, bias, out = weights
    made = Network(write, inside, bias, out)
    signs, inputs, context = _inputs(np.random.default_rng([seed, 61]), 2000)
    right = (made.answers(made.stream(inputs, context), context) > 0) == (signs > 0)
    return replace(made, accuracy=float(right.mean()))


def _slopes(
    weights: list[Floats], signs: Floats, inputs: Floats, context: Ints, noise: Floats
) -> list[Floats]:
    """Return the slopes of half the mean squared error, in the order of a network's weights."""
    write, inside, bias, out = weights
    stream = np.einsum("sc,scd->sd", inputs, write[context]) + noise
    before = stream @ inside + bias[context]
    units = np.maximum(before, 0)
    error = (units @ out - signs) / len(signs)
    back = (error @ out.T) * (before > 0)
    here = context[:, None] == np.arange(CONTEXTS)
    written = np.einsum("sk,sc,sd->kcd", here, inputs, back @ inside.T)
    return [written, stream.T @ back, here.T @ back, units.T @ error]


def _plan(make: Make, draw: np.random.Generator) -> tuple[list[Floats], list[Floats]]:
    """Return the weights to begin from, and which of them there are."""
    slot, unit, concept = np.arange(STREAM), np.arange(WIDTH), np.arange(CONCEPTS)
    inside, out = draw.normal(size=(STREAM, WIDTH)) / 2, draw.normal(size=(WIDTH, CONCEPTS)) / np.sqrt(WIDTH)
    bias = 0.1 * draw.normal(size=WIDTH)
    if make == "modular":
        places, units = (concept[:, None] == each % CONCEPTS for each in (slot, unit))
        masks = [np.tile(places, (CONTEXTS, 1, 1)), places.T @ units, np.ones((CONTEXTS, WIDTH)), units.T]
        write = np.tile(draw.normal(size=(CONCEPTS, STREAM)), (CONTEXTS, 1, 1))
        bias = np.tile(bias, (CONTEXTS, 1))
    else:
        frame = np.linalg.qr(draw.normal(size=(STREAM, CONCEPTS)))[0].T
        turns = np.linalg.qr(draw.normal(size=(CONTEXTS, CONCEPTS, CONCEPTS)))[0]
        masks = [np.ones((CONTEXTS, CONCEPTS, STREAM)), np.ones_like(inside), np.ones((CONTEXTS, WIDTH))]
        masks.append(np.ones_like(out))
        write = turns @ frame
        bias = bias + np.where(np.arange(CONTEXTS)[:, None] == unit % CONTEXTS, 0.5, -8.0)
    masks = [np.asarray(mask, float) for mask in masks]
    return [w * mask for w, mask in zip((write, inside, bias, out), masks, strict=True)], masks


def _inputs(draw: np.random.Generator, count: int) -> tuple[Floats, Floats, Ints]:
    signs = draw.choice([-1.0, 1.0], (count, CONCEPTS))
    return signs, signs + NOISE * draw.normal(size=signs.shape), draw.integers(0, CONTEXTS, count)


def panel(network: Network, concept: int = 0, *, permuted: bool = False, seed: int = 0) -> Panel:
    """Return the panel of one concept.

    A contrast is the stream with the concept present less that with it absent, all else alike. Steering adds
    the mean contrast where the concept is absent.

    Parameters
    ----------
    permuted
        Call present and absent at random: a direction of nothing, for which nothing may be concluded.
    """
    draw = np.random.default_rng([seed, 67])
    made = [_contrasts(network, each, draw) for each in range(CONCEPTS)]
    if permuted:
        made = [each * draw.choice([-1.0, 1.0], (*each.shape[:2], 1)) for each in made]
    directions = np.stack([each.mean((0, 1)) for each in made])
    lengths = np.linalg.norm(directions, axis=1)
    random = draw.normal(size=(RANDOM, STREAM))
    random *= lengths.mean() / np.linalg.norm(random, axis=1, keepdims=True)
    absent = [_absent(network, each, draw) for each in range(CONCEPTS)]
    effects = np.concatenate([_effects(network, s, directions[[k]]) for k, s in enumerate(absent)])
    others = np.stack([_effects(network, s, random)[:, k] for k, s in enumerate(absent)], axis=1)
    selective = selectivity(effects, others)
    swept = [_effects(network, absent[concept], dose * directions[[concept]])[0] for dose in DOSES]
    far = _effects(network, absent[concept], DOSES[-1] * random)
    act = sweep(DOSES, *_own_and_cost(np.stack(swept), concept), *_own_and_cost(far, concept))
    shared, same = consistency(made[concept]), halves(made[concept], splits=20, seed=seed)
    return Panel(
        shared.value, selective.off_target.value, selective.random, same,
        act.monotone, act.smooth, act.p,
        verdict(same, shared, selective.off_target, bool(selective.moved[concept])),
    )  # fmt: skip


def _own_and_cost(effects: Floats, concept: int) -> tuple[Floats, Floats]:
    """Return mean effects on the concept's own reading, and mean squares of those on the others."""
    others = np.delete(effects, concept, axis=1)
    return effects[:, concept].mean((1, 2)), (others**2).mean((1, 2, 3)) + 1e-6


def _contrasts(network: Network, concept: int, draw: np.random.Generator) -> Floats:
    """Return contrasts of a concept, shape (context, sample, stream)."""
    found = []
    for context in range(CONTEXTS):
        _, inputs, _ = _inputs(draw, SAMPLES)
        ends = []
        for sign in (1.0, -1.0):
            inputs[:, concept] = sign + NOISE * draw.normal(size=SAMPLES)
            ends.append(network.stream(inputs, np.full(SAMPLES, context)))
        found.append(ends[0] - ends[1])
    return np.stack(found)


def _absent(network: Network, concept: int, draw: np.random.Generator) -> Floats:
    """Return streams in which a concept is absent and the others are by chance, (context, sample, stream)."""
    inputs = _inputs(draw, CONTEXTS * SAMPLES)[1]
    inputs[:, concept] = -1 + NOISE * draw.normal(size=len(inputs))
    streams = network.stream(inputs, np.repeat(np.arange(CONTEXTS), SAMPLES))
    return streams.reshape(CONTEXTS, SAMPLES, STREAM)


def _effects(network: Network, streams: Floats, directions: Floats) -> Floats:
    """Return changes of answers when directions are added, (direction, reading, context, sample)."""
    context = np.arange(CONTEXTS)[:, None]
    steered = network.answers(streams + directions[:, None, None], context)
    return np.asarray(np.moveaxis(steered - network.answers(streams, context), 3, 1))


def main(seeds: int = 10) -> None:
    """Print the panel of both networks over seeds, with the permuted control."""
    print("seed network    accuracy  consistent  off-target  random  halves  monotone  verdict      permuted")
    for seed in range(seeds):
        for make in ("modular", "entangled"):
            network = train(make, seed)
            found = panel(network, seed=seed)
            control = panel(network, permuted=True, seed=seed)
            print(
                f"{seed:4} {make:10} {network.accuracy:8.4f} {found.consistency:11.2f} "
                f"{found.off_target:11.2f} {found.random:7.2f} {found.halves:7.2f} {found.monotone:9.2f}  "
                f"{found.verdict:12} {control.verdict}"
            )


if __name__ == "__main__":
    main()
