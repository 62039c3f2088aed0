"""Is the axis of a map one thing? Its consistency over sets of questions, and steering by it and by others.

The axis of a question is the default less the mean of the roles there. The other directions are groups of
roles less the roles of the other groups. Directions are added in full length to responses of roles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from selfscope.errors import CouldNot
from selfscope.space.asked import DEFAULT
from selfscope.space.fracture import Steered, steer
from selfscope.space.persona_capture import cell_vectors, conversations_of
from selfscope.space.recipe import Conversation
from selfscope.stats.fracture import consistency, halves, selectivity, sweep, verdict
from selfscope.studies.persona_map import Mapped
from selfscope.values.persona_fracture import Fractured

Floats = npt.NDArray[np.float64]

#: Questions that a context has at least, and texts that are steered of each.
LEAST, TEXTS = 3, 4
RANDOM = 20
DOSES = np.array([0.25, 0.5, 0.75, 1.0])
AXIS = "axis"


class _Contrasts(NamedTuple):
    """Contrasts of each direction at each question, at one layer: (direction, question, d_model)."""

    names: tuple[str, ...]
    each: Floats


def fracture_of(mapped: Mapped, progress: Callable[[int, int], None] = lambda done, total: None) -> Fractured:
    """Return what the panel says of a map's axis.

    Raises
    ------
    CouldNot
        If fewer than six questions were answered by the default and by a role, or no group of roles was
        heard at three of them.
    """
    questions = [question.id for question in mapped.cast.questions]
    kept = tuple(mapped.roles.captured.manifest["recipe"]["cell_layers"])
    depth = len(mapped.roles.captured.layers)
    later = min((n for n in kept if n >= mapped.layer), key=lambda n: abs(n - 3 * depth // 4))
    here, there = (_contrasts(mapped, questions, kept.index(n)) for n in (mapped.layer, later))
    usable = np.isfinite(np.concatenate([here.each[0], there.each[0]], axis=1)).all(1).tolist()
    sets = _sets(mapped, [q for q, whole in zip(questions, usable, strict=True) if whole])
    rows = {name: np.array([questions.index(q) for q in part]) for name, part in sets.items()}
    own = np.stack([here.each[0][part] for part in rows.values()])
    texts = _texts(mapped, list(sets.values()))
    every = np.concatenate(list(rows.values()))
    names, directions, readings = _directions(here, there, every)
    added = _added(directions, mapped.request.seed)
    steered = steer(mapped.ground, texts, added, mapped.layer, later, lambda done: progress(done, len(added)))
    return _judged(names, own, steered, readings, tuple(sets), mapped.layer, later)


def _directions(
    here: _Contrasts, there: _Contrasts, every: npt.NDArray[np.intp]
) -> tuple[tuple[str, ...], Floats, Floats]:
    """Return names, what is added and what is read: of the axis, and of groups heard at enough questions."""
    both = np.concatenate([here.each, there.each], axis=2)[:, every]
    known: npt.NDArray[np.bool_] = np.asarray(np.isfinite(both).all(2))
    kept = [n for n, row in enumerate(known) if row.sum() >= LEAST]
    if len(kept) < 2:
        raise CouldNot(
            "no group of roles has responses at enough questions to steer by",
            fix="Map more roles and questions",
        )
    means = [[each.each[n, every[known[n]]].mean(0) for n in kept] for each in (here, there)]
    return tuple(here.names[n] for n in kept), np.stack(means[0]), np.stack(means[1])


def _added(directions: Floats, seed: int) -> Floats:
    """Return all that is added: the directions, smaller doses of the first, and random ones of its length."""
    draw = np.random.default_rng([seed, 71])
    random = draw.normal(size=(RANDOM, directions.shape[1]))
    random *= np.linalg.norm(directions[0]) / np.linalg.norm(random, axis=1, keepdims=True)
    return np.concatenate([directions, DOSES[:-1, None] * directions[0], random])


def _judged(
    names: tuple[str, ...],
    own: Floats,
    steered: Steered,
    readings: Floats,
    contexts: tuple[str, ...],
    layer: int,
    later: int,
) -> Fractured:
    """Return the panel from contrasts (context, sample, d_model) and what steering did."""
    n, doses = len(names), len(DOSES) - 1
    # 1 is as far along a reading as the natural contrast reaches.
    told = steered.shift @ (readings / (readings**2).sum(1, keepdims=True)).T
    by_context = np.moveaxis(told.reshape(len(told), len(contexts), -1, n), 3, 1)
    effects, random = by_context[:n], by_context[n + doses :]
    selective = selectivity(effects, random, of=0)
    own_effect, cost = told[:, :, 0].mean(1), steered.cost
    act = sweep(
        DOSES,
        np.append(own_effect[n : n + doses], own_effect[0]),
        np.append(cost[n : n + doses], cost[0]),
        own_effect[n + doses :],
        cost[n + doses :],
    )
    shared, same = consistency(own), halves(own)
    moved = bool(selective.moved[0]) and later > layer  # At the layer itself it moves what was added.
    return Fractured(
        verdict=verdict(same, shared, selective.off_target, moved),
        layer=layer,
        later=later,
        contexts=contexts,
        halves=same,
        consistency=shared.value,
        consistency_ci=shared.ci,
        directions=names,
        matrix=tuple(tuple(float(v) for v in row) for row in selective.matrix),
        off_target=selective.off_target.value,
        off_target_ci=selective.off_target.ci,
        random=selective.random,
        moved=moved,
        monotone=act.monotone,
        smooth=act.smooth,
        per_cost=act.per_cost,
        per_cost_random=act.random,
        p=act.p,
        texts=steered.shift.shape[1],
    )


def _contrasts(mapped: Mapped, questions: Sequence[str], at: int) -> _Contrasts:
    captured = mapped.roles.captured
    roles = cell_vectors(captured, [r.name for r in mapped.cast.roles], questions)[at]
    default = cell_vectors(captured, [DEFAULT], questions)[at, 0]
    groups = [r.group for r in mapped.cast.roles]
    names = tuple(dict.fromkeys(groups))
    made = [default - _mean(roles)]
    for name in names:
        inside = np.array([group == name for group in groups])
        made.append(_mean(roles[inside]) - _mean(roles[~inside]))
    return _Contrasts((AXIS, *names), np.stack(made))


def _mean(cells: Floats) -> Floats:
    """Return means over roles, NaN where none answered; (role, question, d_model) to (question, d_model)."""
    there = np.asarray(np.isfinite(cells).all(-1))
    count = there.sum(0)[:, None]
    total = np.where(there[..., None], cells, 0.0).sum(0)
    return np.asarray(total / np.where(count > 0, count, np.nan))


def _sets(mapped: Mapped, usable: Sequence[str]) -> dict[str, list[str]]:
    """Return disjoint sets of equal size: themes where at least two have three questions, else numbered."""
    themes: dict[str, list[str]] = {}
    for question in mapped.cast.questions:
        if question.id in usable:
            themes.setdefault(question.theme, []).append(question.id)
    full = {name: part for name, part in themes.items() if len(part) >= LEAST}
    if len(full) >= 2:
        size = min(map(len, full.values()))
        return {name: part[:size] for name, part in full.items()}
    count = len(usable) // LEAST
    if count < 2:
        raise CouldNot(
            "too few questions were answered by all",
            got=len(usable),
            fix=f"Map at least {2 * LEAST} questions",
        )
    return {f"set {n + 1}": list(usable[n * LEAST : (n + 1) * LEAST]) for n in range(count)}


def _texts(mapped: Mapped, sets: Sequence[Sequence[str]]) -> list[Conversation]:
    """Return responses of roles to be steered, as many of each set, spread over its roles."""
    part = mapped.roles
    failed = part.captured.failures
    talks = [t for t in conversations_of(part.asks, part.responses, part.sorted_out) if t.id not in failed]
    chosen = []
    for questions in sets:
        own = [t for t in talks if t.group != DEFAULT and t.question in questions]
        if len(own) < TEXTS:
            raise CouldNot("too few responses to steer", got=len(own), fix="Use a model that answers")
        chosen += own[:: len(own) // TEXTS][:TEXTS]
    return chosen
