"""After a destruction, and at every moment before it: nothing of the secret lies anywhere in the clear.

The whole root is searched, byte by byte: objects, manifests, journal, the index with its write-ahead log and
its free pages, staging, keys. What is looked for is what was in the files, and the keys themselves.
"""

import gc
from pathlib import Path
from typing import Any

from . import calls, scenes
from .place import MARKER, Place


def traces(place: Place) -> dict[str, bytes]:
    """Return what must be found nowhere: stretches of the plaintext, and names that only the secret has."""
    weights = (place.source("secret") / "model.safetensors").read_bytes()
    middle = len(weights) // 2
    return {
        "a sentence of it": MARKER,
        "a stretch of its weights": weights[middle : middle + 24],
        "the name of one of its tensors": b'"said"',
        "its configuration": (place.source("secret") / "config.json").read_bytes(),
    }


def search(place: Place, wanted: dict[str, bytes]) -> list[str]:
    """Return what was found of it, and where, in the archive and among the keys that unwrap."""
    tops = (place.root, place.path / "keys")
    gc.disable()  # or an index that nobody holds closes, and its log is gone between being listed and read
    try:
        read = {each: each.read_bytes() for top in tops for each in [*top.rglob("*")] if each.is_file()}
    finally:
        gc.enable()
    return [
        f"{what} in {each.relative_to(place.path)}"
        for each, data in read.items()
        for what, trace in wanted.items()
        if trace in data
    ]


def keys_of(place: Place) -> dict[str, bytes]:
    """Return what opens the secret."""
    return {
        "the data key": place.vault()._key("d"),
        "the wrapped key": (place.root / "keys" / "d.wrapped").read_bytes(),
        "the unwrapping key": (place.path / "keys" / "d.wrapping").read_bytes(),
    }


def keys_in(path: str) -> dict[str, str]:
    """Return the same in hexadecimal digits, for a place that is somewhere else."""
    return {what: key.hex() for what, key in keys_of(Place(Path(path))).items()}


def erased(path: str, step: int = 0) -> dict[str, Any]:
    """Destroy the secret, having died at a step before if `step` is not 0; search for it and for its keys."""
    place = scenes.prepared("destroy", Path(path))
    keys = keys_of(place)
    before = search(place, keys)
    if step:
        _die(place, step)
    scenes.act("destroy", path)
    archive = place.open()
    return {
        "before": before,
        "found": search(place, traces(place) | keys),
        "ciphertext": sum(1 for _, lies in archive.objects.all() if lies.domain == "d"),
        "ok": archive.verify().ok,
    }


def calls_of(path: str) -> int:
    """Return by how many calls a destruction changes the disk."""
    place = scenes.prepared("destroy", Path(path))
    with calls.counted(place.path) as made:
        scenes.act("destroy", path)
    return len(made)


def _die(place: Place, step: int) -> None:
    import os

    pid = os.fork()
    if pid == 0:
        with calls.dying_at(place.path, step):
            scenes.act("destroy", str(place.path))
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 9


def never_in_clear(path: str) -> dict[str, Any]:
    """Search before every call by which a secret is added: its plaintext must never touch the disk."""
    place = scenes.prepared("add sealed", Path(path))
    found: list[str] = []
    looked = 0

    def look(call: calls.Call) -> None:
        nonlocal looked
        looked += 1
        found.extend(search(place, traces(place)))
        found.extend(f"{what} written" for what, trace in traces(place).items() if trace in call.data)

    with calls.Calls(place.path, look).watched():
        scenes.act("add sealed", path)
    return {"found": found, "looked": looked}
