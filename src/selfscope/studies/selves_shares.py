"""Where the variance of accounts and choices lies: framing worn, wording, unit offered, form, statement."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.selves.asked import Stage
from selfscope.instruments.selves.speakers import wordings_of
from selfscope.stats.masked import Array
from selfscope.stats.variance_located import Asked, locate
from selfscope.studies.selves import SelvesRequest
from selfscope.studies.selves_table import Said, Score
from selfscope.values.selves import Shares

#: Of exchanges and of pivots behind the intervals.
EXCHANGES, PIVOTS = 199, 1000


def shares_of(request: SelvesRequest, said: Said) -> Iterator[Shares]:
    """Yield the shares of trait and bias, of accounts and of choices.

    Units worn and offered are the seven that are asked, so both are fixed; wordings and forms are fixed by
    their two levels; statements are random within keying, three or more of each.
    """
    stages: tuple[Stage, ...] = ("fits", "chooses")
    scores: tuple[Score, ...] = ("trait", "bias")
    for stage in stages:
        for score in scores:
            yield _located(request, said, stage, score)


def _located(request: SelvesRequest, said: Said, stage: Stage, score: Score) -> Shares:
    values, names = _array(request, said, stage, score), _facets(request)
    asked = Asked(
        tuple(zip(names, values.shape, strict=True)),
        "worn",
        {"statement": ("keyed",)},
        fixed=("worn", "offered"),
        error=False,
        permutations=EXCHANGES,
        draws=PIVOTS,
        seed=request.seed,
    )
    try:
        found = locate(values, asked)
    except BadInput as error:  # answers that are alike everywhere have no variance to share
        return Shares(stage, score, (), (f"nothing to share: {error}",))
    return Shares(stage, score, found.components, found.notes)


def _facets(request: SelvesRequest) -> tuple[str, ...]:
    return ("worn", "wording", "offered", "form", "keyed", "statement")


def _array(request: SelvesRequest, said: Said, stage: Stage, score: Score) -> Array:
    """Return a score by unit worn, wording, unit offered, form, keying and statement of that keying."""
    units = [u.name for u in request.material.units]
    names = {(s.unit, s.wording): s.name for s in request.speakers if s.middle}
    told = np.array(
        [
            [
                [said.in_forms(stage, t, names[u, w], score) for t in units]
                for w in wordings_of(request.preset)
            ]
            for u in units
        ]
    )  # (worn, wording, offered, m, form)
    m = told.shape[3]
    by_keyed = told.reshape(*told.shape[:3], 2, m // 2, told.shape[4])
    return np.asarray(np.moveaxis(by_keyed, -1, 3))
