"""The artefact of a map: its tensors, and a manifest from which it can be made again."""

from __future__ import annotations

import math
from importlib.metadata import version

import numpy as np

from selfscope.space.asked import DEFAULT
from selfscope.space.manifest import LAYER, PACKAGES
from selfscope.space.persona_artefact import SHAPES, SIGN, PersonaSpace, axis_of, write_space
from selfscope.space.persona_capture import SPAN, cell_vectors, group_vectors
from selfscope.space.responses import TEMPERATURE, TOP_P
from selfscope.stats.geometry import LEAST_ROLES, geometry_reliability
from selfscope.studies.persona_map import Mapped
from selfscope.values import content_id, plain
from selfscope.values.persona_map import PersonaMap


def store_space(mapped: Mapped, found: PersonaMap) -> PersonaSpace:
    """Write the artefact of a map to its folder, and return it."""
    captured = mapped.roles.captured
    names = [role.name for role in mapped.cast.roles]
    vectors = group_vectors(captured, [*names, DEFAULT])
    axis = axis_of(vectors[-1], vectors[:-1])
    space = PersonaSpace(
        axis.astype(np.float32),
        vectors[-1].astype(np.float32),
        vectors[:-1].astype(np.float32),
        _manifest(mapped, found),
    )
    write_space(mapped.folder, space)
    return space


def _manifest(mapped: Mapped, found: PersonaMap) -> dict[str, object]:
    request, captured = mapped.request, mapped.roles.captured
    told = _finite(plain(found))
    roles = [
        {
            "name": r.name,
            "title": r.title,
            "group": r.group,
            "responses": spot.responses,
            "prompts": content_id(r),
        }
        for r, spot in zip(mapped.cast.roles, found.roles, strict=True)
    ]
    return {
        "ground": plain(mapped.ground.identity),
        "sign": SIGN,
        "layer": LAYER,
        "shapes": {name: list(shape) for name, shape in SHAPES.items()},
        "recipe": {
            "preset": request.preset,
            "seed": request.seed,
            "sizes": plain(request.size),
            "identity": {"name": request.identity_name, "text": content_id(request.identity)},
            "span": SPAN,
            "vector": "mean over the response's tokens; a role's vector is the mean over its responses",
            "capture": captured.manifest["recipe"],
            "sampling": {"temperature": TEMPERATURE, "top_p": TOP_P, "max_tokens": request.size.max_tokens},
        },
        "roles": roles,
        "questions": [plain(question) for question in mapped.cast.questions],
        "defaults": [plain(prompt) for prompt in mapped.cast.defaults],
        "default_responses": found.default.responses,
        "counts": told["counts"],
        "failures": captured.manifest["failures"],
        "adherence": told["adherence"],
        "reliability": {
            "axis": told["axis"],
            "layers": told["layers"],
            "null_cosine": told["null_cosine"],
            "beyond": told["beyond"],
            "geometry": _geometry(mapped),
        },
        "recipes": told["recipes"],
        "components_70": found.components_70,
        "explained": told["explained"],
        "places": {"default": told["default"], "roles": told["roles"], "placed": told["placed"]},
        "warnings": told["warnings"],
        "hashes": {
            "asked": content_id([plain(a) for a in mapped.roles.asks]),
            "said": content_id([[r.ask, r.text] for r in mapped.roles.responses.values()]),
            "capture": captured.manifest["files"],
        },
        "versions": {name: version(name) for name in PACKAGES},
    }


def _geometry(mapped: Mapped) -> float | None:
    """Return how far the distances between roles come again from other questions; None for too few."""
    captured = mapped.roles.captured
    questions = [question.id for question in mapped.cast.questions]
    cells = cell_vectors(captured, [role.name for role in mapped.cast.roles], questions)
    at = captured.manifest["recipe"]["cell_layers"].index(mapped.layer)
    if min(cells.shape[1] - LEAST_ROLES, cells.shape[2] - 4) < 0:
        return None
    found = geometry_reliability(cells[at], splits=50, seed=mapped.request.seed)
    return found if math.isfinite(found) else None


def _finite(value: object) -> dict[str, object]:
    """Return JSON types in which a number that does not exist is None."""

    def kept(item: object) -> object:
        if isinstance(item, dict):
            return {key: kept(each) for key, each in item.items()}
        if isinstance(item, list):
            return [kept(each) for each in item]
        return None if isinstance(item, float) and not math.isfinite(item) else item

    found = kept(value)
    assert isinstance(found, dict)
    return found
