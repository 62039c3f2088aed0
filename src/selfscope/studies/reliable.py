"""What a panel of characters says of the instrument (G2), and where the run's own characters stand on it.

`measurement.md` §7. The run's subject and controls are shown on the panel and are no objects of it: their
low spread would fail any instrument. Where nothing can be said, ``not estimated`` stands with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from selfscope.models.ground import GroundIdentity
from selfscope.stats.atoms import ArmScores
from selfscope.stats.reliability import (
    LEAST_OBJECTS,
    alternate,
    generalizability,
    grade,
    parallel_forms,
    split_half,
)
from selfscope.stats.strata import score
from selfscope.studies.drawn_panel import Drawn, drawn_scores, without_noise
from selfscope.studies.panel import Panel
from selfscope.studies.panel_design import PanelDesign, design_for
from selfscope.studies.scores import Floats, Layout, arm_scores
from selfscope.values import Reliability

if TYPE_CHECKING:
    import pandas as pd

NOWHERE = (float("nan"), float("nan"))
NOT_ESTIMATED = "not estimated: "


@dataclass(frozen=True)
class Reliable:
    """What the panel says of the instrument on one dimension and channel; NaN where it cannot be had.

    Attributes
    ----------
    generalizability
        E rho squared over characters with its interval. Its kind says over what and in which forms, or why
        it is not estimated.
    split_half, parallel_forms
        Over statements, and over disjoint halves of the forms.
    grade
        ``good`` (.80), ``acceptable`` (.60), ``low`` or ``not estimated``.
    spread
        The lowest and the highest score among the panel's characters, asked just what the run asks.
    here
        Scores of the run's subject and of its classes on that scale; empty where the panel was asked
        other forms.
    """

    dimension: str
    channel: str
    generalizability: Reliability
    split_half: float
    parallel_forms: float
    grade: str = "not estimated"
    spread: tuple[float, float] = NOWHERE
    here: Mapping[str, float] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Why reliability is not estimated; "" where it is."""
        kind = self.generalizability.kind
        return kind.removeprefix(NOT_ESTIMATED) if kind.startswith(NOT_ESTIMATED) else ""


def reliability_here(
    panel: Panel | None,
    ground: GroundIdentity,
    items: str,
    channel: str,
    layout: Layout,
    arms: Mapping[str, ArmScores],
) -> tuple[Reliable, ...]:
    """Return what is known of a channel's dimensions on a ground, with the run's characters shown among them.

    Parameters
    ----------
    panel
        The ground's; None where there is none.
    items
        Content id of the run's item set.
    arms
        The subject, and each class with its text axis, by name.
    """
    reason = panel.fits(ground, items) if panel is not None else "no panel is here"
    if panel is None or reason:
        return not_estimated(channel, layout.dimensions, reason)
    return placed(panel_reliability(panel, channel, layout), panel, layout, arms)


def not_estimated(channel: str, dimensions: Sequence[str], reason: str) -> tuple[Reliable, ...]:
    """Return what is known of every dimension without a panel that speaks for it: nothing, and why."""
    nothing = float("nan")
    unknown = Reliability(nothing, NOWHERE, f"{NOT_ESTIMATED}{reason}")
    return tuple(Reliable(name, channel, unknown, nothing, nothing) for name in dimensions)


def panel_reliability(panel: Panel, channel: str, layout: Layout) -> tuple[Reliable, ...]:
    """Return what a panel says of a channel's dimensions, as near as it was asked to the design of `layout`.

    Drawn answers are scored by the share of draws that agree, and the noise of the draws is left out (§9);
    see :mod:`selfscope.studies.drawn_panel`.
    """
    rows = panel.observations[panel.observations["channel"] == channel]
    rows = rows[rows["construct"].isin(layout.dimensions)]
    characters = int(rows["character"].nunique())
    if not characters or not rows["item"].isin({i for own in layout.items for i in own}).any():
        return not_estimated(channel, layout.dimensions, "the panel was not asked in this channel")
    if characters < LEAST_OBJECTS:
        few = f"{characters} characters, fewer than the {LEAST_OBJECTS} that are needed"
        return not_estimated(channel, layout.dimensions, few)
    design = design_for(rows, layout)
    known = {r.dimension: r for r in _coefficients(design, channel)}
    (missing,) = not_estimated(channel, ("",), "the panel was not asked of this dimension")
    return tuple(known.get(name) or replace(missing, dimension=name) for name in layout.dimensions)


def _coefficients(design: PanelDesign, channel: str) -> tuple[Reliable, ...]:
    """Return what enough characters in one design say."""
    layout = design.layout
    arms = [arm_scores(own, layout) for _, own in design.rows.groupby("character")]
    drawn = drawn_scores(arms, layout)
    if drawn is not None and np.isnan(drawn.noise).all():
        return not_estimated(channel, layout.dimensions, "one draw a text does not tell how noisy draws are")
    d = np.stack([arm.d for arm in arms]) if drawn is None else drawn.d
    coefficients = _generalized(d, drawn, design)
    halves = split_half(d, layout.keyed)
    forms = np.full(len(layout.dimensions), np.nan)
    if layout.forms is not None:
        exact = [arm.d_forms for arm in arms if arm.d_forms is not None]
        by_form = np.stack(exact) if drawn is None else drawn.d_forms
        forms = parallel_forms(by_form, layout.keyed, alternate(by_form.shape[-1]))
    return tuple(
        Reliable(name, channel, found, float(halves[n]), float(forms[n]), grade(found.coefficient))
        for n, (name, found) in enumerate(zip(layout.dimensions, coefficients, strict=True))
    )


def _generalized(d: Floats, drawn: Drawn | None, design: PanelDesign) -> list[Reliability]:
    """Return every dimension's coefficient with its interval, and in words what it is."""
    found = generalizability(d, design.layout.keyed)
    coefficient, ci, left_out = found.coefficient, found.ci95, None
    if drawn is not None:
        coefficient, ci, left_out = without_noise(found, drawn.noise)
    said = []
    for n in range(len(coefficient)):
        if np.isnan(coefficient[n]):
            said.append(Reliability(float("nan"), NOWHERE, f"{NOT_ESTIMATED}too few statements"))
            continue
        kind = f"generalizability over {found.objects} characters x {found.statements[n]} statements"
        kind = f"{kind}, {design.words}"
        if left_out is not None:
            kind = f"{kind}; shares of draws, their noise {'left out' if left_out[n] else 'included'}"
        said.append(Reliability(float(coefficient[n]), _pair(ci[n]), kind))
    return said


def placed(
    reliable: tuple[Reliable, ...], panel: Panel, layout: Layout, arms: Mapping[str, ArmScores]
) -> tuple[Reliable, ...]:
    """Return the same with the run's characters shown among the panel's, where both were asked the same."""
    if not reliable:
        return reliable
    spread = _spread(panel, reliable[0].channel, layout)
    here = {name: score(_over_texts(arm.d), layout.keyed) for name, arm in arms.items()}
    return tuple(
        replace(r, spread=_pair(spread[n]), here={name: float(x[n]) for name, x in here.items()})
        if np.isfinite(spread[n]).all()
        else r
        for n, r in enumerate(reliable)
    )


def _spread(panel: Panel, channel: str, layout: Layout) -> Floats:
    """Return lowest and highest score of every dimension, ``(dimension, 2)``; NaN where forms differ."""
    frame = panel.observations[panel.observations["channel"] == channel]
    wanted = np.zeros(layout.shape, bool)
    wanted.flat[list(layout.index.values())] = True
    scores = [_placed_score(own, layout, wanted) for _, own in frame.groupby("character")]
    if not scores:
        return np.full((len(layout.dimensions), 2), np.nan)
    return np.stack([np.min(scores, axis=0), np.max(scores, axis=0)], axis=1)


def _placed_score(own: pd.DataFrame, layout: Layout, wanted: np.ndarray) -> Floats:
    """Return one character's score of every dimension; NaN where it was not asked all that is wanted."""
    places = layout.places(own)
    found = np.zeros(layout.shape, bool)
    found.flat[places[places >= 0]] = True
    complete = (found | ~wanted).all(axis=(1, 2, 3))
    return np.where(complete, score(arm_scores(own, layout).d, layout.keyed), np.nan)


def _over_texts(d: Floats) -> Floats:
    """Average a class over its texts."""
    return d if d.ndim == 2 else d.mean(axis=0)


def _pair(ci: Floats) -> tuple[float, float]:
    return float(ci[0]), float(ci[1])
