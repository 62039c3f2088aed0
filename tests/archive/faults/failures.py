"""A disk that refuses: full, over quota, broken, read-only, once or from now on, at any of its steps.

After every refusal the error says so, nothing is visible that was not committed, a look that changes nothing
passes, and the same act on a disk that works ends as if nothing had happened. What was damaged before a
repair may still be so after its refusal, and the repair may have committed some of its records. A sync that
failed is asked for once: what the kernel then says of a second one is worth nothing.
"""

import errno
from pathlib import Path
from typing import Any

from selfscope.archive.journal.disk import Disk
from selfscope.errors import CouldNot

from . import judge, scenes
from .place import Place

ERRORS = {"ENOSPC": errno.ENOSPC, "EDQUOT": errno.EDQUOT, "EIO": errno.EIO, "EROFS": errno.EROFS}
SYNCS = ("sync", "sync_dir")


class Counting(Disk):
    """Counts its steps."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, Path]] = []

    def step(self, name: str, path: Path) -> None:
        self.steps.append((name, path))


class Refusing(Counting):
    """Refuses its `at`-th step (from 1), and with `ever` all that write after it."""

    def __init__(self, at: int, code: int, *, ever: bool) -> None:
        super().__init__()
        self.at, self.code, self.ever = at, code, ever

    def step(self, name: str, path: Path) -> None:
        super().step(name, path)
        count = len(self.steps)
        if count == self.at or (self.ever and count > self.at and name not in ("unlink", "rmdir")):
            raise OSError(self.code, "as the test wants it")


def steps(scene: str, path: str) -> list[str]:
    """Do an act on a disk that works; return the names of its steps."""
    disk = Counting()
    _act(scene, Place(Path(path)), disk)
    return [name for name, _ in disk.steps]


def _act(scene: str, place: Place, disk: Disk) -> None:
    """Do an act with this disk for everything."""
    scenes.SCENES[scene].act(place.with_disk(disk))


def refused(
    scene: str, path: str, reference: dict[str, Any], at: int, code: str, ever: bool
) -> dict[str, Any]:
    """Do an act on a disk that refuses; judge what is there, look at it without changing it, do it again."""
    place, disk = Place(Path(path)), Refusing(at, ERRORS[code], ever=ever)
    raised = ""
    try:
        _act(scene, place, disk)
    except CouldNot as error:
        raised = error.sentence()
    wrong = [] if raised else ["the disk refused and nobody said so"]
    name, refused_path = disk.steps[at - 1]
    if name in SYNCS and (name, refused_path) in disk.steps[at:] and not ever:
        wrong.append(f"{name} {refused_path.name} was asked for again after it had failed")
    before = judge.tree_of(place.root)
    seen = judge.look(path)
    hurt = scenes.SCENES[scene].hurt
    wrong += [f"after the refusal: {each}" for each in seen["wrong"] if not hurt or "something else" in each]
    wrong += [f"a look changed {each}" for each in judge.differences(before, judge.tree_of(place.root))]
    ends = (reference["before"]["kinds"], reference["after"]["kinds"])
    if seen["kinds"] not in ends and not (hurt and seen["kinds"] == ends[1][: len(seen["kinds"])]):
        wrong.append(f"between two records: {seen['kinds']}")
    committed = len(seen["kinds"]) == len(reference["after"]["kinds"])
    scenes.act(scene, path)
    after = judge.look(path, out="again")
    wrong += [f"done again: {each}" for each in after["wrong"]]
    if set(after["contents"]) != set(reference["after"]["contents"]):
        wrong.append(f"done again: holds {after['contents']}")
    return {"wrong": wrong, "said": raised, "step": name, "committed": committed}


def full(path: str) -> dict[str, Any]:
    """Add models to an archive whose own file system is too small for them, until one does not fit."""
    place = Place(Path(path))
    archive, said = place.open(), []
    for name in ("base", "letter", "other", "tune"):
        try:
            archive.add(place.source(name), name=name)
        except CouldNot as error:
            said.append(error.sentence())
    seen = judge.look(path)
    return {"said": said, "wrong": seen["wrong"], "contents": seen["contents"]}
