"""Caps come back from the disk as they were, and what is none is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from selfscope.errors import BadInput, CouldNot
from selfscope.models.caps import MANIFEST, TENSORS, Cap, CappedModel, read_cap

CAP = Cap(
    (2, 5),
    np.eye(4, dtype=np.float32)[:2],
    np.array([0.5, -1.0], np.float32),
    np.array([np.inf, 2.0], np.float32),
    CappedModel("tiny", "sha256:weights", "sha256:template"),
    "not validated",
    {"percentile": 25},
)


def written(folder: Path) -> Path:
    from selfscope.space.cap_artefact import write_cap

    write_cap(folder, CAP)
    return folder


def test_a_cap_comes_back_as_it_was(tmp_path: Path) -> None:
    found = read_cap(written(tmp_path / "cap"))
    assert (found.layers, found.model, found.status, found.recipe, found.id) == (
        CAP.layers, CAP.model, CAP.status, CAP.recipe, CAP.id,
    )  # fmt: skip
    np.testing.assert_array_equal(found.directions, CAP.directions)
    np.testing.assert_array_equal(found.lower, CAP.lower)
    np.testing.assert_array_equal(found.upper, CAP.upper)
    assert "not validated" in found.name


def test_the_id_is_of_what_changes_answers() -> None:
    assert replace(CAP, status="validated", recipe={}).id == CAP.id
    assert replace(CAP, lower=CAP.lower + 1e-3).id != CAP.id
    assert replace(CAP, layers=(2, 6)).id != CAP.id
    assert replace(CAP, directions=-CAP.directions).id != CAP.id


def test_what_was_changed_on_the_disk_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "cap")
    (folder / TENSORS).write_bytes((folder / TENSORS).read_bytes()[:-1] + b"\1")
    with pytest.raises(CouldNot, match="not those"):
        read_cap(folder)
    told = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(told | {"format": "other"}))
    for place in (folder, tmp_path / "none"):
        with pytest.raises(BadInput, match="holds no cap"):
            read_cap(place)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"layers": (5, 2)}, "ascending"),
        ({"layers": ()}, "ascending"),
        ({"lower": np.zeros(3, np.float32)}, "two limits"),
        ({"directions": 2 * CAP.directions}, "length 1"),
        ({"lower": np.array([0.5, 3.0], np.float32)}, "above the upper"),
        ({"lower": np.array([np.nan, 0.0], np.float32)}, "above the upper"),
    ],
)
def test_numbers_that_are_no_cap_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        replace(CAP, **change)
