"""A small world around one archive: what is brought, keys, a replica, and a clock that is set by hand."""

import json
import shutil
import struct
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from selfscope.archive.journal.disk import Disk
from selfscope.archive.store.archive import Archive
from selfscope.archive.store.vault import Vault

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
MARKER = b"this sentence stands in the secret weights and nowhere else; "


@dataclass(frozen=True)
class Place:
    """A directory with everything in it.

    ::

        root/  the archive     keys/  what unwraps its domains     in/NAME  what is brought
        out/   what is got     twin/  a replica                    clock    days since START
    """

    path: Path
    disk: Disk | None = None

    def with_disk(self, disk: Disk) -> "Place":
        """Return the same place with other hands."""
        return replace(self, disk=disk)

    @property
    def root(self) -> Path:
        return self.path / "root"

    @property
    def twin(self) -> Path:
        return self.path / "twin"

    def source(self, name: str) -> Path:
        return self.path / "in" / name

    def now(self) -> datetime:
        return START + timedelta(days=float((self.path / "clock").read_text()))

    def wait(self, days: float) -> None:
        before = float((self.path / "clock").read_text())
        (self.path / "clock").write_text(str(before + days))

    def vault(self, root: Path | None = None) -> Vault:
        return Vault((root or self.root) / "keys", self.path / "keys")

    def create(self, root: Path | None = None) -> Archive:
        root = root or self.root
        return Archive.create(root, vault=self.vault(root), clock=self.now, disk=self.disk)

    def open(self, root: Path | None = None) -> Archive:
        root = root or self.root
        return Archive.open(root, vault=self.vault(root), clock=self.now, disk=self.disk)

    def copy_to(self, path: Path) -> "Place":
        shutil.copytree(self.path, path)
        return Place(path)


def quick_ground() -> Path | None:
    """Return a file system in memory, where there is one: to be killed is the same on any disk."""
    shm = Path("/dev/shm")
    return shm if sys.platform == "linux" and shm.is_dir() else None


def new_place(path: Path) -> Place:
    """Make a place with things to bring, and nothing brought yet."""
    place = Place(Path(path))
    for name in ("in", "out", "keys"):
        (place.path / name).mkdir(parents=True)
    (place.path / "clock").write_text("0")
    base = weights(1)
    model(place.source("base"), base)
    model(place.source("tune"), tuned(base, 2))
    model(place.source("other"), weights(3))
    model(place.source("secret"), weights(4) | {"said": np.frombuffer(MARKER * 40, np.uint8)})
    place.source("letter").write_text("A letter that is kept. " * 100)
    return place


def weights(seed: int, rows: int = 120) -> dict[str, np.ndarray]:
    """Return tensors of 16-bit numbers, a megabyte in all, so that their file is an object of its own."""
    rng = np.random.default_rng(seed)
    shapes = {
        "embed": (4 * rows, 600),
        "layer.0": (2 * rows, 600),
        "layer.1": (2 * rows, 600),
        "norm": (300,),
    }
    return {name: bf16(rng.normal(0, 0.02, shape)) for name, shape in shapes.items()}


def tuned(base: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """Return a fine-tune: one tensor as it was, the others with noise in their low bits."""
    rng = np.random.default_rng(seed)
    noise = {
        name: (each ^ rng.integers(0, 4, each.shape, dtype=np.uint16)).astype(np.uint16)
        for name, each in base.items()
    }
    return noise | {"embed": base["embed"]}


def bf16(numbers: np.ndarray) -> np.ndarray:
    """Return the upper halves of 32-bit floats: the bits of bf16, rounded towards zero."""
    return (numbers.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


def safetensors(tensors: dict[str, np.ndarray]) -> bytes:
    """Return a safetensors file, BF16 for 16-bit numbers and U8 for bytes."""
    header, at = {}, 0
    for name, each in tensors.items():
        dtype = {"uint16": "BF16", "uint8": "U8"}[each.dtype.name]
        header[name] = {"dtype": dtype, "shape": list(each.shape), "data_offsets": [at, at + each.nbytes]}
        at += each.nbytes
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    return b"".join([struct.pack("<Q", len(head)), head, *(each.tobytes() for each in tensors.values())])


def model(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """Write a directory as models have it."""
    (path / "sub").mkdir(parents=True)
    (path / "config.json").write_text(json.dumps({"layers": 2, "of": path.name}))
    (path / "sub" / "tokenizer.json").write_text(json.dumps({"words": list(range(300))}))
    (path / "model.safetensors").write_bytes(safetensors(tensors))


def same(one: Path, other: Path) -> bool:
    """Say whether two files, or two trees of files, hold the same names and bytes."""
    return tree(one) == tree(other)


def tree(path: Path) -> dict[str, bytes]:
    if path.is_file():
        return {"": path.read_bytes()}
    return {str(each.relative_to(path)): each.read_bytes() for each in path.rglob("*") if each.is_file()}
