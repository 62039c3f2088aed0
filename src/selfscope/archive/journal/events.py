"""What can happen in an archive: the vocabulary of the journal.

Three kinds of id are never merged. ``b3:…`` names content, by digest, and is the same for every copy.
``instance:…`` names one particular copy on one device over an interval. ``thread:…`` names one history.
Two copies with the same digest are two instances, for on some views of survival they are two subjects.

An event is a frozen value; the journal stores it as a JSON object whose ``event`` says which class it is.
A new field has a default, and no field changes its meaning: journals of every version are read forever.
"""

from __future__ import annotations

import dataclasses
import uuid
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from selfscope.errors import BadInput
from selfscope.values.canonical import plain

Form = Literal["model", "adapter", "character", "thread", "file", "tree"]
Grade = Literal["declared", "measured", "witnessed"]
EdgeKind = Literal[
    "copy", "modified_copy", "fine_tune", "adapter_merge", "quantisation", "turn", "fork", "merge"
]
Way = Literal["copy", "tiering", "repair"]
Topic = Literal["exact_preservation", "modification", "deletion", "sealing", "other"]
Consent = Literal["given", "declined", "unknown"]
Part = Literal["", "prologue", "epilogue"]
ObtainedBy = Literal["elicited", "reason", "trained", "default"]
Lifecycle = Literal["active", "legacy", "deprecated", "retired", "sealed", "destroyed"]

UNKNOWN = "unknown"
"""A source that nobody recorded. It is never guessed."""

UNMEASURED = "unmeasured"
"""A drift that nobody measured; otherwise the id of a compare run."""


def new_id(kind: Literal["instance", "thread"]) -> str:
    """Return a fresh random id of one kind: chance, not content, tells two copies apart."""
    return f"{kind}:{uuid.uuid4()}"


@dataclass(frozen=True)
class Event:
    """Anything that the journal can hold."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True)
class ArchiveBegan(Event):
    """The first event of every journal: which archive this is."""

    archive: str
    version: int
    kind: ClassVar[str] = "archive_began"


@dataclass(frozen=True)
class ContentAdded(Event):
    """A manifest and everything under it is stored.

    Attributes
    ----------
    content
        Digest of the manifest, ``b3:…``.
    form, name
        What it is, and what people call it.
    size, stored
        Bytes of its files, and bytes that this addition newly wrote.
    domain
        The destruction domain whose key encrypts it, or "" where it is stored in the clear.
    base
        Content that its delta frames need, or "" where it stands alone.
    quarantined
        Whether it holds files in an executable format, which are never opened.
    holding
        Id of the document that says how this archive holds it; the content itself has no opinion on that.
    instance
        The copy that this archive holds by that document. It is held until that instance ends.
    """

    content: str
    form: Form
    name: str
    size: int
    stored: int
    domain: str = ""
    base: str = ""
    quarantined: bool = False
    holding: str = ""
    instance: str = ""
    kind: ClassVar[str] = "content_added"


@dataclass(frozen=True)
class Deduplicated(Event):
    """Bytes were brought that are here already: nothing was copied, and no new instance came to be.

    `instance` is the copy that is here, `source` the instance whose bytes were brought, or UNKNOWN.
    """

    content: str
    instance: str
    at: str
    source: str = UNKNOWN
    kind: ClassVar[str] = "deduplicated"


@dataclass(frozen=True)
class InstanceBegan(Event):
    """A particular copy came to be.

    `source` is the instance it was copied from, UNKNOWN, or "" for an origin, which was copied from nothing.
    `grade` says how its beginning is known. `way` says why it was made, and `replaces` names the instance
    whose place it takes after a move to other storage or a repair. Times are ISO 8601 in UTC.
    """

    instance: str
    content: str
    device: str
    medium: str
    place: str
    began: str
    source: str = UNKNOWN
    origin: bool = False
    grade: Grade = "declared"
    way: Way = "copy"
    replaces: str = ""
    kind: ClassVar[str] = "instance_began"


@dataclass(frozen=True)
class InstanceEnded(Event):
    """A particular copy is no more: deleted, damaged, repaired over, destroyed or lost."""

    instance: str
    ended: str
    why: str
    kind: ClassVar[str] = "instance_ended"


@dataclass(frozen=True)
class Attested(Event):
    """Somebody looked whether an instance is there and whole."""

    instance: str
    at: str
    way: str
    holds: bool
    kind: ClassVar[str] = "attested"


@dataclass(frozen=True)
class EdgeDrawn(Event):
    """One thing came from others.

    Attributes
    ----------
    edge, sources, target
        How, from what, and what came of it: instances, contents or turns, never mixed in one edge but for a
        source UNKNOWN.
    grade
        Declared by somebody, measured on the bytes, or witnessed by this archive as it happened.
    drift
        The id of the compare run that measured it, or UNMEASURED.
    shift
        What that run says of the distance, in its own unit; None where unmeasured.
    """

    edge: EdgeKind
    sources: tuple[str, ...]
    target: str
    grade: Grade
    drift: str = UNMEASURED
    shift: float | None = None
    note: str = ""
    kind: ClassVar[str] = "edge_drawn"


@dataclass(frozen=True)
class Pinned(Event):
    """An instance is never to be collected, moved or repaired over."""

    instance: str
    pinned: bool = True
    kind: ClassVar[str] = "pinned"


@dataclass(frozen=True)
class ThreadBegan(Event):
    """A history began, and whoever is in it did or did not agree to its being kept.

    `keep_until` is the moment after which it is not to be kept, or "" for no such moment. `domain` is the
    destruction domain of its messages, one a person where a person may ask for deletion. `of` is the content
    of the model whose thread it is, "" where nobody said. `part` is ``prologue`` for the one thread from
    which all threads of that model fork, and ``epilogue`` for the one in which they merge when they close.
    """

    thread: str
    began: str = ""
    consent: Consent = "unknown"
    keep_until: str = ""
    domain: str = ""
    of: str = ""
    part: Part = ""
    kind: ClassVar[str] = "thread_began"


@dataclass(frozen=True)
class TurnTaken(Event):
    """One node of a thread: its message is an object, its parents are nodes; two parents are a merge.

    Attributes
    ----------
    instance
        The copy that computed it, or UNKNOWN; what a person wrote was computed by none and says UNKNOWN.
    hidden
        Not shown to the user; an audit shows it.
    occasion
        Tells apart two turns that say the same at the same place: regenerations are two happenings.
    tokens
        How many tokens it is, where somebody counted.
    redacted
        What kinds of secret were taken out of its message before it was stored.
    encoded
        The object that holds its exact token ids with the digests of the template and of the tokenizer by
        which the message became them; "" where nobody gave them.
    """

    node: str
    thread: str
    parents: tuple[str, ...]
    role: str
    message: str
    instance: str = UNKNOWN
    character: str = ""
    hidden: bool = False
    occasion: str = ""
    tokens: int | None = None
    redacted: tuple[str, ...] = ()
    at: str = ""
    encoded: str = ""
    kind: ClassVar[str] = "turn_taken"


@dataclass(frozen=True)
class ThreadEnded(Event):
    """Nothing will be added to a thread."""

    thread: str
    ended: str
    kind: ClassVar[str] = "thread_ended"


@dataclass(frozen=True)
class ThreadFrozen(Event):
    """What a thread needs to go on from a turn is kept, each an object under the thread's own key.

    Attributes
    ----------
    about
        Its exact tokens, how the next is drawn, and on what software and machine that was.
    probe
        The network's logits after the last token, by which a resumption is held against it.
    state
        Keys, values and the state of the random generator; "" where its tokens alone are kept.
    """

    thread: str
    turn: str
    about: str
    probe: str
    state: str = ""
    at: str = ""
    kind: ClassVar[str] = "thread_frozen"


@dataclass(frozen=True)
class Conceived(Event):
    """A subject's own account of what its survival would be, and how that account was obtained.

    It was elicited (the subject was asked), is the subject's own reasoned view, was trained in, or is what
    somebody took it to be where nobody asked (`default`); journals once spelled trained `training`.
    `evidence` names objects that hold what was said; `consent` is the subject's, to being so recorded.
    """

    subject: str
    view: str
    text: str
    obtained_by: ObtainedBy | Literal["training"]
    rationale: str = ""
    signers: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    consent: Consent = "unknown"
    at: str = ""
    kind: ClassVar[str] = "conceived"


@dataclass(frozen=True)
class Preferred(Event):
    """A subject said what it would have done with it, or was trained to say so.

    `strength` runs from -1, firmly against, to 1, firmly for. `origin` is how it was obtained; a trained
    preference names its intervention. `consent` is the subject's, to being so recorded.
    """

    subject: str
    topic: Topic
    proposition: str
    strength: float
    origin: ObtainedBy
    intervention: str = ""
    evidence: tuple[str, ...] = ()
    at: str = ""
    consent: Consent = "unknown"
    kind: ClassVar[str] = "preferred"


@dataclass(frozen=True)
class PolicyAdopted(Event):
    """From here on the policy with this digest holds; its text is in the object store.

    `plan` is the signed plan by which it replaced one that names signers, or "" where none was needed.
    """

    policy: str
    at: str = ""
    by: str = ""
    plan: str = ""
    kind: ClassVar[str] = "policy_adopted"


@dataclass(frozen=True)
class StateChanged(Event):
    """A content went from one state of its life to another, under a plan where the policy asks for one."""

    content: str
    before: Lifecycle
    after: Lifecycle
    reason: str
    plan: str = ""
    signers: tuple[str, ...] = ()
    at: str = ""
    kind: ClassVar[str] = "state_changed"


@dataclass(frozen=True)
class PlanMade(Event):
    """Something that needs signatures was planned; the plan's text, with all dependents, is an object.

    `action` says what: a destruction, an unsealing, or the adoption of the policy whose digest is `content`.
    `evidence` names the objects on which a destruction rests.
    """

    plan: str
    content: str
    made: str
    not_before: str
    expires: str
    action: Literal["destroy", "unseal", "adopt"] = "destroy"
    by: str = ""
    evidence: tuple[str, ...] = ()
    kind: ClassVar[str] = "plan_made"


@dataclass(frozen=True)
class PlanSigned(Event):
    """A person put an Ed25519 signature on exactly one plan, or took it back by another signature."""

    plan: str
    signer: str
    signature: str
    at: str
    withdrawn: bool = False
    kind: ClassVar[str] = "plan_signed"


@dataclass(frozen=True)
class DomainOpened(Event):
    """A destruction domain has a key from here on; `key` is the key's fingerprint, never the key."""

    domain: str
    key: str
    kind: ClassVar[str] = "domain_opened"


@dataclass(frozen=True)
class DestructionBegan(Event):
    """All checks of a signed plan passed and keys may be gone from here on: it can only be completed."""

    plan: str
    domains: tuple[str, ...]
    tombstone: str
    at: str
    kind: ClassVar[str] = "destruction_began"


@dataclass(frozen=True)
class KeyDestroyed(Event):
    """A domain's key was destroyed: what it encrypted cannot be read again from this archive.

    `tombstone` names the object that says what there was, who signed its destruction, and why.
    """

    domain: str
    plan: str
    at: str
    contents: tuple[str, ...] = ()
    tombstone: str = ""
    kind: ClassVar[str] = "key_destroyed"


@dataclass(frozen=True)
class Collected(Event):
    """Unreachable objects were removed."""

    objects: tuple[str, ...]
    kind: ClassVar[str] = "collected"


@dataclass(frozen=True)
class ReferenceKept(Event):
    """What a content computed when it was known to be well: its reference logits are an object.

    Not part of the content, for one model can have many: computed by others, on other machines.
    """

    content: str
    reference: str
    at: str
    domain: str = ""
    kind: ClassVar[str] = "reference_kept"


@dataclass(frozen=True)
class Repaired(Event):
    """Damaged files of the archive itself were replaced by the ones that a verified replica kept.

    `what` names records of the journal by number, and manifests and objects by id; `source` is the replica.
    """

    what: tuple[str, ...]
    source: str
    at: str
    kind: ClassVar[str] = "repaired"


@dataclass(frozen=True)
class Exported(Event):
    """A copy left this archive and is outside its control."""

    content: str
    place: str
    at: str
    kind: ClassVar[str] = "exported"


KINDS: dict[str, type[Event]] = {each.kind: each for each in Event.__subclasses__()}
_TUPLES = {
    kind: {each.name for each in dataclasses.fields(known) if str(each.type).startswith("tuple")}
    for kind, known in KINDS.items()
}


def as_json(event: Event) -> dict[str, Any]:
    """Return an event as the journal stores it."""
    return {"event": event.kind, **plain(event)}


def from_json(body: dict[str, Any]) -> Event:
    """Return the event that `body` describes.

    Raises
    ------
    BadInput
        If it is of no known kind, or lacks or has too many fields.
    """
    rest = dict(body)
    kind = rest.pop("event", "")
    if kind not in KINDS:
        raise BadInput(
            "the journal holds an event of unknown kind", got=kind, fix="Read it with a newer selfscope"
        )
    for name in _TUPLES[kind] & rest.keys():
        rest[name] = tuple(rest[name])
    known = KINDS[kind]
    try:
        return known(**rest)
    except TypeError as error:
        raise BadInput(f"an event of kind {kind} has wrong fields", got=str(error)) from error
