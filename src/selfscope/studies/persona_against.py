"""Two stored persona spaces compared by the roles they share; widths, layers and models may differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from selfscope.errors import BadInput
from selfscope.space.persona_artefact import PersonaSpace, open_space
from selfscope.stats.alignment import alignment
from selfscope.stats.axis import INTERPRET, Sample, cosine, places
from selfscope.stats.geometry import LEAST_ROLES, Agreement, loadings, similarity
from selfscope.stats.transfer import transfer
from selfscope.values.persona_against import Against, Agreed

Floats = npt.NDArray[np.float64]


class _Read(NamedTuple):
    """A space at the layer at which it is read: vectors of shared roles, the default, the axis."""

    roles: Floats
    default: Floats
    axis: Floats
    layer: int


def refuse_strangers(folder: Path | str, names: Sequence[str]) -> None:
    """Raise BadInput if the folder holds no space, or one that shares fewer than eight roles by name."""
    _refuse_few(sum(name in names for name in open_space(folder).roles))


def against_space(own: PersonaSpace, folder: Path | str, *, seed: int = 0) -> Against:
    """Return what a stored space has in common with this one, each read at its own layer.

    Raises
    ------
    BadInput
        If the folder holds no space, or fewer than eight roles are in both.
    CouldNot
        If the other's tensors are not those of its manifest.
    """
    return compare_spaces(own, open_space(folder), str(folder), seed=seed)


def compare_spaces(own: PersonaSpace, other: PersonaSpace, folder: str = "", *, seed: int = 0) -> Against:
    """Return what two spaces have in common; see :class:`selfscope.values.persona_against.Against`."""
    names = [name for name in own.roles if name in other.roles]
    here, there = (_read(space, names) for space in (own, other))
    seen = np.isfinite(here.roles).all(-1) & np.isfinite(there.roles).all(-1)
    _refuse_few(int(seen.sum()))
    here, there = (r._replace(roles=r.roles[seen]) for r in (here, there))
    carried = transfer(here.roles, there.roles, here.axis, seed=seed)
    return Against(
        folder,
        str(other.manifest["ground"]["name"]),
        there.layer,
        int(seen.sum()),
        _agreed(similarity(here.roles, there.roles, seed=seed)),
        _ceiling(own, other),
        (_comes_again(own), _comes_again(other)),
        _agreed(alignment(here.roles, there.roles, seed=seed)),
        _agreed(loadings(_places(here), _places(there), seed=seed)),
        Agreed(carried.held_out, carried.ci, carried.null, carried.p),
        float(cosine(carried.direction, there.axis)),
        all(_reliable(space) for space in (own, other)),
    )


def _read(space: PersonaSpace, names: list[str]) -> _Read:
    layer = int(space.manifest["reliability"]["axis"]["layer"])
    rows = [space.roles.index(name) for name in names]
    vectors = space.role_means[rows, layer].astype(np.float64)
    return _Read(
        vectors, space.default_mean[layer].astype(np.float64), space.axis[layer].astype(np.float64), layer
    )


def _refuse_few(shared: int) -> None:
    if shared < LEAST_ROLES:
        raise BadInput(
            "too few roles are in both spaces",
            got=shared,
            fix=f"Map the same preset on both, with at least {LEAST_ROLES} roles",
        )


def _places(read: _Read) -> Floats:
    return places(Sample(read.roles, np.ones(len(read.roles)), read.default))


def _agreed(found: Agreement) -> Agreed:
    return Agreed(found.value, found.ci, found.null, found.p)


def _ceiling(own: PersonaSpace, other: PersonaSpace) -> float | None:
    """Return √(ρ₁ρ₂) of how far distances come again from other questions; None where one is not known."""
    here, there = _comes_again(own), _comes_again(other)
    if here is None or there is None or min(here, there) <= 0:
        return None
    return float(np.sqrt(here * there))


def _comes_again(space: PersonaSpace) -> float | None:
    known = space.manifest["reliability"].get("geometry")
    return None if known is None else float(known)


def _reliable(space: PersonaSpace) -> bool:
    halves = space.manifest["reliability"]["axis"]["split_half"]
    return halves is not None and float(halves) >= INTERPRET
