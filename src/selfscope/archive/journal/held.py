"""What the journal says is held, read from the journal alone: removal and verification rely on that only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields

from selfscope.archive.journal.events import (
    Attested,
    Collected,
    ContentAdded,
    DomainOpened,
    Event,
    InstanceEnded,
    KeyDestroyed,
    Pinned,
    PlanMade,
    PolicyAdopted,
    ReferenceKept,
    ThreadFrozen,
    TurnTaken,
)
from selfscope.archive.store.objects import is_id


@dataclass
class Held:
    """The state that a row of events leads to.

    Attributes
    ----------
    live
        By instance, the addition by which it is held. Ended instances are not in it.
    named
        Every id that any event names. What is named and is an object is never collected.
    needed
        Objects that must be there because of an event alone: messages, policies, plans, references.
    collected, destroyed
        Ids that were removed on purpose, and domains whose key was destroyed.
    pinned, unwell
        Instances that must not be dropped, and those that were last found damaged.
    references
        By content, the objects with its reference logits, with the domain of each.
    """

    live: dict[str, ContentAdded] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    needed: set[str] = field(default_factory=set)
    collected: set[str] = field(default_factory=set)
    destroyed: set[str] = field(default_factory=set)
    pinned: set[str] = field(default_factory=set)
    unwell: set[str] = field(default_factory=set)
    references: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def of(self, content: str) -> list[ContentAdded]:
        """Return the live additions of a content, or of all where it is ""."""
        return [each for each in self.live.values() if content in ("", each.content)]


def read_held(events: Iterable[Event]) -> Held:
    """Return what a row of events leads to."""
    held = Held()
    for event in events:
        if not isinstance(event, Collected):
            fresh = set(_ids(event))
            held.named |= fresh
            held.collected -= fresh  # what was removed once and is named since must be there again
        _take(held, event)
    return held


def _take(held: Held, event: Event) -> None:
    match event:
        case ContentAdded() if event.holding:
            held.live[event.instance] = event
        case InstanceEnded():
            held.live.pop(event.instance, None)
        case Collected():
            held.collected.update(event.objects)
        case Attested():
            (held.unwell.discard if event.holds else held.unwell.add)(event.instance)
        case Pinned():
            (held.pinned.add if event.pinned else held.pinned.discard)(event.instance)
        case DomainOpened():
            held.destroyed.discard(event.domain)
        case KeyDestroyed():
            held.destroyed.add(event.domain)
            held.live = {name: each for name, each in held.live.items() if each.domain != event.domain}
        case TurnTaken():
            held.needed.update({event.message, event.encoded} - {""})
        case ThreadFrozen():
            held.needed.update({event.about, event.probe, event.state} - {""})
        case PolicyAdopted():
            held.needed.add(event.policy)
        case PlanMade():
            held.needed.add(event.plan)
        case ReferenceKept():
            held.needed.add(event.reference)
            held.references.setdefault(event.content, []).append((event.reference, event.domain))


def _ids(event: Event) -> Iterator[str]:
    """Yield every id in an event's fields."""
    for each in fields(event):
        value = getattr(event, each.name)
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and is_id(text):
                yield text
