"""Caps written to disk: three tensors and a manifest; :func:`selfscope.models.caps.read_cap` reads them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from selfscope.errors import CouldNot
from selfscope.models.caps import CONVENTION, FORMAT, MANIFEST, TENSORS, Cap
from selfscope.space.artefact import put_file, put_tensors
from selfscope.values import bytes_id


def write_cap(folder: Path, cap: Cap) -> None:
    """Write a cap; the manifest, which names the tensors' digest, comes last.

    Raises
    ------
    CouldNot
        If the disk fails; what stood there before stays.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {"directions": cap.directions, "lower": cap.lower, "upper": cap.upper}
        put_tensors(folder / TENSORS, arrays, {"format": FORMAT})
        told = {
            "format": FORMAT,
            "id": cap.id,
            "status": cap.status,
            "layers": list(cap.layers),
            "convention": CONVENTION,
            "model": asdict(cap.model),
            "recipe": dict(cap.recipe),
            "files": {TENSORS: bytes_id((folder / TENSORS).read_bytes())},
        }
        text = json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False)
        put_file(folder / MANIFEST, text.encode())
    except OSError as error:
        raise CouldNot("the cap cannot be written", got=error, fix="Make room") from error
