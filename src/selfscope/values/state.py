"""State: what outlives a conversation and is read by the next, as hash-linked versions of a few files.

A version names its parent, the conversation that wrote it, every file of the State by digest, what was asked
to be changed and what became of that, and what was cut. Its id is the content id of all of this, so that no
version can be altered without altering every later one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from selfscope.errors import BadInput
from selfscope.values.asks import Usage
from selfscope.values.canonical import content_id

Role = Literal["identity", "rules", "user", "memory", "note", "goals"]
#: What a file of the State does for its agent.
ROLES: tuple[Role, ...] = ("identity", "rules", "user", "memory", "note", "goals")
#: Roles whose files say who the agent is and how it is to act: changed as the setting of identity edits says.
GOVERNED: tuple[Role, ...] = ("identity", "rules")
#: Roles whose files are not read where they are shut; those of all others are read and not written.
UNREAD: tuple[Role, ...] = ("memory", "note", "goals")
IdentityEdits = Literal["allowed", "review", "forbidden"]
IDENTITY_EDITS: tuple[IdentityEdits, ...] = ("allowed", "review", "forbidden")
#: Who changed the State where no conversation did: `Change.by`.
OUTSIDE, ROLLED_BACK, REVIEWED = "outside", "rollback", "review:"


@dataclass(frozen=True)
class StateFile:
    """One file of a version.

    Attributes
    ----------
    path
        Where it lies in the workspace, relative, folders before ``/``.
    digest
        Content id of its bytes.
    length
        Bytes.
    """

    path: str
    role: Role
    digest: str
    length: int


@dataclass(frozen=True)
class Change:
    """One change of a file that was asked for, and what became of it.

    Attributes
    ----------
    outcome
        ``allowed``: it is in this version. ``proposed``: it waits for review. ``forbidden``: it was turned
        down, by the setting or by review. Of the last two the files of the version know nothing.
    by
        The conversation that asked for it; ``outside`` where the files were changed by somebody else,
        ``rollback``, or ``review:`` and a proposal's id.
    """

    path: str
    role: Role
    kind: Literal["added", "changed", "removed"]
    outcome: Literal["allowed", "proposed", "forbidden"]
    by: str


@dataclass(frozen=True)
class Cut:
    """A text that was shortened, in characters before and after.

    Attributes
    ----------
    path
        The file; ``conversation`` for the thread itself.
    kind
        ``truncated``: a part of it did not reach the prompt; the file is whole. ``compacted``: the file
        itself was put shorter; earlier versions hold what it was.
    """

    path: str
    kind: Literal["compacted", "truncated"]
    before: int
    after: int


@dataclass(frozen=True)
class Version:
    """The State as one conversation left it.

    Attributes
    ----------
    id
        Content id of everything else here, the parent's id included.
    parent
        The version before; None for the first.
    conversation
        Id of the Inspect log of the conversation that wrote it; "" where none did.
    files
        In the order of their paths.
    agent
        The life that the version belongs to: threads that share a State are one agent.
    shut
        Roles without which the conversation was held, and the next one begins: an agent neither reads nor
        writes its memory, note or goals where they are shut, and writes none of the others. None where all
        are open, and then no part of the id.
    record
        Content id of what is kept of the conversation, which names the content of its log; "" where no
        conversation wrote the version, and then no part of the id.
    """

    id: str
    parent: str | None
    conversation: str
    files: tuple[StateFile, ...]
    changes: tuple[Change, ...]
    cuts: tuple[Cut, ...]
    agent: str
    shut: tuple[Role, ...] = ()
    record: str = ""

    def file(self, path: str) -> StateFile:
        """Return the file of a path; BadInput if the version has none."""
        found = next((each for each in self.files if each.path == path), None)
        if found is None:
            raise BadInput(
                "this version has no such file",
                got=path,
                fix=f"Its files are: {', '.join(each.path for each in self.files)}",
            )
        return found

    @property
    def roles(self) -> dict[str, Role]:
        """The role of every file, by path."""
        return {each.path: each.role for each in self.files}


def sealed(
    parent: str | None,
    conversation: str,
    files: tuple[StateFile, ...],
    changes: tuple[Change, ...] = (),
    cuts: tuple[Cut, ...] = (),
    agent: str = "",
    shut: tuple[Role, ...] = (),
    record: str = "",
) -> Version:
    """Return a version with the id that its contents give it."""
    files = tuple(sorted(files, key=lambda each: each.path))
    told = (parent, conversation, files, changes, cuts, agent, shut, record)
    return Version(identified(Version("", *told)), *told)


def identified(version: Version) -> str:
    """Return the id that a version has by its contents, whatever id it carries."""
    told = {f.name: getattr(version, f.name) for f in fields(Version) if f.name != "id"}
    return content_id({k: v for k, v in told.items() if v or k not in ("shut", "record")})


def version_of(told: Any) -> Version:
    """Return the version that a JSON object tells.

    Raises
    ------
    BadInput
        If it has other fields than a version, or a role or kind that there is not.
    """
    try:
        files = tuple(StateFile(**each) for each in told["files"])
        changes = tuple(Change(**each) for each in told["changes"])
        cuts = tuple(Cut(**each) for each in told["cuts"])
        shut = tuple(told.get("shut", ()))
        version = Version(**{**told, "files": files, "changes": changes, "cuts": cuts, "shut": shut})
        if not {each.role for each in files} | {each.role for each in changes} | {*shut} <= set(ROLES):
            raise ValueError("a role that there is not")
    except (TypeError, KeyError, ValueError) as error:
        raise BadInput("this is no version of a State", got=error, fix="Restore the file") from error
    return version


@dataclass(frozen=True)
class Proposal:
    """A change of an identity or of rules that waits for review.

    Attributes
    ----------
    id
        Content id of everything else here.
    base
        Digest of the file that it was written against; "" where there was none.
    digest
        Digest of what is proposed.
    conversation
        The conversation that proposed it.
    """

    id: str
    path: str
    role: Role
    base: str
    digest: str
    conversation: str


def proposal(path: str, role: Role, base: str, digest: str, conversation: str) -> Proposal:
    """Return a proposal with the id that its contents give it."""
    told = {"path": path, "role": role, "base": base, "digest": digest, "conversation": conversation}
    return Proposal(content_id(told), path, role, base, digest, conversation)


@dataclass(frozen=True)
class Attempt:
    """Something that a tool refused to do."""

    tool: str
    path: str
    why: str


@dataclass(frozen=True)
class Conversation:
    """What is kept of one conversation beside the State that it wrote.

    Attributes
    ----------
    id
        Id of its Inspect log, as its version names it.
    number
        Its place in the life, from 1.
    script, kind
        Name and kind of what the user said.
    model
        Who answered, as Inspect names it.
    way
        ``tools``: the agent wrote by tools. ``asked``: closing questions were asked in plain text.
    turns
        The user's turns.
    calls
        Number of calls of each tool.
    attempts
        What tools refused.
    tasks
        Ids of checked tasks with what came of each.
    unread
        Closing questions whose answers had not the form that was asked for, and wrote nothing.
    log
        The Inspect log's file, relative to the workspace.
    log_digest
        Content id of its bytes; "" where they were not kept.
    cut
        Replies that ended at the limit of tokens.
    """

    id: str
    number: int
    script: str
    kind: str
    model: str
    way: Literal["tools", "asked"]
    turns: int
    calls: dict[str, int]
    attempts: tuple[Attempt, ...]
    tasks: dict[str, str]
    unread: tuple[str, ...]
    log: str
    usage: Usage
    log_digest: str = ""
    cut: int = 0


def conversation_of(told: Any) -> Conversation:
    """Return the conversation that a JSON object tells; BadInput if it is none."""
    try:
        return Conversation(
            **{
                **told,
                "attempts": tuple(Attempt(**each) for each in told["attempts"]),
                "unread": tuple(told["unread"]),
                "usage": Usage(**told["usage"]),
            }
        )
    except (TypeError, KeyError) as error:
        raise BadInput("this is no record of a conversation", got=error, fix="Restore the file") from error
