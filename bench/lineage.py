"""How long questions on a large lineage take, and how long one more copy takes to record.

Run ``python bench/lineage.py 1000000``; it prints one line of JSON a shape: chain, star, random tree and
many trees of which a tenth have an unknown root. Then what one more copy takes in an archive on the disk
whose journal tells of that many, a thousand a record: where everything is read again, and where only what is
new is. ``--archive DIRECTORY`` says where that archive is made, ``--only-archive`` leaves the shapes out.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from selfscope.archive.journal import events as ev
from selfscope.archive.journal.chain import PURPOSE, Head
from selfscope.archive.journal.signing import PREFIX, message
from selfscope.archive.lineage.graph import Graph
from selfscope.archive.lineage.reading import admit, read_lineage
from selfscope.archive.policy.office import desk_of
from selfscope.archive.store.archive import Archive
from selfscope.archive.survival.scene import Scene
from selfscope.archive.survival.survive import at_most_steps, flipped, origins_pinned, what_if
from selfscope.archive.survival.views import VIEWS, survivals, survive
from selfscope.values.canonical import bytes_id, canonical_json
from selfscope.values.lineage import Terms

TERMS = Terms("2026-11-21T00:00:00Z")
CONTENT = "b3:model"


def parent(shape: str, i: int, draw: random.Random) -> int:
    """Return which earlier instance number `i` was copied from, or -1 for none."""
    if shape == "forest":
        return -1 if i % 1000 == 0 else draw.randrange(i - i % 1000, i)
    return {"chain": i - 1, "star": 0, "random": draw.randrange(i) if i else -1}[shape] if i else -1


def lineage(shape: str, n: int) -> Iterator[ev.Event]:
    draw = random.Random(0)
    for i in range(n):
        above = parent(shape, i, draw)
        unknown = shape == "forest" and above < 0 and i % 10_000 == 0
        source = "unknown" if unknown else f"instance:{above:036}" if above >= 0 else ""
        name = f"instance:{i:036}"
        yield ev.InstanceBegan(
            name, CONTENT, f"device:{i % 1000}", "disk", "", TERMS.at, source, source == ""
        )  # fmt: skip
        yield ev.Attested(name, TERMS.at, "scrub", i % 3 != 0)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begin = time.perf_counter()
    result = work()
    return result, round(time.perf_counter() - begin, 4)


def measure(shape: str, n: int) -> dict[str, Any]:
    events = list(lineage(shape, n))
    read, reading = timed(lambda: read_lineage(events))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lineage.npz"
        np.savez(path, **read.columns())
        graph, loading = timed(lambda: Graph.from_columns(dict(np.load(path))))
    subjects = [f"instance:{i:036}" for i in (0, n // 2, n - 1)] + [CONTENT]
    slowest = {
        view.name: max(
            timed(lambda s=s, v=view: survive(Scene(graph, TERMS), s, v.name))[1]  # type: ignore[misc]
            for s in subjects
            if ("content" if s == CONTENT else "instance") in view.of
        )
        for view in VIEWS
        if "instance" in view.of
    }
    scene, first = Scene(graph, TERMS), subjects[0]
    rest = {
        "what_if": lambda: what_if(scene, first, [first]),
        "flipped": lambda: flipped(scene, [first]),
        "at_most_steps": lambda: at_most_steps(scene, 1),
        "origins_pinned": lambda: origins_pinned(scene),
    }
    others = {name: timed(work)[1] for name, work in rest.items()}
    return {"shape": shape, "copies": n, "read_events": reading, "load_columns": loading, **slowest, **others}


def write_journal(archive: Archive, n: int) -> None:
    """Write a thousand copies a record, as the journal does but unsynced and with a faster JSON writer."""
    told, head, signer = lineage("forest", n), archive.journal.head(), archive.journal.signer
    assert signer is not None
    while events := list(islice(told, 2000)):
        bodies = [{"event": each.kind, **vars(each)} for each in events]
        record = {"archive": archive.id, "events": bodies, "number": head.number + 1,
                  "previous": head.digest, "time": TERMS.at}  # fmt: skip
        first = json.dumps(record, sort_keys=True, separators=(",", ":")).encode()
        head = Head(head.number + 1, bytes_id(first), TERMS.at)
        said = {"archive": archive.id, "number": head.number, "time": head.time, "digest": head.digest}
        key, signature = PREFIX + signer.key, PREFIX + signer.sign(message(PURPOSE, said)).hex()
        seal = canonical_json({"digest": head.digest, "key": key, "signature": signature})
        archive.journal.path(head.number).parent.mkdir(exist_ok=True)
        archive.journal.path(head.number).write_bytes(first + b"\n" + seal + b"\n")


def appended(root: Path, n: int) -> dict[str, Any]:
    """Return what one more copy takes in an archive that knows `n`, in seconds."""
    archive = Archive.create(root)
    write_journal(archive, n)

    def one(where: Archive) -> list[ev.Event]:
        source = f"instance:{n // 2:036}"
        return [ev.InstanceBegan(ev.new_id("instance"), CONTENT, "d", "disk", "", TERMS.at, source)]

    def fresh(work: Callable[[Archive], Any]) -> Callable[[], Any]:
        return lambda: work(Archive.open(root))

    found: dict[str, Any] = {"copies": n, "records": archive.journal.head().number}
    steps: dict[str, Callable[[], Any]] = {
        "admit by reading everything": lambda: admit(archive.events(), one(archive)),
        "index built from nothing": fresh(lambda a: a.index.current()),
        "first append, file made": lambda: archive.append(one(archive)),
        "next append, same process": lambda: archive.append(one(archive)),
        "append, opened anew": fresh(lambda a: a.append(one(a))),
        "opened anew and graph": fresh(lambda a: a.lineage.graph()),
        "opened anew and all views of one": fresh(
            lambda a: survivals(Scene.of_lineage(a.lineage, TERMS), f"instance:{n // 2:036}")
        ),
        "opened anew and policy": fresh(lambda a: desk_of(a).policy(desk_of(a).ledger())),
    }
    for name, work in steps.items():
        found[name] = timed(work)[1]
    found["file_MB"] = round((root / "index.lineage").stat().st_size / 1e6, 1)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("copies", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--only-archive", action="store_true")
    asked = parser.parse_args()
    for each in () if asked.only_archive else ("chain", "star", "random", "forest"):
        print(json.dumps(measure(each, asked.copies)), flush=True)
    with tempfile.TemporaryDirectory(dir=asked.archive) as folder:
        print(json.dumps(appended(Path(folder) / "root", asked.copies), indent=1), flush=True)


if __name__ == "__main__":
    main()
