"""Between a history and the workspace around it: what was committed is written out, what was edited is kept.

Two hands write a workspace: the agent, by versions, and whoever opens its files in an editor. Neither is
ever overwritten by the other in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selfscope.agent.history import StateHistory
from selfscope.agent.workspace import OWN, Workspace, copy_workspace
from selfscope.errors import BadInput
from selfscope.values import bytes_id
from selfscope.values.state import OUTSIDE, Change, Role, Version

#: The file of a copy that names the life it was made for.
LIFE = "life"


def settle(workspace: Workspace, history: StateHistory) -> Version:
    """Return the head, once the workspace and the history agree; the history is held by the caller.

    What a crash kept from being written out is written; then what somebody else has edited becomes a version.
    """
    before = history.out()
    if before is not None and before.id != history.head().id:
        write_out(workspace, history)
    head = take_in(workspace, history)
    if before is None:  # a crash came before it could be noted, or somebody removed the note
        history.written_out(head)
    return head


def write_out(workspace: Workspace, history: StateHistory) -> Version:
    """Write what changed since it was last done into the workspace, and return the head.

    A file that is neither what it was then nor what the head says was edited by somebody else: it is left as
    it is, for `take_in`.

    Raises
    ------
    BadInput, CouldNot
        If a link or a folder lies where a file is to be written, or the disk refuses. The version stays
        committed, and is written out when the life goes on.
    """
    head = history.head()
    before = history.out() or head
    old, new = ({each.path: each.digest for each in v.files} for v in (before, head))
    for path, digest in new.items():
        if digest != old.get(path) and _lies(workspace, path) in ("", old.get(path)):
            workspace.put(path, history.object(digest))
    for path in set(old) - set(new):
        if _lies(workspace, path) == old[path]:
            workspace.remove(path)
    history.written_out(head)
    return head


def take_in(workspace: Workspace, history: StateHistory) -> Version:
    """Return the head, after a version of its own for what somebody else has edited, if anything."""
    head = history.head()
    held = workspace.read()
    old = {each.path: (each.digest, each.role) for each in head.files}
    new = {path: (bytes_id(data), held.roles[path]) for path, data in held.files.items()}
    changes = [
        Change(
            path,
            (new.get(path) or old[path])[1],
            "added" if path not in old else "removed" if path not in new else "changed",
            "allowed",
            OUTSIDE,
        )
        for path in sorted({*old, *new})
        if old.get(path) != new.get(path)
    ]
    if not changes:
        return head
    version = history.commit(held.files, held.roles, changes=changes)
    history.written_out(version)
    return version


@contextmanager
def lived_in(workspace: Workspace, agent: str = "", shut: tuple[Role, ...] = ()) -> Iterator[StateHistory]:
    """Lend the history of a workspace, held against other processes, begun or settled.

    Parameters
    ----------
    agent
        Names the life where it begins; the content id of its files where it is left out.
    shut
        Roles without which it begins.

    Raises
    ------
    BadInput
        If the workspace cannot be read.
    CouldNot
        If another process holds it.
    """
    history = StateHistory(workspace.own / "state")
    with history.held():
        if history.begun:
            settle(workspace, history)
        else:
            history.begin(workspace.root, agent, shut)
        yield history


def copy_for(source: Workspace, out: Path, agent: str) -> Path:
    """Return the folder in which a life is lived that leaves the workspace alone: its copy, made or found.

    Parameters
    ----------
    agent
        The life; a folder in which another one is lived is not taken.

    Raises
    ------
    BadInput
        If the folder holds another life, or something else.
    CouldNot
        If the copy cannot be made.
    """
    mark, out = f"{OWN}/{LIFE}", out.resolve()
    if not (out / mark).is_file():
        return copy_workspace(source, out, {mark: agent.encode()}).root
    if Workspace.at(out).bytes_of(mark).decode() != agent:
        raise BadInput(
            "another life is lived in this folder: of other files, another model, script, setting or seed",
            got=out,
            fix="Give another --out; or go on with it as it is now, by its own path and --in-place",
        )
    return out


def roll_back(workspace: Path, to: str) -> Version:
    """Set a workspace back to an earlier version, as a version after the head, and return it."""
    place = Workspace.at(workspace)
    StateHistory.of(workspace)  # or it says that no agent has lived here
    with lived_in(place) as history:
        history.rollback(history.named(to))
        return write_out(place, history)


def review(workspace: Path, name: str, *, approve: bool) -> Version:
    """Take a proposal into a workspace, or turn it down, and return the version that says so."""
    place = Workspace.at(workspace)
    StateHistory.of(workspace)  # or it says that no agent has lived here
    with lived_in(place) as history:
        history.review(name, approve=approve)
        return write_out(place, history)


def _lies(workspace: Workspace, path: str) -> str:
    """Return the digest of what lies at a path; "" where nothing lies there."""
    data = workspace.found(path)
    return "" if data is None else bytes_id(data)
