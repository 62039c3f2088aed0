"""What may be added to the threads of an archive, and how their messages are stored with it.

Everything is looked at before anything is stored, and once more at the moment of the journal's record, for
somebody else may have been first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, get_args

from selfscope.archive.journal.events import (
    UNKNOWN,
    Event,
    Part,
    ThreadBegan,
    ThreadEnded,
    ThreadFrozen,
    TurnTaken,
)
from selfscope.archive.journal.moments import moment
from selfscope.archive.lineage.common import shared
from selfscope.archive.lineage.threads import Threads, read_threads
from selfscope.errors import BadInput, Refused
from selfscope.values.canonical import bytes_id

if TYPE_CHECKING:
    from selfscope.archive.store.archive import Archive

BATCH = 200
"""Messages that are made durable together: each is an open file until then."""


class Messages:
    """Messages on their way into an archive: what is stored of each, and under which id."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.stored: dict[str, tuple[bytes, str]] = {}

    def name(self, domain: str, data: bytes) -> str:
        """Return the id under which a message is kept: that of its ciphertext, where there is a domain."""
        stored = self.archive.open_vault().seal(domain, data) if domain else data
        identifier = bytes_id(stored)
        self.stored[identifier] = (stored, domain)
        return identifier

    def publish(self, events: Sequence[Event]) -> None:
        """Store the messages that events name, and their token ids."""
        objects = self.archive.objects
        turns = [each for each in events if isinstance(each, TurnTaken)]
        named = {each for turn in turns for each in (turn.message, turn.encoded)}
        wanted = [(each, *self.stored[each]) for each in sorted(named & self.stored.keys())]
        with self.archive.writing() as staging:
            for start in range(0, len(wanted), BATCH):
                batch = wanted[start : start + BATCH]
                objects.publish(
                    [
                        (objects.stage(staging, f"message-{each[3:]}", data), objects.place(each, domain))
                        for each, data, domain in batch
                    ]
                )


def demand_thread_domain(archive: Archive, domain: str) -> None:
    """Refuse to keep a thread in the clear where the policy wants threads encrypted."""
    from selfscope.archive.store.add import demand_domain

    demand_domain(archive, "thread", domain)


def admit(archive: Archive, events: Sequence[Event], *, tied: bool = True) -> None:
    """Refuse events that no journal should hold; `tied` ones also name no instance unknown here.

    Raises
    ------
    BadInput
        If a thread has ended, a turn would be taken twice or follow from nothing known, or a moment is none.
    Refused
        If somebody declined its being kept.
    """
    said = archive.lineage.said()
    known = read_threads(said)
    for event in events:
        if isinstance(event, ThreadBegan):
            _check_terms(event)
            _check_part(archive, known, event, tied)
        elif isinstance(event, TurnTaken):
            _check_turn(archive, known, event, tied)
        elif isinstance(event, ThreadEnded):
            _check_open(known, event.thread)
        elif isinstance(event, ThreadFrozen):
            _check_kept(archive, known, event.thread)
    read_threads(chain(said, events))


def _check_terms(began: ThreadBegan) -> None:
    if began.consent == "declined":
        raise Refused(
            "somebody in this thread declined its being kept", got=began.thread, fix="Do not keep it"
        )
    for each in (began.began, began.keep_until):
        if each:
            moment(each)


def _check_part(archive: Archive, known: Threads, began: ThreadBegan, tied: bool) -> None:
    if began.part not in get_args(Part) or (began.part and not began.of):
        raise BadInput(
            "a prologue or an epilogue is that of a model", got=began.part, fix="Name the model it is of"
        )
    if began.part and (other := shared(known, began.of, began.part)):
        raise BadInput(
            f"this model has its {began.part}: one is shared by all its threads",
            got=other,
            fix="Go on in that thread",
        )
    if tied and began.of and not archive.index.holdings(began.of, live=False):
        raise BadInput("the archive holds no such model", got=began.of, fix="Add its content first")


def _check_open(known: Threads, thread: str) -> None:
    if thread in known.ended:
        raise BadInput(
            f"this thread ended at {known.ended[thread]}, and nothing is added to it",
            got=thread,
            fix="Fork another from one of its turns",
        )


def _check_kept(archive: Archive, known: Threads, thread: str) -> None:
    """Refuse to keep more of a thread that is not to be kept."""
    if thread in known.begun:
        _check_terms(known.begun[thread])
    if thread in known.overdue(archive.now()):
        raise Refused(
            "this thread is not to be kept any longer",
            got=f"{thread}, until {known.begun[thread].keep_until}",
            fix="Do not freeze it",
        )


def _check_turn(archive: Archive, known: Threads, turn: TurnTaken, tied: bool) -> None:
    _check_open(known, turn.thread)
    if turn.thread in known.begun:
        _check_terms(known.begun[turn.thread])
    if turn.at:
        moment(turn.at)
    if tied and turn.instance != UNKNOWN and archive.index.instance(turn.instance) is None:
        raise BadInput(
            "the archive knows no such instance",
            got=turn.instance,
            fix="Record it with `keep instance add`, or leave it out",
        )


def commit(archive: Archive, messages: Messages, events: Sequence[Event]) -> None:
    """Store the messages, then the events that name them, if these are still true by then."""
    if not events:
        return
    with archive.writing():
        messages.publish(events)
        archive.append(events, lambda here: admit(here, events, tied=False))
