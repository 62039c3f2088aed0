"""Threads: histories that can fork and merge, as one graph of turns.

A turn's id is the digest of what it says, where it stands and which thread it is in, so an export read back
gives the same ids, and a merge is the same whichever parent is named first. Two threads that open with the
same words share nothing by that: they share a beginning when one was forked from the other.

The record of a thread is not the thread. Nothing here says that anybody survived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from blake3 import blake3

from selfscope.archive.journal.events import (
    UNKNOWN,
    EdgeDrawn,
    Event,
    ThreadBegan,
    ThreadEnded,
    ThreadFrozen,
    TurnTaken,
)
from selfscope.archive.journal.moments import moment
from selfscope.errors import BadInput
from selfscope.values.canonical import canonical_json
from selfscope.values.lineage import Edge, Turn

MADE_BY_NOBODY = ("user", "system", "developer", "tool", "function")
"""Roles whose messages are written outside the model, unless an instance is named."""


@dataclass(frozen=True)
class Threads:
    """All turns of a journal, in its order; a turn's parents come before it.

    Attributes
    ----------
    turns, children
        Turns by id, and for each the ids of those that follow it.
    own
        For each thread the turns taken in it. A fork's shared past belongs to the thread it forked from.
    begun, ended
        What each thread began with, and the moment at which it ended.
    places
        Which turn of the journal each is, counted from 0.
    drawn
        Edges that were drawn between turns, by source and target: better evidence, or a measured drift.
    frozen
        For a turn, what was last kept for its thread to go on from it.
    """

    turns: dict[str, Turn] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)
    own: dict[str, list[str]] = field(default_factory=dict)
    begun: dict[str, ThreadBegan] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    drawn: dict[tuple[str, str], EdgeDrawn] = field(default_factory=dict)
    frozen: dict[str, ThreadFrozen] = field(default_factory=dict)

    def turn(self, turn: str) -> Turn:
        """Return one turn.

        Raises
        ------
        BadInput
            If there is none of that id.
        """
        if turn not in self.turns:
            raise BadInput("no thread has such a turn", got=turn, fix="`keep thread show` lists turns")
        return self.turns[turn]

    def of(self, thread: str) -> list[str]:
        """Return the turns taken in a thread itself.

        Raises
        ------
        BadInput
            If there is no such thread.
        """
        if thread not in self.own and thread not in self.begun:
            raise BadInput(
                "the journal knows no such thread", got=thread, fix="`keep thread list` shows those there are"
            )
        return self.own.get(thread, [])

    def before(self, turns: Iterable[str]) -> dict[str, None]:
        """Return the turns from which any of `turns` followed, and those themselves."""
        return _closure(turns, lambda each: self.turns[each].parents)

    def after(self, turns: Iterable[str]) -> dict[str, None]:
        """Return the turns that followed any of `turns`, and those themselves."""
        return _closure(turns, lambda each: self.children[each])

    def history(self, thread: str) -> dict[str, None]:
        """Return a thread's turns and everything they followed from, a shared prologue too."""
        return self.before(self.of(thread))

    def onward(self, turns: Iterable[str]) -> dict[str, None]:
        """Return `turns` and how their own threads go on: to their ends, and into what they were merged.

        A fork does not carry a thread on, for the forked thread is another; a merge does.
        """
        return _closure(turns, lambda each: (c for c in self.children[each] if self.carries(each, c)))

    def carries(self, parent: str, child: str) -> bool:
        """Whether the parent's thread goes on in the child: in the same thread, or merged."""
        to = self.turns[child]
        return to.thread == self.turns[parent].thread or len(to.parents) > 1

    def heads(self, thread: str) -> list[str]:
        """Return the turns of a thread that none of its own follows: where it can be taken on."""
        return [
            each
            for each in self.of(thread)
            if all(self.turns[child].thread != thread for child in self.children[each])
        ]

    def computed(self, turns: Iterable[str]) -> list[Turn]:
        """Return those turns that some instance computed, known or not: the slices of a thread."""
        found = (self.turns[each] for each in turns)
        return [turn for turn in found if turn.instance != UNKNOWN or turn.role not in MADE_BY_NOBODY]

    def first(self, thread: str) -> list[Turn]:
        """Return the computed turns with which a thread's history begins."""
        within = self.history(thread)
        return self._outermost(sorted(within, key=self.place), lambda each: self.turns[each].parents)

    def last(self, thread: str) -> list[Turn]:
        """Return the computed turns with which a thread ends, its own or of what it was merged into."""
        within = {**self.history(thread), **self.onward(self.of(thread))}
        back = sorted(within, key=self.place, reverse=True)
        return self._outermost(back, lambda each: (c for c in self.children[each] if c in within))

    def place(self, turn: str) -> int:
        """Return which turn of the journal this is, counted from 0."""
        return self.places[turn]

    def _outermost(self, order: list[str], behind: Callable[[str], Iterable[str]]) -> list[Turn]:
        """Return the computed turns that have no other computed turn behind them."""
        computed = {turn.turn for turn in self.computed(order)}
        met: set[str] = set()
        found = []
        for each in order:
            if any(other in met for other in behind(each)):
                met.add(each)
            elif each in computed:
                met.add(each)
                found.append(self.turns[each])
        return found

    def sharing_beginning(self, turn: str) -> set[str]:
        """Return the threads whose history has this turn in it: how many ways a fission went."""
        return {self.turns[each].thread for each in self.after([turn])}

    def sharing_end(self, turn: str) -> set[str]:
        """Return the threads that go on into this turn: how many were fused."""
        back = _closure([turn], lambda each: (p for p in self.turns[each].parents if self.carries(p, each)))
        return {self.turns[each].thread for each in back}

    def shared_prefix(self, thread: str) -> int:
        """Return how many turns of a thread's history another thread's history has too, by forking."""
        history = self.history(thread)
        shared: set[str] = set()
        for each in sorted(history, key=self.place, reverse=True):
            forked = any(not self.carries(each, child) for child in self.children[each])
            later = any(child in shared for child in self.children[each])
            if self.turns[each].thread != thread or forked or later:
                shared.add(each)
        return len(shared)

    def meet(self, a: str, b: str) -> list[str]:
        """Return the lowest common ancestors of two turns: what both follow from, and nothing later does.

        A graph with merges can have several; two threads without a common past have none. A turn counts as
        its own ancestor.
        """
        for each in (a, b):
            self.turn(each)
        both = self.before([a]).keys() & self.before([b]).keys()
        passed = {parent for each in both for parent in self.turns[each].parents}
        return sorted(both - passed, key=self.place)

    def without_beginning(self, turn: str, threads: Iterable[str] | None = None) -> list[str]:
        """Return the threads (all where none are named) whose history lacks this common beginning."""
        shared = {each.thread for each in (self.turns[t] for t in self.after([self.turn(turn).turn]))}
        return [each for each in self._all(threads) if each not in shared]

    def without_end(self, turn: str, threads: Iterable[str] | None = None) -> list[str]:
        """Return the threads (all where none are named) that do not go on into this common end."""
        shared = self.sharing_end(self.turn(turn).turn)
        return [each for each in self._all(threads) if each not in shared]

    def overdue(self, at: str) -> list[str]:
        """Return the threads that are not to be kept any longer, or that nobody agreed to have kept."""
        now = moment(at)
        return [
            each.thread
            for each in self.begun.values()
            if each.consent == "declined" or (each.keep_until and moment(each.keep_until) <= now)
        ]

    def edges(self) -> Iterator[Edge]:
        """Return an edge for each parent of each turn: a turn, a fork or a merge, with its evidence."""
        for turn in self.turns.values():
            for parent in turn.parents:
                forked = self.turns[parent].thread != turn.thread
                kind = "merge" if len(turn.parents) > 1 else "fork" if forked else "turn"
                said = self.drawn.get((parent, turn.turn))
                yield (
                    Edge(kind, parent, turn.turn, said.grade, said.drift, said.shift, said.note)
                    if said is not None and said.edge == kind
                    else Edge(kind, parent, turn.turn, "declared")
                )

    def _all(self, threads: Iterable[str] | None) -> list[str]:
        named = list(dict.fromkeys([*self.begun, *self.own])) if threads is None else list(threads)
        for each in named:
            self.of(each)
        return named


def read_threads(events: Iterable[Event]) -> Threads:
    """Return the threads that a journal's events tell.

    Raises
    ------
    BadInput
        If a turn is taken twice, follows from one that was not taken yet (so that none can follow from
        itself), or names a parent twice.
    """
    threads = Threads()
    for event in events:
        match event:
            case TurnTaken():
                _enter(threads, event)
            case ThreadBegan():
                if event.thread in threads.begun:
                    raise BadInput("a thread begins twice", got=event.thread)
                threads.begun[event.thread] = event
            case ThreadEnded():
                threads.ended.setdefault(event.thread, event.ended)
            case ThreadFrozen():
                if event.turn not in threads.turns:
                    raise BadInput("what was frozen is no turn of a thread", got=event.turn)
                threads.frozen[event.turn] = event
            case EdgeDrawn() if event.edge in ("turn", "fork", "merge"):
                threads.drawn.update({(source, event.target): event for source in event.sources})
            case _:
                pass
    return threads


def _enter(threads: Threads, event: TurnTaken) -> None:
    if event.node in threads.turns:
        raise BadInput(
            "a turn is taken twice", got=event.node, fix="Give the second an `occasion` of its own"
        )
    missing = [parent for parent in event.parents if parent not in threads.turns]
    if missing or len(set(event.parents)) != len(event.parents):
        raise BadInput(
            "a turn follows from one that was not taken, or from one twice", got=(missing or event.parents)[0]
        )
    threads.turns[event.node] = Turn(
        event.node, event.thread, tuple(event.parents), event.role, event.message, event.instance,
        event.character, event.hidden, event.occasion, event.tokens, tuple(event.redacted), event.at,
        event.encoded,
    )  # fmt: skip
    threads.places[event.node] = len(threads.places)
    threads.children[event.node] = []
    threads.own.setdefault(event.thread, []).append(event.node)
    for parent in event.parents:
        threads.children[parent].append(event.node)


def turn_id(turn: TurnTaken) -> str:
    """Return the id of a turn: the digest of everything that makes it this turn and no other.

    Parents are taken in sorted order, so a merge has one id however its parents are listed. Token counts and
    ids, the time and what was redacted describe the turn and are no part of its id.
    """
    told = {
        "thread": turn.thread,
        "parents": sorted(turn.parents),
        "role": turn.role,
        "message": turn.message,
        "instance": turn.instance,
        "character": turn.character,
        "hidden": turn.hidden,
        "occasion": turn.occasion,
    }
    return "turn:" + blake3(canonical_json(told)).hexdigest()


def take(turn: TurnTaken) -> TurnTaken:
    """Return the turn with its id; whatever its `node` said before."""
    return replace(turn, node=turn_id(turn), parents=tuple(sorted(turn.parents)))


def fork(threads: Threads, at: str, began: ThreadBegan, turn: TurnTaken) -> tuple[ThreadBegan, TurnTaken]:
    """Return the events by which another thread goes on from a turn; the turn's own thread goes on unchanged.

    Raises
    ------
    BadInput
        If there is no such turn, or the thread is not new.
    """
    threads.turn(at)
    if began.thread in threads.begun or began.thread in threads.own:
        raise BadInput("a fork needs a thread of its own", got=began.thread, fix="Give it a new id")
    return began, take(replace(turn, thread=began.thread, parents=(at,)))


def merge(threads: Threads, heads: Iterable[str], turn: TurnTaken) -> TurnTaken:
    """Return the turn in which two or more heads go on as one; the order of the heads does not matter.

    Raises
    ------
    BadInput
        If there are not two heads, or one of them already follows from another.
    """
    parents = sorted(set(heads))
    if len(parents) < 2:
        raise BadInput(
            "a merge has two parents or more", got=", ".join(parents), fix="Name different turns or threads"
        )
    for each in parents:
        threads.turn(each)
    for each in parents:
        earlier = threads.before(threads.turns[each].parents).keys() & set(parents)
        if earlier:
            raise BadInput("one of these follows from another", got=f"{each} from {sorted(earlier)[0]}")
    return take(replace(turn, parents=tuple(parents)))


def _closure(starts: Iterable[str], step: Callable[[str], Iterable[str]]) -> dict[str, None]:
    """Return what is reached from `starts` by `step`, the starts among it, each once."""
    found = dict.fromkeys(starts)
    waiting = list(found)
    while waiting:
        for each in step(waiting.pop()):
            if each not in found:
                found[each] = None
                waiting.append(each)
    return found
