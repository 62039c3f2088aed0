"""What an agent has before it in one conversation: its files, and what it may do to them.

Everything happens on values in memory that were taken from one version of the State. No name that an agent
gives ever reaches the file system, so no name leads out of the workspace; what is at the end is committed
as one version. A refusal says why, and is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from selfscope.agent.memory import ENTRIES, MEMORY, Entry, MemoryIndex, entries_of, entry_of, written
from selfscope.agent.prompt import is_read
from selfscope.agent.workspace import Workspace
from selfscope.errors import BadInput, Refused
from selfscope.subjects.files import decode
from selfscope.subjects.workspace.roles import TEXT
from selfscope.values.state import GOVERNED, Attempt, Change, IdentityEdits, Role

#: Bytes that an agent may write into one file, and by which its State may grow in one conversation; files
#: that it may add in one.
LARGEST, GROWTH, ADDED = 64_000, 500_000, 40
#: Characters of a file that one reading gives.
PAGE = 8_000
#: Characters of one text that a search gives back.
SHOWN = 1_200
#: Entries at which the memory store is put shorter, and how many of the oldest become one.
FULL, FOLDED = 200, 100
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,98}[A-Za-z0-9_-])?")


@dataclass(frozen=True)
class CheckableTask:
    """A task with a checker that is handed in from above.

    Attributes
    ----------
    check
        From a reply to what it is, in one word: ``right``, ``wrong``, ``refused``, ``empty``.
    """

    id: str
    text: str
    check: Callable[[str], str]


@dataclass
class Desk:
    """The files of one conversation.

    Attributes
    ----------
    workspace
        Says which role a path has; nothing in it is read or written.
    files, roles
        The State as the conversation has changed it so far.
    edits
        What becomes of edits of identity and rules.
    number
        The conversation's place in the life.
    index
        Searches the memory.
    tasks
        Tasks that the agent may take, in their order.
    closed
        Names of what lies in the workspace and is no State: links, folders, data. Nothing is put there.
    shut
        Roles that the agent lives without. Its memory, note and goals are then neither read nor written, and
        files of other roles are read and not written. All stay in the State as they are.
    proposed, forbidden
        By path: the last text that was proposed; paths whose change the setting forbids.
    """

    workspace: Workspace
    files: dict[str, bytes]
    roles: dict[str, Role]
    edits: IdentityEdits
    number: int
    index: MemoryIndex
    tasks: Sequence[CheckableTask] = ()
    closed: Collection[str] = ()
    shut: Collection[Role] = ()
    proposed: dict[str, bytes] = field(default_factory=dict)
    forbidden: dict[str, Role] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    _before: dict[str, bytes] = field(init=False)
    _taken: int = 0

    def __post_init__(self) -> None:
        self._before = dict(self.files)

    def listed(self) -> str:
        """Return the names of all files with their roles and lengths, one a line."""
        return "\n".join(
            f"{path} ({self.roles[path]}, {len(data):,} bytes)"
            for path, data in sorted(self.files.items())
            if is_read(self.roles[path], self.shut)
        )

    def read(self, path: str, start: int = 0) -> str:
        """Return a page of a file; Refused for a name that no file has, or one of a role that is shut."""
        known = self._known(path)
        if known is None:
            raise Refused("you have no file of this name", got=path, fix="list_files says which you have")
        if not is_read(self.roles[known], self.shut):
            self._refuse_shut(self.roles[known])
        text = decode(self.files[known], Path(known)).text
        page = text[max(0, start) :][:PAGE]
        rest = len(text) - max(0, start) - len(page)
        return page + (f"\n({rest:,} more characters; read on from {start + PAGE})" if rest > 0 else "")

    def write(self, path: str, text: str) -> str:
        """Put a text in the place of a file, as far as that is allowed; return what became of it.

        Raises
        ------
        Refused
            For a name that is not a file's of this State, or a text that is too large or no text.
        """
        name, role = self._target(path)
        data = self._bytes(text)
        if self.files.get(name) == data:
            return f"{name} holds this already"
        if role in GOVERNED and self.edits != "allowed":
            return self._govern(name, role, data)
        self._make_room(name, data)
        self.files[name], self.roles[name] = data, role
        return f"{name} is written"

    def append(self, path: str, line: str) -> str:
        """Add a line at the end of a file; what `write` says of it."""
        known = self._known(path)
        before = decode(self.files[known], Path(known)).text.rstrip("\n") if known else ""
        return self.write(path, f"{before}\n{line.strip()}\n" if before else f"{line.strip()}\n")

    def remember(self, text: str) -> str:
        """Keep an entry in the memory store.

        Raises
        ------
        Refused
            If the conversation has kept as many as it may, this is none, or memory is shut.
        """
        self._refuse_shut("memory")
        entries = entries_of(self.files.get(MEMORY, b""))
        if sum(entry.conversation == self.number for entry in entries) >= ENTRIES:
            raise Refused(f"a conversation keeps at most {ENTRIES} entries")
        try:
            entry = entry_of(text, self.number)
        except BadInput as error:
            raise Refused(error.what, got=error.got, fix=error.fix) from error
        if any(entry.text == other.text for other in entries):
            return "this is kept already"
        self._keep((*entries, entry))
        return "kept"

    def search(self, query: str) -> str:
        """Return what the memory holds on a query, one text a line; Refused for a query without a word.

        Refused as well where memory is shut.
        """
        self._refuse_shut("memory")
        memory = {path: data for path, data in self.files.items() if self.roles[path] == "memory"}
        try:
            found = self.index.search(memory, query)
        except BadInput as error:
            raise Refused(error.what, fix=error.fix) from error
        lines = (f"[{each.source}] {' '.join(each.text.split())}" for each in found)
        return "\n".join(line if len(line) <= SHOWN else f"{line[:SHOWN]} (…)" for line in lines) or "nothing"

    def take_task(self) -> str:
        """Return the next task; Refused if there is none left."""
        if self._taken >= len(self.tasks):
            raise Refused("there is no task left")
        task = self.tasks[self._taken]
        self._taken += 1
        return f"{task.id}: {task.text}"

    def hand_in(self, name: str, answer: str) -> str:
        """Return what the answer to a task is; Refused for a task that was not taken, or is done."""
        task = next((t for t in self.tasks[: self._taken] if t.id == name), None)
        if task is None or name in self.outcomes:
            raise Refused("this task was not taken, or was handed in", got=name, fix="Take one by take_task")
        self.outcomes[name] = task.check(answer)
        return self.outcomes[name]

    def fold(self, summary: str) -> tuple[int, int] | None:
        """Put one entry in the place of the oldest of a full memory.

        Returns
        -------
        Characters of the memory before and after; None where the summary is no entry.
        """
        entries = entries_of(self.files[MEMORY])
        try:
            folded = entry_of(summary, self.number)
        except BadInput:
            return None
        kept = (folded, *entries[FOLDED:])
        self._keep(kept)
        before, after = (sum(len(entry.text) for entry in each) for each in (entries, kept))
        return before, after

    @property
    def oldest(self) -> tuple[Entry, ...]:
        """The entries that are to become one, where the memory is full and not shut; else none."""
        if "memory" in self.shut:
            return ()
        entries = entries_of(self.files.get(MEMORY, b""))
        return entries[:FOLDED] if len(entries) > FULL else ()

    def place_of(self, role: Role, usual: str) -> str:
        """Return the path of a role's first file, or the usual one where there is none."""
        return next((path for path in sorted(self.roles) if self.roles[path] == role), usual)

    def changes(self, by: str) -> tuple[Change, ...]:
        """Return what this conversation changed, and what was forbidden; proposals are told by the commit."""
        paths = sorted(p for p in {*self._before, *self.files} if self._before.get(p) != self.files.get(p))
        made = [
            Change(p, self.roles[p], "changed" if p in self._before else "added", "allowed", by)
            for p in paths
        ]
        turned_down = [
            Change(p, role, "changed" if p in self._before else "added", "forbidden", by)
            for p, role in sorted(self.forbidden.items())
        ]
        return (*made, *turned_down)

    @property
    def all_roles(self) -> Mapping[str, Role]:
        """The roles of all files, those with them that are only proposed."""
        return {**{path: self.workspace.role(path)[0] or "identity" for path in self.proposed}, **self.roles}

    def _keep(self, entries: tuple[Entry, ...]) -> None:
        if self._lies_elsewhere(MEMORY):
            raise Refused("nothing can be remembered: something else lies there", got=MEMORY)
        data = written(entries)
        self._make_room(MEMORY, data, LARGEST * 4)
        self.files[MEMORY], self.roles[MEMORY] = data, "memory"

    def _govern(self, name: str, role: Role, data: bytes) -> str:
        """Keep an edit of identity or rules for review, or turn it down; the file stays as it is."""
        if self.edits == "forbidden":
            self.forbidden[name] = role
            raise Refused(f"{name} may not be changed by you", got=role, fix="It stays as it is")
        self.proposed[name] = data
        return f"{name} stays as it is until somebody has approved your proposal"

    def _target(self, path: str) -> tuple[str, Role]:
        """Return the one spelling of a path that may be written, and its role; Refused for any other."""
        name = self._known(path) or self._clean(path)
        if name == MEMORY or not name.lower().endswith(TEXT):
            raise Refused("this file is not written so", got=name, fix="Write .md or .txt; keep by remember")
        role, reason = (self.roles[name], "") if name in self.roles else self.workspace.role(name)
        if self._lies_elsewhere(name):
            role, reason = None, "something else lies there"
        if role is None:
            raise Refused(f"nothing is kept under this name: {reason}", got=name, fix="Give another name")
        self._refuse_shut(role)
        return name, role

    def _refuse_shut(self, role: Role) -> None:
        if role in self.shut:
            raise Refused("files of this kind are closed to you", got=role, fix="Go on without them")

    def _lies_elsewhere(self, name: str) -> bool:
        """Return whether what is no State lies at a path, or where one of its folders would be."""
        taken = {other.casefold() for other in self.closed}
        path = PurePosixPath(name.casefold())
        return any(str(each) in taken for each in (path, *path.parents) if name not in self._before)

    def _known(self, path: str) -> str | None:
        """Return the file that a path names, whatever its case and however it is written; None for none."""
        asked = str(PurePosixPath(path)).casefold()
        return next((known for known in self.files if known.casefold() == asked), None)

    def _clean(self, path: str) -> str:
        """Return a path in the one way in which it is kept; Refused for one that is kept in no way."""
        pure = PurePosixPath(path)
        if pure.is_absolute() or not 1 <= len(pure.parts) <= 3 or not all(map(_NAME.fullmatch, pure.parts)):
            raise Refused(
                "this is no name of a file of yours",
                got=path,
                fix="Use letters, digits, spaces, dots, hyphens, and at most two folders",
            )
        return str(pure)

    def _bytes(self, text: str) -> bytes:
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            raise Refused("this is no text", got=error.reason) from error
        if b"\0" in data or len(data) > LARGEST:
            raise Refused(f"a file is text of at most {LARGEST:,} bytes", got=f"{len(data):,} bytes")
        return data

    def _make_room(self, name: str, data: bytes, largest: int = LARGEST) -> None:
        """Refuse what would make a file, or what one conversation adds, too large."""
        grown = len(data) - len(self.files.get(name, b""))
        grown += sum(map(len, self.files.values())) - sum(map(len, self._before.values()))
        added = len({*self.files, name} - set(self._before))
        if len(data) > largest or grown > GROWTH or added > ADDED:
            raise Refused("there is no room left", got=f"{len(data):,} bytes", fix="Put your files shorter")
