"""The git history of an identity: what it said at each commit of the branch that is checked out.

One file is followed through renames; of a workspace folder every commit that touched it is read. The git
program is run without a shell, with what a repository's own settings could make it start turned off, and only
through plumbing that prints stored bytes: no text conversion, no filter, no hook, nothing from a network.
Every commit that is not used is kept with the reason: deleted there, not readable, or the same text again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.subjects.files import shown
from selfscope.subjects.git import Commit, Repository
from selfscope.subjects.readers import read_identity
from selfscope.subjects.reading import Reading, printable

#: What the version is called that stands in the folder and in no commit.
UNCOMMITTED = "working tree"
#: Commits that are read at most, the newest first.
MOST = 2_000


@dataclass(frozen=True)
class HistoryVersion:
    """What the identity said from one commit on.

    Attributes
    ----------
    commit
        Full hash; ``working tree`` for what is in the folder and in no commit.
    date
        Of the commit, ISO 8601 with offset; for the working tree the time of the file.
    message
        First line of the commit's message, printable.
    path
        Where it stood then, relative to the repository.
    """

    commit: str
    date: str
    message: str
    path: str
    reading: Reading


@dataclass(frozen=True)
class Skipped:
    """A commit that touched the identity and is no version of it, and why."""

    commit: str
    date: str
    message: str
    reason: str


@dataclass(frozen=True)
class History:
    """The versions of an identity, the oldest first.

    Attributes
    ----------
    name
        What it is called now.
    versions
        Neighbours differ in their effective system prompt; a text that comes back later is a version again.
    skipped
        Commits that are no versions, the oldest first.
    notes
        What a reader must know of how far back this history reaches.
    """

    name: str
    versions: tuple[HistoryVersion, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = field(default=())


def read_history(path: str | Path, *, since: str = "", last: int = 0) -> History:
    """Return the versions of an identity file, or of a workspace folder, on the branch that is checked out.

    Merges count as one commit of this branch (first parents). What is in the folder and differs from the last
    commit is the last version.

    Parameters
    ----------
    since
        A revision: the version that stood at it is the first. Empty for all.
    last
        How many versions to keep, the latest; 0 for all.

    Raises
    ------
    BadInput
        If the path is in no git repository, was never committed, no version can be read, or the revision does
        not exist.
    CouldNot
        If git is not installed, or fails.
    """
    given = Path(path)
    repository = Repository.around(given)
    inside = repository.relative(given)
    commits = repository.commits_of(inside, MOST)
    if not commits:
        raise BadInput(
            "this was never committed, so it has no history",
            got=shown(given),
            fix="Commit it, or profile it alone: selfscope profile PATH",
        )
    after = repository.commits_after(since) if since else None
    found = _read_all(repository, given, commits)
    versions, skipped = _distinct(found, after)
    if not versions:
        why = f"{skipped[-1].commit[:12]}: {skipped[-1].reason}" if skipped else ""
        raise BadInput("no version of it can be read", got=why or shown(given), fix="Name the identity file")
    kept = versions[-last:] if last else versions
    return History(printable(given.resolve().name), tuple(kept), tuple(skipped), _notes(repository, commits))


Found = tuple[Commit, Reading | None, str]


def _read_all(repository: Repository, given: Path, commits: Sequence[Commit]) -> Iterator[Found]:
    """Yield every commit, the oldest first and the folder last, with its reading, or why there is none."""
    name = given.resolve().name
    for commit in reversed(commits):
        yield _reading(repository, commit, name)
    if given.exists():
        changed = datetime.fromtimestamp(given.stat().st_mtime, UTC).isoformat(timespec="seconds")
        own = Commit(UNCOMMITTED, changed, "not committed", commits[0].path, "M")
        try:
            yield own, replace(read_identity(given), name=printable(name)), ""
        except BadInput as error:
            yield own, None, _reason(error)


def _reading(repository: Repository, commit: Commit, name: str) -> Found:
    if commit.status == "D":
        return commit, None, "deleted here"
    with tempfile.TemporaryDirectory(prefix="selfscope-history-") as folder:
        try:
            target = repository.write(commit, Path(folder))
            reading = read_identity(target)
        except BadInput as error:
            return commit, None, _reason(error).replace(f"{folder}/", "")
    return commit, replace(reading, name=printable(name), path=printable(commit.path)), ""


def _reason(error: BadInput) -> str:
    return f"{error.what}: {error.got}" if error.got else error.what


def _distinct(found: Iterator[Found], after: set[str] | None) -> tuple[list[HistoryVersion], list[Skipped]]:
    """Return neighbours that differ, and what was left out; before `after` only the last counts."""
    versions: list[HistoryVersion] = []
    skipped: list[Skipped] = []
    for commit, reading, reason in found:
        early = after is not None and commit.hash != UNCOMMITTED and commit.hash not in after
        same = bool(versions and reading and versions[-1].reading.hash == reading.hash)
        if same and commit.hash == UNCOMMITTED:
            continue
        if same:
            reason = f"the same text as at {versions[-1].commit[:12]}"
        if reading is None or same:
            if not early:
                skipped.append(Skipped(commit.hash, commit.date, commit.message, reason))
            continue
        version = HistoryVersion(commit.hash, commit.date, commit.message, printable(commit.path), reading)
        versions = [version] if early else [*versions, version]
    return versions, skipped


def _notes(repository: Repository, commits: Sequence[Commit]) -> tuple[str, ...]:
    tests = (
        (
            repository.shallow,
            "this clone is shallow: older commits are not here (git fetch --unshallow brings them)",
        ),
        (len(commits) >= MOST, f"only the latest {MOST:,} commits were read"),
    )
    return tuple(words for holds, words in tests if holds)
