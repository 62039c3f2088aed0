"""The life of a content, as a state machine: which transition exists, by which rule, and what it asks.

::

    active ──step──> legacy ──step──> deprecated ──step, after notice──> retired
       ^                │                  │                                │
       └────────────────┴───── reinstate ──┴────────────────────────────────┘

    active, legacy, deprecated, retired ──seal (one person, at once)──> sealed
    sealed ──unseal (quorum)──> the state in which it was sealed
    sealed ──destroy (quorum, proviso, cooling-off, plan)──> destroyed, for ever

Sealing is the emergency brake and asks for one person and a reason. Destruction has no emergency path:
whatever is to be destroyed is sealed first, which makes waiting safe.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from selfscope.archive.journal.events import Lifecycle
from selfscope.archive.journal.moments import spell, stamp
from selfscope.archive.policy.rules import Decision, Policy

Rule = Literal[
    "review", "step", "reinstate", "seal", "unseal", "destroy", "one step at a time", "seal first", "final"
]
"""The rules by which a transition is judged; the last three refuse always."""

STATES: tuple[Lifecycle, ...] = get_args(Lifecycle)
COURSE: tuple[Lifecycle, ...] = ("active", "legacy", "deprecated", "retired")
"""The states through which a content goes when nothing is wrong with it, in order."""

ALWAYS_REFUSED: dict[Rule, str] = {
    "one step at a time": "a content goes through active, legacy, deprecated and retired one by one, or back "
    "to active",
    "seal first": "only what is sealed can be destroyed: sealing is immediate, and makes waiting safe",
    "final": "what was destroyed stays destroyed; only its tombstone is kept",
}


def rule_of(before: Lifecycle, after: Lifecycle) -> Rule:
    """Return the rule that judges a transition: every pair of states has exactly one."""
    if before == "destroyed":
        return "final"
    if before == after:
        return "review"
    if before == "sealed":
        return "destroy" if after == "destroyed" else "unseal"
    if after in ("sealed", "destroyed"):
        return "seal" if after == "sealed" else "seal first"
    if after == "active":
        return "reinstate"
    return "step" if COURSE.index(after) == COURSE.index(before) + 1 else "one step at a time"


@dataclass(frozen=True)
class Move:
    """A transition that somebody asks for, with what is known about it.

    Attributes
    ----------
    before, after
        The states.
    by, reason
        Who asks and why: every transition has both.
    since
        When the content came into `before`; None where the journal does not say.
    sealed_from
        The state in which it was sealed; None where it is not.
    planned
        Whether this is the execution of a signed plan whose every other condition was found to hold.
    """

    before: Lifecycle
    after: Lifecycle
    by: str
    reason: str
    since: datetime | None = None
    sealed_from: Lifecycle | None = None
    planned: bool = False


def judge(policy: Policy, move: Move, now: datetime) -> Decision:
    """May this transition be made now? Every reason against it is given, not only the first."""
    rule = rule_of(move.before, move.after)
    if rule in ALWAYS_REFUSED:
        return Decision(False, rule, (ALWAYS_REFUSED[rule],))
    against = _unnamed(move)
    if rule == "step" and move.after == "retired":
        against += _notice(policy, move.since, now)
    if rule in ("unseal", "destroy"):
        against += _undecided(policy, rule, move)
    if rule == "unseal" and move.after != move.sealed_from:
        against.append(f"it was sealed while {move.sealed_from}, and unsealing goes back to exactly that")
    if against:
        return Decision(False, rule, tuple(against))
    return Decision(True, rule, (f"{move.before} to {move.after}, by {move.by}: {move.reason}",))


def _unnamed(move: Move) -> list[str]:
    against = []
    if not move.by.strip():
        against.append("nobody is named who asks for it")
    if not move.reason.strip():
        against.append("no reason is given")
    return against


def _notice(policy: Policy, since: datetime | None, now: datetime) -> list[str]:
    if since is None:
        return ["the journal does not say since when it is deprecated"]
    left: timedelta = since + policy.notice - now
    if left > timedelta(0):
        return [
            f"deprecated since {stamp(since)}; the policy asks for {spell(policy.notice)} of notice, and "
            f"{spell(left)} are left"
        ]
    return []


def _undecided(policy: Policy, rule: Rule, move: Move) -> list[str]:
    if move.planned:
        return []
    if not policy.signers:
        return [
            f"the policy names nobody who may sign, so nothing can be {'un' if rule == 'unseal' else ''}"
            f"{'sealed' if rule == 'unseal' else 'destroyed'}"
        ]
    what = "unsealing" if rule == "unseal" else "destruction"
    return [f"{what} needs a plan that {policy.quorum} of {len(policy.signers)} named persons signed"]
