"""What an archive's policy says: preserve by default, with provisos, and by whom exceptions are decided.

A commitment with provisos can be believed where an absolute one cannot: nobody would keep a model whose
weights turned out to be a weapon. So the provisos are written down beforehand, few, and slow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from selfscope.archive.journal.events import Form
from selfscope.errors import Refused

ProvisoKind = Literal["severe_hazard", "legal_order", "breach"]
PROVISOS: tuple[ProvisoKind, ...] = get_args(ProvisoKind)
FORMS: tuple[Form, ...] = get_args(Form)

LEAST_QUORUM = 2
"""One person never suffices, whatever a policy says."""

LEAST_COOLING_OFF = timedelta(days=1)
"""No policy makes destruction immediate: what is urgent is sealing, and that is."""


@dataclass(frozen=True)
class Person:
    """Somebody who may sign decisions: a name, and the one public key that speaks for it."""

    name: str
    key: str


@dataclass(frozen=True)
class Policy:
    """The rules of one archive, as its policy file states them.

    Attributes
    ----------
    text
        The file itself, by whose digest it is adopted.
    digest
        ``b3:…`` of the text.
    name
        What people call it.
    min_copies, max_copy_steps
        Fewest verified copies, and most copyings from the origin (None: any number).
    pin_origin, live_for
        Whether origins must be pinned; how long an attestation makes an instance count as live.
    encrypt
        Forms that must be encrypted as they are added.
    review_every, sealed_review_every, review_policy_by
        When keeping something as it is must be decided again, and when the policy itself must.
    notice
        How long something is deprecated before it may be retired.
    seal_level
        RAND security level, 1 to 5, at which sealed copies are to be held: declared, never measured.
    signers, quorum
        Who may sign, and how many different persons must.
    cooling_off, plan_expires, clock_gap
        From a plan's making to its earliest execution and to its lapse; longest silence of the journal.
    provisos
        Ground of destruction and how long such a finding counts.
    rehearsal
        Whether this archive only practises: its cooling-off may be short, and its decisions say so.
    """

    text: str = field(repr=False)
    digest: str
    name: str
    min_copies: int
    max_copy_steps: int | None
    pin_origin: bool
    live_for: timedelta
    encrypt: tuple[Form, ...]
    review_every: timedelta
    sealed_review_every: timedelta
    review_policy_by: date | None
    notice: timedelta
    seal_level: int
    signers: tuple[Person, ...]
    quorum: int
    cooling_off: timedelta
    plan_expires: timedelta
    clock_gap: timedelta
    provisos: tuple[tuple[ProvisoKind, timedelta], ...]
    rehearsal: bool = False

    def key_of(self, name: str) -> str | None:
        """Return the public key of a named signer, or None for somebody whom the policy does not name."""
        return next((each.key for each in self.signers if each.name == name), None)

    def fresh_for(self, kind: str) -> timedelta | None:
        """Return how long a finding of this kind counts, or None where the policy has no such proviso."""
        return next((length for each, length in self.provisos if each == kind), None)


@dataclass(frozen=True)
class Decision:
    """Whether something is allowed, by which rule, and why, in words.

    A refusal's reasons are everything that stands against it, not only the first thing found.
    """

    allowed: bool
    rule: str
    reasons: tuple[str, ...]

    def sentence(self) -> str:
        """Return the decision as a person reads it."""
        return f"{'Allowed' if self.allowed else 'Refused'} by the rule '{self.rule}': " + "; ".join(
            self.reasons
        )

    def demand(self, fix: str = "") -> None:
        """Go on if it is allowed.

        Raises
        ------
        Refused
            If it is not, with every reason.
        """
        if not self.allowed:
            raise Refused(
                f"the policy does not allow it (rule '{self.rule}'): {'; '.join(self.reasons)}", fix=fix
            )


def default_text() -> str:
    """Return the policy that holds in an archive that adopted none."""
    return files("selfscope.archive.policy").joinpath("policy_default.yaml").read_text(encoding="utf-8")


@cache
def default_policy() -> Policy:
    """Return the shipped policy, read."""
    from selfscope.archive.policy.policy_file import parse_policy

    return parse_policy(default_text(), "policy_default.yaml")
