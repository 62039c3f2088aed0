"""A disk that refuses: full, over quota, broken, read-only, once or from now on, at any of its steps.

After every refusal the error says so, nothing is visible that was not committed, a look that changes nothing
passes, and the same act on a disk that works ends as if nothing had happened. What was damaged before a
repair may still be so after its refusal, and the repair may have committed some of its records. A sync that
failed is asked for once: what the kernel then says of a second one is worth nothing.
"""

import errno
import shutil
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selfscope.errors import CouldNot

from . import judge, kills, scenes
from .calls import Call, Calls
from .place import Place

ERRORS = {"ENOSPC": errno.ENOSPC, "EDQUOT": errno.EDQUOT, "EIO": errno.EIO, "EROFS": errno.EROFS}
SYNCS = ("sync", "sync_dir")


@contextmanager
def refusing(top: Path, at: int = 0, code: str = "EIO", *, ever: bool = False):
    """Refuse the `at`-th step (from 1; 0 for none), and with `ever` all that write after it; give the steps.

    A directory that is there already and a name that is gone already are no steps: a disk has an answer to
    them even when it is full.
    """
    made: list[Call] = []

    def before(call: Call) -> None:
        if _is_answered(call):
            return
        made.append(Call(call.name, call.path))
        if len(made) == at or (ever and len(made) > at and call.name not in ("unlink", "rmdir")):
            raise OSError(ERRORS[code], "as the test wants it")

    with Calls(top, before).watched():
        yield made


def _is_answered(call: Call) -> bool:
    there = Path(call.path).exists()
    return (call.name == "mkdir" and there) or (call.name in ("unlink", "rmdir", "touch") and not there)


def steps(scene: str, path: str) -> list[str]:
    """Do an act on a disk that works; return the names of its steps."""
    with refusing(Path(path)) as made:
        scenes.act(scene, path)
    return [call.name for call in made]


def refused(
    scene: str, path: str, reference: dict[str, Any], at: int, code: str, ever: bool
) -> dict[str, Any]:
    """Do an act on a disk that refuses; judge what is there, look at it without changing it, do it again."""
    place, raised = Place(Path(path)), ""
    with refusing(place.path, at, code, ever=ever) as made:
        try:
            scenes.act(scene, path)
        except CouldNot as error:
            raised = error.sentence()
    refused_call = made[at - 1]
    wrong = [] if raised else ["the disk refused and nobody said so"]
    if refused_call.name in SYNCS and refused_call in made[at:] and not ever:
        wrong.append(
            f"{refused_call.name} {Path(refused_call.path).name} was asked for again after it failed"
        )
    before = judge.tree_of(place.root)
    seen = judge.look(path)
    hurt = scenes.SCENES[scene].hurt
    wrong += [f"after the refusal: {each}" for each in seen["wrong"] if not hurt or "something else" in each]
    wrong += [f"a look changed {each}" for each in judge.differences(before, judge.tree_of(place.root))]
    wrong += kills.not_between(seen, reference)
    committed = len(seen["kinds"]) == len(reference["after"]["kinds"])
    scenes.act(scene, path)
    after = judge.look(path, out="again")
    wrong += [f"done again: {each}" for each in after["wrong"]]
    if set(after["contents"]) != set(reference["after"]["contents"]):
        wrong.append(f"done again: holds {after['contents']}")
    return {"wrong": wrong, "said": raised, "step": refused_call.name, "committed": committed}


def every(scene: str, path: str, reference: dict[str, Any], part: int, parts: int) -> dict[str, Any]:
    """Refuse at every `parts`-th step from `part` on: each error from there on, a sync also once."""
    ground = Path(path)
    before = Place(ground / "before")
    names = steps(scene, str(before.copy_to(ground / "counted").path))
    tally: dict[str, Any] = {"steps": 0, "refusals": 0, "committed": 0, "wrong": []}
    codes: Counter[str] = Counter()
    for at in range(1 + part, len(names) + 1, parts):
        tally["steps"] += 1
        once = [("EIO", False)] if names[at - 1] in SYNCS else []
        for code, ever in [*((code, True) for code in ERRORS), *once]:
            place = before.copy_to(ground / "work")
            what = f"{scene}, step {at} ({names[at - 1]}), {code}{'' if ever else ' once'}"
            try:
                found = refused(scene, str(place.path), reference, at, code, ever)
                tally["wrong"] += [f"{what}: {each}" for each in found["wrong"]]
                tally["committed"] += found["committed"]
            except Exception as error:
                tally["wrong"].append(f"{what}: {type(error).__name__}: {error}")
            codes[code if ever else f"{code} once"] += 1
            shutil.rmtree(place.path)
    return tally | {"refusals": codes.total(), "codes": dict(codes)}


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
