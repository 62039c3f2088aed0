"""Damage to what lies there: bits, ends, whole files, the order of the journal.

Every damage must be found by a full verification, and found at its place; whatever is asked for meanwhile
comes back right or not at all. Three kinds of file may hide a changed bit, because nothing rests on it: the
index, if it still says the same, the file of the graph of copies, if the graph is still told as it was, and
the text around a key, if it still is the same key. Those are counted for themselves.
"""

import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selfscope.archive.journal.chain import Checkpoint
from selfscope.archive.journal.events import DomainOpened
from selfscope.archive.lineage.kept import Lineage
from selfscope.archive.store.archive import Archive
from selfscope.errors import SelfscopeError

from . import judge
from .place import Place, new_place, same

CLASSES = (
    "data", "sealed data", "manifest", "journal record", "seal", "card", "signing key", "domain key", "index",
    "lineage",
)  # fmt: skip


def furnished(path: Path) -> Place:
    """Make an archive with one of everything, and a checkpoint that is kept outside it."""
    place = new_place(path)
    archive = place.create()
    archive.append([DomainOpened("d", place.vault().open_domain("d"))])
    base = archive.add(place.source("base"), name="base").content
    archive.add(place.source("tune"), name="tune", base=base)
    archive.add(place.source("secret"), name="secret", domain="d")
    archive.add(place.source("letter"), name="letter")
    archive.verify(level="full")
    (place.path / "checkpoint").write_bytes(archive.checkpoint().as_bytes())
    archive.index.close()
    Lineage(
        archive.journal, _lineage_file(place), records=1
    ).graph()  # of so few copies it would keep no file
    return place


def _lineage_file(place: Place) -> Path:
    return place.root / "index.lineage"


def files(place: Place, kind: str) -> list[Path]:
    """Return the files of one class."""
    root = place.root
    found = {
        "data": (root / "objects").rglob("*"),
        "sealed data": (root / "sealed").rglob("*"),
        "manifest": (root / "manifests").rglob("*"),
        "journal record": (root / "journal").rglob("*"),
        "seal": (root / "journal").rglob("*"),
        "card": [root / "archive.json"],
        "signing key": [root / "keys" / "journal.pem"],
        "domain key": [root / "keys" / "d.wrapped", place.path / "keys" / "d.wrapping"],
        "index": root.glob("index.sqlite*"),
        "lineage": [_lineage_file(place)],
    }[kind]
    return sorted(each for each in found if each.is_file() and each.stat().st_size)


def name_of(path: Path) -> str:
    """Return by what name a verification speaks of a file."""
    if path.suffix == ".json" and path.stem.isdecimal():
        return str(int(path.stem))
    if len(path.stem) == 64:
        return f"b3:{path.stem}"
    return path.name


@contextmanager
def changed(*paths: Path) -> Iterator[None]:
    """Put files back as they were, gone ones too, when the block ends."""
    was = {path: (path.read_bytes(), path.stat().st_mode) if path.exists() else None for path in paths}
    try:
        yield
    finally:
        for path, before in was.items():
            path.unlink(missing_ok=True)
            if before is not None:
                path.write_bytes(before[0])
                path.chmod(before[1])


def found(place: Place, checkpoint: bool = True) -> list[tuple[str, str]]:
    """Return what a full verification says is wrong: of what class, and where."""
    outside = Checkpoint.read(place.path / "checkpoint") if checkpoint else None
    try:
        seen = place.open().verify(level="full", checkpoint=outside)
    except SelfscopeError as error:
        return [("refused", error.sentence())]
    return [(each.what, each.where) for each in seen.problems]


def located(place: Place, path: Path, problems: list[tuple[str, str]]) -> bool:
    """Say whether one of the problems is about this file."""
    if path.parent == place.path / "keys" or path.name.endswith(".wrapped"):
        secret = next(each["holding"] for each in judge.live(place.root).values() if each["domain"])
        return ("file", secret) in problems
    name = name_of(path)
    return any(where == name or name in where.split("/") or str(path) in where for _, where in problems)


@dataclass
class Tally:
    """What the damages came to, class by class."""

    done: Counter = field(default_factory=Counter)
    seen: Counter = field(default_factory=Counter)
    placed: Counter = field(default_factory=Counter)
    harmless: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "classes": {
                kind: {"done": count, "detected": self.seen[kind], "located": self.placed[kind],
                       "harmless": self.harmless[kind]}
                for kind, count in self.done.items()
            },
            "bad": len(self.wrong),
            "wrong": self.wrong[:5],
        }  # fmt: skip


def flips(path: str, each: int, seed: int) -> dict[str, Any]:
    """Flip single bits at random places, `each` in every class of bytes, one at a time."""
    place, rng, tally = furnished(Path(path)), random.Random(seed), Tally()
    assert found(place) == []
    meaning = _meaning(place)
    for kind in CLASSES:
        for _ in range(each):
            target = rng.choice(files(place, kind))
            data = bytearray(target.read_bytes())
            at, bit = rng.choice(_part(kind, data)), 1 << rng.randrange(8)
            data[at] ^= bit
            with changed(*files(place, "index"), target):
                _write(target, bytes(data))
                _judge(place, kind, target, f"{kind} {target.name} at {at} bit {bit}", tally, meaning)
    return tally.as_json()


def _part(kind: str, data: bytearray) -> range:
    """Return where in a file the bytes of a class are: a record and its seal are lines of one file."""
    if kind not in ("journal record", "seal"):
        return range(len(data))
    cut = data.index(b"\n") + 1
    return range(cut) if kind == "journal record" else range(cut, len(data))


def _write(target: Path, data: bytes) -> None:
    """Put a file in the place of another; objects may not be written to."""
    mode = target.stat().st_mode
    target.unlink()
    target.write_bytes(data)
    target.chmod(mode)


def _meaning(place: Place) -> dict[str, Any]:
    """Return what the index, the key and the file of copies say, the index read by other means than ours."""
    return {
        "index": _dump(place.root / "index.sqlite"),
        "signing key": place.open().journal.signer.key,
        "lineage": _copies(place),
    }


def _copies(place: Place) -> Any:
    """Return the graph of copies and the threads as somebody is told who asks now."""
    lineage = place.open().lineage
    columns = {name: each.tobytes() for name, each in lineage.graph().columns().items()}
    return columns, lineage.said()


def _dump(path: Path) -> list[Any]:
    """Return all that an index says, each row as a scan and as a search gives it.

    Where a shared piece lies is left out: it is compared byte by byte before it is believed, which
    :func:`_misled` tries.
    """
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        tables = ("head", "holding", "instance", "deciding", "domain")
        said = [sorted(db.execute(f"SELECT * FROM {each}").fetchall()) for each in tables]
        for name, column in (("holding", "content"), ("holding", "base"), ("instance", "instance")):
            rows = sorted(db.execute(f"SELECT DISTINCT {column} FROM {name} NOT INDEXED").fetchall())
            asked = f"SELECT * FROM {name} WHERE {column} = ?"
            said.append([sorted(db.execute(asked, row).fetchall()) for row in rows])
        return said
    finally:
        db.close()


def _misled(place: Place) -> str:
    """Bring again what shares every piece with what is there; say what is then wrong."""
    copy = place.copy_to(place.path.with_name("misled"))
    try:
        archive = copy.open()
        archive.add(copy.source("base"), name="base")
        seen = archive.verify(level="full")
        return _returned(copy) or "".join(each.why for each in seen.problems)
    finally:
        shutil.rmtree(copy.path)


def _judge(place: Place, kind: str, target: Path, what: str, tally: Tally, meaning: dict[str, Any]) -> None:
    """See that one damage is found, and that nothing wrong comes back."""
    tally.done[kind] += 1
    returns = _returned(place)
    problems = found(place)
    if problems:
        tally.seen[kind] += 1
        tally.placed[kind] += located(place, target, problems) or problems[0][0] == "refused"
        if not (located(place, target, problems) or problems[0][0] == "refused"):
            tally.wrong.append(f"{what}: not located: {problems[:3]}")
    elif kind in meaning and _means(place, kind) == meaning[kind]:
        tally.harmless[kind] += 1
        if kind == "index" and (misled := _misled(place)):
            tally.wrong.append(f"{what}: {misled}")
    else:
        tally.wrong.append(f"{what}: not detected")
    if returns:
        tally.wrong.append(f"{what}: {returns}")


def _means(place: Place, kind: str) -> Any:
    try:
        return _meaning(place)[kind]
    except (sqlite3.Error, SelfscopeError):
        return None


def _returned(place: Place) -> str:
    """Ask for everything; return what came back wrong, or ""."""
    try:
        archive = place.open()
        rows = archive.index.holdings()
    except SelfscopeError:
        return ""
    for row in rows:
        out = place.path / "out" / "got"
        wrong = _wrongly(archive, row.content, row.name, place, out)
        if wrong:
            return wrong
    return ""


def _wrongly(archive: Archive, content: str, name: str, place: Place, out: Path) -> str:
    try:
        archive.get(content, out)
    except SelfscopeError:
        return f"a failed get left {out}" if out.exists() else ""
    right = (place.path / "in" / name).exists() and same(out, place.source(name))
    shutil.rmtree(out) if out.is_dir() else out.unlink()
    return "" if right else f"{name} came back as something else"


WHOLES: dict[str, Callable[[bytes, bytes], bytes]] = {
    "cut short": lambda data, other: data[: len(data) // 2],
    "emptied": lambda data, other: b"",
    "zeroed": lambda data, other: bytes(len(data)),
    "lengthened": lambda data, other: data + b"\0",
    "swapped": lambda data, other: other,
}


def wholes(path: str, each: int, seed: int) -> dict[str, Any]:
    """Cut, empty, zero, lengthen, exchange and remove files of every class on which something rests."""
    place, rng, tally = furnished(Path(path)), random.Random(seed), Tally()
    for kind in CLASSES[:4]:
        for way in (*WHOLES, "removed"):
            for target in rng.sample(files(place, kind), min(each, len(files(place, kind)))):
                other = rng.choice([f for f in files(place, kind) if f != target])
                last = kind == "journal record" and target == files(place, kind)[-1]
                with changed(*files(place, "index"), target):
                    target.unlink() if way == "removed" else _write(
                        target, WHOLES[way](target.read_bytes(), other.read_bytes())
                    )
                    problems = found(place)
                    what = f"{kind} {target.name} {way}"
                    tally.done[way] += 1
                    tally.seen[way] += bool(problems)
                    at = located(place, target, problems) or (last and bool(problems))
                    tally.placed[way] += at
                    if not at:
                        tally.wrong.append(f"{what}: {problems[:3]}")
    return tally.as_json()


def histories(path: str) -> dict[str, Any]:
    """Double, remove, exchange and roll back records of the journal; write its end anew with its own key.

    Each is judged with the checkpoint that was kept elsewhere, and without it and without the index.
    """
    place = furnished(Path(path))
    records = files(place, "journal record")
    trials: dict[str, Callable[[], None]] = {
        "a record doubled at the end": lambda: _copy(
            records[2], records[-1].with_name(f"{len(records) + 1:09d}.json")
        ),
        "a record replaced by another": lambda: _copy(records[1], records[3]),
        "a record missing inside": records[2].unlink,
        "two records exchanged": lambda: _exchange(records[1], records[2]),
        "rolled back by one record": records[-1].unlink,
        "rolled back by three records": lambda: [each.unlink() for each in records[-3:]],
        "its end written anew with the archive's own key": lambda: _rewritten(place, records),
        "the journal of another archive": lambda: _foreign(place, records),
        "a file that is no record": lambda: _copy(records[0], records[0].with_name("note.txt")),
    }
    said = {}
    for name, do in trials.items():
        index = list(place.root.glob("index.sqlite*"))
        extra = [records[0].with_name("note.txt"), records[-1].with_name(f"{len(records) + 1:09d}.json")]
        with changed(*records, *index, *extra):
            do()
            with_all = bool(found(place))
            with changed(*index):
                for each in index:
                    each.unlink()
                said[name] = {
                    "with checkpoint": bool(found(place)),
                    "alone": bool(found(place, checkpoint=False)),
                }
            said[name]["with index"] = with_all
    return said


def _copy(source: Path, target: Path) -> None:
    data = source.read_bytes()
    target.unlink(missing_ok=True)
    target.write_bytes(data)


def _exchange(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    _write(one, second)
    _write(other, first)


def _rewritten(place: Place, records: list[Path]) -> None:
    """Do what somebody who has the key can do: cut the journal and go on differently."""
    from selfscope.archive.journal.events import Pinned

    for each in records[-2:]:
        each.unlink()
    archive = place.open()
    for _ in range(3):
        archive.append([Pinned(next(iter(archive.index.holdings())).instance)])
    archive.index.close()


def _foreign(place: Place, records: list[Path]) -> None:
    other = furnished(place.path / "foreign")
    for mine, theirs in zip(records, files(other, "journal record"), strict=True):
        _copy(theirs, mine)
