"""Many processes at one archive: the same and different things at once, and a reader or a collector too.

The journal must be one line that agrees with the clock: whoever was done before another began has the lower
number. Nothing is lost, nothing is doubled, and every look in between sees whole records.
"""

import json
import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selfscope.archive.journal.events import Preferred

from . import judge
from .place import Place, bf16, model, new_place, weights

PATIENCE = 300.0


def crowd(path: str, writers: int, rounds: int, among: str = "") -> dict[str, Any]:
    """Let so many processes write at once, each so many rounds; judge what came of it.

    Parameters
    ----------
    among
        One of `OTHERS`, for one more process that does that all the while.
    """
    place = new_place(Path(path))
    _begin(place, writers)
    # Forked before this process has hashed anything: threads do not survive a fork.
    pids = [_forked(lambda n=n: _write(place, n, rounds)) for n in range(writers)]
    other = _forked(lambda: OTHERS[among](place)) if among else 0
    ended = [os.waitpid(pid, 0)[1] for pid in pids]
    (place.path / "enough").touch()
    ended += [os.waitpid(other, 0)[1]] if other else []
    return _judged(place, writers, rounds, ended)


def _begin(place: Place, writers: int) -> None:
    """Prepare in a process of its own: an archive, one model for all and a small file for each."""

    def begin() -> None:
        place.create()
        for number in range(writers):
            model(place.source(f"own-{number}"), {"w": bf16(weights(number, 2)["embed"])})

    assert os.waitpid(_forked(begin), 0)[1] == 0


def _forked(work: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _write(place: Place, number: int, rounds: int) -> None:
    """Add what all add, add what is one's own, and note events with the times before and after."""
    archive = place.open()
    archive.patience = PATIENCE
    archive.add(place.source("base"), name="base")
    archive.add(place.source(f"own-{number}"), name=f"own-{number}")
    log = []
    for turn in range(rounds):
        said = Preferred(f"writer-{number}", "other", f"turn {turn}", 1.0, "elicited")
        began = time.monotonic()
        record = archive.append([said])
        log.append([record.number, began, time.monotonic()])
    (place.path / "out" / f"{number}.json").write_text(json.dumps(log))


def _verify(place: Place) -> None:
    """Look at everything, over and over; each time all must be right."""
    looks = 0
    while looks == 0 or not (place.path / "enough").exists():
        seen = place.open().verify(level="full")
        assert seen.ok, seen.problems
        looks += 1
    (place.path / "out" / "looks").write_text(str(looks))


def _collect(place: Place) -> None:
    """Collect without any grace, over and over."""
    looks = 0
    while looks == 0 or not (place.path / "enough").exists():
        archive = place.open()
        archive.patience = PATIENCE
        archive.gc(grace=0)
        looks += 1
    (place.path / "out" / "looks").write_text(str(looks))


def _scrub(place: Place) -> None:
    """Read and attest, over and over."""
    looks = 0
    while looks == 0 or not (place.path / "enough").exists():
        archive = place.open()
        archive.patience = PATIENCE
        assert archive.scrub().verification.ok
        looks += 1
    (place.path / "out" / "looks").write_text(str(looks))


def _replicate(place: Place) -> None:
    """Bring a replica up to date, over and over; each time it must be whole."""
    looks = 0
    while looks == 0 or not (place.path / "enough").exists():
        archive = place.open()
        archive.patience = PATIENCE
        assert not archive.replicate(place.twin).problems
        seen = place.open(place.twin).verify(level="full")
        assert seen.ok, seen.problems
        looks += 1
    (place.path / "out" / "looks").write_text(str(looks))


OTHERS: dict[str, Callable[[Place], None]] = {
    "verify": _verify, "collect": _collect, "scrub": _scrub, "replicate": _replicate,
}  # fmt: skip


def _judged(place: Place, writers: int, rounds: int, ended: list[int]) -> dict[str, Any]:
    seen = judge.look(str(place.path))
    wrong = list(seen["wrong"]) + [f"a process ended with {status}" for status in ended if status]
    said: dict[str, list[str]] = {}
    for record in judge.journal(place.root):
        for event in record["events"]:
            if event["event"] == "preferred":
                said.setdefault(event["subject"], []).append(event["proposition"])
    expected = [f"turn {turn}" for turn in range(rounds)]
    wrong += [
        f"{n} said {said.get(f'writer-{n}')}" for n in range(writers) if said.get(f"writer-{n}") != expected
    ]
    names = {"base", *(f"own-{number}" for number in range(writers))}
    if set(seen["contents"]) != names:
        wrong.append(f"holds {sorted(seen['contents'])}")
    wrong += _against_the_clock(place, writers)
    wrong += [each for each in judge.leftovers(place.root) if each.startswith("staging")]
    looks = place.path / "out" / "looks"
    return {
        "wrong": wrong,
        "records": len(seen["kinds"]),
        "copies of the same": seen["contents"].get("base", 0),
        "looks": int(looks.read_text()) if looks.exists() else 0,
    }


def _against_the_clock(place: Place, writers: int) -> list[str]:
    """Return pairs of records whose numbers disagree with the order in which they were written."""
    rows = []
    for number in range(writers):
        file = place.path / "out" / f"{number}.json"
        rows += json.loads(file.read_text()) if file.exists() else []
    rows.sort()
    latest, wrong = 0.0, []
    for number, began, ended in reversed(rows):
        # Everything with a higher number must have ended after this one began.
        if latest and latest < began:
            wrong.append(f"record {number} began after one with a higher number had ended")
        latest = min(latest, ended) if latest else ended
    return wrong


def stale(path: str) -> dict[str, Any]:
    """Kill a writer in its turn; say whether the next one waits, and what of the dead one is left."""
    place = new_place(Path(path))
    _begin(place, 1)

    def die_in_turn() -> None:
        with place.open().writing() as staging:
            (staging / "half").write_bytes(b"half")
            os.kill(os.getpid(), 9)

    assert os.waitpid(_forked(die_in_turn), 0)[1] == 9
    left = len(list((place.root / "staging").iterdir()))
    archive, began = place.open(), time.monotonic()
    archive.patience = 1.0
    archive.add(place.source("base"), name="base")
    return {
        "left": left,
        "waited": time.monotonic() - began,
        "after": len(list((place.root / "staging").iterdir())),
    }
