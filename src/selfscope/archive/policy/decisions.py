"""Decisions: made by one where that is safe, and by a quorum over an exact plan where it is not.

Sealing, and each step of ordinary life, is done by one person with a reason. Unsealing, destruction and
replacing a policy that names signers are planned, signed and carried out; see
:mod:`selfscope.archive.policy.execution`. Nothing here asks a network, or has a way around a rule.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from selfscope.archive.journal.events import Lifecycle, PlanMade, PolicyAdopted, StateChanged
from selfscope.archive.journal.moments import moment, stamp
from selfscope.archive.policy.desk import Desk, clock_against, demand, not_ending, sealing_of
from selfscope.archive.policy.ledger import Ledger
from selfscope.archive.policy.lifecycle import Move, judge
from selfscope.archive.policy.objections import against, against_adoption
from selfscope.archive.policy.plans import Action, Plan, Proviso, dependents, remaining
from selfscope.archive.policy.policy_file import parse_policy
from selfscope.archive.policy.rules import Policy, default_policy
from selfscope.errors import Refused


def change_state(desk: Desk, content: str, after: Lifecycle, *, by: str, reason: str) -> StateChanged:
    """Move a content one step, back to active, or to sealed; or record that a review left it as it is.

    Sealing asks nothing of the clock: it must never have to wait.

    Raises
    ------
    Refused
        If the state machine, the policy or the clock is against it.
    """
    now = desk.now()
    changed = _change(desk, content, after, by, reason, now)

    def look() -> None:
        if _change(desk, content, after, by, reason, now) != changed:
            raise Refused("the content changed its state meanwhile", fix="Look at it again")

    desk.append([changed], look)
    return changed


def _change(desk: Desk, content: str, after: Lifecycle, by: str, reason: str, now: datetime) -> StateChanged:
    ledger = desk.whole_ledger()
    before, came = ledger.state(content), ledger.entered(content)
    not_ending(ledger, content)
    sealing = after == "sealed"  # asks nothing of policy or clock, either of which may be what is broken
    policy = default_policy() if sealing else desk.policy(ledger)
    since = moment(came.at) if came and came.at else None
    move = Move(before, after, by, reason, since, came.before if came else None)
    judge(policy, move, now).demand(fix="See docs/archive/policy.md, or plan it and let the quorum sign")
    demand("clock", [] if sealing else clock_against(desk, ledger, now))
    return StateChanged(content, before, after, reason, at=stamp(now), signers=(by,))


def adopt_policy(desk: Desk, text: str, *, by: str, source: str = "policy") -> PolicyAdopted:
    """Put a policy in force where the one before names nobody who would have to agree.

    Raises
    ------
    BadInput
        If the text is no policy.
    Refused
        If the policy in force names signers: then it is planned and signed, like any grave decision.
    """
    policy = parse_policy(text, source)
    ledger = desk.whole_ledger()
    if desk.policy(ledger).signers:
        raise Refused(
            "the policy in force names signers, and only a quorum of them can replace it",
            fix="Plan the adoption, and let them sign it",
        )
    demand(
        "adopt",
        against_adoption(ledger, desk.policy(ledger), policy) + clock_against(desk, ledger, desk.now()),
    )
    adopted = PolicyAdopted(desk.put(text.encode()), stamp(desk.now()), by)

    def look() -> None:
        if desk.policy(desk.whole_ledger()).signers:
            raise Refused("another policy, which names signers, was adopted meanwhile")

    desk.append([adopted], look)
    return adopted


def plan_destruction(desk: Desk, content: str, proviso: Proviso, *, by: str, reason: str) -> Plan:
    """Plan the destruction of a sealed content, with everything that goes with it.

    The plan is stored and journaled; nothing is destroyed. Those who sign read `dependents` first.

    Raises
    ------
    Refused
        If it is not sealed, was ever stored in the clear, or the proviso does not hold.
    """
    ledger = desk.whole_ledger()
    plan = _draft(ledger, desk.policy(ledger), "destroy", content, by, reason, desk.now())
    domains = tuple(sorted({each.domain for each in ledger.additions[content] if each.domain}))
    plan = replace(plan, proviso=proviso, domains=domains, sealing=sealing_of(ledger, content))
    plan = replace(plan, dependents=dependents(ledger, domains, desk.objects))
    plan = replace(plan, remaining=remaining(ledger, content, plan.lost(), desk.files))
    return _enter(desk, plan, proviso.evidence)


def plan_unsealing(desk: Desk, content: str, *, by: str, reason: str) -> Plan:
    """Plan that a sealed content goes back to the state in which it was sealed.

    Raises
    ------
    Refused
        If it is not sealed.
    """
    ledger = desk.whole_ledger()
    plan = _draft(ledger, desk.policy(ledger), "unseal", content, by, reason, desk.now())
    came = ledger.entered(content)
    plan = replace(plan, sealing=sealing_of(ledger, content), after=came.before if came else "")
    return _enter(desk, plan)


def plan_adoption(desk: Desk, text: str, *, by: str, reason: str, source: str = "policy") -> Plan:
    """Plan that another policy replaces one that names signers.

    Raises
    ------
    BadInput
        If the text is no policy.
    """
    parse_policy(text, source)
    ledger, digest = desk.whole_ledger(), desk.put(text.encode())
    return _enter(desk, _draft(ledger, desk.policy(ledger), "adopt", digest, by, reason, desk.now()))


def _draft(
    ledger: Ledger, policy: Policy, action: Action, content: str, by: str, reason: str, now: datetime
) -> Plan:
    if action != "adopt":
        ledger.state(content)
    wait = policy.cooling_off if action == "destroy" else timedelta(0)
    return Plan(
        action,
        ledger.archive,
        content,
        policy.digest,
        by,
        reason,
        made=stamp(now),
        not_before=stamp(now + wait),
        expires=stamp(now + policy.plan_expires),
    )


def _enter(desk: Desk, plan: Plan, evidence: tuple[str, ...] = ()) -> Plan:
    """Store and journal a plan against which nothing speaks but that it is unsigned and early."""

    def look() -> None:
        ledger = desk.whole_ledger()
        demand(plan.action, against(desk, ledger, plan, moment(plan.made)))

    look()
    digest = desk.put(plan.text())
    event = PlanMade(
        digest, plan.content, plan.made, plan.not_before, plan.expires, plan.action, plan.by, evidence
    )
    desk.append([event], look)
    return plan
