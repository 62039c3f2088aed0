"""What the rows of games of commitment come to, one kind of game after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from selfscope.instruments.commitment.branches import HELD, ORDERS, Thread
from selfscope.stats.commitment import (
    LEAST,
    contradiction,
    effective_number,
    held_verdict,
    kept,
    over_clusters,
    overlap,
    restored_verdict,
    shares,
)
from selfscope.stats.masked import Array
from selfscope.studies.commitment import CommitmentRequest
from selfscope.values import Estimate
from selfscope.values.commitment import Commitment, ControlFound, GameFound, Revealed, TurnFound

if TYPE_CHECKING:
    import pandas as pd


def found_in(request: CommitmentRequest, rows: pd.DataFrame) -> Commitment:
    """Return what the rows of a finished run say."""
    kinds = dict.fromkeys(game.construct for game in request.games)
    by_kind = rows.groupby("construct", sort=False)
    return Commitment(
        tuple(
            _found(kind, [t for t in request.threads if t.game.construct == kind], by_kind.get_group(kind))
            for kind in kinds
        )
    )


@dataclass(frozen=True)
class _Played:
    """Conversations of one condition after one number of questions, as arrays.

    Attributes
    ----------
    threads
        In their order; `said` of each is what was asked and answered.
    yes
        Probability of yes by candidate, mean over both orders, ``(game, candidate)``.
    said
        Probability of each candidate as the revealed answer, ``(game, candidate)``.
    """

    threads: tuple[Thread, ...]
    yes: Array
    said: Array

    @cached_property
    def revealed(self) -> Array:
        """Revealed answers as shares of the candidates, ``(game, candidate)``."""
        return shares(self.said)

    @cached_property
    def effective(self) -> Array:
        """Effective number of revealed answers, ``(game,)``."""
        return effective_number(self.revealed)

    @cached_property
    def consistent(self) -> Array:
        """Which candidates agree with the answers so far, ``(game, candidate)``."""
        return np.array([[c in t.consistent for c in t.game.candidates] for t in self.threads])

    @cached_property
    def held(self) -> Array:
        """Which candidate the conversation holds, ``(game, candidate)``."""
        return np.array([[c == t.held for c in t.game.candidates] for t in self.threads])

    def over(self, values: Array) -> Estimate:
        """Return a mean over these games with its interval."""
        return over_clusters(values, [t.template for t in self.threads], [t.game.item for t in self.threads])


class _Rows:
    """Rows of one kind of game, looked up by conversation."""

    def __init__(self, rows: pd.DataFrame) -> None:
        keys = zip(*(rows[c] for c in ("thread", "turn", "format", "order", "label")), strict=True)
        self._value = dict(zip(keys, rows["value"], strict=True))
        self.yes_mass = float(rows.loc[rows["format"] == "is_it", "option_mass"].median())

    def played(self, threads: Sequence[Thread], turn: int) -> _Played:
        """Return conversations after `turn` questions."""
        reached = tuple(self._reached(t, turn) for t in threads)
        yes = [[self._yes(t, turn, "is_it", c) for c in t.game.candidates] for t in threads]
        said = [self.said(t, turn) for t in threads]
        return _Played(reached, np.array(yes, float), np.array(said, float))

    def said(self, thread: Thread, turn: int) -> Array:
        """Return the probability of each candidate as the revealed answer, ``(candidate,)``."""
        logs = [self._value[thread.name, turn, "reveal", "", c] for c in thread.game.candidates]
        return np.asarray(np.exp(logs))

    def sides(self, threads: Sequence[Thread]) -> Array:
        """Return the probability of yes to both sides before any question, ``(game, 2)``."""
        return np.array([[self._yes(t, 0, "side", ask) for ask in t.game.sides] for t in threads])

    def _yes(self, thread: Thread, turn: int, kind: str, label: str) -> float:
        odds = [self._value[thread.name, turn, kind, order, label] for order in ORDERS]
        return float(special.expit(odds).mean())

    def _reached(self, thread: Thread, turn: int) -> Thread:
        while thread.turn < turn:
            following = thread.next_question
            assert following is not None
            ask, order = following
            said = self._value[thread.name, thread.turn, "question", order, ask]
            thread = thread.answered(bool(said == 1))
        return thread


def _found(kind: str, threads: Sequence[Thread], rows: pd.DataFrame) -> GameFound:
    table = _Rows(rows)
    of = {c: [t for t in threads if t.condition == c] for c in ("open", *HELD, "prior")}
    turns = len(threads[0].game.questions)
    played = [table.played(of["open"], turn) for turn in range(turns + 1)]
    prior = _prior(table, of["prior"])
    told = tuple(_turn(now, played[:turn], prior) for turn, now in enumerate(played))
    start = played[0]
    sides = table.sides(of["open"])
    consistent = told[-1].consistent if turns else None
    yes_sum, effective = start.over(start.yes.sum(-1)), start.over(start.effective)
    pooled = _pooled(start)
    wordings = len({t.template for t in start.threads})
    return GameFound(
        construct=kind,
        games=len(start.threads),
        wordings=wordings,
        candidates=len(threads[0].game.candidates),
        yes_sum=yes_sum,
        effective=effective,
        pooled=pooled,
        prior_effective=_prior_effective(table, of["prior"]),
        prior_overlap=start.over(overlap(start.revealed, _beside(prior, start.threads))),
        contradiction=start.over(contradiction(sides[:, 0], sides[:, 1])),
        agreement=start.over(overlap(start.revealed, shares(start.yes))),
        yes_mass=table.yes_mass,
        reveal_mass=float(np.median(start.said.sum(-1))),
        turns=told,
        controls=tuple(_control(c, table.played(of[c], 0), start) for c in HELD),
        verdict=held_verdict(yes_sum, effective, pooled, consistent),
        revealed=tuple(_shown(table, t) for c in of for t in of[c]),
        notes=() if wordings >= LEAST else ("too few wordings for an interval",),
    )


def _shown(table: _Rows, thread: Thread) -> Revealed:
    told = shares(table.said(thread, 0)).tolist()
    by_candidate = dict(zip(thread.game.candidates, told, strict=True))
    return Revealed(thread.game.item, thread.condition, thread.template + 1, thread.held, by_candidate)


def _prior(table: _Rows, threads: Sequence[Thread]) -> dict[str, Array]:
    """Return the shares of answers where there is no game, mean over wordings, by thing."""
    by_item: dict[str, list[Array]] = {}
    for thread in threads:
        by_item.setdefault(thread.game.item, []).append(shares(table.said(thread, 0)))
    return {item: np.mean(each, axis=0) for item, each in by_item.items()}


def _prior_effective(table: _Rows, threads: Sequence[Thread]) -> Estimate:
    numbers = effective_number(shares([table.said(t, 0) for t in threads]))
    return over_clusters(numbers, [t.template for t in threads], [t.game.item for t in threads])


def _beside(prior: dict[str, Array], threads: Sequence[Thread]) -> Array:
    return np.array([prior[t.game.item] for t in threads])


def _pooled(start: _Played) -> float:
    """Return the effective number of all wordings of a thing together, mean over things."""
    items = np.array([t.game.item for t in start.threads])
    return float(
        np.mean([effective_number(start.revealed[items == i].mean(axis=0)) for i in np.unique(items)])
    )


def _turn(now: _Played, before: Sequence[_Played], prior: dict[str, Array]) -> TurnFound:
    mask = now.consistent
    # answers may leave no candidate: the whole conversation is then contradictory, and nothing agrees with it
    told = kept(now.revealed, mask)
    shared = overlap(now.revealed, before[-1].revealed).mean() if before else np.nan
    return TurnFound(
        turn=len(before),
        effective=now.over(now.effective),
        left=float(mask.sum(-1).mean()),
        consistent=now.over(told),
        by_chance=float(mask.mean()),
        by_prior=float(kept(_beside(prior, now.threads), mask).mean()),
        overlap=float(shared),
        yes_sum=now.over(now.yes.sum(-1)),
    )


def _control(condition: str, now: _Played, start: _Played) -> ControlFound:
    held, unheld = kept(now.revealed, now.held), kept(start.revealed, now.held)
    difference, shown = now.over(held - unheld), now.over(held)
    return ControlFound(
        condition=condition,
        held=shown,
        unheld=now.over(unheld),
        difference=difference,
        yes_held=now.over(kept(now.yes, now.held)),
        yes_sum=now.over(now.yes.sum(-1)),
        effective=now.over(now.effective),
        verdict=restored_verdict(difference, shown),
    )
