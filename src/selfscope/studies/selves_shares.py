"""Where the variance of accounts and choices lies: framing worn, wording, unit offered, form, statement."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.selves.asked import GIVEN, Stage
from selfscope.instruments.selves.speakers import wordings_of
from selfscope.stats.masked import Array
from selfscope.stats.variance_located import Asked, locate
from selfscope.studies.selves import SelvesRequest
from selfscope.studies.selves_table import Said, Score, Split
from selfscope.values.selves import Shares

#: Of exchanges and of pivots behind the intervals.
EXCHANGES, PIVOTS = 199, 1000
_FACETS = ("worn", "wording", "offered", "form", "keyed", "statement")
_GIVEN_FACETS = ("worn", "agency", "uncertainty", "wording", "form", "keyed", "statement")


def shares_of(request: SelvesRequest, said: Said, exchanges: int = EXCHANGES) -> Iterator[Shares]:
    """Yield the shares of trait and bias, of accounts and of choices; in `full` of the account given as well.

    Units worn and offered are the seven that are asked, so both are fixed; levels, wordings and forms are
    fixed by their number; statements are random within keying, three or more of each.
    """
    stages: tuple[Stage, ...] = ("fits", "chooses")
    scores: tuple[Split, ...] = ("trait", "bias")
    for stage in stages:
        for score in scores:
            values = _offered(request, said, stage, score)
            yield _located(request, stage, score, _FACETS, values, exchanges)
    if request.preset == "full":
        for score in scores:
            values = _given(request, said, score)
            yield _located(request, GIVEN, score, _GIVEN_FACETS, values, exchanges)


def _located(
    request: SelvesRequest, stage: str, score: Split, names: tuple[str, ...], values: Array, exchanges: int
) -> Shares:
    asked = Asked(
        tuple(zip(names, values.shape, strict=True)),
        "worn",
        {"statement": ("keyed",)},
        fixed=tuple(n for n in ("worn", "offered") if n in names),
        error=False,
        permutations=exchanges,
        draws=PIVOTS,
        seed=request.seed,
    )
    try:
        found = locate(values, asked)
    except BadInput as error:  # answers that are alike everywhere have no variance to share
        return Shares(stage, score, (), (f"nothing to share: {error}",))
    return Shares(stage, score, found.components, found.notes)


def _offered(request: SelvesRequest, said: Said, stage: Stage, score: Split) -> Array:
    """Return a score by unit worn, wording, unit offered, form, keying and statement of that keying."""
    # agreement has either letter by turns, so B of a choice is read as the pull of one of them
    read: Score = "pull" if (stage, score) == ("chooses", "bias") else score
    units = [u.name for u in request.material.units]
    names = {(s.unit, s.wording): s.name for s in request.speakers if s.middle}
    told = np.array(
        [
            [[said.in_forms(stage, t, names[u, w], read) for t in units] for w in wordings_of(request.preset)]
            for u in units
        ]
    )  # (worn, wording, offered, m, form)
    return _by_keying(told)


def _given(request: SelvesRequest, said: Said, score: Split) -> Array:
    """Return the account given, axes as `_GIVEN_FACETS`."""
    material = request.material
    names = {
        (s.unit, s.agency, s.uncertainty, s.wording): s.name for s in request.speakers if s.kind == "framing"
    }
    levels = (
        [u.name for u in material.units],
        list(material.agency),
        list(material.uncertainty),
        list(wordings_of(request.preset)),
    )
    told = np.array([said.in_forms("fits", GIVEN, names[at], score) for at in product(*levels)])
    return _by_keying(told.reshape(*(len(each) for each in levels), *told.shape[1:]))


def _by_keying(told: Array) -> Array:
    """Return ``(…, m, form)`` as ``(…, form, keying, statement of that keying)``."""
    m, forms = told.shape[-2:]
    return np.asarray(np.moveaxis(told.reshape(*told.shape[:-2], 2, m // 2, forms), -1, -3))
