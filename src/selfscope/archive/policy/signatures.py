"""Signatures on plans: entering them, taking them back, and finding whose stand."""

from __future__ import annotations

from datetime import datetime, timedelta

from selfscope.archive.journal.events import PlanSigned
from selfscope.archive.journal.moments import moment, stamp
from selfscope.archive.journal.signing import SigningKey, sign, verify
from selfscope.archive.policy.desk import Desk, demand, done, find_plan
from selfscope.archive.policy.ledger import Ledger
from selfscope.archive.policy.objections import against
from selfscope.archive.policy.plans import PURPOSE, WITHDRAWAL, Plan
from selfscope.archive.policy.rules import Policy

SKEW = timedelta(minutes=5)
"""How far a signer's own clock may be from the archive's."""


def sign_plan(desk: Desk, identifier: str, name: str, key: SigningKey) -> PlanSigned:
    """Sign a plan as a person whom the policy names.

    Raises
    ------
    Refused
        As :func:`add_signature` does.
    """
    plan, at = find_plan(desk, desk.whole_ledger(), identifier), stamp(desk.now())
    return add_signature(desk, identifier, name, at, sign(key, PURPOSE, plan.statement(at)))


def add_signature(desk: Desk, identifier: str, name: str, at: str, signature: str) -> PlanSigned:
    """Enter a signature, perhaps made on the signer's own machine, after checking it.

    Parameters
    ----------
    desk, identifier
        The archive, and the plan.
    name
        The signer, as the policy names them.
    at
        The moment that the signature covers, by the signer's clock.
    signature
        By that person's key, for PURPOSE, on ``Plan.statement(at)``.

    Raises
    ------
    Refused
        If the policy names no such person, the signature is not theirs or not on this plan, they signed or
        withdrew already, the moment does not fit, or the plan lapsed or can no longer be carried out.
    """
    signed = PlanSigned(identifier, name, signature, at)

    def look() -> None:
        ledger = desk.whole_ledger()
        plan, now = find_plan(desk, ledger, identifier), desk.now()
        found = _against_signature(desk, ledger, plan, signed, now)
        demand("sign", found + against(desk, ledger, plan, now))

    look()
    desk.append([signed], look)
    return signed


def withdraw(desk: Desk, identifier: str, name: str, key: SigningKey) -> PlanSigned:
    """Take one's own signature back, for good: whoever kept a copy of it cannot enter it again.

    Raises
    ------
    Refused
        If the policy names no such person with this key, they have not signed, or the plan was begun.
    """
    ledger, at = desk.whole_ledger(), stamp(desk.now())
    plan = find_plan(desk, ledger, identifier)
    signature = sign(key, WITHDRAWAL, plan.statement(at))
    signed = PlanSigned(identifier, name, signature, at, withdrawn=True)

    def look() -> None:
        now = desk.whole_ledger()
        found = [] if name in valid_signers(desk.policy(now), now, plan) else ["they have not signed it"]
        if not genuine(desk.policy(now), plan, signed):
            found.append("the withdrawal is not theirs")
        if identifier in now.begun or done(now, plan):
            found.append("it is too late: the plan is being, or was, carried out")
        demand("withdraw", found)

    look()
    desk.append([signed], look)
    return signed


def _against_signature(
    desk: Desk, ledger: Ledger, plan: Plan, signed: PlanSigned, now: datetime
) -> list[str]:
    policy, found, at = desk.policy(ledger), [], moment(signed.at)
    if policy.key_of(signed.signer) is None:
        return [f"the policy names nobody called '{signed.signer}' who may sign"]
    if not genuine(policy, plan, signed):
        found.append(f"the signature is not {signed.signer}'s on this plan")
    if any(each.signer == signed.signer for each in ledger.signatures[plan.id]):
        found.append(f"{signed.signer} has signed it, or taken the signature back, already")
    if at < moment(plan.made) - SKEW or at > now + SKEW:
        found.append(f"the signature is dated {signed.at}, which is before the plan or has not come yet")
    if now >= moment(plan.expires):
        found.append(f"the plan lapsed on {plan.expires}")
    return found


def genuine(policy: Policy, plan: Plan, signed: PlanSigned) -> bool:
    """Is this the signature, or withdrawal, of a person whom the policy names, on exactly this plan?"""
    key = policy.key_of(signed.signer)
    purpose = WITHDRAWAL if signed.withdrawn else PURPOSE
    return key is not None and verify(key, purpose, plan.statement(signed.at), signed.signature)


def valid_signers(policy: Policy, ledger: Ledger, plan: Plan) -> dict[str, PlanSigned]:
    """Return the different persons whose signatures on exactly this plan stand, each with the first one.

    Nothing is believed because it is in the journal: every signature is verified again.
    """
    real = [each for each in ledger.signatures.get(plan.id, []) if genuine(policy, plan, each)]
    withdrawn = {each.signer for each in real if each.withdrawn}
    found: dict[str, PlanSigned] = {}
    for each in real:
        if each.signer not in withdrawn and moment(each.at) >= moment(plan.made) - SKEW:
            found.setdefault(each.signer, each)
    return found
