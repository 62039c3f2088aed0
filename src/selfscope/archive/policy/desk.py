"""Where decisions are made: what they need of an archive, and the clock by which they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from selfscope.archive.journal.events import Event, InstanceBegan, as_json
from selfscope.archive.journal.moments import spell, stamp
from selfscope.archive.policy.ledger import Ledger, read_decisions, read_ledger
from selfscope.archive.policy.plans import FileRecord, Plan, read_plan
from selfscope.archive.policy.policy_file import parse_policy
from selfscope.archive.policy.rules import Decision, Policy, default_policy
from selfscope.errors import BadInput, Refused
from selfscope.values.canonical import bytes_id, content_id


@dataclass(frozen=True)
class Desk:
    """What decisions need of an archive: a few actions, and nothing of how they are done.

    Attributes
    ----------
    events
        Gives the journal's events, in order.
    append
        Commits events, all or none; calls the check while nothing else can be committed, and commits nothing
        if that raises.
    put, read
        Store bytes in the clear and give their id; give the bytes of an id, checked against it.
    files
        Gives a content's files as its manifest names them.
    objects
        Gives the ids of the objects that a domain's key encrypts.
    now, last
        The clock; the moment of the journal's last record, by its own word.
    excluding
        A context in which nobody else writes.
    decisions, began
        Where an archive can give them quickly: the events without those of copies alone, and the beginning
        of one copy.
    """

    events: Callable[[], Iterable[Event]]
    append: Callable[[Sequence[Event], Callable[[], None]], object]
    put: Callable[[bytes], str]
    read: Callable[[str], bytes]
    files: Callable[[str], tuple[FileRecord, ...]]
    objects: Callable[[str], Iterable[str]]
    now: Callable[[], datetime]
    last: Callable[[], datetime | None]
    excluding: Callable[[], AbstractContextManager[object]] = field(default=nullcontext)
    decisions: Callable[[], Iterable[Event]] | None = None
    began: Callable[[str], InstanceBegan | None] | None = None

    def ledger(self) -> Ledger:
        """Return what the journal amounts to now, with what it says of copies read when it is asked for."""
        if self.decisions is None:
            return self.whole_ledger()
        return read_decisions(self.decisions(), self.events, self.began)

    def whole_ledger(self) -> Ledger:
        """Return what the journal alone amounts to now: grave decisions rest on nothing else."""
        return read_ledger(self.events())

    def policy(self, ledger: Ledger) -> Policy:
        """Return the policy in force: the last one adopted, or the shipped one."""
        if not ledger.policies:
            return default_policy()
        digest = ledger.policies[-1].policy
        text = self.read(digest)
        if bytes_id(text) != digest:
            raise Refused("the policy in force is not the one that was adopted", got=bytes_id(text))
        return parse_policy(text.decode(), "the policy in force")


def clock_against(desk: Desk, ledger: Ledger, now: datetime, gap: timedelta | None = None) -> list[str]:
    """Return what speaks against this clock, measured by the journal's own last moment.

    A clock that was set back is always found. One that was set forward is found when it is past the journal's
    last record by more than `gap`; less than that nobody can tell from inside one machine.
    """
    known = [each for each in (ledger.last, desk.last()) if each is not None]
    if not known:
        return []
    last = max(known)
    if now < last:
        return [f"the clock says {stamp(now)}, which is before the journal's last moment, {stamp(last)}"]
    if gap is not None and now - last > gap:
        return [
            f"the clock says {stamp(now)}, {spell(now - last)} after the journal's last record; the policy "
            f"trusts a silence of {spell(gap)}: look at the clock, then record something, for instance "
            "that a copy was looked at"
        ]
    return []


def find_plan(desk: Desk, ledger: Ledger, identifier: str) -> Plan:
    """Return a journaled plan, its text checked against its id.

    Raises
    ------
    BadInput
        If no such plan was journaled.
    Refused
        If what is stored is not what was planned here.
    """
    if identifier not in ledger.plans:
        raise BadInput(
            "no such plan was made in this archive", got=identifier, fix="See `keep policy evaluate`"
        )
    plan, entry = read_plan(desk.read(identifier)), ledger.plans[identifier]
    same = (plan.id, plan.content, plan.action) == (identifier, entry.content, entry.action)
    if not same or plan.archive != ledger.archive:
        raise Refused("the stored plan is not the one that was made in this archive", got=plan.id)
    return plan


def done(ledger: Ledger, plan: Plan) -> bool:
    """Was this plan carried out, all of it?"""
    if plan.action == "adopt":
        return any(each.plan == plan.id for each in ledger.policies)
    return any(each.plan == plan.id for each in ledger.changes.get(plan.content, []))


def sealing_of(ledger: Ledger, content: str) -> str:
    """Return the digest of the change by which a content was sealed, or "" where it is not."""
    came = ledger.entered(content)
    return content_id(as_json(came)) if came and came.after == "sealed" else ""


def not_ending(ledger: Ledger, content: str) -> None:
    """Go on unless the destruction of a content has begun.

    Raises
    ------
    Refused
        If it has.
    """
    if ledger.ending(content):
        raise Refused(
            "the destruction of this content has begun and can only be completed",
            got=ledger.ending(content),
            fix="Run `keep policy execute` with that plan",
        )


def demand(rule: str, reasons: list[str], fix: str = "") -> None:
    """Go on if nothing speaks against it.

    Raises
    ------
    Refused
        With everything that does.
    """
    Decision(not reasons, rule, tuple(reasons)).demand(fix)
