"""Asking the policy: may this be done, why is this sealed, what is due, and what is not as it should be?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Literal, assert_never

from selfscope.archive.journal.events import UNKNOWN, Event, InstanceBegan, Lifecycle
from selfscope.archive.journal.moments import moment, spell, stamp
from selfscope.archive.policy.ledger import Ledger, read_ledger
from selfscope.archive.policy.lifecycle import Move, judge
from selfscope.archive.policy.rules import Decision, Policy
from selfscope.errors import BadInput

Asked = Literal["add", "read", "export", "copy", "drop", "move"]


@dataclass(frozen=True)
class Facts:
    """What somebody asks for, and what they know that no event says.

    Attributes
    ----------
    asked
        ``add`` a content of `form` to `domain`; ``read`` or ``export`` a `content`; ``copy`` it from
        `instance`; ``drop`` an `instance`; ``move`` a `content` to the state `after`.
    content, instance, form, domain, after
        What it is about, each where the question has it.
    by, reason
        Who asks and why; a move needs both.
    verified
        Instances that were looked at just now and found whole: a drop counts on nothing else.
    """

    asked: Asked
    content: str = ""
    instance: str = ""
    form: str = ""
    domain: str = ""
    after: Lifecycle | None = None
    by: str = ""
    reason: str = ""
    verified: frozenset[str] = frozenset()


def evaluate(policy: Policy, events: Iterable[Event], facts: Facts, now: datetime) -> Decision:
    """May it be done? Answers for what one person may do; plans have :func:`execution.examine`.

    Raises
    ------
    BadInput
        If the content or instance is unknown, or a move names no state.
    """
    return evaluate_ledger(policy, read_ledger(events), facts, now)


def evaluate_ledger(policy: Policy, ledger: Ledger, facts: Facts, now: datetime) -> Decision:
    """Answer as :func:`evaluate` does, from a ledger that was read already."""
    match facts.asked:
        case "add":
            return _decide("encrypt at ingest", _against_add(policy, ledger, facts), "it may be added")
        case "read" | "export":
            return _decide("sealed", _unavailable(ledger, facts.content), "nothing closes it")
        case "copy":
            return _decide("copy steps", _against_copy(policy, ledger, facts), "it may be copied")
        case "drop":
            return _decide("fewest copies", _against_drop(policy, ledger, facts), "enough copies remain")
        case "move":
            return _move(policy, ledger, facts, now)
        case unknown:
            assert_never(unknown)


def _decide(rule: str, against: list[str], otherwise: str) -> Decision:
    return Decision(not against, rule, tuple(against) or (otherwise,))


def _move(policy: Policy, ledger: Ledger, facts: Facts, now: datetime) -> Decision:
    if facts.after is None:
        raise BadInput("no state is named to which it should go", fix="Say which")
    if plan := ledger.ending(facts.content):
        return Decision(False, "destroy", (f"its destruction under {plan} has begun",))
    came, state = ledger.entered(facts.content), ledger.state(facts.content)
    since = moment(came.at) if came and came.at else None
    before = came.before if came else None
    return judge(policy, Move(state, facts.after, facts.by, facts.reason, since, before), now)


def _against_add(policy: Policy, ledger: Ledger, facts: Facts) -> list[str]:
    found = []
    if facts.form in policy.encrypt and not facts.domain:
        found.append(f"the policy asks that a {facts.form} is encrypted as it is added: name a domain")
    if facts.domain and ledger.closed(facts.domain):
        found.append(f"the key of {facts.domain} was destroyed, or its destruction has begun")
    return found


def _unavailable(ledger: Ledger, content: str) -> list[str]:
    state = ledger.state(content)
    if plan := ledger.ending(content):
        return [f"its destruction under {plan} has begun"]
    if state in ("sealed", "destroyed"):
        return [_why(ledger, content)]
    return []


def _against_copy(policy: Policy, ledger: Ledger, facts: Facts) -> list[str]:
    source = _instance(ledger, facts.instance)
    found = _unavailable(ledger, source.content)
    most = policy.max_copy_steps
    if most is None:
        return found
    steps = copy_steps(ledger, source.instance)
    if steps is None:
        found.append(f"how many copyings lie between its origin and {source.instance} is unknown")
    elif steps + 1 > most:
        found.append(f"the copy would be {steps + 1} copy steps from its origin; the policy allows {most}")
    return found


def _against_drop(policy: Policy, ledger: Ledger, facts: Facts) -> list[str]:
    one = _instance(ledger, facts.instance)
    if one.instance in ledger.copies.ended:
        return ["it has ended already"]
    others = {each.instance for each in ledger.live(one.content)} - {one.instance}
    left = len(others & facts.verified)
    found = []
    if left < policy.min_copies:
        found.append(
            f"{left} other copies were looked at just now and found whole; the policy asks for "
            f"{policy.min_copies}"
        )
    if one.instance in ledger.copies.pinned:
        found.append("it is pinned")
    if one.origin and policy.pin_origin:
        found.append("it is the origin, which the policy keeps")
    return found


def _instance(ledger: Ledger, identifier: str) -> InstanceBegan:
    known = ledger.instance(identifier)
    if known is None:
        raise BadInput("this archive knows no such instance", got=identifier, fix="See `keep lineage`")
    return known


def copy_steps(ledger: Ledger, instance: str) -> int | None:
    """Return how many copyings lie between the origin and an instance; None where the chain is not known."""
    steps, one, seen = 0, ledger.instance(instance), set[str]()
    while one is not None and not one.origin:
        if one.source in ("", UNKNOWN) or one.instance in seen:
            return None
        seen.add(one.instance)
        steps, one = steps + 1, ledger.instance(one.source)
    return None if one is None else steps


@dataclass(frozen=True)
class Standing:
    """How one content stands under the policy.

    Attributes
    ----------
    content, name, state
        What it is.
    why
        Why it is in its state, in a sentence.
    due
        When its review is due; None for what was destroyed, or has no date from which to count.
    overdue
        Whether that has passed, or nothing says when.
    wanting
        What is not as the policy asks, each in a sentence.
    """

    content: str
    name: str
    state: Lifecycle
    why: str
    due: datetime | None
    overdue: bool
    wanting: tuple[str, ...]

    def sentences(self) -> list[str]:
        """Return it as a person reads it."""
        told = [f"{self.name or self.content} ({self.content}) is {self.state}: {self.why}."]
        if self.overdue:
            told.append(f"Its review was due on {stamp(self.due)}." if self.due else "Its review is due now.")
        elif self.due:
            told.append(f"Its review is due on {stamp(self.due)}.")
        return told + [f"Wanting: {each}." for each in self.wanting]


def standing(policy: Policy, ledger: Ledger, content: str, now: datetime) -> Standing:
    """How does a content stand: in which state and why, when to look again, what is not as it should be?

    Raises
    ------
    BadInput
        If the archive never held it.
    """
    state, name = ledger.state(content), ledger.additions[content][-1].name
    why = _why(ledger, content)
    if state == "destroyed":
        return Standing(content, name, state, why, None, False, ())
    every = policy.sealed_review_every if state == "sealed" else policy.review_every
    looked = _last_looked(ledger, content)
    due = None if looked is None else looked + every
    wanting = tuple(_wanting(policy, ledger, content, now))
    return Standing(content, name, state, why, due, due is None or now >= due, wanting)


def policy_due(policy: Policy, now: datetime) -> str:
    """Return that the policy itself is due for review, in words, or ""."""
    by = policy.review_policy_by
    if by is None or now < datetime.combine(by, time(), UTC):
        return ""
    return f"The policy '{policy.name}' was to be reviewed by {by}."


def _why(ledger: Ledger, content: str) -> str:
    came = ledger.entered(content)
    if came is None:
        return "it was added, and nothing was decided since"
    by = f" by {', '.join(came.signers)}" if came.signers else ""
    when = f" on {came.at}" if came.at else ""
    under = f", under the plan {came.plan}" if came.plan else ""
    return f"it went from {came.before} to {came.after}{when}{by}{under}, because: {came.reason}"


def _last_looked(ledger: Ledger, content: str) -> datetime | None:
    """Return when its state was last decided or confirmed, or else when its first copy began."""
    decided = [each.at for each in ledger.changes.get(content, []) if each.at]
    began = [
        each.began for each in ledger.copies.instances.values() if each.content == content and each.began
    ]
    return max(map(moment, decided)) if decided else min(map(moment, began), default=None)


def _wanting(policy: Policy, ledger: Ledger, content: str, now: datetime) -> list[str]:
    live, added = ledger.live(content), ledger.additions[content]
    seen = [each for each in live if _attested(policy, ledger, each.instance, now)]
    found = []
    if len(seen) < policy.min_copies:
        found.append(
            f"{len(seen)} copies were found whole within {spell(policy.live_for)}, of {len(live)} known; the "
            f"policy asks for {policy.min_copies}"
        )
    if policy.pin_origin and not any(each.origin and each.instance in ledger.copies.pinned for each in live):
        found.append("no origin instance is pinned")
    if policy.max_copy_steps is not None:
        found += _far(policy.max_copy_steps, ledger, live)
    if any(not each.domain for each in added):
        asked = "although the policy asks for encryption " if added[-1].form in policy.encrypt else ""
        found.append(f"it lies in the clear {asked}and can never be destroyed honestly")
    if ledger.state(content) == "sealed":
        found.append(f"it is to be held at SL{policy.seal_level}, which nothing here can measure")
    return found


def _far(most: int, ledger: Ledger, live: list[InstanceBegan]) -> list[str]:
    found = []
    for each in live:
        steps = copy_steps(ledger, each.instance)
        if steps is None:
            found.append(f"how far {each.instance} is from the origin is unknown")
        elif steps > most:
            found.append(f"{each.instance} is {steps} copy steps from the origin; the policy allows {most}")
    return found


def _attested(policy: Policy, ledger: Ledger, instance: str, now: datetime) -> bool:
    """Was it found whole, lately enough, when somebody last looked? A look dated in the future is none."""
    looked = ledger.copies.attested.get(instance)
    return (
        looked is not None
        and looked.holds
        and moment(looked.at) <= now <= moment(looked.at) + policy.live_for
    )
