"""Losses of power: everything that a file system may legally show afterwards, made from a list of calls.

What was asked of the disk, up to some moment, divides in two. What a sync covered is there. Of the rest any
part may be there, in any order: blocks of 512 or 4096 bytes of a write, written or still what they were, or
zeros; each change of each directory for itself, where only a sync of *that* directory makes it sure. That is
weaker than any file system in use, as ALICE (OSDI'14) models them; what holds here holds on those.
"""

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import calls, erasure, judge, kills, scenes
from .calls import Call
from .place import Place

SECTORS = (512, 4096)


@dataclass
class Inode:
    """A file's bytes: what was there before, the writes since, and the times at which it was synced."""

    start: bytes
    writes: list[tuple[int, int, bytes]] = field(default_factory=list)
    synced: list[int] = field(default_factory=list)


@dataclass
class Change:
    """A change of directories that happens whole or not at all: names that appear, and names that go."""

    when: int
    appear: dict[str, Any]
    go: tuple[str, ...]
    directories: frozenset[str]


@dataclass
class Recording:
    """What a row of calls did to a tree, ready to be broken off anywhere.

    Attributes
    ----------
    before
        By name, the inode of a file or None for a directory, as they were.
    inodes, changes
        Everything that was done, in order, with the times of it.
    syncs
        By directory, the times at which it was synced.
    length
        How many calls there were.
    """

    before: dict[str, Inode | None]
    changes: list[Change] = field(default_factory=list)
    syncs: dict[str, list[int]] = field(default_factory=dict)
    length: int = 0

    @staticmethod
    def of(top: Path, made: list[Call]) -> "Recording":
        """Read a row of calls; `top` is the tree as it was before the first."""
        before = {
            str(each.relative_to(top)): None if each.is_dir() else Inode(each.read_bytes())
            for each in sorted(top.rglob("*"))
            if not _is_index(each)
        }
        recording = Recording(before, length=len(made))
        names = dict(before)
        for when, call in enumerate(made):
            recording._take(when, call, names)
        return recording

    def _take(self, when: int, call: Call, names: dict[str, Inode | None]) -> None:
        path, other = call.path, call.other
        if call.name == "write":
            names[path].writes.append((when, call.at, call.data))
        elif call.name == "sync":
            names[path].synced.append(when)
        elif call.name == "sync_dir":
            self.syncs.setdefault(path, []).append(when)
        elif call.name in ("create", "mkdir") and path not in names:
            self._change(when, names, {path: Inode(b"") if call.name == "create" else None}, ())
        elif call.name == "link" and other not in names:
            self._change(when, names, {other: names[path]}, ())
        elif call.name == "rename":
            self._change(when, names, {other: names[path]}, (path,))
        elif call.name in ("unlink", "rmdir") and path in names:
            self._change(when, names, {}, (path,))

    def _change(self, when: int, names: dict[str, Any], appear: dict[str, Any], go: tuple[str, ...]) -> None:
        directories = frozenset(str(Path(each).parent) for each in (*appear, *go))
        self.changes.append(Change(when, appear, go, directories))
        for each in go:
            del names[each]
        names.update(appear)

    def sure(self, when: int, directories: frozenset[str], until: int) -> bool:
        """Say whether a change made at `when` was synced before `until`, in all its directories."""
        return all(any(when < each < until for each in self.syncs.get(d, ())) for d in directories)

    def state(self, until: int, keep: "Luck") -> dict[str, bytes | None]:
        """Return a tree that may be found if the power goes before call `until`."""
        names = dict(self.before)
        for change in self.changes:
            if change.when < until and (self.sure(change.when, change.directories, until) or keep.change()):
                for each in change.go:
                    names.pop(each, None)
                names.update(change.appear)
        found: dict[str, bytes | None] = {}
        for path, inode in sorted(names.items()):
            parent = str(Path(path).parent)
            if parent == "." or found.get(parent, b"") is None:
                found[path] = None if inode is None else _bytes(inode, until, keep)
        return found


def _is_index(path: Path) -> bool:
    return path.name.startswith("index.")


def _bytes(inode: Inode, until: int, keep: "Luck") -> bytes:
    """Return what a file may hold: what was synced for sure, of the rest what luck kept."""
    data = bytearray(inode.start)
    for when, at, more in inode.writes:
        if when >= until:
            break
        if any(when < each < until for each in inode.synced):
            _lay(data, at, more)
        else:
            keep.write(data, at, more)
    return bytes(data)


def _lay(data: bytearray, at: int, more: bytes) -> None:
    data.extend(bytes(max(0, at + len(more) - len(data))))
    data[at : at + len(more)] = more


@dataclass
class Luck:
    """What of the unsynced is kept: all, nothing, or by chance; what is torn; what becomes zeros."""

    kind: str
    rng: random.Random

    def change(self) -> bool:
        """Say whether an unsynced change of a directory is kept."""
        return {"all": True, "names": True, "none": False, "data": False}.get(
            self.kind, self.rng.random() < 0.5
        )

    def write(self, data: bytearray, at: int, more: bytes) -> None:
        """Do of an unsynced write what is kept."""
        if self.kind in ("all", "data"):
            _lay(data, at, more)
        elif self.kind == "names" and self.rng.random() < 0.5:
            _lay(data, at, bytes(len(more)))  # the size is there and the bytes are not
        elif self.kind == "some":
            self._torn(data, at, more)

    def _torn(self, data: bytearray, at: int, more: bytes) -> None:
        sector = self.rng.choice(SECTORS)
        for start in range(0, len(more), sector):
            lot = self.rng.random()
            part = more[start : start + sector]
            if lot < 0.5:
                _lay(data, at + start, part)
            elif lot < 0.75:
                _lay(data, at + start, bytes(len(part)))


def moments(recording: Recording, draws: int, rng: random.Random) -> Iterator[tuple[int, str]]:
    """Yield what to try: every moment with the four extremes of luck, and `draws` times by chance."""
    for until in range(recording.length + 1):
        for kind in ("all", "none", "names", "data"):
            yield until, kind
        for _ in range(draws):
            yield until, "some"


def record(scene: str, path: str, ignored: tuple[str, ...] = ()) -> Recording:
    """Do a scene's act, and return what it asked of the disk; calls named in `ignored` count as not made."""
    place = Place(Path(path))
    was = place.copy_to(place.path.with_name("was"))
    with calls.counted(place.path, contents=True) as made:
        scenes.act(scene, path)
    for call in made:
        call.path = str(Path(call.path).relative_to(place.path))
        call.other = call.other and str(Path(call.other).relative_to(place.path))
    recording = Recording.of(was.path, [call for call in made if call.name not in ignored])
    _must_be_complete(recording, place)
    return recording


def _must_be_complete(recording: Recording, place: Place) -> None:
    """See that the recording, played to its end with nothing lost, gives the very tree that is there."""
    played = recording.state(recording.length, Luck("all", random.Random(0)))
    there = {
        str(each.relative_to(place.path)): None if each.is_dir() else each.read_bytes()
        for each in place.path.rglob("*")
        if not _is_index(each)
    }
    assert played == there, sorted(k for k in played.keys() | there.keys() if played.get(k) != there.get(k))


def made(state: dict[str, bytes | None], path: Path, index: Path, luck: random.Random) -> Place:
    """Make a tree on the disk, with an index that is missing, old, or in pieces."""
    path.mkdir()
    for name, data in state.items():
        target = path / name
        if data is None:
            target.mkdir()
        else:
            target.write_bytes(data)
            target.chmod(0o600 if "key" in name or name.endswith(".pem") else 0o644)
    if index.is_file() and (path / "root").is_dir() and luck.random() < 0.7:
        data = bytearray(index.read_bytes())
        for _ in range(luck.choice((0, 1, 5))):
            at = luck.randrange(0, max(1, len(data) - 512), 512)
            data[at : at + 512] = luck.randbytes(512) if luck.random() < 0.5 else bytes(512)
        (path / "root" / index.name).write_bytes(bytes(data))
    return Place(path)


def lost(
    scene: str,
    path: str,
    draws: int,
    seed: int,
    most: int = 0,
    ignored: tuple[str, ...] = (),
    part: int = 0,
    parts: int = 1,
    until_wrong: bool = False,
) -> dict[str, Any]:
    """Lose the power at every moment of a scene's act, and judge each tree that may be found.

    Parameters
    ----------
    draws
        Random trees for each moment, besides the four extremes.
    most
        If not 0, only that many trees, drawn evenly from all of them.
    ignored
        Names of calls that the disk only pretends to carry out, to see that this is noticed here.
    part, parts
        Of all trees only each `parts`-th, from the `part`-th on.
    until_wrong
        Begin with the last moments and stop at the first tree that is wrong: whether a lie shows at all.
    """
    ground, rng = Path(path), random.Random(seed)
    place = scenes.prepared(scene, ground / "before")
    seen = judge.look(str(place.copy_to(ground / "look").path))
    working = place.copy_to(ground / "work")
    recording = record(scene, str(working.path), tuple(ignored))
    reference = {"before": seen, "after": judge.look(str(working.path))}
    if scene == "destroy":
        reference["keys"] = erasure.keys_in(str(place.path))
    trials = list(moments(recording, draws, rng))[part::parts]
    if most:
        trials = rng.sample(trials, min(most, len(trials)))
    tally = Tally(recording.length, *(len(reference[when]["kinds"]) for when in ("before", "after")))
    for until, kind in reversed(trials) if until_wrong else trials:
        luck = Luck(kind, random.Random(f"{seed} {until} {kind} {rng.random()}"))
        state = recording.state(until, luck)
        again = made(state, ground / "found", place.root / "index.sqlite", luck.rng)
        tally.what = f"{scene}, power lost before call {until}, kept {kind}"
        tally.judge(scene, again, reference, done=until == recording.length)
        tally.trees.add(hash(tuple(state.items())))
        shutil.rmtree(ground / "found")
        if until_wrong and tally.wrong:
            break
    return tally.as_json()


@dataclass
class Tally:
    """What the losses of one scene came to."""

    calls: int
    before: int
    after: int
    states: int = 0
    records: Counter = field(default_factory=Counter)
    trees: set[int] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    what: str = ""

    def judge(self, scene: str, place: Place, reference: dict[str, Any], *, done: bool) -> None:
        """Judge one tree; where the act was `done`, its record must be there."""
        self.states += 1
        try:
            found = kills.judged(scene, str(place.path), reference)
        except Exception as error:
            self.wrong.append(f"{self.what}: {type(error).__name__}: {error}")
            return
        self.records[str(found["record"])] += 1
        self.wrong += [f"{self.what}: {each}" for each in found["wrong"]]
        if done and found["record"] != len(reference["after"]["kinds"]):
            self.wrong.append(f"{self.what}: the act had returned, and its record is gone")

    def as_json(self) -> dict[str, Any]:
        return {
            "calls": self.calls, "before": self.before, "after": self.after, "states": self.states,
            "distinct": len(self.trees),
            "records": dict(sorted(self.records.items())), "bad": len(self.wrong), "wrong": self.wrong[:5],
        }  # fmt: skip
