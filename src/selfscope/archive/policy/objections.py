"""What speaks against a plan: every objection, in words, found anew from the journal and the store.

It is asked when a plan is made, at every signature, and again at the moment it is carried out.
"""

from __future__ import annotations

from datetime import datetime

from selfscope.archive.journal.moments import moment, spell
from selfscope.archive.policy.desk import Desk, clock_against, done, sealing_of
from selfscope.archive.policy.ledger import Ledger
from selfscope.archive.policy.plans import Plan, Proviso, dependents, remaining
from selfscope.archive.policy.policy_file import parse_policy
from selfscope.archive.policy.rules import Policy

CLEAR_SHARE = 0.01
"""Largest share of a content's bytes that may lie in the clear elsewhere when its key is destroyed."""


def against_adoption(ledger: Ledger, before: Policy, after: Policy) -> list[str]:
    """Return what speaks against one policy following another, whoever signs it."""
    if after.rehearsal and not before.rehearsal and ledger.additions:
        return ["a rehearsal can only begin in an archive that holds nothing yet"]
    return []


def against(desk: Desk, ledger: Ledger, plan: Plan, now: datetime) -> list[str]:
    """Return everything that speaks against a plan but for missing signatures and time not yet come."""
    found = clock_against(desk, ledger, now)
    policy = desk.policy(ledger)
    if plan.policy != policy.digest:
        found.append("it was made under another policy than the one in force")
    if done(ledger, plan):
        found.append("it was carried out already")
    if not plan.by.strip() or not plan.reason.strip():
        found.append("nobody is named who planned it, or no reason is given")
    if plan.action == "adopt":
        after = parse_policy(desk.read(plan.content).decode(), "the planned policy")
        return found + against_adoption(ledger, policy, after)
    if not policy.signers:
        found.append("the policy names nobody who may sign")
    state = ledger.state(plan.content)
    if state != "sealed":
        return [*found, f"the content is {state}, and only what is sealed is unsealed or destroyed"]
    if plan.sealing != sealing_of(ledger, plan.content):
        found.append("it was sealed again after the plan was made, which is another matter")
    if ledger.ending(plan.content):
        found.append("its destruction has begun")
    if plan.action == "unseal":
        return found
    return found + _against_destruction(desk, ledger, policy, plan, now)


def _against_destruction(desk: Desk, ledger: Ledger, policy: Policy, plan: Plan, now: datetime) -> list[str]:
    found = [] if plan.proviso is None else _against_proviso(desk, ledger, policy, plan, plan.proviso, now)
    if plan.proviso is None:
        found.append("it rests on no proviso")
    added = ledger.additions[plan.content]
    if any(not each.domain for each in added) or not plan.domains:
        found.append(
            "it was stored in the clear, so to call it destroyed would be dishonest: its bytes may survive "
            "in free blocks, snapshots and backups. Instead keep it sealed, drop its copies and collect "
            "them, which claims nothing; and let the policy encrypt such forms as they are added"
        )
    if {each.domain for each in added if each.domain} != set(plan.domains):
        found.append("it is encrypted under other keys than when the plan was made")
    if any(each in ledger.destroyed for each in plan.domains):
        found.append("one of its keys is destroyed already")
    if dependents(ledger, plan.domains, desk.objects) != plan.dependents:
        found.append("what depends on it changed since the plan was made, and nobody signed that")
    left = remaining(ledger, plan.content, plan.lost(), desk.files)
    if left != plan.remaining:
        found.append("what stays readable elsewhere changed since the plan was made")
    return found + _too_much_left(desk, plan)


def _too_much_left(desk: Desk, plan: Plan) -> list[str]:
    """Refuse to call destroyed what lies in the clear under another name."""
    clear = {each.path: each.size for each in plan.remaining if each.clear}
    if not clear:
        return []
    total = sum(each.size for each in desk.files(plan.content))
    if sum(clear.values()) > CLEAR_SHARE * total:
        others = sorted({each.content for each in plan.remaining if each.clear})
        return [
            f"{sum(clear.values())} of its {total} bytes lie in the clear in {', '.join(others)}, so to call "
            "it destroyed would be dishonest"
        ]
    return []


def _against_proviso(
    desk: Desk, ledger: Ledger, policy: Policy, plan: Plan, proviso: Proviso, now: datetime
) -> list[str]:
    fresh = policy.fresh_for(proviso.kind)
    if fresh is None:
        return [f"the policy has no proviso '{proviso.kind}'"]
    found, when = [], moment(proviso.found)
    if when > now:
        found.append(f"the finding is dated {proviso.found}, which has not come yet")
    if now - when > fresh:
        found.append(f"the finding is from {proviso.found}, and counts for {spell(fresh)} only")
    if not proviso.statement.strip() or not proviso.evidence:
        found.append("the finding is not stated, or no evidence is named")
    sealed = ledger.entered(plan.content)
    if proviso.kind == "breach" and sealed and sealed.at and when < moment(sealed.at):
        found.append(
            "a breach is one of the sealed copies' security, and this one is from before the sealing"
        )
    hidden = {each for domain in plan.domains for each in desk.objects(domain)}
    for each in proviso.evidence:
        if each in hidden:
            found.append(f"the evidence {each} would become unreadable with the key")
        else:
            desk.read(each)
    return found
