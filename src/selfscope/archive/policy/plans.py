"""A plan: exactly what is to be done, on what grounds, and what else it takes with it.

A plan is a frozen value and its id is the digest of all of it, so a signature on the id is a signature on
every dependent that it lists. Whatever changes meanwhile makes another plan, which nobody has signed.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from selfscope.archive.journal.events import Lifecycle
from selfscope.archive.policy.ledger import Ledger
from selfscope.archive.policy.rules import ProvisoKind
from selfscope.errors import BadInput
from selfscope.values.canonical import bytes_id, canonical_json

Action = Literal["destroy", "unseal", "adopt"]
Fate = Literal["unreadable", "stranded"]

PURPOSE = "decision"
WITHDRAWAL = "withdrawal of a decision"


@dataclass(frozen=True)
class Proviso:
    """The ground of a destruction: one of the policy's provisos, and what shows that it holds.

    Attributes
    ----------
    kind
        Severe hazard finding, legal order, or breach of the sealed copies' security.
    found
        When the finding was made, ISO 8601.
    statement
        What was found, by whom, in a sentence.
    evidence
        Objects of this archive that document it, stored in the clear so that they outlast the key.
    """

    kind: ProvisoKind
    found: str
    statement: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Dependent:
    """Something that a destruction takes along.

    `unreadable` is what this archive can no longer read afterwards; `stranded` is what stays readable and has
    lost what it needs: an adapter without its base, a thread without the copy that spoke in it.
    """

    id: str
    name: str
    fate: Fate
    why: str


@dataclass(frozen=True)
class Remaining:
    """A file of the target whose bytes stay readable, because another content has the same file."""

    path: str
    size: int
    content: str
    clear: bool


@dataclass(frozen=True)
class FileRecord:
    """One file of a content, as its manifest names it."""

    path: str
    size: int
    sha256: str
    b3: str


@dataclass(frozen=True)
class Plan:
    """What is to be done, complete: everything here is covered by every signature.

    Attributes
    ----------
    action, archive, content, policy
        What, in which archive, to which content (for an adoption: the new policy), under which policy.
    by, reason
        Who planned it and why.
    made, not_before, expires
        When it was made, may first be carried out, and lapses.
    nonce
        Chance, so that the same plan made again is another one and old signatures do not fit it.
    sealing
        Digest of the change by which the content was sealed: after another sealing it is another matter.
    after
        For an unsealing, the state to which it goes back.
    proviso, domains, dependents, remaining
        For a destruction: its ground, the keys to destroy, what else is lost, what stays readable.
    """

    action: Action
    archive: str
    content: str
    policy: str
    by: str
    reason: str
    made: str
    not_before: str
    expires: str
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    sealing: str = ""
    after: Lifecycle | Literal[""] = ""
    proviso: Proviso | None = None
    domains: tuple[str, ...] = ()
    dependents: tuple[Dependent, ...] = ()
    remaining: tuple[Remaining, ...] = ()

    @property
    def id(self) -> str:
        """Digest of the whole plan, ``b3:…``."""
        return bytes_id(self.text())

    def text(self) -> bytes:
        """Return the plan as canonical JSON: what is stored, shown and signed by its digest."""
        return canonical_json(self)

    def statement(self, at: str) -> dict[str, Any]:
        """Return what a person signs: this plan of this archive, at a moment of the person's own clock."""
        return {"action": self.action, "archive": self.archive, "at": at, "plan": self.id}

    def lost(self) -> tuple[str, ...]:
        """Return the contents that become unreadable, the target among them."""
        return tuple(
            each.id for each in self.dependents if each.fate == "unreadable" and each.id.startswith("b3:")
        )


def read_plan(text: bytes) -> Plan:
    """Return the plan that a stored text states.

    Raises
    ------
    BadInput
        If the text is no plan, or is spelled in another way than plans are: its digest would mean nothing.
    """
    try:
        body = json.loads(text)
        proviso = body.pop("proviso")
        plan = Plan(
            proviso=None if proviso is None else Proviso(**_tuples(proviso, "evidence")),
            dependents=tuple(Dependent(**each) for each in body.pop("dependents")),
            remaining=tuple(Remaining(**each) for each in body.pop("remaining")),
            **_tuples(body, "domains"),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput("this object is no plan", got=error) from error
    if plan.text() != text:
        raise BadInput("this plan is not in its one spelling", got=bytes_id(text))
    return plan


def _tuples(body: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: tuple(value) if key in keys else value for key, value in body.items()}


def dependents(
    ledger: Ledger, domains: Iterable[str], objects: Callable[[str], Iterable[str]]
) -> tuple[Dependent, ...]:
    """What becomes unreadable, or loses what it needs, when the keys of `domains` are destroyed?

    Parameters
    ----------
    ledger
        The journal so far.
    domains
        Those whose keys would go.
    objects
        Gives the ids of all objects that one domain's key encrypts: turns of threads are found by it.

    Returns
    -------
    tuple of Dependent
        Sorted; each content under an unreadable key, each delta on such a base (and so on), each thread with
        a turn under such a key; then each adapter, and each thread, that stays readable without its base.
    """
    gone = frozenset(domains)
    lost = _unreadable(ledger, gone)
    found = [_dependent(ledger, content, "unreadable", why) for content, why in lost.items()]
    found += _adapters(ledger, set(lost)) + _threads(ledger, set(lost), gone, objects)
    return tuple(sorted(found, key=lambda each: (each.fate != "unreadable", each.id)))


def _unreadable(ledger: Ledger, domains: frozenset[str]) -> dict[str, str]:
    """Return the contents that cannot be read without the keys of `domains`, each with its reason."""
    lost: dict[str, str] = {}
    while True:
        fresh = {
            content: why
            for content in ledger.additions
            if content not in lost and ledger.state(content) != "destroyed"
            if (why := _loss(ledger, content, domains, lost))
        }
        if not fresh:
            return lost
        lost |= fresh


def _loss(ledger: Ledger, content: str, domains: frozenset[str], lost: dict[str, str]) -> str:
    """Return why a content is lost, or "" where it is not: one way of reading it is enough."""
    why = ""
    for each in ledger.additions[content]:
        if each.domain in domains:
            why = why or f"encrypted under the key of {each.domain}"
        elif each.base in lost:
            why = why or f"stored as a delta on {each.base}"
        elif ledger.held(each) and each.domain not in ledger.destroyed:
            return ""
    return why


def _dependent(ledger: Ledger, content: str, fate: Fate, why: str) -> Dependent:
    return Dependent(content, ledger.additions[content][-1].name, fate, why)


def _adapters(ledger: Ledger, lost: set[str]) -> list[Dependent]:
    """Return the adapters that stay readable while a base to which an edge ties them does not."""
    found = {}
    for edge in ledger.copies.edges:
        sources = {_content_of(ledger, each) for each in edge.sources}
        for base in sources & lost:
            for each in (sources | {_content_of(ledger, edge.target)}) - lost:
                if any(added.form == "adapter" for added in ledger.additions.get(each, [])):
                    found[each] = _dependent(ledger, each, "stranded", f"an adapter of {base}")
    return list(found.values())


def _content_of(ledger: Ledger, identifier: str) -> str:
    known = ledger.instance(identifier)
    return known.content if known else identifier


def _threads(
    ledger: Ledger, lost: set[str], domains: frozenset[str], objects: Callable[[str], Iterable[str]]
) -> list[Dependent]:
    """Return the threads with turns under a lost key, and those in which a lost content took part."""
    sealed = (
        {each for domain in sorted(domains) for each in objects(domain)} if ledger.copies.turns else set()
    )
    found: dict[str, Dependent] = {}
    for turn in ledger.copies.turns:
        parts = {_content_of(ledger, turn.instance), turn.character} & lost
        if {turn.message, turn.encoded} & sealed:
            found[turn.thread] = Dependent(turn.thread, "", "unreadable", "turns encrypted under such a key")
        elif parts and turn.thread not in found:
            found[turn.thread] = Dependent(turn.thread, "", "stranded", f"{min(parts)} took part in it")
    return list(found.values())


def remaining(
    ledger: Ledger, content: str, lost: Iterable[str], files: Callable[[str], tuple[FileRecord, ...]]
) -> tuple[Remaining, ...]:
    """Which files of `content` stay readable, because contents that are not lost have them too?"""
    gone = set(lost) | {content}
    listed = files(content) if ledger.any_held(content) else ()
    wanted = {each.b3: each for each in listed if each.size}
    found: dict[tuple[str, str], Remaining] = {}
    for other, added in ledger.additions.items():
        held = [each for each in added if ledger.held(each) and each.domain not in ledger.destroyed]
        if other in gone or not held:
            continue
        clear = any(not each.domain for each in held)
        for each in files(other):
            if each.b3 in wanted:
                mine = wanted[each.b3]
                found[mine.path, other] = Remaining(mine.path, mine.size, other, clear)
    return tuple(found[key] for key in sorted(found))
