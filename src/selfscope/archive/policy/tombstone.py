"""What is kept of what was destroyed: its names, sizes and digests, who signed, why, and what is not covered.

A tombstone never holds content. For very short texts a digest lets somebody who guesses the text confirm the
guess; that is the price of being able to recognise a copy that turns up.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from selfscope.archive.journal.events import PlanSigned
from selfscope.archive.journal.moments import stamp
from selfscope.archive.journal.signing import verify
from selfscope.archive.policy.desk import Desk
from selfscope.archive.policy.ledger import Ledger
from selfscope.archive.policy.plans import PURPOSE, FileRecord, Plan, read_plan
from selfscope.archive.policy.policy_file import parse_policy
from selfscope.archive.policy.rules import Decision, Policy, default_policy
from selfscope.errors import BadInput
from selfscope.values.canonical import canonical_json

LIMIT = (
    "This covers only the copies that this archive knows of. What was exported, replicated, read or backed "
    "up before, or stays in a file system's snapshots, is outside its control, and no software can show that "
    "there is no other copy."
)
"""What every destruction says of itself."""


@dataclass(frozen=True)
class Outside:
    """A copy that the archive knows of and does not control: an export, or an instance elsewhere."""

    content: str
    kind: str
    place: str
    at: str

    def sentence(self) -> str:
        """Return it in words."""
        return f"{self.kind} of {self.content} at {self.place}, {self.at}"


@dataclass(frozen=True)
class Gone:
    """A content that can no longer be read: its manifest's digest, and its files by name, size and digest."""

    content: str
    form: str
    name: str
    size: int
    files: tuple[FileRecord, ...]


@dataclass(frozen=True)
class Signature:
    """Who signed, with which key, and when by their own clock."""

    name: str
    key: str
    at: str
    signature: str


@dataclass(frozen=True)
class Tombstone:
    """What there was, and how it came to be destroyed.

    The plan, which holds the ground, the dependents and what remains, is an object of its own and named here.
    """

    archive: str
    plan: str
    policy: str
    reason: str
    began: str
    gone: tuple[Gone, ...]
    signatures: tuple[Signature, ...]
    outside: tuple[Outside, ...]
    limit: str = LIMIT

    def text(self) -> bytes:
        """Return the tombstone as canonical JSON, as it is stored."""
        return canonical_json(self)


def carve(desk: Desk, ledger: Ledger, plan: Plan, signed: tuple[PlanSigned, ...], now: datetime) -> Tombstone:
    """Return the tombstone of what a plan destroys; the manifests must still be readable."""
    policy = desk.policy(ledger)
    gone = []
    for content in plan.lost():
        added = ledger.additions[content][-1]
        listed = desk.files(content) if ledger.any_held(content) else ()  # its files went with its last copy
        gone.append(Gone(content, added.form, added.name, added.size, listed))
    keys = tuple(
        Signature(each.signer, policy.key_of(each.signer) or "", each.at, each.signature) for each in signed
    )
    return Tombstone(
        plan.archive,
        plan.id,
        plan.policy,
        plan.reason,
        stamp(now),
        tuple(gone),
        keys,
        outside(ledger, plan.lost()),
    )


def outside(ledger: Ledger, contents: tuple[str, ...]) -> tuple[Outside, ...]:
    """Which copies of these contents does the archive know of and not control?"""
    found = [
        Outside(each.content, "export", each.place, each.at)
        for each in ledger.exports
        if each.content in contents
    ]
    for content in contents:
        own = ledger.own(content)
        found += [
            Outside(content, "instance", f"{each.place} on {each.device}", each.began)
            for each in ledger.live(content)
            if each.instance not in own
        ]
    return tuple(found)


def read_tombstone(text: bytes) -> Tombstone:
    """Return the tombstone that a stored text states.

    Raises
    ------
    BadInput
        If it is none.
    """
    try:
        body = json.loads(text)
        gone = tuple(
            Gone(**{**each, "files": tuple(FileRecord(**file) for file in each["files"])})
            for each in body.pop("gone")
        )
        signatures = tuple(Signature(**each) for each in body.pop("signatures"))
        beyond = tuple(Outside(**each) for each in body.pop("outside"))
        return Tombstone(gone=gone, signatures=signatures, outside=beyond, **body)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput("this object is no tombstone", got=error) from error


def policy_of(read: Callable[[str], bytes], digest: str) -> Policy:
    """Return the policy with a digest, whether or not it is still in force."""
    if digest == default_policy().digest:
        return default_policy()
    return parse_policy(read(digest).decode(), "the policy of the plan")


def verify_tombstone(read: Callable[[str], bytes], ledger: Ledger, identifier: str) -> Decision:
    """Does a tombstone hold: is it the journal's, and did enough named persons sign exactly its plan?

    Parameters
    ----------
    read
        Gives the bytes of an object, checked against its id.
    ledger
        The journal.
    identifier
        The tombstone's id.
    """
    stone = read_tombstone(read(identifier))
    plan, policy = read_plan(read(stone.plan)), policy_of(read, stone.policy)
    begun = ledger.begun.get(stone.plan)
    found = []
    if begun is None or begun.tombstone != identifier:
        found.append("the journal knows of no destruction with this tombstone")
    if (plan.id, plan.policy, plan.archive) != (stone.plan, stone.policy, stone.archive):
        found.append("its plan is another one")
    if {each.content for each in stone.gone} != set(plan.lost()):
        found.append("it names other contents than the plan")
    persons = {each.name for each in stone.signatures if _stands(policy, plan, each)}
    if len(persons) < policy.quorum:
        found.append(f"{len(persons)} of the {policy.quorum} persons needed have validly signed")
    if any(domain not in ledger.destroyed for domain in plan.domains):
        found.append("the journal does not say that every key was destroyed: complete the plan")
    names = ", ".join(sorted(persons))
    return Decision(not found, "tombstone", tuple(found) or (f"signed by {names}; the keys are destroyed",))


def _stands(policy: Policy, plan: Plan, signed: Signature) -> bool:
    known = policy.key_of(signed.name)
    return known == signed.key and verify(signed.key, PURPOSE, plan.statement(signed.at), signed.signature)
