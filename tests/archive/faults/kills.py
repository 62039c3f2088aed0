"""Kills: a process dies before each call that changes the disk, in the middle of a write, or at any moment.

What must then be true, whatever the moment:

1. the archive opens, and a full verification finds nothing wrong with it (the index may need a rebuild, which
   opening does by itself);
2. its journal ends after one of the records that the act writes, or before the first: never inside one;
3. every content that it shows comes back bit for bit, and it shows no other than before or after the act;
4. the act, done again, ends in the same state as if nothing had happened;
5. collection then leaves exactly what the journal needs, and no staging;
6. once the journal says that a key was destroyed, no part of it is anywhere in the archive or beside it, and
   neither is anything of what it opened.
"""

import random
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import calls, erasure, judge, scenes
from .place import Place
from .zygote import Zygote


def counted(scene: str, path: str) -> list[str]:
    """Do the act, and return the names of the calls by which it changed the disk."""
    with calls.counted(Path(path)) as made:
        scenes.act(scene, path)
    return [call.name for call in made]


def dies(scene: str, path: str, step: int, tear: bool) -> None:
    """Do the act and be killed at a step."""
    with calls.dying_at(Path(path), step, tear=tear):
        scenes.act(scene, path)


def judged(scene: str, path: str, reference: dict[str, Any], tries: int = 1) -> dict[str, Any]:
    """Look at what a death left, do the act again, collect, and say everything that is wrong."""
    place = Place(Path(path))
    seen = judge.look(path)
    hurt = scenes.SCENES[scene].hurt
    wrong = [f"after the fault: {each}" for each in seen["wrong"] if not hurt or "something else" in each]
    if tries > 1:
        _forget_repetition(seen, reference)
    wrong += not_between(seen, reference) + _twin(path, "after the fault")
    wrong += _not_erased(place, reference, "after the fault")
    scenes.act(scene, path)
    wrong += _not_erased(place, reference, "done again")
    place.open().gc(grace=0)
    after = judge.look(path, out="again")
    wrong += [f"done again: {each}" for each in after["wrong"]]
    wrong += [f"collected: {each}" for each in judge.leftovers(place.root)]
    if set(after["contents"]) != set(reference["after"]["contents"]):
        wrong.append(f"done again: holds {after['contents']}, not {reference['after']['contents']}")
    wrong += _twin(path, "done again")
    return {"wrong": wrong, "record": len(seen["kinds"]), "shown": sum(seen["contents"].values())}


def _forget_repetition(seen: dict[str, Any], reference: dict[str, Any]) -> None:
    """Leave out what a second try notes after a first that had committed: that bytes were here, or went."""
    whole = reference["after"]["kinds"]
    if seen["kinds"][: len(whole)] == whole:
        more = seen["kinds"][len(whole) :]
        seen["kinds"] = whole + [each for each in more if each not in (["collected"], ["deduplicated"])]


def _not_erased(place: Place, reference: dict[str, Any], when: str) -> list[str]:
    """Return what is still there of a key that the journal calls destroyed, and of what it opened."""
    said = {kind for record in judge.kinds(place.root) for kind in record}
    if "keys" not in reference or "key_destroyed" not in said:
        return []
    keys = {what: bytes.fromhex(key) for what, key in reference["keys"].items()}
    return [f"{when}: {each}" for each in erasure.search(place, keys | erasure.traces(place))]


def _twin(path: str, when: str) -> list[str]:
    """Say what is wrong with a replica, which must be whole at any moment at which it can be opened."""
    place = Place(Path(path))
    if not (place.twin / "archive.json").exists():
        return []
    seen, own = judge.look(path, out=f"twin {when}", root="twin"), judge.kinds(place.root)
    wrong = [f"{when}, replica: {each}" for each in seen["wrong"]]
    if seen["kinds"] != own[: len(seen["kinds"])] and len(own) >= len(seen["kinds"]):
        wrong.append(f"{when}, replica: its journal is {seen['kinds']}")
    return wrong


def not_between(seen: dict[str, Any], reference: dict[str, Any]) -> list[str]:
    """Say what is neither before nor after the act nor between two of its records."""
    before, after = reference["before"], reference["after"]
    wrong = []
    if seen["kinds"] != after["kinds"][: len(seen["kinds"])] or len(seen["kinds"]) < len(before["kinds"]):
        wrong.append(f"the journal is {seen['kinds']}, no beginning of {after['kinds']}")
    strange = set(seen["contents"]) - set(before["contents"]) - set(after["contents"])
    lost = set(before["contents"]) & set(after["contents"]) - set(seen["contents"])
    return wrong + [f"shows {name}" for name in sorted(strange)] + [f"lost {name}" for name in sorted(lost)]


@dataclass
class Tally:
    """What the kills of one scene came to."""

    scene: str
    calls: int = 0
    before: int = 0
    after: int = 0
    kills: int = 0
    torn: int = 0
    timed: int = 0
    twice: int = 0
    committed: int = 0
    records: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            **{k: v for k, v in vars(self).items() if k not in ("records", "wrong")},
            "records": {str(k): v for k, v in sorted(self.records.items())},
            "bad": len(self.wrong),
            "wrong": self.wrong[:5],
        }


class Gallows:
    """Kills the acts of one scene, over and over, each on a fresh copy of what stood before.

    Parameters
    ----------
    zygote
        Forks what is killed.
    ground
        An empty directory.
    scene
        Its name.
    """

    def __init__(self, zygote: Zygote, ground: Path, scene: str) -> None:
        self.zygote, self.ground, self.scene = zygote, Path(ground), scene
        self.ground.mkdir(parents=True)
        self.before = Place(self.ground / "before")
        zygote.call("scenes.prepare", scene=scene, path=str(self.before.path)).value()
        whole = self.before.copy_to(self.ground / "whole")
        done = zygote.call("kills.counted", scene=scene, path=str(whole.path))
        self.calls, self.seconds = done.value(), done.seconds
        look = self.before.copy_to(self.ground / "look")
        self.reference = {
            "before": zygote.call("judge.look", path=str(look.path)).value(),
            "after": zygote.call("judge.look", path=str(whole.path)).value(),
        }
        if scene == "destroy":
            self.reference["keys"] = zygote.call("erasure.keys_in", path=str(self.before.path)).value()
        self.anew()
        sound = not self.reference["before"]["wrong"] or scenes.SCENES[scene].hurt
        assert sound and not self.reference["after"]["wrong"], self.reference

    def anew(self) -> "Gallows":
        """Begin to count anew."""
        ends = [len(self.reference[when]["kinds"]) for when in ("before", "after")]
        self.tally = Tally(self.scene, len(self.calls), *ends)
        return self

    def at(self, step: int, *, tear: bool = False, again: int = 0) -> None:
        """Kill before a call, or in the middle of a write; with `again`, kill the second try too."""
        place = self._fresh()
        self._killed(
            self.zygote.call("kills.dies", scene=self.scene, path=str(place.path), step=step, tear=tear)
        )
        if again:
            ended = self.zygote.call(
                "kills.dies", scene=self.scene, path=str(place.path), step=again, tear=tear
            )
            self.tally.twice += ended.signal == 9
        self.tally.torn += tear
        what = f"{self.scene}, call {step} ({self.calls[step - 1]}), torn {tear}, again {again}"
        self._judge(place, what, 2 if again else 1)

    def sometime(self, rng: random.Random) -> None:
        """Kill after a while, wherever it may be: within a call, between two, or in SQLite."""
        place, after = self._fresh(), rng.uniform(0, 1.1 * self.seconds)
        ended = self.zygote.call("scenes.act", after=after, scene=self.scene, path=str(place.path))
        if ended.signal == 9:
            self.tally.kills += 1
            self.tally.timed += 1
            self._judge(place, f"{self.scene}, after {after:.4f} s")

    def every(self, part: int = 0, parts: int = 1) -> None:
        """Kill before every call, and in the middle of every write; or at each `parts`-th from `part` on."""
        for step in range(1 + part, len(self.calls) + 1, parts):
            self.at(step)
            if self.calls[step - 1] == "write":
                self.at(step, tear=True)

    def _fresh(self) -> Place:
        shutil.rmtree(self.ground / "work", ignore_errors=True)
        return self.before.copy_to(self.ground / "work")

    def _killed(self, ended) -> None:
        assert ended.signal == 9, f"{self.scene}: nobody was killed: {ended}"
        self.tally.kills += 1

    def _judge(self, place: Place, what: str, tries: int = 1) -> None:
        ended = self.zygote.call(
            "kills.judged", scene=self.scene, path=str(place.path), reference=self.reference, tries=tries
        )
        if ended.error or ended.signal:
            self.tally.wrong.append(f"{what}: {ended.error[-600:]}")
            return
        self.tally.records[ended.result["record"]] += 1
        self.tally.committed += ended.result["record"] == len(self.reference["after"]["kinds"])
        self.tally.wrong += [f"{what}: {each}" for each in ended.result["wrong"]]
