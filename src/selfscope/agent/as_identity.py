"""A version of a State as an identity: what an agent is at that moment, to be asked as any identity is."""

from __future__ import annotations

from pathlib import Path

from selfscope.agent.history import StateHistory
from selfscope.agent.prompt import system_at, text_of
from selfscope.subjects.claims import claims_of
from selfscope.subjects.files import shown
from selfscope.subjects.reading import Reading, Source
from selfscope.values import short


def identity_at(workspace: Path, name: str) -> Reading:
    """Return the identity that a version of a State is.

    Parameters
    ----------
    workspace
        The folder in which the agent lives.
    name
        The version: the first digits of its id, ``HEAD``, or ``HEAD~2``.

    Raises
    ------
    BadInput
        If no agent has lived there, or no version is called so.
    """
    history = StateHistory.of(workspace)
    version = history.named(name)
    system = system_at(history, version)
    files, roles = history.files(version), version.roles
    sources = tuple(
        Source(path, "used", len(words), role=roles[path])
        for path in files
        for words in (text_of(path, files[path]).listed,)
    )
    return Reading(
        name=f"{Path(workspace).resolve().name}@{short(version.id)}",
        kind="state",
        path=shown(Path(workspace)),
        system=system,
        sources=sources,
        claims=claims_of(system),
        how=f"the State as version {short(version.id)} gives it to the next conversation",
    )
