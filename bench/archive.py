"""How fast an archive checks and takes in a model, and how small a fine-tune is: side by side.

Run ``python bench/archive.py DIRECTORY`` with a directory on the disk that is to be measured; it needs about
5 GB there for some minutes, and writes its table and, with ``--json FILE``, its numbers. Every file is in the
page cache when it is read, for all alike. The ways take turns within each round, so that what else the
machine does meets them all; medians are given.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import struct
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3

from selfscope.archive.store.archive import Archive

SIZE = 300_000_000
TENSORS = 60
SIGMA = 0.02
BLOCK = 16 << 20

Times = dict[str, list[float]]


def bf16(numbers: np.ndarray) -> np.ndarray:
    """Return 32-bit floats as the bits of bf16, rounded to nearest even."""
    bits = numbers.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def floats(bits: np.ndarray) -> np.ndarray:
    return (bits.astype(np.uint32) << 16).view(np.float32)


def base_weights() -> list[np.ndarray]:
    rng = np.random.default_rng(20261121)
    rows = SIZE // 2 // TENSORS
    return [bf16(rng.standard_normal(rows, np.float32) * SIGMA) for _ in range(TENSORS)]


def tuned(base: list[np.ndarray], noise: float, seed: int, first: int = 0) -> list[np.ndarray]:
    """Return the weights with Gaussian noise on every tensor from `first` on."""
    rng = np.random.default_rng(seed)
    return base[:first] + [
        bf16(floats(each) + rng.standard_normal(each.size, np.float32) * noise) for each in base[first:]
    ]


def write_model(path: Path, tensors: list[np.ndarray]) -> Path:
    """Write a directory with one safetensors file and a configuration."""
    path.mkdir()
    header, at = {}, 0
    for number, each in enumerate(tensors):
        place = [at, at + each.nbytes]
        header[f"layer.{number:02d}.weight"] = {"dtype": "BF16", "shape": [each.size], "data_offsets": place}
        at += each.nbytes
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with (path / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(head)) + head)
        for each in tensors:
            file.write(each.tobytes())
    (path / "config.json").write_text('{"layers": 60}')
    return path


def in_turns(ways: dict[str, Callable[[], Any]], rounds: int) -> Times:
    """Time each way once a round, the order turning by one from round to round, after once for the cache."""
    times: Times = {name: [] for name in ways}
    names = list(ways)
    for name in names:
        ways[name]()
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            os.sync()
            began = time.perf_counter()
            ways[name]()
            times[name].append(time.perf_counter() - began)
    return times


def medians(times: Times) -> dict[str, dict[str, float]]:
    return {
        name: {"median_s": round(statistics.median(each), 4), "least_s": round(min(each), 4)}
        for name, each in times.items()
    }


def verifiers(ground: Path, model: Path) -> dict[str, Callable[[], None]]:
    """Store the same model in each way, and return how each checks it."""
    archive = Archive.create(ground / "verified")
    archive.add(model, name="base")

    def ours(level: str) -> None:
        assert Archive.open(ground / "verified").verify(level=level).ok

    return {
        "selfscope, full": lambda: ours("full"),
        "selfscope, deep (both digests of every file)": lambda: ours("deep"),
        **ocfl_way(ground, model),
        **bagit_way(ground, model),
        **signing_ways(ground, model),
    }


def ocfl_way(ground: Path, model: Path) -> dict[str, Callable[[], None]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ocfl.object import Object
        from ocfl.version_metadata import VersionMetadata

    where = str(ground / "ocfl")
    said = VersionMetadata(message="added", name="somebody", address="mailto:somebody@example.org")
    Object(identifier="urn:model").create(srcdir=str(model), metadata=said, objdir=where)

    def check() -> None:
        assert Object(path=where).validate(objdir=where, log_warnings=False)

    return {"ocfl-py (sha512)": check}


def bagit_way(ground: Path, model: Path) -> dict[str, Callable[[], None]]:
    import bagit

    where = shutil.copytree(model, ground / "bag")
    bagit.make_bag(str(where), checksums=["sha256"])

    def check(processes: int) -> None:
        assert bagit.Bag(str(where)).validate(processes=processes)

    return {"bagit (sha256)": lambda: check(1), "bagit (sha256), 2 processes": lambda: check(2)}


def signing_ways(ground: Path, model: Path) -> dict[str, Callable[[], None]]:
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric import ec
    from model_signing import hashing, signing, verifying

    key = ec.generate_private_key(ec.SECP256R1())
    private, public = ground / "signer.pem", ground / "signer.pub"
    private.write_bytes(
        key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    )
    public.write_bytes(
        key.public_key().public_bytes(forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo)
    )

    def way(algorithm: str) -> Callable[[], None]:
        signature = ground / f"{algorithm}.sig"
        hashes = hashing.Config().use_file_serialization(hashing_algorithm=algorithm)
        signer = signing.Config().use_elliptic_key_signer(private_key=private).set_hashing_config(hashes)
        signer.sign(model, signature)

        def check() -> None:
            config = hashing.Config().use_file_serialization(hashing_algorithm=algorithm)
            checker = verifying.Config().use_elliptic_key_verifier(public_key=public)
            checker.set_hashing_config(config).verify(model, signature)

        return check

    return {"model-signing (sha256, its default)": way("sha256"), "model-signing (blake3)": way("blake3")}


@dataclass(frozen=True)
class Taking:
    """One way to bring 300 MB to the disk: what is done before the clock runs, and what it times."""

    prepare: Callable[[Path], Any]
    act: Callable[[Any], object]


def ingesters(model: Path) -> dict[str, Taking]:
    """Return the ways: bare, and into an archive that is there.

    All are durable when they return, by the same promise: the bytes are synced, and the name that they have.
    Nobody is timed for making an archive, and nobody for removing what was written.
    """
    source = model / "model.safetensors"
    data = memoryview(source.read_bytes())

    def written(where: Path, parts: Iterator[memoryview | bytes]) -> None:
        fd = os.open(where / "bare", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        for part in parts:
            while part:
                part = part[os.write(fd, part) :]
        os.fsync(fd)
        os.close(fd)
        names = os.open(where, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(names)
        os.close(names)

    def bare(where: Path) -> None:
        written(where, (data[at : at + BLOCK] for at in range(0, len(data), BLOCK)))

    def read(where: Path) -> None:
        with source.open("rb", buffering=0) as file:
            written(where, iter(lambda: file.read(BLOCK), b""))

    return {
        "write + fsync": Taking(lambda where: where, bare),
        "read + write + fsync": Taking(lambda where: where, read),
        ADD: Taking(lambda where: Archive.create(where / "archive"), lambda to: to.add(source, name="base")),
    }


ADD = "selfscope add (blake3 and sha256)"


def ingest_times(ground: Path, model: Path, rounds: int) -> Times:
    """Time the ways of taking in, the order turning by one from round to round, each in a fresh place."""
    ways = ingesters(model)
    times: Times = {name: [] for name in ways}
    names = list(ways)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            place = ground / "taken"
            place.mkdir()
            ready = ways[name].prepare(place)
            os.sync()
            began = time.perf_counter()
            ways[name].act(ready)
            times[name].append(time.perf_counter() - began)
            shutil.rmtree(place)
    return times


LEAST, USUAL, MOST = 8 << 10, 64 << 10, 128 << 10
"""Bytes of the smallest, the usual and the largest chunk, as Xet cuts them."""


def gear() -> np.ndarray:
    return np.random.default_rng(7).integers(0, 1 << 63, 256, dtype=np.uint64) * np.uint64(2) + np.uint64(1)


def candidates(data: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the offsets at which a rolling gear hash of the last 64 bytes ends a chunk, block by block."""
    table, mask = gear(), np.uint64((USUAL - 1) << 48)
    for start in range(0, data.size, BLOCK):
        before = max(0, start - 63)
        rolled = table[data[before : start + BLOCK]]
        for step in (1, 2, 4, 8, 16, 32):
            rolled[step:] += rolled[:-step] << np.uint64(step)
        yield np.flatnonzero((rolled[start - before :] & mask) == 0) + start + 1


def chunks(path: Path) -> dict[str, int]:
    """Return the chunks of a file by digest, with their sizes: cut by content, 8, 64 and 128 KiB."""
    data = np.fromfile(path, np.uint8)
    found, at = {}, 0
    borders = [int(each) for block in candidates(data) for each in block]
    for border in [*borders, data.size]:
        while border - at > MOST:
            found[blake3(data[at : at + MOST]).hexdigest()] = MOST
            at += MOST
        if border - at >= LEAST or border == data.size:
            found[blake3(data[at:border]).hexdigest()] = border - at
            at = border
    return found


def stored(ground: Path, models: dict[str, Path]) -> dict[str, dict[str, Any]]:
    """Return what each fine-tune takes beside its base: by tensors, as deltas, and cut by content."""
    archive = Archive.create(ground / "stored")
    base = archive.add(models["base"], name="base")
    known = chunks(models["base"] / "model.safetensors")
    found = {}
    for name, path in models.items():
        if name == "base":
            continue
        size = (path / "model.safetensors").stat().st_size
        cut = chunks(path / "model.safetensors")
        new = sum(length for digest, length in cut.items() if digest not in known)
        other = Archive.create(ground / f"delta-{name}")
        began = time.perf_counter()
        delta = other.add(path, name=name, base=other.add(models["base"], name="base").content)
        took = time.perf_counter() - began
        back = ground / f"back-{name}"
        other.get(delta.content, back)
        same = (back / "model.safetensors").read_bytes() == (path / "model.safetensors").read_bytes()
        plain = archive.add(path, name=name)
        found[name] = {
            "bytes": size,
            "content-defined chunking": round(new / size, 4),
            "whole files (ocfl-py)": 1.0,
            "tensors": round(plain.stored / size, 4),
            "deltas": round(delta.stored / size, 4),
            "deltas_s": round(took, 2),
            "comes back the same": same,
        }
        assert base.stored > SIZE
        shutil.rmtree(ground / f"delta-{name}")
        shutil.rmtree(back)
    return found


def machine() -> dict[str, Any]:
    cpu = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    began = time.perf_counter()
    hashlib.sha256(bytes(64 << 20)).digest()
    name = next((line.split(":")[1].strip() for line in cpu.splitlines() if "model name" in line), "unknown")
    return {
        "cpu": name,
        "cores": os.cpu_count(),
        "sha_extensions": "sha_ni" in cpu,
        "sha256_MB_per_s": round((64 << 20) / 1e6 / (time.perf_counter() - began)),
        "load_at_start": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only-ingest", action="store_true", help="time taking in, and nothing else")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.directory, prefix="archive-bench-") as made:
        result = (measure_ingest if asked.only_ingest else measure)(Path(made), asked.rounds)
    print(json.dumps(result, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=1) + "\n")


def measure_ingest(ground: Path, rounds: int) -> dict[str, Any]:
    model = write_model(ground / "base", base_weights())
    said = machine()
    taken = medians(ingest_times(ground, model, rounds))
    return {"machine": said, "bytes": SIZE, "rounds": rounds, "ingest": taken, "ratios": ingest_ratios(taken)}


def measure(ground: Path, rounds: int) -> dict[str, Any]:
    base = base_weights()
    recipes = {
        "1e-6": (1e-6, 0),
        "1e-5": (1e-5, 0),
        "1e-4": (1e-4, 0),
        "1e-4, last 3 of 10 layers": (1e-4, 42),
    }
    models = {"base": write_model(ground / "base", base)}
    said = machine()
    checked = medians(in_turns(verifiers(ground, models["base"]), rounds))
    taken = medians(ingest_times(ground, models["base"], 3 * rounds))  # the disk is the less even part
    for number, (name, (noise, first)) in enumerate(recipes.items()):
        models[name] = write_model(ground / f"tune-{number}", tuned(base, noise, number, first))
    return {
        "machine": said,
        "bytes": SIZE,
        "rounds": rounds,
        "verify": checked,
        "ingest": taken,
        "second fine-tune": stored(ground, models),
        "ratios": ratios(checked, taken),
    }


def ratios(checked: dict[str, dict[str, float]], taken: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return how many times faster we check than the best of the others, and slower we take in."""
    ours = checked["selfscope, full"]["median_s"]
    others = {name: each["median_s"] for name, each in checked.items() if not name.startswith("selfscope")}
    plain = {name: each for name, each in others.items() if "blake3" not in name}
    return {
        "verify, best of the others as they come": round(min(plain.values()) / ours, 2),
        "verify, best of the others in any setting": round(min(others.values()) / ours, 2),
        **ingest_ratios(taken),
    }


def ingest_ratios(taken: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return how many times as long taking in takes as the disk's own, by the medians and the least times."""
    return {
        f"ingest against {way}{said}": round(taken[ADD][which] / taken[way][which], 2)
        for way in ("write + fsync", "read + write + fsync")
        for which, said in (("median_s", ""), ("least_s", ", least times"))
    }


if __name__ == "__main__":
    main()
