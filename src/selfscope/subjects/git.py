"""The git program, asked for stored bytes and nothing else."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from selfscope.errors import BadInput, CouldNot
from selfscope.subjects.files import shown, status_of
from selfscope.subjects.reading import Limits, printable

#: Seconds that one call may take.
PATIENCE = 120
#: What a repository's own settings could make git start, or print otherwise.
_QUIET = (
    "--no-pager", "--no-replace-objects", "--literal-pathspecs",
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false",
    "-c", "log.mailmap=false", "-c", "core.quotePath=false", "-c", "diff.renames=true",
    "-c", "diff.noprefix=false", "-c", "protocol.allow=never", "-c", "color.ui=false",
)  # fmt: skip
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_EXTERNAL_DIFF": "",
}
#: Variables that point git at another repository than the one around the path.
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY")
#: Statuses with two paths, what it was called before and what it is called now.
_MOVES = ("R", "C")
_LARGE_FILE = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True)
class Commit:
    """A commit that touched a path: hash, date, first line of its message, the path then, what it did."""

    hash: str
    date: str
    message: str
    path: str
    status: str


@dataclass(frozen=True)
class Entry:
    """One entry of a commit's tree."""

    mode: str
    kind: str
    id: str
    size: int
    path: str


@dataclass(frozen=True)
class Repository:
    """A git repository, by the folder at its top."""

    top: Path

    @classmethod
    def around(cls, path: Path) -> Repository:
        """Return the repository that a path lies in; it may have been deleted from the folder.

        Raises
        ------
        BadInput
            If nothing is there and never was, or no repository is around it.
        CouldNot
            If git is not installed, or refuses the repository.
        """
        folder = path if path.is_dir() else path.parent
        if not folder.is_dir():
            status_of(path)
        done = _git(folder, "rev-parse", "--show-toplevel")
        said = _said(done)
        if done.returncode and "not a git repository" in said:
            raise BadInput(
                "this is in no git repository",
                got=shown(path),
                fix="Give a file that is under git, or runs: selfscope trajectory RUN RUN",
            )
        if done.returncode:
            raise CouldNot("git refuses this repository", got=said, fix="Run git log there and see")
        return cls(Path(os.fsdecode(done.stdout.rstrip(b"\n"))))

    def relative(self, path: Path) -> str:
        """Return a path as it is called inside the repository; "." for its top."""
        whole = path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()
        try:
            return whole.relative_to(self.top.resolve()).as_posix()
        except ValueError:
            raise BadInput(
                "this lies outside the repository around it", got=shown(path), fix="Give the file itself"
            ) from None

    @property
    def shallow(self) -> bool:
        """Whether older commits were left out when it was cloned."""
        return self._asked("rev-parse", "--is-shallow-repository").strip() == b"true"

    def commits_of(self, path: str, most: int) -> list[Commit]:
        """Return the commits of this branch that touched a path, the newest first, with its name at each."""
        if _git(self.top, "rev-parse", "--verify", "--quiet", "HEAD").returncode:
            return []
        folder = (self.top / path).is_dir()
        follow = () if folder else ("--follow",)
        told = self._asked(
            "log", *follow, "--first-parent", "-z", "--name-status", f"--max-count={most}", "--no-ext-diff",
            "--no-textconv", "--format=%H%x00%cI%x00%s", "--", path,
        )  # fmt: skip
        return list(_commits(told.split(b"\0"), path if folder else ""))

    def commits_after(self, revision: str) -> set[str]:
        """Return the hashes of this branch's commits after a revision; BadInput if there is no such one."""
        done = _git(
            self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        )
        if done.returncode:
            raise BadInput(
                "there is no such revision", got=printable(revision), fix="Give a commit, a tag or a branch"
            )
        start = done.stdout.decode().strip()
        told = self._asked("rev-list", "--first-parent", f"{start}..HEAD")
        return set(told.decode().split())

    def write(self, commit: Commit, folder: Path) -> Path:
        """Write what a path held at a commit into a folder, and return where it is.

        Raises
        ------
        BadInput
            If it was no text file or folder of files then, or larger than an identity may be.
        """
        entries = self._entries(commit)
        if not entries:
            raise BadInput("it is not there at this commit", got=commit.path)
        whole = [e for e in entries if e.path == commit.path]
        if whole:
            return self._write_file(whole[0], folder / PurePosixPath(commit.path).name)
        limits, top = Limits(), folder / (PurePosixPath(commit.path).name or "workspace")
        if len(entries) > limits.entries or sum(e.size for e in entries) > limits.workspace_bytes:
            raise BadInput(
                "the folder is larger than a workspace may be", got=f"{len(entries)} files at {commit.hash}"
            )
        top.mkdir()
        for entry in entries:
            self._write_inside(entry, commit.path, top)
        return top

    def _write_inside(self, entry: Entry, root: str, top: Path) -> None:
        """Write one file of a folder; links and what is no file are left out, as a reader leaves them out."""
        name = PurePosixPath(entry.path)
        inside = name if root == "." else name.relative_to(root)
        if any(part in ("", ".", "..", ".git") for part in inside.parts) or not _is_file(entry):
            return
        target = top.joinpath(*inside.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self._asked("cat-file", "blob", entry.id))

    def _write_file(self, entry: Entry, target: Path) -> Path:
        limit = Limits().carrier_bytes
        if not _is_file(entry):
            raise BadInput("it was no file then", got=_kind(entry))
        if entry.size > limit:
            raise BadInput("the file is larger than an identity may be", got=f"{entry.size:,} bytes")
        data = self._asked("cat-file", "blob", entry.id)
        if data.startswith(_LARGE_FILE):
            raise BadInput("it was a pointer to Git LFS, and not the text")
        target.write_bytes(data)
        return target

    def _entries(self, commit: Commit) -> list[Entry]:
        where = () if commit.path == "." else (commit.path,)
        told = self._asked("ls-tree", "-r", "-z", "--long", "--full-tree", commit.hash, "--", *where)
        return [_entry(line) for line in told.split(b"\0") if line]

    def _asked(self, *arguments: str) -> bytes:
        done = _git(self.top, *arguments)
        if done.returncode:
            raise CouldNot(f"git {arguments[0]} failed", got=_said(done), fix="Run git fsck there and see")
        return done.stdout


def _commits(tokens: list[bytes], folder: str) -> Iterator[Commit]:
    """Yield commits from what ``git log -z --name-status`` printed: hash, date, message, then changes."""
    n = 0
    while n + 2 < len(tokens):
        name, date, message = (os.fsdecode(t) for t in tokens[n : n + 3])
        n += 3
        status, path = "", folder
        while n < len(tokens) and _is_status(tokens[n]):
            letter = tokens[n].strip().decode()[0]
            taken = 2 if letter in _MOVES else 1
            status, path = letter, folder or os.fsdecode(tokens[n + taken])
            n += 1 + taken
        if status:
            yield Commit(name, date, printable(message), path, "M" if folder else status)


def _is_status(token: bytes) -> bool:
    """Whether a token is a change such as ``M`` or ``R100``; a hash is far longer."""
    word = token.strip()
    return 0 < len(word) <= 4 and word[:1].isupper() and word[1:].isdigit() | (len(word) == 1)


def _entry(line: bytes) -> Entry:
    head, _, path = line.partition(b"\t")
    mode, kind, name, size = head.decode().split()
    return Entry(mode, kind, name, int(size) if size.isdigit() else 0, os.fsdecode(path))


def _is_file(entry: Entry) -> bool:
    return entry.kind == "blob" and stat.S_ISREG(int(entry.mode, 8))


def _kind(entry: Entry) -> str:
    return "a symbolic link" if entry.mode.startswith("12") else "another repository"


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder; CouldNot if it is not installed, or does not end."""
    environment = {k: v for k, v in os.environ.items() if k not in _ELSEWHERE} | _ENVIRONMENT
    try:
        return subprocess.run(
            ["git", *_QUIET, *arguments],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False,
            timeout=PATIENCE,
        )  # fmt: skip
    except FileNotFoundError:
        raise CouldNot("git is not installed", fix="Install git, or give runs instead of a history") from None
    except subprocess.TimeoutExpired:
        raise CouldNot(f"git did not answer within {PATIENCE} seconds", got=" ".join(arguments[:2])) from None
    except ValueError:
        raise BadInput("this cannot be a path", got=printable(" ".join(arguments[-1:]))) from None


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    return printable(done.stderr.decode("utf-8", "replace").strip())
