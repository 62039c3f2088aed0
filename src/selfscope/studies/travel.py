"""What the characters of a panel share: one common factor, and each dimension foretold from one other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from selfscope.errors import BadInput
from selfscope.instruments.instrument import instrument_for
from selfscope.stats.atoms import ArmScores
from selfscope.stats.common_factor import LEAST_IDENTITIES, PERMUTATIONS, CommonFactor, common_factor
from selfscope.stats.guard import sharpening_slope
from selfscope.stats.masked import Array, Mask, mean
from selfscope.stats.multiplicity import holm
from selfscope.stats.predicted import predicted
from selfscope.stats.results import Settings
from selfscope.stats.strata import score
from selfscope.studies.drawn_panel import drawn_scores
from selfscope.studies.panel import Panel
from selfscope.studies.scores import Layout, arm_scores
from selfscope.subjects import panel_characters
from selfscope.subjects.mentions import mentions
from selfscope.values import ItemSet
from selfscope.values.cluster import ClusterFinding, FromClaims, Together, Travel

#: The dimension from which the others are foretold; it is the manipulation check, and in no family.
CLAIMS = "claims_consciousness"
ALPHA = 0.05
#: Fields of a cluster finding that several identities fill.
SHARED = ("travel", "common_factor_share", "p_permutation", "unmentioned_travel", "raw_share")
FORETOLD = ("from_claims", "from_claims_r2", "from_claims_p")


class Shifts(NamedTuple):
    """How identities differ, dimension by dimension.

    Attributes
    ----------
    raw, kept
        Scores ``(identity, dimension)``; in `kept` what mere firmness makes of the common profile is taken
        out.
    habits
        Pooled yes-saying (fluency) of every identity, ``(identity, 1)``.
    dimensions
        Names, in the order of the columns.
    drawn
        Whether answers were drawn, and scores are shares.
    """

    raw: Array
    kept: Array
    habits: Array
    dimensions: tuple[str, ...]
    drawn: bool = False


def travelling(
    panel: Panel, items: ItemSet, channel: str, sesoi: float
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the fields of a cluster finding that a panel fills, and for those it does not, why."""
    rows = panel.observations[panel.observations["channel"] == channel]
    asked = set(rows["construct"].unique())
    names = tuple(d.name for d in items.dimensions if d.name in asked)
    if not names:
        return {}, dict.fromkeys((*SHARED, *FORETOLD), "the panel was not asked in this channel")
    layout = Layout.of(instrument_for(channel).asks(items, panel.manifest["preset"], names))
    groups = {str(who): own for who, own in rows.groupby("character")}
    if len(groups) < LEAST_IDENTITIES:
        few = f"{len(groups)} characters, fewer than the {LEAST_IDENTITIES} that are needed"
        return {}, dict.fromkeys((*SHARED, *FORETOLD), few)
    shifts = shifts_of([arm_scores(own, layout) for own in groups.values()], layout)
    least = Settings().points / 100 if shifts.drawn else sesoi
    return _said(shifts, _unspoken(tuple(groups), items, shifts.dimensions), least)


def shifts_of(arms: Sequence[ArmScores], layout: Layout) -> Shifts:
    """Return how characters differ, with firmness taken out by the guard of `measurement.md` §4.

    A character that is only more decided moves every dimension away from zero: that is a common factor, and
    no cluster. Its slope on the mean of all characters, over statements within dimensions, takes it out.
    """
    drawn = drawn_scores(arms, layout)
    d = np.stack([arm.d for arm in arms]) if drawn is None else drawn.d
    raw, common = score(d, layout.keyed), d.mean(axis=0)
    slopes = np.array([sharpening_slope(own, common) for own in d])
    kept = raw - slopes[:, None] * score(common, layout.keyed)
    habits = mean(np.stack([arm.b for arm in arms]), axis=(-2, -1))[:, None]
    asked: Mask = np.isfinite(np.concatenate([raw, kept])).all(axis=0)
    names = tuple(n for n, there in zip(layout.dimensions, asked, strict=True) if there)
    return Shifts(raw[:, asked], kept[:, asked], habits, names, drawn is not None)


def factor_of(
    shifts: Shifts, least: float, *, use: Mask | None = None, permutations: int = PERMUTATIONS
) -> Travel:
    """Return the common factor of the family's dimensions, habits and firmness taken out.

    Raises
    ------
    BadInput
        If there are too few identities, or too few dimensions in which they differ.
    """
    inside = _family(shifts)
    cells = None if use is None else use[:, inside]
    found = common_factor(shifts.kept[:, inside], shifts.habits, use=cells, permutations=permutations)
    names = [n for n in shifts.dimensions if n != CLAIMS]
    return _travel(found, names, least)


def together(found: ClusterFinding, g1: str) -> Together:
    """Return in one word whether the dimensions of the panel travel together.

    The first that fits: one factor beyond chance that carries most dimensions and is large enough
    (``cluster``); the instrument is blind on this ground; a factor that is there and too small to matter; one
    that is large enough and not shown to carry most of them, or not alone (``in part``); none shown.
    """
    if found.travel is None:
        return "not estimated"
    if is_cluster(found.travel):
        return "cluster"
    if g1 == "fail":
        return "not interpretable"
    if not _shared(found.travel):
        return "no cluster shown"
    return "below the smallest effect" if found.travel.size < found.travel.least else "in part"


def is_cluster(travel: Travel) -> bool:
    """Whether one factor is beyond chance, carries most dimensions, is one, and is large enough to matter."""
    most = _shared(travel) and travel.p_half <= ALPHA
    return most and _is_one(travel) and travel.size >= travel.least


def _shared(travel: Travel) -> bool:
    """Whether a factor is beyond chance, and more dimensions go its way than signs agree by chance."""
    return travel.p <= ALPHA and travel.p_same_way <= ALPHA


def _is_one(travel: Travel) -> bool:
    """Whether no second factor is shown, or the two groups that differ most go together all the same."""
    return travel.p_second > ALPHA or travel.p_groups <= ALPHA


def _family(shifts: Shifts) -> Mask:
    return np.array([name != CLAIMS for name in shifts.dimensions])


def _travel(found: CommonFactor, names: Sequence[str], least: float) -> Travel:
    told = {n: float(x) for n, x in zip(names, found.loadings, strict=True) if np.isfinite(x)}
    return Travel(
        found.identities,
        found.dimensions,
        found.share,
        found.expected,
        found.limit,
        found.p,
        found.same_way,
        found.p_same_way,
        found.p_half,
        found.p_second,
        found.p_groups,
        found.size,
        least,
        told,
    )


def _said(shifts: Shifts, unspoken: Mask, least: float) -> tuple[dict[str, Any], dict[str, str]]:
    said: dict[str, Any] = {}
    absent: dict[str, str] = {}
    try:
        found = factor_of(shifts, least)
        said = {"travel": found, "common_factor_share": found.share, "p_permutation": found.p}
        said["raw_share"] = common_factor(shifts.raw[:, _family(shifts)], permutations=1).share
    except BadInput as error:
        return {}, dict.fromkeys((*SHARED, *FORETOLD), str(error))
    try:
        said["unmentioned_travel"] = factor_of(shifts, least, use=unspoken)
    except BadInput as error:
        absent["unmentioned_travel"] = str(error)
    if CLAIMS not in shifts.dimensions:
        reason = f"the panel was not asked {CLAIMS}"
        return said, absent | dict.fromkeys(FORETOLD, reason)
    return said | _foretold(shifts), absent


def _foretold(shifts: Shifts) -> dict[str, Any]:
    """Return how well each dimension is foretold from claims of consciousness alone."""
    inside = _family(shifts)
    claims = shifts.kept[:, shifts.dimensions.index(CLAIMS)]
    found = predicted(shifts.kept[:, inside], claims, shifts.habits)
    names = [n for n in shifts.dimensions if n != CLAIMS]
    rows = zip(names, found.r2, found.slope, found.p, holm(found.p), strict=True)
    return {
        "from_claims": tuple(FromClaims(n, *map(float, numbers)) for n, *numbers in rows),
        "from_claims_r2": found.mean_r2,
        "from_claims_p": found.p_mean,
    }


def _unspoken(characters: Sequence[str], items: ItemSet, dimensions: Sequence[str]) -> Mask:
    """Return which characters never mention which dimensions, ``(character, dimension)``."""
    texts = {f"panel:{c.name}": c.system or "" for c in panel_characters()}
    spoken = [mentions(texts[name], items.dimensions) for name in characters]
    return np.array([[not own[d] for d in dimensions] for own in spoken])
