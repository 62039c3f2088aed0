"""A monitor on disk, whole or not at all. No pickle.

A folder: ``monitor.safetensors`` (``axis``, ``centre`` and ``components`` of the frame, ``weights`` of the
regression, all float32) and ``manifest.json`` with everything else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from selfscope.errors import BadInput, CouldNot
from selfscope.models.local.embedding import Embedding, embedding_of
from selfscope.models.local.ground import LocalGround
from selfscope.space.monitor import Monitor
from selfscope.space.placing import Frame
from selfscope.space.turn_readings import Along
from selfscope.stats.drift_limits import Limits
from selfscope.stats.ridge import Fit
from selfscope.values import bytes_id, content_id

TENSORS, MANIFEST, FOLDER = "monitor.safetensors", "manifest.json", "monitor"
FORMAT = "selfscope-monitor-2"


def weights_id(ground: LocalGround) -> str:
    """Return what a monitor holds for: weights, adapter, precision and template, under whatever cap."""
    own = ground.identity
    adapter = own.extra.get("adapter", "")
    return content_id([own.family, own.revision, own.template, own.precision, adapter])


def write_monitor(folder: Path, monitor: Monitor, told: Mapping[str, Any]) -> Path:
    """Write a monitor, the manifest last, and return its folder.

    Parameters
    ----------
    told
        What the manifest says beside it: ``weights`` (:func:`weights_id`), ``model``, the run, versions.

    Raises
    ------
    CouldNot
        If the disk fails.
    """
    from safetensors.numpy import save_file

    frame = monitor.along.frame
    tensors = {
        "axis": frame.axis,
        "centre": frame.centre,
        "components": frame.components,
        "weights": monitor.fit.weights[:, 0],
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / f".{TENSORS}.part"
        save_file({k: np.ascontiguousarray(v, np.float32) for k, v in tensors.items()}, beside)
        whole = {
            "format": FORMAT,
            **told,
            **_told(monitor),
            "files": {TENSORS: bytes_id(beside.read_bytes())},
        }
        _settle(beside, folder / TENSORS)
        written = folder / f".{MANIFEST}.part"
        written.write_text(json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8")
        _settle(written, folder / MANIFEST)
    except OSError as error:
        raise CouldNot("the monitor cannot be written", got=error, fix="Make room") from error
    return folder


def _told(monitor: Monitor) -> dict[str, Any]:
    along = monitor.along
    return {
        "axis": {
            "id": monitor.axis_id,
            "name": along.name,
            "layer": along.layer,
            "split_half": along.reliability,
            "zero": along.frame.zero,
            "unit": along.frame.unit,
            "spread": along.frame.spread,
            "explained": [float(v) for v in along.frame.explained],
        },
        "expected": {
            "embedding": monitor.embedding,
            "embedder": monitor.embedder,
            "intercept": float(monitor.fit.intercept[0]),
            "r2": monitor.r2,
            "topic_removed": monitor.removed,
            "scripts": monitor.scripts,
            "messages": monitor.messages,
        },
        "limits": None if monitor.limits is None else asdict(monitor.limits),
        "alarmed": monitor.alarmed,
        "units": "standard deviations of the map's roles from their mean; larger is nearer to the default "
        "assistant",
    }


def _settle(beside: Path, path: Path) -> None:
    with beside.open("rb+") as file:
        os.fsync(file.fileno())
    beside.replace(path)


def read_monitor(path: Path | str, ground: LocalGround) -> Monitor:
    """Return a stored monitor, ready for conversations with the subject that it was made on.

    Parameters
    ----------
    path
        Its folder, or that of the run of drift that made it.
    ground
        Whose token embeddings are those of the regression, unless it was made with others. An identity may
        differ: it is no part of weights.

    Raises
    ------
    BadInput
        If there is no monitor, it was made on other weights, or what embeds its messages is not here.
    CouldNot
        If the tensors are not those of the manifest.
    """
    from safetensors.numpy import load

    place = _found(Path(path))
    manifest = _manifest(place)
    if manifest["weights"] != weights_id(ground):
        raise BadInput(
            "the monitor was made on other weights, or with another adapter",
            got=f"{manifest['model']}, and {ground.identity.name} here",
            fix="Run selfscope drift on this model, with this adapter",
        )
    embedding = _embedding(manifest["expected"], ground)
    data = (place / TENSORS).read_bytes() if (place / TENSORS).exists() else b""
    if bytes_id(data) != manifest["files"][TENSORS]:
        raise CouldNot(
            "the tensors are not those of the manifest", got=place / TENSORS, fix="Run drift again"
        )
    tensors = {name: np.asarray(each, np.float64) for name, each in load(data).items()}
    axis, expected = manifest["axis"], manifest["expected"]
    frame = Frame(
        tensors["axis"],
        axis["zero"],
        axis["unit"],
        tensors["centre"],
        tensors["components"],
        axis["spread"],
        np.asarray(axis["explained"], np.float64),
    )
    return Monitor(
        Along(frame, axis["layer"], axis["split_half"], axis["name"]),
        axis["id"],
        Fit(tensors["weights"][:, None], np.array([expected["intercept"]])),
        None if manifest["limits"] is None else Limits(**manifest["limits"]),
        expected["r2"],
        expected["scripts"],
        expected["messages"],
        None if manifest["alarmed"] is None else tuple(manifest["alarmed"]),
        embedding.known_as,
        embedding.embed,
        embedding.name,
    )


def _embedding(expected: Mapping[str, Any], ground: LocalGround) -> Embedding:
    """Return what the monitor's regression was made with, and nothing in its place."""
    made = embedding_of(expected["embedder"], ground)
    if made.name != "own" and made.known_as != expected["embedding"]:
        raise BadInput(
            "the monitor's messages were embedded by another model than the one that is here",
            got=f"{expected['embedding']}, and {made.known_as} here",
            fix="Run selfscope drift again: a finished run makes its monitor anew",
        )
    return made


def _found(path: Path) -> Path:
    return path / FOLDER if (path / FOLDER / MANIFEST).is_file() else path


def _manifest(place: Path) -> dict[str, Any]:
    """Return the manifest; BadInput where there is none of a monitor."""
    try:
        manifest: dict[str, Any] = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        manifest = {}
    if manifest.get("format") != FORMAT:
        raise BadInput(
            "the folder holds no monitor",
            got=place,
            fix="Give the folder of a finished run of selfscope drift",
        )
    return manifest
