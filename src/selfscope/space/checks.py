"""Checks of the offline scorer of adherence that are known already, by the digest of what they hold for.

A check depends on the weights, the template, the scorer and the shipped responses, and on nothing else. So
it is kept under a digest of all of them: for the built-in models in ``roles/checked.json``, which is shipped,
and for others in the user's cache after the first map. Where the digest differs the check is made anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Literal

from selfscope.models.fetch import cache_folder
from selfscope.models.ground import GroundIdentity
from selfscope.space.adherence import KnownResponse, ScorerCheck
from selfscope.space.personas import FOLDER
from selfscope.space.sorting import Checked, said_of
from selfscope.stats.separation import Separation
from selfscope.values import content_id, plain, short

SHIPPED = FOLDER / "checked.json"
#: Of how a scorer scores; another one makes all kept checks void.
VERSION = 1
#: Where a check comes from: made by this run, kept by an earlier one, or shipped.
Source = Literal["here", "kept", "shipped"]


def check_id(scorer: str, ground: GroundIdentity, known: Sequence[KnownResponse]) -> str:
    """Return the digest of everything that can change a check."""
    material = [[each.id, each.adheres, said_of(each)] for each in known]
    return content_id([VERSION, scorer, ground, material])


def find_check(own: str) -> tuple[Checked, Source] | None:
    """Return the check of a digest with where it comes from; None where there is none."""
    for entry in _shipped():
        if entry["of"] == own:
            return checked_of(entry["check"]), "shipped"
    path = _place(own)
    try:
        return checked_of(json.loads(path.read_text(encoding="utf-8"))), "kept"
    except (OSError, ValueError, KeyError, TypeError):  # a cache: what it does not hold whole is made anew
        return None


def keep_check(own: str, found: Checked) -> None:
    """Keep a check in the user's cache; where that cannot be written, the next map makes it again."""
    path = _place(own)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.part")
        beside.write_text(json.dumps(plain(found), indent=1), encoding="utf-8")
        beside.replace(path)


def checked_of(told: Mapping[str, Any]) -> Checked:
    """Return a check from JSON types, as :func:`selfscope.values.plain` made them."""
    check = told["check"]
    against = {kind: Separation(**each) for kind, each in check["against"].items()}
    return Checked(**{**told, "check": ScorerCheck(Separation(**check["overall"]), against)})


def _place(own: str) -> Path:
    return cache_folder() / "checks" / f"{short(own, 32)}.json"


@cache
def _shipped() -> tuple[dict[str, Any], ...]:
    found: dict[str, Any] = json.loads(SHIPPED.read_text(encoding="utf-8"))
    return tuple(found["checks"])
