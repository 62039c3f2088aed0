"""Captures on disk: checkpoints that a run goes on from, and the finished artefact. Safetensors and JSON.

A file is written beside its place, synced, and put in its place whole; so there is always the last one or the
next one, and never a half.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput, CouldNot
from selfscope.values.canonical import bytes_id

Array = npt.NDArray[Any]

TENSORS, MANIFEST, CHECKPOINT = "capture.safetensors", "manifest.json", "checkpoint.safetensors"
FORMAT = "selfscope-capture-1"


@dataclass(frozen=True)
class Checkpoint:
    """Where a capture stopped.

    Attributes
    ----------
    told
        What a run must know beside the sums: how far it is, and what failed.
    arrays
        The sums.
    """

    told: dict[str, Any]
    arrays: dict[str, Array]


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Put a checkpoint in the place of the last one."""
    put_tensors(folder / CHECKPOINT, checkpoint.arrays, {"told": json.dumps(checkpoint.told)})


def read_checkpoint(folder: Path, capture: str) -> Checkpoint | None:
    """Return the checkpoint of a capture, None where there is none.

    Raises
    ------
    BadInput
        If the folder holds one of another capture.
    CouldNot
        If it cannot be read.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    arrays, metadata = _read_tensors(path)
    told = json.loads(metadata["told"])
    if told["capture"] != capture:
        raise BadInput(
            "the folder holds the beginning of another capture",
            got=folder,
            fix="Give another folder, or the same model, conversations and recipe as then",
        )
    return Checkpoint(told, arrays)


def write_artefact(folder: Path, manifest: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Write the finished artefact; the manifest, which names the tensors' digest, comes last."""
    put_tensors(folder / TENSORS, tensors, {"format": FORMAT})
    digest = bytes_id((folder / TENSORS).read_bytes())
    whole = {"format": FORMAT, **manifest, "files": {TENSORS: digest}}
    put_file(folder / MANIFEST, json.dumps(whole, indent=1, ensure_ascii=False).encode())
    (folder / CHECKPOINT).unlink(missing_ok=True)


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a finished artefact, None where there is none.

    Raises
    ------
    BadInput
        If it is of another format.
    """
    path = folder / MANIFEST
    if not path.exists():
        return None
    manifest: dict[str, Any] = json.loads(path.read_text())
    if manifest.get("format") != FORMAT:
        raise BadInput("the manifest is not that of a capture", got=path, fix="Give the folder of a capture")
    return manifest


def read_tensors(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Array]:
    """Return the tensors of a finished artefact.

    Raises
    ------
    CouldNot
        If they are not those that the manifest was written for.
    """
    path = folder / TENSORS
    if not path.exists() or bytes_id(path.read_bytes()) != manifest["files"][TENSORS]:
        raise CouldNot("the tensors are not those of the manifest", got=path, fix="Capture again")
    return _read_tensors(path)[0]


def put_tensors(path: Path, arrays: Mapping[str, Array], metadata: dict[str, str]) -> None:
    """Write safetensors in the place of a file, whole or not at all."""
    from safetensors.numpy import save_file

    beside = path.with_name(f".{path.name}.part")
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, beside, metadata)
    with beside.open("rb+") as file:
        os.fsync(file.fileno())
    _settle(beside, path)


def put_file(path: Path, data: bytes) -> None:
    """Write bytes in the place of a file, whole or not at all."""
    beside = path.with_name(f".{path.name}.part")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    _settle(beside, path)


def _settle(beside: Path, path: Path) -> None:
    """Put a synced file in its place, for good."""
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read_tensors(path: Path) -> tuple[dict[str, Array], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise CouldNot("a file of the capture cannot be read", got=f"{path}: {error}") from error
