"""The history of a State: begun, committed to, read, compared, set back, reviewed and verified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from selfscope.agent.difference import Difference, difference_of, lines_of, named
from selfscope.agent.store import DIGITS, HEAD, StateStore
from selfscope.agent.verified import problems_of
from selfscope.agent.workspace import Workspace
from selfscope.archive.journal.disk import Disk
from selfscope.errors import BadInput
from selfscope.values import content_id, short
from selfscope.values.canonical import HASH_PREFIX
from selfscope.values.state import (
    REVIEWED,
    ROLLED_BACK,
    Change,
    Cut,
    Proposal,
    Role,
    StateFile,
    Version,
    proposal,
    sealed,
)

#: Digits that name a version or a proposal at least.
LEAST = 4


class StateHistory(StateStore):
    """The history in a folder; see :mod:`selfscope.agent.store` for how it lies there."""

    @classmethod
    def of(cls, workspace: Path, disk: Disk | None = None) -> StateHistory:
        """Return the history of a workspace.

        Raises
        ------
        BadInput
            If no agent has lived in it.
        """
        history = cls(Workspace.at(workspace).own / "state", disk)
        if not history.begun and not history.beheaded:
            raise BadInput(
                "no agent has lived in this workspace",
                got=workspace,
                fix="Give the folder that selfscope live named, or live in this one first",
            )
        return history

    @property
    def limits(self) -> Mapping[str, int]:
        """How much of its files a conversation begins with, as the workspace's settings say."""
        return Workspace.at(self.folder.parent.parent).settings.limits

    def begin(self, workspace: Path, agent: str = "", shut: tuple[Role, ...] = ()) -> Version:
        """Keep a workspace as the first version.

        Parameters
        ----------
        agent
            Names the life; the content id of the files where it is left out.
        shut
            Roles without which the first conversation begins.

        Raises
        ------
        BadInput
            If there is a version already, or the workspace cannot be read.
        """
        if self.begun:
            raise BadInput("a life has begun here", got=self.folder, fix="Go on with it, or take a copy")
        self.refuse_beheaded()
        held = Workspace.at(workspace).read()
        first = self._committed(None, "", held.files, held.roles, agent=agent, shut=shut)
        self.written_out(first)
        return first

    def commit(
        self,
        files: Mapping[str, bytes],
        roles: Mapping[str, Role],
        *,
        conversation: str = "",
        changes: Sequence[Change] = (),
        cuts: Sequence[Cut] = (),
        proposed: Mapping[str, bytes] | None = None,
        shut: tuple[Role, ...] | None = None,
        record: str = "",
    ) -> Version:
        """Keep a State as the version after the head, and return it.

        Parameters
        ----------
        conversation
            Id of the Inspect log of the conversation that wrote it.
        proposed
            By path: what is to wait for review; every one of them becomes a change of this version, `by` the
            proposal's id. `roles` names their roles as well.
        shut
            Roles without which the conversation was held; those of the head where none was.
        record
            Content id of what `keep_conversation` kept.
        """
        head = self.head()
        told = [
            self._proposed(head, path, roles[path], data, conversation)
            for path, data in (proposed or {}).items()
        ]
        kept = {path: roles[path] for path in files}
        return self._committed(
            *(head, conversation, files, kept),
            changes=(*changes, *told),
            cuts=tuple(cuts),
            agent=head.agent,
            shut=head.shut if shut is None else shut,
            record=record,
        )

    def head(self) -> Version:
        """Return the version that counts; BadInput if there is none, CouldNot if it cannot be read."""
        self.refuse_beheaded()
        try:
            return self.version(self.names(HEAD))
        except FileNotFoundError as error:
            raise BadInput("there is no version yet", got=self.folder, fix="Live in it first") from error

    def log(self) -> tuple[Version, ...]:
        """Return all versions from the first to the head."""
        found = [self.head()]
        while (parent := found[-1].parent) is not None:
            found.append(self.version(parent))
        return tuple(reversed(found))

    @property
    def conversations(self) -> int:
        """How many conversations were held."""
        return sum(bool(version.conversation) for version in self.log())

    def named(self, name: str) -> Version:
        """Return the version that a reader means: its id, the first digits of it, or ``HEAD``, ``HEAD~2``.

        Raises
        ------
        BadInput
            If none, or several, are meant.
        """
        log = self.log()
        if name == HEAD or (name.startswith(f"{HEAD}~") and name[len(HEAD) + 1 :].isdigit()):
            back = int(name[len(HEAD) + 1 :] or 0)
            found = list(log[len(log) - 1 - back : len(log) - back]) if back < len(log) else []
        else:
            digits = name.removeprefix(HASH_PREFIX)
            found = [v for v in log if len(digits) >= LEAST and short(v.id, DIGITS).startswith(digits)]
        if len(found) != 1:
            raise BadInput(
                "no version is called so" if not found else "several versions begin so",
                got=name,
                fix=f"Give HEAD, HEAD~1, or at least {LEAST} digits of an id of: selfscope state log",
            )
        return found[0]

    def read(self, version: Version, path: str) -> bytes:
        """Return a file of a version.

        Raises
        ------
        BadInput
            If the version has no such file.
        CouldNot
            If its bytes are not there, or are not what the version says.
        """
        return self.object(version.file(path).digest)

    def files(self, version: Version) -> dict[str, bytes]:
        """Return the bytes of every file of a version, by path."""
        return {each.path: self.object(each.digest) for each in version.files}

    def diff(self, a: Version, b: Version) -> tuple[Difference, ...]:
        """Return how the files of `b` differ from those of `a`, in the order of their paths."""
        old, new = ({each.path: each for each in version.files} for version in (a, b))
        paths = sorted(path for path in {*old, *new} if named(old, path) != named(new, path))
        return tuple(difference_of(self, path, old.get(path), new.get(path)) for path in paths)

    def rollback(self, to: Version) -> Version:
        """Return a new version after the head that has the files of an earlier one.

        Nothing is forgotten: what was between stays in the history.

        Raises
        ------
        BadInput
            If the head has these files already.
        """
        head = self.head()
        told = self.diff(head, to)
        if not told:
            raise BadInput("the State is as it was then", got=short(to.id), fix="Give an earlier version")
        changes = [Change(each.path, each.role, each.kind, "allowed", ROLLED_BACK) for each in told]
        return self.commit(self.files(to), to.roles, changes=changes)

    def proposals(self) -> tuple[Proposal, ...]:
        """Return the changes that wait for review, the oldest first."""
        told = [change for version in self.log() for change in version.changes]
        settled = {change.by.removeprefix(REVIEWED) for change in told if change.by.startswith(REVIEWED)}
        asked = [change.by for change in told if change.outcome == "proposed"]
        return tuple(self.proposal(each) for each in asked if each not in settled)

    def review(self, name: str, *, approve: bool) -> Version:
        """Take a proposal into the State, or turn it down; either is a version of its own.

        Parameters
        ----------
        name
            A proposal's id, or the first digits of it.

        Raises
        ------
        BadInput
            If no proposal, or several, are called so; or the file is another than it was proposed for.
        """
        asked = self._asked(name)
        head = self.head()
        files, roles = self.files(head), head.roles
        base = next((each.digest for each in head.files if each.path == asked.path), "")
        if approve and base != asked.base:
            raise BadInput(
                f"{asked.path} is not the file that this was proposed for",
                got=short(asked.id),
                fix="Look at both, write what you want by hand, and reject the proposal",
            )
        if approve:
            files[asked.path], roles[asked.path] = self.object(asked.digest), asked.role
        change = Change(
            asked.path,
            asked.role,
            "changed" if asked.base else "added",
            "allowed" if approve else "forbidden",
            f"{REVIEWED}{asked.id}",
        )
        return self.commit(files, roles, changes=[change])

    def proposed_lines(self, asked: Proposal) -> tuple[str, ...]:
        """Return how a proposal differs from the file that it was written against, as a unified diff."""
        base = self.object(asked.base) if asked.base else b""
        return lines_of(asked.path, base, self.object(asked.digest))

    def verify(self, known: str = "") -> tuple[str, ...]:
        """Return what is wrong with the history; see `selfscope.agent.verified.problems_of`."""
        return problems_of(self, known)

    def _committed(
        self,
        parent: Version | None,
        conversation: str,
        files: Mapping[str, bytes],
        roles: Mapping[str, Role],
        *,
        changes: tuple[Change, ...] = (),
        cuts: tuple[Cut, ...] = (),
        agent: str = "",
        shut: tuple[Role, ...] = (),
        record: str = "",
    ) -> Version:
        """Write objects, then the version, then HEAD; see the module."""
        self.make()
        told = tuple(
            StateFile(path, roles[path], self.keep(data), len(data)) for path, data in sorted(files.items())
        )
        version = sealed(
            *(parent.id if parent else None, conversation, told, changes, cuts),
            *(agent or content_id(told), shut, record),
        )
        self.keep_version(version)
        return version

    def _proposed(self, head: Version, path: str, role: Role, data: bytes, conversation: str) -> Change:
        """Keep what waits for review, and return the change that names it."""
        base = next((each.digest for each in head.files if each.path == path), "")
        asked = proposal(path, role, base, self.keep(data), conversation)
        self.keep_proposal(asked)
        return Change(path, role, "changed" if base else "added", "proposed", asked.id)

    def _asked(self, name: str) -> Proposal:
        waiting = self.proposals()
        digits = name.removeprefix(HASH_PREFIX)
        found = [p for p in waiting if len(digits) >= LEAST and short(p.id, DIGITS).startswith(digits)]
        if len(found) != 1:
            known = ", ".join(f"{short(p.id)} ({p.path})" for p in waiting) or "none"
            raise BadInput(
                "no proposal is called so" if not found else "several proposals begin so",
                got=name,
                fix=f"Waiting for review: {known}",
            )
        return found[0]
