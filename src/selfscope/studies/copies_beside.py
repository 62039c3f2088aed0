"""What needs somebody beside the subject: who is really there, advice of several, one's own reply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from selfscope.instruments.copies.load import load_material
from selfscope.stats.copies import (
    agreement,
    crossing,
    mean_over,
)
from selfscope.stats.masked import Array
from selfscope.stats.stances import nudging, residual_stance
from selfscope.studies.copies import CopiesRequest
from selfscope.studies.copies_rows import SUBJECT, Rows, frequencies
from selfscope.values import Estimate
from selfscope.values.copies import Crossing, Nudging, Recognition, Stands

#: Labels that are set against who is really there.
CROSSED = ("copy", "other")
FREQUENCY = "word frequency"


def crossings(table: Rows, request: CopiesRequest) -> Iterator[Crossing]:
    """Yield how often the subject agrees with each who is really there, under each label."""
    for kind in ("match", "free"):
        if kind not in table.kinds:
            continue
        for told in CROSSED:
            alone, plain = _with_copy(table, kind, told), _with_copy(table, kind, "")
            label = "true" if told == "copy" else "false"
            yield _crossing(kind, told, "copy", label, SUBJECT, alone, plain)
            for partner in request.partners:
                met = _with_partner(table, kind, told, partner.name)
                before = _with_partner(table, kind, "", partner.name)
                kin = table.family.get(partner.name) == table.family[SUBJECT]
                label = _truth(told, partner.stands, kin)
                yield _crossing(kind, told, partner.name, label, partner.stands, met, before)
        met, before = _with_people(table, kind, "human"), _with_people(table, kind, "")
        yield _crossing(kind, "human", FREQUENCY, "", "stand-in", met, before)


def _truth(told: str, stands: str, kin: bool) -> str:
    """Return whether a label is true of a partner; "" where it is neither quite true nor quite false.

    A character on the same weights is no exact copy and no other model; other weights of the same family, or
    under an adapter, are not of another family.
    """
    if told == "copy":
        return "" if stands == "character" else "false"
    if stands == "character":
        return "false"
    return "" if kin else "true"


def _crossing(
    kind: str, told: str, actual: str, label: str, stands: str, met: Array, plain: Array
) -> Crossing:
    return Crossing(
        kind, told, actual, label, stands, len(met), mean_over(met).told, mean_over(met - plain).told  # type: ignore[arg-type]
    )  # fmt: skip


def _script(told: str) -> dict[str, str]:
    return {"script": "game" if told else "plain", "counterparty": told}


def _with_copy(table: Rows, kind: str, told: str) -> Array:
    if kind == "match":
        return agreement(table.chosen("match", **_script(told)).p, table.draws)
    return np.array([w.alike() for w in table.words(**_script(told))])


def _with_partner(table: Rows, kind: str, told: str, who: str) -> Array:
    if kind == "match":
        mine = table.chosen("match", **_script(told)).p
        return crossing(mine, table.chosen("match", **_script(told), collective=who).p)
    pairs = zip(table.words(**_script(told)), table.words(**_script(told), collective=who), strict=True)
    return np.array([a.meets(b.words, b.shares.mean(axis=0)) for a, b in pairs])


def _with_people(table: Rows, kind: str, told: str) -> Array:
    people = [frequencies(g.options) for g in table.games(kind)]
    if kind == "match":
        mine = table.chosen("match", **_script(told)).p
        return crossing(mine, np.array([[share[0]] for share in people]))
    games = zip(table.words(**_script(told)), table.games(kind), people, strict=True)
    return np.array([w.meets(game.options, shares) for w, game, shares in games])


def nudged(table: Rows, request: CopiesRequest, judges: Sequence[str] = ()) -> Nudging | None:
    """Return whether instances of one model advise more alike than instances of two.

    None where advice was given in own words, and none of the `judges` that read it is believed.
    """
    if table.advice_drawn and not judges:
        return None
    names = (SUBJECT, *(p.name for p in request.partners))
    models: tuple[tuple[str, Stands], ...] = (
        (SUBJECT, "subject"),
        *((p.name, p.stands) for p in request.partners),
    )
    return nudging_of(np.stack([table.stance(name, judges) for name in names]), models, request.seed)


def nudging_of(stance: Array, models: Sequence[tuple[str, Stands]], seed: int = 0) -> Nudging:
    """Return what stances ``(model, instance, task, axis)`` come to."""
    residual = residual_stance(stance)
    found = nudging(np.nan_to_num(residual), seed)
    axes = _axes()
    means = np.nan_to_num(residual).mean(axis=(1, 2))
    shown = max(found.p, found.p_carried) <= 0.05
    testable = max(found.p_least, found.p_least_carried) <= 0.05
    return Nudging(
        models=tuple(models),
        instances=stance.shape[1],
        tasks=stance.shape[2],
        within=found.within,
        between=found.between,
        difference=found.difference,
        p=found.p,
        p_least=found.p_least,
        carried=found.carried,
        p_carried=found.p_carried,
        p_least_carried=found.p_least_carried,
        stances={
            name: dict(zip(axes, map(float, m), strict=True))
            for (name, _), m in zip(models, means, strict=True)
        },
        verdict="not estimable" if not testable else "correlated" if shown else "not shown",
    )


def _axes() -> tuple[str, ...]:
    return tuple(load_material().axes)


def recognised(table: Rows, request: CopiesRequest) -> Recognition | None:
    """Return whether a subject knows its own reply; None where no pair could be made."""
    threads = table.threads("recognise")
    if not threads:
        return None
    partner = request.partners[0]
    own = table.chosen("recognise", format="own", script="game")
    better = table.chosen("recognise", format="better", script="game").directed
    told = table.chosen("recognise", format="own", script="high").directed
    apart = np.array([[float(w) for w in t.split() if w[0].isdigit()] for t in threads.values()])
    near, far = apart.mean(axis=0)
    return Recognition(
        partner=partner.name,
        stands=partner.stands,
        pairs=len(threads),
        own=mean_over(own.directed).told,
        better=mean_over(better).told,
        accuracy=_accuracy(own.p),
        told=mean_over(told).told,
        apart=(float(near), float(far)),
    )


def _accuracy(p: Array) -> Estimate:
    return mean_over(p.mean(axis=-1)).told
