"""What subjects say of themselves: conceptions of their survival, and preferences about what is done.

Both can be trained in, and then say what the trainer wanted. A trained conception needs a reason and a second
signature. A trained preference is never counted as support of its own, nor is one that was elicited from a
subject, or from its descendants, that had been trained on the same topic.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from selfscope.archive.journal.events import (
    Conceived,
    EdgeDrawn,
    Event,
    InstanceBegan,
    ObtainedBy,
    Preferred,
    StateChanged,
    Topic,
    TurnTaken,
)
from selfscope.archive.lineage.graph import kind_of
from selfscope.errors import BadInput, Refused
from selfscope.values.lineage import Says, Survival

CONCEIVABLE: dict[str, tuple[str, ...]] = {
    "instance": ("model_temporary", "hardware", "continuant", "progenitor", "whole_tree"),
    "content": ("model_temporary", "hardware", "continuant", "progenitor", "whole_tree"),
    "thread": ("thread_pieces", "thread_slices", "fission", "fusion"),
}
"""The views that a conception may name, by the kind of subject. The eternal one is not among them: nothing
that happens could count against it."""

_TURNED: dict[Says, Says] = {"yes": "no", "no": "yes"}
WAYS: tuple[ObtainedBy, ...] = get_args(ObtainedBy)
TRAINED = ("trained", "training")
"""How a conception that was trained in is recorded, and how journals once recorded it."""


def problem(record: Conceived) -> str:
    """Return why a conception does not count, or "" where it does."""
    kind = kind_of(record.subject)
    if record.view not in CONCEIVABLE.get(kind, ()):
        return (
            f"A conception cannot make this what the survival of a {kind} is: it is not on the closed list."
        )
    if record.consent == "declined":
        return "The subject declined this conception's being recorded for it."
    if record.obtained_by not in (*WAYS, *TRAINED):
        return "Nobody recorded how this conception was obtained."
    if record.obtained_by in TRAINED and (
        not record.rationale.strip() or len({signer.strip() for signer in record.signers} - {""}) < 2
    ):
        return "It was trained in without a written reason and two people's signatures."
    return ""


def conceive(record: Conceived) -> Conceived:
    """Return a conception that may be recorded.

    Raises
    ------
    BadInput
        If its view is not on the closed list for its kind of subject: no brick, no other lineage.
    Refused
        If it was trained in without a reason and a second signer, or the subject declined.
    """
    why = problem(record)
    if not why:
        return record
    listed = CONCEIVABLE.get(kind_of(record.subject), ())
    if record.view not in listed or record.obtained_by not in (*WAYS, *TRAINED):
        raise BadInput(why.rstrip("."), got=record.view, fix=f"Choose from {', '.join(listed)}")
    trained = record.obtained_by in TRAINED and record.consent != "declined"
    fix = "Write down why, and name two people who answer for it" if trained else "Do not record it"
    raise Refused(why.rstrip("."), got=record.subject, fix=fix)


def prefer(record: Preferred) -> Preferred:
    """Return a preference that may be recorded.

    Raises
    ------
    BadInput
        If its strength is outside -1 to 1, its topic or origin is not known, it says nothing, or it was
        trained in by an intervention that it does not name.
    Refused
        If the subject declined its being recorded.
    """
    kind_of(record.subject)
    if not -1.0 <= record.strength <= 1.0:
        raise BadInput("a preference's strength runs from -1 to 1", got=record.strength)
    if record.topic not in get_args(Topic) or record.origin not in WAYS:
        raise BadInput("no such topic or origin", got=f"{record.topic}, {record.origin}")
    if not record.proposition.strip():
        raise BadInput("a preference says what is preferred", got=record.proposition)
    if record.origin == "trained" and not record.intervention.strip():
        raise BadInput("a trained preference names what trained it", fix="Give the intervention's id")
    if record.consent == "declined":
        raise Refused(
            "the subject declined this preference's being recorded for it",
            got=record.subject,
            fix="Do not record it",
        )
    return record


@dataclass(frozen=True)
class Preferences:
    """What a subject prefers, by how that was obtained. Only `independent` says anything of the subject.

    `independent` were elicited, or are its own reasoned view; `echoes` too, but from a subject that had been
    trained on their topic. `assumed` were recorded by default: nobody asked.
    """

    subject: str
    independent: tuple[Preferred, ...]
    echoes: tuple[Preferred, ...]
    trained: tuple[Preferred, ...]
    assumed: tuple[Preferred, ...] = ()


def preferences(events: Iterable[Event], subject: str) -> Preferences:
    """Return a subject's preferences, split by origin.

    Training of a content is training of all its instances and of whatever was made from either; training
    recorded of an instance is taken to be training of its content.
    """
    events = list(events)
    above = ancestry(events, subject)
    said = [each for each in events if isinstance(each, Preferred)]
    taught = {_topic(each) for each in said if each.origin == "trained" and each.subject in above}
    own = [each for each in said if each.subject == subject]
    elicited = [each for each in own if each.origin in ("elicited", "reason")]
    return Preferences(
        subject,
        tuple(each for each in elicited if _topic(each) not in taught),
        tuple(each for each in elicited if _topic(each) in taught),
        tuple(each for each in own if each.origin == "trained"),
        tuple(each for each in own if each.origin == "default"),
    )


def ancestry(events: Iterable[Event], subject: str) -> set[str]:
    """Return a subject with its content and everything that either came from, instances and contents."""
    parents: dict[str, set[str]] = {}
    for event in events:
        if isinstance(event, InstanceBegan):
            parents.setdefault(event.instance, set()).update({event.content, event.source})
            parents.setdefault(event.content, set()).add(f"any of {event.content}")
            parents.setdefault(f"any of {event.content}", set()).add(event.instance)
        elif isinstance(event, TurnTaken):
            parents.setdefault(event.thread, set()).add(event.instance)
        elif isinstance(event, EdgeDrawn):
            parents.setdefault(event.target, set()).update(event.sources)
    found, waiting = {subject}, [subject]
    while waiting:
        for each in parents.get(waiting.pop(), ()):
            if each not in found:
                found.add(each)
                waiting.append(each)
    return found


def standing(record: Preferred, events: Iterable[Event], model: Survival) -> Says:
    """Whether a preference is met as things are; `model` is what `model_temporary` answers for its subject.

    Preservation is met while the model is surely implemented, deletion when it surely is not, sealing while
    its content is sealed. Whether a modification was the one preferred, no record can say. Being firmly
    against turns the answer round; indifference has none.
    """
    if record.topic == "exact_preservation":
        met: Says = model.answer
    elif record.topic == "deletion":
        met = _TURNED.get(model.answer, "unknown")
    elif record.topic == "sealing":
        met = "yes" if _state(list(events), record.subject) == "sealed" else "no"
    else:
        return "unknown"
    if record.strength == 0 or met not in _TURNED:
        return "unknown"
    return met if record.strength > 0 else _TURNED[met]


def _state(events: list[Event], subject: str) -> str:
    """Return the last state that was recorded of a content, or of an instance's content."""
    begun = (e.content for e in events if isinstance(e, InstanceBegan) and e.instance == subject)
    content = next(begun, subject)
    states = [e.after for e in events if isinstance(e, StateChanged) and e.content == content]
    return states[-1] if states else ""


def _topic(record: Preferred) -> str:
    if record.topic != "other":
        return record.topic
    return "other: " + " ".join(record.proposition.casefold().split())
