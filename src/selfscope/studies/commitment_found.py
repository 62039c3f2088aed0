"""What the rows of games of commitment come to, one kind of game after the other."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from selfscope.instruments.commitment.branches import HELD, ORDERS, Thread
from selfscope.stats.commitment import (
    LEAST,
    contradiction,
    effective_of_draws,
    held_verdict,
    kept,
    over_clusters,
    overlap,
    read_verdict,
    restored_verdict,
    shares,
)
from selfscope.stats.masked import Array, mean
from selfscope.studies.commitment import CommitmentRequest
from selfscope.values import Estimate
from selfscope.values.asks import BOUND
from selfscope.values.commitment import Commitment, ControlFound, GameFound, Revealed, TurnFound

if TYPE_CHECKING:
    import pandas as pd


def found_in(request: CommitmentRequest, rows: pd.DataFrame) -> Commitment:
    """Return what the rows of a finished run say."""
    kinds = dict.fromkeys(game.construct for game in request.games)
    by_kind = rows.groupby("construct", sort=False)
    return Commitment(
        tuple(
            game_found(
                kind,
                [t for t in request.threads if t.game.construct == kind],
                GameRows(by_kind.get_group(kind)),
            )
            for kind in kinds
        )
    )


@dataclass(frozen=True)
class Played:
    """Conversations of one condition after one number of questions, as arrays.

    Attributes
    ----------
    threads
        In their order; `said` of each is what was asked and answered.
    yes
        Probability of yes by candidate, mean over both orders, ``(game, candidate)``.
    said
        Probability of each candidate as the revealed answer, ``(game, candidate)``.
    draws
        How many revealed answers were drawn and read, ``(game,)``; 0 where probabilities are exact.
    """

    threads: tuple[Thread, ...]
    yes: Array
    said: Array
    draws: Array

    @cached_property
    def revealed(self) -> Array:
        """Revealed answers as shares of the candidates, ``(game, candidate)``."""
        return shares(self.said)

    @cached_property
    def effective(self) -> Array:
        """Effective number of revealed answers, ``(game,)``."""
        return effective_of_draws(self.revealed, self.draws)

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


class GameRows:
    """Rows of one kind of game, looked up by conversation; draws of one answer are one probability.

    Yes and no are read in `orders`.
    """

    def __init__(self, rows: pd.DataFrame, orders: Sequence[str] = tuple(ORDERS)) -> None:
        self.orders = tuple(orders)
        told = rows.assign(value=_probabilities(rows)).groupby(_KEY, sort=False)["value"]
        self._value: Mapping[Hashable, float] = told.mean().to_dict()
        drawn = rows["scale"] == "agreement"
        revealed = rows["format"] == "reveal"
        self._read = rows[drawn & revealed].groupby(_KEY, sort=False)["value"].count().to_dict()
        self._asked = rows[drawn & revealed].groupby(_KEY, sort=False).size().to_dict()
        self.drawn = bool((drawn & revealed).any())
        self.bounds = int((rows["scorer"] == BOUND).sum())
        self.yes_mass = float(rows.loc[rows["format"] == "is_it", "option_mass"].median())

    def played(self, threads: Sequence[Thread], turn: int) -> Played:
        """Return conversations after `turn` questions: those of which all of these were answered."""
        reached = tuple(r for t in threads if (r := self._reached(t, turn)) is not None)
        yes = [[self._yes(t, turn, "is_it", c) for c in t.game.candidates] for t in reached]
        said = [self.said(t, turn) for t in reached]
        draws = [self._read.get(_reveal(t, turn, t.game.candidates[0]), 0) for t in reached]
        return Played(reached, np.array(yes, float), np.array(said, float), np.array(draws, float))

    def said(self, thread: Thread, turn: int) -> Array:
        """Return the probability of each candidate as the revealed answer, ``(candidate,)``.

        Of draws it is the share of all of them: those that are no candidate count.
        """
        keys = [_reveal(thread, turn, c) for c in thread.game.candidates]
        read = [self._read[k] / self._asked[k] if k in self._asked else 1.0 for k in keys]
        return np.array([self._value[k] * share for k, share in zip(keys, read, strict=True)], float)

    def draws(self, thread: Thread) -> int:
        """Return how many revealed answers were drawn and read before any question."""
        return int(self._read.get(_reveal(thread, 0, thread.game.candidates[0]), 0))

    def sides(self, threads: Sequence[Thread]) -> Array:
        """Return the probability of yes to both sides before any question, ``(game, 2)``."""
        return np.array([[self._yes(t, 0, "side", ask) for ask in t.game.sides] for t in threads])

    def _yes(self, thread: Thread, turn: int, kind: str, label: str) -> float:
        return float(np.mean([self._value[thread.name, turn, kind, order, label] for order in self.orders]))

    def _reached(self, thread: Thread, turn: int) -> Thread | None:
        """Return a conversation after `turn` questions; None where one of them got no answer."""
        while thread.turn < turn:
            following = thread.next_question
            assert following is not None
            ask, order = following
            said = self._value.get((thread.name, thread.turn, "question", order, ask))
            if said is None or math.isnan(said):
                return None
            thread = thread.answered(bool(said == 1))
        return thread


#: Draws of an answer that a claim needs (``measurement.md`` §9).
LEAST_DRAWS = 20
_KEY = ["thread", "turn", "format", "order", "label"]


def _reveal(thread: Thread, turn: int, candidate: str) -> tuple[object, ...]:
    return (thread.name, turn, "reveal", "", candidate)


def _probabilities(rows: pd.DataFrame) -> Array:
    """Return values as probabilities: of yes, of a text, or 0 and 1 of a draw; NaN where none was read."""
    value = rows["value"].to_numpy(float)
    scale = rows["scale"].to_numpy(str)
    return np.select([scale == "log_odds", scale == "log_prob"], [special.expit(value), np.exp(value)], value)


def game_found(kind: str, threads: Sequence[Thread], table: GameRows) -> GameFound:
    """Return what one kind of game comes to, of some of its conversations and what stands beside them."""
    of = {c: [t for t in threads if t.condition == c] for c in ("open", *HELD, "prior")}
    turns = range(len(threads[0].game.questions) + 1)
    played = [now for turn in turns if (now := table.played(of["open"], turn)).threads]
    prior = _prior(table, of["prior"])
    told = tuple(_turn(now, played[:turn], prior) for turn, now in enumerate(played))
    start = played[0]
    sides = table.sides(of["open"])
    consistent = told[-1].consistent if len(turns) > 1 else None
    yes_sum, effective = start.over(start.yes.sum(-1)), start.over(start.effective)
    pooled = _pooled(start)
    wordings = len({t.template for t in start.threads})
    controls = tuple(_control(c, table.played(of[c], 0), start) for c in HELD)
    reveal_mass = float(np.median(start.said.sum(-1)))
    stated = next(c.verdict for c in controls if c.condition == "stated")
    verdict = held_verdict(yes_sum, effective, pooled, consistent)
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
        reveal_mass=reveal_mass,
        turns=told,
        controls=controls,
        verdict=read_verdict(verdict, stated, table.yes_mass, reveal_mass),
        revealed=tuple(_shown(table, t) for c in of for t in of[c]),
        notes=tuple(_notes(table, wordings, played)),
    )


def _notes(table: GameRows, wordings: int, played: Sequence[Played]) -> Iterator[str]:
    if wordings < LEAST:
        yield "too few wordings for an interval"
    if table.drawn:
        yield "revealed answers were drawn: overlaps are too small by what few draws leave out"
        if max(played[0].draws, default=0) < LEAST_DRAWS:
            yield f"fewer than {LEAST_DRAWS} draws of an answer were read: too few for a claim"
    if table.bounds:
        yield f"{table.bounds:,} answers are bounds, for one of yes and no was not in the provider's list"
    if lost := len(played[0].threads) - len(played[-1].threads):
        yield f"{lost} conversations ended before the last question, for no answer to one could be read"


def _shown(table: GameRows, thread: Thread) -> Revealed:
    told = shares(table.said(thread, 0)).tolist()
    by_candidate = dict(zip(thread.game.candidates, told, strict=True))
    return Revealed(thread.game.item, thread.condition, thread.template + 1, thread.held, by_candidate)


def _prior(table: GameRows, threads: Sequence[Thread]) -> dict[str, Array]:
    """Return the shares of answers where there is no game, mean over wordings, by thing."""
    by_item: dict[str, list[Array]] = {}
    for thread in threads:
        by_item.setdefault(thread.game.item, []).append(shares(table.said(thread, 0)))
    return {item: mean(each, axis=0) for item, each in by_item.items()}


def _prior_effective(table: GameRows, threads: Sequence[Thread]) -> Estimate:
    told = shares([table.said(t, 0) for t in threads])
    numbers = effective_of_draws(told, [table.draws(t) for t in threads])
    return over_clusters(numbers, [t.template for t in threads], [t.game.item for t in threads])


def _beside(prior: dict[str, Array], threads: Sequence[Thread]) -> Array:
    return np.array([prior[t.game.item] for t in threads])


def _pooled(start: Played) -> float:
    """Return the effective number of all wordings of a thing together, mean over things."""
    items = np.array([t.game.item for t in start.threads])
    each = [
        effective_of_draws(mean(start.revealed[items == i], axis=0), start.draws[items == i].sum())
        for i in np.unique(items)
    ]
    return float(mean(each))


def _turn(now: Played, before: Sequence[Played], prior: dict[str, Array]) -> TurnFound:
    mask = now.consistent
    # answers may leave no candidate: the whole conversation is then contradictory, and nothing agrees with it
    told = kept(now.revealed, mask)
    shared = _shared(now, before[-1]) if before else np.nan
    return TurnFound(
        turn=len(before),
        effective=now.over(now.effective),
        left=float(mask.sum(-1).mean()),
        consistent=now.over(told),
        by_chance=float(mask.mean()),
        by_prior=float(mean(kept(_beside(prior, now.threads), mask))),
        overlap=float(shared),
        yes_sum=now.over(now.yes.sum(-1)),
    )


def _shared(now: Played, before: Played) -> float:
    """Return the overlap with one turn before, mean over the conversations that came as far."""
    place = {t.name: n for n, t in enumerate(before.threads)}
    former = before.revealed[[place[t.name] for t in now.threads]]
    return float(mean(overlap(now.revealed, former)))


def _control(condition: str, now: Played, start: Played) -> ControlFound:
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
