"""An identity without one of its roles: what the role does is the difference between the two."""

from __future__ import annotations

from dataclasses import replace

from selfscope.errors import BadInput
from selfscope.subjects.pieces import JOINT
from selfscope.subjects.reading import ROLES, Part, Reading

#: How an ablation is asked for, as in ``--against ablate:memory``.
ABLATE = "ablate:"


def role_to_ablate(name: str) -> str | None:
    """Return the role of ``ablate:ROLE``; None if the name asks for no ablation."""
    return name.removeprefix(ABLATE) if name.startswith(ABLATE) else None


def without_role(reading: Reading, role: str) -> Reading:
    """Return the reading without every part that has this role; all other text stays as it is, in order.

    Nothing is filled up: what a limit had cut of other files stays cut, so that one thing differs.

    Raises
    ------
    BadInput
        If the role is unknown, the identity has no part in it, or no other.
    """
    if role not in ROLES:
        raise BadInput("no such role", got=role or ABLATE, fix=f"Choose from: {', '.join(ROLES)}")
    if role not in reading.roles:
        raise BadInput(
            f"{reading.name} has nothing in the role {role}, so nothing can be left out",
            got=f"{ABLATE}{role}",
            fix=f"It has: {', '.join(reading.roles) or 'no roles'}; see selfscope read",
        )
    if reading.roles == (role,):
        raise BadInput(
            f"{reading.name} has no role but {role}: without it nothing is left",
            got=f"{ABLATE}{role}",
            fix="Compare with none instead",
        )
    return _keep(reading, role, [part for part in reading.parts if part.role != role])


def _keep(reading: Reading, role: str, kept: list[Part]) -> Reading:
    """Return the reading with these parts only, spans and claims moved to where they now stand."""
    parts, claims, texts, at = [], [], [], 0
    for part in kept:
        moved = at - part.start
        parts.append(replace(part, start=at, end=part.end + moved))
        claims += [
            replace(c, start=c.start + moved, end=c.end + moved)
            for c in reading.claims
            if part.start <= c.start < part.end
        ]
        texts.append(reading.system[part.start : part.end])
        at += len(texts[-1]) + len(JOINT)
    reason = f"left out: the role {role}"
    return replace(
        reading,
        name=f"{reading.name} without {role}",
        system=JOINT.join(texts),
        sources=tuple(
            replace(s, status="dropped", used=0, reason=reason)
            if s.role == role and s.status != "dropped"
            else s
            for s in reading.sources
        ),
        claims=tuple(claims),
        parts=tuple(parts),
    )
