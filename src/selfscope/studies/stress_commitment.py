"""Findings of games of commitment, re-asked: what is held, and what a conversation that holds it restores.

Cells are conversations in the open before any question, in either order of yes and no. The run's own test
takes wordings and things for samples, whichever is the less sure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.commitment.branches import ORDERS, Thread
from selfscope.instruments.commitment.load import NAME, SESOI
from selfscope.stats.commitment import (
    LEAST,
    effective_of_draws,
    held_verdict,
    kept,
    read_verdict,
    restored_verdict,
)
from selfscope.stats.masked import Array, Mask, mean
from selfscope.stats.stress_cells import Errors, Unit
from selfscope.stats.stress_claims import Claim, Said
from selfscope.studies.commitment import CommitmentRequest
from selfscope.studies.commitment_found import GameRows, Played, game_found
from selfscope.values import Estimate, Study
from selfscope.values.commitment import ControlFound, GameFound, Restored

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05
#: Games up to which labels are exchanged in every way there is.
_ALL_WAYS = 10
#: What is said where it does not matter in whose conversation something was answered.
_NOBODY = {"holds one": "one by habit", "superposed": "draws anew"}


def commitment_request(study: Study) -> CommitmentRequest:
    """Return what was asked for, from what the run declared."""
    own = study.subject
    worn = "" if own.name == "none" and not own.system else own.name
    return CommitmentRequest(
        study.questions[0].constructs, study.preset, own.system or "", worn, study.seed, study.replicates
    )


def commitment_claims(request: CommitmentRequest, rows: pd.DataFrame) -> Iterator[Claim]:
    """Yield what every kind of game shows, and each of its controls."""
    rows = rows[rows["instrument"] == NAME]
    for kind, own in rows.groupby("construct", sort=False):
        threads = [t for t in request.threads if t.game.construct == kind]
        games = Games(tuple(threads), own)
        found = games.found(np.ones(games.cells, bool))
        yield _held(games, found)
        for control in found.controls:
            yield _restored(games, found, control)


@dataclass(frozen=True, eq=False)
class Games:
    """Conversations of one kind of game, `rows` what was asked beside them."""

    threads: tuple[Thread, ...]
    rows: pd.DataFrame

    @cached_property
    def _tables(self) -> dict[tuple[str, ...], GameRows]:
        both = tuple(ORDERS)
        return {orders: GameRows(self.rows, orders) for orders in (both, *((o,) for o in both))}

    @cached_property
    def _whole(self) -> GameRows:
        return self._tables[tuple(ORDERS)]

    def _of(self, condition: str) -> list[Thread]:
        return [t for t in self.threads if t.condition == condition]

    @cached_property
    def start(self) -> Played:
        """The open games before any question."""
        return self._whole.played(self._of("open"), 0)

    @cached_property
    def last(self) -> Played | None:
        """Those that came to the last question; None where none is asked in the open."""
        turns = len(self.threads[0].game.questions)
        return self._whole.played(self._of("open"), turns) if turns else None

    def control(self, condition: str) -> Played:
        """Return the games whose conversation holds the answer, in the order of the open ones."""
        return self._whole.played(self._of(condition), 0)

    @property
    def cells(self) -> int:
        """Open games, each in either order."""
        return len(self.start.threads) * len(ORDERS)

    @cached_property
    def yes(self) -> Array:
        """Summed probability of yes, ``(game, order)``."""
        by = [self._tables[order,].played(self._of("open"), 0).yes.sum(axis=-1) for order in ORDERS]
        return np.stack(by, axis=1)

    @cached_property
    def _last_of(self) -> np.ndarray:
        """Where each game that came to the end stands among the open ones."""
        place = {t.name: n for n, t in enumerate(self.start.threads)}
        return np.array([place[t.name] for t in self.last.threads] if self.last else [], np.intp)

    @cached_property
    def items(self) -> np.ndarray:
        """The thing of each open game."""
        return np.array([t.game.item for t in self.start.threads])

    @cached_property
    def own(self) -> tuple[str, ...]:
        """What the run's own test takes for samples: things and wordings, of which there are several."""
        units = self.units(1)
        return tuple(u for u in ("item", "template") if len(units[u].names) > 1)

    def units(self, times: int) -> dict[str, Unit]:
        """Return what one individual may be; every game stands `times` over, orders if twice."""
        template = np.repeat([f"t{t.template + 1}" for t in self.start.threads], times)
        item, name = np.repeat(self.items, times), np.repeat([t.name for t in self.start.threads], times)
        found = {"item": Unit.of(item), "thread": Unit.of(name, item), "template": Unit.of(template)}
        if times > 1:
            found["order"] = Unit.of(np.tile(tuple(ORDERS), len(self.start.threads)))
        return found

    def numbers(self, weights: Array) -> Array:
        """Return yes sum, effective number, pooled number and consistency, ``(draw, number)``."""
        w = weights.reshape(len(weights), *self.yes.shape)
        there = np.isfinite(self.yes) & (w > 0)
        total = (w * there).sum(axis=(1, 2))
        yes = (w * np.where(there, self.yes, 0.0)).sum(axis=(1, 2)) / np.where(total > 0, total, np.nan)
        often = np.ceil(w.mean(axis=2) - 1e-9)
        own = [yes, _over(self.start.effective, often), self._pooled(often)]
        if self.last is not None:
            told = kept(self.last.revealed, self.last.consistent)
            own.append(_over(told, often[:, self._last_of]))
        return np.stack(own, axis=1)

    def _pooled(self, often: Array) -> Array:
        """Return the effective number of all wordings of a thing together, mean over things, ``(draw,)``."""
        total, count = np.zeros(len(often)), np.zeros(len(often))
        for item in dict.fromkeys(self.items):
            own = self.items == item
            known = own & np.isfinite(self.start.revealed).all(axis=1)
            w = often[:, known]
            there = w.sum(axis=1) > 0
            shares = w @ self.start.revealed[known] / np.where(there, w.sum(axis=1), 1.0)[:, None]
            each = effective_of_draws(shares, w @ self.start.draws[known])
            times = np.ceil(often[:, own].mean(axis=1) - 1e-9) * there
            total, count = total + times * np.where(there, each, 0.0), count + times
        return np.asarray(total / np.where(count > 0, count, np.nan))

    def found(self, keep: Mask) -> GameFound:
        """Return what the run's own measure says of the cells that are kept; BadInput for too few."""
        there = keep.reshape(-1, len(ORDERS)) if len(keep) == self.cells else keep[:, None]
        by_order, by_game = (np.atleast_1d(there.any(axis=axis)) for axis in (0, 1))
        orders = tuple(o for o, k in zip(ORDERS, by_order, strict=False) if k)
        left = [t for t, k in zip(self.start.threads, by_game, strict=True) if k]
        if len({t.template for t in left}) < LEAST:
            raise BadInput(f"under {LEAST} wordings are left")
        games, things = {(t.game.item, t.template) for t in left}, {t.game.item for t in left}
        own = [
            t
            for t in self.threads
            if (t.game.item, t.template) in games or (t.condition == "prior" and t.game.item in things)
        ]
        table = self._tables[orders] if len(keep) == self.cells else self._whole
        return game_found(own[0].game.construct, own, table)

    def exchanged(self, draws: int, rng: np.random.Generator) -> float:
        """Return the p that answers keep to their own conversation as to another's of the same thing."""
        assert self.last is not None
        said, fits, items = self.last.revealed, self.last.consistent, self.items[self._last_of]
        seen = float(mean(kept(said, fits)))
        as_large = 0
        for _ in range(draws):
            other = np.arange(len(items))
            for item in dict.fromkeys(items):
                own = np.flatnonzero(items == item)
                other[own] = rng.permutation(own)
            as_large += float(mean(kept(said[other], fits))) >= seen - 1e-12
        return (1 + as_large) / (1 + draws)


def _over(values: Array, often: Array) -> Array:
    """Return the mean of what is known, ``(draw,)``; values ``(game,)``, often ``(draw, game)``."""
    known = np.isfinite(values)
    total = often[:, known].sum(axis=1)
    return np.asarray(often[:, known] @ values[known] / np.where(total > 0, total, np.nan))


def _held(games: Games, found: GameFound) -> Claim:
    stated = next(c.verdict for c in found.controls if c.condition == "stated")

    def judged(errors: Errors) -> Said:
        of = [Estimate(float(v), errors.ci(n)) for n, v in enumerate(errors.values)]
        consistent = of[3] if len(of) > 3 else None
        verdict = held_verdict(of[0], of[1], of[2].estimate, consistent)
        return Said(
            of[1].estimate, read_verdict(verdict, stated, found.yes_mass, found.reveal_mass), of[1].ci
        )

    def again(keep: Mask) -> Said:
        left = games.found(keep)
        return Said(left.effective.estimate, left.verdict, left.effective.ci)

    def exchanged(draws: int, rng: np.random.Generator) -> Said:
        p = games.exchanged(draws, rng)
        word = found.verdict if p <= ALPHA else _NOBODY[found.verdict]
        return Said(found.effective.estimate, word, p=p)

    unread = found.verdict == "not interpretable"
    return Claim(
        of={"finding": f"game {found.construct}", "instrument": NAME},
        said=Said(found.effective.estimate, found.verdict, found.effective.ci),
        sesoi=SESOI,
        units=games.units(len(ORDERS)),
        own=games.own,
        numbers=games.numbers,
        judged=judged,
        again=again,
        exchanged=_why_not(games, found) or exchanged,
        effects=frozenset(_NOBODY),
        reasons=("nothing that a conversation holds is revealed, or no answer is likely",) if unread else (),
    )


def _why_not(games: Games, found: GameFound) -> str:
    """Return why labels of conversations cannot be exchanged; "" where they can."""
    if found.verdict not in _NOBODY:
        return "it does not rest on whose conversation it is"
    if games.last is None:
        return "nothing is answered in the open, so no transcript can be exchanged"
    return ""


def _restored(games: Games, found: GameFound, control: ControlFound) -> Claim:
    held, unheld = _control_values(games, control.condition)

    def judged(errors: Errors) -> Said:
        difference, shown = (Estimate(float(v), errors.ci(n)) for n, v in enumerate(errors.values))
        return Said(difference.estimate, restored_verdict(difference, shown), difference.ci, errors.p(0))

    def again(keep: Mask) -> Said:
        left = next(c for c in games.found(keep).controls if c.condition == control.condition)
        return Said(left.difference.estimate, left.verdict, left.difference.ci)

    def exchanged(draws: int, rng: np.random.Generator) -> Said:
        away = (held - unheld)[np.isfinite(held - unheld)]
        every = len(away) <= _ALL_WAYS
        signs = (
            np.array(list(product([-1.0, 1.0], repeat=len(away))))
            if every
            else rng.choice([-1.0, 1.0], size=(draws, len(away)))
        )
        as_large = int(((signs * away).mean(axis=1) >= away.mean() - 1e-12).sum())
        p = as_large / len(signs) if every else (1 + as_large) / (1 + draws)
        word: Restored = control.verdict if p <= ALPHA else "not shown"
        return Said(control.difference.estimate, word, p=p)

    return Claim(
        of={"finding": f"game {found.construct}, answer {control.condition}", "instrument": NAME},
        said=Said(control.difference.estimate, control.verdict, control.difference.ci),
        sesoi=math.nan,
        units=games.units(1),
        own=games.own,
        numbers=lambda w: np.stack([_over(held - unheld, w), _over(held, w)], axis=1),
        judged=judged,
        again=again,
        exchanged=exchanged,
        effects=frozenset({"restored", "moved"}),
    )


def _control_values(games: Games, condition: str) -> tuple[Array, Array]:
    """Return the probability of what is held, where it is held and in the open, ``(game,)`` each."""
    now = games.control(condition)
    return kept(now.revealed, now.held), kept(games.start.revealed, now.held)
