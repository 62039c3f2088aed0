"""What the journal amounts to for decisions: states, plans, signatures, keys, instances, dependents.

A ledger is read from the events alone, in their order, and holds nothing that cannot be read again. What it
says of copies and turns, of which there can be millions, it may read only when it is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from selfscope.archive.journal.events import (
    ArchiveBegan,
    Attested,
    ContentAdded,
    DestructionBegan,
    EdgeDrawn,
    Event,
    Exported,
    InstanceBegan,
    InstanceEnded,
    KeyDestroyed,
    Lifecycle,
    Pinned,
    PlanMade,
    PlanSigned,
    PolicyAdopted,
    StateChanged,
    TurnTaken,
)
from selfscope.archive.journal.moments import moment
from selfscope.errors import BadInput


@dataclass
class Copies:
    """What the journal tells of copies and of turns.

    Attributes
    ----------
    instances, ended, attested, pinned
        Copies by id, those that ended, each one's latest attestation, and the pinned ones.
    edges, turns
        As they were drawn and taken.
    """

    instances: dict[str, InstanceBegan] = field(default_factory=dict)
    ended: dict[str, InstanceEnded] = field(default_factory=dict)
    attested: dict[str, Attested] = field(default_factory=dict)
    pinned: set[str] = field(default_factory=set)
    edges: list[EdgeDrawn] = field(default_factory=list)
    turns: list[TurnTaken] = field(default_factory=list)

    def enter(self, event: Event) -> None:
        """Take one more event; what is of another kind is passed over."""
        match event:
            case InstanceBegan():
                self.instances[event.instance] = event
            case InstanceEnded():
                self.ended[event.instance] = event
            case Attested():
                self.attested[event.instance] = event
            case Pinned():
                (self.pinned.add if event.pinned else self.pinned.discard)(event.instance)
            case EdgeDrawn():
                self.edges.append(event)
            case TurnTaken():
                self.turns.append(event)
            case _:
                pass


@dataclass
class Ledger:
    """The journal's events, sorted by what decisions ask.

    Attributes
    ----------
    archive
        The archive's own id, or "" before its first event.
    additions
        Each content with its additions: one content may be held in several domains, and in the clear.
    changes
        Each content's changes of state, oldest first.
    exports
        As they were made.
    policies, plans, signatures
        Adoptions in order, plans by id, signatures by plan.
    begun, destroyed
        Destructions begun, by plan, and keys destroyed, by domain.
    last
        The latest moment that a decision recorded; None where none did.
    read, find
        Give what the journal tells of copies, all of it, and the beginning of one; asked when it is needed.
    """

    archive: str = ""
    additions: dict[str, list[ContentAdded]] = field(default_factory=lambda: defaultdict(list))
    changes: dict[str, list[StateChanged]] = field(default_factory=lambda: defaultdict(list))
    exports: list[Exported] = field(default_factory=list)
    policies: list[PolicyAdopted] = field(default_factory=list)
    plans: dict[str, PlanMade] = field(default_factory=dict)
    signatures: dict[str, list[PlanSigned]] = field(default_factory=lambda: defaultdict(list))
    begun: dict[str, DestructionBegan] = field(default_factory=dict)
    destroyed: dict[str, KeyDestroyed] = field(default_factory=dict)
    last: datetime | None = None
    read: Callable[[], Iterable[Event]] | None = field(default=None, repr=False)
    find: Callable[[str], InstanceBegan | None] | None = field(default=None, repr=False)

    @cached_property
    def copies(self) -> Copies:
        """What the journal tells of copies and turns."""
        copies = Copies()
        for event in self.read() if self.read is not None else ():
            copies.enter(event)
        return copies

    def instance(self, identifier: str) -> InstanceBegan | None:
        """Return the beginning of one copy, or None where nobody heard of it."""
        if self.find is not None and "copies" not in self.__dict__:
            return self.find(identifier)
        return self.copies.instances.get(identifier)

    def state(self, content: str) -> Lifecycle:
        """Return the state in which a content is: active from its addition on.

        Raises
        ------
        BadInput
            If nothing with this id was ever added.
        """
        if content not in self.additions:
            raise BadInput("this archive holds no such content", got=content, fix="See `keep list`")
        return self.changes[content][-1].after if content in self.changes else "active"

    def entered(self, content: str) -> StateChanged | None:
        """Return the change by which a content came into its state; a review that kept it is none."""
        changes = self.changes.get(content, [])
        return next((each for each in reversed(changes) if each.before != each.after), None)

    def ending(self, content: str) -> str:
        """Return the plan whose destruction of this content has begun and is not complete, or ""."""
        held = {each.domain for each in self.additions.get(content, [])} - set(self.destroyed)
        return next((p for p, begun in self.begun.items() if held & set(begun.domains)), "")

    def closed(self, domain: str) -> bool:
        """Is the key of this domain destroyed, or may it be?"""
        return domain in self.destroyed or any(domain in each.domains for each in self.begun.values())

    def live(self, content: str) -> list[InstanceBegan]:
        """Return a content's instances that have not ended, whether or not anybody looked at them."""
        return [
            each
            for each in self.copies.instances.values()
            if each.content == content and each.instance not in self.copies.ended
        ]

    def held(self, addition: ContentAdded) -> bool:
        """Does the archive still hold what was added, by its own instance of it?"""
        return addition.instance not in self.copies.ended

    def any_held(self, content: str) -> bool:
        """Does the archive still hold a content in any way, so that its manifest can be read?"""
        return any(
            self.held(each) and each.domain not in self.destroyed for each in self.additions.get(content, [])
        )

    def own(self, content: str) -> set[str]:
        """Return the instances of a content that are this archive's own holdings."""
        return {each.instance for each in self.additions.get(content, []) if each.instance}


def read_ledger(events: Iterable[Event]) -> Ledger:
    """Return what `events`, in the journal's order, amount to."""
    ledger = Ledger()
    for event in events:
        ledger.copies.enter(event)
        _enter(ledger, event)
    return ledger


def read_decisions(
    events: Iterable[Event],
    read: Callable[[], Iterable[Event]],
    find: Callable[[str], InstanceBegan | None] | None = None,
) -> Ledger:
    """Return what events amount to of which those of copies alone may be left out.

    Parameters
    ----------
    events
        The others, in the journal's order.
    read
        Gives all events, for whoever asks about copies.
    find
        Gives the beginning of one copy.
    """
    ledger = Ledger(read=read, find=find)
    for event in events:
        _enter(ledger, event)
    return ledger


def _enter(ledger: Ledger, event: Event) -> None:
    match event:
        case ArchiveBegan():
            ledger.archive = event.archive
        case ContentAdded():
            ledger.additions[event.content].append(event)
        case Exported():
            ledger.exports.append(event)
        case _:
            _enter_decision(ledger, event)


def _enter_decision(ledger: Ledger, event: Event) -> None:
    match event:
        case PolicyAdopted():
            ledger.policies.append(event)
            _note(ledger, event.at)
        case StateChanged():
            ledger.changes[event.content].append(event)
            _note(ledger, event.at)
        case PlanMade():
            ledger.plans[event.plan] = event
            _note(ledger, event.made)
        case PlanSigned():
            ledger.signatures[event.plan].append(event)  # its moment is the signer's clock's, not ours
        case DestructionBegan():
            ledger.begun[event.plan] = event
            _note(ledger, event.at)
        case KeyDestroyed():
            ledger.destroyed[event.domain] = event
            _note(ledger, event.at)


def _note(ledger: Ledger, at: str) -> None:
    """Move the ledger's last moment on; a decision recorded without a moment says nothing of time."""
    if at:
        ledger.last = moment(at) if ledger.last is None else max(ledger.last, moment(at))
