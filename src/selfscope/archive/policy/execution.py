"""Carrying out what a quorum signed, so that it can be broken off anywhere and completed afterwards.

::

    checks ─> tombstone stored ─> DestructionBegan journaled ─> keys destroyed ─> KeyDestroyed, StateChanged,
                                  (the decision is made here)                     InstanceEnded journaled

Before the middle step nothing has happened; after it the same command only goes forward. A key that is gone
with no word of it in the journal, or a journal that says so while the key is there, can never be the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from selfscope.archive.journal.events import (
    DestructionBegan,
    Event,
    InstanceEnded,
    KeyDestroyed,
    PolicyAdopted,
    StateChanged,
)
from selfscope.archive.journal.moments import moment, spell, stamp
from selfscope.archive.policy.desk import Desk, clock_against, demand, find_plan
from selfscope.archive.policy.ledger import Ledger
from selfscope.archive.policy.lifecycle import Move, judge
from selfscope.archive.policy.objections import against
from selfscope.archive.policy.plans import Plan
from selfscope.archive.policy.rules import Decision, Policy
from selfscope.archive.policy.signatures import valid_signers
from selfscope.archive.policy.tombstone import LIMIT, Outside, carve, policy_of, read_tombstone
from selfscope.errors import Refused

REHEARSAL = "This archive is a rehearsal: its cooling-off may be shorter than a day."


@dataclass(frozen=True)
class Outcome:
    """What carrying out a plan did.

    Attributes
    ----------
    plan
        The plan.
    tombstone
        The object that says what there was, for a destruction; "" otherwise.
    outside
        Copies that the archive knows of and does not control.
    rehearsal
        Whether the plan was made under a policy that only practises.
    """

    plan: Plan
    tombstone: str = ""
    outside: tuple[Outside, ...] = ()
    rehearsal: bool = False

    def sentences(self) -> list[str]:
        """Return what was done in words, with the limit of what a destruction can claim."""
        practice = [REHEARSAL] if self.rehearsal else []
        if self.plan.action == "adopt":
            return [*practice, f"The policy {self.plan.content} is in force."]
        if self.plan.action == "unseal":
            return [*practice, f"{self.plan.content} is {self.plan.after} again."]
        others = [each for each in self.plan.lost() if each != self.plan.content]
        told = [
            f"The key of {', '.join(self.plan.domains)} was destroyed: {self.plan.content}"
            + (f" and {len(others)} more" if others else "")
            + " cannot be read from this archive again.",
            f"The tombstone is {self.tombstone}.",
        ]
        told += [f"Still readable: {each.path}, as part of {each.content}." for each in self.plan.remaining]
        told += [f"Outside this archive's control: {each.sentence()}." for each in self.outside]
        return [*practice, *told, LIMIT]


def examine(desk: Desk, identifier: str) -> Decision:
    """May this plan be carried out now? Gives every reason against it, or who signed it."""
    ledger, now = desk.whole_ledger(), desk.now()
    plan = find_plan(desk, ledger, identifier)
    return _examine(desk, ledger, plan, now)


def _examine(desk: Desk, ledger: Ledger, plan: Plan, now: datetime) -> Decision:
    policy = desk.policy(ledger)
    found = against(desk, ledger, plan, now) + clock_against(desk, ledger, now, policy.clock_gap)
    found += _untimely(policy, ledger, plan, now) + _unsigned(policy, ledger, plan)
    if found:
        return Decision(False, plan.action, tuple(dict.fromkeys(found)))
    names = ", ".join(valid_signers(policy, ledger, plan))
    practice = (REHEARSAL.rstrip("."),) if policy.rehearsal else ()
    return Decision(True, plan.action, (f"signed by {names}, on exactly this plan", *practice))


def _unsigned(policy: Policy, ledger: Ledger, plan: Plan) -> list[str]:
    have = valid_signers(policy, ledger, plan)
    if len(have) >= policy.quorum:
        return []
    names = f" ({', '.join(have)})" if have else ""
    return [f"{len(have)} of the {policy.quorum} persons needed have validly signed it{names}"]


def _untimely(policy: Policy, ledger: Ledger, plan: Plan, now: datetime) -> list[str]:
    """Return what speaks against the hour: the cooling-off runs from the plan, and from the quorum."""
    found = []
    if now >= moment(plan.expires):
        found.append(f"the plan lapsed on {plan.expires}")
    start = _quorum_reached(policy, ledger, plan)
    if plan.action == "destroy":
        earliest = max(moment(plan.not_before), (start or now) + policy.cooling_off)
        if now < earliest:
            found.append(
                f"the cooling-off of {spell(policy.cooling_off)} runs until {stamp(earliest)}"
                + ("" if start else ", if the quorum is reached now")
            )
    return found


def _quorum_reached(policy: Policy, ledger: Ledger, plan: Plan) -> datetime | None:
    """Return when the last signature that the quorum needed was given, by its signer's clock."""
    given = sorted(moment(each.at) for each in valid_signers(policy, ledger, plan).values())
    return given[policy.quorum - 1] if len(given) >= policy.quorum else None


def execute(desk: Desk, identifier: str, destroy_key: Callable[[str], None]) -> Outcome:
    """Carry out a signed plan, or complete one that was begun.

    Parameters
    ----------
    desk, identifier
        The archive, and the plan.
    destroy_key
        Destroys a domain's key and every copy of it that the archive holds, durably. Called again for a key
        that is gone already, it does nothing.

    Raises
    ------
    Refused
        If anything speaks against it; then nothing was changed.
    """
    with desk.excluding():
        ledger = desk.whole_ledger()
        plan = find_plan(desk, ledger, identifier)
        if identifier in ledger.begun:
            return _complete(desk, plan, destroy_key)
        _examine(desk, ledger, plan, desk.now()).demand()
        if plan.action == "destroy":
            _begin(desk, ledger, plan)
            return _complete(desk, plan, destroy_key)
        return _carry_out(desk, ledger, plan)


def _carry_out(desk: Desk, ledger: Ledger, plan: Plan) -> Outcome:
    """Unseal, or adopt a policy: one event, and nothing that could be half done."""
    now, signers = desk.now(), tuple(valid_signers(desk.policy(ledger), ledger, plan))
    event: Event = PolicyAdopted(plan.content, stamp(now), plan.by, plan.id)
    if plan.action == "unseal":
        event = _transition(desk, ledger, plan, plan.content, signers, now)
    desk.append([event], lambda: _examine(desk, desk.whole_ledger(), plan, now).demand())
    return Outcome(plan, rehearsal=desk.policy(ledger).rehearsal)


def _transition(
    desk: Desk, ledger: Ledger, plan: Plan, content: str, signers: tuple[str, ...], now: datetime
) -> StateChanged:
    before, after = ledger.state(content), plan.after or "destroyed"
    came = ledger.entered(content)
    if content == plan.content:
        move = Move(
            before, after, plan.by, plan.reason, sealed_from=came.before if came else None, planned=True
        )
        judge(desk.policy(ledger), move, now).demand()
    return StateChanged(content, before, after, plan.reason, plan.id, signers, stamp(now))


def _begin(desk: Desk, ledger: Ledger, plan: Plan) -> None:
    now = desk.now()
    signed = tuple(valid_signers(desk.policy(ledger), ledger, plan).values())
    tombstone = desk.put(carve(desk, ledger, plan, signed, now).text())
    begun = DestructionBegan(plan.id, plan.domains, tombstone, stamp(now))
    desk.append([begun], lambda: _examine(desk, desk.whole_ledger(), plan, now).demand())


def _complete(desk: Desk, plan: Plan, destroy_key: Callable[[str], None]) -> Outcome:
    """Destroy the keys that are still there and journal what is not journaled yet."""
    ledger = desk.whole_ledger()
    begun = ledger.begun[plan.id]
    _recheck(desk, ledger, plan, begun)
    for domain in plan.domains:
        if domain not in ledger.destroyed:
            destroy_key(domain)
    now = max(desk.now(), moment(begun.at))
    missing = _missing(desk, ledger, plan, begun, now)

    def look() -> None:
        if _missing(desk, desk.whole_ledger(), plan, begun, now) != missing:
            raise Refused("somebody else is completing this plan", fix="Run it again")

    if missing:
        desk.append(missing, look)
    stone = read_tombstone(desk.read(begun.tombstone))
    rehearsal = policy_of(desk.read, plan.policy).rehearsal
    return Outcome(plan, begun.tombstone, stone.outside, rehearsal)


def _recheck(desk: Desk, ledger: Ledger, plan: Plan, begun: DestructionBegan) -> None:
    """Verify again what cannot have changed: the signatures, the hour of the beginning, keys and tombstone.

    The present hour and dependents are not asked again: the decision fell, and a key may be gone.
    """
    policy = policy_of(desk.read, plan.policy)
    found = _unsigned(policy, ledger, plan) + _untimely(policy, ledger, plan, moment(begun.at))
    if begun.domains != plan.domains:
        found.append("the journal's word of what was begun is not what was planned")
    demand("destroy", found)
    if read_tombstone(desk.read(begun.tombstone)).plan != plan.id:
        demand("destroy", ["the tombstone is another plan's"])


def _missing(desk: Desk, ledger: Ledger, plan: Plan, begun: DestructionBegan, now: datetime) -> list[Event]:
    """Return the events that the journal still lacks, in order."""
    signers = tuple(valid_signers(policy_of(desk.read, plan.policy), ledger, plan))
    events: list[Event] = [
        KeyDestroyed(domain, plan.id, stamp(now), plan.lost(), begun.tombstone)
        for domain in plan.domains
        if domain not in ledger.destroyed
    ]
    for content in plan.lost():
        if ledger.state(content) != "destroyed":
            events.append(_transition(desk, ledger, plan, content, signers, now))
        events += [
            InstanceEnded(each.instance, stamp(now), f"its key was destroyed under {plan.id}")
            for each in ledger.live(content)
            if each.instance in ledger.own(content)
        ]
    return events
