"""The long form of every test of faults, in one command: ``make soak``.

What is to be done is cut into jobs of some seconds. Each runs in a forked process, as many at once as there
are processors, and leaves its figures in a file; a soak that was broken off goes on with the jobs that are
missing, as long as neither the archive nor these tests were changed meanwhile. At the end the figures are
added up into one file, from which the page on reliability is written.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blake3 import blake3

from . import figures, page
from .kills import Gallows
from .place import quick_ground
from .scenes import SCENES
from .suites import SUITES, suite
from .zygote import PROJECT, Zygote

LONG = 900.0
"""Seconds after which a job is given up."""

#: Of each scene: calls at which it is killed, kills at any time, and kills of which a second one follows.
CHUNK, TIMED, TWICE = 30, 14, 6
#: States after a loss of power that one job tries, and random ones for each call beside the four extremes.
STATES, DRAWS = 100, 1
#: Steps of the disk that one job refuses.
STEPS = 12
#: Bits flipped in each class of bytes by one job, and how many such jobs there are.
FLIPS, FLIPPERS = 25, 3
#: Examples of the state machine in one job, the steps of each, and how many such jobs there are.
EXAMPLES, LENGTH, MACHINES = 50, 50, 8
#: How many write at once, how many rounds, and who is among them.
CROWDS = (
    *((writers, 8, "") for writers in (2, 8, 32)),
    *((8, 6, among) for among in ("verify", "collect", "scrub", "replicate")),
    (32, 3, "collect"),
)
#: Calls that a disk only pretends to carry out, and the scenes in which this must be noticed.
LIES = (("append", "sync"), ("append", "sync_dir"), ("gc", "sync"), ("destroy", "sync_dir"))


@dataclass(frozen=True)
class Job:
    """Something to do that takes some seconds.

    Attributes
    ----------
    kind, name
        What table its figures belong to, and which row.
    part
        Which of the jobs of that row it is.
    cost
        About how many seconds it takes, to say how much is left.
    work
        Does it in an empty directory and returns figures.
    """

    kind: str
    name: str
    part: int
    cost: float
    work: Callable[[Zygote, Path], dict[str, Any]]

    @property
    def file(self) -> str:
        return f"{self.kind}, {self.name}, {self.part}.json".replace("/", " ")


def all_jobs(lengths: dict[str, int]) -> list[Job]:
    """Return everything there is to do, what takes longest first; `lengths` are the calls of each scene."""
    jobs = [*_kills(lengths), *_power(lengths), *_refusals(lengths), *_others()]
    return sorted(jobs, key=lambda job: -job.cost)


def _kills(lengths: dict[str, int]) -> Iterator[Job]:
    for scene, calls in lengths.items():
        parts = -(-calls // CHUNK)
        for part in range(parts):

            def every(zygote: Zygote, ground: Path, scene=scene, part=part, parts=parts) -> dict[str, Any]:
                gallows = Gallows(zygote, ground / "gallows", scene)
                gallows.every(part, parts)
                return gallows.tally.as_json()

            yield Job("kills", scene, part, 0.35 * calls / parts + 2, every)

        def random_ones(zygote: Zygote, ground: Path, scene=scene) -> dict[str, Any]:
            gallows, rng = Gallows(zygote, ground / "gallows", scene), random.Random(scene)
            for _ in range(TWICE):
                gallows.at(rng.randint(1, len(gallows.calls)), again=rng.randint(1, len(gallows.calls)))
            for _ in range(3 * TIMED):
                if gallows.tally.timed < TIMED:
                    gallows.sometime(rng)
            return gallows.tally.as_json()

        yield Job("kills", scene, parts, 0.4 * (TIMED + TWICE) + 2, random_ones)


def _power(lengths: dict[str, int]) -> Iterator[Job]:
    for scene, calls in lengths.items():
        states = (calls + 2) * (4 + DRAWS)
        parts = -(-states // STATES)
        for part in range(parts):
            args = {"scene": scene, "draws": DRAWS, "seed": 11, "part": part, "parts": parts}
            yield Job("power", scene, part, 0.17 * states / parts + 2, _called("power.lost", **args))
    for scene, ignored in LIES:
        args = {"scene": scene, "draws": DRAWS, "seed": 11, "ignored": [ignored]}
        yield Job("lies", f"{scene}, {ignored}", 0, 0.17 * 6 * lengths[scene], _called("power.lost", **args))


def _refusals(lengths: dict[str, int]) -> Iterator[Job]:
    for scene, calls in lengths.items():
        parts = -(-calls // STEPS)
        for part in range(parts):

            def every(zygote: Zygote, ground: Path, scene=scene, part=part, parts=parts) -> dict[str, Any]:
                gallows = Gallows(zygote, ground / "gallows", scene)
                args = {"scene": scene, "path": str(gallows.ground), "reference": gallows.reference}
                return zygote.call("failures.every", patience=LONG, part=part, parts=parts, **args).value()

            yield Job("refusals", scene, part, 1.3 * calls / parts + 2, every)


def _others() -> Iterator[Job]:
    for part in range(FLIPPERS):
        yield Job("flips", "bits", part, 35, _called("damage.flips", each=FLIPS, seed=part))
    yield Job("wholes", "files", 0, 20, _called("damage.wholes", each=6, seed=1))
    yield Job("histories", "journals", 0, 4, _called("damage.histories"))
    for writers, rounds, among in CROWDS:
        args = {"writers": writers, "rounds": rounds, "among": among}
        name = f"{writers} writers" + (f", {among}" if among else "")
        yield Job("crowds", name, 0, writers * rounds * 0.15, _called("crowd.crowd", **args))
    yield Job("crowds", "a writer that died in its turn", 0, 2, _called("crowd.stale"))
    for part in range(MACHINES):
        args = {"examples": EXAMPLES, "steps": LENGTH, "start": 100 + part}
        yield Job("machine", "steps", part, 25, _called("machine.run", where="", **args))
    yield Job("erasure", "every crash point", 0, 30, _erased)
    for name in SUITES:
        yield Job("suites", name, 0, 6, lambda zygote, ground, name=name: suite(name, ground))


def _called(function: str, where: str = "path", **args: Any) -> Callable[[Zygote, Path], dict[str, Any]]:
    def work(zygote: Zygote, ground: Path) -> dict[str, Any]:
        place = {where: str(ground / "place")} if where else {}
        return zygote.call(function, patience=LONG, **place, **args).value()

    return work


def _erased(zygote: Zygote, ground: Path) -> dict[str, Any]:
    """Destroy a secret, dead once before each of the calls by which it is done; search after each."""
    calls = zygote.call("erasure.calls_of", path=str(ground / "counted")).value()
    tally: dict[str, Any] = {"searches": 0, "found": 0, "there_before": 0, "wrong": []}
    for step in range(calls + 1):
        found = zygote.call("erasure.erased", path=str(ground / f"{step}"), step=step).value()
        tally["searches"] += 1
        tally["found"] += len(found["found"])
        tally["there_before"] += bool(found["before"])
        tally["wrong"] += [f"step {step}: {each}" for each in found["found"]]
        tally["wrong"] += [] if found["ok"] and found["ciphertext"] else [f"step {step}: it does not verify"]
        shutil.rmtree(ground / f"{step}")
    clear = zygote.call("erasure.never_in_clear", path=str(ground / "never")).value()
    tally["wrong"] += clear["found"]
    return tally | {"looked_while_adding": clear["looked"]}


class Soak:
    """Does jobs, several at once, and says how far it is."""

    def __init__(self, jobs: list[Job], kept: Path, workers: int) -> None:
        self.jobs, self.kept, self.workers = jobs, kept, workers
        self.todo = [job for job in jobs if not (kept / job.file).exists()]
        self.done_before, self.lock = len(jobs) - len(self.todo), threading.Lock()
        self.left, self.began = list(self.todo), time.monotonic()
        self.spent = self.expected = 0.0
        self.bad = 0

    def run(self) -> None:
        """Do everything that was not done."""
        if self.done_before:
            print(f"{self.done_before} of {len(self.jobs)} jobs were done before", flush=True)
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(self.workers)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    def _work(self) -> None:
        with Zygote() as zygote:
            while job := self._next():
                began = time.monotonic()
                ground = Path(tempfile.mkdtemp(prefix="selfscope-soak-", dir=quick_ground()))
                try:
                    found = job.work(zygote, ground)
                except Exception as error:
                    found = {"wrong": [f"{type(error).__name__}: {error}"[-3000:]], "bad": 1}
                finally:
                    shutil.rmtree(ground, ignore_errors=True)
                self._note(job, found, time.monotonic() - began)

    def _next(self) -> Job | None:
        with self.lock:
            return self.left.pop(0) if self.left else None

    def _note(self, job: Job, found: dict[str, Any], seconds: float) -> None:
        bad = max(len(found.get("wrong", ())), found.get("bad", 0)) if job.kind != "lies" else 0
        text = json.dumps({"kind": job.kind, "name": job.name, "seconds": seconds, "found": found})
        with self.lock:
            # What went wrong is kept to be read, and is done again the next time.
            (self.kept / (f"bad {job.file}" if bad else job.file)).write_text(text)
            self.bad += bad
            self.spent, self.expected = self.spent + seconds, self.expected + job.cost
            left = sum(each.cost for each in self.left) * self.spent / self.expected / self.workers
            count = len(self.jobs) - len(self.left)
            words = f"{bad} WRONG" if bad else "nothing wrong"
            print(
                f"[{count:3}/{len(self.jobs)}] {job.kind}, {job.name}: {words}, {seconds:.0f} s; "
                f"about {left / 60:.0f} min left",
                flush=True,
            )
            for each in found.get("wrong", ())[:3] if bad else ():
                print(f"    {each}", flush=True)


def source_digest() -> str:
    """Return a digest of what is tested and of what tests it."""
    files = [*(PROJECT / "src" / "selfscope" / "archive").rglob("*.py"), *Path(__file__).parent.glob("*.py")]
    whole = blake3()
    for each in sorted(files):
        whole.update(str(each.relative_to(PROJECT)).encode() + b"\0" + each.read_bytes())
    return whole.hexdigest(8)


def main(argv: list[str] | None = None) -> int:
    """Do the whole of it, or what is missing, and write the figures and the page."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=PROJECT / figures.FILE, help="where the figures go")
    parser.add_argument("--page", type=Path, default=PROJECT / page.PAGE, help="the page to write them into")
    parser.add_argument("--work", type=Path, default=PROJECT / "build" / "soak", help="where jobs are noted")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--only", default="", help="one kind of job, to try it; no figures are then written")
    said = parser.parse_args(argv)
    kept = said.work / source_digest()
    kept.mkdir(parents=True, exist_ok=True)
    with Zygote() as zygote:
        lengths = {scene: _length(zygote, scene) for scene in SCENES}
    jobs = [job for job in all_jobs(lengths) if said.only in ("", job.kind)]
    soak = Soak(jobs, kept, said.workers)
    soak.run()
    if soak.bad:
        print(f"{soak.bad} things went wrong; they stand in {kept} under names that begin with `bad`")
        return 1
    if not said.only:
        notes = [json.loads((kept / job.file).read_text()) for job in jobs]
        figures.write(said.out, figures.summed(notes, said.workers))
        page.main(said.page, said.out)
        print(f"The figures stand in {said.out}, and on {said.page}")
    return 0


def _length(zygote: Zygote, scene: str) -> int:
    ground = Path(tempfile.mkdtemp(prefix="selfscope-soak-", dir=quick_ground()))
    try:
        zygote.call("scenes.prepare", scene=scene, path=str(ground / "place")).value()
        return len(zygote.call("kills.counted", scene=scene, path=str(ground / "place")).value())
    finally:
        shutil.rmtree(ground)


if __name__ == "__main__":
    sys.exit(main())
